"""Fashion-MNIST-H: human labels of the 10,000 test images of Fashion-MNIST.

Ishida et al. 2023, "Is the Performance of My Deep Network Too Good to Be True?" (ICLR;
https://openreview.net/forum?id=FZdJQgy05rz, repository takashiishida/irreducible). Its licence is
GPL-3: the file is read in place or downloaded, and never stored with the project or its results.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmark.datasets import idx, locations
from benchmark.datasets.download import File, Source, download
from benchmark.errors import BenchmarkError

NAME = "fashion-mnist-h"

FILE = "fmh_counts.csv"

COUNTS = File("bec7efff5d6f901a6224758d71caadb436dbd8de1284b0be7089d193be94ddbc", 216_176)
"""The file of the repository's main branch; its first commit has the same numbers in exponent notation (2.5 MB)."""

SOURCE = Source(
    title="Fashion-MNIST-H (human labels)",
    files={FILE: COUNTS},
    mirrors=(
        "https://raw.githubusercontent.com/takashiishida/irreducible/main/data/",
        "https://github.com/takashiishida/irreducible/raw/main/data/",
        "https://cdn.jsdelivr.net/gh/takashiishida/irreducible@main/data/",
    ),
    put=f"put {FILE} into data/{NAME}",
    flag="name its folder with --data-dir",
)


def load(data_dir: Path | None = None) -> npt.NDArray[np.int64]:
    """Find, verify and read the labels; download them if they are not on this machine.

    Parameters
    ----------
    data_dir : Path, optional
        The first folder to search, before ``$BENCHMARK_DATA``, ``data/`` and ``../shared/data/`` of the checkout,
        ``data/`` of the working directory, and our own cache; each with its subfolder ``fashion-mnist-h``.

    Returns
    -------
    ndarray of int64, (10000, 10)
        How many people gave each test image (row, in the test set's order) each class (column).

    Raises
    ------
    UnavailableError
        Not on this machine, and no mirror has the file.
    BenchmarkError
        A wrong file in a folder that the user named.
    """
    return np.loadtxt(locate(data_dir) or _downloaded(), dtype=np.int64, delimiter=",", ndmin=2)


def locate(data_dir: Path | None = None) -> Path | None:
    """Return the first copy with the right checksum, or None; see `load` for the order of the search."""
    roots = [(root.folder, bool(root.named)) for root in locations.data_roots(data_dir)] + [
        (locations.cache_folder(), False)
    ]
    copies = (
        folder / below / FILE for folder, named in roots for below in ("", NAME) if _verified(folder / below, named)
    )
    return next(copies, None)


def _verified(folder: Path, named: bool) -> bool:
    """Return whether a folder holds the published file; raise if a folder that the user named holds another one."""
    path = folder / FILE
    if not os.path.isfile(path):  # unlike Path.is_file, returns False for a folder without read permission
        return False
    checksum = idx.digest(path)
    if checksum != COUNTS.sha256 and named:
        raise BenchmarkError(
            f"{path}: SHA-256 is {checksum}, that of the published file is {COUNTS.sha256}; remove it, or fetch it "
            f"again from {SOURCE.mirrors[0]}{FILE}"
        )
    return checksum == COUNTS.sha256


def _downloaded() -> Path:
    folder = locations.cache_folder() / NAME
    download(SOURCE, folder)
    return folder / FILE
