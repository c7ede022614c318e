"""Learning curves: which rows, what is kept on disk, and the sentence that people come for."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from benchmark import claim, curve, curve_record, datasets, declaration, metrics, plain, protocol, records, report, work
from benchmark.curve_record import Held
from benchmark.datasets import arrays
from benchmark.errors import BenchmarkError, EngineError
from benchmark.estimator import Task
from benchmark.jobs import Describe, Job, Limits, Outcome
from benchmark.lanes import Stop
from benchmark.metrics import Interval
from benchmark.protocol import PRESETS
from benchmark.report import crossing
from benchmark.report.learned import Learned, Size, Stand, by_rows, by_seconds
from benchmark.resources import Resources
from tests import synthetic_results as synthetic
from tests.conftest import benchmark
from tests.plugin_lab import GOOD, checkout
from tests.running import SMOKE, WAITS, Program, eventually, on_a_terminal
from tests.test_report import cells, page

LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(10), 6_000))

# --- which rows


def test_subsets_of_a_seed_are_nested_stratified_and_its_own() -> None:
    preset = PRESETS["standard"]
    orders = [protocol.final_rows(LABELS, preset, draw) for draw in range(max(protocol.CURVE_SEEDS))]
    assert (orders[0] == protocol.final_rows(LABELS, preset)).all()
    for rows in protocol.CURVE_ROWS:
        drawn = [set(order[:rows].tolist()) for order in orders]
        for order in orders:
            counts = np.bincount(LABELS[order[:rows]], minlength=10)
            assert counts.max() - counts.min() <= 1
        # Two draws of 100 of 60,000 share next to nothing, two of 30,000 about half.
        assert len(drawn[0] & drawn[1]) < rows * (rows / 60_000 + 0.1)


def test_the_smallest_subsets_lie_in_the_rows_of_a_smaller_refit_too() -> None:
    order = protocol.final_rows(LABELS, PRESETS["quick"])
    assert set(protocol.final_rows(LABELS, PRESETS["standard"])[:1_000].tolist()) <= set(order.tolist())


def test_small_sizes_have_more_seeds_and_the_refits_own_size_is_left_to_the_record() -> None:
    points = protocol.curve_points(60_000)
    seeds = {rows: [seed for at, seed in points if at == rows] for rows, _ in points}
    assert {rows: len(found) for rows, found in seeds.items()} == dict(
        zip(protocol.CURVE_ROWS, protocol.CURVE_SEEDS, strict=True)
    )
    assert [rows for rows, _ in points] == sorted(rows for rows, _ in points)
    assert {rows for rows, _ in protocol.curve_points(1_000)} == {100, 300}
    assert protocol.curve_points(100) == ()
    assert len(protocol.curve_points(60_000, 1)) == 6
    assert [len([0 for at, _ in protocol.curve_points(60_000, 9) if at == rows]) for rows in protocol.CURVE_ROWS] == [
        9,
        9,
        9,
        3,
        1,
        1,
    ]


# --- the sentence


def size(family: str, rows: int, accuracies: Sequence[float] = (0.8,), seconds: float = 1.0) -> Size:
    # Each family gets other images wrong, as in life; so half a point of 1,000 images is not resolved.
    images = np.roll(np.arange(1_000), 500 * (family == "cnn"))
    right = np.stack([images < round(1_000 * accuracy) for accuracy in accuracies])
    return Size(family.upper(), family, rows, tuple(range(len(right))), right, seconds)


def stands(*leads: tuple[int, float]) -> list[Stand]:
    """Return stands of these rows and leads; a lead below 0.02 is not resolved."""
    return [
        Stand(rows, size("classical", rows), size("cnn", rows), Interval(lead, lead - 0.02, lead + 0.02))
        for rows, lead in leads
    ]


def of_rows(*leads: tuple[int, float]) -> str:
    """Return the sentence without its last part, which names the best at both ends."""
    text = crossing.of_rows(stands(*leads))
    head, ends = text.rsplit(" At ", 1)
    assert ends.endswith("*CLASSICAL* 0.800 against *CNN* 0.800.")
    return head


ROWS: dict[str, tuple[list[tuple[int, float]], str]] = {
    "one crossing": (
        [(100, -0.2), (300, -0.1), (1_000, -0.05), (3_000, 0.05), (10_000, 0.1)],
        "**Up to 1,000 training images a classical model wins; from 3,000 on the CNN does.** "
        "They cross between 1,000 and 3,000 (about 1,700).",
    ),
    "within the noise where they cross": (
        [(100, -0.2), (300, -0.1), (1_000, -0.01), (3_000, 0.01), (10_000, 0.1)],
        "**Up to 300 training images a classical model wins; at 10,000 the CNN does.** "
        "They cross between 300 and 10,000 (about 1,700). From 1,000 to 3,000 the difference is within what other test "
        "images and other seeds would change.",
    ),
    "to and fro within the noise": (
        [(100, -0.2), (300, 0.01), (1_000, -0.01), (3_000, 0.2)],
        "**At 100 training images a classical model wins; at 3,000 the CNN does.** They cross between 100 and "
        "3,000. From 300 to 1,000 the difference is within what other test images and other seeds would change.",
    ),
    "the other way round": (
        [(100, 0.1), (300, 0.1), (1_000, -0.1), (3_000, -0.2)],
        "**Up to 300 training images the CNN wins; from 1,000 on a classical model does.** "
        "They cross between 300 and 1,000 (about 550).",
    ),
    "never": (
        [(100, -0.2), (300, -0.1), (1_000, -0.05)],
        "**A classical model wins at every size from 100 to 1,000 training images**: the CNN never does.",
    ),
    "always": (
        [(100, 0.2), (300, 0.1), (1_000, 0.05)],
        "**The CNN wins at every size from 100 to 1,000 training images**: a classical model never does.",
    ),
    "caught up with, but not overtaken": (
        [(100, -0.2), (300, -0.1), (1_000, 0.01)],
        "**Up to 300 training images a classical model wins; the CNN does at no size measured.** At 1,000 the "
        "difference is within what other test images and other seeds would change.",
    ),
    "from some size on": (
        [(100, 0.01), (300, 0.1), (1_000, 0.2)],
        "**From 300 training images on the CNN wins; a classical model does at no size measured.** At 100 the "
        "difference is within what other test images and other seeds would change.",
    ),
    "nothing to be seen": (
        [(100, 0.01), (300, -0.01), (1_000, 0.0)],
        "**From 100 to 1,000 training images the test set cannot tell a classical model from the CNN**: at no size is "
        "the difference larger than what other test images and other seeds would change.",
    ),
    "several crossings": (
        [(100, -0.1), (300, 0.1), (1_000, -0.1), (3_000, -0.1)],
        "**At 100 training images a classical model wins; at 300 the CNN does; from 1,000 on a classical model does.** "
        "They cross between 100 and 300 (about 170). They cross between 300 and 1,000 (about 550).",
    ),
    "one size": (
        [(500, -0.1)],
        "**At 500 training images, the only size that can be compared, a classical model wins.**",
    ),
    "one size, and nothing to be seen": (
        [(500, -0.01)],
        "**At 500 training images, the only size that can be compared, a classical model and the CNN cannot be told "
        "apart.**",
    ),
}


@pytest.mark.parametrize(("leads", "text"), ROWS.values(), ids=list(ROWS))
def test_who_wins_below_and_above_how_many_images(leads: list[tuple[int, float]], text: str) -> None:
    assert of_rows(*leads) == text


def test_a_crossing_is_read_off_a_line_over_the_logarithm() -> None:
    found = stands((1_000, -0.03), (3_000, 0.09))
    before, after = crossing.spans(found)
    assert crossing.crossing(found, before, after) == pytest.approx(1_000 * 3**0.25)


def curves(**families: list[tuple[int, float, float]]) -> list[Learned]:
    """Return one curve a family, of (rows, seconds, accuracy)."""
    return [
        Learned(
            family,
            family.upper(),
            family,
            (),
            tuple(size(family, rows, (accuracy,), seconds) for rows, seconds, accuracy in points),
        )
        for family, points in families.items()
    ]


SECONDS: dict[str, tuple[list[Learned], str]] = {
    "the CNN overtakes": (
        curves(
            classical=[(100, 0.01, 0.7), (1_000, 1.0, 0.8)],
            cnn=[(100, 0.5, 0.5), (1_000, 5.0, 0.7), (10_000, 500.0, 0.9)],
        ),
        "**Up to 5.0 s of fitting a classical model wins; at 8.3 min the CNN does.** They cross between 5.0 s and 8.3 "
        "min (about 50 s). Within 5.0 s, *CLASSICAL* 0.800 (from 1,000 images) against *CNN* 0.700 (from 1,000 "
        "images); within 8.3 min, *CLASSICAL* 0.800 (from 1,000 images) against *CNN* 0.900 (from 10,000 images).",
    ),
    "and a classical model again": (
        curves(
            classical=[(100, 0.01, 0.7), (1_000, 100.0, 0.95)],
            cnn=[(100, 0.5, 0.5), (10_000, 50.0, 0.8)],
        ),
        "**Up to 0.50 s of fitting a classical model wins; at 50 s the CNN does; at 1.7 min a classical model does.** "
        "They cross between 0.50 s and 50 s (about 11 s). They cross between 50 s and 1.7 min (about 66 s). Within "
        "0.50 s, *CLASSICAL* 0.700 (from 100 images) against *CNN* 0.500 (from 100 images); within 50 s, *CLASSICAL* "
        "0.700 (from 100 images) against *CNN* 0.800 (from 10,000 images).",
    ),
    "never": (
        curves(classical=[(100, 0.01, 0.7), (1_000, 1.0, 0.9)], cnn=[(100, 0.5, 0.5), (10_000, 50.0, 0.8)]),
        "**A classical model wins at every time from 10 ms to 50 s of fitting**: the CNN never does. Within 50 s, "
        "*CLASSICAL* 0.900 (from 1,000 images) against *CNN* 0.800 (from 10,000 images).",
    ),
    "a longer fit that brings nothing": (
        curves(
            classical=[(100, 0.01, 0.7), (1_000, 1.0, 0.8)],
            cnn=[(100, 0.5, 0.5), (1_000, 5.0, 0.95), (10_000, 50.0, 0.9)],
        ),
        "**Up to 1.0 s of fitting a classical model wins; from 5.0 s on the CNN does.** They cross between 1.0 s and "
        "5.0 s (about 2.9 s). Within 1.0 s, *CLASSICAL* 0.800 (from 1,000 images) against *CNN* 0.500 (from 100 "
        "images); within 5.0 s, *CLASSICAL* 0.800 (from 1,000 images) against *CNN* 0.950 (from 1,000 images).",
    ),
    "caught up with, but not overtaken": (
        curves(classical=[(100, 0.01, 0.7), (1_000, 1.0, 0.9)], cnn=[(100, 0.5, 0.5), (10_000, 50.0, 0.905)]),
        "**Up to 1.0 s of fitting a classical model wins; the CNN does at no time measured.** At 50 s the difference "
        "is within what other test images and other seeds would change. Within 50 s, *CLASSICAL* 0.900 (from 1,000 "
        "images) against *CNN* 0.905 (from 10,000 images).",
    ),
    "nothing to compare it with before": (
        curves(classical=[(100, 0.01, 0.7), (1_000, 1.0, 0.8)], cnn=[(1_000, 5.0, 0.9)]),
        "**Up to 1.0 s of fitting a classical model wins; at 5.0 s the CNN does.** They cross between 1.0 s and 5.0 s. "
        "Within 1.0 s, only *CLASSICAL* 0.800 (from 1,000 images); within 5.0 s, *CLASSICAL* 0.800 (from 1,000 images) "
        "against *CNN* 0.900 (from 1,000 images).",
    ),
}


@pytest.mark.parametrize(("learned", "text"), SECONDS.values(), ids=list(SECONDS))
def test_who_wins_within_how_many_seconds(learned: list[Learned], text: str) -> None:
    assert crossing.of_seconds(by_seconds(learned)) == text


def test_families_are_compared_at_sizes_that_both_have() -> None:
    learned = curves(classical=[(100, 1, 0.7), (300, 1, 0.8)], cnn=[(300, 1, 0.7), (500, 1, 0.9)])
    assert [stand.at for stand in by_rows(learned)] == [300]
    assert by_seconds(curves(classical=[(100, 1, 0.7)])) == []


def test_seeds_that_disagree_widen_the_interval() -> None:
    def seeds(*accuracies: float) -> np.ndarray:
        return size("cnn", 100, accuracies).right

    one = metrics.paired_difference_over_seeds(seeds(0.8), seeds(0.7))
    assert one == metrics.paired_difference(seeds(0.8)[0].astype(float), seeds(0.7)[0].astype(float))
    steady = metrics.paired_difference_over_seeds(seeds(0.8, 0.8), seeds(0.7, 0.7))
    assert steady == pytest.approx(one)
    unsteady = metrics.paired_difference_over_seeds(seeds(0.85, 0.75), seeds(0.7, 0.7))
    assert unsteady.estimate == pytest.approx(0.1)
    assert not steady.holds_zero
    assert unsteady.holds_zero  # of two seeds little is known: Student's factor is 12.7
    # What both seeds gain alike, on rows that they share, is no spread of the difference.
    assert metrics.paired_difference_over_seeds(seeds(0.9, 0.8), seeds(0.8, 0.7)) == pytest.approx(one, abs=0.01)


# --- on disk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two estimators with curves: a classical one that is better at first, and a CNN that is so in the end."""
    folder = tmp_path / "results" / "toy"
    y = np.arange(400) % 4
    test_set = synthetic.write_test_set(folder, y, ["a", "b", "c", "d"], n_train=1_000, dataset="toy")

    def answers(wrong: int) -> np.ndarray:
        return np.where(np.arange(400) < wrong, (y + 1) % 4, y)

    for name, family, points, last in (
        ("svm", "classical", {100: [answers(80), answers(88)], 300: [answers(60)]}, 40),
        ("net", "cnn", {100: [answers(160), answers(168)], 300: [answers(100)]}, 10),
    ):
        synthetic.write_predictions(
            folder, test_set, name, answers(last), title=name.upper(), family=family, fit_rows=1_000, fit_seconds=60.0
        )
        synthetic.write_curve(folder, name, points, seconds_per_row=0.01 if name == "svm" else 0.05)
    return folder


def held(folder: Path, name: str = "svm") -> Held:
    test_set = records.read_test_set(folder)
    assert test_set is not None
    return curve_record.read(curve_record.curve_path(folder, name), test_set)


def test_what_is_written_is_read_back(folder: Path) -> None:
    found = held(folder)
    assert [(point.rows, point.seed) for point in found.curve.points] == [(100, 0), (100, 1), (300, 0)]
    assert found.predicted.dtype == np.uint8
    assert found.predicted.shape == (3, 400)
    path = curve_record.curve_path(folder, "svm")
    before = path.read_bytes(), path.with_suffix(".npz").read_bytes()
    curve_record.write(folder, found)
    assert (path.read_bytes(), path.with_suffix(".npz").read_bytes()) == before
    with np.load(path.with_suffix(".npz"), allow_pickle=False) as file:
        assert file.files == ["predicted"]


def test_more_than_256_classes_take_two_bytes() -> None:
    record = synthetic.make_record("x")
    point = dataclasses.replace(point_of(0, 0), status="ok")
    wide = curve_record.added(curve_record.empty(record, 3, 300), point, {}, np.array([299, 0, 1]))
    assert wide.predicted.dtype == np.uint16
    assert wide.predicted.tolist() == [[299, 0, 1]]
    assert wide.curve.points[0].predicted_sha256 == curve_record.digest(np.array([299, 0, 1]))


def point_of(rows: int, seed: int) -> curve_record.Point:
    return curve_record.Point(rows, seed, "failed", "", 0.0, 0.0, 1, "cpu", 0, 1, "")


def test_a_row_whose_point_was_never_written_is_no_damage(folder: Path) -> None:
    found = held(folder)
    arrays = curve_record.curve_path(folder, "svm").with_suffix(".npz")
    np.savez_compressed(arrays, predicted=np.vstack([found.predicted, found.predicted[:1]]))
    assert (held(folder).predicted == found.predicted).all()


def edited(**changes: object) -> Callable[[Path], None]:
    return lambda path: path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def point_edited(**changes: object) -> Callable[[Path], None]:
    def edit(path: Path) -> None:
        data = json.loads(path.read_text())
        data["points"][0].update(changes)
        path.write_text(json.dumps(data))

    return edit


def saved(make: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    def save(path: Path) -> None:
        with np.load(path.with_suffix(".npz")) as file:
            predicted = file["predicted"]
        np.savez_compressed(path.with_suffix(".npz"), predicted=make(predicted))

    return save


class Bomb:
    def __reduce__(self) -> tuple:
        return (pytest.fail, ("unpickled",))


def pickled(path: Path) -> None:
    np.savez(path.with_suffix(".npz"), predicted=np.array([Bomb()], dtype=object), allow_pickle=True)


def no_such_class(path: Path) -> None:
    saved(lambda found: np.where(found == 3, 4, found).astype(np.uint8))(path)
    with np.load(path.with_suffix(".npz")) as file:
        point_edited(predicted_sha256=curve_record.digest(file["predicted"][0]))(path)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "torn": (lambda path: path.write_text(path.read_text()[:200]), r"curve\.json: cannot be read"),
    "another schema": (edited(schema=99), "schema 99, this version reads schema 1"),
    "an unknown field": (edited(surprise=1), "'surprise' is unknown"),
    "a missing field": (edited(points=[{"rows": 1}]), "is missing"),
    "another's": (edited(estimator="net"), "it says that it is of 'net'"),
    "of other data": (edited(dataset_sha256="0" * 64), "made on other data"),
    "an environment that it lacks": (point_edited(environment=7), "environment 7"),
    "no rows": (point_edited(rows=0), "0 rows"),
    "a point twice": (point_edited(seed=1), "two points are of one size"),
    "seconds that are a text": (point_edited(fit_seconds="=1"), "fit_seconds is '=1'"),
    "no predictions": (lambda path: path.with_suffix(".npz").unlink(), r"curve\.npz: cannot be read"),
    "other predictions": (saved(lambda found: found[::-1]), "row 0 of `predicted` is not the one"),
    "a row too few": (saved(lambda found: found[:2]), "has shape"),
    "rows too many": (saved(lambda found: np.vstack([found] * 2)), "unpacks to|has shape"),
    "rows too short": (saved(lambda found: found[:, :7]), "has shape"),
    "another type": (saved(lambda found: found.astype(np.int8)), "no array `predicted` of rows of uint8"),
    "a class that is not": (no_such_class, "row 0 of `predicted` is not the one"),
    "a bomb": (saved(lambda found: np.zeros(2**27, np.uint8)), "unpacks to"),
    "a pickle": (pickled, "allow_pickle|unpacks to"),
}


@pytest.mark.parametrize(("damage", "found"), DAMAGE.values(), ids=list(DAMAGE))
def test_a_damaged_curve_is_refused_with_its_name(folder: Path, damage: Callable[[Path], object], found: str) -> None:
    damage(curve_record.curve_path(folder, "svm"))
    with pytest.raises(BenchmarkError, match=found) as refused:
        report.check(folder)
    assert "svm/curve." in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(records.load(folder)) == 2  # the table for notebooks needs no curve


# --- the report


def test_the_section_says_who_wins_where_and_shows_each_size(folder: Path) -> None:
    report.write(folder)
    assert report.check(folder) == []
    text = (folder / "leaderboard.md").read_text()
    section = text.split("## How many images, how many seconds\n\n")[1].split("\n## ")[0]
    # 0.79 against 0.59, 0.85 against 0.75, 0.9 against 0.975.
    assert section.startswith(
        "**Up to 300 training images a classical model wins; at 1,000 the CNN does.** They cross between 300 and 1,000 "
        "(about 600). At 100, *SVM* 0.790 against *NET* 0.590; at 1,000, *SVM* 0.900 against *NET* 0.975.\n\n"
        "**Up to 15 s of fitting a classical model wins; at 60 s the CNN does.** They cross between 15 s and 60 s ("
    )
    assert cells(text, 1) == {
        "NET": ["0.590<br>±0.014", "0.750", "**0.975**"],
        "SVM": ["**0.790**<br>±0.014", "**0.850**", "0.900"],
    }
    assert cells(text, 2) == {"NET": ["5.0 s", "15 s", "60 s"], "SVM": ["1.0 s", "3.0 s", "60 s"]}
    assert "± is the standard deviation over seeds (2 at 100)." in section
    assert "the test images are predicted once per estimator, size and seed" in text
    assert "python -m benchmark curve --dataset PATH --seeds 2\n" in text
    assert "![Test accuracy against training images and fit time. From 100 to 1,000 images: NET 0.590 to 0.975;" in text
    rows = list(csv.DictReader(io.StringIO((folder / "learning-curve.csv").read_text())))
    assert [(row["estimator"], row["rows"], row["seed"]) for row in rows[:5]] == [
        ("net", "100", "0"),
        ("net", "100", "1"),
        ("net", "300", "0"),
        ("net", "1000", "0"),
        ("svm", "100", "0"),
    ]
    assert [float(row["test_accuracy"]) for row in rows[:4]] == [0.6, 0.58, 0.75, 0.975]
    assert float(rows[3]["fit_seconds"]) == 60


def test_without_curves_the_report_is_what_it_was(folder: Path) -> None:
    report.write(folder)
    figures = {path.name: path.read_bytes() for path in (folder / "figures").iterdir()}
    for path in folder.glob("records/*/curve.*"):
        path.unlink()
    assert set(report.check(folder)) == {"leaderboard.md", "learning-curve.csv", "figures/learning-curve.png"}
    report.write(folder)
    assert report.check(folder) == []
    text = (folder / "leaderboard.md").read_text()
    assert "curve" not in text
    assert not (folder / "learning-curve.csv").exists()
    del figures["learning-curve.png"]
    assert {path.name: path.read_bytes() for path in (folder / "figures").iterdir()} == figures


def test_a_file_of_that_name_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    synthetic.write_test_set(tmp_path, np.arange(10))
    synthetic.write_failure(tmp_path, "cnn")
    (tmp_path / "learning-curve.csv").write_text("mine")
    report.write(tmp_path)
    assert (tmp_path / "learning-curve.csv").read_text() == "mine"
    assert report.check(tmp_path) == []


def test_a_curve_of_another_winner_is_left_out_and_said(folder: Path) -> None:
    results = records.read(folder)
    record = next(record for record in results.records if record.estimator == "net")
    records.write(folder, dataclasses.replace(record, params={"lr": 0.5}), results.proba["net", 0])
    text = page(folder)
    assert "**The question is open: no CNN has a learning curve here.**" in text
    assert "The curve of *NET* is left out: it was made from another record (winner changed)." in text
    assert "`python -m benchmark curve net`" in text
    assert list(cells(text, 1)) == ["SVM"]
    curve_record.curve_path(folder, "svm").unlink()
    text = page(folder)
    assert "The curve of *NET* is left out" in text
    assert "No curve yet: *SVM*. Make what is missing with `python -m benchmark curve net svm`." in text
    assert "learning-curve.csv" not in text


def test_times_of_zero_are_no_place_on_a_logarithm(folder: Path) -> None:
    for name in ("svm", "net"):
        data = json.loads(curve_record.curve_path(folder, name).read_text())
        edited(points=[{**point, "fit_seconds": 0} for point in data["points"]])(curve_record.curve_path(folder, name))
    assert "**Within" not in page(folder)
    assert "At 60 s of fitting, the only time that can be compared, the CNN wins" in page(folder)
    results = records.read(folder)
    for record in results.records:
        nothing = dataclasses.replace(record, fit_seconds=0.0)
        records.write(folder, nothing, results.proba[record.estimator, 0])
    files = report.render(folder)
    assert "figures/learning-curve.png" not in files
    assert "of fitting" not in files["leaderboard.md"].decode().split("## How many")[1].split("\n## ")[0]


def test_points_that_failed_are_named_and_do_not_count(folder: Path) -> None:
    y = np.arange(400) % 4
    synthetic.write_curve(folder, "net", {100: [y, "ValueError: a|b"], 300: ["ValueError: a|b"]})
    text = page(folder)
    assert cells(text, 1)["NET"] == ["**1.000**", "failed", "**0.975**"]
    assert "- *NET* at 100 (seed 1) and 300 (seed 0) **failed**: ValueError: a\\|b" in text
    rows = list(csv.DictReader(io.StringIO(report.render(folder)["learning-curve.csv"].decode())))
    assert [(row["status"], row["test_accuracy"], row["fit_seconds"]) for row in rows[1:3]] == [("failed", "", "")] * 2


def test_times_of_two_machines_are_not_compared_in_silence(folder: Path) -> None:
    environment = {**synthetic.ENVIRONMENT, "processor": "Big|CPU"}
    path = curve_record.curve_path(folder, "net")
    edited(environments=[environment])(path)
    assert "Not all of this was measured alike (processor Big\\|CPU and Some CPU)" in page(folder)


def test_a_realistic_curve_is_drawn(tmp_path: Path) -> None:
    synthetic.write_realistic(tmp_path, seeds=2)
    synthetic.write_realistic_curves(tmp_path)
    report.write(tmp_path)
    assert (tmp_path / "figures" / "learning-curve.png").stat().st_size > 20_000
    text = (tmp_path / "leaderboard.md").read_text()
    assert "nan" not in text.lower().split()
    assert len(cells(text, 1)) == 5
    assert report.check(tmp_path) == []


# --- the program


FEW = ("--seeds", "2")
POINTS = [(100, 0), (100, 1), (300, 0), (300, 1)]
"""Of a smoke record, which has 500 rows."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program with a quick estimator that says it is a CNN, and one that waits to be told."""
    return checkout(
        tmp_path_factory.mktemp("lab") / "lab",
        net=GOOD.replace('family="classical"', 'family="cnn"'),
        waits=WAITS,
    )


@pytest.fixture(scope="module")
def finished(lab: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a small run and its curves, for the tests that only look."""
    results = tmp_path_factory.mktemp("results")
    ran = benchmark("run", "logistic_regression", "net", *SMOKE, "--results", str(results), cwd=lab)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    before = {path: path.read_bytes() for path in results.rglob("seed-0.*")}
    made = benchmark("curve", *FEW, "--dataset", "digits", "--results", str(results), cwd=lab)
    assert made.returncode == 0, made.stdout + made.stderr
    assert {path: path.read_bytes() for path in before} == before
    assert "svm_pca has no record" in made.stdout
    assert "python -m benchmark run svm_pca (left out)" in made.stdout
    return results


def test_a_curve_from_the_command_line_ends_in_the_leaderboard(lab: Path, finished: Path) -> None:
    folder = finished / "digits"
    for name in ("logistic_regression", "net"):
        found = held(folder, name)
        record = records.read_record(records.record_path(folder, name, 0))
        assert [(point.rows, point.seed) for point in found.curve.points] == POINTS
        assert {point.status for point in found.curve.points} == {"ok"}
        assert {point.test_reads for point in found.curve.points} == {1}
        assert {point.threads for point in found.curve.points} == {record.threads}
        assert list(found.curve.environments) == [record.environment]
        assert found.curve.params == record.params
        assert all(point.fit_seconds > 0 for point in found.curve.points)
        right = (found.predicted == records.read(folder).test_set.y).mean(axis=1)
        assert (right > 0.6).all()
        assert right[2:].mean() > right[:2].mean()
    text = (folder / "leaderboard.md").read_text()
    assert "## How many images, how many seconds" in text
    assert "(figures/learning-curve.png)" in text
    assert (folder / "figures" / "learning-curve.png").exists()
    assert (folder / "learning-curve.csv").read_text().count("\n") == 1 + 2 * 5
    assert f"python -m benchmark curve {' '.join(('--dataset', 'digits', '--preset', 'smoke', *FEW))}\n" in text
    checked = benchmark("report", "--check", "--results", str(finished), cwd=lab)
    assert checked.returncode == 0, checked.stdout


def test_a_point_is_what_the_winner_answers_after_that_subset(finished: Path) -> None:
    from models import logistic_regression as plugin

    digits, folder = datasets.load("digits"), finished / "digits"
    found = held(folder, "logistic_regression")
    rows = protocol.final_rows(digits.train.y, PRESETS["smoke"], 1)[:300]
    task = Task(n_classes=10, image_shape=(8, 8), seed=1)
    pipeline = plugin.build(task).set_params(**found.curve.params, **plugin.ESTIMATOR.smoke)
    answers = pipeline.fit(digits.train.X[rows], digits.train.y[rows]).predict(digits.test.X)
    assert (found.predicted[POINTS.index((300, 1))] == answers).mean() > 0.99


def test_the_same_command_again_keeps_every_point(lab: Path, finished: Path) -> None:
    before = {path: path.read_bytes() for path in finished.rglob("curve.*")}
    assert len(before) == 4
    ran = benchmark("curve", "net", *FEW, *SMOKE, "--results", str(finished), cwd=lab)
    assert ran.returncode == 0, ran.stderr
    assert "its curve stands" in ran.stdout
    assert {path: path.read_bytes() for path in before} == before


# --- the same in this process, with a hand on every job and every write


class Inline:
    """An executor that runs jobs here and now, and notes what it was asked for."""

    def __init__(self, answer: Callable[[Job], Outcome] = work.run) -> None:
        self.asked: list[tuple[int, int]] = []
        self._answer = answer

    def describe(self, job: Describe) -> Future:
        future: Future = Future()
        future.set_result(declaration.describe(job))
        return future

    def submit(self, job: Job) -> Future:
        assert job.test
        self.asked.append((job.rows, job.draw))
        future: Future = Future()
        try:
            future.set_result(self._answer(job))
        except EngineError as error:
            future.set_exception(error)
        return future

    def retire(self, estimator: str) -> None: ...
    def close(self) -> None: ...
    def kill(self) -> None: ...


LOGISTIC = "logistic_regression"


@pytest.fixture
def standing(finished: Path, tmp_path: Path) -> Path:
    """Return a copy of the results, to be changed."""
    shutil.copytree(finished, tmp_path / "copy")
    return tmp_path / "copy" / "digits"


def make(
    folder: Path, executor: Inline, names: Sequence[str] = (LOGISTIC,), seeds: int | None = 2, force: bool = False
) -> dict[str, str]:
    """Make curves, and return what became of each."""
    digits = datasets.load("digits")
    arrays.materialise(digits)
    plan = curve.Plan(
        plugins=curve.choose(folder, names, warn=pytest.fail),
        dataset=digits,
        resources=Resources(jobs=1, threads=1, tuning_threads=1, tuning=Limits(), refit=Limits()),
        folder=folder,
        seeds=seeds,
        force=force,
    )
    told: list[str] = []
    states = curve.run(plan, executor, lambda _, text: told.append(text), Stop())
    assert told
    return {state.estimator: state.reason or state.phase for state in states}


def changed(folder: Path, **changes: object) -> None:
    """Replace fields of the logistic regression's record."""
    results = records.read(folder)
    record = next(record for record in results.records if record.estimator == LOGISTIC)
    records.write(folder, dataclasses.replace(record, **changes), results.proba[LOGISTIC, 0])


def test_more_seeds_are_added_to_those_that_stand(standing: Path) -> None:
    before, executor = held(standing, LOGISTIC), Inline()
    assert make(standing, executor, seeds=3) == {LOGISTIC: "done"}
    after = held(standing, LOGISTIC)
    assert executor.asked == [(100, 2), (300, 2)]
    assert after.curve.points[:4] == before.curve.points
    assert (after.predicted[:4] == before.predicted).all()
    assert make(standing, executor, seeds=2) == {LOGISTIC: "kept"}  # fewer are wanted: none is lost
    assert len(held(standing, LOGISTIC).curve.points) == 6


def test_force_makes_it_anew_with_the_same_answers_and_counts_the_reads(standing: Path) -> None:
    before, executor = held(standing, LOGISTIC), Inline()
    assert make(standing, executor, force=True) == {LOGISTIC: "done"}
    assert executor.asked == POINTS
    after = held(standing, LOGISTIC)
    assert (after.predicted == before.predicted).all()
    assert {point.test_reads for point in after.curve.points} == {2}
    assert "up to 2 times counting points that were made anew" in page(standing)


def test_a_curve_of_another_winner_is_made_again(standing: Path) -> None:
    before, executor = held(standing, LOGISTIC), Inline()
    params = {"logistic__C": 1e-3, "scale__power": 0.25}
    changed(standing, params=params)
    assert make(standing, executor) == {LOGISTIC: "done"}
    assert executor.asked == POINTS
    after = held(standing, LOGISTIC)
    assert after.curve.params == params
    assert {point.test_reads for point in after.curve.points} == {2}
    assert (after.predicted != before.predicted).any()


def test_a_stale_record_comes_first_and_its_curve_is_left_alone(standing: Path) -> None:
    record = records.read_record(records.record_path(standing, LOGISTIC, 0))
    changed(standing, fingerprint={**record.fingerprint, "defaults": "another"})
    before = curve_record.curve_path(standing, LOGISTIC).read_bytes()
    executor = Inline()
    ended = make(standing, executor, force=True)
    assert ended[LOGISTIC].startswith("its record is stale, defaults changed; first: python -m benchmark run logistic")
    assert executor.asked == []
    assert curve_record.curve_path(standing, LOGISTIC).read_bytes() == before


def test_a_point_that_fails_costs_itself_and_is_tried_again(standing: Path) -> None:
    def late(job: Job) -> Outcome:
        return Outcome("timeout", "past its deadline of 1 s") if job.rows == 300 else work.run(job)

    shutil.rmtree(standing / "records" / "net")
    curve_record.curve_path(standing, LOGISTIC).unlink()
    ended = make(standing, Inline(late))
    assert ended == {LOGISTIC: "2 of 4 points, the first at 300 rows, seed 0: past its deadline of 1 s"}
    points = held(standing, LOGISTIC).curve.points
    assert [point.status for point in points] == ["ok", "ok", "timeout", "timeout"]
    assert "at 300 (seed 0) and 300 (seed 1) **ran out of time**: past its deadline of 1 s" in page(standing)
    executor = Inline()
    assert make(standing, executor) == {LOGISTIC: "done"}
    assert executor.asked == POINTS[2:]
    assert held(standing, LOGISTIC).curve.points[:2] == points[:2]


def test_when_no_job_can_be_run_the_points_so_far_are_kept(standing: Path) -> None:
    def gone(job: Job) -> Outcome:
        if job.rows == 300:
            raise EngineError("the scheduler is gone")
        return work.run(job)

    curve_record.curve_path(standing, LOGISTIC).unlink()
    with pytest.raises(EngineError, match="gone"):
        make(standing, Inline(gone))
    assert [(point.rows, point.seed) for point in held(standing, LOGISTIC).curve.points] == POINTS[:2]


class Killed(BaseException):
    """What no code catches."""


@pytest.mark.parametrize("force", [False, True], ids=["from nothing", "in place of one that stands"])
def test_killed_before_any_write_nothing_is_lost_or_damaged(
    standing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    whole, real = held(standing, LOGISTIC), plain.write_atomically
    for number in range(2 * len(POINTS) + force):
        folder = tmp_path / str(number) / "digits"
        shutil.copytree(standing, folder)
        if not force:
            curve_record.curve_path(folder, LOGISTIC).unlink()
        left = [number]

        def dying(path: Path, blob: bytes, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            real(path, blob)

        first, again = Inline(), Inline()
        with monkeypatch.context() as patched:
            patched.setattr(plain, "write_atomically", dying)
            with pytest.raises(Killed):
                make(folder, first, force=force)
        report.check(folder)  # which would raise
        stood = force and number == 0  # killed before the old one was let go
        assert make(folder, again) == {LOGISTIC: "kept" if stood else "done"}
        # Each point is made once, but that in whose writing it was killed.
        assert len(first.asked) + len(again.asked) == (0 if stood else len(POINTS) + 1)
        after = held(folder, LOGISTIC)
        assert [(point.rows, point.seed) for point in after.curve.points] == POINTS
        assert (after.predicted == whole.predicted).all()


def test_a_damaged_curve_is_mended_by_curve_and_named_by_run(standing: Path) -> None:
    path = curve_record.curve_path(standing, LOGISTIC)
    path.write_text("{")
    with pytest.raises(BenchmarkError, match=r"curve\.json: cannot be read"):
        claim.prepare(standing, datasets.load("digits"), ["svm_pca"], PRESETS["smoke"], force=False)
    with pytest.raises(BenchmarkError, match=r"curve\.json: cannot be read"):
        claim.prepare_curves(standing, datasets.load("digits"), ["net"])
    assert make(standing, Inline()) == {LOGISTIC: "done"}
    assert len(held(standing, LOGISTIC).curve.points) == 4


def test_a_record_that_did_not_end_well_has_no_curve(standing: Path) -> None:
    warned: list[str] = []
    synthetic.write_failure(standing, "svm_pca", dataset="digits")
    chosen = curve.choose(standing, [], warned.append)
    assert LOGISTIC in [plugin.name for plugin in chosen]
    assert any("says that it failed: ValueError: no; first: python -m benchmark run svm_pca" in text for text in warned)
    with pytest.raises(BenchmarkError, match="says that it failed"):
        curve.choose(standing, [LOGISTIC, "svm_pca"], warned.append)


# --- cut off


@pytest.fixture(scope="module")
def waited(lab: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a run of the estimator that waits, and beside them the place where it waits."""
    top = tmp_path_factory.mktemp("waited")
    (top / "place").mkdir()
    for rows in (100, 400, 500):
        (top / "place" / f"go-{rows}").touch()
    env = {"WAITS_PLACE": str(top / "place")}
    ran = benchmark("run", "waits", *SMOKE, "--results", str(top / "results"), cwd=lab, env=env)
    assert ran.returncode == 0, ran.stdout
    return top


@pytest.mark.parametrize("how", ["kill", "interrupt"])
def test_cut_off_it_goes_on_where_it_was(lab: Path, waited: Path, tmp_path: Path, how: str) -> None:
    shutil.copytree(waited, tmp_path, dirs_exist_ok=True)
    place = tmp_path / "place"
    env = {"WAITS_PLACE": str(place)}
    program = Program(tmp_path / "results", "waits", *FEW, cwd=lab, env=env, verb="curve")
    assert eventually(lambda: list(place.glob("at-300-*")))
    folder = tmp_path / "results" / "digits"
    before = held(folder, "waits")
    assert [(point.rows, point.seed) for point in before.curve.points] == [(100, 0), (100, 1)]
    assert len({path.name for path in place.glob("at-100-*")}) <= 3  # two while tuning, one worker for the curve
    if how == "kill":
        program.kill()
    else:
        program.interrupt()
        program.await_line("stopping when the refit that is running is done")
        (place / "go-300").touch()
        status, _, errors = program.finish()
        assert status == 130
        assert "the same command goes on from here" in errors
        assert len(held(folder, "waits").curve.points) == 3  # a fit that is running is not thrown away
        assert "## How many images, how many seconds" in (folder / "leaderboard.md").read_text()
    assert eventually(lambda: not program.relatives(), 10)
    (place / "go-300").touch()
    again = Program(tmp_path / "results", "waits", *FEW, cwd=lab, env=env, verb="curve")
    status, out, errors = again.finish()
    assert status == 0, out + errors
    after = held(folder, "waits")
    assert [(point.rows, point.seed) for point in after.curve.points] == POINTS
    assert after.curve.points[:2] == before.curve.points
    assert (after.predicted[:2] == before.predicted).all()
    assert {point.test_reads for point in after.curve.points} == {1}


def test_on_a_terminal_there_is_a_live_table(standing: Path) -> None:
    curve_record.curve_path(standing, LOGISTIC).unlink()
    command = ("curve", LOGISTIC, *FEW, *SMOKE, "--results", str(standing.parent))
    status, seen = on_a_terminal(*command, env={"COLUMNS": "120", "LINES": "40"})
    assert status == 0, seen
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen)
    for word in ("estimator", "point", "size", "elapsed", "left", "4/4", "done", "training images"):
        assert word in text
    assert "best so far" not in text
    assert "Traceback" not in text
