"""A folder of pictures: the class and the part, training or test, of each file.

The layout is ``train/<class>/*.png`` and ``test/<class>/*.png``, or ``<class>/*.png`` without a split; the parts have
these or their other usual names (`PARTS`). No file is opened here. Skipped files are reported, and nothing outside the
folder is used: symbolic links to folders are not followed, and links to files only if their target is inside it.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BenchmarkError

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".pgm", ".ppm", ".pnm"}
"""Suffixes of pictures, in lower case; upper case is accepted, too."""

TRAIN, TEST, VALIDATION = "train", "test", "validation"

PARTS = {
    TRAIN: ("train", "training"),
    TEST: ("test", "testing"),
    VALIDATION: ("validation", "valid", "val"),
}
"""What the folder of a part may be called, in lower case; upper case is accepted, too."""

_MASK = re.compile(r"(?P<stem>.+)[ _-](mask|segmentation)([ _-]?\d+)?", re.IGNORECASE)
"""Stem of a picture that says where in another picture something is."""

LITTER = {"thumbs.db", "desktop.ini", "__macosx", "@eadir"}
"""Files of operating systems, in lower case; these and hidden files are skipped without a remark."""

NAMED = 3
"""Number of files that a remark names."""

Classes = Mapping[str, tuple[Path, ...]]
"""Pictures of each class by the name of its folder, sorted."""


@dataclass(frozen=True)
class PictureFiles:
    """The pictures of a folder.

    Attributes
    ----------
    train, test : mapping of str to tuple of Path
        `test` is empty if the folder has no such part.
    remarks : tuple of str
        What was left out and why, one line each.
    """

    train: Classes
    test: Classes
    remarks: tuple[str, ...]


def has_pictures(folder: Path) -> bool:
    """Return whether a folder or one of its subfolders contains a picture."""
    return bool(_Search(folder).pictures(folder, most=1))


def find_pictures(folder: Path) -> PictureFiles:
    """Sort the pictures of a folder by part and class.

    Raises
    ------
    BenchmarkError
        The layout does not say which folders are the classes, or a folder is not readable.
    """
    search = _Search(folder)
    folder = _root(search, folder)
    inside = {each.name: each for each in search.folders(folder)}
    train, test, validation = (
        next((each for name, each in inside.items() if name.casefold() in PARTS[part]), None)
        for part in (TRAIN, TEST, VALIDATION)
    )
    if train is not None and _is_part(search, train):
        known = (train, test, validation)
        others = [each for each in inside.values() if each not in known and search.pictures(each, most=1)]
        parts = _classes(search, train), _classes(search, test) if test is not None else {}
        search.loose += search.pictures(folder, deep=False)
        if others:
            search.notes.append(f"{_some(folder, others)}: neither {TRAIN} nor {TEST}, so its pictures are left out")
        if test is not None and not parts[1]:
            search.notes.append(f"{test}: no pictures of a class are in it")
        if validation is not None and (more := _classes(search, validation)):
            parts = _with_validation(search, validation, parts, more)
    elif test is not None and _is_part(search, test):
        raise BenchmarkError(f"{folder}: there is a {test.name} but no {TRAIN}/<class>/ with pictures; add that part")
    elif train is not None and search.pictures(train, most=1) and (test is not None or len(inside) == 1):
        raise BenchmarkError(f"{train}: its pictures have no class; put those of each into a folder, {TRAIN}/<class>/")
    else:
        parts = _classes(search, folder), {}
    return PictureFiles(*parts, search.remarks())


def _root(search: _Search, folder: Path) -> Path:
    """Return the folder that holds the parts or the classes: the one given, or the only one in there with pictures."""
    while True:
        filled = [each for each in search.folders(folder) if search.pictures(each, most=1)]
        if len(filled) != 1 or search.pictures(folder, deep=False) or not _is_part(search, filled[0]):
            return folder
        if filled[0].name.casefold() in PARTS[TRAIN] + PARTS[TEST]:
            return folder
        folder = filled[0]
        search.notes.append(f"{folder}: read from here, the only folder with pictures")


def _with_validation(
    search: _Search, folder: Path, parts: tuple[Classes, Classes], more: Classes
) -> tuple[Classes, Classes]:
    """Return the parts with the pictures of a validation part: those that train, or test where there is no test."""
    pictures = counted(sum(map(len, more.values())), "picture")
    train, test = parts
    if not test:
        search.notes.append(f"{folder}: its {pictures} are the test part, since there is no other")
        return train, more
    search.notes.append(
        f"{folder}: its {pictures} join those that train; tuning splits its own validation rows off from these"
    )
    names = sorted({*train, *more})
    return {name: (*train.get(name, ()), *more.get(name, ())) for name in names}, test


def counted(number: int, noun: str) -> str:
    """Return "1 picture" or "2 pictures"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _is_part(search: _Search, folder: Path) -> bool:
    """Return whether a folder contains classes, that is, folders with pictures."""
    return any(search.pictures(each, most=1) for each in search.folders(folder))


def _classes(search: _Search, part: Path) -> Classes:
    search.loose += search.pictures(part, deep=False)
    classes: dict[str, list[Path]] = {}
    for folder in search.folders(part):
        pictures = search.without_masks(search.pictures(folder, note=True))
        below = {path.relative_to(folder).parts[0] for path in pictures if path.parent != folder}
        if len(below) > 1 and all(path.parent != folder for path in pictures):
            raise BenchmarkError(
                f"{folder}: its pictures are in subfolders ({', '.join(sorted(below))[:80]}), so it is not clear which "
                f"folders are the classes; give {folder} as the data set, or move its pictures up into it"
            )
        if below:
            search.nested.append(folder)
        if pictures:  # macOS writes é as two characters, others as one
            classes.setdefault(unicodedata.normalize("NFC", folder.name), []).extend(pictures)
        else:
            search.empty.append(folder)
    return {name: tuple(classes[name]) for name in sorted(classes)}


class _Search:
    """Lists folders, and remembers what it skipped."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.real = os.path.realpath(root)
        self.notes: list[str] = []
        self.loose: list[Path] = []
        self.nested: list[Path] = []
        self.empty: list[Path] = []
        self.masks: list[Path] = []
        self.links: set[Path] = set()
        self.others: set[Path] = set()

    def folders(self, folder: Path) -> list[Path]:
        """Return the subfolders of a folder, sorted; links are recorded and not followed."""
        return [Path(each) for each in self._entries(folder) if each.is_dir(follow_symlinks=False)]

    def pictures(self, folder: Path, *, deep: bool = True, most: int | None = None, note: bool = False) -> list[Path]:
        """Return the pictures of a folder and, if `deep`, of its subfolders, sorted; stop once there are `most`."""
        pictures: list[Path] = []
        waiting = [folder]
        while waiting and (most is None or len(pictures) < most):
            below = []
            for entry in self._entries(waiting.pop()):
                path = Path(entry)
                if entry.is_dir(follow_symlinks=False):
                    below.append(path)
                elif path.suffix.lower() not in SUFFIXES:
                    self.others |= {path} if note else set()
                elif self._is_file_inside(entry):
                    pictures.append(path)
            waiting += reversed(below) if deep else []
        return sorted(pictures, key=lambda path: path.parts)

    def without_masks(self, pictures: list[Path]) -> list[Path]:
        """Return pictures without the masks of others that lie beside them; these are recorded."""
        stems = {(path.parent, path.stem) for path in pictures}
        masks = {
            path
            for path in pictures
            if (match := _MASK.fullmatch(path.stem)) is not None and (path.parent, match["stem"]) in stems
        }
        self.masks += sorted(masks)
        return [path for path in pictures if path not in masks]

    def remarks(self) -> tuple[str, ...]:
        """Return what was skipped, one line each."""
        kinds: list[tuple[Sequence[Path], str, str]] = [
            (self.loose, "picture", "outside the folders of the classes, so left out"),
            (self.empty, "folder", "without a picture, so no class"),
            (self.nested, "folder", "pictures in folders below count as the class's own"),
            (self.masks, "picture", "the mask of another one, so left out"),
            (sorted(self.links), "symbolic link", "leading to a folder or out of this one, so left out"),
            (sorted(self.others), "file", "not called .png, .jpg or another usual suffix of a picture, so left out"),
        ]
        skipped = [
            f"{self.root}: {what}: {counted(len(paths), noun)} ({_some(self.root, paths)})"
            for paths, noun, what in kinds
            if paths
        ]
        return (*self.notes, *skipped)

    def _is_file_inside(self, entry: os.DirEntry[str]) -> bool:
        """Return whether an entry is a regular file inside the root; reading a pipe would block for ever."""
        if entry.is_symlink():
            target = os.path.realpath(entry.path)
            inside = os.path.commonpath([self.real, target]) == self.real and os.path.isfile(target)
            self.links |= set() if inside else {Path(entry)}
            return inside
        return entry.is_file(follow_symlinks=False)

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            raise BenchmarkError(
                f"{folder}: cannot be looked into ({error.strerror}); check its permissions"
            ) from error
        listed = [each for each in listed if not each.name.startswith(".") and each.name.casefold() not in LITTER]
        # os.path.isdir, unlike DirEntry.is_dir, returns False for a link to itself.
        links = {each.name for each in listed if each.is_symlink() and os.path.isdir(each.path)}
        self.links |= {folder / name for name in links}
        return [each for each in listed if each.name not in links]


def _some(root: Path, paths: Sequence[Path]) -> str:
    """Return the first few paths as text, relative to a folder, and the number of the others."""
    named = ", ".join(path.relative_to(root).as_posix() for path in paths[:NAMED])
    return f"{named} and {len(paths) - NAMED:,} more" if len(paths) > NAMED else named
