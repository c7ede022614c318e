"""Fashion-MNIST-H: what people call the 10,000 test images of Fashion-MNIST.

Ishida et al. 2023, "Is the Performance of My Deep Network Too Good to Be True?" (ICLR;
https://openreview.net/forum?id=FZdJQgy05rz, repository takashiishida/irreducible). Its licence is
GPL-3: it is read where it lies or downloaded, never kept with the project or its results.
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
"""As on the repository's main branch; its first commit has the same numbers written with an exponent (2.5 MB)."""

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
    """Find, verify and read the labels; download them if they are nowhere.

    Parameters
    ----------
    data_dir : Path, optional
        Looked at first, then ``$BENCHMARK_DATA``, ``data/`` here, ``data/`` and ``../shared/data/``
        beside the checkout, and our own cache; in each also the subfolder ``fashion-mnist-h``.

    Returns
    -------
    ndarray of int64, (10000, 10)
        How many people gave each test image (row, in the test set's order) each class (column).

    Raises
    ------
    UnavailableError
        Nowhere to be had.
    BenchmarkError
        A wrong file in a place that a person named.
    """
    return np.loadtxt(locate(data_dir) or _downloaded(), dtype=np.int64, delimiter=",", ndmin=2)


def locate(data_dir: Path | None = None) -> Path | None:
    """Return the first copy on this machine that is right, or None; see `load` for where it is looked for."""
    looked = [(root.folder, bool(root.named)) for root in locations.data_roots(data_dir)] + [
        (locations.cache_folder(), False)
    ]
    found = (folder / under / FILE for folder, named in looked for under in ("", NAME) if _right(folder / under, named))
    return next(found, None)


def _right(folder: Path, named: bool) -> bool:
    """Tell whether the published file is there; what a person named must be right if it is there."""
    path = folder / FILE
    if not os.path.isfile(path):  # unlike Path.is_file, answers False where a folder may not be looked into
        return False
    found = idx.digest(path)
    if found != COUNTS.sha256 and named:
        raise BenchmarkError(
            f"{path}: SHA-256 is {found}, that of the published file is {COUNTS.sha256}; remove it, or fetch it again "
            f"from {SOURCE.mirrors[0]}{FILE}"
        )
    return found == COUNTS.sha256


def _downloaded() -> Path:
    folder = locations.cache_folder() / NAME
    download(SOURCE, folder)
    return folder / FILE
