"""Data sets that are published as MNIST was, in four IDX files: found on this machine, or downloaded.

Every file's SHA-256 is checked before a byte of it is used. What is known of each set lies in a module of its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmark.datasets import formats, idx, locations
from benchmark.datasets.download import File, Source, download
from benchmark.datasets.validate import FileDataset
from benchmark.errors import BenchmarkError

_LARGEST = 2**26
"""Bytes: more than any of the files unpacks to."""


@dataclass(frozen=True)
class MnistLike:
    """What is known of one data set.

    Attributes
    ----------
    name : str
        By which it is asked for; also of the folders in which it may lie.
    title : str
        For people.
    class_names : tuple of str
    sha256 : mapping of str to str
        By file name: packed, as published, and unpacked, as torchvision leaves them, where that is known.
    packed_bytes : mapping of str to int
        What a mirror sends, by file name; one that sends more is cut off.
    mirrors : tuple of str
        Addresses of folders, tried in turn.
    torchvision : str
        The folder that torchvision makes for it.
    means : tuple of float
        Mean grey values of its parts, by which it is known in other packings; empty where they are not known.
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    sha256: Mapping[str, str]
    packed_bytes: Mapping[str, int]
    mirrors: tuple[str, ...]
    torchvision: str
    means: tuple[float, ...] = ()

    @property
    def source(self) -> Source:
        """Where the packed files are downloaded from."""
        return Source(
            title=self.title,
            files={name: File(self.sha256[name], size) for name, size in self.packed_bytes.items()},
            mirrors=self.mirrors,
            put=f"put the four files into data/{self.name}",
            flag="name their folder with --data-dir",
        )

    def looks_like(self, X: npt.NDArray[np.uint8]) -> bool:
        """Tell its images, (n, ...), however they are packed; False where its means are not known."""
        return len(X) in (60_000, 10_000) and min((abs(X.mean() - mean) for mean in self.means), default=1.0) < 1e-3


def load(which: MnistLike, catalogue: Sequence[MnistLike], data_dir: Path | None = None) -> FileDataset:
    """Find, verify and read a data set; download it if it is nowhere.

    Parameters
    ----------
    which : MnistLike
    catalogue : sequence of MnistLike
        All that share its file names; none is taken for another.
    data_dir : Path, optional
        Looked at first; a wrong file there is an error, not a reason to look elsewhere.

    Raises
    ------
    UnavailableError
        Nowhere to be had.
    BenchmarkError
        A wrong file in a named place, or another set of the catalogue in a folder of this one's name.
    """
    folder = locate(which, catalogue, data_dir) or _downloaded(which)
    return formats.idx_folder(folder, which.name, which.class_names)


def locate(which: MnistLike, catalogue: Sequence[MnistLike], data_dir: Path | None = None) -> Path | None:
    """Return the first folder that holds the four files with the right checksums, or None.

    The order: `data_dir`, ``$BENCHMARK_DATA``, ``data/`` here, ``data/`` and ``../shared/data/``
    beside the checkout, Keras's cache, our own cache; each with the subfolders in which other
    tools put them.
    """
    others = [each for each in catalogue if each is not which]
    looked = [(root.folder, root.named) for root in locations.data_roots(data_dir)]
    looked += [(locations.keras_folder(), ""), (locations.cache_folder(), "")]
    for place, named in looked:
        for folder in (place, place / which.name, place / which.torchvision / "raw"):
            if _complete(which, others, folder, named, meant=folder != place or named == "--data-dir"):
                return folder
    return None


def identify(folder: Path, catalogue: Sequence[MnistLike]) -> MnistLike | None:
    """Return which set's four files a folder holds, whatever its name."""
    sums = file_sums(idx.find_files(folder))
    return next(
        (each for each in catalogue if len(sums) == 4 and all(each.sha256.get(n) == s for n, s in sums.items())), None
    )


def file_sums(files: Iterable[Path]) -> dict[str, str]:
    """Return file name to SHA-256."""
    return {path.name: idx.digest(path) for path in files}


def _complete(which: MnistLike, others: Sequence[MnistLike], folder: Path, named: str, *, meant: bool) -> bool:
    """Tell whether the four files are there and right; refuse what only looks like them.

    `meant` says that the folder is this set's, by its own name or by a person's word. Another set's files are an
    error there, as it would score far too well or too badly; anywhere else they are that set's business.
    """
    sums = file_sums(idx.find_files(folder))
    for name, found in sums.items():
        right = which.sha256.get(name)
        if found == right:
            continue
        other = next((each for each in others if found in each.sha256.values()), None)
        if other is not None and meant:
            raise BenchmarkError(
                f"{folder / name}: this is {other.title}, not {which.title}, under the same file name; "
                f"remove it, or run it as what it is with --dataset {other.name}"
            )
        if named and other is None:
            # A damaged copy gets its exact cause; any other content its two checksums.
            array = idx.read(folder / name, idx.IMAGES if "images" in name else idx.LABELS, _LARGEST)
            other = next((each for each in others if array.ndim == 3 and each.looks_like(array)), None)
            if other is not None:
                raise BenchmarkError(
                    f"{folder / name}: this is {other.title}, not {which.title}, under the same file name; remove it"
                )
            raise BenchmarkError(
                f"{folder / name}: SHA-256 is {found}, {which.title}'s is {right or 'known of the packed file alone'}; "
                "fetch it again, or run other data with --dataset FOLDER"
            )
    return len(sums) == 4 and all(found == which.sha256.get(name) for name, found in sums.items())


def _downloaded(which: MnistLike) -> Path:
    folder = locations.cache_folder() / which.name
    download(which.source, folder)
    return folder
