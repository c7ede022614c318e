"""The audit of a data set: what it finds, what it writes, and what the report says about it."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from benchmark import load, report
from benchmark.analyses.analysis import record_kinds
from benchmark.analyses.data_audit import command, label_errors
from benchmark.analyses.data_audit import cross_val_predict as folds
from benchmark.analyses.data_audit import measure as audit
from benchmark.analyses.data_audit import record as audit_record
from benchmark.analyses.data_audit import schema as audit_schema
from benchmark.analyses.data_audit.schema import Audit, AuditData, LabelErrors, Search
from benchmark.analyses.data_audit.scores import AuditScores, LabelPair, compute
from benchmark.analyses.data_audit.section import FILE, counts
from benchmark.cli import main as cli
from benchmark.datasets.dataset import Dataset, Part
from benchmark.engine import preflight as prepare
from benchmark.engine import resources
from benchmark.errors import BenchmarkError
from benchmark.leaderboard.summary import summarise
from benchmark.leaderboard.verdict import decide
from benchmark.render import terminal
from benchmark.render.document import Cell
from benchmark.storage import lock, records, serialization
from tests import synthetic_results as synthetic
from tests.analyses.data_audit.test_duplicates import nearly
from tests.in_process import benchmark
from tests.plugin_lab import bad, models
from tests.report.test_report import cells, page

pytestmark = pytest.mark.usefixtures("drawn_once")

CLASSES = ("left", "mid", "right")
SEARCH = Search("svm", "SVM", 5, 240, 0.91, 0.02, "2.9.0")
FLIPPED = np.arange(0, 240, 20)


def planted() -> Dataset:
    """240 and 60 images of 8 by 8 with a band where the class says, a dead corner, planted copies, 12 labels flipped.

    Byte for byte: training 4 and 40; test 8 in training 100. Nearly: test 0 in training 0, whose label was flipped.
    """
    rng = np.random.default_rng(0)

    def part(n: int) -> Part:
        y = np.arange(n) % 3
        X = rng.integers(0, 120, (n, 8, 8))
        for label in range(3):
            X[y == label, 1:7, 1 + 2 * label : 3 + 2 * label] += 130
        X[:, 0, 0] = 7
        return Part(X.reshape(n, 64).astype(np.uint8), y.astype(np.int64))

    train, test = part(240), part(60)
    train.X[40], test.X[8] = train.X[4], train.X[100]
    train.y[FLIPPED] = (train.y[FLIPPED] + 1) % 3
    test.X[0] = nearly(train.X[0])
    test.X[0, 0] = 7
    return Dataset("toy", CLASSES, (8, 8, 1), train, test, "a test")


def write_results(folder: Path, dataset: Dataset, wrong: int | None = None) -> None:
    """Write the test set and, with `wrong`, an estimator that misclassifies that many of the last test images."""
    test_set = dataclasses.replace(
        synthetic.write_test_set(folder, dataset.test.y, CLASSES, n_train=len(dataset.train.y), dataset="toy"),
        sha256=dataset.sha256,
    )
    records.write_test_set(folder, test_set)
    if wrong is not None:
        place = np.arange(len(dataset.test.y))
        answers = np.where(place >= len(place) - wrong, (dataset.test.y + 1) % 3, dataset.test.y)
        synthetic.write_predictions(
            folder, test_set, "svm", answers, title="SVM", fit_rows=240, dataset_sha256=dataset.sha256
        )


def look(folder: Path, dataset: Dataset, estimator: str = "logistic_regression") -> AuditData:
    """Audit a data set in a folder that may be new."""
    given = resources.share(resources.local_slots(), 300.0, 1, 1)
    with lock.locked(folder):
        prepare.for_audit(folder, dataset, kinds=record_kinds())
        return audit.run(audit.Plan(dataset, estimator, given, folder, folder / "logs"), lambda text: None)


@pytest.fixture
def no_cleanlab(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_errors, "available", lambda: False)


@pytest.fixture
def folder(tmp_path: Path, no_cleanlab: None) -> Path:
    """Results with an audit whose label errors are the flipped ones."""
    dataset, folder = planted(), tmp_path / "results" / "toy"
    write_results(folder, dataset, wrong=6)
    held = look(folder, dataset)
    errors = LabelErrors(FLIPPED, (dataset.train.y[FLIPPED] + 2) % 3, np.linspace(-0.9, -0.1, 12))
    pictures = audit._pictures(dataset, dict(held.copies), errors)
    meta = dataclasses.replace(held.audit, status="ok", reason="", search=SEARCH)
    audit_record.write(folder, dataclasses.replace(held, audit=meta, errors=errors, pictures=pictures))
    return folder


def labels(folder: Path) -> records.TestSet:
    found = records.read_test_set(folder)
    assert found is not None
    return found


def edited(folder: Path, **changes: object) -> None:
    """Rewrite an audit with other fields, of the JSON or of its arrays, and the checksum that goes with them."""
    held = audit_record.read(folder, labels(folder))
    assert held is not None
    ours = {name: value for name, value in changes.items() if name in {each.name for each in dataclasses.fields(Audit)}}
    rest = {name: value for name, value in changes.items() if name not in ours}
    audit_record.write(folder, dataclasses.replace(held, audit=dataclasses.replace(held.audit, **ours), **rest))


# --- looking


def test_it_finds_what_was_planted(folder: Path) -> None:
    held = audit_record.read(folder, labels(folder))
    assert held is not None
    assert held.copies["train"].pairs.tolist() == [[4, 40]]
    assert held.copies["test"].n_pairs == 0
    assert held.copies["across"].pairs.tolist() == [[8, 100], [0, 0]]
    assert held.copies["across"].equal.tolist() == [8]
    assert held.constant["train"].tolist() == held.constant["test"].tolist() == [[0, 7]]
    assert (held.y_train == planted().train.y).all()
    assert held.pictures["test"].index.tolist() == [0, 8]
    assert (held.pictures["test"].pixels == planted().test.X[[0, 8]]).all()
    assert set(held.pictures["train"].index) == {0, 100, *FLIPPED}


def test_what_is_written_is_read_back(folder: Path) -> None:
    place = audit_record.path(folder)
    before = place.read_bytes(), place.with_suffix(".npz").read_bytes()
    held = audit_record.read(folder, labels(folder))
    assert held is not None
    audit_record.write(folder, held)
    assert (place.read_bytes(), place.with_suffix(".npz").read_bytes()) == before


def test_folds_are_even_and_leave_out_classes_too_small_for_them() -> None:
    y = np.array([0] * 50 + [1] * 23 + [2] * 4)
    parts = folds.assign(y)
    assert (parts[73:] == -1).all()
    for label in (0, 1):
        sizes = np.bincount(parts[y == label], minlength=folds.FOLDS)
        assert sizes.max() - sizes.min() <= 1
    assert (parts == folds.assign(y)).all()
    assert (folds.assign(np.array([0, 1, 2])) == -1).all()
    assert len(folds.assign(np.zeros(0, dtype=np.int64))) == 0


def test_confident_learning_finds_planted_flips() -> None:
    pytest.importorskip("cleanlab")
    rng = np.random.default_rng(0)
    truth = np.arange(900) % 3 + 1  # of four classes, the first has no image
    proba = rng.dirichlet([0.3] * 4, 900).astype(np.float32)
    proba[:, 0] = 0
    proba[np.arange(900), truth] += 2
    proba /= proba.sum(axis=1, keepdims=True)
    flipped = np.arange(0, 900, 30)
    given = truth.copy()
    given[flipped] = truth[flipped] % 3 + 1
    errors, share = label_errors.find_label_errors(given, proba)
    assert len(np.intersect1d(errors.index, flipped)) >= 22  # the rest are less sure than an average image
    assert len(np.setdiff1d(errors.index, flipped)) <= 2
    right = np.isin(errors.index, flipped)
    assert (errors.suggested[right] == truth[errors.index[right]]).all()
    assert share == pytest.approx(30 / 900, abs=0.01)
    assert (np.diff(errors.margin) >= 0).all()
    assert errors.margin.max() < 0


def test_labels_that_are_right_are_left_alone() -> None:
    pytest.importorskip("cleanlab")
    y = np.arange(60) % 2
    errors, share = label_errors.find_label_errors(y, np.where(np.eye(2)[y] > 0, 0.9, 0.1))
    assert (len(errors.index), share) == (0, 0)


def test_the_verb_finds_planted_flips_through_a_plugin_and_needs_no_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("cleanlab")
    dataset = planted()
    path = tmp_path / "toy.npz"
    np.savez(
        path,
        X_train=dataset.train.X.reshape(-1, 8, 8),
        y_train=dataset.train.y,
        X_test=dataset.test.X.reshape(-1, 8, 8),
        y_test=dataset.test.y,
    )
    chosen = ("--estimator", "logistic_regression", "--threads", "1", "--device", "cpu")
    assert cli.main(["audit", "--dataset", str(path), *chosen, "--results", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"Images with an exact duplicate +2 +none +1", printed)
    assert "training images equal to another training image: 4, 40\n" in printed
    folder = tmp_path / "out" / "toy"
    held = audit_record.read(folder, labels(folder))
    assert held is not None
    assert held.audit.search is not None
    assert len(np.intersect1d(held.errors.index, FLIPPED)) >= 10
    assert len(held.errors.index) <= 16
    assert held.audit.search.title == "Logistic regression"
    text = (folder / "leaderboard.md").read_text()
    assert decide(summarise(records.read(folder))).outcome == "empty"
    assert "## The estimators" not in text
    assert f"]({FILE})" in text
    assert report.check(folder) == []
    assert len(load(folder)) == 0


def test_without_cleanlab_the_rest_is_done_and_it_says_what_to_install(tmp_path: Path, no_cleanlab: None) -> None:
    folder = tmp_path / "toy"
    held = look(folder, planted())
    assert held.audit.status == "skipped"
    assert held.copies["train"].n_pairs == 1
    assert held.audit.reason == label_errors.MISSING
    assert row_of(scored(folder), "Likely label errors")[0] == Cell("not searched for")
    assert "cleanlab is not installed; install it with:" in page(folder, FILE)


def test_without_cleanlab_what_an_audit_with_it_found_is_kept(folder: Path) -> None:
    held = look(folder, planted())
    assert held.audit.search == SEARCH
    assert held.errors.index.tolist() == FLIPPED.tolist()
    audit_record.path(folder).with_suffix(".npz").unlink()  # damaged: not used
    assert look(folder, planted()).audit.search is None


def test_an_estimator_that_fails_costs_the_label_errors_alone(tmp_path: Path) -> None:
    pytest.importorskip("cleanlab")
    lab = models(tmp_path / "lab", broken=bad("    def fit(self, X, y):\n        raise ValueError('no a|b')"))
    asked = ("audit", "--dataset", "digits", "--estimator", "broken", "--results", str(tmp_path / "out"))
    done = benchmark(*asked, cwd=lab)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "label errors: failed: broken: ValueError: no a|b" in done.stdout
    folder = tmp_path / "out" / "digits"
    scores = scored(folder)
    assert (scores.audit.audit.status, scores.audit.audit.reason) == ("failed", "broken: ValueError: no a|b")
    assert [cell.value for cell in row_of(scores, "Images with a near duplicate")] == [2, 0, 0]
    assert "could not be searched for: broken: ValueError: no a\\|b." in (folder / FILE).read_text()


def test_an_estimator_that_is_none_is_named_before_any_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["audit", "--dataset", "digits", "--estimator", "hog_logistic", "--results", str(tmp_path)]
    assert cli.main(asked) == 2
    assert "did you mean hog_logistic_regression?" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_results_on_other_data_are_left_alone(folder: Path) -> None:
    other = planted()
    other.train.X[5] ^= 1
    with pytest.raises(BenchmarkError, match="holds results on other data of the same name"):
        look(folder, other)
    audit_record.read(folder, labels(folder))


@pytest.mark.parametrize("classes", [1, 3])
@pytest.mark.parametrize("grey", [False, True])
def test_five_images_will_do(tmp_path: Path, classes: int, grey: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_errors, "available", lambda: True)  # nothing is asked of it
    whole = planted()
    X = np.zeros_like(whole.train.X[:5]) if grey else whole.train.X[:5]
    part = Part(X, np.arange(5) % classes)
    held = look(tmp_path / "toy", Dataset("toy", CLASSES[:classes], (8, 8, 1), part, part, "a test"))
    assert held.audit.reason == "fewer than two classes have 5 training images"
    assert held.copies["across"].equal.tolist() == [0, 1, 2, 3, 4]
    assert held.copies["train"].n_pairs == (10 if grey else 0)
    report.write(tmp_path / "toy")
    text = (tmp_path / "toy" / FILE).read_text()
    assert row_of(scored(tmp_path / "toy"), "Images with an exact duplicate")[2].value == 5
    assert "nan" not in text
    assert "None" not in text


def test_on_real_images_of_the_digits(tmp_path: Path, no_cleanlab: None) -> None:
    from benchmark.datasets import digits

    dataset = digits.load()
    held = look(tmp_path / "digits", dataset)
    for scope, (a, b) in {"train": ("train", "train"), "across": ("test", "train")}.items():
        first, second = (getattr(dataset, part).X.astype(float) for part in (a, b))
        r = np.corrcoef(np.vstack([first, second]))[: len(first), len(first) :]
        r = np.triu(r, 1) if a == b else r
        assert held.copies[scope].n_pairs == (r >= 0.99).sum()


# --- on disk


def changed(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        place = audit_record.path(folder)
        place.write_text(json.dumps({**json.loads(place.read_text()), **changes}))

    return change


def arrays(**changes: np.ndarray) -> Callable[[Path], None]:
    """Write other arrays, and their checksum, as someone else would."""

    def change(folder: Path) -> None:
        place = audit_record.path(folder)
        with np.load(place.with_suffix(".npz")) as file:
            found = {**dict(file), **changes}
        np.savez_compressed(place.with_suffix(".npz"), **found)
        changed(arrays_sha256=serialization.sha256(place.with_suffix(".npz")))(folder)

    return change


U1 = np.uint8
DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "torn": (lambda folder: audit_record.path(folder).write_text("{"), r"audit\.json: cannot be read"),
    "another schema": (changed(schema=99), "schema 99, this version reads schema 1"),
    "an unknown field": (changed(surprise=1), "unknown field 'surprise'"),
    "pairs of other scopes": (changed(pairs={"train": 1}), "pairs of"),
    "a threshold that is none": (changed(near=2), r"<= 1\.0 - at `\$\.near`"),
    "a search that was not": (changed(status="failed"), "status 'failed'"),
    "no search": (changed(search=None), "status 'ok'"),
    "an accuracy above one": (
        changed(search={**dataclasses.asdict(SEARCH), "accuracy": 3}),
        r"<= 1\.0 - at `\$\.search\.accuracy`",
    ),
    "of other data": (changed(dataset_sha256="0" * 64), "made on other data"),
    "no arrays": (lambda folder: audit_record.path(folder).with_suffix(".npz").unlink(), r"audit\.npz: cannot be read"),
    "other arrays": (
        lambda folder: np.savez(audit_record.path(folder).with_suffix(".npz"), y_train=np.zeros(3)),
        "its SHA-256 is not the one",
    ),
    "labels beyond the classes": (arrays(y_train=np.full(240, 9, U1)), "y_train goes up to 9"),
    "labels too few": (arrays(y_train=np.zeros(3, U1)), "`y_train` is of uint8 and shape"),
    "images beyond the last": (arrays(across_images=np.array([60], U1)), "across_images goes up to 60"),
    "images twice": (arrays(train_images=np.array([4, 4], U1)), "does not ascend"),
    "pairs beyond the last": (
        arrays(across_pairs=np.array([[8, 100], [60, 0]], U1)),
        "images that do not exist",
    ),
    "more pairs than there are": (
        arrays(test_pairs=np.array([[0, 1]], U1), test_similarity=np.ones(1), test_same=np.ones(1, bool)),
        "more pairs than 0",
    ),
    "no correlation": (arrays(train_similarity=np.array([np.nan])), "no correlation"),
    "whole numbers that are not": (arrays(train_flat=np.array([0.5])), "`train_flat` is of float64"),
    "an error with its own label": (arrays(error_suggested=np.zeros(12, U1)), "label errors are not valid"),
    "a pixel that is not there": (arrays(train_constant=np.array([[64, 0]], U1)), "pixels that do not exist"),
    "pictures too small": (arrays(test_pictures=np.zeros((2, 9), U1)), "`test_pictures` is of uint8 and shape"),
    "a bomb": (arrays(train_flat=np.zeros(2**26, U1)), "unpacks to"),
}


@pytest.mark.parametrize(("damage", "found"), DAMAGE.values(), ids=list(DAMAGE))
def test_a_damaged_audit_is_refused_with_its_name(folder: Path, damage: Callable[[Path], object], found: str) -> None:
    damage(folder)
    with pytest.raises(BenchmarkError, match=found) as refused:
        report.check(folder)
    assert "audit." in str(refused.value)
    assert "python -m benchmark audit" in str(refused.value) or "delete it" in str(refused.value)
    assert "\n" not in str(refused.value)
    with pytest.raises(BenchmarkError, match=found):  # before any training, not after it
        prepare.for_derived(folder, planted(), ["svm"], "curve", 0, kinds=record_kinds())


def test_an_audit_replaces_a_damaged_one(folder: Path) -> None:
    audit_record.path(folder).write_text("{")
    look(folder, planted())
    report.write(folder)
    assert report.check(folder) == []


# --- the report


def scored(folder: Path) -> AuditScores:
    summary = summarise(records.read(folder))
    found = compute(summary, audit_record.read(folder, summary.test_set))
    assert found is not None
    return found


def row_of(scores: AuditScores, name: str) -> tuple[Cell, ...]:
    """Return a row of the table of counts."""
    table = counts(scores.audit, scores.summary.test_set.y, len(scores.summary.class_names))
    (row,) = (row[1:] for row in table.rows if row[0].value == name)
    return row


def test_the_page(folder: Path, file_regression: FileRegressionFixture) -> None:
    file_regression.check(page(folder, FILE), extension=".md", encoding="utf-8")


def test_the_counts_are_those_of_what_was_found(folder: Path) -> None:
    scores = scored(folder)
    expected = {
        "Images": ([240, 60, None], ["240", "60", "—"]),
        "Images of each class": ([80, 20, None], ["80", "20", "—"]),
        "Images with an exact duplicate": ([2, 0, 1], ["2", "none", "1"]),
        "Images with a near duplicate": ([2, 0, 2], ["2", "none", "2"]),
        "Pairs of near duplicates": ([1, 0, 2], ["1", "none", "2"]),
        "Pairs of near duplicates with two labels": ([1, 0, 1], ["1", "none", "1"]),
        "Images of one grey value": ([0, 0, None], ["none", "none", "—"]),
        "Constant pixels": ([1, 1, None], ["1", "1", "—"]),
        "Likely label errors": ([12, None, None], ["12 (5.0 %)", "—", "—"]),
    }
    table = counts(scores.audit, scores.summary.test_set.y, 3)
    assert [row[0].value for row in table.rows] == list(expected)
    for name, (values, texts) in expected.items():
        row = row_of(scores, name)
        assert [cell.value for cell in row] == values
        assert [cell.text for cell in row] == texts
    assert cells(page(folder, FILE), 0) == {name: texts for name, (_, texts) in expected.items()}


def test_the_terminal_prints_the_table_of_the_page(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = scored(folder)
    command._print(terminal.console(), scores.audit, planted(), folder)
    lines = [re.split(" {2,}", line.strip()) for line in capsys.readouterr().out.splitlines()]
    for name, row in cells(page(folder, FILE), 0).items():
        assert [name, *row] in lines
    assert ["training images equal to another training image: 4, 40"] in lines
    assert ["likely label errors, most likely first: 0, 20, 40, 60, 80, 100, …"] in lines


def test_near_duplicates_with_two_labels_are_counted_by_class(folder: Path) -> None:
    y = planted().train.y
    assert (y[[4, 40, 0, 100]] == [1, 2, 1, 2]).all()  # 40, 0 and 100 were flipped; test 0 is of class 0, 8 of class 2
    # left and mid across the parts, mid and right within training
    assert scored(folder).label_pairs == (LabelPair((0, 1), (0, 0, 1)), LabelPair((1, 2), (1, 0, 0)))


def test_accuracies_without_near_duplicates(folder: Path) -> None:
    # Six of the last of 60 are wrong; without two of the first, six of 58.
    scores = scored(folder)
    (row,) = scores.rescored
    assert (row.title, row.accuracy.estimate, row.on_duplicates) == ("SVM", 0.9, 1.0)
    assert row.without == pytest.approx(52 / 58)
    assert row.change == pytest.approx(52 / 58 - 54 / 60)
    assert scores.overtaken == ()
    assert cells(page(folder, FILE), 2) == {"SVM": ["0.9000", "0.8966", "−0.34", "100.0 %"]}


def test_rows_that_change_places_are_named(folder: Path) -> None:
    answers = planted().test.y.copy()
    answers[[8, 55, 56, 57, 58, 59]] = (answers[[8, 55, 56, 57, 58, 59]] + 1) % 3  # a copy, and five that are none
    test_set = labels(folder)
    synthetic.write_predictions(
        folder, test_set, "net", answers, family="cnn", title="N|T", dataset_sha256=test_set.sha256, fit_seconds=99.0
    )
    scores, text = scored(folder), page(folder, FILE)
    assert [round(100 * row.change, 2) for row in scores.rescored] == [-0.34, 1.38]
    assert scores.overtaken == (("N|T", "SVM"),)
    assert "by −0.34 to +1.38 points; *N\\|T* comes out ahead of *SVM*." in text
    assert cells(text, 2)["N\\|T"] == ["0.9000", "0.9138", "+1.38", "50.0 %"]


def test_no_picture_is_shown_twice(folder: Path) -> None:
    held = audit_record.read(folder, labels(folder))
    assert held is not None
    pairs = np.array([[1, 2], [1, 3], [5, 1], [5, 9], [7, 2]])
    y = {"train": np.array([0, 0, 0, 1, 0, 0, 0, 0, 0, 0]), "test": np.zeros(10, dtype=np.int64)}
    copies = dataclasses.replace(held.copies["train"], pairs=pairs, similarity=np.linspace(1, 0.99, 5))
    assert audit_schema.pairs_to_show("train", copies, y).tolist() == [1, 3, 4]
    assert audit_schema.pairs_to_show("across", copies, y).tolist() == [1, 2, 4]


def test_a_score_that_does_not_change_is_not_in_the_table(folder: Path) -> None:
    write_results(folder, planted(), wrong=0)
    assert [row.change for row in scored(folder).rescored] == [0]
    text = page(folder, FILE)
    assert "no accuracy changes" in text
    assert "| SVM |" not in text


def test_label_errors_by_class(folder: Path) -> None:
    scores = scored(folder)
    assert scores.summary.class_names[scores.summary.hardest or 0] == "left"
    assert scores.hardest == 8
    y = planted().train.y[FLIPPED]
    expected = {(label, (label + 2) % 3): int((y == label).sum()) for label in range(3)}
    assert {(found.label, found.suggested): found.images for found in scores.suggestions} == expected
    assert [found.images for found in scores.suggestions] == [4, 4, 4]
    assert [found.share for found in scores.suggestions] == pytest.approx([1 / 3] * 3)
    images = np.bincount(planted().train.y)
    for found in scores.suggestions:
        assert found.share_of_label == pytest.approx(4 / images[found.label])


def test_the_table_of_indices(folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(report.texts(folder)["audit.csv"].decode())))
    y = planted().train.y
    assert rows[0] == {
        "part": "test",
        "index": "8",
        "kind": "equal",
        "label": CLASSES[2],
        "partner_part": "train",
        "partner_index": "100",
        "partner_label": CLASSES[y[100]],
        "similarity": "1",
        "suggested_label": "",
        "margin": "",
    }
    assert [(row["kind"], row["part"], row["index"]) for row in rows[1:4]] == [
        ("near copy", "test", "0"),
        ("equal", "train", "4"),
        ("label", "train", "0"),
    ]
    assert len(rows) == 3 + 12
    assert rows[3]["suggested_label"] == CLASSES[0]
    assert float(rows[3]["margin"]) == pytest.approx(-0.9)


def test_the_report_is_whole_with_figures_and_goes_away_with_the_audit(folder: Path) -> None:
    report.write(folder)
    assert report.check(folder) == []
    text = (folder / FILE).read_text()
    for name in ("copies", "label-errors"):
        assert f"](figures/{name}.png)" in text
        assert (folder / "figures" / f"{name}.png").stat().st_size > 5_000
    assert "python -m benchmark audit --dataset PATH --estimator svm\n" in (folder / "method.md").read_text()
    for suffix in (".json", ".npz"):
        audit_record.path(folder).with_suffix(suffix).unlink()
    assert set(report.check(folder)) == {
        "leaderboard.md",
        "leaderboard.html",
        "method.md",
        FILE,
        "audit.csv",
        "figures/copies.png",
        "figures/label-errors.png",
    }
    report.write(folder)
    assert report.check(folder) == []
    assert not (folder / "audit.csv").exists()
    assert not (folder / FILE).exists()


def test_data_without_issues_reads_well(tmp_path: Path, no_cleanlab: None) -> None:
    whole = planted()
    train, test = Part(whole.train.X[41:100], whole.train.y[41:100]), Part(whole.test.X[10:], whole.test.y[10:])
    train.X[0, 0] = test.X[0, 0] = 9
    folder = tmp_path / "toy"
    look(folder, Dataset("toy", CLASSES, (8, 8, 1), train, test, "a test"))
    scores = scored(folder)
    for name in ("an exact duplicate", "a near duplicate"):
        assert [cell.value for cell in row_of(scores, f"Images with {name}")] == [0, 0, 0]
    assert [cell.value for cell in row_of(scores, "Constant pixels")[:2]] == [0, 0]
    assert (scores.label_pairs, scores.rescored, scores.overtaken, scores.suggestions) == ((), (), (), ())
    text = page(folder, FILE)
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == ["## Counts", "## How it was counted"]  # nothing of what was not found; classes are balanced
    assert set(report.render(folder)) == {
        "leaderboard.md",
        "leaderboard.html",
        "leaderboard.csv",
        "method.md",
        FILE,
        "audit.csv",
    }


def test_one_of_each_reads_well(folder: Path, file_regression: FileRegressionFixture) -> None:
    held = audit_record.read(folder, labels(folder))
    assert held is not None
    one = audit_schema.Copies(
        images=np.array([8]),
        equal=np.zeros(0, np.int64),
        n_pairs=1,
        pairs=np.array([[8, 101]]),
        similarity=np.array([0.995]),
        same=np.array([False]),
    )
    nothing = dataclasses.replace(held.copies["test"])
    errors = LabelErrors(*(each[:1] for each in (held.errors.index, held.errors.suggested, held.errors.margin)))
    copies = {"train": nothing, "test": nothing, "across": one}
    edited(folder, pairs={"train": 0, "test": 0, "across": 1}, errors=errors, copies=copies)
    scores = scored(folder)
    assert [cell.value for cell in row_of(scores, "Images with a near duplicate")] == [0, 0, 1]
    assert scores.label_pairs == ()
    assert len(scores.rescored) == 1
    assert [found.images for found in scores.suggestions] == [1]
    file_regression.check(page(folder, FILE), extension=".md", encoding="utf-8")


def test_hostile_names_stay_text(folder: Path) -> None:
    meta = json.loads((folder / "records" / "test-set.json").read_text())
    meta["class_names"] = ["a|b", "=1+1", "<b>"]
    (folder / "records" / "test-set.json").write_text(json.dumps(meta))
    edited(folder, search=dataclasses.replace(SEARCH, title="t|<i>", cleanlab="2|9"))
    text = page(folder, FILE)
    assert "<b>" not in text
    assert "<i>" not in text
    assert {len(row) for row in re.findall(r"^\|.*\|$", text, re.M)}
    assert ",=1+1" not in report.texts(folder)["audit.csv"].decode()
