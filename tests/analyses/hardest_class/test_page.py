"""The hardest class: its numbers, its page and its figures, on any data set."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from benchmark import report
from benchmark.analyses.hardest_class import (
    ANALYSIS,
    always_wrong,
    confusable_classes,
    confusions,
    example_images,
    only_cnn_correct,
    thresholds,
    upper_bounds,
)
from benchmark.analyses.hardest_class.figures import confusion_flow, error_examples, roc_pr
from benchmark.analyses.hardest_class.scores import HardestClass, compute
from benchmark.analyses.hardest_class.section import section
from benchmark.datasets.dataset import Dataset, Part
from benchmark.leaderboard.summary import Summary, summarise
from benchmark.render import pages
from benchmark.render.document import Block, Heading, Section, Table, Value, markdown_of
from benchmark.render.figure import Figure, PlannedFigure, plan
from benchmark.report import assemble
from benchmark.report.example_images import store
from benchmark.storage import records
from benchmark.storage.schema import Validation
from tests import CHECKOUT
from tests import synthetic_results as synthetic

pytestmark = pytest.mark.usefixtures("drawn_once")

SECTIONS = [
    "What Shirt is mistaken for",
    "Images that every model misclassifies",
    "What only the CNN gets right",
    "Shirt against all other classes",
    "Would another threshold help?",
    "Shirt and the classes it is confused with",
    "How high could F1 go?",
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


def with_validation(folder: Path, names: Sequence[str], biased: int, scale: float = 0.4) -> HardestClass:
    y = np.arange(1500) % 10
    results = records.read(folder)
    validation = {
        (name, 0): Validation(y, scores(y, place, biased, scale))
        for place, name in enumerate(("svm", "trees", "cnn"))
        if name in names
    }
    return hardest_of(summarise(dataclasses.replace(results, validation=validation)))


def summary_of(folder: Path) -> Summary:
    return summarise(records.read(folder))


def hardest_of(summary: Summary) -> HardestClass:
    hardest = compute(summary)
    assert hardest is not None
    return hardest


def figures_of(hardest: HardestClass) -> dict[str, PlannedFigure]:
    assert ANALYSIS.figures is not None
    return plan(ANALYSIS.figures(), hardest)


def page_of(hardest: HardestClass) -> Section:
    return section(hardest, figures_of(hardest))


def headings(blocks: Sequence[Block]) -> list[str]:
    return [block.text for block in blocks if isinstance(block, Heading)]


def values(blocks: Sequence[Block]) -> list[dict[Value, list[Value]]]:
    """Return the values of each table's rows, by that of their first cell."""
    tables = [block for block in blocks if isinstance(block, Table)]
    return [{row[0].value: [cell.value for cell in row[1:]] for row in table.rows} for table in tables]


def drawn(hardest: HardestClass) -> list[str]:
    """Draw every figure of the page; return their names."""
    figures = figures_of(hardest)
    figures.pop("hardest-images", None)  # which is on the leaderboard
    for figure in figures.values():
        assert len(figure.png()) > 5_000
    return list(figures)


def one_figure(figures: Sequence[Figure], scores: Any) -> dict[str, PlannedFigure]:
    """Plan one figure of the report's: as many as a test of files needs."""
    return plan([figure for figure in figures if figure.name == "per-class-f1"], scores)


@pytest.fixture(scope="module")
def realistic(tmp_path_factory: pytest.TempPathFactory) -> HardestClass:
    folder = tmp_path_factory.mktemp("hardest")
    synthetic.write_realistic(folder, seeds=2, examples=range(2_000))
    return hardest_of(summary_of(folder))


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


def test_confusions_by_the_other_class(known: Path) -> None:
    hardest = hardest_of(summary_of(known))
    assert hardest.name == "mid"
    assert [row.title for row in hardest.rows] == ["B", "A"]
    wrong, mistaken = (confusions.errors(hardest, incoming=incoming) for incoming in (False, True))
    assert wrong.counts.tolist() == [[10, 0, 7], [20, 0, 30]]
    assert mistaken.counts.tolist() == [[0, 0, 25], [10, 0, 0]]
    assert wrong.top == mistaken.top == [2, 0]
    assert wrong.share == pytest.approx(0.552, abs=5e-4)
    assert wrong.leads_for == 1
    assert wrong.totals.tolist() == [17, 50]
    assert (wrong.fewest, wrong.most) == (0, 1)
    assert wrong.largest_difference == (2, 23)
    blocks = confusions.blocks(hardest)
    wrong_table, mistaken_table, pairs = values(blocks)
    assert wrong_table == {"B": [7, 10], "A": [30, 20]}
    assert mistaken_table == {"B": [25, 0], "A": [0, 10]}
    assert pairs == {"mid ↔ right": ["A", 30, "B", 32, 1 - 30 / 32], "mid ↔ left": ["B", 10, "A", 30, 1 - 10 / 30]}
    table = next(block for block in blocks if isinstance(block, Table))
    assert [cell.text for cell in table.rows[0][1:]] == ["**7** (7.0 %)", "**10** (10.0 %)"]
    assert [cell.text for cell in table.rows[1][1:]] == ["30 (30.0 %)", "20 (20.0 %)"]


def test_images_that_every_estimator_misclassifies(known: Path) -> None:
    hardest = hardest_of(summary_of(known))
    # Both misclassify 100 to 109, as left, and 120 to 123, as right.
    assert set(hardest.categories.always_wrong.tolist()) == {*range(100, 110), *range(120, 124)}
    wrong = always_wrong.compute(hardest)
    assert np.bincount(wrong.labels).tolist() == [10, 0, 4]
    assert wrong.same_answer.all()
    answers, agreement = values(always_wrong.blocks(hardest))
    assert answers == {"left": [10, 10 / 14, 10], "right": [4, 4 / 14, 4]}
    assert agreement == {2: [14]}


def test_images_that_only_the_cnn_gets_right(known: Path) -> None:
    hardest = hardest_of(summary_of(known))
    # B alone misclassifies 150 to 152, A alone 36 others.
    only_cnn, only_others = hardest.categories.only_cnn_correct, hardest.categories.only_others_correct
    assert (len(only_cnn), only_others.tolist()) == (36, [150, 151, 152])
    assert only_cnn_correct.most_common_error(hardest, only_cnn, cnn=False) == (2, 26)
    assert only_cnn_correct.most_common_error(hardest, only_others, cnn=True) == (2, 3)
    result = only_cnn_correct.head_to_head(hardest)
    assert result is not None
    assert (result.both, result.only_cnn, result.only_classical, result.neither) == (47, 36, 3, 14)
    assert result.recall_difference.estimate == pytest.approx(0.33)
    assert result.recall_difference.low > 0
    (table,) = values(only_cnn_correct.blocks(hardest))
    assert table == {"B": [83, 36, 36, None], "A": [50, 3, None, 3]}


def test_the_page_has_all_sections_and_figures(realistic: HardestClass) -> None:
    page = page_of(realistic)
    assert (page.file, page.title) == ("shirt.md", "Where Shirt fails")
    assert headings(page.blocks) == [text for text in SECTIONS if "threshold" not in text]  # no validation scores here
    assert list(figures_of(realistic)) == [
        "hardest-images",
        "hardest-flow",
        "always-misclassified",
        "found-by-cnn-only",
        "found-by-others-only",
        "hardest-ranking",
    ]
    text = markdown_of(page.blocks)
    assert len(re.findall(r"^!\[.{30,}\]\(figures/.+\.png\)$", text, flags=re.M)) == 5
    assert "nan" not in text.lower().split()


def test_every_number_in_a_table_is_a_value(realistic: HardestClass, tmp_path: Path) -> None:
    write_scores(tmp_path, np.arange(1000) % 10, biased=6)
    hardest = with_validation(tmp_path, ("svm", "trees", "cnn"), biased=6)
    tables = [block for block in page_of(realistic).blocks if isinstance(block, Table)]
    tables += [block for block in thresholds.blocks(hardest) if isinstance(block, Table)]
    assert len(tables) == 12
    for table in tables:
        for row in table.rows:
            for column, cell in zip(table.columns, row, strict=True):
                assert isinstance(cell.value, int | float if column.numeric else str | int) or cell.text == "—"
                if column.header.endswith("interval)"):
                    assert cell.interval is not None
                    assert cell.interval[0] <= cell.value <= cell.interval[1]


def test_the_page_is_checked_and_a_stale_one_is_removed(known: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assemble, "plan", one_figure)
    report.write(known)
    assert report.check(known) == []
    ours = {path.name for path in known.glob("*.md")}
    assert "mid.md" in ours
    (known / "mid.md").write_text((known / "mid.md").read_text().replace("47", "48"))
    (known / "notes.md").write_text(pages.mark("mid.md") + "\nmy copy")
    (known / "trouser.md").write_text(pages.mark("trouser.md") + "\n\n# Where Trouser fails")
    (known / "coat.md").write_text("# My coat")
    assert report.check(known) == ["mid.md", "trouser.md"]
    report.write(known)
    assert report.check(known) == []
    assert {path.name for path in known.glob("*.md")} == ours | {"notes.md", "coat.md"}


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
    assert pages.class_page(name, 6) == file
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,60}\.md", file)
    assert pages.is_ours(file, pages.mark(file).encode() + b"\n")
    assert not pages.is_ours("other.md", pages.mark(file).encode())


def test_no_class_takes_the_name_of_another_page() -> None:
    others = {path.name for path in (CHECKOUT / "results" / "fashion-mnist").glob("*.md")} - {"shirt.md"}
    assert "significance.md" in others
    assert {pages.class_page(Path(name).stem, 6) for name in others} == {f"class-{name}" for name in others}


@pytest.mark.parametrize("name", ["../x", "leaderboard", "", "漢"])
def test_a_hostile_class_stays_in_the_folder(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assemble, "plan", one_figure)
    folder = tmp_path / "a" / "results"
    y = np.arange(90) % 3
    test_set = synthetic.write_test_set(folder, y, ["ok", name, "fine"])
    synthetic.write_predictions(folder, test_set, "x", np.where((y == 1) & (np.arange(90) < 40), 2, y))
    written = report.write(folder)
    assert pages.class_page(name, 1) in {path.name for path in written}
    assert {path.parent for path in written} == {folder, folder / "figures"}
    assert report.check(folder) == []


def test_a_wrong_threshold_is_corrected_on_validation_rows(
    tmp_path: Path, file_regression: FileRegressionFixture
) -> None:
    write_scores(tmp_path, np.arange(1000) % 10, biased=6)
    assert thresholds.blocks(hardest_of(summary_of(tmp_path))) == []
    hardest = with_validation(tmp_path, ("svm", "cnn"), biased=6)
    assert "Would another threshold help?" in headings(page_of(hardest).blocks)
    changes = thresholds.compute(hardest, thresholds.class_f1(hardest))
    by_name = dict(zip([row.name for row in hardest.rows], changes.by_row, strict=True))
    assert by_name["trees"] is None  # whose validation scores are not stored
    assert (changes.better, changes.worse, len(changes.known), changes.help) == (2, 0, 2, True)
    change, row = by_name["svm"], next(row for row in hardest.rows if row.name == "svm")
    assert change is not None
    (factor,) = change.factors
    assert 2.0 < factor < 3.2  # 0.4 is undone by 2.5
    raw = row.proba[0].astype(float)
    raw[:, 6] *= factor
    positive, is_shirt = raw.argmax(axis=1) == 6, hardest.summary.test_set.y == 6
    after = 2 * (positive & is_shirt).sum() / (positive.sum() + is_shirt.sum())
    assert change.gain.estimate == pytest.approx(after - row.f1[6])
    assert change.gain.estimate > 0.1
    blocks = thresholds.blocks(hardest)
    table, _ = values(blocks)
    assert set(table["TREES"]) == {None}
    assert table["SVM"][:3] == pytest.approx([factor, row.f1[6], change.gain.estimate])
    file_regression.check(markdown_of(blocks) + "\n", basename="thresholds", extension=".md", encoding="utf-8")


def test_a_right_threshold_is_not_changed(tmp_path: Path) -> None:
    write_scores(tmp_path, np.arange(1000) % 10, biased=6, scale=0.9)
    hardest = with_validation(tmp_path, ("svm", "trees", "cnn"), biased=6, scale=0.9)
    changes = thresholds.compute(hardest, thresholds.class_f1(hardest))
    assert len(changes.known) == 3
    assert not changes.help


def test_the_confusable_classes_as_a_smaller_problem(known: Path, realistic: HardestClass) -> None:
    assert confusable_classes.compute(hardest_of(summary_of(known))) is None  # they are all three classes
    group = confusable_classes.compute(realistic)
    assert group is not None
    assert group.labels == (0, 2, 3, 4, 6)
    y = realistic.summary.test_set.y
    inside = np.isin(y, group.labels)
    assert group.n_images == inside.sum()
    for row, restricted in zip(realistic.rows, group.by_row, strict=True):
        answers = np.array(group.labels)[row.proba[:, inside][:, :, group.labels].argmax(axis=2)]
        assert restricted.accuracy.estimate == pytest.approx((answers == y[inside]).mean())
        assert restricted.all_answers == pytest.approx(row.correct[inside].mean())
        positive, shirt = answers == 6, y[inside] == 6
        f1 = np.mean([2 * (seed & shirt).sum() / (seed.sum() + shirt.sum()) for seed in positive])
        assert restricted.f1[-1] == pytest.approx(f1)


def test_the_upper_bounds(known: Path) -> None:
    hardest = hardest_of(summary_of(known))
    oracle, unanimous, shared = (estimate.bound for estimate in upper_bounds.estimates(hardest))
    assert oracle == (100, 14, 0)
    assert (oracle.recall, oracle.f1) == pytest.approx((0.86, 2 * 86 / 186))
    # The better half of two is B alone: what it misses and mistakes.
    assert unanimous == (100, 17, 25)
    assert (unanimous.recall, unanimous.f1) == pytest.approx((0.83, 2 * 83 / (200 - 17 + 25)))
    missed = 14 - 36 * 3 / 47
    assert shared == (100, pytest.approx(missed), 0)
    assert (shared.recall, shared.f1) == pytest.approx((1 - missed / 100, 2 * (100 - missed) / (200 - missed)))
    assert hardest.best.title == "B"
    assert hardest.best.f1[1] == pytest.approx(0.798, abs=5e-4)


@pytest.mark.parametrize("family", ["classical", "cnn", "other"])
def test_one_estimator_and_two_classes(tmp_path: Path, family: str) -> None:
    y = np.arange(60) % 2
    test_set = synthetic.write_test_set(tmp_path, y, ["no", "yes"], dataset="digits")
    synthetic.write_predictions(tmp_path, test_set, "one", np.where(np.arange(60) < 5, 1 - y, y), family=family)
    hardest = hardest_of(summary_of(tmp_path))
    assert len(hardest.categories.always_wrong) == 3
    assert upper_bounds.estimates(hardest) == ()
    assert headings(page_of(hardest).blocks) == [text.replace("Shirt", "no") for text in (*SECTIONS[:2], SECTIONS[3])]
    assert drawn(hardest) == ["hardest-flow", "always-misclassified", "hardest-ranking"]


def test_no_errors_at_all(tmp_path: Path) -> None:
    y = np.arange(60) % 3
    test_set = synthetic.write_test_set(tmp_path, y, ["a", "b", "c"])
    for name, family in (("x", "classical"), ("y", "cnn")):
        synthetic.write_predictions(tmp_path, test_set, name, y, family=family)
    assert compute(summary_of(tmp_path)) is None
    hardest = HardestClass(summary_of(tmp_path), 0)  # what would be said of one that was called so
    assert drawn(hardest) == ["hardest-ranking"]
    assert not confusions.errors_in_both_directions(hardest).counts.any()
    assert [type(block) for block in confusions.blocks(hardest)] == [str]
    assert len(hardest.categories.always_wrong) == 0
    assert [type(block) for block in always_wrong.blocks(hardest)] == [str]
    assert {estimate.bound.f1 for estimate in upper_bounds.estimates(hardest)} == {1.0}
    assert "nan" not in markdown_of(page_of(hardest).blocks).lower().split()


def test_one_class_alone_in_the_test_set(tmp_path: Path) -> None:
    test_set = synthetic.write_test_set(tmp_path, np.zeros(20, dtype=int), ["a", "b"])
    for name, family in (("x", "classical"), ("y", "cnn")):
        synthetic.write_predictions(tmp_path, test_set, name, np.arange(20) % 3 // 2, family=family)
    hardest = hardest_of(summary_of(tmp_path))
    page = page_of(hardest)
    assert drawn(hardest) == ["hardest-flow", "always-misclassified"]
    assert "a against all other classes" not in headings(page.blocks)
    assert "nan" not in markdown_of(page.blocks).lower().split()


def test_nothing_finished(tmp_path: Path) -> None:
    synthetic.write_test_set(tmp_path, np.arange(10))
    synthetic.write_failure(tmp_path, "cnn")
    assert compute(summary_of(tmp_path)) is None


def test_short_names_differ() -> None:
    titles = ["SVM on learned patches", "CNN (residual)", "LightGBM on HOG", "Random forest", "k nearest neighbours"]
    assert error_examples.abbreviate(titles) == ("SVM-LP", "CNN-R", "LGBM-HOG", "RF", "KNN")
    odd = error_examples.abbreviate(
        ["Random forest", "Rotated flips", "", "!", "漢字", "A" * 30, "A" * 30, "x" * 30, "x"]
    )
    assert len(set(odd)) == 9
    assert max(map(len, odd)) <= error_examples.ABBREVIATION


def test_grids_show_only_images_with_stored_pixels(known: Path) -> None:
    hardest = hardest_of(summary_of(known))
    wrong, cnn, others = (
        choose(hardest)
        for choose in (error_examples.always_wrong, error_examples.only_cnn_correct, error_examples.only_others_correct)
    )
    assert wrong is not None
    assert cnn is not None
    assert others is not None
    assert (wrong.images, wrong.stored, len(wrong.index)) == (14, 14, 12)
    assert set(wrong.index.tolist()) <= {*range(100, 110), *range(120, 124)}
    assert others.index.tolist() == [150, 151, 152]
    assert others.answers.tolist() == [[2, 2, 2], [1, 1, 1]]  # best first: the CNN, then A
    assert others.scores == pytest.approx(0.9, abs=1e-3)
    test_set = records.read_test_set(known)
    assert test_set is not None
    for place, index in enumerate(others.index):
        assert others.pixels[place].ravel() * 255 == pytest.approx(test_set.example_images[index - 90])
    results = records.read(known)
    alone = summarise(dataclasses.replace(results, records=results.records[:1]))
    assert error_examples.only_cnn_correct(hardest_of(alone)) is None


def test_bands_are_to_scale_and_leave_room_for_their_numbers(realistic: HardestClass) -> None:
    data = confusion_flow.data(realistic)
    assert data is not None
    assert [panel.estimator for panel in data.panels] == ["SVM on PCA", "CNN (residual)"]
    for panel in data.panels:
        assert panel.correct + sum(images for _, images in panel.missed) == pytest.approx(200)
        scale = confusion_flow._scale(panel)
        places = confusion_flow._places(panel, scale)
        assert places.bottom == pytest.approx(0.01, abs=1e-3)
        for starts, side in ((places.sources, panel.mistaken), (places.destinations, panel.missed)):
            middles = [start - images * scale / 2 for start, (_, images) in zip(starts, side, strict=True)]
            assert all(a - b >= confusion_flow.LINE for a, b in pairwise(middles))


def test_curves_agree_with_the_scores(realistic: HardestClass) -> None:
    data = roc_pr.data(realistic)
    assert data is not None
    assert len(data.lines) == 5
    assert sum(line.estimator.endswith("~") for line in data.lines) == 1
    for line in data.lines:
        assert (np.diff(line.recall) >= 0).all()
        assert (np.diff(line.precision) <= 0).all()
        assert line.precision[-1] == pytest.approx(data.share, abs=0.2)


def test_the_pixels_of_shown_images_are_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    y = np.arange(3_000) % 10
    pixels = np.random.default_rng(0).integers(0, 256, (len(y), 64), dtype=np.uint8)
    part = Part(pixels, y)
    data = Dataset("fashion-mnist", synthetic.CLASSES, (8, 8, 1), part, part, "made up")
    write_scores(tmp_path, y, biased=6, scale=0.8)
    monkeypatch.setattr(example_images, "SIZE", 20)
    store(tmp_path, data)
    before = records.read_test_set(tmp_path)
    assert before is not None
    hardest = hardest_of(summary_of(tmp_path))
    for choose in (error_examples.always_wrong, error_examples.only_cnn_correct, error_examples.only_others_correct):
        shown = choose(hardest)
        assert shown is not None
        assert len(shown.index) == min(shown.images, 12)
        assert shown.images > 2
    monkeypatch.setattr(example_images, "PER_CATEGORY", 0)
    store(tmp_path, data)
    after = records.read_test_set(tmp_path)
    assert after is not None
    assert len(after.example_index) == example_images.SIZE
    assert set(after.example_index) < set(before.example_index)
    assert (before.example_images == pixels[before.example_index]).all()
