"""The digits that come with scikit-learn, written in every form that is read, are the same images and classes."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from benchmark import datasets

ROWS = 240
SIXTEEN = load_digits().images[:ROWS]
"""As scikit-learn has them: floats of 0 to 16."""
BYTES = np.rint(SIXTEEN * (255 / 16)).astype(np.uint8)
LABELS = load_digits().target[:ROWS]
TRAIN, TEST = slice(160), slice(160, None)
PARTS = (("train", TRAIN), ("test", TEST))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path / "cache"))


def keras(folder: Path, X: np.ndarray = BYTES) -> None:
    np.savez(folder / "a.npz", x_train=X[TRAIN], y_train=LABELS[TRAIN], x_test=X[TEST], y_test=LABELS[TEST])


def medmnist(folder: Path) -> None:
    arrays = {}
    for part, rows in (("train", slice(130)), ("val", slice(130, 160)), ("test", TEST)):
        arrays |= {f"{part}_images": BYTES[rows], f"{part}_labels": LABELS[rows, None].astype(np.uint8)}
    np.savez_compressed(folder / "digitsmnist.npz", **arrays)


def kuzushiji(folder: Path, prefix: str = "k49") -> None:
    for part, rows in PARTS:
        np.savez_compressed(folder / f"{prefix}-{part}-imgs.npz", BYTES[rows])
        np.savez_compressed(folder / f"{prefix}-{part}-labels.npz", LABELS[rows].astype(np.uint8))
    table = pd.DataFrame({"index": range(10), "codepoint": "U+0030", "char": [str(i) for i in range(10)]})
    table.to_csv(folder / f"{prefix}_classmap.csv", index=False)


def npy(folder: Path) -> None:
    for part, rows in PARTS:
        np.save(folder / f"X_{part}.npy", SIXTEEN[rows])
        np.save(folder / f"y_{part}.npy", LABELS[rows])


def quickdraw(folder: Path) -> None:
    for label in range(10):
        np.save(folder / f"{label}.npy", BYTES[label == LABELS].reshape(-1, 64))


def idx(array: np.ndarray, code: int = 0x08) -> bytes:
    return struct.pack(f">I{array.ndim}I", (code << 8) + array.ndim, *array.shape) + array.tobytes()


def mnist(folder: Path, name: str = "{}-{}-idx{}-ubyte.gz", X: np.ndarray = BYTES, code: int = 0x08) -> None:
    for part, rows in PARTS:
        test = part if name.startswith("emnist") or part == "train" else "t10k"
        images = idx(np.ascontiguousarray(X[rows]), code)
        (folder / name.format(test, "images", 3)).write_bytes(gzip.compress(images))
        (folder / name.format(test, "labels", 1)).write_bytes(gzip.compress(idx(LABELS[rows].astype(np.uint8))))


def emnist(folder: Path) -> None:
    mnist(folder, "emnist-digits-{}-{}-idx{}-ubyte.gz", BYTES.transpose(0, 2, 1))
    (folder / "emnist-digits-mapping.txt").write_text("".join(f"{i} {48 + i}\n" for i in range(10)))


def floats_in_idx(folder: Path) -> None:
    mnist(folder, X=(SIXTEEN / 16).astype(">f4"), code=0x0D)


def frame(rows: slice = slice(None), X: np.ndarray = BYTES) -> pd.DataFrame:
    pixels = pd.DataFrame(X[rows].reshape(-1, 64)).add_prefix("pixel")
    return pd.concat([pd.Series(LABELS[rows], name="label"), pixels], axis=1)


def sign_mnist(folder: Path) -> None:
    for part, rows in PARTS:
        frame(rows).to_csv(folder / f"sign_mnist_{part}.csv", index=False)


def a_z(folder: Path) -> None:
    """Lay out one table without a header, the label first."""
    frame().to_csv(folder / "A_Z Handwritten Data.csv", index=False, header=False)


def a_z_again(folder: Path) -> None:
    """Lay out the same, under the names that pandas gives columns where it took an image for them."""
    table = frame()
    table.columns = ["0", *(f"0.{i}" for i in range(1, 65))]
    table.to_csv(folder / "A_Z Handwritten Data.csv", index=False)


def optdigits(folder: Path) -> None:
    for part, rows in (("tra", TRAIN), ("tes", TEST)):
        np.savetxt(folder / f"optdigits.{part}", np.c_[SIXTEEN[rows].reshape(-1, 64), LABELS[rows]], "%d", ",")


def usps(folder: Path) -> None:
    """Lay out Hastie's zip.train: the label, then values of -1 to 1, apart by blanks."""
    for part, rows in PARTS:
        text = io.StringIO()
        np.savetxt(text, np.c_[LABELS[rows], SIXTEEN[rows].reshape(-1, 64) / 8 - 1], ["%.4f", *["%.4f"] * 64], " ")
        (folder / f"zip.{part}.gz").write_bytes(gzip.compress(text.getvalue().encode()))


def with_an_index(folder: Path) -> None:
    frame(X=SIXTEEN).to_csv(folder / "digits.csv.bz2", sep=";", decimal=",")


def labels_apart(folder: Path) -> None:
    for part, rows in PARTS:
        np.savetxt(folder / f"X_{part}.csv", BYTES[rows].reshape(-1, 64), "%d", ",")
        np.savetxt(folder / f"y_{part}.csv", LABELS[rows], "%d")


def fer(folder: Path) -> None:
    usage = np.where(np.arange(ROWS) < 160, "Training", "PrivateTest")
    texts = [" ".join(map(str, image.ravel().tolist())) for image in BYTES]
    pd.DataFrame({"emotion": LABELS, "pixels": texts, "Usage": usage}).to_csv(folder / "fer2013.csv", index=False)


def arff(folder: Path) -> None:
    """Lay out OpenML 28, optdigits: a class of named values, whole numbers of 0 to 16."""
    head = "".join(f"@attribute input{i + 1} INTEGER\n" for i in range(64))
    classes = ",".join(map(str, range(10)))
    rows = io.StringIO()
    np.savetxt(rows, np.c_[SIXTEEN.reshape(ROWS, 64), LABELS], "%d", ",")
    text = f"@relation optdigits\n\n{head}@attribute 'class' {{{classes}}}\n@data\n{rows.getvalue()}"
    (folder / "optdigits.arff").write_text(text)


def pictures(folder: Path, suffix: str = "png") -> None:
    for part, rows in PARTS:
        for row in range(*rows.indices(ROWS)):
            place = folder / part / str(LABELS[row])
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(BYTES[row]).save(place / f"{row}.{suffix}")


def listed(folder: Path) -> None:
    (folder / "images").mkdir()
    for row in range(ROWS):
        Image.fromarray(BYTES[row]).save(folder / "images" / f"{row:03}.bmp")
    for part, rows in PARTS:
        table = pd.DataFrame({"file": [f"{row:03}.bmp" for row in range(ROWS)], "label": LABELS})[rows]
        table.to_csv(folder / f"{part}.csv", index=False)


def hugging_face(folder: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    (folder / "data").mkdir()
    info = {"image": {"_type": "Image"}, "label": {"names": [str(i) for i in range(10)], "_type": "ClassLabel"}}
    for part, rows in PARTS:
        cells = []
        for image in BYTES[rows]:
            blob = io.BytesIO()
            Image.fromarray(image).save(blob, "PNG")
            cells.append({"bytes": blob.getvalue(), "path": None})
        kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        table = pa.table({"image": pa.array(cells, kind), "label": pa.array(LABELS[rows])})
        meta = {"huggingface": json.dumps({"info": {"features": info}})}
        pq.write_table(table.replace_schema_metadata(meta), folder / "data" / f"{part}-00000-of-00001.parquet")


def columns_in_parquet(folder: Path) -> None:
    pytest.importorskip("pyarrow")
    for part, rows in PARTS:
        frame(rows, SIXTEEN).to_parquet(folder / f"latest_{part}.parquet")


def lists_in_parquet(folder: Path) -> None:
    pytest.importorskip("pyarrow")
    (folder / "data").mkdir()
    for part, rows in PARTS:
        table = pd.DataFrame({"image": (SIXTEEN[rows] / 16).tolist(), "label": LABELS[rows]})
        table.to_parquet(folder / "data" / f"{part}-00000-of-00001.parquet")


def zipped(folder: Path) -> None:
    frame().to_csv(folder.parent / "digits.csv", index=False)
    with zipfile.ZipFile(folder / "digits.zip", "w") as archive:
        archive.write(folder.parent / "digits.csv", "archive/digits.csv")
        archive.writestr("__MACOSX/archive/._digits.csv", b"\0\5\26\7")


def tarred(folder: Path) -> None:
    pictures(folder.parent / "inside")
    with tarfile.open(folder / "digits.tar.gz", "w:gz") as archive:
        archive.add(folder.parent / "inside", "digits")


FORMS: dict[str, tuple[Callable[[Path], None], str]] = {
    **{
        f"npz of {name}": ((lambda folder, X=X: keras(folder, X)), "a.npz")
        for name, X in {
            "bytes": BYTES,
            "0 to 16": SIXTEEN,
            "0 to 16 in bytes": SIXTEEN.astype(np.uint8),
            "fractions": (SIXTEEN / 16).astype(np.float32),
            "fractions and a hair": (SIXTEEN / 16 * 1.0000002).astype(np.float32),
            "signed fractions": SIXTEEN / 8 - 1,
            "bytes less 128": (BYTES.astype(int) - 128).astype(np.int8),
            "bytes without a sign": BYTES.astype(np.int8),
            "16 bits": BYTES.astype(np.uint16) * 257,
            "signed 16 bits": (BYTES.astype(int) * 257 - 32_768).astype(np.int16),
            "channels first": BYTES[:, None],
            "rows": BYTES.reshape(ROWS, 64),
        }.items()
    },
    "MedMNIST": (medmnist, "digitsmnist.npz"),
    "Kuzushiji-49": (kuzushiji, ""),
    "npy": (npy, ""),
    "QuickDraw": (quickdraw, ""),
    "MNIST": (mnist, ""),
    "EMNIST": (emnist, ""),
    "IDX of floats": (floats_in_idx, ""),
    "Sign MNIST": (sign_mnist, ""),
    "A-Z handwritten": (a_z, ""),
    "A-Z handwritten, saved again": (a_z_again, ""),
    "optdigits of UCI": (optdigits, ""),
    "USPS": (usps, ""),
    "CSV with an index": (with_an_index, ""),
    "CSV with labels apart": (labels_apart, ""),
    "FER-2013": (fer, ""),
    "ARFF": (arff, ""),
    "folders of pictures": (pictures, ""),
    "a table of pictures": (listed, ""),
    "Hugging Face": (hugging_face, ""),
    "Parquet of columns": (columns_in_parquet, ""),
    "Parquet of lists": (lists_in_parquet, ""),
    "zip": (zipped, "digits.zip"),
    "tar.gz": (tarred, "digits.tar.gz"),
}


@pytest.mark.parametrize(("write", "name"), FORMS.values(), ids=list(FORMS))
def test_the_same_images_in_every_form(tmp_path: Path, write: Callable[[Path], None], name: str) -> None:
    (tmp_path / "mine").mkdir()
    write(tmp_path / "mine")
    found = datasets.load(str(tmp_path / "mine" / name))
    assert found.image_shape == (8, 8, 1)
    assert found.class_names == tuple(str(label) for label in range(10))
    meant = sorted(zip(map(bytes, BYTES.reshape(ROWS, 64)), LABELS.tolist(), strict=True))
    pairs = [pair for part in (found.train, found.test) for pair in zip(part.X, part.y.tolist(), strict=True)]
    assert sorted((bytes(image), label) for image, label in pairs) == meant
    if len(found.test.y) == ROWS - 160:  # the form says its parts
        assert sorted(map(bytes, found.test.X)) == sorted(map(bytes, BYTES[TEST].reshape(-1, 64)))


def test_they_are_the_built_in_ones(tmp_path: Path) -> None:
    whole = load_digits()
    pd.DataFrame(whole.data).assign(label=whole.target).to_csv(tmp_path / "all.csv", index=False)
    (tmp_path / "all.csv.bz2").write_bytes(bz2.compress((tmp_path / "all.csv").read_bytes()))
    built_in = datasets.load("digits")
    meant = sorted(map(bytes, np.concatenate([built_in.train.X, built_in.test.X])))
    for name in ("all.csv", "all.csv.bz2"):
        found = datasets.load(str(tmp_path / name))
        assert sorted(map(bytes, np.concatenate([found.train.X, found.test.X]))) == meant
