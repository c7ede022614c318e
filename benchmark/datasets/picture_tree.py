"""Every picture and table below a folder, listed once. No file is opened.

Nothing outside the folder is listed: symbolic links to folders are not followed, and links to files only if their
target is inside it. A reader that looks names up in this list, and nowhere else, cannot be led out of the folder.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from benchmark.errors import BenchmarkError

SUFFIXES = {".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".pgm", ".ppm", ".pnm"}
"""Suffixes of pictures, in lower case; upper case is accepted, too."""

LISTS = {".txt", ".dat", ".data", ".lst"}
"""Suffixes of files that may be such tables or anything else, in lower case."""

TABLES = {".csv", ".tsv", ".jsonl"} | LISTS
"""Suffixes of tables that may say what is in a picture, in lower case."""

LITTER = {"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin", "icon\r"}
"""Files of operating systems, in lower case; these and hidden files (``.DS_Store``, ``._a.jpg``) are skipped."""

NAMED = 3
"""Number of files that a remark names."""

_MASK = re.compile(r"(?P<stem>.+)[ _-](mask|segmentation|seg|gt)([ _-]?\d+)?", re.IGNORECASE)
"""Stem of a picture that says where in another picture something is."""

_MASK_FOLDER = re.compile(r"(.*[^a-z])?(masks?|segmentations?|ground[ _-]?truths?|gt)([^a-z].*)?", re.IGNORECASE)
"""Name of a folder of such pictures; it counts only next to a folder of images with the same stems."""

_IMAGE_FOLDER = re.compile(r"(.*[^a-z])?(images?|imgs?|photos?|pictures?|jpegimages|originals?)", re.IGNORECASE)
"""Name of a folder of the pictures that have such masks; ``mask`` next to ``no_mask`` are two classes."""

_PHOTOGRAPHS = {".jpg", ".jpeg", ".jfif"}
"""Suffixes of photographs; a mask needs exact edges, so it is in one of the other formats."""


class Tree:
    """The pictures below a folder.

    Parameters
    ----------
    root : Path

    Attributes
    ----------
    root : Path
    tables : list of Path
        Sorted.
    masks : list of Path
        Pictures that `leave_out_masks` removed.
    links, others : list of Path
        Symbolic links that lead to a folder or out of the root; files that are neither pictures nor tables.

    Raises
    ------
    BenchmarkError
        A folder is not readable.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.masks: list[Path] = []
        self.tables: list[Path] = []
        self.links: list[Path] = []
        self.others: list[Path] = []
        self._direct: dict[Path, list[Path]] = defaultdict(list)
        self._folders: dict[Path, list[Path]] = defaultdict(list)
        self._filled: dict[Path, set[Path]] = defaultdict(set)
        for path, kind in _walk(root, os.path.realpath(root)):
            if kind == "folder":
                self._folders[path.parent].append(path)
            elif kind == "link":
                self.links.append(path)
            elif path.suffix.lower() in SUFFIXES:
                self._direct[path.parent].append(path)
            elif path.suffix.lower() in TABLES:
                self.tables.append(path)
            else:
                self.others.append(path)
        self.tables.sort()
        self._fill()

    def folders(self, folder: Path) -> list[Path]:
        """Return the subfolders of a folder, sorted."""
        return sorted(self._folders.get(folder, ()))

    def filled(self, folder: Path) -> list[Path]:
        """Return the subfolders of a folder that contain a picture, at any depth, sorted."""
        return sorted(self._filled.get(folder, ()))

    def direct(self, folder: Path) -> list[Path]:
        """Return the pictures of a folder itself, sorted."""
        return sorted(self._direct.get(folder, ()))

    def below(self, folder: Path) -> list[Path]:
        """Return the pictures of a folder and of its subfolders, in the order of their paths."""
        pictures: list[Path] = []
        waiting = [folder]
        while waiting:
            place = waiting.pop()
            pictures += self._direct.get(place, ())
            waiting += self._filled.get(place, ())
        return sorted(pictures, key=lambda path: path.parts)

    def leave_out(self, folder: Path) -> None:
        """Remove the pictures below a folder."""
        waiting = [folder]
        while waiting:
            place = waiting.pop()
            waiting += self._filled.get(place, ())
            self._direct.pop(place, None)
        self._fill()

    def leave_out_masks(self) -> None:
        """Remove the masks of other pictures, and remember them."""
        stems = {place: {path.stem for path in pictures} for place, pictures in self._direct.items()}
        for place in list(self._direct):
            twins = [
                stems[other]
                for other in self._filled.get(place.parent, ())
                if other != place and other in stems and _IMAGE_FOLDER.fullmatch(other.name)
            ]
            bare = {(m["stem"] if (m := _MASK.fullmatch(stem)) else stem) for stem in stems[place]}
            if _MASK_FOLDER.fullmatch(place.name) and any(stems[place] <= twin or bare <= twin for twin in twins):
                masks = set(self._direct[place])
            else:
                masks = _masks_among(self._direct[place], stems[place])
            self.masks += sorted(masks)
            self._direct[place] = [path for path in self._direct[place] if path not in masks]
        self._fill()

    def _fill(self) -> None:
        self._filled.clear()
        for place in [place for place, pictures in self._direct.items() if pictures]:
            while place != self.root and place not in self._filled[place.parent]:
                self._filled[place.parent].add(place)
                place = place.parent


def is_litter(name: str) -> bool:
    """Return whether a file is hidden, or made by an operating system or an office program (``~$train.csv``)."""
    return name.startswith((".", "~$")) or name.endswith("~") or name.casefold() in LITTER


def files_in(folder: Path) -> list[Path]:
    """Return the files of a folder itself, without litter, sorted; none of a folder that may not be looked into."""
    with suppress(OSError):
        return sorted(each for each in folder.iterdir() if not is_litter(each.name) and each.is_file())
    return []


def has_pictures(folder: Path) -> bool:
    """Return whether a folder or one of its subfolders contains a picture."""
    entries = _walk(folder, os.path.realpath(folder))
    return any(kind == "file" and path.suffix.lower() in SUFFIXES for path, kind in entries)


def counted(number: int, noun: str) -> str:
    """Return "1 picture" or "2 pictures"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def some(root: Path, paths: Sequence[Path]) -> str:
    """Return the first few paths as text, relative to a folder, and the number of the others."""
    return listed([path.relative_to(root).as_posix() for path in paths])


def listed(words: Sequence[str]) -> str:
    """Return the first few words as text, and the number of the others."""
    return ", ".join(words[:NAMED]) + (f" and {len(words) - NAMED:,} more" if len(words) > NAMED else "")


def _masks_among(pictures: Sequence[Path], stems: set[str]) -> set[Path]:
    """Return the masks among the pictures of one folder: ``a_mask.png`` or, if all are so, ``a.png``, for ``a.jpg``."""
    named = {path for path in pictures if (match := _MASK.fullmatch(path.stem)) is not None and match["stem"] in stems}
    photographs = {path.stem for path in pictures if path.suffix.lower() in _PHOTOGRAPHS}
    exact = [path for path in pictures if path.suffix.lower() not in _PHOTOGRAPHS and path not in named]
    # One or two of the same stem may be chance, as where pictures have numbers.
    twins = len(exact) > 1 and 2 * len(exact) >= len(photographs) and all(path.stem in photographs for path in exact)
    return named | set(exact if twins else ())


def _walk(root: Path, real: str) -> Iterator[tuple[Path, str]]:
    """Yield each folder, regular file and unfollowed link below a root, with "folder", "file" or "link"."""
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                inside = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            raise BenchmarkError(
                f"{folder}: cannot be looked into ({error.strerror}); check its permissions"
            ) from error
        for entry in inside:
            path = Path(entry)
            if is_litter(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
                yield path, "folder"
            elif entry.is_symlink():
                target = os.path.realpath(entry.path)
                within = os.path.commonpath([real, target]) == real and os.path.isfile(target)
                known = path.suffix.lower() in SUFFIXES | TABLES
                if within and known:
                    yield path, "file"
                elif known or os.path.isdir(entry.path):
                    yield path, "link"
            elif entry.is_file(follow_symlinks=False):  # reading a pipe would block for ever
                yield path, "file"
