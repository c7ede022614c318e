"""Data sets that are published as MNIST was, in four IDX files: found on this machine, or downloaded.

The SHA-256 of every file is checked before any of it is used. Each data set has a module with its checksums.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmark.datasets import idx, locations
from benchmark.datasets.download import File, Source, download
from benchmark.datasets.forms import idx_files
from benchmark.datasets.validate import FileDataset
from benchmark.errors import BenchmarkError

_LARGEST = 2**26
"""Upper limit of the unpacked size of each file, in bytes."""


@dataclass(frozen=True)
class MnistLike:
    """Names, checksums and mirrors of one data set.

    Attributes
    ----------
    name : str
        For ``--dataset``; folders of this name are searched.
    title : str
        The name for people.
    class_names : tuple of str
    sha256 : mapping of str to str
        By file name: of the packed files, as published, and of the unpacked files of torchvision, if known.
    packed_bytes : mapping of str to int
        Sizes of the downloads by file name; a download that exceeds its size is stopped.
    mirrors : tuple of str
        URLs of folders, tried in turn.
    torchvision : str
        Name of the folder that torchvision creates.
    means : tuple of float
        Mean grey values of the parts, by which the data are recognised in other formats; empty if unknown.
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
        """The packed files and their mirrors."""
        return Source(
            title=self.title,
            files={name: File(self.sha256[name], size) for name, size in self.packed_bytes.items()},
            mirrors=self.mirrors,
            put=f"put the four files into data/{self.name}",
            flag="name their folder with --data-dir",
        )

    def looks_like(self, X: npt.NDArray[np.uint8]) -> bool:
        """Return whether images, (n, ...), have the size and mean of this data set; False if its means are unknown."""
        return len(X) in (60_000, 10_000) and min((abs(X.mean() - mean) for mean in self.means), default=1.0) < 1e-3


def load(which: MnistLike, catalogue: Sequence[MnistLike], data_dir: Path | None = None) -> FileDataset:
    """Find, verify and read a data set; download it if it is not on this machine.

    Parameters
    ----------
    which : MnistLike
    catalogue : sequence of MnistLike
        All data sets with these file names, so that none is mistaken for another.
    data_dir : Path, optional
        The first folder to search; a wrong file in it is an error, not a reason to search elsewhere.

    Raises
    ------
    UnavailableError
        Not on this machine, and no mirror has it.
    BenchmarkError
        A wrong file in a folder that the user named, or another data set of the catalogue in a folder of this name.
    """
    folder = locate(which, catalogue, data_dir) or _downloaded(which)
    return idx_files.idx_folder(folder, which.name, which.class_names)


def locate(which: MnistLike, catalogue: Sequence[MnistLike], data_dir: Path | None = None) -> Path | None:
    """Return the first folder that holds the four files with the right checksums, or None.

    The order of the search: `data_dir`, ``$BENCHMARK_DATA``, ``data/`` and ``../shared/data/`` of the checkout,
    ``data/`` of the working directory, Keras's cache, our own cache; each with the subfolders that other tools use.
    """
    others = [each for each in catalogue if each is not which]
    roots = [(root.folder, root.named) for root in locations.data_roots(data_dir)]
    roots += [(locations.keras_folder(), ""), (locations.cache_folder(), "")]
    for root, named in roots:
        for folder in (root, root / which.name, root / which.torchvision / "raw"):
            if _complete(which, others, folder, named, meant=folder != root or named == "--data-dir"):
                return folder
    return None


def identify(folder: Path, catalogue: Sequence[MnistLike]) -> MnistLike | None:
    """Return the data set whose four files a folder holds, by their checksums, or None."""
    sums = file_sums(idx.find_files(folder))
    return next(
        (each for each in catalogue if len(sums) == 4 and all(each.sha256.get(n) == s for n, s in sums.items())), None
    )


def file_sums(files: Iterable[Path]) -> dict[str, str]:
    """Return a mapping of file name to SHA-256."""
    return {path.name: idx.digest(path) for path in files}


def _complete(which: MnistLike, others: Sequence[MnistLike], folder: Path, named: str, *, meant: bool) -> bool:
    """Return whether a folder holds the four files with the right checksums; raise if it holds wrong ones.

    `meant` is True if the folder's name or the user says that it is of this data set. Files of another data set are an
    error in such a folder, because scores on them would be far too good or too bad, and ignored in any other.
    """
    sums = file_sums(idx.find_files(folder))
    for name, checksum in sums.items():
        expected = which.sha256.get(name)
        if checksum == expected:
            continue
        other = next((each for each in others if checksum in each.sha256.values()), None)
        if other is not None and meant:
            raise BenchmarkError(
                f"{folder / name}: this is {other.title}, not {which.title}, under the same file name; "
                f"remove it, or run it as what it is with --dataset {other.name}"
            )
        if named and other is None:
            # Reading names the exact cause if the file is damaged; any other content is reported by its checksums.
            array = idx.read(folder / name, idx.IMAGES if "images" in name else idx.LABELS, _LARGEST)
            other = next((each for each in others if array.ndim == 3 and each.looks_like(array)), None)
            if other is not None:
                raise BenchmarkError(
                    f"{folder / name}: this is {other.title}, not {which.title}, under the same file name; remove it"
                )
            raise BenchmarkError(
                f"{folder / name}: SHA-256 is {checksum}, {which.title}'s is "
                f"{expected or 'only known of the packed file'}; fetch it again, or run other data with "
                "--dataset FOLDER"
            )
    return len(sums) == 4 and all(checksum == which.sha256.get(name) for name, checksum in sums.items())


def _downloaded(which: MnistLike) -> Path:
    folder = locations.cache_folder() / which.name
    download(which.source, folder)
    return folder
