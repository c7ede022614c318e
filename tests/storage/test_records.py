"""Records: written whole or not at all, read back strictly."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from msgspec import inspect

from benchmark import load
from benchmark.analyses.data_audit.schema import Audit
from benchmark.analyses.human_labels.record import People
from benchmark.analyses.learning_curve.record import Curve
from benchmark.analyses.robustness.record import Robustness
from benchmark.analyses.tuning_budget.record import Budget
from benchmark.engine.saved_models.card import ModelCard
from benchmark.errors import BenchmarkError
from benchmark.storage import records, schema, serialization
from tests.synthetic_results import write_realistic


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_realistic(tmp_path / "toy", n_test=200)
    return tmp_path / "toy"


def one(folder: Path) -> Path:
    return sorted(folder.glob("records/*/seed-0.json"))[0]


def test_what_is_written_is_read_back(folder: Path) -> None:
    results = records.read(folder)
    record = results.records[0]
    again = records.write(folder, record, results.proba[record.estimator, record.seed])
    assert again == record == records.read_record(one(folder))


def test_the_same_record_gives_the_same_bytes(folder: Path) -> None:
    path = one(folder)
    before = path.read_bytes(), path.with_suffix(".npz").read_bytes()
    results = records.read(folder)
    records.write(folder, results.records[0], results.proba[results.records[0].estimator, 0])
    assert (path.read_bytes(), path.with_suffix(".npz").read_bytes()) == before


def test_predictions_are_float16_rows_of_every_test_image(folder: Path) -> None:
    with np.load(one(folder).with_suffix(".npz"), allow_pickle=False) as file:
        assert file.files == ["proba"]
        assert file["proba"].dtype == np.float16


def test_what_the_loader_said_and_the_copies_are_stored_where_there_are_any(folder: Path) -> None:
    header, arrays = folder / "records" / "test-set.json", folder / "records" / "test-set.npz"
    before = header.read_bytes(), arrays.read_bytes()
    assert set(json.loads(before[0])) == {"schema", "dataset", "sha256", "class_names", "image_shape", "n_train"}
    test_set = records.read_test_set(folder)
    assert test_set is not None
    assert (test_set.read_as, test_set.remarks, test_set.copies.tolist()) == ("", (), [])
    told = dataclasses.replace(test_set, read_as="9 pictures", remarks=("é\ud800", "b"), copies=np.array([0, 7]))
    records.write_test_set(folder, told)
    again = records.read_test_set(folder)
    assert again is not None
    assert (again.read_as, again.remarks, again.copies.tolist()) == ("9 pictures", ("é\ud800", "b"), [0, 7])
    records.write_test_set(folder, test_set)  # a published data set's files are those of earlier versions
    assert (header.read_bytes(), arrays.read_bytes()) == before


@pytest.mark.parametrize("copies", [[200], [-1], [3, 3], [3, 2], [[1]], [0.0]])
def test_copies_that_are_no_test_images_are_refused(folder: Path, copies: list) -> None:
    test_set = records.read_test_set(folder)
    assert test_set is not None
    records.write_test_set(folder, dataclasses.replace(test_set, copies=np.array(copies)))
    with pytest.raises(BenchmarkError, match="not a test set"):
        records.read(folder)


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_another_schema_is_refused_by_name(folder: Path) -> None:
    edit(one(folder), schema=99)
    with pytest.raises(BenchmarkError, match="schema 99, this version reads schema 1"):
        records.read(folder)


@pytest.mark.parametrize("changes", [{"surprise": 1}, {"trials": [{"number": 0}]}])
def test_an_unknown_or_missing_field_is_refused(folder: Path, changes: dict) -> None:
    edit(one(folder), **changes)
    with pytest.raises(BenchmarkError, match="not a record of schema"):
        records.read(folder)


def test_a_torn_json_is_refused_with_its_name(folder: Path) -> None:
    path = one(folder)
    path.write_text(path.read_text()[:200])
    with pytest.raises(BenchmarkError, match=r"seed-0\.json: cannot be read"):
        records.read(folder)


def test_predictions_that_are_not_the_recorded_ones_are_refused(folder: Path) -> None:
    arrays = one(folder).with_suffix(".npz")
    np.savez_compressed(arrays, proba=np.zeros((2, 2), np.float16))
    with pytest.raises(BenchmarkError, match="SHA-256"):
        records.read(folder)


def test_a_pickle_in_disguise_is_never_opened(folder: Path) -> None:
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("unpickled",))

    arrays = folder / "records" / "test-set.npz"
    np.savez(arrays, y=np.array([Bomb()], dtype=object), allow_pickle=True)
    with pytest.raises(BenchmarkError, match="allow_pickle"):
        records.read(folder)


def test_records_on_other_data_are_refused(folder: Path) -> None:
    edit(one(folder), dataset_sha256="0" * 64)
    with pytest.raises(BenchmarkError, match="made on other data"):
        records.read(folder)


def test_an_empty_folder_says_how_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="run --all"):
        records.read(tmp_path)


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    serialization.write_atomically(path, b"old")
    monkeypatch.setattr("os.fsync", lambda fd: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        serialization.write_atomically(path, b"new")
    assert [(found.name, found.read_bytes()) for found in tmp_path.iterdir()] == [("a.json", b"old")]


def test_load_gives_the_leaderboard_as_a_frame(folder: Path) -> None:
    frame = load(folder)
    assert "test_accuracy" in frame.columns
    assert len(frame) == len({record.estimator for record in records.read(folder).records})


def numbers(kind: object) -> list[tuple[str, object, object]]:
    """Return each number of a type as msgspec sees it, with its bounds."""
    found = []
    waiting = [(getattr(kind, "__name__", str(kind)), inspect.type_info(kind))]
    while waiting:
        where, info = waiting.pop()
        if isinstance(info, inspect.IntType | inspect.FloatType):
            found.append((where, info.ge if info.gt is None else info.gt, info.le))
        for field in getattr(info, "fields", ()):
            waiting.append((f"{where}.{field.name}", field.type))
        below = [getattr(info, name, None) for name in ("item_type", "value_type")]
        below += [*getattr(info, "item_types", ()), *getattr(info, "types", ())]
        waiting += [(where, each) for each in below if each is not None]
    return found


@pytest.mark.parametrize(
    "kind", [records.Record, schema.TestSetHeader, People, Audit, Curve, Budget, Robustness, ModelCard]
)
def test_every_number_that_is_read_has_bounds(kind: type) -> None:
    """Without them it might be NaN, or so large that the axes of a figure overflow."""
    found = numbers(kind)
    assert len(found) >= 2
    assert [where for where, low, high in found if low is None or high is None] == []


@pytest.mark.parametrize("value", [True, 1.0, "1", None, -1, 10**16, [1]])
def test_a_whole_number_is_one_and_within_its_bounds(value: object) -> None:
    with pytest.raises(ValueError, match="Expected `int`"):
        serialization.from_json(value, serialization.NonNegativeInt)


@pytest.mark.parametrize("value", [True, "1", None, -0.5, 1e16, float("nan"), float("inf"), float("-inf"), 10**400])
def test_a_number_is_one_and_within_its_bounds(value: object) -> None:
    with pytest.raises(ValueError, match=r"Expected `float`|out of range"):
        serialization.from_json(value, serialization.NonNegativeFloat)


def test_a_whole_number_will_do_for_a_number() -> None:
    assert serialization.from_json(1, serialization.NonNegativeFloat) == 1.0


def test_an_unknown_field_is_refused_however_deep_it_is(folder: Path) -> None:
    path = one(folder)
    data = json.loads(path.read_text())
    data["trials"] = [{"number": 0, "state": "complete", "params": {"free": {"x": 1}}, "rungs": []}]
    path.write_text(json.dumps(data))
    assert records.read_record(path).trials[0].params == {"free": {"x": 1}}
    rung = {"rows": 1, "accuracy": 0.5, "fit_seconds": 1.0, "predict_seconds": 1.0}
    data["trials"][0]["rungs"] = [rung, {**rung, "surprise": 1}]
    path.write_text(json.dumps(data))
    with pytest.raises(BenchmarkError, match=r"unknown field 'surprise' - at `\$\.trials\[0\]\.rungs\[1\]`"):
        records.read_record(path)


def test_a_refusal_quotes_no_more_than_a_line_of_a_long_value(folder: Path) -> None:
    edit(one(folder), status="x" * 10**6)
    with pytest.raises(BenchmarkError, match=r"at `\$\.status`\); delete it and run again") as refused:
        records.read(folder)
    assert len(str(refused.value)) < 1_000
