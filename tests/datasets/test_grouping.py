"""Which pictures belong together: what --group takes, what names show, and that no split divides a group."""

from __future__ import annotations

import random
import shlex
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmark import datasets
from benchmark.cli.main import main
from benchmark.datasets import grouping, split
from benchmark.datasets.picture_cache import Asked
from benchmark.datasets.picture_files import command
from benchmark.engine import protocol
from benchmark.errors import BenchmarkError
from benchmark.leaderboard import commands
from tests.drawn import picture

DRAWN = random.Random(0)

Name = Callable[[str, int], str]

NO_GROUPS: dict[str, Name] = {
    "a class and a number": lambda kind, i: f"{kind}_{i:03d}.jpg",
    "a class, dots and a number": lambda kind, i: f"{kind}.{i}.png",
    "a camera's number": lambda kind, i: f"IMG_{1000 + i}.JPG",
    "a number": lambda kind, i: f"{i:04d}.png",
    "a uuid": lambda kind, i: f"{uuid.UUID(int=DRAWN.getrandbits(128))}.jpg",
    "a checksum": lambda kind, i: f"{DRAWN.getrandbits(64):016x}.jpg",
    "ImageNet's class and number": lambda kind, i: f"n{len(kind)}2085620_{10_000 + 7 * i}.JPEG",
    "a class with a digit": lambda kind, i: f"class{len(kind)}_{i}.png",
    "a day and a number": lambda kind, i: f"IMG-202001{i // 4 + 1:02d}-WA{i:04d}.jpg",
    "a day and a counter": lambda kind, i: f"2021-03-{i // 4 + 1:02d}_{i}.jpg",
    "a screen's day and time": lambda kind, i: f"Screenshot_2020-01-{i // 4 + 1:02d}-12-{i:02d}.png",
    "a number and a size": lambda kind, i: f"{i}_100.jpg",
    "copies by a browser": lambda kind, i: f"{kind}_{i:03d} (1).jpg",
    "a few batches": lambda kind, i: f"batch{i // 20}_{i:03d}.png",
    "Flickr's number, secret and size": lambda kind, i: f"{10**9 + 7 * i}_{DRAWN.getrandbits(40):010x}_n.jpg",
    "a scan each": lambda kind, i: f"scan{i:03d}.png",
    "a person each": lambda kind, i: f"person{i}.png",
    "the number of all": lambda kind, i: f"{kind}-{i}-of-60.png",
}

GROUPS: dict[str, tuple[Name, int]] = {
    "patients and slices": (lambda kind, i: f"patient{i // 5:03d}_slice{i % 5}.png", 12),
    "subjects and letters": (lambda kind, i: f"subject{i // 4:02d}_{'abcd'[i % 4]}.jpg", 15),
    "crops of a photograph": (lambda kind, i: f"IMG_{1000 + i // 3 + 20 * len(kind)}_crop{i % 3}.png", 40),
    "hands and counters": (lambda kind, i: f"hand{i // 12 + 1}_{i % 12:03d}.png", 5),
    "numbers of a patient and a scan": (lambda kind, i: f"{i // 4:08d}_{i % 4:03d}.png", 15),
    "both views of a code": (lambda kind, i: f"P{i // 2 + 30 * len(kind):03d}_{('left', 'right')[i % 2]}.png", 60),
    "Roboflow's copies": (lambda kind, i: f"{kind}_{i // 3}_jpg.rf.{DRAWN.getrandbits(128):032x}.jpg", 40),
    "slides of a biopsy": (lambda kind, i: f"SOB_B_A-14-22549{i // 6:02d}-40-{i % 6:03d}.png", 10),
    "folders in the folder of a class": (lambda kind, i: f"{i // 6:04d}/{i % 6}.png", 10),
    "folders of patients": (lambda kind, i: f"Patient_{i // 6}/{i % 6}.png", 10),
    "persons in the middle": (lambda kind, i: f"person{i // 3}_bacteria_{i}.jpeg", 20),
    "videos and frames": (lambda kind, i: f"video_{i // 10}_frame_{i}.jpg", 6),
}


def names(scheme: Name, parts: tuple[str, ...] = ("",)) -> tuple[list[str], np.ndarray]:
    """Return 60 names of each of two classes, and the labels."""
    kinds = ("cat", "sheep")
    found = [f"{parts[i % len(parts)]}{kind}/{scheme(kind, i)}" for kind in kinds for i in range(60)]
    return found, np.repeat([0, 1], 60)


@pytest.mark.parametrize("scheme", NO_GROUPS.values(), ids=list(NO_GROUPS))
def test_usual_names_are_no_groups(scheme: Name) -> None:
    assert grouping.evidence(*names(scheme), {}) is None


@pytest.mark.parametrize(("scheme", "groups"), GROUPS.values(), ids=list(GROUPS))
@pytest.mark.parametrize("parts", [("",), ("train/", "test/")], ids=["one part", "parts"])
def test_names_that_look_like_groups_are_found_with_the_option_that_keeps_them(
    scheme: Name, groups: int, parts: tuple[str, ...]
) -> None:
    paths, y = names(scheme, parts)
    found = grouping.evidence(paths, y, {})
    assert found is not None
    assert (found.groups, found.pictures) == (groups, len(paths))
    said = grouping.group_names("mine", paths, found.option, {})
    assert len(set(said.values())) == groups
    assert said[found.pair[0]] == said[found.pair[1]]
    assert shlex.split(found.text().split("give ")[1].split(", and no group")[0]) == ["--group", found.option]


def test_a_column_of_identities_is_found_and_no_other() -> None:
    paths, y = names(NO_GROUPS["a number"])
    halves = {name: f"HAM_{i // 2}" for i, name in enumerate(paths)}
    found = grouping.evidence(paths, y, {"lesion_id": halves})
    assert found is not None
    assert (found.option, found.groups) == ("lesion_id", 60)
    assert grouping.evidence(paths, y, {"age": halves}) is None
    assert grouping.evidence(paths, y, {"patient_id": {name: name for name in paths}}) is None


@pytest.mark.parametrize(
    ("column", "identity"),
    [
        *((name, True) for name in ("patient_id", "PatientID", "lesion_id", "Subject", "person", "caseId")),
        *((name, False) for name in ("id", "image_id", "age", "handedness", "description", "patient_age")),
    ],
)
def test_identities_are_known_by_the_name_of_their_column(column: str, identity: bool) -> None:
    assert grouping.is_identity(column) == identity


# --- what --group takes


PATHS = [f"{kind}/patient{i // 2}_{i % 2}.png" for kind in ("benign", "malignant") for i in range(6)]


def test_a_group_is_what_the_first_group_of_the_expression_matches() -> None:
    assert grouping.group_names("mine", PATHS, r"patient(\d)", {})["malignant/patient2_1.png"] == "2"
    assert grouping.group_names("mine", PATHS, r"patient\d", {})["malignant/patient2_1.png"] == "patient2"
    assert grouping.group_names("mine", PATHS, r".*/patient\d", {})["benign/patient0_1.png"] == "benign/patient0"


@pytest.mark.parametrize(
    ("option", "why"),
    [
        (r"person\d+", r"--group 'person\\d\+' matches no picture, of which the first is benign/patient0_0.png"),
        (".*", "every picture in a group of its own"),
        ("patient", "puts all 12 pictures in one group, 'patient'"),
        ("benign", "puts 6 of 12 pictures in one group, 'benign', and there is no other"),
        ("(", r"--group '\(' is no regular expression \(missing \), unterminated subpattern at position 0\)"),
    ],
)
def test_an_option_of_no_use_is_refused_in_a_line(option: str, why: str) -> None:
    with pytest.raises(BenchmarkError, match=why) as error:
        grouping.group_names("mine", PATHS, option, {})
    assert "\n" not in str(error.value)


def mine(folder: Path, parts: tuple[str, ...] = ("",), patients: int = 8) -> Path:
    """Write four pictures of each patient, two of each class; the patients go to the parts in turn."""
    random = np.random.default_rng(0)
    for patient in range(patients):
        for number in range(4):
            kind = ("circle", "square")[number % 2]
            place = folder / parts[patient % len(parts)] / kind
            place.mkdir(parents=True, exist_ok=True)
            picture(kind, random, (16, 16)).save(place / f"patient{patient:02d}_{number}.png")
    return folder


def load(path: Path | str, group: str = "") -> tuple[datasets.Dataset, list[str]]:
    told: list[str] = []
    return datasets.load(str(path), notify=told.append, group=group), told


def patients(names: tuple[str, ...]) -> set[str]:
    return {name.split("_")[0][-2:] for name in names}


def test_whole_groups_are_split_off_for_testing_and_for_validation(tmp_path: Path) -> None:
    found, told = load(mine(tmp_path / "mine", patients=20), r"patient\d+")
    train, test = patients(found.train.names), patients(found.test.names)
    assert not train & test
    assert (len(train), len(test)) == (16, 4)
    assert (np.bincount(found.train.y) == 32).all()
    for part in (found.train, found.test):
        numbers = {name.split("_")[0][-2:]: group for name, group in zip(part.names, part.groups, strict=True)}
        assert len(set(numbers.values())) == len(numbers)
    parts = protocol.split(found.train.y, protocol.PRESETS["quick"], found.train.groups, found.train.validates)
    fitted, validated = (patients(tuple(np.array(found.train.names)[rows])) for rows in (parts.fit, parts.validation))
    assert not fitted & validated
    assert len(validated) in (2, 3)
    assert any("80 pictures are in 20 groups" in line for line in told)
    assert any("whole groups, about a fifth of each class, are split off" in line for line in told)
    assert (found.group, found.name) == (r"patient\d+", "mine-grouped")


def test_without_the_option_the_line_says_what_to_give(tmp_path: Path) -> None:
    folder = mine(tmp_path / "mine", patients=20)
    found, told = load(folder)
    assert not len(found.train.groups)
    assert found.sha256 != load(folder, r"patient\d+")[0].sha256
    line = next(line for line in told if "--group" in line)
    assert "20 groups of 80 pictures" in line
    assert r"--group 'patient\d+'" in line
    assert any(r"--group 'patient\d+'" in text for text in found.remarks)


def test_test_pictures_of_a_group_that_trains_are_counted_and_stay(tmp_path: Path) -> None:
    folder = mine(tmp_path / "mine", ("train", "test"), 10)
    (folder / "test" / "circle" / "patient01_0.png").rename(folder / "train" / "circle" / "patient01_0.png")
    found, told = load(folder, r"patient\d+")
    assert len(found.test.y) == 19
    line = next(line for line in told if "of a group that trains" in line)
    assert "3 of 19 test pictures are of a group that trains, too" in line
    assert set(found.test.groups) & set(found.train.groups)


def test_pictures_in_no_group_are_on_their_own_and_counted(tmp_path: Path) -> None:
    folder = mine(tmp_path / "mine", patients=20)
    picture("circle", np.random.default_rng(9), (16, 16)).save(folder / "circle" / "other.png")
    _, told = load(folder, r"patient\d+")
    assert any("80 pictures are in 20 groups; 1 picture in none" in line for line in told)


def test_groups_that_cannot_be_split_off_are_refused(tmp_path: Path) -> None:
    folder = mine(tmp_path / "mine")
    with pytest.raises(BenchmarkError, match="no group can be split off as the test part"):
        load(folder, "circle|square")


def test_too_few_groups_for_validation_are_said(tmp_path: Path) -> None:
    folder = mine(tmp_path / "mine", ("train", "test"), 2)
    picture("circle", np.random.default_rng(9), (16, 16)).save(folder / "train" / "square" / "other.png")
    _, told = load(folder, r"patient\d+")
    assert any("tuning validates on groups that it also fits" in line for line in told)


def test_a_column_of_a_table_groups(tmp_path: Path) -> None:
    folder = mine(tmp_path / "mine", patients=20)
    files = sorted(folder.rglob("*.png"))
    rows = [f"{path.name},{path.name.split('_')[0][7:]}x" for path in files]
    (folder / "index.csv").write_text("\n".join(["filename,who,", *(f"{row}," for row in rows)]))
    found, told = load(folder, "who")
    assert found.class_names == ("circle", "square")
    assert not patients(found.train.names) & patients(found.test.names)
    assert any("80 pictures are in 20 groups" in line for line in told)
    with pytest.raises(BenchmarkError, match="no column is called so; there are "):
        load(folder, "whom")


@pytest.mark.parametrize("columns", ["filename,patient_id", "filename,patient_id,age"])
def test_patients_in_a_table_next_to_folders_of_classes_are_no_classes(tmp_path: Path, columns: str) -> None:
    folder = mine(tmp_path / "mine", patients=20)
    rows = [f"{path.name},{path.name[7:9]},3"[: -2 if "age" not in columns else None] for path in folder.rglob("*.png")]
    (folder / "index.csv").write_text("\n".join([columns, *rows]))
    found, told = load(folder)
    assert found.class_names == ("circle", "square")
    assert any("20 groups of 80 pictures" in line and "give --group patient_id" in line for line in told)
    found, told = load(folder, "patient_id")
    assert found.class_names == ("circle", "square")
    assert not any("not read" in line for line in told)
    assert any("80 pictures are in 20 groups" in line for line in told)


def test_a_column_of_persons_may_be_the_classes_where_nothing_else_is(tmp_path: Path) -> None:
    random, rows = np.random.default_rng(0), ["image,person,camera"]
    for number in range(40):
        picture("circle", random, (16, 16)).save(tmp_path / f"{number}.png")
        rows.append(f"{number}.png,{'ab'[number % 2]},{number // 4}")
    (tmp_path / "index.csv").write_text("\n".join(rows))
    with pytest.raises(BenchmarkError, match="any of these may be the classes: person, camera"):
        load(tmp_path)
    found, _ = load(tmp_path, "camera")
    assert found.class_names == ("a", "b")
    assert len(set(found.train.groups)) == 8


@pytest.mark.parametrize("name", [None, "digits", "fashion-mnist", "openml:554"])
def test_published_data_have_no_groups(name: str | None) -> None:
    with pytest.raises(BenchmarkError, match="--group is for your own pictures"):
        datasets.load(name, group="x")


def test_arrays_have_no_names_to_group(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((4, 8, 8), dtype=np.uint8), y=np.array([0, 1, 0, 1]))
    with pytest.raises(BenchmarkError, match="--group is for pictures with file names, and these have none"):
        datasets.load(str(tmp_path / "a.npz"), group="x")


def test_the_option_is_on_every_command_that_is_offered(tmp_path: Path) -> None:
    asked = Asked(grey=True, group=r"patient\d+")
    assert command(Path("mine"), asked) == r"--dataset mine@grey --group 'patient\d+'"
    assert commands.data_flags("mine", "mine@grey", r"patient\d+") == [
        r"--dataset mine@grey",
        r"--group 'patient\d+'",
    ]
    assert commands.data_flags("mine", "mine") == ["--dataset mine"]


def test_the_command_data_takes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = mine(tmp_path / "mine", patients=20)
    assert main(["data", "--dataset", str(folder), "--group", r"patient\d+"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "80 pictures are in 20 groups" in said


# --- the splits


def test_each_class_is_held_out_in_its_share_as_well_as_can_be() -> None:
    random = np.random.default_rng(1)
    groups = np.repeat(np.arange(60), 10)
    y = np.where(random.random(600) < np.repeat(random.random(60), 10), 1, 0)
    held = split.hold_out_groups(y, groups, 5, 0)
    assert not set(groups[held]) & set(groups[~held])
    shares = np.bincount(y[held]) / np.bincount(y)
    assert np.abs(shares - 0.2).max() < 0.03
    assert (held == split.hold_out_groups(y, groups, 5, 0)).all()


def test_a_group_without_which_a_class_cannot_be_trained_is_never_held_out() -> None:
    groups = np.repeat(np.arange(12), 5)
    y = np.repeat([0] * 10 + [1, 2], 5)  # the classes 1 and 2 are one group each
    held = split.hold_out_groups(y, groups, 5, 0)
    assert set(y[held]) == {0}
    assert not split.hold_out_groups(np.repeat([0, 1], 5), np.repeat([0, 1], 5), 5, 0).any()


def test_groups_that_share_a_picture_are_one() -> None:
    joined = split.joined(np.array([0, 0, 1, 1, 2, 3]), np.array([0, 1, 2, 0, 4, 5]))
    assert split.numbered(joined).tolist() == [0, 0, 0, 0, 1, 2]


def test_copies_are_a_group_in_any_form_and_stay_together_in_tuning(tmp_path: Path) -> None:
    X = np.random.default_rng(0).integers(0, 256, (60, 8, 8), dtype=np.uint8)
    y = np.arange(60) % 2
    X[20:40] = X[:20]
    np.savez(tmp_path / "a.npz", x_train=X, y_train=y, x_test=X[:4], y_test=y[:4])
    found = datasets.load(str(tmp_path / "a.npz"))
    assert found.train.groups.tolist() == [*range(20), *range(20), *range(20, 40)]
    assert found.test.groups.tolist() == [0, 1, 2, 3]
    parts = protocol.split(found.train.y, protocol.PRESETS["quick"], found.train.groups, found.train.validates)
    assert not set(found.train.groups[parts.fit]) & set(found.train.groups[parts.validation])
    assert 8 <= len(parts.validation) <= 12


def test_without_groups_the_validation_rows_are_the_first_sixth_of_the_stratified_order() -> None:
    y = np.random.default_rng(3).integers(0, 4, 1_000)
    order = protocol.stratified_order(y, protocol.SPLIT_SEED)
    parts = protocol.split(y, protocol.PRESETS["standard"])
    assert (parts.validation == order[:166]).all()
    rest = order[166:]
    assert (parts.fit == rest[protocol.stratified_order(y[rest], protocol.SPLIT_SEED + 1)]).all()


# --- a validation part


def folders(folder: Path, validation: int) -> Path:
    random = np.random.default_rng(0)
    for part, count in (("train", 20), ("val", validation), ("test", 4)):
        for kind in ("circle", "square"):
            (folder / part / kind).mkdir(parents=True, exist_ok=True)
            for number in range(count):
                picture(kind, random, (16, 16)).save(folder / part / kind / f"{part}{number}.png")
    return folder


def arrays(folder: Path, validation: int) -> Path:
    X = np.random.default_rng(0).integers(0, 256, (48 + 2 * validation, 8, 8), dtype=np.uint8)
    rows = {"train": slice(0, 40), "test": slice(40, 48), "val": slice(48, None)}
    y = np.arange(len(X)) % 2
    folder.mkdir()
    np.savez(
        folder / "a.npz",
        **{f"{part}_images": X[row] for part, row in rows.items()},
        **{f"{part}_labels": y[row] for part, row in rows.items()},
    )
    return folder / "a.npz"


def table(folder: Path, validation: int) -> Path:
    random, rows = np.random.default_rng(0), ["file,label,split"]
    folder.mkdir()
    for part, count in (("train", 20), ("val", validation), ("test", 4)):
        for number in range(2 * count):
            kind = ("circle", "square")[number % 2]
            picture(kind, random, (16, 16)).save(folder / f"{part}{number}.png")
            rows.append(f"{part}{number}.png,{kind},{part}")
    (folder / "index.csv").write_text("\n".join(rows))
    return folder


@pytest.mark.parametrize("form", [folders, arrays, table])
@pytest.mark.parametrize(("each", "used"), [(5, True), (20, True), (4, False), (21, False)])
def test_a_validation_part_validates_if_it_is_neither_small_nor_most_of_the_data(
    tmp_path: Path, form: Callable[[Path, int], Path], each: int, used: bool
) -> None:
    found, told = load(form(tmp_path / "mine", each))
    assert len(found.train.y) == 40 + 2 * each
    assert len(found.train.validates) == (40 + 2 * each if used else 0)
    parts = protocol.split(found.train.y, protocol.PRESETS["quick"], found.train.groups, found.train.validates)
    said = "are the validation rows of tuning, and join those that train for the refit"
    assert any(said in line for line in told) == used
    assert any("tuning splits its own validation rows off from these" in line for line in told) != used
    if used:
        assert len(parts.validation) == 2 * each
        assert found.train.validates[parts.validation].all()
        assert len(parts.fit) == 40
        assert parts.rungs[-1] <= 40
        if found.train.names:
            assert all("val" in found.train.names[row] for row in parts.validation)
    assert len(protocol.final_rows(found.train.y, protocol.PRESETS["standard"])) == 40 + 2 * each


def test_fit_rows_of_a_group_that_validates_are_left_out_of_tuning() -> None:
    y = np.arange(40) % 2
    validates = np.arange(40) >= 28
    groups = np.arange(40)
    groups[0] = groups[39]
    parts = protocol.split(y, protocol.PRESETS["quick"], groups, validates)
    assert sorted(parts.fit.tolist()) == list(range(1, 28))
    assert sorted(parts.validation.tolist()) == list(range(28, 40))
