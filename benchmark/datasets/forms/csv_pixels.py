"""Tables with an image in each line, as Kaggle has them: a column with the label, and a column a pixel.

A table of pixels differs from an index of picture files by its first lines: it has many numbers in a line, or a column
``pixels`` with all numbers of an image in one text, as FER-2013 has it. The label is the column with a usual name, or
the first or the last. The separator, a header and colour (three columns a pixel) are found in the file.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import math
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TextIO, cast

import numpy as np
import numpy.typing as npt

from benchmark.datasets import idx
from benchmark.datasets.forms import parquet_pixels, parts
from benchmark.datasets.forms.form import Form, Request, chosen
from benchmark.datasets.forms.idx_files import EMNIST, characters, mapping_file, upright
from benchmark.datasets.picture_tree import SUFFIXES as PICTURES
from benchmark.datasets.picture_tree import files_in, has_pictures, is_litter
from benchmark.datasets.request import Notify
from benchmark.datasets.split import PART_WORDS, TEST, TRAIN, VALIDATION
from benchmark.datasets.validate import FileDataset, RawPart
from benchmark.errors import BenchmarkError

if TYPE_CHECKING:
    import pandas as pd

CSV_LIMIT = idx.LIMIT
"""Largest size of a CSV, packed or unpacked, in bytes: a pixel takes at least two in the file, eight in memory."""

LINE_LIMIT = 2**20
"""Longest line of a CSV, in bytes: some 260,000 pixels. Without a limit, an endless line would fill the memory."""

SUFFIXES = (".csv", ".tsv", parquet_pixels.SUFFIX)
"""Suffixes of such files, in lower case; upper case is accepted, too, and those of `_PACKED` after them."""

OTHER_SUFFIXES = (".txt", ".data", ".dat", ".tra", ".tes", ".train", ".test")
"""Suffixes of tables that other files have, too. UCI has ``optdigits.tra`` and ``semeion.data``, Hastie et al. have
``zip.train``. Such files hold pixels only if their numbers make an image, and there are no pictures with them."""

_PACKED: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}

_DAMAGED = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)
"""What reading a damaged file raises; a UnicodeError is a ValueError."""

LABELS = ("label", "labels", "class", "emotion", "target", "y", "letter", "digit", "category")
"""Usual names of the label's column, in lower case; the first that is there counts."""

IDS = ("", "id", "index", "idx", "unnamed: 0", "image_id", "imageid", "row_id", "rowid")
"""Usual names of columns that number the images, in lower case."""

PIXELS = "pixels"
"""The column of FER-2013 that holds all pixels of an image, separated by blanks."""

USAGE = {"usage", "split", "set"}
"""Names of a column that says the part of each image."""

USAGES = {"training": TRAIN, "publictest": VALIDATION, "privatetest": TEST} | {
    word: part for part, words in PART_WORDS.items() for word in words
}
"""Values of that column, in lower case: FER-2013's, and the usual words."""

FEWEST = 16
"""Fewest numbers in a line of pixels: an image of 4 by 4."""

SMALLEST = 64
"""Fewest pixels of an image where a line could be something else, such as the measurements of a sound."""

ALIKE = 0.5
"""Share of rows in which a column has the value of its neighbour, from which it is a pixel and not the label."""

MOST_SKIPPED = 50
"""Most lines of comments before a table."""

_APART = re.compile(r"\s+")
"""The separator of columns that are set apart by blanks."""


@dataclass(frozen=True)
class Layout:
    """What the first lines of a table say.

    Attributes
    ----------
    separator : str
        A character, or the pattern of blanks.
    header : tuple of str, or None
        The names of the columns, if the first line has them.
    columns : int
    decimal : str
        A comma where programs of continental Europe wrote fractions; else a dot.
    skipped : int
        Lines before the table: blank ones, comments, and Excel's ``sep=;``.
    encoding : str
    """

    separator: str
    header: tuple[str, ...] | None
    columns: int
    decimal: str = "."
    skipped: int = 0
    encoding: str = "utf-8-sig"

    def named(self, names: Sequence[str]) -> int | None:
        """Return the place of the column that has the first of these names, in any case, or None."""
        lower = [name.strip().lower() for name in self.header or ()]
        return next((lower.index(name) for name in names if name in lower), None)


@dataclass(frozen=True)
class Table:
    """A table that was read.

    Attributes
    ----------
    X : ndarray, (n, values)
    y : ndarray, (n,)
    usage : ndarray of str, (n,), or None
        The part of each image, if a column says it.
    """

    X: npt.NDArray[Any]
    y: npt.NDArray[Any]
    usage: npt.NDArray[np.str_] | None


def is_table(path: Path, *, other: bool = True) -> bool:
    """Return whether a file's suffix is one of `SUFFIXES` or, if asked for, of `OTHER_SUFFIXES`."""
    name = path.name.lower()
    packed = next((suffix for suffix in _PACKED if name.endswith(suffix)), "")
    known = SUFFIXES + OTHER_SUFFIXES * other
    return name.removesuffix(packed).endswith(known) and path.is_file() and not is_litter(path.name)


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() == parquet_pixels.SUFFIX


def has_pixels(path: Path, *, sure: bool = False) -> bool:
    """Return whether a table holds pixels, by its first lines.

    An endless line counts as pixels; reading refuses it.

    Parameters
    ----------
    path : Path
    sure : bool
        Its numbers must make an image, as always with one of `OTHER_SUFFIXES`: it may hold measurements of pictures.
    """
    usual = is_table(path, other=False) and not sure
    if _is_parquet(path):
        return parquet_pixels.has_pixels(path)
    try:
        layout, first, second = _start(path)
    except _DAMAGED:
        return usual and path.suffix.lower() in _PACKED  # a damaged one: reading says so
    if max(len(first), len(second)) >= LINE_LIMIT:
        return usual
    cells = _cells(second or first, layout.separator)
    place = layout.named((PIXELS,))
    if place is not None and place < len(cells):
        return not second or len(cells[place].split()) >= FEWEST
    numbers = sum(_is_number(cell, layout.decimal) for cell in cells)
    if not usual or any(cell.strip().lower().endswith(tuple(PICTURES)) for cell in cells):
        return any(_is_image(each) for each in range(max(SMALLEST, numbers - 2), numbers + 1))
    return numbers >= FEWEST or (not second and len(cells) > FEWEST)


def _start(path: Path) -> tuple[Layout, str, str]:
    """Return the layout of a table, and its first two lines; the second is empty if there is none."""
    with _open(path) as raw:
        wide = raw.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    encoding, skipped, separator = "utf-16" if wide else "utf-8-sig", 0, ""
    with _text(path, encoding) as file:
        line = file.readline(LINE_LIMIT)
        while line and skipped < MOST_SKIPPED and (not line.strip() or line.startswith(("#", "sep="))):
            separator = line.strip().removeprefix("sep=") if line.startswith("sep=") else separator
            skipped += 1
            line = file.readline(LINE_LIMIT)
        second = file.readline(LINE_LIMIT)
    return _layout(line, second, separator, skipped, encoding), line, second


def _open(path: Path) -> IO[bytes]:
    opener = _PACKED.get(path.suffix.lower())
    return path.open("rb") if opener is None else cast("IO[bytes]", opener(path))


@contextmanager
def _text(path: Path, encoding: str) -> Iterator[TextIO]:
    """Open a table as text; its lines end in any of the three ways."""
    with _open(path) as raw, io.TextIOWrapper(raw, encoding, errors="replace") as file:
        yield file


def _cells(line: str, separator: str) -> list[str]:
    if separator == _APART.pattern:
        return line.split()
    return [cell.strip().strip('"') for cell in line.strip("\r\n").split(separator)] if line else []


def _is_number(cell: str, decimal: str = ".") -> bool:
    try:
        float(cell.replace(decimal, "."))
    except ValueError:
        return False
    return True


def _separator(line: str) -> str:
    """Return what separates the cells of a line: a comma may be in a number, and a blank in a text."""
    rare = max(";\t|", key=line.count)
    if line.count(rare) >= FEWEST - 1:
        return rare
    usual = max(",;\t|", key=line.count)
    return usual if line.count(usual) else _APART.pattern


def _layout(first: str, second: str, separator: str, skipped: int, encoding: str) -> Layout:
    separator = separator or _separator(second or first)
    decimal = "," if separator != "," and "," in (second or first) else "."
    cells = _cells(first, separator)
    numbers = [float(cell.replace(decimal, ".")) for cell in cells if _is_number(cell, decimal)]
    # pandas calls columns without a name 0, 1, 2, ...
    counted = len(numbers) > FEWEST and np.array_equal(np.diff(numbers), np.ones(len(numbers) - 1))
    # It calls them 0, 0.1, 0.2, ... where it took a line of pixels for names; no such line has different values only.
    below = _cells(second, separator)
    repeated = (
        len(set(cells)) == len(cells) > FEWEST and "." in first and "." not in second and len(set(below)) < len(below)
    )
    header = 2 * len(numbers) < len(cells) or counted or repeated
    return Layout(separator, tuple(cells) if header else None, len(cells), decimal, skipped, encoding)


def find(folder: Path) -> dict[str, dict[str, Path]]:
    """Return the tables of pixels in a folder; see `parts.by_part`. An empty file counts if its name says a part."""
    tables = [each for each in files_in(folder) if is_table(each, other=False)]
    others = [each for each in files_in(folder) if each not in tables and is_table(each)]
    pictures = bool(tables or others) and has_pictures(folder)
    if others and not tables and not pictures:
        tables = others
    return parts.by_part(
        folder,
        [
            each
            for each in tables
            if has_pixels(each, sure=pictures) or (each.stat().st_size == 0 and parts.part_of(each))
        ],
    )


def find_labels(folder: Path, part: str) -> Path | None:
    """Return the table of the labels alone of a part, ``y_train.csv`` or ``csvTrainLabel.csv``; None unless one is."""
    found = [
        each
        for each in files_in(folder)
        if is_table(each)
        and parts.part_of(each) == part
        and not parts.words(each).isdisjoint(parts.LABELS)
        and not has_pixels(each)
    ]
    return found[0] if len(found) == 1 else None


def _read(path: Path, request: Request) -> FileDataset:
    if path.is_file():
        return _dataset(path, {TRAIN: path}, request)
    files = chosen(path, find)
    if TRAIN not in files:
        there = ", ".join(each.name for each in files.values())
        raise BenchmarkError(f"{path}: there is {there} and no CSV to train on; add one with `train` in its name")
    return _dataset(path, files, request)


def _dataset(where: Path, files: Mapping[str, Path], request: Request) -> FileDataset:
    notify, train = request.notify, files[TRAIN]
    layouts = {part: _checked_layout(path) for part, path in files.items()}
    if layouts[TRAIN].named((PIXELS,)) is not None:
        tables = {part: table for part, path in files.items() if (table := _texts(path, layouts[part], notify))}
    else:
        tables = _tables(files, layouts, notify)
    if TRAIN not in tables:
        raise BenchmarkError(f"{train}: column `label` is missing; give the column with the classes this name")
    raw = _by_usage(tables[TRAIN], train, notify) if len(tables) == 1 else {}
    if not raw:
        raw = {part: _raw(table, files[part]) for part, table in tables.items()}
    names: dict[int, str] = {}
    if train.name.lower().startswith(EMNIST):
        mapping = mapping_file(train)
        names = {} if mapping is None else characters(mapping)
        raw = {part: _turned(each) for part, each in raw.items()}
        notify(f"{where}: EMNIST's pictures are stored turned, so their rows and columns are exchanged")
    validation = files[VALIDATION].name if VALIDATION in files else "the validation rows"
    used = tuple(files[part] for part in tables)
    return parts.assemble(request.name, str(where), raw, notify, used, names, validation)


def _raw(table: Table, path: Path) -> RawPart:
    return RawPart(table.X, table.y, f"{path} (pixels)", f"{path} (label)")


def _turned(part: RawPart) -> RawPart:
    side = math.isqrt(part.X.shape[1])
    X = upright(part.X.reshape(len(part.X), side, side)) if side * side == part.X.shape[1] else part.X
    return RawPart(X, part.y, part.X_from, part.y_from)


def _by_usage(table: Table, path: Path, notify: Notify) -> dict[str, RawPart]:
    """Return the parts that a column of one table says; empty without such a column."""
    if table.usage is None:
        return {}
    said = np.char.lower(np.char.strip(table.usage))
    strange = np.setdiff1d(said, list(USAGES))
    if len(strange) or "train" not in {USAGES[text] for text in np.unique(said)}:
        raise BenchmarkError(f"{path}: its column of parts has `{(*strange, *said)[0]}`; give Training and PrivateTest")
    part_of = np.array([USAGES[text] for text in said.tolist()])
    found = {part: np.flatnonzero(part_of == part) for part in np.unique(part_of).tolist()}
    counts = ", ".join(f"{len(rows):,} {part}" for part, rows in found.items())
    notify(f"{path}: a column says the part of each image: {counts}")
    return {part: _raw(Table(table.X[rows], table.y[rows], None), path) for part, rows in found.items()}


def _tables(files: Mapping[str, Path], layouts: Mapping[str, Layout], notify: Notify) -> dict[str, Table]:
    """Read tables with a column a pixel; the pixels in the order of the training part's columns."""
    train = files[TRAIN]
    first = _frame(train, layouts[TRAIN])
    if (alone := _labels_alone(files, layouts, first, notify)) is not None:
        return alone
    label, dropped = _label_column(train, first, layouts[TRAIN], notify)
    pixels = [column for column in first.columns if column != label and column not in dropped]
    frames, labels = {TRAIN: first}, {TRAIN: label}
    for part, path in files.items():
        own = _label_like(layouts[part], label, len(pixels))
        if part != TRAIN and own is None:
            notify(f"{path}: it has no labels, so it is left out")
        elif part != TRAIN:
            frames[part], labels[part] = _frame(path, layouts[part]), own
            _check_columns(train, path, pixels, [own, *dropped], frames[part], layouts[part])
    return {part: _table(files[part], frame, labels[part], pixels) for part, frame in frames.items()}


def _labels_alone(
    files: Mapping[str, Path], layouts: Mapping[str, Layout], first: pd.DataFrame, notify: Notify
) -> dict[str, Table] | None:
    """Return the tables of images whose labels are in a file of their own, or None if those of training are not."""
    labels = {part: found for part, path in files.items() if (found := find_labels(path.parent, part)) is not None}
    if TRAIN not in labels or layouts[TRAIN].named(LABELS) is not None:
        return None
    tables = {}
    for part, path in files.items():
        frame = first if part == TRAIN else _frame(path, layouts[part])
        pixels = [column for column in frame.columns if not _identifies(column, frame, layouts[part])]
        if part == TRAIN and not _is_image(len(pixels)):
            return None
        if part not in labels:
            notify(f"{path}: it has no labels, so it is left out")
            continue
        own = _frame(labels[part], replace(_checked_layout(labels[part]), separator=","))
        y = own[own.columns[-1]]  # a column that numbers the rows comes first
        if len(y) == len(frame) + 1 and str(y.iloc[0]) in ("0", LABELS[0]):  # the name that pandas gives a column
            y = y.iloc[1:]
        if len(y) != len(frame):
            raise BenchmarkError(
                f"{labels[part]}: {len(y):,} labels, but {path.name} has {len(frame):,} images; give one an image"
            )
        notify(f"{labels[part]}: the labels of {path.name}")
        named = frame[pixels].assign(**{LABELS[0]: y.to_numpy()})
        tables[part] = _table(path, named, LABELS[0], pixels)
    return tables


def _label_like(layout: Layout, label: Any, pixels: int) -> Any:
    """Return the label's column of another part of the data, or None if it has no labels."""
    if layout.header is None:
        return None if layout.columns == pixels else label
    names = [name.strip() for name in layout.header]
    place = layout.named(LABELS)
    return names[place] if place is not None else label if label in names else None


def _check_columns(
    train: Path, path: Path, pixels: Sequence[Any], known: Sequence[Any], frame: pd.DataFrame, layout: Layout
) -> None:
    """Refuse a table with other pixels; those in another order are put right by their names."""
    absent = [column for column in pixels if column not in frame.columns]
    extra = [column for column in frame.columns if column not in pixels and column not in known]
    extra = [column for column in extra if not _identifies(column, frame, layout) and str(column).lower() not in USAGE]
    if absent or extra:
        lacks, has = (path, train) if absent else (train, path)
        raise BenchmarkError(
            f"{lacks}: column `{(*absent, *extra)[0]}` is missing, {has.name} has it; give both the same columns"
        )


def _checked_layout(path: Path) -> Layout:
    """Return the layout of a file that is safe to read: neither huge nor with an endless line."""
    try:
        size = path.stat().st_size
        if size > CSV_LIMIT:
            raise _too_large(path, size)
        if _is_parquet(path):
            names = parquet_pixels.columns(path)
            return Layout(",", names, len(names))
        layout, *_ = _start(path)
        read = 0
        with _text(path, layout.encoding) as file:
            while line := file.readline(LINE_LIMIT):
                read += len(line)
                if read > CSV_LIMIT:
                    raise _too_large(path, read)
                if len(line) == LINE_LIMIT:
                    raise BenchmarkError(
                        f"{path}: a line is longer than {LINE_LIMIT:,} bytes; is it a CSV with one image a line?"
                    )
        return layout
    except _DAMAGED as error:
        raise _unreadable(path, error) from error


def _too_large(path: Path, size: int) -> BenchmarkError:
    return BenchmarkError(f"{path}: {size:,} bytes or more, and {CSV_LIMIT:,} are read at most; store it as .npz")


def _unreadable(path: Path, error: Exception) -> BenchmarkError:
    return BenchmarkError(f"{path}: cannot be read as CSV ({' '.join(str(error).split())}); save it again")


def _frame(path: Path, layout: Layout) -> pd.DataFrame:
    import pandas as pd

    try:
        # Only an empty cell is no value: a class may be called None or NA.
        frame = (
            parquet_pixels.frame(path)
            if _is_parquet(path)
            else pd.read_csv(
                path,
                sep=layout.separator,
                header=None if layout.header is None else 0,
                keep_default_na=False,
                na_values=[""],
                decimal=layout.decimal,
                skiprows=layout.skipped,
                skipinitialspace=True,
                encoding=layout.encoding,
            )
        )
    except (*_DAMAGED, MemoryError) as error:
        raise _unreadable(path, error) from error
    if not isinstance(frame.index, pd.RangeIndex):  # pandas silently uses surplus cells as an index
        raise BenchmarkError(f"{path}: the rows have more cells than the header; is a column's name missing?")
    if frame.empty:
        raise BenchmarkError(f"{path}: no rows under its header; give at least two classes with two images each")
    if layout.header is not None:
        frame.columns = frame.columns.str.strip()
    last = frame.columns[-1]
    return frame.drop(columns=last) if frame[last].isna().all() else frame  # each line ends in a separator


def _label_column(path: Path, frame: pd.DataFrame, layout: Layout, notify: Notify) -> tuple[Any, list[Any]]:
    """Return the column with the labels, and those that number or name the images or say their part: no pixels."""
    import pandas as pd

    columns = list(frame.columns)
    lower = [str(column).lower() for column in columns] if layout.header is not None else []
    place = next((lower.index(name) for name in LABELS if name in lower), None)
    label = None if place is None else columns[place]
    parts_said = [column for column, name in zip(columns, lower, strict=False) if name in USAGE]
    ids = [
        column
        for column in columns
        if column != label and column not in parts_said and _identifies(column, frame, layout)
    ]
    if ids:
        what = f"column `{ids[0]}` numbers" if layout.header is not None else "its first column numbers"
        named = not pd.api.types.is_numeric_dtype(frame[ids[0]])
        notify(f"{path}: {what.replace('numbers', 'names') if named else what} the images, so it is left out")
    dropped = [*ids, *parts_said]
    if label is not None:
        return label, dropped
    rest = [column for column in columns if column not in dropped]
    # A label's neighbour at that end of the line, which is a pixel.
    ends = {rest[0]: rest[1], rest[-1]: rest[-2]} if len(rest) > 1 else {}
    ends = {column: beside for column, beside in ends.items() if _may_be_label(frame[column])}
    if not _is_image(len(rest) - 1) or not ends:
        raise BenchmarkError(
            f"{path}: column `label` is missing, nor is one called {', '.join(LABELS[2:5])}; name the column with the "
            "classes `label`"
        )
    # Labels are texts; or they have fewer values than a pixel, but are not those of the pixel next to them, as in a
    # corner that is always black; where that does not say it, they come first.
    label = min(
        ends,
        key=lambda column: (
            pd.api.types.is_numeric_dtype(frame[column]),
            bool((frame[column] == frame[ends[column]]).mean() > ALIKE),
            frame[column].nunique(),
        ),
    )
    which = "first" if label == rest[0] else "last"
    notify(f"{path}: the {which} column is taken as the label: it has {frame[label].nunique():,} values")
    return label, dropped


def _may_be_label(values: pd.Series) -> bool:
    """Return whether a column has two values or more, and texts or whole numbers only."""
    import pandas as pd

    whole = not pd.api.types.is_float_dtype(values) or bool((values == values.round()).all())
    return whole and values.nunique() > 1


def _identifies(column: Any, frame: pd.DataFrame, layout: Layout) -> bool:
    """Return whether a column only numbers or names the images.

    Its name says so, its values are different texts, or it is the first of a table without names, has whole numbers in
    a row, and the others make an image and a label, or an image.
    """
    import pandas as pd

    values = frame[column]
    if not pd.api.types.is_numeric_dtype(values):
        return bool(len(values) > 1 and values.is_unique and pd.to_numeric(values, errors="coerce").isna().all())
    if layout.header is not None:
        return str(column).lower() in IDS
    others = len(frame.columns) - 1
    if column != frame.columns[0] or not pd.api.types.is_integer_dtype(values) or _is_image(others):
        return False
    return _is_image(others - 1) and bool((np.diff(np.sort(values)) == 1).all())


def _is_image(count: int) -> bool:
    return count > 0 and (math.isqrt(count) ** 2 == count or 3 * math.isqrt(count // 3) ** 2 == count)


def _table(path: Path, frame: pd.DataFrame, label: Any, pixels: Sequence[Any]) -> Table:
    import pandas as pd

    if not _is_image(len(pixels)):
        nearest = round(math.sqrt(len(pixels))) ** 2
        raise BenchmarkError(
            f"{path}: a pixel column is missing or too many; {len(pixels)} make no square image, {nearest} would"
        )
    for column in (label, *pixels):
        if column != label and not pd.api.types.is_numeric_dtype(frame[column]):
            raise BenchmarkError(f"{path}: column `{column}` holds something that is no number; correct it")
        if frame[column].isna().any():
            line = int(frame[column].isna().to_numpy().argmax()) + 2
            raise BenchmarkError(
                f"{path}: column `{column}` is NaN or empty in line {line}; correct or remove the line"
            )
    usage = next((column for column in frame.columns if str(column).lower() in USAGE), None)
    return Table(
        frame[pixels].to_numpy(),
        _values(frame[label]),
        None if usage is None else frame[usage].astype(str).to_numpy(dtype=np.str_),
    )


def _values(labels: pd.Series) -> npt.NDArray[Any]:
    import pandas as pd

    number = pd.api.types.is_numeric_dtype(labels)
    values: npt.NDArray[Any] = labels.to_numpy() if number else labels.astype(str).to_numpy(dtype=np.str_)
    return values


def _texts(path: Path, layout: Layout, notify: Notify) -> Table | None:
    """Read a table whose column `PIXELS` has all pixels of an image; None, and said, if it has no labels."""
    place, label = layout.named((PIXELS,)), layout.named(LABELS)
    if place is None:
        raise BenchmarkError(f"{path}: column `{PIXELS}` is missing; give both parts the same columns")
    if label is None:
        notify(f"{path}: it has no labels, so it is left out")
        return None
    frame = _frame(path, layout)
    texts = frame.iloc[:, place].astype(str).tolist()
    values = len(texts[0].split())
    X: npt.NDArray[Any] = np.empty((len(texts), values), dtype=np.float32)  # which holds whole numbers of 16 bits, too
    for row, text in enumerate(texts):
        try:
            X[row] = np.array(text.split(), dtype=np.float32)
        except ValueError as error:
            raise BenchmarkError(
                f"{path}: `{PIXELS}` in row {row} (from 0) are not {values:,} numbers; correct it"
            ) from error
    whole = X.astype(np.int32)
    if np.array_equal(whole, X):
        X = whole.astype(np.uint8) if whole.min() >= 0 and whole.max() <= 255 else whole
    notify(f"{path}: column `{PIXELS}` holds the {values:,} values of each image")
    usage = next(
        (frame.columns[i] for i, name in enumerate(layout.header or ()) if name.strip().lower() in USAGE), None
    )
    said = None if usage is None else frame[usage].astype(str).to_numpy(dtype=np.str_)
    return Table(X, _values(frame.iloc[:, label]), said)


def _recognises(path: Path) -> bool:
    try:
        if path.is_dir():
            return bool(find(path))
        if path.is_file():
            return is_table(path) and has_pixels(path)
        return not path.exists() and path.parent.is_dir() and path.name in find(path.parent)
    except (OSError, ValueError):
        return False


FORM = Form("a CSV of pixels, or a *train*.csv and a *test*.csv", _recognises, _read)
