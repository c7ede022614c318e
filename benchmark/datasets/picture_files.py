"""A folder of pictures: the class and the part, training or test, of each file, by the names of its folders.

The layout is ``train/<class>/*.png`` and ``test/<class>/*.png``, or ``<class>/*.png`` without a split. The parts have
these or other usual names (`part_of`). Folders may lie in folders: a folder that holds only one other is read one level
down, and of several levels the one that can be the classes is (`_readings`). What is read, and what is left out, is
said. No file is opened here, and nothing outside the folder is used; see `picture_tree`.
"""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmark.datasets import grouping, split
from benchmark.datasets.picture_cache import Asked
from benchmark.datasets.picture_tree import Tree, counted, listed, some
from benchmark.datasets.split import PART_WORDS, TEST, TRAIN, VALIDATION
from benchmark.datasets.validate import MIN_TRAINING_IMAGES
from benchmark.errors import BenchmarkError

_WORDS = {
    part: re.compile(rf"({'|'.join(names)})(set|data|images?|imgs?)?", re.IGNORECASE)
    for part, names in PART_WORDS.items()
}
"""The word that makes a folder's name that of a part: ``seg_train``, ``Testing``, ``valSet``, ``trainset``."""

_WORD = re.compile(r"(?P<word>[^\W\d_]+(?:[ _-]+[^\W\d_]+)*)[ ._-]*[._ (-]\(?\d")
"""The beginning of a file's name, up to a separator and a number."""

_CAMERA = {
    *(
        "img",
        "dsc",
        "dscn",
        "dscf",
        "pxl",
        "mvi",
        "vid",
        "wa",
        "image",
        "images",
        "photo",
        "picture",
        "pic",
        "screenshot",
    ),
    *("frame", "file", "scan", "untitled", "download", "unnamed", "whatsapp", "p", "i", "id", "no", "n"),
} | {word for words in PART_WORDS.values() for word in words}
"""Words before a number that say nothing of a class."""

SHARED = 0.8
"""Share of the smaller part's folder names that the other part must have, so that a level of folders can be classes."""

FEW_PICTURES = (
    f"give two classes {MIN_TRAINING_IMAGES} pictures each to train on, and to one of them a test picture, or "
    f"{split.LEAST} pictures, of which one is split off"
)
"""The step to take where `learnable` is false."""

NOTHING = Asked()

Classes = Mapping[str, tuple[Path, ...]]
"""Pictures of each class by its name, sorted."""

_Dirs = tuple[str, ...]
"""Names of the folders from the part down to a picture."""


class AmbiguousError(BenchmarkError):
    """There is more than one way to read a folder; the message names the command of each."""


@dataclass(frozen=True)
class PictureFiles:
    """The pictures of a folder.

    Attributes
    ----------
    folder : Path
        What the user gave; every picture is in it.
    train, test : mapping of str to tuple of Path
        `test` is empty if the folder has no such part.
    remarks : tuple of str
        What was left out and why, one line each.
    validation : frozenset of Path
        Training pictures that are in a validation part.
    groups : mapping of Path to str
        The group of each picture, where folders say it.
    columns : mapping of str to mapping of Path to str
        What the columns of a table say of each picture, if there is a table.
    """

    folder: Path
    train: Classes
    test: Classes
    remarks: tuple[str, ...]
    validation: frozenset[Path] = frozenset()
    groups: Mapping[Path, str] = field(default_factory=dict)
    columns: Mapping[str, Mapping[Path, str]] = field(default_factory=dict)


def part_of(name: str) -> str | None:
    """Return the part that a name speaks of, as one of its words: ``seg_train`` is "train"; None if of none or two."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))
    found = {part for part, pattern in _WORDS.items() if any(pattern.fullmatch(word) for word in words)}
    return found.pop() if len(found) == 1 else None


def command(folder: Path, asked: Asked = NOTHING) -> str:
    """Return what to give on the command line to read a folder."""
    group = f" --group {shlex.quote(asked.group)}" if asked.group else ""
    return f"--dataset {shlex.quote('@'.join((str(folder), *asked.words())))}{group}"


def learnable(train: Mapping[str, Sequence[object]], test: Mapping[str, Sequence[object]]) -> bool:
    """Return whether classes can be trained and tested, as far as the numbers of their files tell."""
    trained = {name: len(files) for name, files in train.items() if len(files) >= MIN_TRAINING_IMAGES}
    if len(trained) < 2:
        return False
    return any(test.get(name) for name in trained) if test else max(trained.values()) >= split.LEAST


def find_pictures(folder: Path, asked: Asked = NOTHING, tree: Tree | None = None) -> PictureFiles:
    """Sort the pictures of a folder by part and class.

    Parameters
    ----------
    folder : Path
    asked : Asked
        Its `level` says which folders are the classes, where that is not clear.
    tree : Tree, optional
        The folder's pictures, if they have been listed before.

    Raises
    ------
    BenchmarkError
        The layout does not say which folders are the classes, or a folder is not readable. The message names the
        commands that would read it, or the step that is missing.
    """
    if tree is None:
        tree = Tree(folder)
        tree.leave_out_masks()
    layout = _Layout(folder, asked, tree)
    root = layout.root()
    parts = layout.parts(root)
    if parts:
        for part in parts.values():
            layout.leave_out_second(part)
        layout.note_others(root, parts)
        classes = layout.classes(layout.unwrapped(parts))
        train, test = layout.joined(classes, parts)
    else:
        parts = {TRAIN: root}
        inverted = layout.parts_in_classes(root)
        train, test = inverted or (layout.classes(parts)[TRAIN], {})
    remarks = layout.remarks([*train.values(), *test.values()], parts)
    return PictureFiles(folder, train, test, remarks, layout.validation, layout.groups)


def classes_in_names(paths: Sequence[Path]) -> dict[str, list[Path]]:
    """Return pictures by the word before the first number of their names: ``cat.0.jpg``, ``red_panda (1).png``.

    Empty unless every name has such a word that is no camera's, there are two of them at least, and two pictures of
    each.
    """
    classes: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        match = _WORD.match(_nfc(path.stem))
        if match is None or _CAMERA & set(re.split(r"[\W_]+", match["word"].casefold())):
            return {}
        classes[match["word"]].append(path)
    enough = len(classes) > 1 and all(len(each) >= MIN_TRAINING_IMAGES for each in classes.values())
    return dict(classes) if enough else {}


def join(train: Classes, more: Classes) -> Classes:
    """Return the pictures of two parts as one."""
    return {name: (*train.get(name, ()), *more.get(name, ())) for name in sorted({*train, *more})}


@dataclass
class _Layout:
    """How the folders of a tree are read, and what must be said of it.

    Attributes
    ----------
    folder : Path
    asked : Asked
    tree : Tree
    notes : list of str
        One line each.
    bases : list of Path
        The folders whose subfolders are the classes.
    between : list of Path
        Folders of a class that has its parts in it.
    nested : list of Path
        Folders of a class with folders of pictures in them.
    validation : frozenset of Path
        Pictures of the validation part that train in the end.
    groups : dict of Path to str
        See `PictureFiles`.
    """

    folder: Path
    asked: Asked
    tree: Tree
    notes: list[str] = field(default_factory=list)
    bases: list[Path] = field(default_factory=list)
    between: list[Path] = field(default_factory=list)
    nested: list[Path] = field(default_factory=list)
    validation: frozenset[Path] = frozenset()
    groups: dict[Path, str] = field(default_factory=dict)

    def root(self) -> Path:
        """Return the folder that holds the parts or the classes: the one given, or the only one in it that can."""
        place, tree = self.folder, self.tree
        while not self.parts(place):
            filled = tree.filled(place)
            sets = [each for each in filled if self._set_below(each)]
            if len(sets) > 1:
                raise AmbiguousError(
                    f"{place}: {len(sets)} of its folders have a {TRAIN} part of their own ({some(place, sets)}); "
                    f"{self._one_of(sets)}"
                )
            classed = len(filled) == 1 and (tree.filled(filled[0]) or self.named_classes(filled[0]))
            if not sets and classed and part_of(filled[0].name) is None:
                sets = filled
            if not sets:
                break
            place = sets[0]
        if place != self.folder:
            rest = len(tree.below(self.folder)) - len(tree.below(place))
            left = f" of classes; {counted(rest, 'picture')} elsewhere left out" if rest else ""
            self.notes.append(f"{place}: read from here, the only folder with pictures{left}")
        self.leave_out_second(place)
        return place

    def parts(self, place: Path) -> dict[str, Path]:
        """Return the folders of the parts in a folder, the training part first; empty if it has none.

        Raises
        ------
        BenchmarkError
            There is no training part next to the others, or its pictures have no class.
        """
        tree, found = self.tree, {}
        folders = [(part_of(each.name), each) for each in tree.folders(place)]
        if len({part for part, _ in folders if part}) < 2 and len(tree.filled(place)) > 1:
            folders = [(part, each) for part, each in folders if _exact(each)]  # train_station is no part
        for part in PART_WORDS:
            named = [each for kind, each in folders if kind == part]
            exact = [each for each in named if _exact(each)]
            filled = [each for each in exact or named if tree.filled(each) or tree.direct(each)]
            if len(filled) > 1 and any(tree.filled(each) for each in filled):
                raise BenchmarkError(
                    f"{place}: more than one folder may be the {part} part ({some(place, filled)}); move all but one "
                    "out of the data set, or put their pictures into one"
                )
            if filled or exact:
                found[part] = (filled or exact)[0]
        filled_parts = {part: each for part, each in found.items() if each in tree.filled(place)}
        classed = {part for part, each in filled_parts.items() if tree.filled(each) or self.named_classes(each)}
        train = found.get(TRAIN)
        if TRAIN in classed:
            return found
        others = [part for part in (TEST, VALIDATION) if part in filled_parts]
        all_parts = set(tree.filled(place)) <= set(found.values())  # else test_tubes may be a class
        if train in filled_parts.values() and (all_parts or (others and train is not None and _exact(train))):
            raise BenchmarkError(
                f"{train}: its pictures have no class; put those of each into a folder, {TRAIN}/<class>/, or their "
                f"names and classes into a table, {place / 'train.csv'}, with the columns file_name and label"
            )
        lone = [filled_parts[part] for part in others if all_parts or _exact(filled_parts[part])]
        if lone and (lone[0] in (filled_parts[part] for part in classed) or len(lone) > 1):
            raise BenchmarkError(
                f"{place}: there is a {lone[0].name} but no {TRAIN}/<class>/ with pictures; add that part"
            )
        return {}

    def named_classes(self, place: Path) -> dict[str, list[Path]]:
        """Return the pictures of a folder by the class that their names begin with; see `classes_in_names`."""
        return {} if self.tree.filled(place) else classes_in_names(self.tree.direct(place))

    def _set_below(self, place: Path) -> bool:
        """Return whether a folder, or one below it, holds a training part with classes."""
        waiting = [place]
        while waiting:
            each = waiting.pop()
            named = [child for child in self.tree.filled(each) if part_of(child.name)]
            if any(part_of(child.name) == TRAIN and self.tree.filled(child) for child in named) and (
                len({part_of(child.name) for child in named}) > 1 or any(_exact(child) == TRAIN for child in named)
            ):
                return True
            waiting += self.tree.filled(each)
        return False

    def leave_out_second(self, place: Path) -> None:
        """Leave out a folder that repeats the classes next to it, file by file, as an archive packed twice does."""
        filled = self.tree.filled(place)
        for each in filled:
            others = [other for other in filled if other != each]
            if [path.name for path in self.tree.filled(each)] != [path.name for path in others] or len(others) < 2:
                continue
            inside, outside = (
                sorted(
                    (path.relative_to(top).as_posix(), path.stat().st_size)
                    for other in tops
                    for path in self.tree.below(other)
                )
                for top, tops in ((each, self.tree.filled(each)), (place, others))
            )
            if inside == outside:
                self.tree.leave_out(each)
                self.notes.append(f"{each}: the same {counted(len(inside), 'file')} as next to it, so left out")

    def note_others(self, place: Path, parts: Mapping[str, Path]) -> None:
        """Say which folders next to the parts are left out."""
        others = [each for each in self.tree.filled(place) if each not in parts.values()]
        if others:
            self.notes.append(f"{some(place, others)}: neither {TRAIN} nor {TEST}, so its pictures are left out")

    def unwrapped(self, parts: dict[str, Path]) -> dict[str, Path]:
        """Return the folders whose subfolders are the classes: a part may hold its classes one folder down."""
        tree, parts = self.tree, {part: each for part, each in parts.items() if self.tree.below(each)}
        while True:
            single = {
                part: inside[0]
                for part, each in parts.items()
                if len(inside := tree.filled(each)) == 1 and (tree.filled(inside[0]) or part_of(inside[0].name) == part)
            }
            elsewhere = {name.name for part, each in parts.items() if part not in single for name in tree.filled(each)}
            single = {part: each for part, each in single.items() if each.name not in elsewhere}
            if not single:
                return parts
            self.notes += [f"{each}: read from here, the only folder in {each.parent.name}" for each in single.values()]
            parts |= single

    def parts_in_classes(self, place: Path) -> tuple[Classes, Classes] | None:
        """Return the parts of ``<class>/train`` and ``<class>/test``, or None if the folders are not so."""
        tree, filled = self.tree, self.tree.filled(place)
        inside = {each: {part_of(below.name): below for below in tree.filled(each)} for each in filled}
        kinds = set().union(*inside.values()) if inside else set()
        if len(filled) < 2 or None in kinds or not {TRAIN} < kinds:
            for each in filled:
                if {TRAIN, TEST} <= inside[each].keys() or {TRAIN, VALIDATION} <= inside[each].keys():
                    raise BenchmarkError(
                        f"{each}: it has a {TRAIN} part, and the folders next to it have none; give each class both, "
                        f"or arrange the folders as {TRAIN}/<class>/ and {TEST}/<class>/"
                    )
            return None
        parts = {
            part: {_nfc(each.name): tuple(tree.below(below[part])) for each, below in inside.items() if part in below}
            for part in PART_WORDS
        }
        self.notes.append(f"{place}: the parts ({listed(sorted(map(str, kinds)))}) are read inside each class")
        self.bases, self.between = [place], filled
        return self.joined(parts, {VALIDATION: place})

    def joined(self, classes: Mapping[str, Classes], parts: Mapping[str, Path]) -> tuple[Classes, Classes]:
        """Return the training and the test part; a validation part joins one of them, and is remembered."""
        train, test = classes.get(TRAIN, {}), classes.get(TEST, {})
        if TEST in parts and not test:
            flat = counted(len(self.tree.below(parts[TEST])), "picture")
            self.notes.append(f"{parts[TEST]}: no pictures of a class are in it ({flat} without one)")
        more = classes.get(VALIDATION, {})
        if not more:
            return train, test
        if not test:
            pictures = counted(sum(map(len, more.values())), "picture")
            self.notes.append(f"{parts[VALIDATION]}: its {pictures} are the test part, since there is no other")
            return train, more
        self.validation = frozenset(path for paths in more.values() for path in paths)
        return join(train, more), test

    def classes(self, parts: Mapping[str, Path]) -> dict[str, Classes]:
        """Return the classes of each part."""
        found = {part: _Found(self.tree, each) for part, each in parts.items()}
        self.bases = list(parts.values())
        flat = [part for part, each in found.items() if each.flat]
        if flat:
            words = {dirs[0] for part in flat for dirs in found[part].dirs}
            self.notes.append(
                f"{self.folder}: the classes are the words before a number in the names of the pictures "
                f"({listed(sorted(words))})"
            )
        named, depth = self._reading({part: each for part, each in found.items() if each.leaves})
        for each in found.values():
            divided = {dirs[0] for dirs in each.dirs if len(dirs) > depth}
            self.nested += [top for top in self.tree.filled(each.base) if _nfc(top.name) in divided]
        for part, classes in named.items():
            kinds = {part_of(name) for name in classes if part_of(name) is not None and name.casefold() in _EXACT}
            if len(kinds) > 1:
                raise BenchmarkError(
                    f"{parts[part]}: its folders {listed(sorted(classes))} are parts and no classes; arrange them as "
                    f"{TRAIN}/<class>/ and {TEST}/<class>/"
                )
        return {part: named.get(part, {}) for part in parts}

    def _reading(self, found: Mapping[str, _Found]) -> tuple[dict[str, Classes], int]:
        """Return the classes of each part, and how many folders deep they are."""
        deepest = max((len(leaf) for each in found.values() for leaf in each.leaves), default=1)
        if self.asked.level == "inner":
            deepest = max((len(dirs) for each in found.values() for dirs in each.dirs), default=1)
            return _named(found, deepest, whole=True), deepest
        if not self.asked.level and (merged := self._merged(found)) is not None:
            return merged, 2
        if self.asked.level == "outer" or deepest == 1 or all(each.outer_are_leaves() for each in found.values()):
            return _named(found, 1), 1
        readings = {depth: _named(found, depth) for depth in range(1, deepest + 1)}
        outer, inner = readings[1], readings[deepest]
        if len(found) > 1:
            shared = [depth for depth, reading in readings.items() if _shared(list(reading.values()))]
            if not shared:
                raise BenchmarkError(
                    f"{self.folder}: at no level have the folders of {' and '.join(found)} the same names "
                    f"({_few(outer)}; {_few(inner)}); name the folder of a class the same in each part"
                )
            depth = shared[-1]
            if depth == 1:
                self.notes.append(
                    f"{self.folder}: the classes are the outer folders ({_few(outer)}), which are the same in all parts"
                )
            else:
                offered = 1 in shared and learnable(outer[TRAIN], next(iter([*outer.values()][1:])))
                other = f"; for the outer ones ({_few(outer)}) give {self._at('outer')}" if offered else ""
                self.notes.append(
                    f"{self.folder}: the classes are the {'innermost folders' if depth == deepest else 'folders'} "
                    f"({_few(readings[depth])}), which are the same in all parts{other}"
                )
            return readings[depth], depth
        (part,) = found
        ends = {depth: readings[depth][part] for depth in (1, deepest)}
        able = [depth for depth, reading in ends.items() if _sensible(reading)]
        able = able or [depth for depth, reading in ends.items() if learnable(reading, {})]
        if len(able) > 1 and deepest == 2 and grouping.are_people([leaf[-1] for leaf in found[part].leaves]):
            for leaf, paths in found[part].leaves.items():
                self.groups.update(dict.fromkeys(paths, leaf[-1]))
            self.notes.append(
                f"{self.folder}: the classes are the outer folders ({_few(outer)}), and the pictures of a folder in "
                f"them ({_few(inner)}) are a group"
            )
            return outer, 1
        if len(able) != 1:
            step = f"give {self._at('outer')} or {self._at('inner')}" if able else FEW_PICTURES
            step += self._one_alone(found[part])
            raise AmbiguousError(
                f"{found[part].base}: its pictures are in subfolders, so the classes may be the {len(outer[part])} "
                f"outer folders ({_few(outer)}) or the {len(inner[part])} innermost ones ({_few(inner)}); {step}"
            )
        said = {1: "outer", deepest: "innermost"}
        self.notes.append(
            f"{self.folder}: the classes are the {said[able[0]]} folders ({_few(readings[able[0]])}); the "
            f"{said[1 if able[0] != 1 else deepest]} ones have too few pictures each"
        )
        return readings[able[0]], able[0]

    def _merged(self, found: Mapping[str, _Found]) -> dict[str, Classes] | None:
        """Return the classes of each part where people or places have folders of the same classes, else None.

        The pictures of one outer folder are a group. A part may hold a single outer folder, which was unwrapped.
        """
        homes: dict[str, set[str]] = defaultdict(set)
        for each in found.values():
            for leaf in each.leaves:
                if len(leaf) > 2:
                    return None
                homes[leaf[-1]].add((each.base.name, *leaf)[-2])
        outer = sorted(set().union(*homes.values()))
        divided = any(len(leaf) == 2 for each in found.values() for leaf in each.leaves)
        times = sum(len(places) > 1 for places in homes.values())
        repeated = times > 1 and 2 * times >= len(homes)
        if not divided or not repeated or not grouping.are_collections(outer, list(homes)):
            return None
        merged: dict[str, Classes] = {}
        for part, each in found.items():
            classes: dict[str, list[Path]] = defaultdict(list)
            for leaf, paths in each.leaves.items():
                classes[leaf[-1]] += paths
                self.groups.update(dict.fromkeys(paths, (each.base.name, *leaf)[-2]))
            merged[part] = {name: tuple(sorted(classes[name], key=lambda path: path.parts)) for name in sorted(classes)}
        self.notes.append(
            f"{self.folder}: the classes are the innermost folders ({listed(sorted(homes))}), which repeat in the "
            f"{len(outer)} outer ones ({listed(outer)}), so the pictures of an outer folder are a group"
        )
        return merged

    def _one_alone(self, found: _Found) -> str:
        """Return what to add where every outer folder has the same folders in it: it may be a data set of its own."""
        inside: dict[str, set[_Dirs]] = defaultdict(set)
        for leaf in found.leaves:
            inside[leaf[0]].add(leaf[1:])
        first, *others = inside.values()
        if not others or any(len(first & other) < SHARED * max(len(first), len(other)) for other in others):
            return ""
        place = self.tree.filled(found.base)[0]
        return f", or one alone, as {command(place, self.asked)}" if _can_be_read(place, self.asked) else ""

    def _at(self, level: str) -> str:
        return command(self.folder, replace(self.asked, level=level))

    def _one_of(self, folders: Sequence[Path]) -> str:
        """Return the step to take where several folders are data sets: those that can be read alone are named."""
        able = [each for each in folders[:10] if _can_be_read(each, self.asked)][:3]
        if not able:
            return f"none can be read alone; arrange their pictures as {TRAIN}/<class>/ and {TEST}/<class>/"
        return (
            f"give {'one of them' if len(folders) > 1 else 'it'}: {' or '.join(command(x, self.asked) for x in able)}"
        )

    def remarks(self, classes: Iterable[tuple[Path, ...]], parts: Mapping[str, Path]) -> tuple[str, ...]:
        """Return what was read and what was left out, one line each."""
        tree = self.tree
        homes = {path.parent for paths in classes for path in paths}
        tops = [top for base in self.bases for top in tree.folders(base)]
        empty = [top for top in tops if not tree.below(top) and not _only_masks(tree, top)]
        levels = {place for base in self.bases for place in (base, *base.parents) if place.is_relative_to(self.folder)}
        passed = {*levels, *parts.values(), *self.between} - homes
        loose = sorted(path for place in passed for path in tree.direct(place))
        inside = {top for top in tops if top not in empty}
        others = [path for path in (*tree.others, *tree.tables) if inside & {path.parent, *path.parents}]
        kinds: list[tuple[Sequence[Path], str, str]] = [
            (loose, "picture", "outside the folders of the classes, so left out"),
            (empty, "folder", "without a picture, so no class"),
            (self.nested, "folder", "pictures in folders below count as the class's own"),
            (tree.masks, "picture", "the mask of another one, so left out"),
            (sorted(tree.links), "symbolic link", "leading to a folder or out of this one, so left out"),
            (sorted(others), "file", "not called .png, .jpg or another usual suffix of a picture, so left out"),
        ]
        skipped = [
            f"{self.folder}: {what}: {counted(len(paths), noun)} ({some(self.folder, paths)})"
            for paths, noun, what in kinds
            if paths
        ]
        return (*self.notes, *skipped)


_EXACT = {name: part for part, names in PART_WORDS.items() for name in names}


def _exact(folder: Path) -> str | None:
    """Return the part whose name a folder has, and no other word."""
    return _EXACT.get(folder.name.casefold())


class _Found:
    """The pictures of a part that are in folders.

    Attributes
    ----------
    base : Path
    dirs : dict of tuple of str to list of Path
        Pictures by the folders from the part down to them. macOS writes é as two characters, others as one: as one.
    leaves : dict of tuple of str to list of Path
        The same, but folders in a folder of pictures count as that folder.
    flat : bool
        There are no folders, and the names of the pictures say the classes; these count as folders.
    """

    def __init__(self, tree: Tree, base: Path) -> None:
        self.base = base
        self.dirs: dict[_Dirs, list[Path]] = defaultdict(list)
        for path in tree.below(base):
            self.dirs[tuple(map(_nfc, path.relative_to(base).parts[:-1]))].append(path)
        direct = self.dirs.pop((), [])
        self.flat = bool(not self.dirs and (named := classes_in_names(direct)))
        if self.flat:
            self.dirs.update({(word,): paths for word, paths in named.items()})
        self.leaves: dict[_Dirs, list[Path]] = defaultdict(list)
        for dirs, paths in self.dirs.items():
            shallow = next(dirs[:depth] for depth in range(1, len(dirs) + 1) if dirs[:depth] in self.dirs)
            self.leaves[shallow] += paths

    def outer_are_leaves(self) -> bool:
        """Return whether no outer folder is divided."""
        return len({leaf[0] for leaf in self.leaves}) == len(self.leaves)


def _named(found: Mapping[str, _Found], depth: int, *, whole: bool = False) -> dict[str, Classes]:
    """Return the classes of each part if they are the folders at a depth.

    A class is called by its folder's name. If two have the same name, as ``Greek/character01`` and
    ``Latin/character01``, their parents' names are added.
    """
    keyed: dict[str, dict[_Dirs, list[Path]]] = {}
    for part, each in found.items():
        keyed[part] = defaultdict(list)
        for dirs, paths in (each.dirs if whole else each.leaves).items():
            keyed[part][dirs[:depth]] += paths
    last = all(len({key[-1] for key in keys}) == len(keys) for keys in keyed.values())
    names = {key: key[-1:] for keys in keyed.values() for key in keys}
    while not last:
        times = Counter(names.values())
        longer = {key: key[-len(name) - 1 :] for key, name in names.items() if times[name] > 1 and name != key}
        if not longer:
            break
        names |= longer
    return {
        part: {
            "/".join(names[key]): tuple(sorted(paths, key=lambda path: path.parts))
            for key, paths in sorted(keys.items(), key=lambda item: names[item[0]])
        }
        for part, keys in keyed.items()
    }


def _shared(parts: Sequence[Classes]) -> bool:
    """Return whether the parts have the same classes, or nearly so."""
    first = set(parts[0])
    return all(
        len(first & other.keys()) >= SHARED * min(len(first), len(other)) and len(first & other.keys()) > 1
        for other in parts[1:]
    )


def _sensible(classes: Classes) -> bool:
    """Return whether classes can be trained and split, and most pictures are in such classes."""
    enough = sum(len(paths) for paths in classes.values() if len(paths) >= MIN_TRAINING_IMAGES)
    return learnable(classes, {}) and 2 * enough >= sum(map(len, classes.values()))


def _few(reading: Mapping[str, Classes]) -> str:
    """Return the first class names of a reading, as text."""
    return listed([name[:30] for name in sorted({name for classes in reading.values() for name in classes})])


def _can_be_read(folder: Path, asked: Asked) -> bool:
    """Return whether a folder alone is a data set, as far as names tell."""
    try:
        files = find_pictures(folder, asked)
    except BenchmarkError:
        return False
    return learnable(files.train, files.test)


def _only_masks(tree: Tree, folder: Path) -> bool:
    return any(path.is_relative_to(folder) for path in tree.masks)


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)
