"""Human labels: how they are found, what is counted, what is stored, and what the report says."""

from __future__ import annotations

import csv
import functools
import hashlib
import http.server
import io
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pytest_regressions.file_regression import FileRegressionFixture
from scipy.stats import spearmanr
from sklearn.metrics import confusion_matrix, f1_score, roc_auc_score

from benchmark import load, report
from benchmark.analyses.human_labels import data as human_labels
from benchmark.analyses.human_labels import measure as people
from benchmark.analyses.human_labels import record as people_record
from benchmark.analyses.human_labels import scores as human_scores
from benchmark.analyses.human_labels.record import Contrast, People
from benchmark.analyses.human_labels.scores import Disagreement, HumanScores
from benchmark.analyses.human_labels.section import FILE, section
from benchmark.cli import main as cli
from benchmark.datasets import locations as places
from benchmark.datasets.download import File, UnavailableError
from benchmark.errors import BenchmarkError
from benchmark.leaderboard import per_class
from benchmark.leaderboard.footnotes import notes
from benchmark.leaderboard.summary import Summary, summarise
from benchmark.leaderboard.table import first_screen
from benchmark.metrics import scores as metrics
from benchmark.render.document import Cell, Table, Value
from benchmark.report.assemble import assemble, read_summary
from benchmark.storage import records, serialization
from tests import CHECKOUT
from tests import synthetic_results as synthetic
from tests.report.test_report import cells, page

pytestmark = pytest.mark.usefixtures("drawn_once")

REAL = next(
    (
        place
        for place in (Path(os.environ.get("BENCHMARK_DATA", "/nonexistent")), CHECKOUT.parent / "shared" / "data")
        if (place / human_labels.NAME / human_labels.FILE).is_file()
    ),
    None,
)
SMALL = ("left", "mid", "right")


def spread(top: np.ndarray, level: np.ndarray, k: int) -> np.ndarray:
    """Return 60 labels an image: of the class on `top`, but for five a level, 0 to 5, which go to the next class."""
    counts = np.zeros((len(top), k), dtype=np.int64)
    counts[np.arange(len(top)), top] = 60 - 5 * level
    counts[np.arange(len(top)), (top + 1) % k] += 5 * level
    return counts


@pytest.fixture
def as_fashion(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let synthetic results pass as results on Fashion-MNIST."""
    monkeypatch.setattr(people, "FASHION_MNIST_SHA256", "d" * 64)
    monkeypatch.setattr(people, "RESAMPLES", 200)


@pytest.fixture
def known(tmp_path: Path, as_fashion: None) -> Path:
    """100 images of each of three classes; one estimator misses 20 of mid, 10 disputed ones, and 5 of left."""
    folder = tmp_path / "results" / "fashion-mnist"
    y = np.repeat([0, 1, 2], 100)
    test_set = synthetic.write_test_set(folder, y, SMALL, n_train=600)
    answers = y.copy()
    answers[100:120], answers[0:5] = 2, 1
    synthetic.write_predictions(folder, test_set, "svm", answers, title="SVM", fit_rows=600)
    return folder


def known_counts() -> np.ndarray:
    y, level = np.repeat([0, 1, 2], 100), np.zeros(300, dtype=np.int64)
    level[110:130] = 3  # 10 that are missed and 10 that are not
    counts = spread(y, level, 3)
    counts[100:104] = [0, 0, 50]  # of the missed ones, people too call 4 "right" ...
    counts[104] = [25, 25, 0]  # ... and one tie between left and mid goes to left, which comes first
    return counts


def written(folder: Path, counts: np.ndarray) -> People:
    found = people.make(records.read(folder), counts)
    people_record.write(folder, found)
    return found


# --- what is counted


def test_entropy_is_in_bits_and_the_same_in_other_columns() -> None:
    rows = np.array([[5, 5, 5, 5], [7, 0, 0, 0], [30, 30, 0, 0], [1, 2, 4, 0], [4, 0, 1, 2]])
    found = people.entropy(rows)
    assert found[:3].tolist() == [2.0, 0.0, 1.0]
    assert found[3] == found[4] == pytest.approx(-sum(p * np.log2(p) for p in (1 / 7, 2 / 7, 4 / 7)))
    assert (people.entropy(rows / 3.7) == found).all()
    assert people.entropy(np.array([[0.5, 0.5, -0.1], [0, 0, 0]], dtype=np.float16)).tolist() == [1.0, 0.0]


def test_of_equally_frequent_labels_the_first_is_the_majority() -> None:
    assert people.majority_vote(np.array([[1, 4, 4], [3, 3, 3], [0, 1, 2]])).tolist() == [1, 0, 2]


def test_auc_is_scikit_learns_with_ties_and_without() -> None:
    rng = np.random.default_rng(0)
    for values in (rng.random(200), rng.integers(0, 5, 200).astype(float), np.zeros(200)):
        chosen = rng.random(200) < 0.2
        assert people.auc(values, chosen) == pytest.approx(roc_auc_score(chosen, values))


def test_the_bootstrap_is_the_plain_one_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    values = np.sort(rng.integers(0, 12, 80)).astype(float)  # sorted, as it draws from images in this order
    chosen = rng.random((3, 80)) < 0.3
    drawn = np.random.default_rng(7).integers(80, size=(100, 80))
    plainly = [[roc_auc_score(mark[rows], values[rows]) for rows in drawn] for mark in chosen]
    expected = np.quantile(plainly, [0.025, 0.975], axis=1).T
    assert people.auc_intervals(values, chosen, np.random.default_rng(7), 100) == pytest.approx(expected)
    monkeypatch.setattr(people, "_AT_ONCE", 80 * 17)  # in pieces, the last of which is smaller
    assert people.auc_intervals(values, chosen, np.random.default_rng(7), 100) == pytest.approx(expected)


def test_a_resample_without_a_chosen_image_counts_for_nothing() -> None:
    values, chosen = np.arange(30.0), np.zeros((1, 30), dtype=bool)
    chosen[0, 29] = True
    assert people.auc_intervals(values, chosen, np.random.default_rng(0), 200).tolist() == [[1.0, 1.0]]


def test_what_is_said_of_people_and_of_an_estimator(known: Path) -> None:
    counts = known_counts()
    found = people.make(records.read(known), counts)
    assert (found.fewest, found.most, found.mean) == (50, 60, pytest.approx(60 - 50 / 300, abs=1e-4))
    assert (found.ties, found.ties_right, found.ties_with_label) == (1, 0, 1)
    y = np.repeat([0, 1, 2], 100)
    assert np.array_equal(found.confusion, confusion_matrix(y, counts.argmax(axis=1)))
    (one,) = found.compared
    assert one.proba_sha256 == records.read(known).records[0].proba_sha256
    mid = one.classes[1]
    assert (mid.images, mid.missed, one.every.missed) == (100, 20, 25)
    assert mid.contrast is not None
    human, missed = people.entropy(counts), np.arange(100) < 20
    assert mid.contrast.entropy_missed == pytest.approx(human[100:120].mean(), abs=1e-4)
    assert mid.contrast.entropy_right == pytest.approx(human[120:200].mean(), abs=1e-4)
    assert mid.contrast.auc == pytest.approx(roc_auc_score(missed, human[100:200]), abs=1e-4)
    assert mid.contrast.auc_low < mid.contrast.auc < mid.contrast.auc_high
    assert (mid.contrast.same_answer, mid.contrast.label) == (4, 15)
    # 79 images without entropy, 20 of level 3 (the first ten of them missed), and the tie: the last 20 lack one missed.
    assert mid.contrast.fifths == (9, 0, 0, 1, 10)
    assert one.classes[0].contrast is None  # five missed are too few to tell of
    assert one.classes[2].contrast is None


def test_the_correlation_is_spearmans_and_none_of_what_is_constant(known: Path) -> None:
    results, rng = records.read(known), np.random.default_rng(0)
    proba = rng.dirichlet(np.ones(3), 300).astype(np.float16)
    records.write(known, results.records[0], proba)
    counts = rng.integers(1, 9, (300, 3))
    (one,) = people.make(records.read(known), counts).compared
    expected = spearmanr(people.entropy(counts), people.entropy(proba)).statistic
    assert one.every.spearman == pytest.approx(expected, abs=1e-4)
    counts[:100] = 7
    (one,) = people.make(records.read(known), counts).compared
    assert one.classes[0].spearman is None


def test_the_same_labels_give_the_same_bytes_and_none_of_them_is_kept(known: Path) -> None:
    before = people_record.write(known, people.make(records.read(known), known_counts())).read_bytes()
    again = people_record.write(known, people.make(records.read(known), known_counts())).read_bytes()
    assert before == again

    def longest(value: object) -> int:
        if isinstance(value, dict):
            return max(map(longest, value.values()), default=0)
        return max([len(value), *map(longest, value)]) if isinstance(value, list) else 0

    assert longest(json.loads(before)) <= people_record.FIFTHS


def test_labels_of_other_images_are_refused(known: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = records.read(known)
    for counts in (known_counts()[:-1], known_counts()[:, :2], known_counts() * 0):
        with pytest.raises(BenchmarkError, match=r"fmh_counts\.csv: 299 by 3|300 by 2|300 by 3 counts"):
            people.make(results, counts)
    monkeypatch.setattr(people, "FASHION_MNIST_SHA256", "e" * 64)
    with pytest.raises(BenchmarkError, match="other data than Fashion-MNIST"):
        people.make(results, known_counts())


# --- on disk


def test_what_is_written_is_read_back(known: Path) -> None:
    found = written(known, known_counts())
    test_set = records.read_test_set(known)
    assert test_set is not None
    assert people_record.read(known, test_set) == found


def changed(**changes: object) -> Callable[[dict], None]:
    return lambda data: data.update(changes)


def nested(*keys: str | int, value: object) -> Callable[[dict], None]:
    def change(data: dict) -> None:
        for key in keys[:-1]:
            data = data[key]
        data[keys[-1]] = value

    return change


CONTRAST = ("compared", 0, "classes", 1, "contrast")
DAMAGE: dict[str, tuple[Callable[[dict], None], str]] = {
    "another schema": (changed(schema=99), "schema 99, this version reads schema 1"),
    "of other data": (changed(dataset_sha256="0" * 64), "made on other data"),
    "an unknown field": (changed(counts=[[1]]), "unknown field 'counts'"),
    "a missing field": (lambda data: data.pop("ties"), "missing required field `ties`"),
    "a matrix of other images": (nested("confusion", 0, 0, value=7), "does not count the test images"),
    "a matrix that is not square": (changed(confusion=[[100], [100], [100]]), "not square"),
    "a class too many": (changed(entropy=[0.1] * 4), "not one number a class"),
    "ties that cannot be": (changed(ties_right=2), "1 ties"),
    "text for a number": (
        nested(*CONTRAST, "entropy_missed", value="=1"),
        r"got `str` - at `\$\.compared\[0\]\.classes\[1\]\.contrast\.entropy_missed`",
    ),
    "a probability above one": (nested(*CONTRAST, "auc", value=1.01), r"<= 1\.0 - at `\$.*\.contrast\.auc`"),
    "an interval the wrong way round": (nested(*CONTRAST, "auc_low", value=0.99), "AUC from 0.99"),
    "a correlation below -1": (
        nested("compared", 0, "every", "spearman", value=-1.5),
        r">= -1\.0 - at `\$\.compared\[0\]\.every\.spearman`",
    ),
    "a correlation that is no number": (
        nested("compared", 0, "every", "spearman", value=True),
        r"got `bool` - at `\$\.compared\[0\]\.every\.spearman`",
    ),
    "four fifths": (nested(*CONTRAST, "fifths", value=[9, 0, 0, 11]), r"length >= 5 - at `\$.*\.fifths`"),
    "fifths of more": (nested(*CONTRAST, "fifths", value=[9, 0, 0, 0, 12]), "of 20 missed"),
    "more answers than misses": (nested(*CONTRAST, "label", value=17), "more answers"),
    "more missed than there are": (nested("compared", 0, "classes", 2, "missed", value=101), "misses"),
    "misses that do not add up": (nested("compared", 0, "every", "missed", value=26), "do not add up"),
    "other images": (nested("compared", 0, "every", "images", value=299), "other images"),
    "a name that is a path": (
        nested("compared", 0, "estimator", value="../x"),
        r"regex .* - at `\$\.compared\[0\]\.estimator`",
    ),
    "an estimator twice": (lambda data: data["compared"].append(data["compared"][0]), "two entries"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_what_is_odd_about_the_file_is_said(known: Path, name: str) -> None:
    written(known, known_counts())
    path, (damage, message) = people_record.path_of(known), DAMAGE[name]
    data = json.loads(path.read_text())
    damage(data)
    path.write_text(json.dumps(data))
    with pytest.raises(BenchmarkError, match=message) as error:
        report.render(known)
    assert str(path) in str(error.value)
    assert "delete it" in str(error.value)


def test_below_zero_is_still_refused_of_what_is_no_correlation() -> None:
    assert serialization.from_json(-0.5, serialization.Correlation) == -0.5
    for kind in (serialization.NonNegativeFloat, serialization.NonNegativeInt, serialization.Share):
        with pytest.raises(ValueError, match=">= 0"):
            serialization.from_json(-1, kind)


# --- in the report


@pytest.fixture(scope="module")
def realistic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five estimators and no people."""
    folder = tmp_path_factory.mktemp("realistic") / "fashion-mnist"
    synthetic.write_realistic(folder)
    synthetic.write_failure(folder, "knn")
    return folder


@pytest.fixture(scope="module")
def summary(realistic: Path) -> Summary:
    """Score the estimators once: people change nothing about them."""
    return summarise(records.read(realistic))


@pytest.fixture
def ask(realistic: Path, summary: Summary, as_fashion: None) -> Iterator[Callable[[str], HumanScores]]:
    """Give a function that adds people to `realistic`, who disagree about "missed", "right" or "any" images."""

    def put(about: str) -> HumanScores:
        results = records.read(realistic)
        y, rng = results.test_set.y, np.random.default_rng(0)
        wrong = np.sum([proba.argmax(axis=1) != y for proba in results.proba.values()], axis=0)
        level = {"missed": wrong, "right": 5 - wrong, "any": rng.integers(0, 6, len(y))}[about]
        written(realistic, spread(np.where(wrong > 4, (y + 1) % 10, y), level, 10))
        return scored(realistic, summary)

    yield put
    people_record.path_of(realistic).unlink(missing_ok=True)


def scored(folder: Path, summary: Summary | None = None) -> HumanScores:
    summary = summary or summarise(records.read(folder))
    found = human_scores.compute(summary, people_record.read(folder, summary.test_set))
    assert found is not None
    return found


def tables_of(scores: HumanScores) -> tuple[Table, Table]:
    """Return the page's table of all classes, and that of the hardest."""
    all_classes, hardest = (block for block in section(scores, {}).blocks if isinstance(block, Table))
    return all_classes, hardest


def cells_of(table: Table) -> dict[Value, tuple[Cell, ...]]:
    """Return a table's rows by the value of their first cell."""
    return {row[0].value: row[1:] for row in table.rows}


def test_without_people_nothing_of_it_appears(realistic: Path, ask: Callable[[str], HumanScores]) -> None:
    before, figures = report.texts(realistic), assemble(realistic).figures
    assert FILE not in before
    assert "people" not in before["leaderboard.md"].decode().lower()
    assert "people" not in before["leaderboard.csv"].decode().lower()
    ask("missed")
    assert set(report.texts(realistic)) == {*before, FILE}
    with_people = assemble(realistic).figures
    assert set(with_people) == {*figures, "people-disagree"}
    # What the other figures show does not change: people are no estimator.
    assert [with_people[name].inputs for name in figures] == [figures[name].inputs for name in figures]
    people_record.path_of(realistic).unlink()
    assert report.texts(realistic) == before


@pytest.mark.parametrize(
    ("about", "relation", "counts"),
    [("missed", "more", (5, 0, 0)), ("right", "less", (0, 5, 0)), ("any", "none", (0, 0, 5))],
)
def test_the_answer_follows_the_numbers(
    ask: Callable[[str], HumanScores], about: str, relation: str, counts: tuple[int, int, int]
) -> None:
    scores = ask(about)
    assert scores.summary.class_names[scores.hardest] == "Shirt"
    for label in (scores.hardest, None):
        found = scores.disagreement(label)
        assert found.relation == relation
        assert (found.above, found.below, found.around) == counts


def test_an_answer_that_depends_on_the_model_is_mixed() -> None:
    some = Contrast(1.0, 1.0, 0.5, 0.4, 0.6, 0, 0, (2, 2, 2, 2, 2))
    assert Disagreement((some, some), above=1, below=0).relation == "mixed"
    assert Disagreement((some, some), above=1, below=1).relation == "mixed"
    assert Disagreement((), above=0, below=0).relation == "unknown"


def test_the_page(realistic: Path, ask: Callable[[str], HumanScores], file_regression: FileRegressionFixture) -> None:
    ask("missed")
    texts = report.texts(realistic)
    assert b"\npython -m benchmark people\n" in texts["method.md"]
    file_regression.check(texts[FILE].decode(), extension=".md", encoding="utf-8")


def test_the_tables_are_those_of_the_numbers(ask: Callable[[str], HumanScores]) -> None:
    scores = ask("missed")
    all_classes, hardest = map(cells_of, tables_of(scores))
    cnn = scores.baseline.people.find("cnn", 0)
    assert cnn is not None
    assert list(all_classes) == list(hardest) == [row.title for row in scores.summary.scored]
    for group, row in ((cnn.every, all_classes["CNN (residual)"]), (cnn.classes[6], hardest["CNN (residual)"])):
        contrast = group.contrast
        assert contrast is not None
        assert [cell.value for cell in row] == [
            group.missed,
            contrast.entropy_missed,
            contrast.entropy_right,
            contrast.auc,
            contrast.same_answer / group.missed,
            contrast.label / group.missed,
            group.spearman,
        ]
        assert row[3].interval == (contrast.auc_low, contrast.auc_high)
        assert row[3].text + row[3].ends == f"{contrast.auc:.2f} ({contrast.auc_low:.2f}–{contrast.auc_high:.2f})"
        assert row[4].text == f"{100 * contrast.same_answer / group.missed:.1f} %"


def test_people_have_a_row_but_no_rank(realistic: Path, ask: Callable[[str], HumanScores]) -> None:
    scores = ask("missed")
    counts = np.array(scores.baseline.people.confusion)
    accuracy = metrics.wilson_interval(np.trace(counts) / counts.sum(), int(counts.sum()))
    y, voted = (np.repeat(each, counts.ravel()) for each in np.divmod(np.arange(100), 10))
    f1 = f1_score(y, voted, average=None)
    assert scores.baseline.accuracy == accuracy
    row = human_scores.reference(scores)
    assert (row.name, row.title, row.family) == ("people", "People (majority vote)", "people")
    assert row.accuracy == accuracy
    assert row.f1 == pytest.approx(f1)
    assert row.macro_f1 == pytest.approx(f1.mean())
    summary, before = read_summary(realistic), scores.summary
    title = "People (majority vote)"
    first, second = (cells_of_title(table, title) for table in (first_table(summary), per_class.table(summary)))
    assert first[0].value is None  # no rank
    assert [cell.value for cell in first[1:3]] == [title, "people"]
    assert (first[3].value, first[3].interval) == (accuracy.estimate, (accuracy.low, accuracy.high))
    assert first[4].value == pytest.approx(f1[6])
    assert {cell.value for cell in first[5:]} == {None}
    assert [cell.value for cell in second[1:]] == pytest.approx(f1)
    table = load(realistic).set_index("estimator")
    assert table["status"].tolist() == ["ok"] * 5 + ["reference", "failed"]
    assert table.loc["people", "test_accuracy"] == pytest.approx(accuracy.estimate)
    assert table.loc["people", "macro_f1"] == pytest.approx(f1.mean())
    assert table.loc["people", "f1_Shirt"] == pytest.approx(f1[6])
    assert table["rank"].isna().tolist() == [False] * 5 + [True] * 2
    rows = list(csv.DictReader(io.StringIO(report.texts(realistic)["leaderboard.csv"].decode())))
    assert (rows[5]["estimator"], rows[5]["family"], rows[5]["status"]) == ("people", "people", "reference")
    assert rows[5]["fit_seconds"] == rows[5]["rank"] == ""
    assert len(summary.scored) == 5
    assert summary.hardest == before.hardest


def first_table(summary: Summary) -> Table:
    (found,) = (block for block in first_screen(summary, notes(summary)) if isinstance(block, Table))
    return found


def cells_of_title(table: Table, title: str) -> tuple[Cell, ...]:
    (row,) = (row for row in table.rows if row[table.name].value == title)
    return row


def test_an_estimator_with_other_predictions_is_left_out_and_named(
    realistic: Path, summary: Summary, ask: Callable[[str], HumanScores]
) -> None:
    assert ask("missed").left_out == ()
    results = records.read(realistic)
    record = next(record for record in results.records if record.estimator == "svm_pca")
    proba = results.proba["svm_pca", 0]
    other = proba.copy()
    other[0] = other[0][::-1]
    records.write(realistic, record, other)
    try:
        scores = scored(realistic)
    finally:
        records.write(realistic, record, proba)
    assert scores.left_out == ("SVM on PCA",)
    assert any("*SVM on PCA*" in block for block in section(scores, {}).blocks if isinstance(block, str))
    assert len(scores.disagreement(None).contrasts) == 4
    assert "SVM on PCA" not in cells_of(tables_of(scores)[0])
    assert scored(realistic, summary).left_out == ()


def test_too_few_missed_and_names_of_strangers(tmp_path: Path, as_fashion: None) -> None:
    folder, y = tmp_path / "fashion-mnist", np.arange(60) % 3
    test_set = synthetic.write_test_set(folder, y, ["a|b", "</script>", "*x*"])
    synthetic.write_predictions(folder, test_set, "one", np.where(np.arange(60) < 4, (y + 1) % 3, y), title="`t`|")
    written(folder, spread(y, np.arange(60) % 5, 3))
    scores = scored(folder)
    assert scores.disagreement(None).relation == scores.disagreement(scores.hardest).relation == "unknown"
    (row,) = tables_of(scores)[0].rows
    assert [cell.value for cell in row[:-1]] == ["`t`|", 4, *[None] * 5]
    text = page(folder, FILE)
    assert "</script>" not in text
    assert "`t`|" not in text
    assert cells(text, 0)["\\`t\\`\\|"][:-1] == ["4", *["—"] * 5]


# --- the labels, and the command


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Let only what a test names be found, and `known_counts` be what was published; return its bytes."""
    for name in ("BENCHMARK_CACHE", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("BENCHMARK_MIRRORS", "http://127.0.0.1:9/")
    monkeypatch.delenv("BENCHMARK_DATA", raising=False)
    monkeypatch.setattr(places, "CHECKOUT", tmp_path / "checkout" / "main")
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    blob = "".join(",".join(map(str, row)) + "\n" for row in known_counts()).encode()
    published = File(hashlib.sha256(blob).hexdigest(), len(blob))
    monkeypatch.setattr(human_labels, "COUNTS", published)
    source = human_labels.SOURCE
    monkeypatch.setattr(
        human_labels,
        "SOURCE",
        type(source)(source.title, {human_labels.FILE: published}, source.mirrors, source.put, source.flag),
    )
    return blob


@pytest.fixture
def mirrors(tmp_path: Path, bare: bytes) -> Iterator[str]:
    """Serve a folder with the file and one with another under its name, on loopback; yield the address."""
    for folder, content in (("good", bare), ("corrupt", bare[:-2] + b"9\n")):
        (tmp_path / "mirrors" / folder).mkdir(parents=True)
        (tmp_path / "mirrors" / folder / human_labels.FILE).write_bytes(content)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "mirrors"))
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    thread.join()


@pytest.mark.parametrize("place", ["flag", "flag/fashion-mnist-h", "checkout/shared/data/fashion-mnist-h", "cwd/data"])
def test_the_labels_are_found_where_data_are_kept(tmp_path: Path, bare: bytes, place: str) -> None:
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / human_labels.FILE).write_bytes(bare)
    assert (human_labels.load(tmp_path / "flag") == known_counts()).all()


def test_another_file_in_a_named_place_is_an_error_and_elsewhere_passed_over(tmp_path: Path, bare: bytes) -> None:
    for place in ("cwd/data", "flag"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / human_labels.FILE).write_bytes(b"1,2,3\n")
    assert human_labels.locate() is None
    with pytest.raises(BenchmarkError, match=r"flag/fmh_counts\.csv: SHA-256 is .*fetch it again from https"):
        human_labels.load(tmp_path / "flag")


def test_a_mirror_with_another_file_is_passed_over_and_what_is_right_is_kept(
    tmp_path: Path, mirrors: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCHMARK_MIRRORS", f"http://127.0.0.1:9/ {mirrors}/corrupt {mirrors}/good")
    assert (human_labels.load() == known_counts()).all()
    monkeypatch.setenv("BENCHMARK_MIRRORS", "")
    assert (human_labels.load() == known_counts()).all()
    kept = tmp_path / "BENCHMARK_CACHE" / human_labels.NAME
    assert [path.name for path in kept.iterdir()] == [human_labels.FILE]


def test_a_wrong_checksum_everywhere_names_every_mirror(mirrors: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHMARK_MIRRORS", f"http://127.0.0.1:9/ {mirrors}/corrupt/")
    with pytest.raises(UnavailableError, match="no mirror gave it") as error:
        human_labels.load()
    assert "http://127.0.0.1:9/ (ConnectionError)" in str(error.value)
    assert f"{mirrors}/corrupt/ (ValueError)" in str(error.value)
    assert "put fmh_counts.csv into data/fashion-mnist-h, or name its folder with --data-dir" in str(error.value)


def test_the_command_writes_the_record_and_the_report(
    known: Path, tmp_path: Path, bare: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / human_labels.FILE).write_bytes(bare)
    arguments = ("people", "--results", str(known.parent), "--data-dir", str(tmp_path))
    assert cli.main(arguments) == 0
    printed = capsys.readouterr().out
    assert "Within mid, the hardest class, " in printed
    assert str(known / FILE) in printed
    assert report.check(known) == []
    before = people_record.path_of(known).read_bytes()
    people_record.path_of(known).write_text("torn")  # which the next one does not mind
    assert cli.main(arguments) == 0
    assert people_record.path_of(known).read_bytes() == before


def test_without_the_labels_the_command_says_so_in_one_line_and_leaves_everything(
    known: Path, bare: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(known.rglob("*"))
    assert cli.main(["people", "--results", str(known.parent)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "Fashion-MNIST-H" in line
    assert "http://127.0.0.1:9/" in line
    assert sorted(known.rglob("*")) == before


@pytest.mark.parametrize(
    ("flags", "message"),
    [(("--dataset", "digits"), "test images of fashion-mnist only"), ((), "no records here; make some")],
)
def test_other_data_and_no_records_are_one_clear_line(
    tmp_path: Path, bare: bytes, capsys: pytest.CaptureFixture[str], flags: tuple[str, ...], message: str
) -> None:
    assert cli.main(["people", "--results", str(tmp_path / "none"), *flags]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not (tmp_path / "none").exists()


# --- the real ones


@pytest.mark.skipif(REAL is None, reason="Fashion-MNIST-H is not here: set BENCHMARK_DATA")
def test_peoples_majority_on_fashion_mnist() -> None:
    counts = human_labels.load(REAL)
    test_set = records.read_test_set(CHECKOUT / "results" / "fashion-mnist")
    assert test_set is not None
    voted = people.majority_vote(counts)
    assert round(metrics.accuracy(test_set.y, voted), 3) == 0.820
    assert round(float(f1_score(test_set.y, voted, average=None)[6]), 3) == 0.398
    committed = people_record.read(CHECKOUT / "results" / "fashion-mnist", test_set)
    assert committed is not None
    assert np.array_equal(committed.confusion, confusion_matrix(test_set.y, voted))
