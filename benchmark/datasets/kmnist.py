"""KMNIST (Clanuwat et al. 2018, arXiv 1812.01718), ten cursive Japanese characters: names and checksums of its files.

The checksums are those of TensorFlow Datasets; the MD5s of the same files are torchvision's. No checksums of the
unpacked files are published.
"""

from __future__ import annotations

from benchmark.datasets.mnist_like import MnistLike

NAME = "kmnist"

SHA256 = {
    "t10k-images-idx3-ubyte.gz": "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
    "t10k-labels-idx1-ubyte.gz": "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
    "train-images-idx3-ubyte.gz": "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
    "train-labels-idx1-ubyte.gz": "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
}

PACKED_BYTES = {
    "t10k-images-idx3-ubyte.gz": 3_041_136,
    "t10k-labels-idx1-ubyte.gz": 5_120,
    "train-images-idx3-ubyte.gz": 18_165_135,
    "train-labels-idx1-ubyte.gz": 29_497,
}

PUBLISHED = MnistLike(
    name=NAME,
    title="KMNIST",
    class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    sha256=SHA256,
    packed_bytes=PACKED_BYTES,
    mirrors=("https://codh.rois.ac.jp/kmnist/dataset/kmnist/", "http://codh.rois.ac.jp/kmnist/dataset/kmnist/"),
    torchvision="KMNIST",
)
