"""Pictures and a table that says the class of each: Kaggle's ``train.csv``, Hugging Face's ``metadata.csv``.

A table has a column of file names and one of classes. The column of files is the one whose values name pictures of the
folder; a value is only ever looked up in the list of these (`picture_tree`), so it cannot lead out of the folder.
Where folders say the classes, they are read and the table is not, unless it adds a test part.
"""

from __future__ import annotations

import codecs
import io
import os
import posixpath
import re
import unicodedata
import warnings
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from benchmark.datasets import grouping, picture_files, picture_tree
from benchmark.datasets.forms.form import Form, Request
from benchmark.datasets.picture_cache import Asked
from benchmark.datasets.picture_files import Classes, PictureFiles, part_of
from benchmark.datasets.picture_tree import Tree, counted, listed, some
from benchmark.datasets.split import TEST, TRAIN, VALIDATION
from benchmark.datasets.validate import MIN_TRAINING_IMAGES, FileDataset
from benchmark.errors import BenchmarkError

if TYPE_CHECKING:
    import pandas as pd

LABEL_COLUMNS = (
    *("labelname", "classname", "categoryname", "label", "labels", "class", "classes", "category", "categories"),
    *("target", "species", "breed", "diagnosis", "dx", "classid", "labelid", "categoryid", "targetid", "y"),
)
"""Usual names of the column of classes, of which the first that is there is taken: lower case, letters only."""

FILE_COLUMNS = {
    *("id", "file", "filename", "filenames", "filepath", "filepaths", "image", "images", "imageid", "imagename"),
    *("imagepath", "path", "img", "imgpath", "imgname", "picture", "photo", "name"),
}
"""Usual names of the column of files."""

DEEPEST = 3
"""Names from the folder to a table, its own included: ``data/train/metadata.csv``."""

MOST_TABLES = 10
"""Tables of one folder; where there are more, each is about one picture."""

MOST_COLUMNS = 63
"""Columns from which a table may hold the pixels themselves: the smallest pictures have 64."""

SIZE_LIMIT = 2**26
"""Largest size of a table, in bytes: the names of some million pictures."""

LINE_LIMIT = 2**20
"""Longest line of a table, in bytes."""

PURE = 0.9
"""Share of the pictures of the folders that have the most frequent class of their folder, from which the folders say
the classes, too."""

UNLABELLED = {"", "nan"}
"""What means that there is no label, in lower case."""

_NO_TABLE = (OSError, ValueError, MemoryError, RecursionError, StopIteration, msgspec.DecodeError)
"""What a reader raises on text that is no table."""

_PLAIN = re.compile(r"[^a-z]+")


@dataclass(frozen=True)
class _Table:
    """A table that names pictures.

    Attributes
    ----------
    path : Path
    files : list of Path or None, (n,)
        The picture of each row; None if there is no such file.
    said : list of str, (n,)
        The same, as the table has it.
    labels : list of str, (n,), or None
        None if the table has no column of classes.
    splits : list of str or None, (n,)
        The part of each row, where the table or its name says it.
    columns : tuple of str
        The names of the columns of files and of classes (empty if there is none), for messages.
    unclear : list of str
        The columns that may be the classes, if there are several.
    others : dict of str to list of str, (n,)
        What the other columns say, and a column of identities.
    doubtful : bool
        The column of classes may be none: it is of identities, or what is left of two columns without `--group`'s. If
        folders say classes, they are believed.
    """

    path: Path
    files: list[Path | None]
    said: list[str]
    labels: list[str] | None
    splits: list[str | None]
    columns: tuple[str, str]
    unclear: list[str]
    others: dict[str, list[str]]
    doubtful: bool


def find_tables(tree: Tree) -> list[Path]:
    """Return the tables of a folder that are narrow enough to be lists of pictures, and not one to a picture."""
    tables_in = Counter(path.parent for path in tree.tables)
    return [
        path
        for path in tree.tables
        if len(path.relative_to(tree.root).parts) <= DEEPEST
        and tables_in[path.parent] <= MOST_TABLES
        and not path.is_symlink()
        and _is_narrow(path)
    ]


def read_tables(folder: Path, asked: Asked) -> PictureFiles:
    """Sort the pictures of a folder by part and class, as its folders and its tables have it.

    Raises
    ------
    BenchmarkError
        Neither says the classes; the message names the columns that were found, and what to do.
    """
    tree = Tree(folder)
    tree.leave_out_masks()
    names = _Names(tree)
    paths = find_tables(tree)
    tables = [table for path in paths if (table := _read_table(path, names, asked.group)) is not None]
    columns: dict[str, dict[Path, str]] = defaultdict(dict)
    for table in tables:
        for column, values in table.others.items():
            columns[column].update((file, value) for file, value in zip(table.files, values, strict=True) if file)
    return replace(_sorted(tree, asked, names, paths, tables), columns=columns)


def _sorted(tree: Tree, asked: Asked, names: _Names, paths: Sequence[Path], tables: Sequence[_Table]) -> PictureFiles:
    """Return the pictures by part and class, as folders or tables have it; see `read_tables`."""
    folder = tree.root
    by_folder: PictureFiles | None = None
    labels: _Labels | None = None
    refusal: BenchmarkError | None = None
    try:
        by_folder = picture_files.find_pictures(folder, asked, tree)
    except BenchmarkError as error:
        if asked.level:
            raise
        refusal = error
    trains = by_folder is not None and _trains(by_folder.train)
    try:
        labels = _labelled(folder, tables, trains)
    except BenchmarkError:
        if not trains:
            raise
    if by_folder is not None and (asked.level or (trains and (labels is None or _folders_win(by_folder, labels)))):
        if labels is not None and labels.test and not by_folder.test and not asked.level:
            joined = _with_test(by_folder, labels)
            if joined is not None:
                return joined
        known = {table.path for table in tables}
        grouping_tables = {table.path for table in tables if asked.group.casefold() in map(str.casefold, table.others)}
        others = {path for path in paths if path.suffix.lower() in picture_tree.LISTS} - known
        unread = [path for path in paths if path not in others | grouping_tables]
        said = [f"{folder}: the folders say the classes, so not read: {some(folder, unread)}"] if unread else []
        return replace(by_folder, remarks=(*by_folder.remarks, *said))
    if labels is not None:
        return labels.files(folder, tree, [table.path for table in tables if table.path not in labels.used])
    if isinstance(refusal, picture_files.AmbiguousError):
        raise refusal
    lists = [path for path in paths if path.suffix.lower() not in picture_tree.LISTS]
    if not tables and lists:
        raise _unmatched(lists[0], names)
    if by_folder is not None and not tables:
        return by_folder
    raise _refused(folder, tables, refusal)


@dataclass
class _Labels:
    """What tables say of the pictures of a folder.

    Attributes
    ----------
    train, test, validation : dict of Path to str
        The class of each picture.
    bare : set of Path
        Pictures of which a row says no class.
    used : list of Path
        The tables.
    notes : list of str
    """

    train: dict[Path, str] = field(default_factory=dict)
    test: dict[Path, str] = field(default_factory=dict)
    validation: dict[Path, str] = field(default_factory=dict)
    bare: set[Path] = field(default_factory=set)
    used: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def files(self, folder: Path, tree: Tree, unread: Sequence[Path]) -> PictureFiles:
        """Return the pictures by part and class, and what was left out."""
        train, test, more = _by_class(self.train), _by_class(self.test), _by_class(self.validation)
        notes = list(self.notes)
        validation: frozenset[Path] = frozenset()
        if more and test:
            train, validation = picture_files.join(train, more), frozenset(self.validation)
        elif more:
            test = more
            notes.append(
                f"{folder}: {counted(len(self.validation), 'picture')} of the validation part are the test part, since "
                "there is no other with labels"
            )
        read = self.train.keys() | self.test.keys() | self.validation.keys() | self.bare
        rest = [path for path in tree.below(folder) if path not in read]
        tested = [path for path in rest if any(part_of(name) == TEST for name in path.relative_to(folder).parts[:-1])]
        other = [path for path in rest if path not in set(tested)]
        kinds: list[tuple[Sequence[Path], str, str]] = [
            (tested, "picture", f"of the {TEST} part without a label, so left out"),
            (other, "picture", "without a row in a table, so left out"),
            (unread, "table", "not read"),
            (tree.masks, "picture", "the mask of another one, so left out"),
            (sorted(tree.links), "symbolic link", "leading to a folder or out of this one, so left out"),
        ]
        notes += [
            f"{folder}: {what}: {counted(len(paths), noun)} ({some(folder, paths)})"
            for paths, noun, what in kinds
            if paths
        ]
        return PictureFiles(folder, train, test, tuple(notes), validation)


class _Names:
    """The pictures of a folder by what a table may call them."""

    def __init__(self, tree: Tree) -> None:
        self.root = tree.root
        self.prefix = unicodedata.normalize("NFC", f"{os.path.abspath(tree.root)}/".replace("\\", "/"))
        self.ends: dict[str, list[Path]] = defaultdict(list)
        for path in tree.below(tree.root):
            parts = unicodedata.normalize("NFC", path.relative_to(tree.root).as_posix()).split("/")
            for start in range(len(parts)):
                end = "/".join(parts[start:])
                self.ends[end].append(path)
                self.ends[end[: len(end) - len(path.suffix)]].append(path)

    def find(self, said: str, table: Path, part: str | None) -> Path | None:
        """Return the picture that a table calls so, or None if there is none, or several.

        Paths that lead out of the folder name no picture, even if one of that name is in it.
        """
        said = unicodedata.normalize("NFC", said.strip().replace("\\", "/")).removeprefix(self.prefix)
        here = table.parent.relative_to(self.root).as_posix()
        whole = posixpath.normpath(posixpath.join(here, said))
        if not said or said.startswith("/") or re.match(r"[A-Za-z]:/", said) or whole.split("/")[0] == "..":
            return None
        plain = whole if ".." in said.split("/") else posixpath.normpath(said)
        found = self.ends.get(plain, ())
        while not found and plain.count("/") > 1:  # the folder was called otherwise, or the table lay further out
            plain = plain.split("/", 1)[1]
            found = self.ends.get(plain, ())
        if len(found) > 1:
            exact = {whole, plain}
            first = [path for path in found if self._called(path) & exact]
            near = [path for path in found if path.is_relative_to(table.parent)]
            of_part = [path for path in near if part is not None and part in _parts_of(self.root, path)]
            found = next((some for some in (first, of_part, near) if len(some) == 1), ())
        return found[0] if found else None

    def _called(self, path: Path) -> set[str]:
        name = path.relative_to(self.root)
        return {name.as_posix(), name.with_suffix("").as_posix()}


def _parts_of(root: Path, path: Path) -> set[str]:
    return {part for name in path.relative_to(root).parts[:-1] if (part := part_of(name)) is not None}


def _read_table(path: Path, names: _Names, group: str = "") -> _Table | None:
    """Return what a table says of the pictures, or None if it names none, or is a form to be filled in.

    The column that ``--group`` names is none of classes.
    """
    if "submission" in path.stem.lower():
        return None
    table = _frame(path, names)
    if table is None:
        return None
    splits = {
        column: values
        for column in table
        if (values := _as_splits(table[column])) is not None
        and not any(names.find(said, path, None) for said in table[column].unique())  # test/1.png is no part
    }
    split = next(iter(splits), None)
    own = part_of(path.stem) or (part_of(path.parent.name) if path.parent != names.root else None)
    rows: list[str | None] = list(splits[split]) if split is not None else [own] * len(table)
    found = {
        column: [names.find(said, path, part) for said, part in zip(table[column], rows, strict=True)]
        for column in table
        if column not in splits
    }
    column = _file_column(table, found)
    if column is None:
        return None
    rest = [each for each in found if each != column]
    label, unclear = _label_column(table, rest)
    doubtful = label is not None and grouping.is_identity(label)
    groups = [each for each in rest if each.casefold() == group.casefold()]
    if groups and label in (None, *groups):
        label, unclear = _label_column(table, [each for each in rest if each not in groups])
        doubtful = True
    if label is None and (one_hot := _one_hot(table, unclear)) is not None:
        labels: list[str] | None = one_hot
        title, unclear = f"{unclear[0]} ... {unclear[-1]}", []
    else:
        labels, title = (None, "") if label is None else ([_text(value) for value in table[label]], label)
    others = {each: list(table[each]) for each in rest if each != label or grouping.is_identity(each)}
    return _Table(path, found[column], list(table[column]), labels, rows, (column, title), unclear, others, doubtful)


def _frame(path: Path, names: _Names) -> pd.DataFrame | None:
    """Return a table as text, or None if it is none."""
    import pandas as pd

    with warnings.catch_warnings(), suppress(*_NO_TABLE):
        text = _table_of(_decoded(path.read_bytes()))
        if path.suffix.lower() == ".jsonl":
            rows = [msgspec.json.decode(line, type=dict[str, Any]) for line in text.split("\n") if line.strip()]
            scalars = [{key: str(value) for key, value in row.items() if not _is_nested(value)} for row in rows]
            return pd.DataFrame(scalars).fillna("").astype(str)
        separator = _separator(text.split("\n", 1)[0])
        warnings.simplefilter("ignore", pd.errors.ParserWarning)  # a row with a cell too many
        cells = next(
            iter(pd.read_csv(io.StringIO(text), sep=separator, header=None, nrows=1, dtype=str).fillna("").to_numpy())
        )
        headless = any(names.find(str(cell), path, None) for cell in cells)
        table = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            header=None if headless else 0,
            names=[str(number) for number in range(1, len(cells) + 1)] if headless else None,
            dtype=str,
            keep_default_na=False,
            index_col=False,
            skipinitialspace=True,
        )
        table.columns = [str(column).strip() for column in table.columns]
        return table.fillna("") if len(table) else None
    return None


def _table_of(text: str) -> str:
    """Return a text without blank lines, comments and Excel's ``sep=;`` before its table."""
    lines = text.splitlines()
    start = next(
        (i for i, line in enumerate(lines) if line.strip() and not re.match(r"sep=|#[^,;\t|]*$", line)), len(lines)
    )
    return "\n".join(lines[start:]) + "\n"


def _decoded(blob: bytes) -> str:
    """Return the text of a file: in UTF-8, in the other encodings of spreadsheets, or else in Latin-1."""
    if blob.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return blob.decode("utf-16")
    with suppress(UnicodeDecodeError):
        return blob.decode("utf-8-sig")
    return blob.decode("latin-1")


def _is_nested(value: object) -> bool:
    return value is None or isinstance(value, (dict, list))


def _separator(line: str) -> str:
    """Return the character that divides the cells of a table, by its first line."""
    if "\t" in line or ";" in line or "," in line or "|" in line:
        return max("\t;,|", key=line.count)
    return r"\s+"


def _as_splits(values: pd.Series[str]) -> list[str | None] | None:
    """Return the part of each row, if that is what a column says; else None."""
    distinct = {text: part_of(text) for text in values.unique()}
    parts = set(distinct.values())
    if None in parts or TRAIN not in parts or len(parts) < 2:
        return None
    return [distinct[text] for text in values]


def _file_column(table: pd.DataFrame, found: Mapping[str, Sequence[Path | None]]) -> str | None:
    """Return the column whose values name the most pictures, or None."""
    scores = {}
    for column, files in found.items():
        number = len({path for path in files if path is not None})
        usual = _plain(column) in FILE_COLUMNS
        suffixed = table[column].str.lower().str.endswith(tuple(picture_tree.SUFFIXES)).mean() > 0.5
        # A class or an age may be the number of a picture, too, but it is that of many rows.
        if number and (usual or suffixed or 2 * number >= len(table)):
            scores[column] = (number, bool(suffixed), usual)
    return max(scores, key=lambda column: scores[column]) if scores else None


def _label_column(table: pd.DataFrame, columns: Sequence[str]) -> tuple[str | None, list[str]]:
    """Return the column of the classes; or None, and the columns that it could be."""
    columns = [column for column in columns if not _is_index(column, table)]
    by_name = {_plain(column): column for column in columns}
    usual = next((by_name[name] for name in LABEL_COLUMNS if name in by_name), None)
    if usual is not None:
        return usual, []
    return (columns[0], []) if len(columns) == 1 else (None, columns)


def _is_index(column: str, table: pd.DataFrame) -> bool:
    """Return whether a column only counts the rows, as pandas writes it."""
    return _plain(column) in ("unnamed", "index", "") and bool(table[column].is_unique)


def _one_hot(table: pd.DataFrame, columns: Sequence[str]) -> list[str] | None:
    """Return the classes of rows with a 1 in the column of each; None if the columns are not so."""
    if len(columns) < 2:
        return None
    texts = table[list(columns)]
    if not texts.isin(("0", "1", "0.0", "1.0")).to_numpy().all():
        return None
    marked = texts.isin(("1", "1.0"))
    return list(marked.idxmax(axis=1)) if bool((marked.sum(axis=1) == 1).all()) else None


def _labelled(folder: Path, tables: Sequence[_Table], trains: bool) -> _Labels | None:
    """Return what the tables with a column of classes say, or None if there is none, or no picture is in it.

    Parameters
    ----------
    folder : Path
    tables : sequence of _Table
    trains : bool
        Whether the folders say the classes of the training part.
    """
    full = [table for table in tables if table.labels is not None and not (trains and table.doubtful)]
    in_parts = [table for table in full if any(table.splits)]
    training = next((table for table in in_parts if TRAIN in table.splits), None)
    chosen = in_parts if training is not None or (trains and in_parts) else full
    labels = _Labels()
    if training is not None:  # whatever else a test table has is no label
        for table in [each for each in chosen if _plain(each.columns[1]) != _plain(training.columns[1])]:
            chosen.remove(table)
            labels.used.append(table.path)
            labels.notes.append(f"{table.path}: it has no column {training.columns[1]}, so its pictures have no label")
    parts = {TRAIN: labels.train, TEST: labels.test, VALIDATION: labels.validation}
    home: dict[Path, tuple[str, Path]] = {}
    for table in chosen:
        assert table.labels is not None
        absent, without = [], set()
        for file, said, label, split in zip(table.files, table.said, table.labels, table.splits, strict=True):
            if file is None:
                absent.append(said)
            elif label.casefold() in UNLABELLED:
                without.add(file)
            else:
                in_path = _parts_of(folder, file)
                part = split or (in_path.pop() if len(in_path) == 1 else TRAIN)
                known, where = home.setdefault(file, (label, table.path))
                if known != label:
                    raise BenchmarkError(
                        f"{table.path}: {file.relative_to(folder).as_posix()} is {label[:40]!r} here and "
                        f"{known[:40]!r} in {where.name}; correct one, or move the table that is wrong "
                        f"out of {folder.name}"
                    )
                parts[part].setdefault(file, label)
        if any(file in home for file in table.files):
            labels.used.append(table.path)
            files, classes = table.columns
            labels.notes.append(f"{table.path}: column {classes} says the class of each picture in column {files}")
        if absent:
            short = [" ".join(said.split())[:60] for said in absent]
            labels.notes.append(
                f"{table.path}: {counted(len(absent), 'row')} without a picture in the folder ({listed(short)})"
            )
        if without := without - home.keys():
            labels.bare |= without
            labels.notes.append(
                f"{table.path}: {counted(len(without), 'picture')} without a label, left out "
                f"({some(folder, sorted(without))})"
            )
    twice = labels.train.keys() & (labels.test.keys() | labels.validation.keys())
    if twice:
        labels.notes.append(
            f"{folder}: {counted(len(twice), 'picture')} in two parts of the tables ({some(folder, sorted(twice))}), "
            "so left out of the training part"
        )
        labels.train = {path: label for path, label in labels.train.items() if path not in twice}
    return labels if home else None


def _trains(train: Classes) -> bool:
    """Return whether two classes at least can be trained."""
    return sum(len(paths) >= MIN_TRAINING_IMAGES for paths in train.values()) > 1


def _folders_win(by_folder: PictureFiles, labels: _Labels) -> bool:
    """Return whether folders that can be classes say them as well as a table, or better."""
    if labels.train and labels.test and not by_folder.test:
        return False  # the table knows the parts, and the folders do not
    said = labels.train | labels.test | labels.validation
    homes: dict[str, Counter[str]] = defaultdict(Counter)
    for part in (by_folder.train, by_folder.test):
        for name, paths in part.items():
            homes[name].update(said[path] for path in paths if path in said)
    most = {name: found.most_common(1)[0] for name, found in homes.items() if found}
    if not most:
        return True
    pure = sum(count for _, count in most.values()) >= PURE * sum(found.total() for found in homes.values())
    return pure and len({label for label, _ in most.values()}) > 1


def _with_test(by_folder: PictureFiles, labels: _Labels) -> PictureFiles | None:
    """Return the folders' training part with a table's test part, or None if their classes have no names in common."""
    known = {name: name for name in by_folder.train}
    numbers = {str(int(name)): name for name in known if name.isascii() and name.isdecimal()}  # 00007 is 7
    trained = {path for paths in by_folder.train.values() for path in paths}
    renamed = {path: (numbers | known).get(label, label) for path, label in labels.test.items() if path not in trained}
    if len(known.keys() & set(renamed.values())) < 2:
        return None
    test = _by_class(renamed)
    folder = by_folder.folder
    # What the folders alone leave out as loose is the test part now.
    remarks = [each for each in by_folder.remarks if "outside the folders of the classes" not in each]
    remarks = [each for each in remarks if "no pictures of a class are in it" not in each]
    used = some(folder, labels.used)
    said = f"{folder}: the folders say the classes of the training part, and {used} those of the test part"
    return replace(by_folder, test=test, remarks=(*remarks, said, *labels.notes))


def _unmatched(path: Path, names: _Names) -> BenchmarkError:
    """Return the error for a table that names no picture, next to folders that say no classes, either."""
    table, picture = _frame(path, names), next(iter(names.ends.values()))[0]
    if table is None:
        return BenchmarkError(f"{path}: cannot be read as a table; save it again as CSV, one row a picture, in UTF-8")
    return BenchmarkError(
        f"{path}: none of its columns ({listed(list(table.columns))}) names a picture of the folder; write file names "
        f"as {picture.relative_to(names.root).as_posix()}"
    )


def _refused(folder: Path, tables: Sequence[_Table], refusal: BenchmarkError | None) -> BenchmarkError:
    """Return the error for a folder whose classes neither folders nor tables say."""
    unclear = next((table for table in tables if table.labels is None and table.unclear), None)
    if unclear is not None:
        return BenchmarkError(
            f"{unclear.path}: column {unclear.columns[0]} names the pictures, but any of these may be the classes: "
            f"{listed(unclear.unclear)}; call the one that is `label`"
        )
    bare = next((table for table in tables if table.labels is None), None)
    if bare is not None:
        return BenchmarkError(
            f"{bare.path}: column {bare.columns[0]} names the pictures, but no column says their classes; add a column "
            "`label`"
        )
    if refusal is not None:
        return refusal
    return BenchmarkError(
        f"{folder}: neither its folders nor its tables say the classes; put the pictures of each class into a folder, "
        "or add a table, train.csv, with the columns file_name and label"
    )


def _by_class(labels: Mapping[Path, str]) -> Classes:
    classes: dict[str, list[Path]] = defaultdict(list)
    for path, label in labels.items():
        classes[label].append(path)
    return {name: tuple(sorted(classes[name], key=lambda path: path.parts)) for name in sorted(classes)}


def _text(value: str) -> str:
    """Return a label as text: "3" for "3.0", as pandas writes whole numbers with gaps."""
    label = unicodedata.normalize("NFC", " ".join(value.split()))
    return label.removesuffix(".0") if re.fullmatch(r"-?\d+\.0", label, re.ASCII) else label


def _plain(column: str) -> str:
    return _PLAIN.sub("", column.casefold())


def _is_narrow(path: Path) -> bool:
    """Return whether a table can be a list of pictures, by its size and its first line."""
    try:
        if path.stat().st_size > SIZE_LIMIT:
            return False
        with path.open("rb") as file:
            line = file.readline(LINE_LIMIT)
            text = _decoded(line if len(line) % 2 == 0 or not line.startswith(b"\xff\xfe") else line + b"\0")
    except (OSError, UnicodeDecodeError):
        return False
    if len(line) == LINE_LIMIT or not text.strip() or "\0" in text:
        return False
    return path.suffix.lower() == ".jsonl" or text.count(max(",;\t", key=text.count)) < MOST_COLUMNS


def _read(folder: Path, request: Request) -> FileDataset:
    from benchmark.datasets import picture_folder

    picture_folder.check_size(folder, request.asked)
    return picture_folder.load(read_tables(folder, request.asked), request)


def _recognises(path: Path) -> bool:
    if not path.is_dir():
        return False
    tree = Tree(path)
    return bool(tree.filled(path) or tree.direct(path)) and bool(find_tables(tree))


FORM = Form("pictures with a table of their names and classes (train.csv)", _recognises, _read, pictures=True)
