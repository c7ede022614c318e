"""The page of the hardest class: what it says, what it is called, and that it stands for any data set."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark import report
from benchmark.analyses.hardest_class import examples as gallery
from benchmark.analyses.hardest_class import page as anatomy_page
from benchmark.analyses.hardest_class.figures import examples as grids
from benchmark.analyses.hardest_class.figures import flow
from benchmark.analyses.hardest_class.figures import roc_pr as ranking
from benchmark.datasets.dataset import Dataset, Part
from benchmark.leaderboard.summary import Summary, summarise
from benchmark.render import pages
from benchmark.report import figures
from benchmark.storage import records
from benchmark.storage.schema import Validation
from tests import synthetic_results as synthetic
from tests.report.test_report import cells, page, tables

ONE = [figure for figure in figures.FIGURES if figure.name == "per-class-f1"]

SECTIONS = [
    "Where Shirt fails: fashion-mnist",
    "What it is taken for, and what for it",
    "The hard core",
    "What the CNN finds, and what it misses",
    "Shirt against the rest",
    "What another threshold would buy",
    "Shirt and its neighbours alone",
    "How far it could go",
]


def write_scores(folder: Path, y: np.ndarray, biased: int, scale: float = 0.4, **changes: Any) -> None:
    """Write estimators whose scores vary, and are too low for one class."""
    test_set = synthetic.write_test_set(folder, y, examples=range(len(y)))
    for place, (name, family) in enumerate((("svm", "classical"), ("trees", "classical"), ("cnn", "cnn"))):
        proba = scores(y, place, biased, scale)
        record = synthetic.make_record(name, title=name.upper(), family=family, **changes)
        records.write(folder, dataclasses.replace(record, dataset=test_set.dataset), proba)


def scores(y: np.ndarray, seed: int, biased: int, scale: float) -> np.ndarray:
    rng = np.random.default_rng([seed, len(y)])
    shared = np.random.default_rng(len(y)).random((len(y), 10))
    raw = 0.5 * shared + 0.3 * rng.random((len(y), 10)) + 0.55 * np.eye(10)[y]
    raw[:, biased] *= scale
    return (raw / raw.sum(axis=1, keepdims=True)).astype(np.float16)


def with_validation(folder: Path, names: Sequence[str], biased: int, scale: float = 0.4) -> Summary:
    y = np.arange(1500) % 10
    results = records.read(folder)
    known = {
        (name, 0): Validation(y, scores(y, place, biased, scale)) for place, name in enumerate(("svm", "trees", "cnn"))
    }
    kept = {key: value for key, value in known.items() if key[0] in names}
    return summarise(dataclasses.replace(results, validation=kept))


def drawn(folder: Path) -> tuple[str, list[str]]:
    """Return the page, and which of its figures there are, once they have been drawn."""
    summary = summary_of(folder)
    planned = [one for one in figures.plan(summary) if one.figure.page == "anatomy"]
    for one in planned:
        assert len(one.png()) > 5_000
    return anatomy_of(summary), [one.figure.name for one in planned]


def anatomy_of(summary: Summary) -> str:
    found = anatomy_page.page(summary, figures.plan(summary))
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def realistic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("anatomy")
    synthetic.write_realistic(folder, seeds=2, examples=range(2_000))
    return folder


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """Two estimators and 100 images of each of three classes; every confusion is set here."""
    y = np.repeat([0, 1, 2], 100)
    test_set = synthetic.write_test_set(tmp_path, y, ["left", "mid", "right"], n_train=600, examples=range(90, 160))
    a, b = y.copy(), y.copy()
    a[100:120], a[120:150], a[0:10] = 0, 2, 1  # mid: 20 called left, 30 called right; 10 left called mid
    b[100:110], b[120:124], b[200:225] = 0, 2, 1  # mid: 10 called left, 4 called right; 25 right called mid
    b[150:153] = 2
    synthetic.write_predictions(tmp_path, test_set, "a", a, title="A", fit_rows=600)
    synthetic.write_predictions(tmp_path, test_set, "b", b, title="B", family="cnn", fit_rows=600)
    return tmp_path


def test_where_images_go_and_come_from(known: Path) -> None:
    text = page(known, "mid.md")
    assert cells(text, 0) == {
        "right": ["**7** (7.0 %)", "30 (30.0 %)"],
        "left": ["**10** (10.0 %)", "20 (20.0 %)"],
    }
    assert cells(text, 1) == {"right": ["25 (25.0 %)", "**0** (0.0 %)"], "left": ["**0** (0.0 %)", "10 (10.0 %)"]}
    assert cells(text, 2) == {
        "mid ↔ right": ["A", "30", "B", "32", "6.2 %"],
        "mid ↔ left": ["B", "10", "A", "30", "66.7 %"],
    }
    assert "The commonest is right: 55.2 % of the misses on average, and more than any other under 1 of 2" in text
    assert "*B* has the fewest, 17 against 50 of *A*; the largest part of the difference is right (23 images)." in text


def test_the_core_and_the_rescues(known: Path) -> None:
    text = page(known, "mid.md")
    # Both miss 100 to 109, as left, and 120 to 123, as right; b alone misses 150 to 152, a alone 36.
    assert "**14 of the 100 mid images (14.0 %) are wrong under all 2 estimators**." in text
    assert "14 of them (100.0 %) get one and the same wrong answer" in text
    assert cells(text, 3) == {"left": ["10", "71.4 %", "10"], "right": ["4", "28.6 %", "4"]}
    assert cells(text, 4) == {"2 of 2": ["14"]}
    assert "**36 mid images are found by the CNN only** (26 of them most often called right)" in text
    assert "**3 by others and not by the CNN** (3 of them most often called right)" in text
    assert (
        "47 mid images are found by both, 36 by the CNN only, 3 by the classical pipeline only, 14 by neither" in text
    )
    assert "The recall of *B* is 33.0 points higher (95 % interval" in text
    assert "Of what the CNN misses, the classical pipeline finds 17.6 %; together they would find 86.0 %." in text
    assert cells(text, 5) == {"B": ["83", "36", "36", "—"], "A": ["50", "3", "—", "3"]}


def test_all_sections_in_order_and_linked(realistic: Path) -> None:
    text = page(realistic, "shirt.md")
    found = re.findall(r"^#+ (.*)$", text, flags=re.M)
    assert found == [heading for heading in SECTIONS if "threshold" not in heading]  # no validation scores here
    assert len(re.findall(r"^!\[.{30,}\]\(figures/.+\.png\)$", text, flags=re.M)) == 5
    assert "**[shirt.md](shirt.md)**" in page(realistic)
    assert "[leaderboard.md](leaderboard.md)" in text
    assert "nan" not in text.lower().split()
    assert "Counts are means over seeds" in text
    planned = [one.figure for one in figures.plan(summary_of(realistic))]
    names = [figure.name for figure in planned if figure.page == "anatomy"]
    assert names == ["hardest-flow", "hard-core", "found-by-cnn-only", "found-by-others-only", "hardest-ranking"]


def summary_of(folder: Path) -> Summary:
    return summarise(records.read(folder))


def test_the_page_is_checked_and_a_stale_one_is_removed(known: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "FIGURES", ONE)  # is enough here
    report.write(known)
    assert report.check(known) == []
    (known / "mid.md").write_text((known / "mid.md").read_text().replace("47", "48"))
    (known / "notes.md").write_text(pages.mark("mid.md") + "\nmy copy")
    (known / "trouser.md").write_text(pages.mark("trouser.md") + "\n\n# Where Trouser fails")
    (known / "coat.md").write_text("# My coat")
    assert report.check(known) == ["mid.md", "trouser.md"]
    report.write(known)
    assert report.check(known) == []
    assert {path.name for path in known.glob("*.md")} == {"leaderboard.md", "mid.md", "notes.md", "coat.md"}


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Shirt", "shirt.md"),
        ("T-shirt/top", "t-shirt-top.md"),
        ("../x", "x.md"),
        ("..\\..\\x\0", "x.md"),
        ("con", "class-con.md"),
        ("COM1", "class-com1.md"),
        ("Leaderboard", "class-leaderboard.md"),
        ("README", "class-readme.md"),
        ("", "class-6.md"),
        ("...", "class-6.md"),
        ("漢字", "class-6.md"),
        ("Größe É", "grosse-e.md"),
        ("İ", "i.md"),
        ("a" * 300, "a" * 40 + ".md"),
        ("-rf", "rf.md"),
        ("</script>", "script.md"),
    ],
)
def test_any_class_name_gives_a_safe_file(name: str, file: str) -> None:
    assert pages.anatomy_file(name, 6) == file
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,60}\.md", file)
    assert pages.is_anatomy(file, pages.mark(file).encode() + b"\n")
    assert not pages.is_anatomy("other.md", pages.mark(file).encode())


@pytest.mark.parametrize("name", ["../x", "leaderboard", "", "漢"])
def test_a_hostile_class_stays_in_the_folder(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "FIGURES", ONE)  # is enough here
    folder = tmp_path / "a" / "results"
    y = np.arange(90) % 3
    test_set = synthetic.write_test_set(folder, y, ["ok", name, "fine"])
    synthetic.write_predictions(folder, test_set, "x", np.where((y == 1) & (np.arange(90) < 40), 2, y))
    written = report.write(folder)
    assert len({path for path in written if path.suffix == ".md"}) == 2
    assert {path.parent for path in written} == {folder, folder / "figures"}
    assert report.check(folder) == []


def test_a_threshold_that_was_wrong_is_mended_on_validation_rows(tmp_path: Path) -> None:
    write_scores(tmp_path, np.arange(1000) % 10, biased=6)
    assert "another threshold" not in page(tmp_path, "shirt.md")
    text = anatomy_of(with_validation(tmp_path, ("svm", "cnn"), biased=6))
    assert "## What another threshold would buy" in text
    assert "No validation scores are stored for *TREES*." in text
    assert "2 of 2 estimators gain more than the test images could show by chance" in text
    assert "So part of what Shirt loses is a matter of where the threshold stands." in text
    (place,) = (n for n, table in enumerate(tables(text)) if "Change (95 % interval)" in " ".join(table[0]))
    shifts = cells(text, place)
    assert set(shifts["TREES"]) == {"—"}
    summary = with_validation(tmp_path, ("svm", "cnn"), biased=6)
    row = next(row for row in summary.scored if row.name == "svm")
    factor, f1, change, *_ = shifts["SVM"]
    assert 2.0 < float(factor) < 3.2  # 0.4 is undone by 2.5
    raw = row.proba[0].astype(float)
    raw[:, 6] *= float(factor)
    said, is_shirt = raw.argmax(axis=1) == 6, summary.test_set.y == 6
    after = 2 * (said & is_shirt).sum() / (said.sum() + is_shirt.sum())
    assert float(f1) == pytest.approx(row.f1[6], abs=5e-4)
    assert float(change.split()[0]) == pytest.approx(after - row.f1[6], abs=0.02)
    assert after - row.f1[6] > 0.1


def test_a_threshold_that_was_right_is_left_alone(tmp_path: Path) -> None:
    write_scores(tmp_path, np.arange(1000) % 10, biased=6, scale=0.9)
    text = anatomy_of(with_validation(tmp_path, ("svm", "trees", "cnn"), biased=6, scale=0.9))
    assert "So Shirt is not lost for want of a better threshold." in text
    assert "No validation scores" not in text


def test_the_neighbours_as_a_benchmark_of_their_own(known: Path, realistic: Path) -> None:
    assert "alone" not in " ".join(re.findall("^## .*", page(known, "mid.md"), flags=re.M))  # all three classes
    text = page(realistic, "shirt.md")
    assert "Top, Pullover, Dress, Coat and Shirt: the class itself and every other" in text
    (place,) = (n for n, table in enumerate(tables(text)) if "With all 10 answers allowed" in " ".join(table[0]))
    summary = summary_of(realistic)
    y = summary.test_set.y
    group = [0, 2, 3, 4, 6]
    inside = np.isin(y, group)
    for row in summary.scored:
        answers = np.array(group)[row.proba[:, inside][:, :, group].argmax(axis=2)]
        found = cells(text, place)[row.title]
        assert found[0].startswith(f"{(answers == y[inside]).mean():.4f} (")
        assert found[1] == f"{row.correct[inside].mean():.4f}"
        said, shirt = answers == 6, y[inside] == 6
        f1 = np.mean([2 * (one & shirt).sum() / (one.sum() + shirt.sum()) for one in said])
        assert found[-1] == f"{f1:.3f}"


def test_the_range_of_the_ceiling(known: Path) -> None:
    text = page(known, "mid.md")
    found = cells(text, len(tables(text)) - 1)
    oracle, alike, shared = found.values()
    assert oracle == ["14", "0", "0.860", f"{2 * 86 / 186:.3f}"]
    # The better half of two is B alone: what it misses and mistakes.
    assert alike == ["17", "25", "0.830", f"{2 * 83 / (200 - 17 + 25):.3f}"]
    lost = 14 - 36 * 3 / 47
    assert shared == ["12", "0", f"{1 - lost / 100:.3f}", f"{2 * (100 - lost) / (200 - lost):.3f}"]
    low, high = f"{2 * 83 / 208:.2f}", f"{2 * (100 - lost) / (200 - lost):.2f}"
    assert f"**F1 of mid could reach some {low} to {high}, recall 0.83 to 0.88**, where *B* stands at 0.798" in text


@pytest.mark.parametrize("family", ["classical", "cnn", "other"])
def test_one_estimator_and_two_classes(tmp_path: Path, family: str) -> None:
    y = np.arange(60) % 2
    test_set = synthetic.write_test_set(tmp_path, y, ["no", "yes"], dataset="digits")
    synthetic.write_predictions(tmp_path, test_set, "one", np.where(np.arange(60) < 5, 1 - y, y), family=family)
    text, names = drawn(tmp_path)
    assert "are wrong under the one estimator that there is" in text
    assert re.findall("^## (.*)", text, flags=re.M) == [*SECTIONS[1:3], "no against the rest"]
    assert names == ["hardest-flow", "hard-core", "hardest-ranking"]


def test_no_errors_at_all(tmp_path: Path) -> None:
    y = np.arange(60) % 3
    test_set = synthetic.write_test_set(tmp_path, y, ["a", "b", "c"])
    for name, family in (("x", "classical"), ("y", "cnn")):
        synthetic.write_predictions(tmp_path, test_set, name, y, family=family)
    text, names = drawn(tmp_path)
    assert names == ["hardest-ranking"]
    assert "No estimator takes another class for a, nor a for another." in text
    assert "**0 of the 20 a images (0.0 %) are wrong under all 2 estimators**." in text
    assert "By none of them is anything left to win." in text
    assert "nan" not in text.lower().split()


def test_one_class_alone_in_the_test_set(tmp_path: Path) -> None:
    test_set = synthetic.write_test_set(tmp_path, np.zeros(20, dtype=int), ["a", "b"])
    for name, family in (("x", "classical"), ("y", "cnn")):
        synthetic.write_predictions(tmp_path, test_set, name, np.arange(20) % 3 // 2, family=family)
    text, names = drawn(tmp_path)
    assert names == ["hardest-flow", "hard-core"]
    assert "against the rest" not in text
    assert "nan" not in text.lower().split()


def test_nothing_finished(tmp_path: Path) -> None:
    synthetic.write_test_set(tmp_path, np.arange(10))
    synthetic.write_failure(tmp_path, "cnn")
    assert anatomy_page.page(summary_of(tmp_path), []) is None


def test_short_names_differ() -> None:
    titles = ["SVM on learned patches", "CNN (residual)", "LightGBM on HOG", "Random forest", "k nearest neighbours"]
    assert grids.abbreviate(titles) == ("SVM-LP", "CNN-R", "LGBM-HOG", "RF", "KNN")
    odd = grids.abbreviate(["Random forest", "Rotated flips", "", "!", "漢字", "A" * 30, "A" * 30, "x" * 30, "x"])
    assert len(set(odd)) == 9
    assert max(map(len, odd)) <= grids.ABBREVIATION


def test_grids_show_kept_pictures_only(known: Path) -> None:
    summary = summary_of(known)
    core, cnn, others = grids.core(summary), grids.cnn(summary), grids.others(summary)
    assert core is not None
    assert cnn is not None
    assert others is not None
    assert (core.images, core.kept, len(core.index)) == (14, 14, 12)
    assert set(core.index.tolist()) <= {*range(100, 110), *range(120, 124)}
    assert others.index.tolist() == [150, 151, 152]
    assert others.answers.tolist() == [[2, 2, 2], [1, 1, 1]]  # best first: the CNN, then A
    assert others.scores == pytest.approx(0.9, abs=1e-3)
    kept = records.read_test_set(known)
    assert kept is not None
    for place, index in enumerate(others.index):
        assert others.pixels[place].ravel() * 255 == pytest.approx(kept.example_images[index - 90])
    assert (
        grids.cnn(summarise(dataclasses.replace(records.read(known), records=records.read(known).records[:1]))) is None
    )


def test_bands_are_to_scale_and_leave_room_for_their_numbers(realistic: Path) -> None:
    data = flow.data(summary_of(realistic))
    assert data is not None
    assert [panel.estimator for panel in data.panels] == ["SVM on PCA", "CNN (residual)"]
    for panel in data.panels:
        assert panel.found + sum(images for _, images in panel.lost) == pytest.approx(200)
        scale = flow._scale(panel)
        places = flow._places(panel, scale)
        assert places.bottom == pytest.approx(0.01, abs=1e-3)
        for starts, side in ((places.sources, panel.gained), (places.destinations, panel.lost)):
            middles = [start - images * scale / 2 for start, (_, images) in zip(starts, side, strict=True)]
            assert all(a - b >= flow.LINE for a, b in pairwise(middles))


def test_lines_pass_where_the_scores_do(realistic: Path) -> None:
    data = ranking.data(summary_of(realistic))
    assert data is not None
    assert len(data.lines) == 5
    assert sum(line.estimator.endswith("~") for line in data.lines) == 1
    for line in data.lines:
        assert (np.diff(line.recall) >= 0).all()
        assert (np.diff(line.precision) <= 0).all()
        assert line.precision[-1] == pytest.approx(data.share, abs=0.2)


def test_the_gallery_keeps_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    y = np.arange(3_000) % 10
    pixels = np.random.default_rng(0).integers(0, 256, (len(y), 64), dtype=np.uint8)
    part = Part(pixels, y)
    data = Dataset("fashion-mnist", synthetic.CLASSES, (8, 8), part, part, "made up")
    write_scores(tmp_path, y, biased=6, scale=0.8)
    monkeypatch.setattr(gallery, "SIZE", 20)
    gallery.update(tmp_path, data)
    before = records.read_test_set(tmp_path)
    assert before is not None
    summary = summary_of(tmp_path)
    for collect in (grids.core, grids.cnn, grids.others):
        found = collect(summary)
        assert found is not None
        assert len(found.index) == min(found.images, 12)
        assert found.images > 2
    monkeypatch.setattr(gallery, "OF_A_KIND", 0)
    gallery.update(tmp_path, data)
    after = records.read_test_set(tmp_path)
    assert after is not None
    assert len(after.example_index) == gallery.SIZE
    assert set(after.example_index) < set(before.example_index)
    assert (before.example_images == pixels[before.example_index]).all()
