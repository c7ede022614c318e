"""Folds for data without a test part: which images are in one, when they are the default, and what is said."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmark import datasets
from benchmark.datasets import split
from benchmark.errors import BenchmarkError
from tests.drawn import draw
from tests.in_process import benchmark


def load(path: Path, folds: int | None = None) -> tuple[datasets.Dataset, list[str]]:
    told: list[str] = []
    return datasets.load(str(path), notify=told.append, folds=folds), told


def test_each_fold_has_its_share_of_every_class_and_every_repeat_has_others() -> None:
    y = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [50, 25, 10]))
    first, second = (split.folds(y, 5, repeat) for repeat in (0, 1))
    for found in (first, second):
        for label, share in enumerate((10, 5, 2)):
            assert np.bincount(found[y == label], minlength=5).tolist() == [share] * 5
    assert (first != second).mean() > 0.5
    assert np.array_equal(first, split.folds(y.copy(), 5, 0, np.arange(len(y))))


def test_images_of_a_group_stay_in_one_fold_and_the_classes_are_still_shared_out() -> None:
    y = np.repeat([0, 1], [60, 40])
    groups = np.arange(100)
    groups[1:4], groups[59:63] = 0, 59  # the second is of both classes
    found = split.folds(y, 5, 0, groups)
    assert len(set(found[:4])) == len(set(found[59:63])) == 1
    for label, share in enumerate((12, 8)):
        assert np.abs(np.bincount(found[y == label], minlength=5) - share).max() <= 2
    assert np.array_equal(found, split.folds(y, 5, 0, groups))


def test_folds_of_the_users_groups_and_what_is_said_of_them(tmp_path: Path) -> None:
    folder = draw(tmp_path / "mine", circle=20, square=20)
    tens = r"(\d\d)\d\.\w+$"  # two groups of ten circles and ten squares
    with pytest.raises(BenchmarkError, match="too few different pictures for 5 folds"):
        datasets.load(str(folder), group=tens, folds=5)
    told: list[str] = []
    few = datasets.load(str(folder), notify=told.append, group=tens, folds=None)
    assert (few.folds, split.SPLIT_GROUPS in told[-1]) == (0, True)
    assert "--folds 5" not in told[-1]
    assert "tuning validates on groups that it also fits" in told[-2]
    every = draw(tmp_path / "other", circle=20, square=20)
    for path in sorted(every.glob("*/*")):
        path.rename(path.with_name(f"hand{int(path.stem) // 2}_{path.stem}{path.parent.name}{path.suffix}"))
    found = datasets.load(str(every), notify=told.append, group=r"hand\d+", folds=5)
    assert "the 40 pictures are cross-validated in 5 folds of whole groups: each" in told[-1]
    assert (len(found.train.validates), len(found.train.groups)) == (0, 40)
    hands = [Path(name).name.split("_")[0] for name in found.train.names]
    assert len(set(zip(hands, found.train.groups.tolist(), strict=True))) == len(set(hands)) == 10


@pytest.mark.parametrize("groups", [None, np.repeat([0, 1], 6)])
def test_more_folds_than_different_images_of_a_class_are_refused(groups: np.ndarray | None) -> None:
    y = np.repeat([0, 1], [6, 6] if groups is not None else [4, 4])
    with pytest.raises(BenchmarkError, match="too few different pictures for 5 folds: no class has 5; give --folds"):
        split.folds(y, 5, 0, groups)


def test_a_class_of_fewer_images_than_folds_is_in_as_many_as_it_can() -> None:
    y = np.repeat([0, 1], [20, 2])
    assert len(set(split.folds(y, 5, 0)[y == 1])) == 2


def test_few_pictures_are_cross_validated_by_default_and_it_is_said(tmp_path: Path) -> None:
    folder = draw(tmp_path / "mine", circle=12, square=13)
    found, told = load(folder)
    assert (found.folds, found.asked_folds, len(found.train.y)) == (5, None, 25)
    assert found.train is found.test
    assert np.bincount(found.train.y).tolist() == [12, 13]
    assert [found.class_names[label] for label in found.train.y] == [name.split("/")[0] for name in found.train.names]
    assert told[-1] == (
        f"{folder}: there is no test part and a fifth would be 5 pictures only, so the 25 pictures are cross-validated "
        "in 5 folds: each is predicted by models that have not seen it (--folds 0 splits off 5 pictures for testing "
        "instead)"
    )
    assert found.remarks[-1] == told[-1].removeprefix(f"{folder}: ")
    asked, told = load(folder, 5)
    assert (asked.sha256, asked.asked_folds) == (found.sha256, 5)
    held_out, told = load(folder, 0)
    assert (held_out.folds, len(held_out.train.y), len(held_out.test.y)) == (0, 20, 5)
    assert split.SPLIT in told[-1]
    assert told[-1].endswith("20 pictures train, 5 test (--folds 5 cross-validates them instead)")
    assert len({found.sha256, held_out.sha256, load(folder, 4)[0].sha256}) == 3


def test_many_pictures_are_not_cross_validated_unless_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    y = np.arange(1_000) % 2
    np.savez(tmp_path / "all.npz", X=np.random.default_rng(0).integers(0, 256, (1_000, 16), dtype=np.uint8), y=y)
    assert load(tmp_path / "all.npz")[0].folds == 0
    monkeypatch.setattr(split, "FEW", 201)
    found, told = load(tmp_path / "all.npz")
    assert found.folds == 5
    assert "a fifth would be 200 pictures only" in told[-1]
    monkeypatch.undo()
    found, told = load(tmp_path / "all.npz", 3)
    assert found.folds == 3
    assert "there is no test part, so the 1,000 pictures are cross-validated in 3 folds" in told[-1]


def test_too_few_for_folds_are_held_out_as_before_unless_folds_were_asked_for(tmp_path: Path) -> None:
    folder = draw(tmp_path / "mine", circle=4, square=3)
    found, told = load(folder)
    assert found.folds == 0
    assert told[-1].endswith("2 test")  # and no advice that would be refused
    with pytest.raises(BenchmarkError, match=r"mine: too few different pictures for 5 folds"):
        load(folder, 5)
    assert load(folder, 3)[0].folds == 3


def test_copies_count_as_one_picture(tmp_path: Path) -> None:
    folder = draw(tmp_path / "mine", circle=2, square=2)
    for path in sorted(folder.glob("*/*")):
        for number in range(4):
            shutil.copy(path, path.with_stem(f"{path.stem} ({number})"))
    with pytest.raises(BenchmarkError, match="too few"):
        load(folder, 5)


def test_folds_of_data_with_a_test_part_are_refused_in_one_line(tmp_path: Path) -> None:
    for part in ("train", "test"):
        draw(tmp_path / "mine" / part, seed=len(part), circle=6, square=6)
    for name in (str(tmp_path / "mine"), "digits"):
        ran = benchmark("data", "--dataset", name, "--folds", "5")
        assert ran.returncode == 2
        assert ran.stderr == (
            f"error: --folds 5: {Path(name).name} has a test part of its own, which every estimator is tested on; "
            "leave --folds out\n"
        )
    assert benchmark("data", "--dataset", "digits", "--folds", "0").returncode == 0


@pytest.mark.parametrize("folds", ["1", "-1", "x", "101"])
def test_a_number_of_folds_that_cannot_be_is_refused(folds: str) -> None:
    ran = benchmark("data", "--dataset", "digits", "--folds", folds)
    assert ran.returncode == 2
    assert "is not 0 or a whole number from 2 to 100" in ran.stderr


def test_data_counts_the_pictures_of_a_cross_validation_once(tmp_path: Path) -> None:
    ran = benchmark("data", "--dataset", str(draw(tmp_path / "mine", circle=12, square=13)))
    lines = [line.split() for line in ran.stdout.splitlines()]
    assert ["class", "in", "5", "folds"] in lines
    assert ["circle", "12"] in lines
