"""Parquet files of pictures and labels, as Hugging Face publishes them: ``data/train-00000-of-00001.parquet``.

A picture is a struct of its bytes and its path; a label is a text, or a number whose name the schema has.
"""

from __future__ import annotations

import io
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from benchmark.datasets import grouping, picture_cache, preprocessing
from benchmark.datasets.forms import parquet_pixels
from benchmark.datasets.forms.form import Form, Notify, Request
from benchmark.datasets.forms.picture_table import LABEL_COLUMNS
from benchmark.datasets.picture_files import part_of
from benchmark.datasets.picture_source import Source, row_name
from benchmark.datasets.picture_tree import counted, has_pictures, listed
from benchmark.datasets.split import TEST, TRAIN, VALIDATION
from benchmark.datasets.validate import FileDataset
from benchmark.errors import BenchmarkError

if TYPE_CHECKING:
    import pyarrow.parquet as pq

NEEDED = "Parquet needs pyarrow; install it with: pip install -e '.[parquet]'"

KEPT_GROUPS = 3
"""Groups of rows whose pictures are in memory at once: threads read rows that are next to each other."""

LARGEST_GROUP = 2**31
"""Most bytes of a group of rows, unpacked."""

UNLABELLED = -1
"""Label of a row without one, as in the test parts of some data sets on the hub."""

Classes = dict[str, list[Source]]


@dataclass
class _File:
    """One Parquet file, from which pictures are read a group of rows at a time.

    Attributes
    ----------
    path : Path
    image : str
        Name of the column of pictures.
    """

    path: Path
    image: str
    _groups: OrderedDict[int, Any] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stamp: str = ""

    def cell(self, group: int, row: int) -> bytes | None:
        """Return the bytes of a picture, or None if the row has none."""
        with self._lock:
            if group not in self._groups:
                self._groups[group] = _open(self.path).read_row_group(group, columns=[self.image]).column(0)
                if len(self._groups) > KEPT_GROUPS:
                    self._groups.popitem(last=False)
            self._groups.move_to_end(group)
            value = self._groups[group][row].as_py()
        return value.get("bytes") if isinstance(value, dict) else value

    def stamp(self) -> str:
        """See `Source`."""
        self._stamp = self._stamp or picture_cache.file_stamp(self.path)
        return self._stamp


@dataclass(frozen=True)
class _Row:
    """A picture in a row of a Parquet file; see `Source`."""

    file: _File
    group: int
    row: int
    name: str

    def open(self) -> BinaryIO:
        """See `Source`."""
        blob = self.file.cell(self.group, self.row)
        if blob is None:
            raise BenchmarkError("the row has no bytes, only a path")
        if len(blob) > preprocessing.MAX_BYTES:
            raise BenchmarkError(
                f"{len(blob) / 2**20:,.1f} MiB, more than the {preprocessing.MAX_BYTES // 2**20} that are read"
            )
        return io.BytesIO(blob)

    def stamp(self) -> str:
        """See `Source`."""
        return repr((self.file.stamp(), self.file.image, self.group, self.row))


def find_files(path: Path) -> list[Path]:
    """Return the Parquet files of a folder, of its ``data/``, or of its only subfolder that has some, sorted."""
    if path.is_file():
        return [path] if path.suffix.lower() == ".parquet" else []
    with suppress(OSError):
        for place in (path, path / "data"):
            if found := _inside(place):
                return found
        below = [each for each in sorted(path.iterdir()) if each.is_dir() and not each.is_symlink()]
        by_part = [each for each in below if part_of(each.name) is not None]
        if found := [file for each in by_part for file in _inside(each)]:
            return found
        filled = [found for each in below if (found := _inside(each))]
        if len(filled) == 1:
            return filled[0]
    return []


def _inside(folder: Path) -> list[Path]:
    if not folder.is_dir() or folder.is_symlink():
        return []
    return [
        each
        for each in sorted(folder.glob("*.parquet"))
        if each.is_file() and not each.is_symlink() and not each.name.startswith(".")
    ]


def _open(path: Path) -> pq.ParquetFile:
    try:
        import pyarrow.parquet as pq
    except ImportError as error:
        raise BenchmarkError(f"{path}: {NEEDED}") from error
    try:
        return pq.ParquetFile(path)
    except (OSError, ValueError) as error:
        cause = " ".join(str(error).split())[:200]
        raise BenchmarkError(f"{path}: cannot be read as Parquet ({cause}); download it again") from error


def read_parts(
    path: Path, files: Sequence[Path], notify: Notify, group: str = ""
) -> tuple[dict[str, Classes], dict[str, dict[str, str]]]:
    """Return the pictures of each part by class, without decoding one; and the columns that may be groups.

    These are the column that ``--group`` names, and those that `grouping.is_identity`; see `grouping.Columns`.

    Raises
    ------
    BenchmarkError
        pyarrow is missing, a file is damaged, or it does not say which column has the pictures or the classes.
    """
    parts: dict[str, Classes] = {}
    said: dict[str, dict[str, str]] = defaultdict(dict)
    root = path if path.is_dir() else path.parent
    for file in files:
        part = part_of(file.stem) or (part_of(file.parent.name) if file.parent != root else None) or TRAIN
        classes = parts.setdefault(part, defaultdict(list))
        without, columns = _read_file(file, root, classes, group, said)
        if file == files[0]:
            notify(f"{path}: column {columns[1]} says the class of each picture in column {columns[0]}")
        if without:
            notify(f"{file}: {counted(without, 'picture')} without a label, left out")
    return parts, said


def _read_file(
    path: Path, root: Path, classes: Classes, group: str, said: dict[str, dict[str, str]]
) -> tuple[int, tuple[str, str]]:
    """Add the pictures of a file to those of their classes, and what it says of groups.

    Returns
    -------
    tuple
        The number of pictures without a label; the columns of pictures and of classes.
    """
    opened = _open(path)
    import pyarrow as pa  # which is there, since the file could be opened

    schema = opened.schema_arrow
    features = _features((schema.metadata or {}).get(b"huggingface", b""))
    image = _image_column(path, schema, features)
    label, names = _label_column(path, schema, features, image)
    file = _File(path, image)
    has_path = image + ".path" in {opened.schema.column(place).path for place in range(len(opened.schema))}
    plain = (pa.types.is_integer, pa.types.is_string, pa.types.is_large_string)
    others = [
        column.name
        for column in schema
        if column.name not in (image, label)
        and any(holds(column.type) for holds in plain)
        and (column.name.casefold() == group.casefold() or grouping.is_identity(column.name))
    ]
    without = 0
    for number in range(opened.num_row_groups):
        if opened.metadata.row_group(number).total_byte_size > LARGEST_GROUP:
            raise BenchmarkError(
                f"{path}: a group of rows has more than {LARGEST_GROUP:,} bytes; write it again with "
                "row_group_size=1000"
            )
        columns = opened.read_row_group(number, columns=[label, *others, *([f"{image}.path"] if has_path else [])])
        labels = columns.column(label).to_pylist()
        paths = [(each or {}).get("path") for each in columns.column(image).to_pylist()] if has_path else []
        values_of = {name: columns.column(name).to_pylist() for name in others}
        bare = set(labels) == {UNLABELLED}
        for row, value in enumerate(labels):
            if value is None or (value == UNLABELLED and (names or bare)):
                without += 1
                continue
            if names and not (isinstance(value, int) and 0 <= value < len(names)):
                raise BenchmarkError(
                    f"{path}: label {value} in column {label}, but its schema names {len(names)} classes; correct it"
                )
            own = row_name(path.relative_to(root).as_posix(), number, row, (paths[row] if paths else "") or "")
            classes[" ".join((names[value] if names else str(value)).split())].append(_Row(file, number, row, own))
            for name, values in values_of.items():
                said[name][own] = "" if values[row] is None else str(values[row])
    return without, (image, label)


def _features(blob: bytes) -> dict[str, Any]:
    """Return what Hugging Face's ``datasets`` wrote about the columns; empty if nothing."""
    with suppress(msgspec.DecodeError, msgspec.ValidationError, KeyError, TypeError):
        found = msgspec.json.decode(blob)["info"]["features"]
        return {name: each for name, each in found.items() if isinstance(each, dict)}
    return {}


def _image_column(path: Path, schema: Any, features: dict[str, Any]) -> str:
    """Return the column of pictures: the one of type Image, or with bytes in it."""
    import pyarrow as pa

    columns = [
        column.name
        for column in schema
        if features.get(column.name, {}).get("_type") == "Image"
        or pa.types.is_binary(column.type)
        or pa.types.is_large_binary(column.type)
        or (pa.types.is_struct(column.type) and column.type.get_field_index("bytes") >= 0)
    ]
    usual = [name for name in columns if name.lower() in ("image", "img", "images", "picture", "photo")]
    if len(usual or columns) != 1:
        there = listed([column.name for column in schema])
        raise BenchmarkError(f"{path}: the pictures must be in a column `image`; its columns are {there}")
    return str((usual or columns)[0])


def _label_column(path: Path, schema: Any, features: dict[str, Any], image: str) -> tuple[str, list[str]]:
    """Return the column of classes, and the name of each number in it; no names if it has texts, or bare numbers."""
    import pyarrow as pa

    plain = {
        column.name: column.type
        for column in schema
        if column.name != image
        and (
            pa.types.is_integer(column.type) or pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        )
    }
    named = [name for name in plain if features.get(name, {}).get("_type") == "ClassLabel"]
    usual = next((name for each in LABEL_COLUMNS for name in plain if _plain(name) == each), None)
    column: str | None = named[0] if len(named) == 1 else usual
    if column is None and len(plain) == 1:
        column = str(next(iter(plain)))
    if column is None:
        raise BenchmarkError(
            f"{path}: the classes may be in any of its columns {listed(named or list(plain)) or '(there are none)'}; "
            "call the one that says them `label`"
        )
    names = features.get(column, {}).get("names", [])
    return str(column), [str(name) for name in names] if isinstance(names, list) else []


def _plain(column: str) -> str:
    return "".join(letter for letter in column.casefold() if letter.isalpha())


def _read(path: Path, request: Request) -> FileDataset:
    from benchmark.datasets import picture_folder

    picture_folder.check_size(path, request.asked)
    if request.asked.level:
        raise BenchmarkError(f"{path}: @{request.asked.level} is for folders in folders; leave it out")
    files = find_files(path)
    parts, columns = read_parts(path, files, request.notify, request.asked.group)
    train, test, more = (parts.get(part, {}) for part in (TRAIN, TEST, VALIDATION))
    number = counted(sum(map(len, more.values())), "picture")
    if not train:
        raise BenchmarkError(f"{path}: there is no file with labels for training, train-*.parquet; add it")
    validation: frozenset[str] = frozenset()
    if more and test:
        train = {name: [*train.get(name, []), *more.get(name, [])] for name in {**train, **more}}
        validation = frozenset(picture.name for pictures in more.values() for picture in pictures)
    elif more:
        test = more
        request.notify(
            f"{path}: the {number} of the validation part are the test part, since there is no other with labels"
        )
    labelled = picture_folder.Labelled(path, train, test, tuple(files), validation, columns=columns)
    return picture_folder.load_sources(labelled, request)


def _recognises(path: Path) -> bool:
    files = find_files(path)
    if files and parquet_pixels.has_pixels(files[0]):
        return False
    if any(part_of(file.stem) == TRAIN for file in files):
        return True
    return bool(files) and (path.is_file() or not has_pictures(path))  # it may be a table of something else


FORM = Form(
    "Parquet files of pictures (train-*.parquet, test-*.parquet)",
    _recognises,
    _read,
    pictures=True,
)
