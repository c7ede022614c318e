"""Fashion-MNIST (Xiao, Rasul and Vollgraf 2017, arXiv 1708.07747): found on this machine, or downloaded.

Every file's SHA-256 is checked before a byte of it is used.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmark.datasets import formats, idx, places
from benchmark.datasets.build import FileDataset
from benchmark.datasets.download import File, Source, download
from benchmark.errors import BenchmarkError

NAME = "fashion-mnist"

CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

SHA256 = {
    "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
}
"""As published, and as torchvision leaves them (the unpacked bytes of the same files)."""

PACKED_BYTES = {
    "t10k-images-idx3-ubyte.gz": 4_422_102,
    "t10k-labels-idx1-ubyte.gz": 5_148,
    "train-images-idx3-ubyte.gz": 26_421_880,
    "train-labels-idx1-ubyte.gz": 29_515,
}
"""What a mirror sends; one that sends more is cut off."""

_LARGEST = 2**26
"""Bytes: more than any of the files unpacks to."""

MNIST_SHA256 = {
    "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""MNIST's own files have the same names; taken for Fashion-MNIST they score far too well."""

MNIST_MEANS = (33.3184, 33.7912)
"""Mean grey value of MNIST's training and test images, by which they are known in other packings; ours: 72.9, 73.1."""

IS_MNIST = "this is MNIST (the digits), not Fashion-MNIST"

SOURCE = Source(
    title="Fashion-MNIST",
    files={name: File(SHA256[name], size) for name, size in PACKED_BYTES.items()},
    mirrors=(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    ),
    put="put the four files into data/fashion-mnist",
    flag="name their folder with --data-dir",
)
"""Where the packed files are downloaded from."""


def load(data_dir: Path | None = None) -> FileDataset:
    """Find, verify and read Fashion-MNIST; download it if it is nowhere.

    Parameters
    ----------
    data_dir : Path, optional
        Looked at first; a wrong file there is an error, not a reason to look elsewhere.

    Raises
    ------
    UnavailableError
        Nowhere to be had.
    BenchmarkError
        A wrong file in a named place, or MNIST under Fashion-MNIST's names anywhere.
    """
    return formats.idx_folder(locate(data_dir) or _downloaded(), NAME, CLASS_NAMES)


def locate(data_dir: Path | None = None) -> Path | None:
    """Return the first folder that holds the four files with the right checksums, or None.

    The order: `data_dir`, ``$BENCHMARK_DATA``, ``data/`` here, ``data/`` and ``../shared/data/``
    beside the checkout, Keras's cache, our own cache; each with the subfolders in which other
    tools put them.
    """
    for root in places.roots(data_dir):
        found = _first(root.folder, bool(root.named))
        if found:
            return found
    others = (places.keras(), places.cache())
    return next((found for place in others if (found := _first(place, named=False))), None)


def file_sums(files: Iterable[Path]) -> dict[str, str]:
    """Return file name to SHA-256."""
    return {path.name: idx.digest(path) for path in files}


def looks_like_mnist(X: npt.NDArray[np.uint8]) -> bool:
    """Tell MNIST's images, (n, ...), however they are packed."""
    return len(X) in (60_000, 10_000) and min(abs(X.mean() - mean) for mean in MNIST_MEANS) < 1e-3


def _first(place: Path, named: bool) -> Path | None:
    for folder in (place, place / NAME, place / "FashionMNIST" / "raw"):
        if _complete(folder, named):
            return folder
    return None


def _complete(folder: Path, named: bool) -> bool:
    """Tell whether the four files are there and right; refuse what only looks like them."""
    sums = file_sums(idx.find(folder))
    for name, found in sums.items():
        if found in MNIST_SHA256:
            raise BenchmarkError(
                f"{folder / name}: {IS_MNIST}, under the same file name; "
                "remove it, or run it as what it is with --dataset FOLDER"
            )
        if found != SHA256[name] and named:
            # A damaged copy gets its exact cause; any other content its two checksums.
            array = idx.read(folder / name, idx.IMAGES if "images" in name else idx.LABELS, _LARGEST)
            if array.ndim == 3 and looks_like_mnist(array):
                raise BenchmarkError(f"{folder / name}: {IS_MNIST}, under the same file name; remove it")
            raise BenchmarkError(
                f"{folder / name}: SHA-256 is {found}, Fashion-MNIST's is {SHA256[name]}; "
                "fetch it again, or run other data with --dataset FOLDER"
            )
    return len(sums) == 4 and all(found == SHA256[name] for name, found in sums.items())


def _downloaded() -> Path:
    folder = places.cache() / NAME
    download(SOURCE, folder)
    return folder
