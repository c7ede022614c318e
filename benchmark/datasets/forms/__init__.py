"""The forms in which a user's own data may come, a file each; the first that recognises a path reads it."""

from __future__ import annotations

from pathlib import Path

from benchmark.datasets.forms import csv_pixels, idx_files, npz_file, parquet, picture_folders, picture_table
from benchmark.datasets.forms.form import Form, Request
from benchmark.datasets.picture_cache import Asked
from benchmark.datasets.validate import FileDataset
from benchmark.errors import BenchmarkError

FORMS: tuple[Form, ...] = (
    npz_file.FORM,
    idx_files.FORM,
    parquet.FORM,
    picture_table.FORM,  # a train.csv of file names is none of pixels
    csv_pixels.FORM,
    picture_folders.FORM,
)
"""In the order in which they are tried."""


def read(path: Path, request: Request) -> FileDataset:
    """Read a path that exists.

    Raises
    ------
    BenchmarkError
        No form recognises the path, its content is invalid, or something is asked of data that are no pictures.
    """
    form = next((form for form in FORMS if form.recognises(path)), None)
    if form is None:
        raise BenchmarkError(f"{path}: it has none of these: {'; '.join(form.title for form in FORMS)}")
    if request.asked != Asked() and not form.pictures:
        raise BenchmarkError(
            f"{path}: only pictures can be resized or made grey, and these are none; leave out what follows the @"
        )
    return form.read(path, request)
