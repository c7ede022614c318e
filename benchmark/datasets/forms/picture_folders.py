"""A folder of pictures, a folder a class; see `benchmark.datasets.picture_files`."""

from __future__ import annotations

from pathlib import Path

from benchmark.datasets import picture_files
from benchmark.datasets.forms.form import Form, Request
from benchmark.datasets.validate import FileDataset


def _read(folder: Path, request: Request) -> FileDataset:
    from benchmark.datasets import picture_folder

    return picture_folder.load(folder, request.name, request.notify, request.asked)


def _recognises(path: Path) -> bool:
    return path.is_dir() and picture_files.has_pictures(path)


FORM = Form("folders of pictures (train/<class>/, test/<class>/)", _recognises, _read, pictures=True)
