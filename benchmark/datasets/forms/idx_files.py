"""A folder of the four IDX files of MNIST, gzipped or not."""

from __future__ import annotations

from pathlib import Path

from benchmark.datasets import idx, validate
from benchmark.datasets.forms.form import Form, Request
from benchmark.datasets.validate import FileDataset, RawPart
from benchmark.errors import BenchmarkError


def idx_folder(folder: Path, name: str, class_names: tuple[str, ...] | None = None) -> FileDataset:
    """Read the four IDX files of a folder, gzipped or not."""
    files = idx.find_files(folder)
    absent = idx.missing_files(files)
    if absent:
        raise BenchmarkError(f"{folder}: {absent[0]}.gz (or {absent[0]}) is missing; put the four files there")
    train, test = (
        RawPart(idx.read(images, idx.IMAGES), idx.read(labels, idx.LABELS), str(images), str(labels))
        for images, labels in (files[:2], files[2:])
    )
    return validate.build_dataset(name, str(folder), train, test, tuple(files), class_names)


def _read(folder: Path, request: Request) -> FileDataset:
    return idx_folder(folder, request.name)


FORM = Form(f"IDX files ({idx.TRAIN[0]}.gz, ...)", lambda path: bool(idx.find_files(path)), _read)
