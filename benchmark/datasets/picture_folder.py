"""Pictures with classes as a data set: decoded, resized to one size, and split if they have no test part.

What says the classes (folders, a table, the rows of a Parquet file) is the matter of `benchmark.datasets.forms`.

Pictures are resized without cropping, and padded with the mean colour of their border (`preprocessing.to_pixels`). They
keep their colours unless all are grey, or grey is asked for. The size is the one asked for; or that of the pictures, if
all have the same small one; or a square of at most `USUAL` pixels a side, less if most pictures are smaller.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmark.datasets import grouping, picture_cache, picture_files, preprocessing, split, validate
from benchmark.datasets.dataset import Shape, no_groups, size_text
from benchmark.datasets.picture_cache import Asked, Prepared
from benchmark.datasets.picture_files import PictureFiles
from benchmark.datasets.picture_source import PictureFile, Source
from benchmark.datasets.picture_tree import counted, listed
from benchmark.datasets.request import Notify, ProgressBar, Request
from benchmark.datasets.validate import FileDataset, RawPart
from benchmark.errors import BenchmarkError

USUAL = 64
"""Side in pixels of a photograph; docs/your-own-pictures.md has what other sizes cost and score."""

SMALLEST, LARGEST_KEPT, LARGEST = 8, 64, 256
"""Side in pixels: the minimum, the maximum of a size that is kept by default, and the maximum that may be asked for."""

MOST = 0.9
"""Share of the pictures that may not be larger than the size chosen for all, or that size is `USUAL`."""

FEW = 10
"""Pictures of a class below which the user is warned that they are few; in the training part, if there are two."""

UNEVEN = 5
"""Ratio of the largest to the smallest class from which the user is warned."""

THREADS = 4
"""Most threads: decoding a picture of the largest size takes some 400 MB."""

SLOW = 5.0
"""Preparation time in seconds from which the prepared pictures are cached."""

TICK = 0.1
"""Seconds between two calls of a progress bar."""


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
class Labelled:
    """Pictures with classes, not yet decoded.

    Attributes
    ----------
    path : Path
        What the user gave, for messages.
    train, test : mapping of str to sequence of Source
        Pictures of each class; `test` is empty if there is no such part.
    files : tuple of Path
        See `FileDataset`.
    validation : frozenset of str
        Names of training pictures that are in a validation part.
    groups : mapping of str to str
        The group of each picture by its name, where folders say it.
    columns : mapping of str to mapping of str to str
        What the columns of a table say of each picture, by its name.
    """

    path: Path
    train: Mapping[str, Sequence[Source]]
    test: Mapping[str, Sequence[Source]]
    files: tuple[Path, ...] = ()
    validation: frozenset[str] = frozenset()
    groups: Mapping[str, str] = field(default_factory=dict)
    columns: grouping.Columns = field(default_factory=dict)

    def group_names(self, option: str) -> Mapping[str, str]:
        """Return the group of each picture by its name, as ``--group`` or folders say it; empty if nothing does.

        Raises
        ------
        BenchmarkError
            As `grouping.group_names`.
        """
        if not option:
            return self.groups
        every = [*self.train.values(), *self.test.values()]
        names = [picture.name for pictures in every for picture in pictures]
        return grouping.group_names(str(self.path), names, option, self.columns)


@dataclass(frozen=True)
class _Rows:
    """Names and labels of `n` pictures.

    Attributes
    ----------
    place : Path
        What the user gave, for messages.
    paths : list of str, (n,)
        Relative paths, for messages.
    class_names : list of str
    y : ndarray of int64, (n,)
    tests : ndarray of bool, (n,)
        Whether a picture is of the test part; otherwise it is of the training part.
    """

    place: Path
    paths: list[str]
    class_names: list[str]
    y: npt.NDArray[np.int64]
    tests: npt.NDArray[np.bool_]

    def counts(self, *, tests: bool) -> npt.NDArray[np.int64]:
        """Return the number of pictures of each class in the test part, or in the training part."""
        return np.bincount(self.y[self.tests == tests], minlength=len(self.class_names)).astype(np.int64)


def load(files: PictureFiles, request: Request) -> FileDataset:
    """Read the pictures of a folder whose classes are known; say what `PictureFiles.remarks` says.

    Raises
    ------
    BenchmarkError
        As `load_sources`.
    """
    check_size(files.folder, request.asked)
    for remark in files.remarks:
        request.notify(remark)
    train, test = (
        {name: [PictureFile(path, files.folder) for path in paths] for name, paths in part.items()}
        for part in (files.train, files.test)
    )

    def named(path: Path) -> str:
        return PictureFile(path, files.folder).name

    labelled = Labelled(
        files.folder,
        train,
        test,
        validation=frozenset(map(named, files.validation)),
        groups={named(path): group for path, group in files.groups.items()},
        columns={column: {named(path): text for path, text in said.items()} for column, said in files.columns.items()},
    )
    return load_sources(labelled, request)


def check_size(path: Path, asked: Asked) -> None:
    """Refuse a size that is not offered.

    Raises
    ------
    BenchmarkError
    """
    if asked.size is not None and not all(SMALLEST <= side <= LARGEST for side in asked.size):
        height, width = (min(max(side, SMALLEST), LARGEST) for side in asked.size)
        nearest = replace(asked, size=(height, width))
        raise BenchmarkError(
            f"{path}: pictures can have {SMALLEST} to {LARGEST} pixels a side, not {asked.size[0]} by {asked.size[1]}; "
            f"give {picture_files.command(path, nearest)}"
        )


def load_sources(labelled: Labelled, request: Request) -> FileDataset:
    """Decode pictures whose classes are known.

    Parameters
    ----------
    labelled : Labelled
    request : Request
        What is asked for is appended to its name.

    Returns
    -------
    FileDataset
        Classes in the order of their sorted names.

    Raises
    ------
    BenchmarkError
        Fewer than two classes can be trained, there is nothing to test, or no picture is readable.
    """
    place, asked, notify = labelled.path, request.asked, request.notify
    check_size(place, asked)
    _check_counts(labelled)  # before hours may go into decoding
    found = labelled.group_names(asked.group)
    every, prepared = _read(labelled, request)
    shape, X = prepared.shape, prepared.X
    kept, rows = _learnable(every, notify)
    X = X if len(kept) == len(X) else X[kept]
    like = split.first_identical(X)
    said = grouping.numbers(rows.paths, found) if found else no_groups()
    _tell_counts(rows, notify)
    held_out = "" if rows.tests.any() else str(place)
    if held_out:
        groups = split.joined(said, like) if found else None
        _, tested = split.hold_out(held_out, rows.y, like, groups)
        rows = replace(rows, tests=np.isin(np.arange(len(X)), tested))
    _tell_groups(rows, found, said, labelled.columns, notify)
    _tell_copies(rows, like, notify)
    validates = np.asarray([path in labelled.validation for path in rows.paths])
    train, test = (
        RawPart(
            X[side].reshape(-1, *shape),
            rows.y[side],
            str(place),
            str(place),
            tuple(rows.paths[row] for row in np.flatnonzero(side)),
            said[side] if found else said,
            validates[side],
        )
        for side in (~rows.tests, rows.tests)
    )
    dataset = validate.build_dataset(
        _named(request.name, asked),
        f"{place} ({len(X):,} pictures, brought whole to {size_text(shape)}, and padded with their border's colour)",
        train,
        replace(test, held_out=held_out),
        labelled.files,
        class_names=tuple(rows.class_names),
        published=False,
    )
    dataset = replace(dataset, group=asked.group)
    number = int(train.validates.sum())
    what = f"the {counted(number, 'picture')} of the validation part" if number else ""
    validate.tell_validation(dataset, str(place), what, notify)
    if found and not held_out:
        validate.tell_divided([dataset.train], str(place), notify)
    return dataset


def _named(name: str, asked: Asked) -> str:
    words = (*asked.words(), *(("grouped",) if asked.group else ()))
    return "-".join((name[:60], *words)) if words else name


def _check_counts(labelled: Labelled) -> None:
    """Refuse what could not be trained or tested even if every picture is readable."""
    place, least = labelled.path, validate.MIN_TRAINING_IMAGES
    able = [name for name, pictures in labelled.train.items() if len(pictures) >= least]
    if not labelled.train and not labelled.test:
        raise BenchmarkError(
            f"{place}: no pictures of a class in it; put those of each class into a folder, "
            "<class>/, or add a table, train.csv, with the columns file_name and label"
        )
    if len(able) < 2:
        raise BenchmarkError(
            f"{place}: two classes with {least} pictures each are needed to train, it has {len(able)} "
            f"({listed(sorted(labelled.train))}); give each class a folder of its own, give the folder that holds all "
            "classes, or add a table, train.csv, with the columns file_name and label"
        )
    if labelled.test and not any(labelled.test.get(name) for name in able):
        raise BenchmarkError(
            f"{place}: no class that trains has a test picture ({listed(able)} train, {listed(sorted(labelled.test))} "
            "test); call the classes of both parts the same"
        )


def _read(labelled: Labelled, request: Request) -> tuple[_Rows, Prepared]:
    """Return the readable pictures, training part first; report the others."""
    place = labelled.path
    every = [
        (picture, name, classes is labelled.test)
        for classes in (labelled.train, labelled.test)
        for name, pictures in classes.items()
        for picture in pictures
    ]
    prepared = _prepared([picture for picture, _, _ in every], request.asked, request.progress)
    broken = [f"{every[row][0].name} ({why})" for row, why in prepared.broken.items()]
    if len(broken) == len(every):
        raise BenchmarkError(
            f"{place}: none of its {len(every):,} pictures can be read: {listed(broken)}; save them again as PNG"
        )
    if broken:
        request.notify(f"{place}: {len(broken):,} of {len(every):,} pictures are left out: {listed(broken)}")
    good = [entry for row, entry in enumerate(every) if row not in prepared.broken]
    tests = np.asarray([test for _, _, test in good])
    if labelled.test and not tests.any():
        raise BenchmarkError(
            f"{place}: no picture of its test part can be read; save them again as PNG or JPEG, or take that part away "
            "and a fifth of each class is split off"
        )
    names = sorted({name for _, name, _ in good})
    label = {name: index for index, name in enumerate(names)}
    y = np.asarray([label[name] for _, name, _ in good], dtype=np.int64)
    return _Rows(place, [picture.name for picture, _, _ in good], names, y, tests), prepared


def _prepared(pictures: Sequence[Source], asked: Asked, progress: ProgressBar) -> Prepared:
    """Return the pictures at one size, and what is wrong with the unreadable ones."""
    cache: Path | None = None
    with suppress(OSError):
        cache = picture_cache.cache_path((picture.stamp() for picture in pictures), asked)
    cached = picture_cache.read(cache) if cache else None
    if cached is not None:
        return cached
    with preprocessing.quiet():
        return _decoded(pictures, asked, progress, cache)


def _decoded(pictures: Sequence[Source], asked: Asked, progress: ProgressBar, cache: Path | None) -> Prepared:
    """Return what `_prepared` returns, decoded now; it is cached if that took long."""
    start = time.monotonic()
    pool = ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1))  # Pillow releases Python's global lock
    try:
        height, width = asked.size or _size(list(filter(None, pool.map(_own_size, pictures))))
        shape = (height, width, 1 if asked.grey else 3)
        every = pool.map(lambda picture: _prepare(picture, shape), pictures)
        X = np.empty((len(pictures), height * width * shape[2]), dtype=np.uint8)  # filled in place: it may be large
        good, grey, broken = 0, True, {}
        for row, picture in enumerate(_watched(every, len(pictures), progress)):
            if isinstance(picture, str):
                broken[row] = picture
            else:
                X[good], grey = picture.pixels, grey and picture.grey
                good += 1
        X = X[:good]
    finally:
        pool.shutdown(cancel_futures=True)
    if good and shape[2] == 3 and grey:
        X, shape = preprocessing.luma(X), (height, width, 1)
    if cache and good and time.monotonic() - start > SLOW:
        picture_cache.write(cache, Prepared(shape, X, broken))
    return Prepared(shape, X, broken)


def _watched(pictures: Iterator[_Picture | str], total: int, progress: ProgressBar) -> Iterator[_Picture | str]:
    """Yield what is yielded, and tell how far it is."""
    told = time.monotonic()
    for done, picture in enumerate(pictures, start=1):
        yield picture
        if done == total or time.monotonic() - told > TICK:
            told = time.monotonic()
            progress(done, total)


def _own_size(picture: Source) -> tuple[int, int] | None:
    """Return the (height, width) of a picture from its first bytes, or None if they do not say it."""
    try:
        with picture.open() as file:
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


def _prepare(picture: Source, shape: Shape) -> _Picture | str:
    try:
        with picture.open() as file:
            image = preprocessing.decode(file.read(), shape)
    except BenchmarkError as error:
        return str(error)
    except OSError as error:
        return error.strerror or "cannot be read"
    pixels = preprocessing.to_pixels(image, shape)
    return _Picture(pixels, shape[2] == 1 or preprocessing.is_grey(pixels))


def _learnable(every: _Rows, notify: Notify) -> tuple[npt.NDArray[np.int64], _Rows]:
    """Return the rows of the classes that can be trained, with their labels; report the others."""
    place, names = every.place, every.class_names
    train, test = every.counts(tests=False), every.counts(tests=True)
    kept = train >= validate.MIN_TRAINING_IMAGES
    none = [f"{names[i]} ({test[i]:,} to test)" for i in np.flatnonzero(train == 0)]
    single = [names[i] for i in np.flatnonzero(~kept & (train > 0))]
    if none:
        notify(f"{place}: classes without a picture to train on are left out: {listed(none)}")
    if single:
        notify(f"{place}: classes with a single picture to train on are left out: {listed(single)}")
    if kept.sum() < 2:
        raise BenchmarkError(
            f"{place}: two classes with {validate.MIN_TRAINING_IMAGES} readable pictures each are needed to train, it "
            f"has {kept.sum()}; add pictures to its classes"
        )
    rows = np.flatnonzero(kept[every.y])
    tests = every.tests[rows]
    if every.tests.any():
        if not tests.any():
            raise BenchmarkError(
                f"{place}: no class that trains has a readable test picture; add test pictures to its classes"
            )
        untested = [names[i] for i in np.flatnonzero(kept & (test == 0))]
        if untested:
            notify(f"{place}: classes without a test picture have no score of their own: {listed(untested)}")
    y = np.unique(every.y[rows], return_inverse=True)[1].astype(np.int64)
    paths = [every.paths[row] for row in rows]
    return rows, _Rows(place, paths, [name for name, keep in zip(names, kept, strict=True) if keep], y, tests)


def _tell_groups(
    rows: _Rows,
    found: Mapping[str, str],
    said: npt.NDArray[np.int64],
    columns: grouping.Columns,
    notify: Notify,
) -> None:
    """Say how many groups there are, and which test pictures are of a group that trains; or what looks like groups."""
    place = rows.place
    if not found:
        seen = grouping.evidence(rows.paths, rows.y, columns)
        if seen is not None:
            notify(f"{place}: {seen.text()}")
        return
    groups, rest = len(set(found.values())), sum(path not in found for path in rows.paths)
    without = f"; {counted(rest, 'picture')} in none" if rest else ""
    notify(f"{place}: {len(rows.paths) - rest:,} pictures are in {counted(groups, 'group')}{without}")
    both = np.isin(said[rows.tests], said[~rows.tests])
    if both.any():
        row = np.flatnonzero(rows.tests)[both][0]
        other = np.flatnonzero(~rows.tests & (said == said[row]))[0]
        notify(
            f"{place}: {both.sum():,} of {rows.tests.sum():,} test pictures are of a group that trains, too "
            f"({rows.paths[row]} and {rows.paths[other]}), so scores may be too high for new groups"
        )


def _tell_copies(rows: _Rows, like: npt.NDArray[np.int64], notify: Notify) -> None:
    place, paths, tests = rows.place, rows.paths, rows.tests
    trained = {like[row]: row for row in np.flatnonzero(~tests)[::-1]}
    copies = [row for row in np.flatnonzero(tests) if like[row] in trained]
    if copies:
        pair = f"{paths[copies[0]]} is {paths[trained[like[copies[0]]]]}"
        notify(
            f"{place}: {len(copies):,} of {tests.sum():,} test pictures have the pixels of one that trains ({pair}), "
            "so the scores are not to be trusted; the command audit lists them, and scores without them"
        )
    conflicts = np.flatnonzero(rows.y != rows.y[like])
    if len(conflicts):
        pair = f"{paths[conflicts[0]]} is {paths[like[conflicts[0]]]}"
        number = counted(len(conflicts), "picture")
        notify(f"{place}: the same pixels are in two classes: {number} ({pair}); correct the labels")


def _tell_counts(rows: _Rows, notify: Notify) -> None:
    """Say which classes are small, of the training part or, if there is no test part yet, of all pictures."""
    place, names, counts = rows.place, rows.class_names, rows.counts(tests=False)
    least, most = int(counts.argmin()), int(counts.argmax())
    if counts[most] >= UNEVEN * counts[least]:
        notify(
            f"{place}: the classes are uneven ({counts[most]:,} pictures of {names[most]}, {counts[least]:,} of "
            f"{names[least]}), so accuracy mostly describes the large ones; see macro F1 and the F1 of each class"
        )
    few = [f"{names[i]} ({counts[i]})" for i in np.flatnonzero(counts < FEW)]
    if few:
        notify(f"{place}: classes with few pictures, of which little can be learned: {listed(few)}")
