"""The forms in which a user's own data may come, a file each; the first that recognises a path reads it."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from benchmark.datasets.forms import (
    archive,
    arff_file,
    csv_pixels,
    idx_files,
    npy_files,
    npz_file,
    npz_parts,
    parquet,
    parts,
    picture_folders,
    picture_table,
)
from benchmark.datasets.forms.form import Form, Request
from benchmark.datasets.picture_cache import Asked
from benchmark.datasets.picture_tree import Tree, counted, is_litter, listed, some
from benchmark.datasets.split import TRAIN
from benchmark.datasets.validate import FileDataset
from benchmark.errors import BenchmarkError

FORMS: tuple[Form, ...] = (
    npz_file.FORM,
    npz_parts.FORM,
    npz_file.PAIR,
    idx_files.FORM,
    npy_files.FORM,
    parquet.FORM,
    picture_table.FORM,  # a train.csv of file names is none of pixels
    csv_pixels.FORM,
    arff_file.FORM,
    archive.FORM,
    picture_folders.FORM,
)
"""In the order in which they are tried."""

MOST_NAMED = 9
"""Most data sets of a folder that a message lists."""


def exists(path: Path) -> bool:
    """Return whether a path exists, or chooses one of several data sets in a folder, as `form.chosen` has it."""
    try:
        return path.exists() or any(form.recognises(path) for form in FORMS)
    except (OSError, ValueError):  # an impossible file name
        return False


def read(path: Path, request: Request, *, archives: bool = True) -> FileDataset:
    """Read a path that `exists`; a folder of no form is read if a single file or folder in it has one.

    Parameters
    ----------
    path : Path
    request : Request
    archives : bool
        Whether archives are unpacked; those inside another are not.

    Raises
    ------
    BenchmarkError
        No form recognises the path, its content is invalid, or something is asked of data that are no pictures.
    """
    known = tuple(form for form in FORMS if archives or form is not archive.FORM)
    try:
        return _read(path, request, known)
    except BenchmarkError as error:
        links = sorted(Tree(path).links) if path.is_dir() else []
        if not links:
            raise
        copy = path.with_name(f"{path.name}-copy")
        raise BenchmarkError(
            f"{error}. Not followed, since they lead to a folder or out of this one: "
            f"{counted(len(links), 'symbolic link')} ({some(path, links)}); to read what they name, make a copy: "
            f"cp -rL {shlex.quote(str(path))} {shlex.quote(str(copy))}"
        ) from error


def _read(path: Path, request: Request, known: tuple[Form, ...]) -> FileDataset:
    archives = archive.FORM in known
    form = _form(path, known)
    if form is None:
        found = _readable(path, known)
        inside = [each for each in found if parts.part_of(each) in (None, TRAIN)]
        parted = [each for each in found if each not in inside]
        if inside and parted:
            raise BenchmarkError(
                f"{path}: {listed([each.name for each in found])} are parts in folders or forms of their own; put "
                "their files into one folder, with the part in their names: train.npz and test.npz"
            )
        if len(inside) == 1:
            request.notify(f"{path}: read from {inside[0].relative_to(path).as_posix()}, the only data in it")
            return read(inside[0], request, archives=archives)
        if inside:
            raise BenchmarkError(
                f"{path}: {len(inside)} data sets are in it; give one of them: "
                + ", ".join(f"--dataset {shlex.quote(str(each))}" for each in inside[:MOST_NAMED])
            )
        if found:  # a test part alone is never the whole
            raise BenchmarkError(f"{path}: there is {found[0].name} and nothing to train on; add the training part")
        if path.is_dir() and Tree(path).links:
            raise BenchmarkError(f"{path}: it has only links to data")
        raise BenchmarkError(f"{path}: it has none of these: {'; '.join(form.title for form in known)}")
    if request.asked.group and not form.pictures:
        raise BenchmarkError(f"{path}: --group is for pictures with file names, and these have none; leave it out")
    if request.asked != Asked() and not form.pictures:
        raise BenchmarkError(
            f"{path}: only pictures can be resized or made grey, and these are none; leave out what follows the @"
        )
    return form.read(path, request)


def _form(path: Path, known: tuple[Form, ...]) -> Form | None:
    return next((form for form in known if form.recognises(path)), None)


def _readable(folder: Path, known: tuple[Form, ...]) -> list[Path]:
    """Return what a form recognises in a folder, or, if nothing, in its only folder; sorted."""
    while os.path.isdir(folder):
        try:
            inside = sorted(each for each in folder.iterdir() if not is_litter(each.name))
            # A folder of links is not a folder of data sets, and each link a class at most.
            inside = [each for each in inside if not (each.is_symlink() and each.is_dir())]
        except OSError:
            return []
        found = [each for each in inside if _form(each, known) is not None]
        folders = [each for each in inside if each.is_dir()]
        if found or len(folders) != 1:
            return found
        folder = folders[0]
    return []
