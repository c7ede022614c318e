"""A ``.zip`` or ``.tar.gz`` of any other form, unpacked into the cache folder and read from there.

Archives may come from strangers. Before anything is written, the names, types and sizes of all members are checked:
nothing leads out of the folder, no links, no encrypted members, no more than `MOST_BYTES` and `MOST_FILES`. What an
archive holds is unpacked into a temporary folder that is renamed once it is complete, so a kill leaves nothing behind
that could be taken for the whole. An archive inside an archive is not unpacked.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import os
import re
import shlex
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from benchmark.datasets import locations
from benchmark.datasets.forms.form import Form, Request
from benchmark.datasets.picture_tree import LITTER
from benchmark.datasets.validate import FileDataset
from benchmark.errors import BenchmarkError
from benchmark.storage import scratch

MOST_BYTES = 8 * 2**30
"""Most bytes that an archive may unpack to."""

MOST_FILES = 500_000
"""Most members of an archive."""

ZIP = (".zip",)
TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
"""Suffixes in lower case; upper case is accepted, too."""

VERSION = 1
"""Increased when archives are unpacked in another way."""

_COMMAND = re.compile(r"(?<=--dataset )(?:'[^']*'|[^',;\s]+)")
"""A path that a message offers, quoted if a shell needs it."""

_AT_ONCE = 2**20
"""Most bytes of a tar file that are read in one piece."""

_DAMAGED = (
    OSError,
    ValueError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
)
"""What the standard library raises for a damaged archive; NotImplementedError is a RuntimeError."""


def is_archive(path: Path) -> bool:
    """Return whether a file's suffix is that of an archive."""
    return path.name.lower().endswith(ZIP + TAR) and path.is_file()


def _split(path: Path) -> tuple[Path, Path] | None:
    """Return an archive and the path inside it, which ``x.zip/gzip/emnist-letters`` gives; None without an archive."""
    found = next((each for each in (path, *path.parents) if is_archive(each)), None)
    return None if found is None or ".." in path.relative_to(found).parts else (found, path.relative_to(found))


def unpacked(path: Path) -> tuple[Path, int]:
    """Return the folder with the content of an archive, unpacked now or earlier.

    Parameters
    ----------
    path : Path

    Returns
    -------
    tuple of (Path, int)
        The folder, and the number of files of operating systems that were left out (0 if it was unpacked earlier).

    Raises
    ------
    BenchmarkError
        The archive is damaged or unsafe, or unpacks to too much, or the cache folder is not writable.
    """
    try:
        about = path.stat()
        key = repr((VERSION, os.path.realpath(path), about.st_size, about.st_mtime_ns))
        folder = locations.cache_folder() / "archives" / hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:32]
    except OSError as error:
        raise BenchmarkError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    if folder.is_dir():
        return folder, 0
    unpack = _unzip if path.name.lower().endswith(ZIP) else _untar
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with scratch.temporary_folder(folder.parent) as temporary:
            target = temporary / "new"
            target.mkdir()
            skipped = unpack(path, target)
            if not folder.is_dir():  # otherwise another process was first
                os.rename(target, folder)
    except BenchmarkError:
        raise
    except _DAMAGED as error:
        if folder.is_dir():
            return folder, 0
        why = " ".join(str(error).split())[:200]
        raise BenchmarkError(
            f"{path}: cannot be unpacked into {folder.parent} ({why}); fetch it again, or unpack it by hand and give "
            "the folder"
        ) from error
    return folder, skipped


def _checked(path: Path, members: Iterable[tuple[str, int, str]]) -> None:
    """Refuse an archive by its members: (name, bytes, what is wrong with its type or "")."""
    total, seen = 0, set()
    for number, (name, size, wrong) in enumerate(members, start=1):
        shown = repr(name[:80])
        inside = PurePosixPath(name)
        if inside.is_absolute() or re.match(r"[A-Za-z]:", name) or ".." in inside.parts:
            raise BenchmarkError(
                f"{path}: {shown} leads out of the archive's folder; unpack it by hand if you trust it"
            )
        if wrong:
            raise BenchmarkError(f"{path}: {shown} is {wrong}; pack it again with plain files only")
        if inside in seen:
            raise BenchmarkError(f"{path}: {shown} is in it twice; pack it again")
        seen.add(inside)
        total += size
        if number > MOST_FILES:
            raise BenchmarkError(f"{path}: more than {MOST_FILES:,} files; unpack it by hand and give the folder")
        if total > MOST_BYTES:
            raise BenchmarkError(
                f"{path}: unpacks to more than {MOST_BYTES:,} bytes; unpack it by hand and give the folder"
            )
    free = shutil.disk_usage(locations.cache_folder()).free
    if total > free:
        raise BenchmarkError(
            f"{path}: unpacks to {total:,} bytes, {locations.cache_folder()} has {free:,} left; set BENCHMARK_CACHE to "
            "a folder with more room"
        )


def _is_litter(name: str) -> bool:
    """Return whether an operating system made a file: ``__MACOSX/``, ``.DS_Store``, ``Thumbs.db``."""
    return any(part.lower() in LITTER or part.startswith("._") or part == ".DS_Store" for part in name.split("/"))


def _zip_name(member: zipfile.ZipInfo) -> str:
    return member.filename.replace("\\", "/")  # as some Windows programs separate folders


def _zip_fault(member: zipfile.ZipInfo) -> str:
    kind = stat.S_IFMT(member.external_attr >> 16)
    if member.flag_bits & 0x1:
        return "encrypted"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "a link" if kind == stat.S_IFLNK else "a special file"
    return ""


def _unzip(path: Path, target: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        _checked(path, ((_zip_name(each), each.file_size, _zip_fault(each)) for each in members))
        kept = [each for each in members if not _is_litter(_zip_name(each))]
        for member in kept:
            place = target / _zip_name(member)
            if member.is_dir() or _zip_name(member).endswith("/"):
                place.mkdir(parents=True, exist_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            # zipfile reads no more than the directory states, and verifies the checksum.
            with archive.open(member) as source, place.open("xb") as sink:
                shutil.copyfileobj(source, sink, _AT_ONCE)
    return len(members) - len(kept)


class _Pieces:
    """A file for tarfile that refuses to read much at once, as a header does that claims a name of gigabytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _AT_ONCE:
            raise tarfile.ReadError(f"a header of {size:,} bytes")
        return self._file.read(size)


@contextmanager
def _tar(path: Path) -> Iterator[tuple[tarfile.TarFile, IO[bytes]]]:
    """Yield a tar file, and the decompressed bytes that it reads."""
    with ExitStack() as stack:
        raw = stack.enter_context(path.open("rb"))
        start = raw.read(6)
        raw.seek(0)
        openers: dict[bytes, Callable[..., Any]] = {
            b"\x1f\x8b": gzip.open,
            b"BZh": bz2.open,
            b"\xfd7zXZ\x00": lzma.open,
        }
        opener = next((each for magic, each in openers.items() if start.startswith(magic)), None)
        file: IO[bytes] = raw if opener is None else stack.enter_context(opener(raw))
        yield stack.enter_context(tarfile.open(fileobj=cast("IO[bytes]", _Pieces(file)), mode="r:")), file


def _tar_fault(member: tarfile.TarInfo) -> str:
    if member.isfile() or member.isdir():
        return ""
    return "a link" if member.issym() or member.islnk() else "a special file"


def _untar(path: Path, target: Path) -> int:
    with _tar(path) as (
        archive,
        file,
    ):  # members are listed lazily: an archive of too much is refused before the rest is decompressed
        _checked(path, ((each.name, each.size, _tar_fault(each)) for each in archive))
        members = archive.getmembers()
        kept = [each for each in members if not _is_litter(each.name)]
        archive.extractall(target, kept, filter="data")
        # A tar file has no checksums. That of gzip is verified where its data end, which tarfile never reads.
        left = MOST_BYTES
        while left > 0 and (piece := file.read(_AT_ONCE)):
            left -= len(piece)
    return len(members) - len(kept)


def _read(given: Path, request: Request) -> FileDataset:
    from benchmark.datasets import forms

    found = _split(given)
    assert found is not None  # it was recognised
    path, inside = found
    folder, skipped = unpacked(path)

    def here(text: str) -> str:
        """Name the archive where the folder in the cache is meant."""
        return text.replace(f"{folder}{os.sep}", f"{path}{os.sep}").replace(str(folder), str(path))

    if not forms.exists(folder / inside):
        raise BenchmarkError(
            f"{path}: there is no {inside.as_posix()} in it; give the archive alone to see what it has"
        )
    if skipped:
        request.notify(f"{path}: {skipped:,} files of macOS or Windows are left out")
    request.notify(f"{path}: unpacked, and read from there")
    within = replace(request, notify=lambda text: request.notify(here(text)))
    try:
        dataset = forms.read(folder / inside, within, archives=False)
    except BenchmarkError as error:
        text = _COMMAND.sub(lambda match: shlex.quote(here(shlex.split(match[0])[0])), str(error))
        raise BenchmarkError(here(text)) from error
    return replace(dataset, source=here(dataset.source), files=(path,))


FORM = Form("a .zip or .tar.gz of one of these", lambda path: _split(path) is not None, _read, pictures=True)
