"""An ``.npz`` file, with the names of arrays that Keras or MedMNIST uses."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmark.datasets import idx, validate
from benchmark.datasets.forms.form import Form, Notify, Request
from benchmark.datasets.validate import FileDataset, RawPart
from benchmark.errors import BenchmarkError
from benchmark.storage import serialization

NPZ_LIMIT = 4 * idx.LIMIT
"""Largest unpacked size of an ``.npz``, in bytes: a pixel stored as float64 takes eight."""

NPZ_FORMS = (
    # Arrays of training images and labels, of the test part, and of a validation part where the form has one.
    ("x_train", "y_train", "x_test", "y_test", "x_val", "y_val"),  # Keras, and this program
    ("train_images", "train_labels", "test_images", "test_labels", "val_images", "val_labels"),  # MedMNIST
)
"""Names of the arrays in an ``.npz``, in lower case; upper case is accepted, too."""


def npz_file(path: Path, name: str, notify: Notify) -> FileDataset:
    """Read an ``.npz`` whose arrays are called as one of `NPZ_FORMS` has it; nothing is unpickled.

    A validation part joins the training part: tuning splits its own validation rows off.
    """
    try:
        size = serialization.unpacked_bytes(path)
        if size > NPZ_LIMIT:
            raise BenchmarkError(f"{path}: unpacks to {size:,} bytes, more than {NPZ_LIMIT:,}; store pixels as uint8")
        with np.load(path, allow_pickle=False) as file:
            called = {each.lower(): each for each in file.files}
            form = max(NPZ_FORMS, key=lambda form: sum(key in called for key in form))
            absent = [key for key in form[:4] if key not in called]
            if absent:
                there = ", ".join(file.files) or "none"
                raise BenchmarkError(f"{path}: array `{absent[0]}` is missing, there are: {there}; save all four")
            arrays = {key: file[called[key]] for key in form if key in called}
    except serialization.UNREADABLE_NPZ as error:
        cause = " ".join(str(error).split())
        raise BenchmarkError(f"{path}: cannot be read as .npz ({cause}); save it again with numpy.savez") from error
    parts = [
        RawPart(arrays[X], arrays[y], f"{path} ({called[X]})", f"{path} ({called[y]})")
        for X, y in (form[:2], form[2:4], form[4:])
        if X in arrays and y in arrays
    ]
    if len(parts) == 3:
        notify(
            f"{path}: the {len(parts[2].X):,} images of {called[form[4]]} join those that train; tuning splits its own "
            "validation rows off from these"
        )
    return validate.build_dataset(name, str(path), parts[0], parts[1], (path,), more=parts[2:])


def _read(path: Path, request: Request) -> FileDataset:
    return npz_file(path, request.name, request.notify)


FORM = Form("an .npz file", lambda path: path.is_file() and path.suffix == ".npz", _read)
