"""Which pictures belong together: as the user says, or as their names look.

Pictures of one patient, hand or scan are alike. If some of them train and others test, a model is rewarded for knowing
the patient. `group_names` reads what ``--group`` says; `evidence` looks for names that show groups, and is silent in
doubt: most sets number their pictures, and a number alone is no group.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmark.datasets.picture_source import path_in
from benchmark.datasets.picture_tree import listed
from benchmark.errors import BenchmarkError

Columns = Mapping[str, Mapping[str, str]]
"""Columns of a table by their names: what each says of a picture, by the picture's name."""

IDENTITIES = (
    *("patient", "subject", "person", "participant", "volunteer", "individual", "user", "signer", "speaker", "writer"),
    *("hand", "donor", "specimen", "lesion", "case", "scan", "slide", "video", "clip", "scene", "sequence"),
)
"""Words before a number that make it the number of someone or something, of which there may be several pictures."""

MOST_SHARE = 0.25
"""Largest mean share of its class that a group may have."""

MANY, MANY_NAMED = 10, 5
"""Fewest groups: of any name; of a name with one of `IDENTITIES`."""

IN_COLUMN = 0.1
"""Least share of the pictures that are in groups of several, where a column says them."""

_COUNTER = r"([^/]*\d[^/]*)[._-]\d{1,5}\.\w+$"
_NAMED_COUNTER = r"([^/]*\d[^/]*?)[._-][A-Za-z]{2,12}[_-]?\d{1,5}\.\w+$"
_VIEW = r"([^/]*\d[^/]*)[._-](?:[A-Za-z]|left|right|front|back|top|bottom|side)\.\w+$"
_ROBOFLOW = r"([^/]+)\.rf\.[0-9a-f]{32}\.\w+$"
_FOLDER = r"([^/]*\d[^/]*)/[^/]+$"
_NAMES = (_ROBOFLOW, _NAMED_COUNTER, _COUNTER, _VIEW, _FOLDER)
"""Expressions that are tried, as ``--group`` takes them: ``patient012_slice3.png``, ``hand3_001.png``,
``subject07_a.jpg``, copies as Roboflow names them, and folders in the folder of a class."""

_IDENTITY = re.compile(rf"(?i)(?<![a-z])(?:{'|'.join(IDENTITIES)})(?:[ _-]?id)?[ _-]?(?=\d)")

_PLACES = ("site", "hospital", "center", "centre", "session", "camera", "batch", "shop", "farm", "field", "plot", "day")
"""Words before a number that make a folder a collection of classes."""

_CLASSES = (
    "class",
    "grade",
    "type",
    "stage",
    "level",
    "category",
    "label",
    "digit",
    "letter",
    "score",
    "cluster",
    "kind",
)
"""Words before a number that make it the number of a class."""

_DATE = re.compile(r"(?<!\d)(19|20)\d\d([_-]?)(0[1-9]|1[0-2])\2([0-2]\d|3[01])(\D?\d\d){0,3}$")
"""The end of a name that is a day, or a time: a camera's files of one day or hour are not of one thing."""


@dataclass(frozen=True)
class Evidence:
    """What names show of groups.

    Attributes
    ----------
    option : str
        What ``--group`` takes.
    pair : tuple of str
        Names of two pictures of one group.
    groups, pictures : int
        Groups, and pictures in them.
    """

    option: str
    pair: tuple[str, str]
    groups: int
    pictures: int

    def text(self) -> str:
        """Return the evidence as a sentence."""
        return (
            f"the pictures seem to be in groups ({self.pair[0]} and {self.pair[1]} in one): {self.groups:,} groups of "
            f"{self.pictures:,} pictures; if those of a group show the same person or thing, give "
            f"--group {shlex.quote(self.option)}, and no group is in both the training and the test part"
        )


def group_names(where: str, names: Sequence[str], option: str, columns: Columns) -> dict[str, str]:
    """Return the group of each picture as ``--group`` says it.

    Parameters
    ----------
    where : str
        What messages name.
    names : sequence of str
        Of the pictures, with their paths in the data set's folder; see `picture_source.path_in`.
    option : str
        The name of a column, or a regular expression that is searched in each path. Its first group, or all that it
        matches, names the picture's group.
    columns : mapping

    Returns
    -------
    dict of str to str
        By name of the picture; pictures that are in no group are not in it.

    Raises
    ------
    BenchmarkError
        The option is no regular expression, or is of no use: it matches no picture, or each differently, or all alike.
    """
    column = next((each for each in columns if each.casefold() == option.casefold()), None)
    if column is not None:
        said = f"column {column}"
        found = {name: columns[column].get(name, "").strip() for name in names}
    else:
        said = f"--group {shlex.quote(option)}"
        find = _finder(where, option)
        found = {name: find(path_in(name)) for name in names}
    found = {name: key for name, key in found.items() if key}
    if not found:
        also = f", and no column is called so; there are {listed(list(columns))}" if columns else ""
        raise BenchmarkError(
            f"{where}: {said} matches no picture, of which the first is {names[0]}{also}; give a regular expression "
            r"that matches a part of such names, as --group 'patient\d+'"
        )
    keys = set(found.values())
    if len(keys) == 1:
        how_many = f"all {len(names):,}" if len(names) == len(found) else f"{len(found):,} of {len(names):,}"
        raise BenchmarkError(
            f"{where}: {said} puts {how_many} pictures in one group, {next(iter(keys))[:60]!r}, and there is no other; "
            "give an expression that tells groups apart, or leave out --group"
        )
    if len(keys) == len(found):
        raise BenchmarkError(
            f"{where}: {said} puts every picture in a group of its own ({listed([key[:60] for key in keys])}); give an "
            "expression for the part of the name that the pictures of a group have in common, or leave out --group"
        )
    return found


def _finder(where: str, option: str) -> Callable[[str], str]:
    try:
        pattern = re.compile(option)
    except (re.error, RecursionError, OverflowError) as error:
        raise BenchmarkError(
            f"{where}: --group {shlex.quote(option)} is no regular expression ({error}), nor the name of a column; "
            r"give one, as --group 'patient\d+'"
        ) from error

    def find(name: str) -> str:
        match = pattern.search(name)
        if match is None:
            return ""
        return (match[1] if pattern.groups else None) or match[0]

    return find


def numbers(names: Sequence[str], found: Mapping[str, str]) -> npt.NDArray[np.int64]:
    """Return the number of each picture's group, (n,); a picture that is in none has one of its own."""
    keys = [(1, found[name]) if name in found else (0, name) for name in names]
    number = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    return np.asarray([number[key] for key in keys], dtype=np.int64)


def are_collections(outer: Sequence[str], inner: Sequence[str]) -> bool:
    """Return whether folders are people or places and the folders in them classes, by their names alone.

    ``patient01/benign`` is so. Of ``Greek/character01`` either level may be the classes, as of ``grade1/left``.
    """
    word = _common_word(outer)
    if not word or word in _CLASSES:
        return False
    same = {re.sub(r"\d+", "", name.casefold()) for name in inner}
    return word in {*IDENTITIES, *_PLACES} or len(same) == len(inner)


def are_people(names: Sequence[str]) -> bool:
    """Return whether folders are people or things with a number each, and so no classes: ``patient01``."""
    return _common_word(names) in IDENTITIES


def _common_word(names: Sequence[str]) -> str:
    """Return the word to which all names add a number or a letter, or nothing."""
    matches = [re.fullmatch(r"(.*?[^\W\d_])(?:[ _-]*\d+|[ _-][a-z])", name.casefold()) for name in names]
    words = {match[1] if match else "" for match in matches}
    return words.pop() if len(words) == 1 else ""


def is_identity(column: str) -> bool:
    """Return whether a column is called as one of `IDENTITIES`: ``patient_id``, ``LesionID``, ``subject``."""
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column).lower())
    plain = [word for word in words if word not in ("id", "ids", "no", "nr", "number", "code", "name")]
    return len(plain) == 1 and plain[0].removesuffix("id") in IDENTITIES


def evidence(names: Sequence[str], y: npt.NDArray[np.int64], columns: Columns) -> Evidence | None:
    """Return what columns and names show of groups, or None where that is not clear.

    Groups must be many, and most of them must hold more than one picture; each must be small in its class.

    Parameters
    ----------
    names : sequence of str, (n,)
    y : ndarray of int64, (n,)
        Labels.
    columns : mapping
    """
    for column, values in columns.items():
        if is_identity(column):
            keys = [values.get(name, "").strip() for name in names]
            if found := _judged(names, keys, y, column, MANY_NAMED, IN_COLUMN):
                return found
    paths = [path_in(name) for name in names]
    literal = Counter(match[0] for path in paths if (match := _IDENTITY.search(path)) is not None)
    if literal:
        option = rf"{re.escape(literal.most_common(1)[0][0])}\d+"
        pattern = re.compile(option)
        keys = [match[0] if (match := pattern.search(path)) else "" for path in paths]
        if found := _judged(names, keys, y, option, MANY_NAMED, 0.5, cells=True):
            return found
    for option in _NAMES:
        pattern = re.compile(option)
        ends = [path if option == _FOLDER else path.rpartition("/")[2] for path in paths]
        keys = [match[1] if (match := _match(pattern, end, option)) else "" for end in ends]
        dated = sum(_DATE.search(key) is not None for key in keys if key)
        if 2 * dated <= sum(map(bool, keys)) and (found := _judged(names, keys, y, option, MANY, 0.5, cells=True)):
            return found
    return None


def _match(pattern: re.Pattern[str], text: str, option: str) -> re.Match[str] | None:
    """Match a file's name from its start, as a search in its path does, but without trying other starts."""
    return pattern.search(text) if option == _FOLDER else pattern.match(text)


def _judged(
    names: Sequence[str],
    keys: Sequence[str],
    y: npt.NDArray[np.int64],
    option: str,
    many: int,
    several: float,
    *,
    cells: bool = False,
) -> Evidence | None:
    """Return keys as evidence if they can be groups.

    Parameters
    ----------
    names, keys : sequence of str, (n,)
        A key is empty where a picture has none.
    y : ndarray of int64, (n,)
    option : str
    many : int
        Fewest groups.
    several : float
        Least share of the pictures that are in groups of several.
    cells : bool
        Most groups must have several pictures of one class, or it may be that every class numbers its own pictures.
    """
    has = np.asarray([bool(key) for key in keys])
    if 2 * has.sum() < len(names):
        return None
    which = np.unique(np.asarray(keys)[has], return_inverse=True)[1]
    labels, sizes = y[has], np.bincount(which)
    cell, counts = np.unique(which * (int(y.max()) + 1) + labels, return_inverse=True, return_counts=True)[1:]
    shares = counts[cell] / np.bincount(y)[labels]
    in_several = sizes[sizes > 1].sum() / has.sum()
    alone = cells and np.mean(counts > 1) <= 0.5
    if len(sizes) < many or shares.mean() > MOST_SHARE or in_several < several or alone:
        return None
    rows = np.flatnonzero(has)[which == int(np.argmax(sizes > 1))]
    return Evidence(option, (names[rows[0]], names[rows[1]]), len(sizes), int(has.sum()))
