"""Tables with an image in each line, as Kaggle has them: a column with the label, and a column a pixel.

A table of pixels differs from an index of picture files by its first lines: it has many numbers in a line, or a column
``pixels`` with all numbers of an image in one text, as FER-2013 has it. The label is the column with a usual name, or
the first or the last. The separator, a header and colour (three columns a pixel) are found in the file.
"""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from benchmark.datasets import idx
from benchmark.datasets.forms import parts
from benchmark.datasets.forms.form import Form, Request, chosen
from benchmark.datasets.forms.idx_files import EMNIST, characters, mapping_file, upright
from benchmark.datasets.picture_tree import SUFFIXES as PICTURES
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

SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
"""Suffixes of such files, in lower case; upper case is accepted, too."""

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


@dataclass(frozen=True)
class Layout:
    """What the first lines of a table say.

    Attributes
    ----------
    separator : str
    header : tuple of str, or None
        The names of the columns, if the first line has them.
    columns : int
    """

    separator: str
    header: tuple[str, ...] | None
    columns: int

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


def is_table(path: Path) -> bool:
    """Return whether a file's suffix is one of `SUFFIXES`."""
    return path.name.lower().endswith(SUFFIXES) and path.is_file() and not path.name.startswith(".")


def has_pixels(path: Path) -> bool:
    """Return whether a table holds pixels, by its first lines.

    An endless line counts as pixels; reading refuses it.
    """
    try:
        first, second = _first_lines(path)
    except (OSError, EOFError, zlib.error):
        return path.suffix.lower() == ".gz"  # a damaged one: reading says so
    if max(len(first), len(second)) >= LINE_LIMIT:
        return True
    layout = _layout(first, second)
    cells = _cells(second or first, layout.separator)
    place = layout.named((PIXELS,))
    if place is not None and place < len(cells):
        return not second or len(cells[place].split()) >= FEWEST
    if any(cell.strip().lower().endswith(tuple(PICTURES)) for cell in cells):
        return False
    return sum(map(_is_number, cells)) >= FEWEST or (not second and len(cells) > FEWEST)


def _first_lines(path: Path) -> tuple[str, str]:
    with _open(path) as file:
        first, second = (file.readline(LINE_LIMIT) for _ in range(2))
    return first.decode("utf-8-sig", "replace"), second.decode("utf-8", "replace")


def _open(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


def _cells(line: str, separator: str) -> list[str]:
    return [cell.strip().strip('"') for cell in line.strip("\r\n").split(separator)] if line else []


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _layout(first: str, second: str) -> Layout:
    separator = max(",;\t", key=(second or first).count)
    cells = _cells(first, separator)
    numbers = [float(cell) for cell in cells if _is_number(cell)]
    # pandas calls columns without a name 0, 1, 2, ...
    counted = len(numbers) > FEWEST and np.array_equal(np.diff(numbers), np.ones(len(numbers) - 1))
    header = 2 * len(numbers) < len(cells) or counted
    return Layout(separator, tuple(cells) if header else None, len(cells))


def find(folder: Path) -> dict[str, dict[str, Path]]:
    """Return the tables of pixels in a folder; see `parts.by_part`. An empty file counts if its name says a part."""
    tables = sorted(each for each in folder.iterdir() if is_table(each))
    return parts.by_part(
        folder, [each for each in tables if has_pixels(each) or (each.stat().st_size == 0 and parts.part_of(each))]
    )


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
    label, dropped = _label_column(train, first, layouts[TRAIN], notify)
    pixels = [column for column in first.columns if column != label and column not in dropped]
    frames, labels = {TRAIN: first}, {TRAIN: label}
    for part, path in files.items():
        own = _label_like(layouts[part], label, len(pixels))
        if part != TRAIN and own is None:
            notify(f"{path}: it has no labels, so it is left out")
        elif part != TRAIN:
            frames[part], labels[part] = _frame(path, layouts[part]), own
            _same_columns(train, path, first.drop(columns=label), frames[part].drop(columns=own))
    return {part: _table(files[part], frame, labels[part], pixels) for part, frame in frames.items()}


def _label_like(layout: Layout, label: Any, pixels: int) -> Any:
    """Return the label's column of another part of the data, or None if it has no labels."""
    if layout.header is None:
        return None if layout.columns == pixels else label
    names = [name.strip() for name in layout.header]
    place = layout.named(LABELS)
    return names[place] if place is not None else label if label in names else None


def _same_columns(train: Path, other: Path, frame: pd.DataFrame, others: pd.DataFrame) -> None:
    """Refuse two tables whose columns differ; a test CSV with another order is put right by their names."""
    extra = frame.columns.symmetric_difference(others.columns)
    if len(extra):
        lacks, has = (other, train) if extra[0] in frame.columns else (train, other)
        raise BenchmarkError(f"{lacks}: column `{extra[0]}` is missing, {has.name} has it; give both the same columns")


def _checked_layout(path: Path) -> Layout:
    """Return the layout of a file that is safe to read: neither huge nor with an endless line."""
    try:
        size = path.stat().st_size
        if size > CSV_LIMIT:
            raise _too_large(path, size)
        read = 0
        with _open(path) as file:
            while line := file.readline(LINE_LIMIT):
                read += len(line)
                if read > CSV_LIMIT:
                    raise _too_large(path, read)
                if len(line) == LINE_LIMIT:
                    raise BenchmarkError(
                        f"{path}: a line is longer than {LINE_LIMIT:,} bytes; is it a CSV with one image a line?"
                    )
        return _layout(*_first_lines(path))
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, error) from error


def _too_large(path: Path, size: int) -> BenchmarkError:
    return BenchmarkError(f"{path}: {size:,} bytes or more, and {CSV_LIMIT:,} are read at most; store it as .npz")


def _unreadable(path: Path, error: Exception) -> BenchmarkError:
    return BenchmarkError(f"{path}: cannot be read as CSV ({' '.join(str(error).split())}); save it again")


def _frame(path: Path, layout: Layout) -> pd.DataFrame:
    import pandas as pd

    try:
        # Only an empty cell is no value: a class may be called None or NA.
        frame = pd.read_csv(
            path,
            sep=layout.separator,
            header=None if layout.header is None else 0,
            keep_default_na=False,
            na_values=[""],
        )
    except (OSError, EOFError, zlib.error, ValueError, MemoryError) as error:
        raise _unreadable(path, error) from error
    if not isinstance(frame.index, pd.RangeIndex):  # pandas silently uses surplus cells as an index
        raise BenchmarkError(f"{path}: the rows have more cells than the header; is a column's name missing?")
    if frame.empty:
        raise BenchmarkError(f"{path}: no rows under its header; give at least two classes with two images each")
    if layout.header is not None:
        frame.columns = frame.columns.str.strip()
    return frame


def _label_column(path: Path, frame: pd.DataFrame, layout: Layout, notify: Notify) -> tuple[Any, list[Any]]:
    """Return the column with the labels, and those that number the images or say their part, which are no pixels."""
    import pandas as pd

    columns = list(frame.columns)
    lower = [str(column).lower() for column in columns] if layout.header is not None else []
    dropped = [column for column, name in zip(columns, lower, strict=False) if name in IDS or name in USAGE]
    place = next((lower.index(name) for name in LABELS if name in lower), None)
    if layout.header is None and not _is_image(len(columns) - 1) and _is_image(len(columns) - 2):
        first = frame[columns[0]]
        if pd.api.types.is_integer_dtype(first) and (first.diff().iloc[1:] == 1).all():
            dropped = [columns[0]]
    ids = [column for column in dropped if str(column).lower() not in USAGE]
    if ids:
        what = f"column `{ids[0]}` numbers" if layout.header is not None else "its first column numbers"
        notify(f"{path}: {what} the images, so it is left out")
    if place is not None:
        return columns[place], dropped
    rest = [column for column in columns if column not in dropped]
    ends = [column for column in (rest[0], rest[-1]) if frame[column].nunique() > 1]
    if not _is_image(len(rest) - 1) or not ends:
        raise BenchmarkError(
            f"{path}: column `label` is missing, nor is one called {', '.join(LABELS[2:5])}; name the column with the "
            "classes `label`"
        )
    # Labels are texts, or have fewer values than a pixel; where that does not say it, they come first.
    label = min(ends, key=lambda column: (pd.api.types.is_numeric_dtype(frame[column]), frame[column].nunique()))
    which = "first" if label == rest[0] else "last"
    notify(f"{path}: the {which} column is taken as the label: it has {frame[label].nunique():,} values")
    return label, dropped


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
    X = np.empty((len(texts), values), dtype=np.uint8)
    for row, text in enumerate(texts):
        try:
            numbers = np.array(text.split(), dtype=np.int64)
            if len(numbers) != values or numbers.min() < 0 or numbers.max() > 255:
                raise ValueError
        except ValueError as error:
            raise BenchmarkError(
                f"{path}: `{PIXELS}` in row {row} (from 0) are not {values:,} whole numbers in 0..255; correct it"
            ) from error
        X[row] = numbers
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
