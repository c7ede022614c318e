"""A folder of pictures: which files are pictures of which class, and which of them train and which test.

``train/<class>/*.png`` and ``test/<class>/*.png``, or ``<class>/*.png`` where no part is told apart. Nothing is opened
here. What is not taken is told, and nothing outside the folder is: symbolic links to folders are not followed, those
to files only where they stay inside.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BenchmarkError

SUFFIXES = {".png", ".jpg", ".jpeg"}
"""In any case."""

TRAIN, TEST = "train", "test"

LITTER = {"thumbs.db", "desktop.ini", "__macosx", "@eadir"}
"""What systems leave in folders, beside hidden files: passed over without a word."""

NAMED = 3
"""Files that a remark names."""

Classes = Mapping[str, tuple[Path, ...]]
"""Pictures of each class, by its folder's name; sorted."""


@dataclass(frozen=True)
class PictureFiles:
    """The pictures of a folder.

    Attributes
    ----------
    train, test : mapping of str to tuple of Path
        `test` is empty where there is no such part.
    remarks : tuple of str
        What was left out and why, one line each.
    """

    train: Classes
    test: Classes
    remarks: tuple[str, ...]


def has_pictures(folder: Path) -> bool:
    """Tell whether a folder holds a picture, in itself or below."""
    return bool(_Search(folder).pictures(folder, most=1))


def find_pictures(folder: Path) -> PictureFiles:
    """Sort the pictures of a folder by part and class.

    Raises
    ------
    BenchmarkError
        It cannot be told which folders are the classes, or a folder cannot be looked into.
    """
    search = _Search(folder)
    inside = {each.name: each for each in search.folders(folder)}
    train, test = (
        next((each for name, each in inside.items() if name.casefold() == part), None) for part in (TRAIN, TEST)
    )
    if train is not None and _is_part(search, train):
        others = [each for each in inside.values() if each not in (train, test) and search.pictures(each, most=1)]
        found = _classes(search, train), _classes(search, test) if test is not None else {}
        search.loose += search.pictures(folder, deep=False)
        if others:
            search.told.append(
                f"{_some(folder, others)}: neither {TRAIN} nor {TEST}, so the pictures in there are left out "
                "(rows for validation are split off from those that train)"
            )
        if test is not None and not found[1]:
            search.told.append(f"{test}: no pictures of a class are in it")
    elif test is not None and _is_part(search, test):
        raise BenchmarkError(f"{folder}: there is a {test.name} but no {TRAIN}/<class>/ with pictures; add that part")
    elif train is not None and search.pictures(train, most=1) and (test is not None or len(inside) == 1):
        raise BenchmarkError(f"{train}: its pictures have no class; put those of each into a folder, {TRAIN}/<class>/")
    else:
        found = _classes(search, folder), {}
    return PictureFiles(*found, search.remarks())


def counted(number: int, noun: str) -> str:
    """Return "1 picture" or "2 pictures"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _is_part(search: _Search, folder: Path) -> bool:
    """Tell whether a folder holds classes: pictures in folders of their own."""
    return any(search.pictures(each, most=1) for each in search.folders(folder))


def _classes(search: _Search, part: Path) -> Classes:
    search.loose += search.pictures(part, deep=False)
    found: dict[str, list[Path]] = {}
    for folder in search.folders(part):
        pictures = search.pictures(folder, note=True)
        below = {path.relative_to(folder).parts[0] for path in pictures if path.parent != folder}
        if len(below) > 1 and all(path.parent != folder for path in pictures):
            raise BenchmarkError(
                f"{folder}: its pictures lie in folders of their own ({', '.join(sorted(below))[:80]}), so it cannot "
                f"be told which are the classes; give {folder} as the data set, or put its pictures into it itself"
            )
        if below:
            search.nested.append(folder)
        if pictures:  # macOS writes é as two characters, others as one
            found.setdefault(unicodedata.normalize("NFC", folder.name), []).extend(pictures)
        else:
            search.empty.append(folder)
    return {name: tuple(found[name]) for name in sorted(found)}


class _Search:
    """Looks into folders, and keeps in mind what it passed over."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.real = os.path.realpath(root)
        self.told: list[str] = []
        self.loose: list[Path] = []
        self.nested: list[Path] = []
        self.empty: list[Path] = []
        self.links: set[Path] = set()
        self.others: set[Path] = set()

    def folders(self, folder: Path) -> list[Path]:
        """Return the folders in a folder, sorted; links are noted and not followed."""
        return [Path(each) for each in self._entries(folder) if each.is_dir(follow_symlinks=False)]

    def pictures(self, folder: Path, *, deep: bool = True, most: int | None = None, note: bool = False) -> list[Path]:
        """Return the pictures in a folder and, if `deep`, below it, sorted; stop looking once there are `most`."""
        found: list[Path] = []
        waiting = [folder]
        while waiting and (most is None or len(found) < most):
            below = []
            for each in self._entries(waiting.pop()):
                path = Path(each)
                if each.is_dir(follow_symlinks=False):
                    below.append(path)
                elif path.suffix.lower() not in SUFFIXES:
                    self.others |= {path} if note else set()
                elif self._is_ours(each):
                    found.append(path)
            waiting += reversed(below) if deep else []
        return sorted(found, key=lambda path: path.parts)

    def remarks(self) -> tuple[str, ...]:
        """Return what was passed over, one line each."""
        kinds: list[tuple[Sequence[Path], str, str]] = [
            (self.loose, "picture", "outside the folders of the classes, so left out"),
            (self.empty, "folder", "without a picture, so no class"),
            (self.nested, "folder", "pictures in folders below count as the class's own"),
            (sorted(self.links), "symbolic link", "leading to a folder or out of this one, so left out"),
            (sorted(self.others), "file", "not called .png, .jpg or .jpeg, so left out"),
        ]
        told = [
            f"{self.root}: {what}: {counted(len(paths), noun)} ({_some(self.root, paths)})"
            for paths, noun, what in kinds
            if paths
        ]
        return (*self.told, *told)

    def _is_ours(self, each: os.DirEntry[str]) -> bool:
        """Tell whether a file is one, and lies inside; a pipe is no file, and would be waited for for ever."""
        if each.is_symlink():
            target = os.path.realpath(each.path)
            inside = os.path.commonpath([self.real, target]) == self.real and os.path.isfile(target)
            self.links |= set() if inside else {Path(each)}
            return inside
        return each.is_file(follow_symlinks=False)

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda each: each.name)
        except OSError as error:
            raise BenchmarkError(
                f"{folder}: cannot be looked into ({error.strerror}); check its permissions"
            ) from error
        found = [each for each in found if not each.name.startswith(".") and each.name.casefold() not in LITTER]
        # os.path.isdir, unlike DirEntry.is_dir, answers False to a link that leads to itself.
        led = {each.name for each in found if each.is_symlink() and os.path.isdir(each.path)}
        self.links |= {folder / name for name in led}
        return [each for each in found if each.name not in led]


def _some(root: Path, paths: Sequence[Path]) -> str:
    """Return the first few of some paths, relative to the folder that they lie in, and how many more there are."""
    named = ", ".join(path.relative_to(root).as_posix() for path in paths[:NAMED])
    return f"{named} and {len(paths) - NAMED:,} more" if len(paths) > NAMED else named
