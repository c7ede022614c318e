"""Names and texts that strangers choose: of plugins, data sets, classes, reasons and records that they send."""

from __future__ import annotations

import csv
import html.parser
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import markdown_it
import numpy as np
import pandas as pd
import pytest

from benchmark.cli import main as cli
from benchmark.leaderboard import table as leaderboard
from benchmark.storage import records, serialization
from tests import CHECKOUT
from tests import synthetic_results as synthetic
from tests.in_process import benchmark, on_a_terminal
from tests.plugin_lab import GOOD, bad, models
from tests.running import ALONE, SMOKE

TITLE = "names that are paths, markup, formulas or commands to a terminal"

NASTY = (
    "=1+1|`x`<script>alert(1)</script>[l](javascript:a)![i](http://e.vil/i.png) [red]r[/red] www.e.vil me@e.vil "
    "\x1b[31m\x1b]0;owned\x07\x9b7m\n# head\n| a | b |\n\u202e$x$ :warning: ../../x;=2+2 \\"
)
"""Everything at once that could break out of a line, a cell, a page, a spreadsheet or a terminal."""

STRANGE_FILES = ["a|b", "=1+1", "<script>", "[red]", "two words", "\x1b[31mred", "x" * 65, "..x"]
STRANGE_KEYS = ["../../x", "</script>", "a\tb", "-rf", "@me"]


# --- what the tests look at


class Elements(html.parser.HTMLParser):
    """Notes every element of a page with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


OURS = {"h1", "h2", "p", "table", "thead", "tbody", "tr", "th", "td", "em", "strong", "code", "pre", "ul", "li"}
OURS |= {"sup", "br", "blockquote"}
OUR_SHELL = {
    "html",
    "head",
    "meta",
    "title",
    "link",
    "style",
    "body",
    "nav",
    "main",
    "section",
    "h3",
    "div",
    "span",
    "script",
    "a",
    "img",
}
"""What leaderboard.html has besides."""


def assert_harmless(folder: Path) -> None:
    """Look at every file of a report: tables are tables, and nothing in them is markup, link, picture or formula."""
    pages = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    assert re.search(r"^\|", pages["leaderboard.md"], flags=re.M)
    for page in pages.values():
        assert_harmless_page(page, {*pages, "leaderboard.html", *(path.name for path in folder.glob("*.csv"))})
    whole = Elements()
    whole.feed((folder / "leaderboard.html").read_text(encoding="utf-8"))
    counted = Counter(tag for tag, _ in whole.found)
    assert set(counted) <= OURS | OUR_SHELL
    assert counted["script"] == 1
    assert counted["img"] == sum(page.count("](figures/") for page in pages.values())
    for table in folder.glob("*.csv"):
        assert_harmless_csv(table.read_text(encoding="utf-8"))
    for path in folder.rglob("*"):
        assert re.fullmatch(r"[A-Za-z0-9_.-]+", path.name), path
        assert path.suffix in {".md", ".html", ".csv", ".png", ".json", ".npz", ".journal", ".lock", ""}, path


def assert_harmless_page(page: str, links: set[str]) -> None:
    assert all(char.isprintable() or char in "\n\u2060" for char in page)
    assert not re.search(r"(?<!\\)://|\bwww\.|@\w", page)  # which GitHub makes links of, and markdown-it does not
    drawn = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table").render(page)
    elements = Elements()
    elements.feed(drawn)
    for tag, attributes in elements.found:
        if tag == "a":
            assert attributes["href"] in links
        elif tag == "img":
            assert attributes["src"].startswith("figures/")
        else:
            assert tag in OURS, drawn
            assert set(attributes) <= {"style"}, attributes  # a column's side
    blocks = re.findall(r"(?:^\|.*\n)+", page, flags=re.M)
    assert drawn.count("<table>") == len(blocks)
    for block in blocks:
        rows = [re.split(r"(?<!\\)\|", line) for line in block.splitlines()]
        assert len({len(row) for row in rows}) == 1, block
    headings = re.findall(r"^#+ .*$", page, flags=re.M)
    assert len(headings) <= 12, headings


def assert_harmless_csv(text: str) -> None:
    assert all(char.isprintable() or char == "\n" for char in text)
    rows = list(csv.reader(io.StringIO(text)))
    assert len({len(row) for row in rows}) == 1
    for row in rows:
        for cell in row:
            # A spreadsheet of another country parts cells at semicolons.
            for part in cell.split(";"):
                number = re.fullmatch(r"-[\d.]+(e-?\d+)?", part)
                assert number or not part.strip().startswith(("=", "+", "-", "@")), row


def everything(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if "__pycache__" not in path.as_posix()}


def installed(site: Path, keys: list[str]) -> str:
    """Lay out a package as pip leaves it, with one entry point for each key, and return the folder for PYTHONPATH."""
    info = site / "someone_elses-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: someone-elses\nVersion: 1.2\n")
    lines = "".join(f"{key} = someone_elses:ESTIMATOR\n" for key in keys)
    (info / "entry_points.txt").write_text(f"[benchmark.estimators]\n{lines}")
    (site / "someone_elses.py").write_text(GOOD)
    return str(site)


def assert_ours(shown: str) -> None:
    """Hold what a terminal was sent against the sequences that rich uses itself: colours, weights, the cursor."""
    assert "owned\x07" not in shown
    assert not re.search("[\x07\x9b\u202e]|\x1b[^\\[]", shown)
    sequences = set(re.findall(r"\x1b\[[0-9;?]*[A-Za-z]", shown))
    assert "\x1b[31mred" not in shown
    assert all(each[-1] in "mAKhl" for each in sequences), sequences


# --- plugins


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Copy the program to a place with plugins of strange names and texts, and forget the slower estimators."""
    place = tmp_path_factory.mktemp("names")
    folder = models(
        place / "a" / "lab",
        alone=True,
        logistic_regression=(CHECKOUT / "models" / "logistic_regression.py").read_text(encoding="utf-8"),
        **dict.fromkeys(STRANGE_FILES, GOOD),
        twin=GOOD,
        titled=GOOD.replace('title="Naive Bayes"', f"title={NASTY!r}, augmentation={NASTY!r}").replace(
            'family="classical"', f"family={NASTY!r}"
        ),
        numbered=GOOD.replace('title="Naive Bayes"', "title=5"),
        spaced=GOOD.replace("FloatDistribution(0.01, 1.0, log=True)", "(0.01, 1.0)"),
        raises=bad(f"    def fit(self, X, y):\n        raise ValueError({NASTY + chr(0xDCFF)!r})").replace(
            'title="Bad"', f"title={'-' + NASTY!r}"
        ),
        on_import=f"raise ImportError({NASTY!r})",
    )
    site = installed(place / "site", [*STRANGE_KEYS, "twin", "Logistic_Regression"])
    return folder, {"PYTHONPATH": f"{site}:{folder}:{CHECKOUT}", "BENCHMARK_CACHE": str(place / "cache")}


REFUSED = [*STRANGE_FILES, *STRANGE_KEYS, "twin", "logistic_regression", "Logistic_Regression"]


@pytest.mark.fault(26, TITLE)
def test_a_strange_name_costs_its_plugin_and_no_other(lab: tuple[Path, dict[str, str]]) -> None:
    folder, env = lab
    before = everything(folder.parents[1])
    ran = benchmark("run", "--all", *ALONE, cwd=folder, env=env)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert ran.stderr == ""
    warnings = [line for line in ran.stdout.splitlines() if line.startswith("WARNING")]
    assert len(warnings) == len(REFUSED)
    assert all("rename" in line for line in warnings)
    assert "models/twin.py and entry point of someone-elses 1.2" in ran.stdout
    assert all(char.isprintable() or char == "\n" for char in ran.stdout)
    assert "[red]r[/red]" in ran.stdout
    found = {record.estimator: record for record in records.read(folder / "results" / "digits").records}
    assert {name: record.status for name, record in found.items()} == {
        "titled": "ok",
        "numbered": "failed",
        "spaced": "failed",
        "raises": "failed",
        "on_import": "failed",
    }
    assert "its title is a int; give a string" in found["numbered"].reason
    assert "its space has a tuple for bayes__var_smoothing" in found["spaced"].reason
    assert found["titled"].title == NASTY
    assert "\udcff" in found["raises"].reason
    assert_harmless(folder / "results" / "digits")
    new = {name for name in everything(folder.parents[1]) - before if not name.startswith("a/lab/results/digits")}
    assert [name for name in new if not re.fullmatch(r"a/lab/results|cache|cache/(arrays|logs)[\w/.-]*", name)] == []
    assert {Path(name).stem for name in new if name.startswith("cache/logs/")} <= set(found)
    checked = benchmark("report", "--check", cwd=folder, env=env)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.fault(26, TITLE)
def test_strange_names_and_damaged_records_are_listed_for_what_they_are(
    lab: tuple[Path, dict[str, str]], sent: Path
) -> None:
    folder, env = lab
    (sent / "records" / "e0").rename(sent / "records" / "titled")  # whose name they do not have
    (sent / "records" / "e1").rename(sent / "records" / "a|b")
    listed = benchmark("list", "--results", str(sent.parent), cwd=folder, env=env)
    assert listed.returncode == 0, listed.stderr
    assert listed.stdout.count("rename") == len(REFUSED)
    assert all(char.isprintable() or char == "\n" for char in listed.stdout)
    assert re.search(r"^titled .* ok +digits seed-0: damaged; digits seed-1: damaged *$", listed.stdout, re.M)
    assert re.search(r"^raises .* ok +nothing *$", listed.stdout, re.M)


@pytest.mark.fault(26, TITLE)
@pytest.mark.parametrize("name", ["a|b", "../../x", "\x1b[31mred", "twin", "Logistic_Regression"])
def test_a_refused_name_that_is_asked_for_is_an_error(lab: tuple[Path, dict[str, str]], name: str) -> None:
    folder, env = lab
    before = everything(folder.parents[1])
    for arguments in (("run", name, *SMOKE), ("check", name)):
        ran = benchmark(*arguments, cwd=folder, env=env)
        assert ran.returncode == 2
        assert re.fullmatch(r"error: .*; rename (it|one)\n", ran.stderr)
        assert all(char.isprintable() or char == "\n" for char in ran.stderr)
    assert everything(folder.parents[1]) == before


@pytest.mark.fault(26, TITLE)
def test_a_terminal_is_sent_nothing_but_our_own_sequences(lab: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    folder, env = lab
    status, shown = on_a_terminal("run", "raises", "on_import", *SMOKE, "--results", str(tmp_path), cwd=folder, env=env)
    assert status == 1
    assert "[red]r[/red]" in shown  # as it stands, not as a colour
    assert ":warning:" in shown
    assert_ours(shown)
    status, shown = on_a_terminal("list", "--results", str(tmp_path), cwd=folder, env=env)
    assert status == 0
    assert "[red]" in shown
    assert_ours(shown)


# --- data sets


@pytest.mark.fault(26, TITLE)
def test_a_data_sets_name_makes_no_other_folder(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(300) % 3
    X = (60 * y[:, None] + rng.integers(0, 40, (300, 16))).astype(np.uint8)
    inside = tmp_path / "one" / "two"
    inside.mkdir(parents=True)
    name = "=1+1|[red]r<script>\x1b]0;owned\x07\x1b[31m..npz"
    np.savez(tmp_path / name, X_train=X, y_train=y, X_test=X[:90], y_test=y[:90])
    before = everything(tmp_path)
    arguments = ("logistic_regression", "--dataset", f"../../{name}", "--preset", "smoke", "--results", "results")
    status, shown = on_a_terminal("run", *arguments, cwd=inside, env={"PYTHONPATH": str(CHECKOUT)})
    assert status == 0, shown
    assert_ours(shown)
    (folder,) = (inside / "results").iterdir()
    assert folder.name == "1-1-red-r-script-0-owned-31m"
    assert all(each.startswith("one/two/results") for each in everything(tmp_path) - before)
    assert_harmless(folder)


# --- records that somebody sends


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    """Results with hostile names in every field that is free text."""
    folder = tmp_path / "results" / "digits"
    y = np.arange(240) % 6
    classes = ["1.", NASTY, "-", "a", "a", "a (3)"]
    test_set = synthetic.write_test_set(folder, y, classes, dataset=NASTY)
    for place in range(3):
        hard = (y == 0) & (np.arange(240) % 5 != place)
        fields = {
            "title": ("=1+1", NASTY, "\x1b[31m")[place],
            "family": ("classical", "cnn", NASTY)[place],
            "augmentation": NASTY,
            "device": NASTY,
            "origin": NASTY,
            "dataset": NASTY,
            "scores": NASTY,
            "params": {NASTY: NASTY},
            "environment": {NASTY: f"{NASTY}{place}", "processor": NASTY, "python": f"{NASTY}{place}"},
            "fingerprint": {NASTY: NASTY},
            "preset": {**synthetic.PRESET, "name": NASTY},
        }
        synthetic.write_predictions(folder, test_set, f"e{place}", np.where(hard, (y + 1) % 6, y), **fields)
    for name in ("e0", "e1"):
        synthetic.write_curve(folder, name, {100: [y, (y + 1) % 6], 300: [y, NASTY]})
        synthetic.write_robustness(folder, name, {"none": 20, "shift": 60}, environment={NASTY: NASTY})
    synthetic.write_curve(folder, "e2", {100: [y]}, depends_on={NASTY: "another"})
    synthetic.write_robustness(folder, "e2", {}, status="oom", reason=NASTY)
    synthetic.write_failure(folder, "e3", title=NASTY, reason=NASTY, status="oom", dataset=NASTY)
    synthetic.write_failure(folder, "e0", seed=1, reason=NASTY)
    return folder


@pytest.mark.fault(26, TITLE)
def test_texts_in_a_record_stay_texts(sent: Path) -> None:
    before = everything(sent.parents[1])
    written = benchmark("report", "--results", str(sent.parent))
    assert written.returncode == 0, written.stderr
    assert_harmless(sent)
    page = (sent / "leaderboard.md").read_text(encoding="utf-8")
    assert "\n\n1\\. (0) is the class with the lowest F1" in page  # and no numbered list
    new = {name.removeprefix("results/digits/") for name in everything(sent.parents[1]) - before}
    assert {name for name in new if not name.startswith("figures")} == {
        "leaderboard.md",
        "method.md",
        "significance.md",
        "robustness.md",
        "learning-curves.md",
        "tuning-budget.md",
        "leaderboard.html",
        "leaderboard.csv",
        "learning-curve.csv",
        "1-0.md",
        "robustness.csv",
        "pairs.csv",
    }
    assert "are left out: it ran out of memory: " in (sent / "robustness.md").read_text(encoding="utf-8")
    curves = (sent / "learning-curves.md").read_text(encoding="utf-8")
    assert "is left out: it was made from another record" in curves
    rows = list(csv.DictReader(io.StringIO((sent / "leaderboard.csv").read_text(encoding="utf-8"))))
    # Classes that feign another's name keep a column each.
    assert len([name for name in rows[0] if name.startswith("f1_") and not name.endswith(("_low", "_high"))]) == 6
    assert [float(row["test_accuracy"]) > 0.8 for row in rows[:3]] == [True] * 3
    assert benchmark("report", "--check", "--results", str(sent.parent)).returncode == 0


@pytest.mark.fault(26, TITLE)
def test_a_guard_against_formulas_leaves_numbers_alone() -> None:
    table = pd.DataFrame({"gap": [-1.5], "name": ["-1.5"], "rank": [-1], "=x": ["fine"]})
    assert leaderboard.to_csv(table) == b"gap,name,rank,'=x\n-1.5,'-1.5,-1,fine\n"


def edited(change: dict[str, Any]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / "records" / "e0" / "seed-0.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **change}))

    return edit


def relabelled(change: dict[str, Any]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / "records" / "test-set.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **change}))

    return edit


def bomb(folder: Path) -> None:
    arrays = folder / "records" / "e0" / "seed-0.npz"
    np.savez_compressed(arrays, proba=np.zeros(2**28, np.uint8))
    edited({"proba_sha256": serialization.sha256(arrays)})(folder)


LIES: dict[str, tuple[Callable[[Path], None], str]] = {
    "another's name": (edited({"estimator": "e1"}), r"e0/seed-0\.json: .*'e1', seed 0"),
    "a path for a name": (edited({"estimator": "../../x"}), r"regex .* - at `\$\.estimator`"),
    "another seed": (edited({"seed": 1}), "'e0', seed 1"),
    "a folder with a strange name": (
        lambda folder: (
            edited({"estimator": "a|b"})(folder),
            (folder / "records" / "e0").rename(folder / "records" / "a|b"),
        ),
        r"regex .* - at `\$\.estimator`",
    ),
    "a title that is no text": (edited({"title": ["x"]}), r"got `array` - at `\$\.title`"),
    "a status that there is not": (edited({"status": NASTY}), r"Invalid enum value .* - at `\$\.status`"),
    "seconds that are a text": (edited({"fit_seconds": "=1+1"}), r"got `str` - at `\$\.fit_seconds`"),
    "seconds without end": (edited({"fit_seconds": float("inf")}), r"<= 1000000000000000\.0 - at `\$\.fit_seconds`"),
    "seconds of no number": (edited({"tuning_seconds": float("nan")}), r">= 0\.0 - at `\$\.tuning_seconds`"),
    "a size beyond all": (edited({"model_bytes": 10**30}), r"<= 1000000000000000 - at `\$\.model_bytes`"),
    "less than nothing": (edited({"peak_memory_bytes": -1}), r">= 0 - at `\$\.peak_memory_bytes`"),
    "versions that are no texts": (edited({"environment": {"python": {}}}), r"got `object` - at `\$\.environment.*`"),
    "a preset that is none": (edited({"preset": NASTY}), r"got `str` - at `\$\.preset`"),
    "trials that are none": (edited({"trials": [7]}), r"got `int` - at `\$\.trials\[0\]`"),
    "a field with a strange name": (edited({NASTY: 1}), "unknown field"),
    "brackets without end": (
        lambda folder: (folder / "records" / "e0" / "seed-0.json").write_text("[" * 200_000),
        "cannot be read",
    ),
    "predictions that are a bomb": (bomb, r"unpacks to 268,\d+,\d+ bytes, more than the"),
    "classes that are numbers": (
        relabelled({"class_names": [1, 2, 3, 4, 5, 6]}),
        r"got `int` - at `\$\.class_names\[0\]`",
    ),
    "fewer classes than labels": (relabelled({"class_names": ["a"]}), "labels from 0 to 5"),
    "images of another size": (relabelled({"image_shape": [9, 9, 1]}), "pictures of shape"),
}


@pytest.mark.fault(26, TITLE)
@pytest.mark.parametrize(("tell", "found"), LIES.values(), ids=list(LIES))
def test_a_record_that_lies_about_itself_is_refused_with_one_line(
    sent: Path, tell: Callable[[Path], None], found: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(sent)
    before = everything(sent.parents[1])
    assert cli.main(["report", "--results", str(sent.parent)]) == 2
    printed = capsys.readouterr().err
    assert re.fullmatch(r"error: .*\n", printed)
    assert re.search(found, printed)
    assert all(char.isprintable() or char == "\n" for char in printed)
    assert everything(sent.parents[1]) == before
