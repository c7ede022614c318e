"""The report: known records in, exact numbers out; the same bytes twice; nothing that a name can break."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from benchmark import load, report
from benchmark.engine import protocol
from benchmark.errors import BenchmarkError
from benchmark.leaderboard.summary import summarise
from benchmark.leaderboard.table import frame
from benchmark.render import markdown as md
from benchmark.storage import records
from tests import synthetic_results as synthetic

HOSTILE = ("a|b", "</script>", "=1+1", "`x`\n# y", "$x$", "[l](j:x)", "\\", "*b*", "-1", "@SUM", "é漢", "a|b")


def tables(text: str) -> list[list[list[str]]]:
    """Return the tables of a page as rows of cells."""
    blocks = re.findall(r"(?:^\|.*\n)+", text, flags=re.M)
    return [[re.split(r"(?<!\\)\|", line)[1:-1] for line in block.splitlines()] for block in blocks]


def section(text: str, heading: str) -> str:
    """Return what stands under a heading of the page, up to the next one."""
    return text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def cells(text: str, place: int) -> dict[str, list[str]]:
    """Return a table's rows by the text of their first cell."""
    return {row[0].strip(): [cell.strip() for cell in row[1:]] for row in tables(text)[place][2:]}


def page(folder: Path, file: str = "leaderboard.md") -> str:
    """Return leaderboard.md, or another page, without drawing a figure."""
    return report.texts(folder)[file].decode()


@pytest.fixture(scope="module")
def realistic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five estimators, two seeds and one failure, with the report written."""
    folder = tmp_path_factory.mktemp("realistic")
    synthetic.write_realistic(folder, seeds=2)
    synthetic.write_failure(folder, "knn", title="k nearest", status="oom", reason="needs 12 GiB")
    report.write(folder)
    return folder


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """100 images of each of three classes and two estimators whose every confusion is set here."""
    y = np.repeat([0, 1, 2], 100)
    test_set = synthetic.write_test_set(tmp_path, y, ["left", "mid", "right"], n_train=600, examples=range(100, 200))
    a, b = y.copy(), y.copy()
    a[100:120], a[120:150], a[0:10] = 0, 2, 1  # mid: 20 called left, 30 called right; 10 left called mid
    b[100:110], b[120:124], b[200:225] = 0, 2, 1  # mid: 10 called left, 4 called right; 25 right called mid
    synthetic.write_predictions(tmp_path, test_set, "a", a, title="A", fit_rows=600, fit_seconds=10.0)
    synthetic.write_predictions(tmp_path, test_set, "b", b, title="B", family="cnn", fit_rows=600, fit_seconds=50.0)
    return tmp_path


def test_scores_are_those_of_the_stored_predictions(known: Path) -> None:
    table = frame(records.read(known)).set_index("estimator")
    assert table["test_accuracy"].tolist() == pytest.approx([261 / 300, 240 / 300])
    assert table.index.tolist() == ["b", "a"]
    assert table["rank"].tolist() == [1, 2]
    assert table.loc["a", "f1_mid"] == pytest.approx(2 * 50 / (100 + 60))
    assert table.loc["b", "f1_right"] == pytest.approx(2 * 75 / (100 + 79))
    assert set(table["hardest_class"]) == {"mid"}
    assert table.loc["a", "macro_f1"] == pytest.approx(np.mean([2 * 90 / 210, 100 / 160, 2 * 100 / 230]))
    assert table.loc["b", "predict_seconds_per_1000"] == pytest.approx(2.0 * 1000 / 300)


def test_where_the_hardest_class_fails(known: Path) -> None:
    text = page(known)
    text = section(text, "Where mid fails")
    assert cells(text, 0) == {
        "B": ["0.860", "0.775", "0.815", "14", "25"],
        "A": ["0.500", "0.833", "0.625", "50", "10"],
    }
    assert "**[mid.md](mid.md)**" in text
    assert len(tables(text)) == 1  # all else is on the page of its own
    # Both are wrong on 100 to 109 and 120 to 123, all of them mid.
    assert "14 test images of 300 (4.7 %) are wrong under all 2 estimators" in text
    assert "14 of these are mid (100.0 % of them, and 14.0 % of all mid images)" in text


def test_verdict_for_the_cnn(known: Path) -> None:
    text = page(known)
    assert "**The CNN is ahead by 7.0 points** (95 % interval 1.3 to 12.3)." in text
    assert "test accuracy 0.8700 (0.830–0.907); the best classical pipeline is *A*, test accuracy 0.8000" in text
    assert "the CNN took 50 s and the classical pipeline 10 s (the CNN 5.0 times as long)" in text
    assert "preview" not in text


def test_verdict_for_the_classical_model(known: Path) -> None:
    for name, family in (("a", "cnn"), ("b", "classical")):
        results = records.read(known)
        record = next(record for record in results.records if record.estimator == name)
        records.write(known, dataclasses.replace(record, family=family), results.proba[name, 0])
    assert "**No CNN needed: a classical model is ahead of it by 7.0 points** (95 % interval 1.3 to 12.3)." in page(
        known
    )


def test_verdict_of_a_tie(known: Path) -> None:
    results = records.read(known)
    record = next(record for record in results.records if record.estimator == "a")
    almost = results.proba["b", 0].copy()
    almost[250] = almost[0]
    records.write(known, record, almost)
    text = page(known)
    assert (
        "**A tie: 300 test images cannot tell the CNN from a classical model.** The CNN's lead of 0.33 points" in text
    )
    assert [row[0].strip() for row in tables(text)[0][2:]] == ["1= A", "1= A"]


def test_more_seeds_of_one_row_are_in_the_command_that_makes_it(known: Path) -> None:
    results = records.read(known)
    record = next(record for record in results.records if record.estimator == "a")
    more = dataclasses.replace(record, seed=1, preset={**record.preset, "name": "standard", "seeds": 3})
    records.write(known, more, results.proba["a", 0])
    text = page(known)
    assert "\npython -m benchmark run a --preset standard --seeds 3\n" in text
    assert re.search(r"^python -m benchmark run b --preset (?!.*--seeds)", text, re.M)
    assert "rows, 1 to 2 seeds each, and predicts" in text


def test_preview_is_said_first(known: Path) -> None:
    test_set = records.read_test_set(known)
    assert test_set is not None
    records.write_test_set(known, dataclasses.replace(test_set, n_train=60_000))
    preview = "> **A preview, not the result**: trained on 600 of the 60,000 rows (preset standard)."
    assert page(known).split("\n\n")[1] == preview


def test_page_in_order(realistic: Path) -> None:
    text = (realistic / "leaderboard.md").read_text()
    headings = re.findall(r"^#+ (.*)$", text, flags=re.M)
    assert headings == [
        "Leaderboard: fashion-mnist",
        "The estimators",
        "Which of them can be told apart",
        "Had tuning stopped earlier",
        "F1 of each class",
        "Where Shirt fails",
        "Can their probabilities be believed?",
        "How it was measured",
    ]
    links = re.findall(r"^!\[(.+)\]\((figures/.+\.png)\)$", text, flags=re.M)
    more = re.findall(r"\((figures/.+\.png)\)$", (realistic / "shirt.md").read_text(), flags=re.M)
    assert sorted([*(path for _, path in links), *more]) == sorted(
        path.relative_to(realistic).as_posix() for path in (realistic / "figures").iterdir()
    )
    assert (len(links), len(more)) == (7, 3)  # the few pictures kept show no rescue
    assert all(len(alt) > 30 for alt, _ in links)
    leaderboard = tables(text)[0]
    assert len(leaderboard) == 2 + 6
    assert "**ran out of memory**: needs 12 GiB" in leaderboard[-1][3]
    assert "<sup>a</sup> Trained on augmented images: mirrored, shifted." in text
    assert "softmax of `decision_function`" in text
    assert "python -m benchmark run --all --preset standard\n" in text
    assert "nan" not in text.lower().split()


def test_best_of_each_class_is_bold(realistic: Path) -> None:
    rows = tables(section((realistic / "leaderboard.md").read_text(), "F1 of each class"))[0][2:]
    for column in list(zip(*rows, strict=True))[1:]:
        values = [float(cell.strip(" *")) for cell in column]
        assert [cell.strip().startswith("**") for cell in column] == [value == max(values) for value in values]


def test_load_gives_the_csv(realistic: Path) -> None:
    table = load(realistic)
    rows = list(csv.DictReader(io.StringIO((realistic / "leaderboard.csv").read_text())))
    assert list(rows[0]) == list(table.columns)
    assert [row["estimator"] for row in rows] == table["estimator"].tolist()
    for name in ("test_accuracy", "fit_seconds", "f1_Shirt"):
        assert [float(row[name]) for row in rows[:-1]] == pytest.approx(table[name].tolist()[:-1], rel=1e-5)
    assert rows[-1]["status"] == "oom"
    assert rows[-1]["rank"] == ""
    assert rows[-1]["test_accuracy"] == ""
    assert rows[0]["peak_memory_bytes"] == "700000000"


def test_loading_needs_no_matplotlib() -> None:
    code = "import sys, benchmark.leaderboard.table; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_same_records_same_bytes(realistic: Path) -> None:
    files = report.render(realistic)
    assert set(files) == {path.relative_to(realistic).as_posix() for path in realistic.rglob("*") if path.is_file()} - {
        path.relative_to(realistic).as_posix() for path in (realistic / "records").rglob("*")
    }
    for name, blob in files.items():
        assert (realistic / name).read_bytes() == blob, name


def copied(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to, dirs_exist_ok=True)
    return to


def test_check_passes_on_what_was_written(realistic: Path) -> None:
    assert report.check(realistic) == []


def test_check_finds_edits(realistic: Path, tmp_path: Path) -> None:
    folder = copied(realistic, tmp_path)
    figures = folder / "figures"
    text = folder / "leaderboard.md"
    text.write_text(text.read_text().replace("0.93", "0.94"))
    (folder / "leaderboard.csv").unlink()
    (figures / "per-class-f1.png").unlink()
    shutil.copy(figures / "confusion-matrices.png", figures / "hardest-images.png")
    (figures / "old.png").write_bytes((figures / "confusion-matrices.png").read_bytes())
    (figures / "mine.png").write_bytes(b"not ours")
    assert sorted(report.check(folder)) == [
        "figures/hardest-images.png",
        "figures/old.png",
        "figures/per-class-f1.png",
        "leaderboard.csv",
        "leaderboard.html",
        "leaderboard.md",
    ]
    report.write(folder)
    assert report.check(folder) == []
    assert not (figures / "old.png").exists()
    assert (figures / "mine.png").exists()


def test_check_finds_other_pixels_under_the_old_stamp(realistic: Path, tmp_path: Path) -> None:
    folder = copied(realistic, tmp_path)
    one, other = folder / "figures" / "per-class-f1.png", folder / "figures" / "hardest-images.png"
    text = PngInfo()
    for key, value in Image.open(one).text.items():
        text.add_text(key, value)
    Image.open(other).save(one, pnginfo=text)
    other.write_bytes(other.read_bytes()[:-40])
    assert report.check(folder) == ["figures/per-class-f1.png", "figures/hardest-images.png", "leaderboard.html"]

    before = {path: path.stat().st_ino for path in folder.rglob("*.*")}
    report.write(folder)
    assert report.check(folder) == []
    drawn = {path for path, node in before.items() if path.stat().st_ino != node}  # what was drawn the same is left
    assert drawn == {one, other}
    assert {path: path.read_bytes() for path in drawn} == {
        path: (realistic / "figures" / path.name).read_bytes() for path in drawn
    }


def test_check_finds_a_changed_record(realistic: Path, tmp_path: Path) -> None:
    folder = copied(realistic, tmp_path)
    results = records.read(folder)
    record = next(record for record in results.records if record.estimator == "cnn")
    records.write(folder, dataclasses.replace(record, fit_seconds=9.0), results.proba["cnn", record.seed])
    pages = {"leaderboard.md", "leaderboard.html", "leaderboard.csv"}
    assert set(report.check(folder)) == {*pages, "figures/accuracy-fit-time.png"}
    worse = results.proba["cnn", record.seed].copy()
    worse[:200] = worse[::-1][:200]
    records.write(folder, record, worse)
    assert len(report.check(folder)) >= 5


def test_names_cannot_break_out(tmp_path: Path) -> None:
    y = np.arange(240) % len(HOSTILE)
    test_set = synthetic.write_test_set(tmp_path, y, HOSTILE, dataset="x|y</script>")
    for place, title in enumerate(HOSTILE[:4]):
        wrong = np.where(np.arange(240) % 7 == place, (y + 1 + place) % len(HOSTILE), y)
        synthetic.write_predictions(tmp_path, test_set, f"e{place}", wrong, title=title, augmentation=title)
    synthetic.write_failure(tmp_path, "bad", title=HOSTILE[1], reason="no | way\n| really | `x` <b>")
    files = report.render(tmp_path)
    (anatomy,) = (name for name in files if name.endswith(".md") and name != "leaderboard.md")
    text = files["leaderboard.md"].decode() + "\n" + files[anatomy].decode()
    found = tables(text)
    assert len(found) >= 6
    for table in found:
        assert len({len(row) for row in table}) == 1, table
    assert "</script>" not in text
    assert "<b>" not in text
    assert not re.search(r"(?<!\\)\]\(j:", text)
    assert not re.search(r"(?<!\\)`x", text)
    assert not re.search(r"^# y", text, flags=re.M)
    rows = list(csv.reader(io.StringIO(files["leaderboard.csv"].decode())))
    assert len({len(row) for row in rows}) == 1
    assert len(rows) == 6
    words = [cell for row in rows for cell in row if not re.fullmatch(r"-?[\d.e-]+", cell)]
    assert not [cell for cell in words if cell.startswith(("=", "+", "-", "@"))]
    assert "figures/pairs.png" in files


@pytest.mark.parametrize("family", ["classical", "cnn"])
def test_one_estimator_and_two_classes(tmp_path: Path, family: str) -> None:
    y = np.arange(60) % 2
    test_set = synthetic.write_test_set(tmp_path, y, ["no", "yes"], dataset="digits")
    synthetic.write_predictions(tmp_path, test_set, "one", np.where(np.arange(60) < 5, 1 - y, y), family=family)
    missing = "CNN" if family == "classical" else "classical pipeline"
    text = page(tmp_path)
    assert f"**The question is open: no {missing} has a result here**." in text
    assert "python -m benchmark run --all --dataset digits --preset standard" in text
    assert len([name for name in report.render(tmp_path) if name.endswith(".png")]) == 9


def test_perfect_answers_have_no_hardest_images(tmp_path: Path) -> None:
    y = np.arange(60) % 3
    test_set = synthetic.write_test_set(tmp_path, y, ["a", "b", "c"])
    for name, family in (("x", "classical"), ("y", "cnn")):
        synthetic.write_predictions(tmp_path, test_set, name, y, family=family)
    files = report.render(tmp_path)
    assert "figures/hardest-images.png" not in files
    assert "0 test images of 60 (0.0 %) are wrong" in files["leaderboard.md"].decode()


def test_a_class_never_predicted_and_one_without_images(tmp_path: Path) -> None:
    y = np.arange(60) % 2
    test_set = synthetic.write_test_set(tmp_path, y, ["a", "b", "ghost"])
    synthetic.write_predictions(tmp_path, test_set, "x", np.zeros(60, dtype=int))
    assert summarise(records.read(tmp_path)).hardest == 1
    assert cells(section(page(tmp_path), "F1 of each class"), 0) == {"X": ["**0.667**", "**0.000**", "—"]}
    assert len([name for name in report.render(tmp_path) if name.endswith(".png")]) == 9


def test_nothing_finished(tmp_path: Path) -> None:
    synthetic.write_test_set(tmp_path, np.arange(10))
    synthetic.write_failure(tmp_path, "cnn", title="CNN", family="cnn", status="timeout", reason="after 1 h")
    files = report.render(tmp_path)
    assert set(files) == {"leaderboard.md", "leaderboard.html", "leaderboard.csv"}
    text = files["leaderboard.md"].decode()
    assert "No estimator finished" in text
    assert "**ran out of time**: after 1 h" in text
    assert frame(records.read(tmp_path))["status"].tolist() == ["timeout"]


def test_a_failed_cnn_is_named_in_the_verdict(tmp_path: Path) -> None:
    test_set = synthetic.write_test_set(tmp_path, np.arange(10))
    synthetic.write_predictions(tmp_path, test_set, "x", np.arange(10))
    synthetic.write_failure(tmp_path, "cnn", title="CNN", family="cnn", reason="no torch")
    assert "no CNN has a result here** (CNN **failed**: no torch)" in page(tmp_path)


def test_seeds_are_averaged_and_missing_ones_said(tmp_path: Path) -> None:
    y = np.arange(100) % 10
    test_set = synthetic.write_test_set(tmp_path, y)
    for seed, wrong in ((0, 10), (1, 20), (2, 30)):
        predicted = np.where(np.arange(100) < wrong, (y + 1) % 10, y)
        synthetic.write_predictions(tmp_path, test_set, "x", predicted, seed=seed, fit_seconds=10.0 * (seed + 1))
    synthetic.write_predictions(tmp_path, test_set, "y", y, seed=0)
    synthetic.write_failure(tmp_path, "y", seed=1, reason="disk full")
    # Less effort than the seeds above it: an average over both would compare nothing.
    synthetic.write_predictions(tmp_path, test_set, "x", y, seed=3, fit_rows=500, preset={"name": "quick"})
    row = frame(records.read(tmp_path)).set_index("estimator").loc["x"]
    assert row["test_accuracy"] == pytest.approx(0.8)
    assert row["seeds"] == 3
    assert (row["test_accuracy_seed_min"], row["test_accuracy_seed_max"]) == (pytest.approx(0.7), pytest.approx(0.9))
    assert row["fit_seconds"] == pytest.approx(20.0)
    text = page(tmp_path)
    by_images, by_seeds = cells(text, 0)["2"][3].split(" / ")
    half = 4.3027 * 0.1 / 3**0.5  # Student's, of three seeds that differ by 0.1
    assert float(by_seeds) == pytest.approx(100 * (min(1.0, 0.8 + half) - (0.8 - half)) / 2, abs=0.01)
    assert float(by_images) < float(by_seeds)
    assert cells(text, 0)["1"][3].endswith("/ —")
    assert "Seed 3 does not count here: it was made with less effort (preset quick)." in text
    assert "Seed 1 does not count here: it ended as failed: disk full." in text
    assert "1 seed; other rows have up to 3." in text


def test_rows_measured_elsewhere_are_marked(tmp_path: Path) -> None:
    y = np.arange(100) % 10
    test_set = synthetic.write_test_set(tmp_path, y)
    for name, changes in (
        ("x", {}),
        ("y", {}),
        ("z", {"threads": 8, "environment": synthetic.ENVIRONMENT | {"processor": "Big|CPU"}, "family": "cnn"}),
    ):
        synthetic.write_predictions(tmp_path, test_set, name, y, **changes)
    text = page(tmp_path)
    mark = "<sup>a</sup> Not measured as the other rows were, so compare its times with care: "
    assert mark + "processor Big\\|CPU (elsewhere Some CPU); threads 8 (elsewhere 2)." in text
    assert "not every row was measured alike" in text
    assert "not measured under the same conditions" in text
    assert [row[1].strip() for row in tables(text)[0][2:]] == ["X", "Y", "Z <sup>a</sup>"]


def test_mixed_presets_are_marked(tmp_path: Path) -> None:
    y = np.arange(100) % 10
    test_set = synthetic.write_test_set(tmp_path, y)
    synthetic.write_predictions(tmp_path, test_set, "x", y)
    quick = dataclasses.asdict(protocol.PRESETS["quick"])
    synthetic.write_predictions(tmp_path, test_set, "y", y, family="cnn", fit_rows=10_000, preset=quick)
    text = page(tmp_path)
    assert "> **In part a preview, not the result**: *Y* trained on 10,000 of the 60,000 rows (preset quick)." in text
    assert "Made with preset quick, trained on 10,000 rows" in text
    assert "run x --preset standard\npython -m benchmark run y --preset quick\n" in text


def test_no_records(tmp_path: Path) -> None:
    for verb in (report.render, report.write, report.check):
        with pytest.raises(BenchmarkError, match="no records here"):
            verb(tmp_path)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 ms"),
        (0.0123, "12 ms"),
        (0.36, "0.36 s"),
        (9.44, "9.4 s"),
        (34, "34 s"),
        (556, "9.3 min"),
        (9000, "2.5 h"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert md.duration(seconds) == text


@pytest.mark.parametrize(
    ("n_bytes", "text"), [(12, "12 B"), (4_200, "4.2 kB"), (999_900, "1.0 MB"), (5.0e6, "5.0 MB"), (1.23e9, "1.2 GB")]
)
def test_size(n_bytes: float, text: str) -> None:
    assert md.size(n_bytes) == text


def test_points() -> None:
    assert md.points([0.0291, 0.0241, 0.0341]) == ["2.9", "2.4", "3.4"]
    assert md.points([-0.002, -0.00001, 0.004]) == ["−0.20", "0.00", "0.40"]
