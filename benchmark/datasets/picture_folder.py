"""A folder of pictures as a data set: decoded, resized to one size, and split if it has no test part.

Pictures are resized without cropping, and padded with the mean colour of their border (`preprocessing.to_pixels`). They
keep their colours unless all are grey, or grey is asked for. The size is the one asked for; or that of the pictures, if
all have the same small one; or a square of at most `USUAL` pixels a side, less if most pictures are smaller.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmark.datasets import picture_cache, picture_files, preprocessing, split, validate
from benchmark.datasets.dataset import Shape, size_text
from benchmark.datasets.picture_cache import Asked, Prepared
from benchmark.datasets.picture_files import TEST, TRAIN
from benchmark.datasets.validate import FileDataset, RawPart
from benchmark.errors import BenchmarkError

USUAL = 64
"""Side in pixels of a photograph; docs/your-own-pictures.md has what other sizes cost and score."""

SMALLEST, LARGEST_KEPT, LARGEST = 8, 64, 256
"""Side in pixels: the minimum, the maximum of a size that is kept by default, and the maximum that may be asked for."""

MOST = 0.9
"""Share of the pictures that may not be larger than the size chosen for all, or that size is `USUAL`."""

FEW = 10
"""Training pictures of a class below which the user is warned that they are few."""

UNEVEN = 5
"""Ratio of the largest to the smallest class from which the user is warned."""

THREADS = 4
"""Most threads: decoding a picture of the largest size takes some 400 MB."""

NOTHING = Asked()

SLOW = 5.0
"""Preparation time in seconds from which the prepared pictures are cached."""

Notify = Callable[[str], None]


@dataclass(frozen=True)
class _Picture:
    """One picture, prepared.

    Attributes
    ----------
    pixels : ndarray of uint8, (height * width * 3,)
    grey : bool
        It has no colours.
    """

    pixels: npt.NDArray[np.uint8]
    grey: bool


@dataclass(frozen=True)
class _Labelled:
    """Paths and labels of `n` pictures.

    Attributes
    ----------
    folder : Path
    paths : list of str, (n,)
        Relative paths, for messages.
    class_names : list of str
    y : ndarray of int64, (n,)
    tests : ndarray of bool, (n,)
        Whether a picture is of the test part; otherwise it is of the training part.
    """

    folder: Path
    paths: list[str]
    class_names: list[str]
    y: npt.NDArray[np.int64]
    tests: npt.NDArray[np.bool_]

    def counts(self, *, tests: bool) -> npt.NDArray[np.int64]:
        """Return the number of pictures of each class in the test part, or in the training part."""
        return np.bincount(self.y[self.tests == tests], minlength=len(self.class_names)).astype(np.int64)


def load(folder: Path, name: str, notify: Notify, asked: Asked = NOTHING) -> FileDataset:
    """Read a folder of pictures; see `benchmark.datasets.picture_files` for its layout.

    Parameters
    ----------
    folder : Path
    name : str
        Converted to a valid folder name; what is asked for is appended.
    notify : callable
        Called with one line for what was left out, split off, or is unusual.
    asked : Asked

    Returns
    -------
    FileDataset
        Classes in the order of their sorted names.

    Raises
    ------
    BenchmarkError
        Fewer than two classes can be trained, there is nothing to test, or no picture is readable.
    """
    if asked.size is not None and not all(SMALLEST <= side <= LARGEST for side in asked.size):
        raise BenchmarkError(f"{folder}: pictures can have {SMALLEST} to {LARGEST} pixels a side, not {asked.size}")
    labelled, prepared = _read(folder, notify, asked)
    shape, X = prepared.shape, prepared.X
    rows, labelled = _learnable(labelled, notify)
    X = X[rows]
    like = split.first_identical(X)
    if not labelled.tests.any():
        trained, tested = split.stratified_holdout(labelled.y, like)
        if not len(tested):
            raise BenchmarkError(f"{folder}: too few pictures to split off a test part; give three of a class at least")
        labelled = replace(labelled, tests=np.isin(np.arange(len(X)), tested))
        notify(
            f"{folder}: there is no test part, so {split.SPLIT}: {len(trained):,} pictures train, {len(tested):,} test"
        )
    _tell_copies(labelled, like, notify)
    _tell_counts(labelled, notify)
    train, test = (
        RawPart(
            X[side].reshape(-1, *shape),
            labelled.y[side],
            str(folder),
            str(folder),
            tuple(labelled.paths[row] for row in np.flatnonzero(side)),
        )
        for side in (~labelled.tests, labelled.tests)
    )
    return validate.build_dataset(
        _named(name, asked),
        f"{folder} ({len(X):,} pictures, brought whole to {size_text(shape)}, and padded with their border's colour)",
        train,
        test,
        class_names=tuple(labelled.class_names),
    )


def _named(name: str, asked: Asked) -> str:
    size = "" if asked.size is None else f"-{asked.size[0]}x{asked.size[1]}"
    grey = "-grey" if asked.grey else ""
    return f"{name[:60]}{size}{grey}" if size or grey else name


def _read(folder: Path, notify: Notify, asked: Asked) -> tuple[_Labelled, Prepared]:
    """Return the readable pictures, training part first; report the others."""
    files = picture_files.find_pictures(folder)
    for remark in files.remarks:
        notify(remark)
    listed = [
        (path, name, classes is files.test)
        for classes in (files.train, files.test)
        for name, paths in classes.items()
        for path in paths
    ]
    prepared = _prepared([path for path, _, _ in listed], asked)
    broken = [f"{listed[row][0].relative_to(folder).as_posix()} ({why})" for row, why in prepared.broken.items()]
    if len(broken) == len(listed):
        why = f"none of its {len(listed):,} pictures can be read: {_listed(broken)}" if broken else "no pictures in it"
        raise BenchmarkError(f"{folder}: {why}; give pictures in {TRAIN}/<class>/")
    if broken:
        notify(f"{folder}: {len(broken):,} of {len(listed):,} pictures are left out: {_listed(broken)}")
    good = [entry for row, entry in enumerate(listed) if row not in prepared.broken]
    tests = np.asarray([test for _, _, test in good])
    if files.test and not tests.any():
        raise BenchmarkError(f"{folder}: no picture of its {TEST} part can be read; correct or remove that part")
    names = sorted({name for _, name, _ in good})
    label = {name: index for index, name in enumerate(names)}
    y = np.asarray([label[name] for _, name, _ in good], dtype=np.int64)
    paths = [path.relative_to(folder).as_posix() for path, _, _ in good]
    return _Labelled(folder, paths, names, y, tests), prepared


def _prepared(paths: Sequence[Path], asked: Asked) -> Prepared:
    """Return the pictures at one size, and what is wrong with the unreadable files."""
    cache: Path | None = None
    with suppress(OSError):
        cache = picture_cache.cache_path(paths, asked)
    cached = picture_cache.read(cache) if cache else None
    if cached is not None:
        return cached
    start = time.monotonic()
    pool = ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1))  # Pillow releases Python's global lock
    try:
        height, width = asked.size or _size(list(filter(None, pool.map(_own_size, paths))))
        shape = (height, width, 1 if asked.grey else 3)
        every = list(pool.map(lambda path: _prepare(path, shape), paths))
    finally:
        pool.shutdown(cancel_futures=True)
    good = [picture for picture in every if isinstance(picture, _Picture)]
    broken = {row: reason for row, reason in enumerate(every) if isinstance(reason, str)}
    X = np.stack([picture.pixels for picture in good]) if good else np.zeros((0, height * width), dtype=np.uint8)
    if good and shape[2] == 3 and all(picture.grey for picture in good):
        X, shape = preprocessing.luma(X), (height, width, 1)
    if cache and good and time.monotonic() - start > SLOW:
        picture_cache.write(cache, Prepared(shape, X, broken))
    return Prepared(shape, X, broken)


def _own_size(path: Path) -> tuple[int, int] | None:
    """Return the (height, width) of a picture from the first bytes of its file, or None if they do not say it."""
    try:
        with path.open("rb") as file:
            return preprocessing.size(file)
    except (BenchmarkError, OSError):
        return None


def _size(sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Return the size that pictures of these sizes are brought to."""
    if len(set(sizes)) == 1 and all(SMALLEST <= side <= LARGEST_KEPT for side in sizes[0]):
        return sizes[0]
    most = float(np.quantile([max(size) for size in sizes], MOST, method="higher")) if sizes else USUAL
    side = int(min(max(most, SMALLEST), USUAL))
    return side, side


def _prepare(path: Path, shape: Shape) -> _Picture | str:
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > preprocessing.MAX_BYTES:
                return f"{size / 2**20:,.1f} MiB, more than the {preprocessing.MAX_BYTES // 2**20} that are read"
            image = preprocessing.decode(file.read())
    except BenchmarkError as error:
        return str(error)
    except OSError as error:
        return error.strerror or "cannot be read"
    pixels = preprocessing.to_pixels(image, shape)
    return _Picture(pixels, shape[2] == 1 or preprocessing.is_grey(pixels))


def _learnable(labelled: _Labelled, notify: Notify) -> tuple[npt.NDArray[np.int64], _Labelled]:
    """Return the rows of the classes that can be trained, with their labels; report the others."""
    folder, names = labelled.folder, labelled.class_names
    train, test = labelled.counts(tests=False), labelled.counts(tests=True)
    kept = train >= validate.MIN_TRAINING_IMAGES
    none = [f"{names[i]} ({test[i]:,} to test)" for i in np.flatnonzero(train == 0)]
    single = [names[i] for i in np.flatnonzero(~kept & (train > 0))]
    if none:
        notify(f"{folder}: classes without a picture to train on are left out: {_listed(none)}")
    if single:
        notify(f"{folder}: classes with a single picture to train on are left out: {_listed(single)}")
    if kept.sum() < 2:
        raise BenchmarkError(
            f"{folder}: two classes with {validate.MIN_TRAINING_IMAGES} pictures each are needed to train, it has "
            f"{kept.sum()}; put the pictures of each class into a folder of its own"
        )
    rows = np.flatnonzero(kept[labelled.y])
    tests = labelled.tests[rows]
    if labelled.tests.any():
        if not tests.any():
            raise BenchmarkError(f"{folder}: no class that trains has a test picture; give both parts the same classes")
        untested = [names[i] for i in np.flatnonzero(kept & (test == 0))]
        if untested:
            notify(f"{folder}: classes without a test picture have no score of their own: {_listed(untested)}")
    y = np.unique(labelled.y[rows], return_inverse=True)[1].astype(np.int64)
    paths = [labelled.paths[row] for row in rows]
    return rows, _Labelled(folder, paths, [name for name, keep in zip(names, kept, strict=True) if keep], y, tests)


def _tell_copies(labelled: _Labelled, like: npt.NDArray[np.int64], notify: Notify) -> None:
    folder, paths, tests = labelled.folder, labelled.paths, labelled.tests
    trained = {like[row]: row for row in np.flatnonzero(~tests)[::-1]}
    copies = [row for row in np.flatnonzero(tests) if like[row] in trained]
    if copies:
        pair = f"{paths[copies[0]]} is {paths[trained[like[copies[0]]]]}"
        notify(
            f"{folder}: {len(copies):,} of {tests.sum():,} test pictures have the pixels of one that trains ({pair}), "
            "so the scores are not to be trusted; the command audit lists them, and scores without them"
        )
    conflicts = np.flatnonzero(labelled.y != labelled.y[like])
    if len(conflicts):
        pair = f"{paths[conflicts[0]]} is {paths[like[conflicts[0]]]}"
        number = picture_files.counted(len(conflicts), "picture")
        notify(f"{folder}: the same pixels are in two classes: {number} ({pair}); correct the labels")


def _tell_counts(labelled: _Labelled, notify: Notify) -> None:
    folder, names, counts = labelled.folder, labelled.class_names, labelled.counts(tests=False)
    least, most = int(counts.argmin()), int(counts.argmax())
    if counts[most] >= UNEVEN * counts[least]:
        notify(
            f"{folder}: the classes are uneven ({counts[most]:,} pictures of {names[most]} train, {counts[least]:,} of "
            f"{names[least]}), so accuracy mostly describes the large ones; see macro F1 and the F1 of each class"
        )
    few = [f"{names[i]} ({counts[i]})" for i in np.flatnonzero(counts < FEW)]
    if few:
        notify(f"{folder}: classes with few pictures to train on, of which little can be learned: {_listed(few)}")


def _listed(words: Sequence[str]) -> str:
    most = picture_files.NAMED
    return ", ".join(words[:most]) + (f" and {len(words) - most:,} more" if len(words) > most else "")
