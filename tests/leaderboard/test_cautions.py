"""What a reader must know before relying on any row: copies, rows of no use, classes not found, other test images."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import fisher_exact

from benchmark import report
from benchmark.leaderboard import about_pictures, cautions
from benchmark.leaderboard.summary import MANY_COPIES, Summary, summarise
from benchmark.leaderboard.verdict import WIDE, blocks, decide
from benchmark.metrics.scores import HARDEST_IMAGES
from benchmark.render.document import Bullets, markdown_of
from benchmark.storage import records
from tests import synthetic_results as synthetic

Write = Callable[..., None]

SAME = {"validation_accuracy": None, "fit_rows": 600}


def summary(folder: Path) -> Summary:
    return summarise(records.read(folder))


def with_fields(folder: Path, **changes: object) -> None:
    """Write the folder's test set again, with changes."""
    test_set = records.read_test_set(folder)
    assert test_set is not None
    records.write_test_set(folder, dataclasses.replace(test_set, **changes))


def right_on(y: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Answers that are right where `right`, and else another class of the three."""
    return np.where(right, y, (y + 1) % 3)


def bullets(folder: Path) -> tuple[str, ...]:
    (found,) = (block for block in blocks(summary(folder)) if isinstance(block, Bullets))
    return found.items


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The public set of the issue: 251 of 394 test images are copies; 0.777 with them, 0.385 without."""
    y = np.concatenate([np.repeat([0, 1, 2], [100, 100, 51]), np.repeat([0, 1, 2], [82, 40, 21])])
    test_set = synthetic.write_test_set(tmp_path, y, ["zero", "one", "two"], n_train=600)
    right = np.arange(394) < 251 + 55
    synthetic.write_predictions(tmp_path, test_set, "svm", right_on(y, right), title="SVM", **SAME)
    net = right.copy()
    net[260:265] = False
    synthetic.write_predictions(tmp_path, test_set, "net", right_on(y, net), title="Net", family="cnn", **SAME)
    with_fields(tmp_path, copies=np.arange(251))
    return tmp_path


def test_without_the_copies_the_verdict_comes_first(copied: Path) -> None:
    first, without, *rest, last = bullets(copied)
    assert first == (
        "**Copies**: 251 of 394 test images (63.7 %) have the pixels of a training image, and a model that remembers "
        "is right on them. Accuracy without them, on 143 images: *SVM* 0.3846 (with them 0.7766); *Net* 0.3497 (with "
        "them 0.7640); always answering “zero” has 0.5734."
    )
    assert without.startswith("**Accuracy without the copies**: ")
    assert "*SVM*, 0.3846" in without
    assert last.startswith("**Accuracy with the copies**, which says little: ")
    assert "*SVM*, 0.7766" in last
    # What is recommended, and warned of, is without them, too.
    assert rest[0].startswith("**No row is better than always answering “zero”**, which has an accuracy of 0.5734.")
    assert "143 test images" in rest[0]
    assert [text.split("**")[1] for text in rest[-2:]] == ["Cost", "Pick"]


def test_the_scores_without_copies_are_those_of_the_other_images(copied: Path) -> None:
    found = summary(copied)
    left = found.without_copies
    assert left is not None
    assert [row.accuracy.estimate for row in left.scored] == [55 / 143, 50 / 143]
    assert left.n_test == 143
    # The time of 1,000 images is that of 1,000 images, however many are counted.
    times = [row.predict_seconds_per_1000 for row in (*found.scored, *left.scored)]
    assert times == pytest.approx([2.0 * 1000 / 394] * 4)


def test_few_copies_are_told_below_the_verdict(copied: Path) -> None:
    few = int(MANY_COPIES * 394)  # one more would be many
    with_fields(copied, copies=np.arange(few))
    found = summary(copied)
    assert found.without_copies is None
    assert not any("copies" in text.lower() for text in bullets(copied))
    (told,) = (text for text in about_pictures.sentences(found) if "have the pixels" in text)
    assert "19 of 394 test images (4.8 %) have the pixels of a training image" in told
    assert f"*SVM* {(251 + 55 - 19) / 375:.4f} (with them 0.7766)" in told
    with_fields(copied, copies=np.arange(few + 1))
    assert summary(copied).without_copies is not None


def test_no_score_counts_where_every_test_image_is_a_copy(copied: Path) -> None:
    with_fields(copied, copies=np.arange(394))
    first, *rest = bullets(copied)
    assert first.endswith("so no score here says how a model does on new images. Give other test images.")
    assert not any("without the copies" in text for text in rest)


@pytest.fixture
def three(tmp_path: Path) -> tuple[np.ndarray, Write]:
    """300 test images of three classes (150, 90, 60); writes a row of given answers."""
    y = np.repeat([0, 1, 2], [150, 90, 60])
    test_set = synthetic.write_test_set(tmp_path, y, ["zero", "one", "two"], n_train=600)

    def write(name: str, predicted: np.ndarray, **changes: object) -> None:
        synthetic.write_predictions(tmp_path, test_set, name, predicted, **{"title": name, **SAME, **changes})

    return y, write


def test_no_row_better_than_one_answer(three: tuple[np.ndarray, Write], tmp_path: Path) -> None:
    y, write = three
    write("svm", np.where(np.arange(300) % 2, y, 0))  # 0.75
    assert cautions.sentences(summary(tmp_path)) == []
    write("svm", np.where(np.arange(300) < 154, y, 0))  # right on all of class 0 and 4 of class 1: 0.5133
    lead = cautions.best_over_constant(summary(tmp_path))
    assert lead is not None
    assert lead.estimate == pytest.approx(4 / 300)
    assert lead.low < 0 < lead.high
    (constant, classes) = cautions.sentences(summary(tmp_path))
    assert constant.startswith("**No row is better than always answering “zero”**, which has an accuracy of 0.5000.")
    assert "The best row, *svm*, has 0.5133, a difference of 1.3 points" in constant
    assert classes.startswith("**No row finds “two” (60 test images)**")
    # One row that is better is enough.
    write("net", np.where(np.arange(300) % 2, y, 0), family="cnn")
    assert cautions.best_over_constant(summary(tmp_path)) is None


def test_no_row_better_than_nearest_neighbours(three: tuple[np.ndarray, Write], tmp_path: Path) -> None:
    y, write = three
    images = np.arange(300)
    write("svm", right_on(y, images % 10 > 2))  # 0.7
    assert cautions.neighbours_unbeaten(summary(tmp_path)) is None  # that row is not there
    write("knn", right_on(y, images % 10 > 1), title="k nearest neighbours")  # 0.8
    found = summary(tmp_path)
    assert cautions.neighbours_unbeaten(found) is found.scored[0]
    (text,) = cautions.sentences(found)
    assert text.startswith("**No row is better than *k nearest neighbours***, 0.8000, which looks up the most similar")
    write("net", right_on(y, images % 10 > 0), family="cnn")  # 0.9
    assert cautions.sentences(summary(tmp_path)) == []


def test_nearest_neighbours_alone_are_compared_with_nothing(three: tuple[np.ndarray, Write], tmp_path: Path) -> None:
    y, write = three
    write("knn", right_on(y, np.arange(300) % 10 > 1))
    assert cautions.neighbours_unbeaten(summary(tmp_path)) is None


def test_a_class_that_no_row_finds(three: tuple[np.ndarray, Write], tmp_path: Path) -> None:
    y, write = three
    none = np.where(y == 2, 1, y)
    write("svm", none)
    one = none.copy()
    one[299] = 2  # one of 60: F1 0.033
    write("net", one, family="cnn")
    found = summary(tmp_path)
    assert cautions.not_found(found) == [2]
    (text,) = cautions.sentences(found)
    assert text == (
        "**No row finds “two” (60 test images)**: F1 is below 0.05 in every row. So every model here misses it: give "
        "more training images of it, or check the labels."
    )
    one[298] = 2  # two of 60: F1 0.065
    write("net", one, family="cnn")
    assert cautions.sentences(summary(tmp_path)) == []


def test_of_many_classes_that_no_row_finds_five_are_named(tmp_path: Path) -> None:
    y = np.arange(200) % 20
    test_set = synthetic.write_test_set(tmp_path, y, [f"class {label}" for label in range(20)], n_train=600)
    synthetic.write_predictions(tmp_path, test_set, "svm", np.where(y < 8, 9, y), **SAME)
    (text,) = cautions.sentences(summary(tmp_path))
    assert "“class 4” (10 test images) and 3 more**" in text
    assert "class 5" not in text


@pytest.mark.parametrize(
    ("validated", "rows", "says"),
    [
        (0.78, 200, "*svm* is 23.0 points lower on test images (0.5500 of 300) than on validation rows"),
        (0.30, 200, "*svm* is 25.0 points higher on test images (0.5500 of 300) than on validation rows"),
        (0.78, 8, ""),  # so few validation rows are no proof
        (None, 200, ""),
    ],
)
def test_validation_and_test_apart(
    three: tuple[np.ndarray, Write], tmp_path: Path, validated: float | None, rows: int, says: str
) -> None:
    y, write = three
    write("svm", right_on(y, np.arange(300) % 20 < 11), validation_accuracy=validated, validation_rows=rows)
    text = " ".join(text for text in cautions.sentences(summary(tmp_path)) if "images differ" in text)
    assert says in text
    assert bool(text) == bool(says)
    if says:
        assert text.startswith("**The test images differ from the training images**: ")


@pytest.mark.parametrize(("fitted", "said"), [(80, True), (79, False)])
def test_a_refit_on_more_rows_may_be_better_on_test_images(
    three: tuple[np.ndarray, Write], tmp_path: Path, fitted: int, said: bool
) -> None:
    y, write = three
    rows = {"validation_fit_rows": fitted, "fit_rows": 100}
    write("svm", right_on(y, np.arange(300) % 20 < 11), validation_accuracy=0.30, validation_rows=200, **rows)
    assert (cautions.drift(summary(tmp_path)) is not None) == said
    write("svm", right_on(y, np.arange(300) % 20 < 11), validation_accuracy=0.78, validation_rows=200, **rows)
    assert cautions.drift(summary(tmp_path)) is not None


def test_a_small_difference_changes_no_decision(
    three: tuple[np.ndarray, Write], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    y, write = three
    write("svm", right_on(y, np.arange(300) % 20 < 11), validation_accuracy=0.78, validation_rows=200)
    monkeypatch.setattr(cautions, "APART", 0.22)
    assert cautions.drift(summary(tmp_path)) is not None
    monkeypatch.setattr(cautions, "APART", 0.24)
    assert cautions.drift(summary(tmp_path)) is None


def test_the_best_of_many_trials_is_expected_to_lose_a_little(three: tuple[np.ndarray, Write], tmp_path: Path) -> None:
    """The p-value of a drop is that of Fisher's test times the trials that the winner is the best of."""
    y, write = three
    fields = {"validation_accuracy": 0.675, "validation_rows": 200}
    p = fisher_exact([[135, 65], [165, 135]]).pvalue
    assert p < 0.01
    (trial, *_) = synthetic.trials()
    write("svm", right_on(y, np.arange(300) % 20 < 11), trials=(trial,), **fields)
    found = cautions.drift(summary(tmp_path))
    assert found is not None
    assert found.p == pytest.approx(p)
    write("svm", right_on(y, np.arange(300) % 20 < 11), trials=(trial,) * 25, **fields)
    assert cautions.drift(summary(tmp_path)) is None


def test_a_wide_interval_is_no_tie(tmp_path: Path) -> None:
    """46 test images, as of the brain scans: cost does not settle what accuracy leaves open."""
    y = np.arange(46) % 2
    test_set = synthetic.write_test_set(tmp_path, y, ["no", "yes"], n_train=600)
    a, b = y.copy(), y.copy()
    a[:10], b[6:18] = 1 - y[:10], 1 - y[6:18]
    synthetic.write_predictions(tmp_path, test_set, "a", a, title="A", **SAME)
    synthetic.write_predictions(tmp_path, test_set, "b", b, title="B", family="cnn", **SAME | {"fit_seconds": 60.0})
    found = summary(tmp_path)
    verdict = decide(found)
    assert verdict.outcome == "too few"
    half = (verdict.lead.difference.high - verdict.lead.difference.low) / 2
    assert half > WIDE
    assert verdict.cheapest is None
    assert verdict.cheapest_of_best is None
    assert [row.name for row in verdict.picks.uncertain] == ["b"]
    text = markdown_of(blocks(found))
    assert "**this cannot be decided with 46 test images.** The classical pipeline leads by 4.3 points, but" in text
    needed = 46 * (half / WIDE) ** 2
    assert f"About {int(float(f'{needed:.1e}')):,} test images would narrow it to ±5 points." in text
    assert "**Cost**: *B*, compared with *A*, is 2.0 times slower to fit" in text
    assert "**Pick**: none yet. *A* has the highest accuracy (0.7826), but 46 test images are too few" in text
    assert " tie" not in text


def test_a_narrow_interval_is_a_tie(tmp_path: Path) -> None:
    y = np.arange(2_000) % 2
    test_set = synthetic.write_test_set(tmp_path, y, ["no", "yes"], n_train=600)
    a, b = y.copy(), y.copy()
    a[:200], b[6:210] = 1 - y[:200], 1 - y[6:210]
    synthetic.write_predictions(tmp_path, test_set, "a", a, **SAME)
    synthetic.write_predictions(tmp_path, test_set, "b", b, family="cnn", **SAME)
    verdict = decide(summary(tmp_path))
    assert verdict.outcome == "tie"
    assert verdict.picks.uncertain == ()


@pytest.mark.parametrize(
    ("images", "says"),
    [
        ((60, 30, HARDEST_IMAGES - 1), "1 class has fewer than 20 test images, too few to be called the hardest."),
        ((60, 30, HARDEST_IMAGES), None),
        ((9, 9, 9), "No class has 20 test images, so none is called the hardest."),
    ],
)
def test_the_hardest_class_has_enough_images(tmp_path: Path, images: tuple[int, ...], says: str | None) -> None:
    y = np.repeat([0, 1, 2], images)
    test_set = synthetic.write_test_set(tmp_path, y, ["zero", "one", "two"], n_train=600)
    answers = np.where(y == 2, 0, y)  # the smallest class has the lowest F1
    answers[-1] = 2
    synthetic.write_predictions(tmp_path, test_set, "svm", answers, **SAME)
    found = summary(tmp_path)
    assert found.hardest == (None if max(images) < HARDEST_IMAGES else 0 if says else 2)
    pages = report.texts(tmp_path)
    text = pages["leaderboard.md"].decode()
    assert "## F1 of each class" in text
    assert says is None or says in text
    assert says is not None or "called the hardest" not in text
    assert ("| F1 of " in text) == (found.hardest is not None)
    assert ("F1 of " in pages["method.md"].decode()) == (found.hardest is not None)
    (row,) = csv.DictReader(io.StringIO(pages["leaderboard.csv"].decode()))
    assert row["hardest_class"] == ("" if found.hardest is None else found.class_names[found.hardest])
    assert bool(row["hardest_class_f1"]) == (found.hardest is not None)


def test_what_the_loader_did_is_on_both_pages(three: tuple[np.ndarray, Write], tmp_path: Path) -> None:
    y, write = three
    write("svm", np.where(np.arange(300) % 2, y, 0))
    assert "About these pictures" not in report.texts(tmp_path)["leaderboard.md"].decode()
    assert "**Reading**" not in report.texts(tmp_path)["method.md"].decode()
    with_fields(
        tmp_path,
        read_as="900 pictures, brought whole to 8 by 8 pixels, grey",
        remarks=(
            "2 of 902 pictures are left out: a_b.png (truncated)",
            "there is no test part, so a fifth is split off",
        ),
    )
    pages = report.texts(tmp_path)
    about = pages["leaderboard.md"].decode().split("## About these pictures\n")[1].split("\n## ")[0]
    assert about.strip().splitlines() == [
        "- 600 training and 300 test images, 8 by 8 pixels, grey.",
        "- 900 pictures, brought whole to 8 by 8 pixels, grey.",
        r"- 2 of 902 pictures are left out: a\_b.png (truncated).",
        "- there is no test part, so a fifth is split off.",
    ]
    assert (
        "**Reading**: 900 pictures, brought whole to 8 by 8 pixels, grey. 2 of 902 pictures are left out"
        in pages["method.md"].decode()
    )
    page = report.render(tmp_path)["leaderboard.html"].decode()
    assert "About these pictures" in page
    assert "there is no test part, so a fifth is split off" in page
