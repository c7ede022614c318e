"""A folder of pictures, a folder a class; see `benchmark.datasets.picture_files`."""

from __future__ import annotations

from pathlib import Path

from benchmark.datasets import picture_files, picture_tree
from benchmark.datasets.forms.form import Form, Request
from benchmark.datasets.validate import FileDataset


def _read(folder: Path, request: Request) -> FileDataset:
    from benchmark.datasets import picture_folder

    picture_folder.check_size(folder, request.asked)
    return picture_folder.load(picture_files.find_pictures(folder, request.asked), request)


def _recognises(path: Path) -> bool:
    return path.is_dir() and picture_tree.has_pictures(path)


FORM = Form("folders of pictures (train/<class>/, test/<class>/)", _recognises, _read, pictures=True)
