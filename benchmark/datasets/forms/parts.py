"""From the parts that a reader found, training, test and validation, to a data set: the same rules for every form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmark.datasets import validate
from benchmark.datasets.request import Notify
from benchmark.datasets.split import PART_WORDS, TEST, TRAIN, VALIDATION
from benchmark.datasets.validate import FileDataset, RawPart

IMAGES = ("x", "images", "image", "imgs", "img", "pixels", "data")
LABELS = ("y", "labels", "label", "targets", "target", "classes", "class")
"""What the arrays of images and of labels are called, in lower case; the first that is there counts."""

_SEPARATORS = re.compile(r"[\W_]+")

_PART_SUFFIXES = {word: part for part, words in PART_WORDS.items() for word in words} | {"tra": TRAIN, "tes": TEST}
"""Suffixes that say the part: Hastie et al. have ``zip.train`` and ``zip.test``, UCI ``optdigits.tra`` and ``.tes``."""

_KNOWN = {
    (TRAIN, kind, word): (word, *(text for part in PART_WORDS[TRAIN] for text in (word + part, part + word)))
    for kind, words in enumerate((IMAGES, LABELS))
    for word in words
} | {
    (part, kind, word): tuple(text for each in PART_WORDS[part] for text in (word + each, each + word))
    for part in (TEST, VALIDATION)
    for kind, words in enumerate((IMAGES, LABELS))
    for word in words
}
"""Names of arrays without case and separators, by part, kind (0: images, 1: labels) and word. A name without a part is
of the training part, from which a test part is split off."""


def named(names: Iterable[str]) -> dict[str, tuple[str | None, str | None]]:
    """Return the names of the arrays of images and of labels of each part, by their usual names in any case.

    Keras has ``x_train``, MedMNIST ``train_images``; ``X`` and ``y``, or ``images`` and ``labels``, have one part.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    dict of str to tuple
        By part (`TRAIN`, `TEST`, `VALIDATION`); None in place of the one that is missing.
    """
    there = {_SEPARATORS.sub("", name.lower()): name for name in names}
    found: dict[str, list[str | None]] = {}
    for (part, kind, _), texts in _KNOWN.items():
        name = next((there[text] for text in texts if text in there), None)
        if name is not None and found.setdefault(part, [None, None])[kind] is None:
            found[part][kind] = name
    return {part: (pair[0], pair[1]) for part, pair in found.items()}


def part_of(path: Path) -> str | None:
    """Return the part that a file name says by one of its words, or None; ``latest.csv`` says none."""
    return _part_and_rest(path)[0]


def by_part(folder: Path, files: Sequence[Path]) -> dict[str, dict[str, Path]]:
    """Group the files of a folder into data sets: by the words of their names that say no part, then by part.

    A file whose name says no part, or more than one, is a data set of its own, and so is one that shares its name and
    part with another. If all that differs are the names (``mnist_train_small.csv``, ``mnist_test.csv``), all are one.
    """
    sets: dict[str, dict[str, Path]] = {}
    for path in files:
        part, rest = _part_and_rest(path)
        rest = rest or folder.resolve().name
        if part is None or part in sets.get(rest, {}):
            sets[path.name] = {TRAIN: path}
        else:
            sets.setdefault(rest, {})[part] = path
    joined = {part: path for each in sets.values() for part, path in each.items()}
    said = all(part_of(path) == part for part, path in joined.items())
    if len(sets) > 1 and said and TRAIN in joined and len(joined) == len(files):
        sets = {folder.resolve().name: joined}
    order = (TRAIN, VALIDATION, TEST)
    return {name: {part: each[part] for part in order if part in each} for name, each in sets.items()}


def words(path: Path) -> set[str]:
    """Return the words of a file name, without its suffixes, in lower case."""
    return {word.lower() for word in _split(path.name.partition(".")[0])}


def _split(stem: str) -> list[str]:
    return re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+", stem)


def _part_and_rest(path: Path) -> tuple[str | None, str]:
    """Return the part that a file name says, and its other words: ("test", "mnist") for ``mnist_test.csv``."""
    stem, *suffixes = path.name.split(".")
    last = [_PART_SUFFIXES[suffix.lower()] for suffix in suffixes if suffix.lower() in _PART_SUFFIXES]
    found = _split(stem)
    of = {
        word: part
        for word in found
        for part, known in PART_WORDS.items()
        if word.lower() in known or word.lower().startswith((f"{known[0]}set", f"{known[0]}data"))
    }
    said = {*of.values(), *last}
    if len(said) != 1:
        return None, stem
    return said.pop(), "-".join(word for word in found if word not in of)


def assemble(
    name: str,
    where: str,
    parts: Mapping[str, RawPart],
    notify: Notify,
    files: tuple[Path, ...] = (),
    label_names: Mapping[int, str] | None = None,
    validation: str = "the validation part",
) -> FileDataset:
    """Return the data set of arrays: a validation part validates, and tests where nothing else does.

    Without either, a test part is split off.

    Parameters
    ----------
    name : str
    where : str
        What remarks name, and the data set's `source`.
    parts : mapping of str to RawPart
        By part; `TRAIN` is there.
    notify : callable
    files : tuple of Path
    label_names : mapping of int to str, optional
        See `validate.build_dataset`.
    validation : str
        What the validation part is called in its file.

    Raises
    ------
    BenchmarkError
    """
    known = {part: replace(raw, any_range=True) for part, raw in parts.items()}
    train, test, more = known[TRAIN], known.get(TEST), known.get(VALIDATION)
    if test is None and more is None:
        train, test = validate.split_off_test(train, where, notify)
    elif test is None and more is not None:
        test, more = more, None
        notify(f"{where}: the {len(test.X):,} images of {validation} are the test part, since there is no other")
    elif more is not None:
        more = replace(more, validates=np.ones(len(more.X), dtype=bool))
    assert test is not None
    dataset = validate.build_dataset(
        name,
        where,
        train,
        test,
        files,
        more=() if more is None else (more,),
        label_names=label_names,
        notify=notify,
        published=False,
    )
    validate.tell_validation(
        dataset, where, "" if more is None else f"the {len(more.X):,} images of {validation}", notify
    )
    return dataset
