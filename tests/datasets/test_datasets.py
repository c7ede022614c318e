"""Every way in, and every bad input, one by one."""

from __future__ import annotations

import functools
import gzip
import http.server
import io
import os
import re
import shutil
import struct
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark import datasets
from benchmark.datasets import fashion_mnist, idx, kmnist, mnist, mnist_like, validate
from benchmark.datasets.memmap import materialise
from benchmark.errors import BenchmarkError
from tests import CHECKOUT

REAL = next(
    (
        place / "fashion-mnist"
        for place in (Path(os.environ.get("BENCHMARK_DATA", "/nonexistent")), CHECKOUT.parent / "shared" / "data")
        if (place / "fashion-mnist").is_dir()
    ),
    None,
)
needs_real = pytest.mark.skipif(REAL is None, reason="the real Fashion-MNIST files are not here: set BENCHMARK_DATA")
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (12, 4, 4), dtype=np.uint8)
LABELS = np.array([0, 1, 2] * 4, dtype=np.uint8)
FOUR = [f"{stem}.gz" for stem in (*idx.TRAIN, *idx.TEST)]


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no copy of the data be found but those a test names, and no mirror be reached."""
    for name in ("BENCHMARK_CACHE", "KERAS_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("BENCHMARK_MIRRORS", "http://127.0.0.1:9/")
    monkeypatch.delenv("BENCHMARK_DATA", raising=False)
    monkeypatch.setattr("benchmark.datasets.locations.CHECKOUT", tmp_path / "checkout" / "main")
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")


def packed(array: np.ndarray, magic: int | None = None) -> bytes:
    magic = magic or 0x800 + array.ndim
    return struct.pack(f">I{array.ndim}I", magic, *array.shape) + array.tobytes()


def idx_folder(folder: Path, **replaced: bytes | None) -> Path:
    """Write four good IDX files; `train_images=b"..."` and so on replace one, None leaves it out."""
    folder.mkdir(parents=True, exist_ok=True)
    keys = ("train_images", "train_labels", "test_images", "test_labels")
    for key, name, array in zip(keys, FOUR, (IMAGES, LABELS, IMAGES, LABELS), strict=True):
        content = replaced.get(key, gzip.compress(packed(array), mtime=0))  # the same bytes a second later
        if content is not None:
            (folder / name).write_bytes(content)
    return folder


def npz(path: Path, **replaced: np.ndarray | None) -> str:
    arrays = {"X_train": IMAGES, "y_train": LABELS, "X_test": IMAGES, "y_test": LABELS, **replaced}
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return str(path)


def csvs(folder: Path, train: str | None = None) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [f"{y}," + ",".join(map(str, x.ravel())) for x, y in zip(IMAGES, LABELS, strict=True)]
    text = "\n".join(["label," + ",".join(f"pixel{i}" for i in range(1, 17)), *rows]) + "\n"
    (folder / "mine_train.csv").write_text(text if train is None else train)
    (folder / "mine_test.csv").write_text(text)
    return str(folder)


def known_as(monkeypatch: pytest.MonkeyPatch, which: mnist_like.MnistLike, folder: Path) -> None:
    """Let the files of a folder be the published ones: neither MNIST nor KMNIST is on this machine."""
    found = next(each for each in datasets.PUBLISHED if each.name == which.name)
    files = {path.name: path.stat().st_size for path in idx.find_files(folder)}
    made = replace(which, sha256=mnist_like.file_sums(idx.find_files(folder)), packed_bytes=files)
    monkeypatch.setattr(datasets, "PUBLISHED", tuple(made if each is found else each for each in datasets.PUBLISHED))


# --- every way in


def test_the_same_images_are_the_same_data_from_any_format(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    for name, array in zip((*idx.TRAIN, *idx.TEST), (IMAGES, LABELS) * 2, strict=True):
        (plain / name).write_bytes(packed(array))
    ways = [
        str(idx_folder(tmp_path / "zipped")),
        str(plain),
        csvs(tmp_path / "csv"),
        npz(tmp_path / "rows.npz", X_train=IMAGES.reshape(12, -1)),
        npz(tmp_path / "floats.npz", X_train=IMAGES.astype(float), X_test=IMAGES.astype(float)),
    ]
    found = [datasets.load(way) for way in ways]
    assert len({dataset.sha256 for dataset in found}) == 1
    assert (found[0].train.X.reshape(12, 4, 4) == IMAGES).all()
    assert found[0].train.X.dtype == np.uint8
    assert found[0].train.y.dtype == np.int64
    assert found[0].class_names == ("0", "1", "2")
    assert [dataset.name for dataset in found] == ["zipped", "plain", "csv", "rows", "floats"]


def test_pixels_from_0_to_1_are_scaled_and_it_is_said(tmp_path: Path) -> None:
    fractions = (IMAGES / 255).astype(np.float32)
    found = datasets.load(npz(tmp_path / "a.npz", X_train=fractions, X_test=fractions))
    assert (found.train.X.reshape(12, 4, 4) == IMAGES).all()
    assert "scaled" in found.source


def test_labels_with_gaps_become_classes(tmp_path: Path) -> None:
    found = datasets.load(npz(tmp_path / "a.npz", y_train=LABELS * 7 + 1, y_test=LABELS * 7 + 1))
    assert found.class_names == ("1", "8", "15")
    assert (found.train.y == LABELS).all()


def test_labels_may_be_texts_whole_floats_booleans_columns_or_one_hot(tmp_path: Path) -> None:
    usual = datasets.load(npz(tmp_path / "a.npz"))
    for number, change in enumerate(
        (
            lambda y: y.astype(float),
            lambda y: y[:, None].astype(np.uint8),
            lambda y: np.eye(3)[y],
            lambda y: np.array(["0", "1", "2"])[y],
            lambda y: np.array([b"0", b"1", b"2"])[y],
        )
    ):
        found = datasets.load(npz(tmp_path / f"{number}.npz", y_train=change(LABELS), y_test=change(LABELS)))
        assert found.sha256 == usual.sha256
    found = datasets.load(npz(tmp_path / "b.npz", y_train=LABELS > 0, y_test=LABELS > 0))
    assert found.class_names == ("0", "1")


def test_the_npz_of_medmnist_and_of_keras(tmp_path: Path) -> None:
    usual, told = datasets.load(npz(tmp_path / "a.npz")), []
    np.savez(tmp_path / "keras.npz", x_train=IMAGES, y_train=LABELS, x_test=IMAGES, y_test=LABELS)
    assert datasets.load(str(tmp_path / "keras.npz")).sha256 == usual.sha256
    arrays = {
        f"{part}_{kind}": each
        for part in ("train", "test")
        for kind, each in (("images", IMAGES), ("labels", LABELS[:, None]))
    }
    np.savez(tmp_path / "med.npz", **arrays)
    assert datasets.load(str(tmp_path / "med.npz")).sha256 == usual.sha256
    np.savez(tmp_path / "med.npz", **arrays, val_images=IMAGES[:5], val_labels=LABELS[:5, None])
    found = datasets.load(str(tmp_path / "med.npz"), notify=told.append)
    assert np.array_equal(found.train.X, np.concatenate([usual.train.X, usual.train.X[:5]]))
    assert np.array_equal(found.train.y, np.concatenate([usual.train.y, usual.train.y[:5]]))
    assert np.array_equal(found.test.X, usual.test.X)
    assert "the 5 images of val_images join those that train" in told[0]


def test_an_npz_in_colour_keeps_its_channels(tmp_path: Path) -> None:
    colour = np.random.default_rng(0).integers(0, 256, (12, 4, 5, 3)).astype(np.uint8)
    found = datasets.load(npz(tmp_path / "a.npz", X_train=colour, X_test=colour))
    assert found.image_shape == (4, 5, 3)
    assert np.array_equal(found.train.X.reshape(colour.shape), colour)


def test_digits_are_stratified_and_always_there() -> None:
    found = datasets.load("digits")
    assert found.image_shape == (8, 8, 1)
    assert len(found.train.y) + len(found.test.y) == 1_797
    assert np.ptp(np.bincount(found.test.y)) <= 2
    assert found.train.X.max() == 255


@pytest.mark.parametrize("name", ["../../x", "a|b", "</script>", "=1+1", ".hidden", "..", "", "ä ö"])
def test_a_data_sets_name_is_safe_as_a_folders(name: str) -> None:
    safe = validate.folder_name(name)
    assert safe
    assert not safe.startswith(".")
    assert not set(safe) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(BenchmarkError, match="did you mean fashion-mnist"):
        datasets.load("fashon-mnist")


@pytest.mark.parametrize("name", ["Fashion-MNIST", "FashionMNIST", "fashion_mnist", "x" * 5_000, "", "  ", "a\0b"])
def test_a_name_that_is_none_is_one_clear_error(name: str) -> None:
    hint = "did you mean fashion-mnist" if "ashion" in name else "give fashion-mnist, digits"
    with pytest.raises(BenchmarkError, match=hint):
        datasets.load(name)


@pytest.mark.parametrize("name", ["digits", "Fashion-MNIST"])
def test_other_data_never_gets_a_built_in_name(tmp_path: Path, name: str) -> None:
    found = datasets.load(npz(tmp_path / f"{name}.npz"))
    assert found.name == f"{name}-{found.sha256[:8]}"


def test_a_folders_name_keeps_what_follows_a_dot(tmp_path: Path) -> None:
    assert datasets.load(str(idx_folder(tmp_path / "scans-v1.2"))).name == "scans-v1.2"


def test_columns_in_another_order_are_put_right(tmp_path: Path) -> None:
    folder = Path(csvs(tmp_path / "mine"))
    expected = datasets.load(str(folder)).sha256
    rows = (folder / "mine_test.csv").read_text().splitlines()
    (folder / "mine_test.csv").write_text("\n".join(",".join(row.split(",")[::-1]) for row in rows))
    assert datasets.load(str(folder)).sha256 == expected


def test_arrays_for_workers_are_written_once_and_hold_no_test_label(tmp_path: Path) -> None:
    dataset = datasets.load("digits")
    files = materialise(dataset, tmp_path / "c")
    stamp = files.train_X.stat().st_mtime_ns
    assert materialise(dataset, tmp_path / "c").train_X.stat().st_mtime_ns == stamp
    assert (np.load(files.test_X) == dataset.test.X).all()
    assert len(list((tmp_path / "c").rglob("*.npy"))) == 5
    files.train_X.write_bytes(b"torn")
    assert (np.load(materialise(dataset, tmp_path / "c").train_X) == dataset.train.X).all()


# --- Fashion-MNIST: where it is looked for, and what is refused


@needs_real
@pytest.mark.parametrize("layout", ["", "fashion-mnist", "FashionMNIST/raw"])
def test_fashion_mnist_is_found_in_a_named_folder(tmp_path: Path, layout: str) -> None:
    (tmp_path / "place" / layout).mkdir(parents=True)
    for name in FOUR:
        (tmp_path / "place" / layout / name).symlink_to(REAL / name)
    found = datasets.load("fashion-mnist", tmp_path / "place")
    assert (len(found.train.y), len(found.test.y)) == (60_000, 10_000)
    assert found.class_names[6] == "Shirt"
    assert found.sha256 == datasets.FASHION_MNIST_SHA256


@needs_real
def test_the_environment_the_lab_copy_and_torchvisions_unpacked_files_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = tmp_path / "checkout" / "shared" / "data" / "fashion-mnist"
    lab.mkdir(parents=True)
    for name in FOUR:
        (lab / name).symlink_to(REAL / name)
    assert mnist_like.locate(fashion_mnist.PUBLISHED, datasets.PUBLISHED) == lab
    raw = tmp_path / "tv" / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for name in FOUR:
        (raw / name.removesuffix(".gz")).write_bytes(gzip.decompress((REAL / name).read_bytes()))
    monkeypatch.setenv("BENCHMARK_DATA", str(tmp_path / "tv"))
    assert mnist_like.locate(fashion_mnist.PUBLISHED, datasets.PUBLISHED) == raw


@needs_real
def test_fashion_mnist_is_known_in_any_format(tmp_path: Path) -> None:
    real = datasets.load("fashion-mnist", REAL)
    (train, test) = real.train, real.test
    np.savez(tmp_path / "x.npz", X_train=train.X, y_train=train.y, X_test=test.X, y_test=test.y)
    found = datasets.load(str(tmp_path / "x.npz"))
    assert (found.name, found.class_names) == ("fashion-mnist", fashion_mnist.CLASS_NAMES)


def test_a_named_folder_without_the_files_is_one_place_among_others(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"no mirror gave it.*--data-dir"):
        datasets.load("fashion-mnist", tmp_path)
    assert datasets.load(None, tmp_path).name == "digits"


def test_other_data_in_a_named_place_is_an_error_with_both_checksums(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"train-images.*SHA-256 is .*Fashion-MNIST's is"):
        datasets.load("fashion-mnist", idx_folder(tmp_path / "place"))


@needs_real
def test_a_truncated_copy_in_a_named_place_is_called_that(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    for name in FOUR:
        (place / name).write_bytes((REAL / name).read_bytes()[: 9_000 if name == FOUR[3] else None])
    (place / FOUR[0]).write_bytes((REAL / FOUR[0]).read_bytes()[:100_000])
    with pytest.raises(BenchmarkError, match=r"train-images.*damaged or truncated gzip"):
        datasets.load("fashion-mnist", place)


def test_mnist_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # MNIST itself is not on this machine; its checksum is what it is known by, so that is given to a file.
    folder = idx_folder(tmp_path / "place")
    known_as(monkeypatch, mnist.PUBLISHED, folder)
    with pytest.raises(BenchmarkError, match="this is MNIST"):
        datasets.load("fashion-mnist", folder)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "k"))
    idx_folder(tmp_path / "k" / "datasets" / "fashion-mnist")
    with pytest.raises(BenchmarkError, match="this is MNIST"):
        datasets.load(None)


def test_mnist_in_another_packing_is_refused_by_name(tmp_path: Path) -> None:
    # Made up, with the mean by which MNIST's training images are known.
    X = np.full((60_000, 28, 28), 33, dtype=np.uint8)
    X.reshape(-1)[: round(0.31842 * X.size)] = 34
    y = np.arange(60_000, dtype=np.uint8) % 10
    np.savez(tmp_path / "fashion.npz", X_train=X, y_train=y, X_test=X[:100], y_test=y[:100])
    with pytest.raises(BenchmarkError, match=r"fashion\.npz: this is MNIST"):
        datasets.load(str(tmp_path / "fashion.npz"))
    place = idx_folder(tmp_path / "place", train_images=gzip.compress(packed(X), 1))
    with pytest.raises(BenchmarkError, match=r"train-images.*this is MNIST"):
        datasets.load("fashion-mnist", place)


def test_a_cache_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path / "file"))
    with pytest.raises(BenchmarkError, match="BENCHMARK_CACHE"):
        datasets.load("fashion-mnist")


# --- the network, with a real server


@pytest.fixture
def server(tmp_path: Path):
    """Serve two folders on loopback, one good, one corrupt; yield their addresses and the list of requests."""
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            asked.append(self.path)

    root = tmp_path / "mirrors"
    for folder in ("good", "corrupt"):
        (root / folder).mkdir(parents=True)
    for name in FOUR:
        if REAL is not None:
            (root / "good" / name).symlink_to(REAL / name)
        (root / "corrupt" / name).write_bytes(b"<html>sign in</html>")
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(root)))
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}", asked
    httpd.shutdown()
    thread.join()


@needs_real
def test_the_mirrors_are_tried_in_turn_and_what_they_give_is_verified(
    server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, asked = server
    monkeypatch.setenv("BENCHMARK_MIRRORS", f"http://127.0.0.1:9/ {address}/corrupt/ {address}/good/")
    assert len(datasets.load(None).train.y) == 60_000
    assert [path for path in asked if "corrupt" in path]
    kept = sorted(path.name for path in (tmp_path / "BENCHMARK_CACHE" / "fashion-mnist").iterdir())
    assert kept == sorted(FOUR)
    asked.clear()
    assert len(datasets.load("fashion-mnist").train.y) == 60_000
    assert asked == []


def test_with_no_way_to_get_it_the_default_takes_the_digits_and_says_so_loudly(server, monkeypatch) -> None:
    address, _ = server
    monkeypatch.setenv("BENCHMARK_MIRRORS", f"http://127.0.0.1:9/ {address}/corrupt/")
    told: list[str] = []
    assert datasets.load(None, notify=told.append).name == "digits"
    assert "DIGITS" in told[0]
    assert "127.0.0.1:9" in told[0]


def test_asked_for_by_name_it_never_falls_back() -> None:
    with pytest.raises(BenchmarkError, match=r"no mirror gave it.*data/fashion-mnist"):
        datasets.load("fashion-mnist", notify=lambda text: pytest.fail("fell back"))


# --- MNIST and KMNIST by name


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Make what stands in for the published files of MNIST and of KMNIST."""
    places = idx_folder(tmp_path / "their mnist"), idx_folder(tmp_path / "theirs", test_images=gzip.compress(TURNED))
    for which, folder in zip((mnist.PUBLISHED, kmnist.PUBLISHED), places, strict=True):
        known_as(monkeypatch, which, folder)
    return places


TURNED = packed(IMAGES[::-1])


def test_each_comes_from_a_mirror_by_its_own_checksums(
    server, two: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, _ = server
    for folder, name in zip(two, ("digits", "kana"), strict=True):
        (tmp_path / "mirrors" / name).symlink_to(folder)
    monkeypatch.setenv("BENCHMARK_MIRRORS", f"{address}/kana/ {address}/digits/")
    first, second = datasets.load("mnist"), datasets.load("kmnist")
    assert (first.name, first.class_names[9], second.name, second.class_names[9]) == ("mnist", "9", "kmnist", "wo")
    assert np.array_equal(first.test.X, IMAGES.reshape(12, -1))
    assert np.array_equal(second.test.X, IMAGES[::-1].reshape(12, -1))
    monkeypatch.setenv("BENCHMARK_MIRRORS", "")
    assert datasets.load("kmnist").sha256 == second.sha256
    for layout in ("mnist", "MNIST/raw"):
        shutil.copytree(two[0], tmp_path / "have" / layout)
        assert datasets.load("mnist", tmp_path / "have").source == str(tmp_path / "have" / layout)
        shutil.rmtree(tmp_path / "have")


def test_a_folder_of_their_files_is_known_under_any_name_and_only_that(two: tuple[Path, Path], tmp_path: Path) -> None:
    assert datasets.load(str(two[0])).name == "mnist"
    assert datasets.load(str(two[1])).class_names[:2] == ("o", "ki")
    other = datasets.load(str(idx_folder(tmp_path / "mnist", test_images=gzip.compress(packed(IMAGES // 2)))))
    assert other.name == f"mnist-{other.sha256[:8]}"


def test_none_is_taken_for_another(two: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BenchmarkError, match=r"t10k-images.*this is KMNIST, not MNIST.*--dataset kmnist"):
        datasets.load("mnist", two[1])
    monkeypatch.setenv("BENCHMARK_DATA", str(two[1]))  # a folder that holds KMNIST and does not say that it is MNIST
    with pytest.raises(BenchmarkError, match=r"MNIST: t10k|MNIST: train.*no mirror gave it"):
        datasets.load("mnist")
    assert datasets.load("kmnist").source == str(two[1])
    shutil.copytree(two[1], tmp_path / "cwd" / "data" / "mnist")
    monkeypatch.delenv("BENCHMARK_DATA")
    with pytest.raises(BenchmarkError, match="this is KMNIST, not MNIST"):
        datasets.load("mnist")


def test_no_two_published_files_have_one_sum() -> None:
    sums = [sum_ for each in datasets.PUBLISHED for sum_ in each.sha256.values()]
    assert len(set(sums)) == len(sums) == 8 + 8 + 4
    assert all(re.fullmatch("[0-9a-f]{64}", sum_) for sum_ in sums)
    for each in datasets.PUBLISHED:
        assert set(each.packed_bytes) == set(FOUR) <= set(each.sha256)


# --- bad input, one by one: the file and the cause are named

GOOD_IMAGES = gzip.compress(packed(IMAGES))
BAD_IDX = {
    "truncated gzip": ({"train_images": GOOD_IMAGES[:-20]}, "train-images", "truncated gzip"),
    "not gzip": ({"train_images": packed(IMAGES)}, "train-images", "not gzip"),
    "empty file": ({"test_labels": b""}, "t10k-labels", "empty"),
    "wrong magic": ({"train_images": gzip.compress(packed(IMAGES, 0x801))}, "train-images", "magic number"),
    "labels where images should be": ({"train_images": gzip.compress(packed(LABELS))}, "train-images", "magic number"),
    "header cut off": ({"train_labels": gzip.compress(packed(LABELS)[:6])}, "train-labels", "header"),
    "fewer bytes than counted": ({"train_images": gzip.compress(packed(IMAGES)[:-3])}, "train-images", "189"),
    "more bytes than counted": ({"train_images": gzip.compress(packed(IMAGES) + b"x")}, "train-images", "more"),
    "counts disagree": ({"train_labels": gzip.compress(packed(LABELS[:9]))}, "train-labels", "9 labels"),
    "label out of range": ({"test_labels": gzip.compress(packed(LABELS + 1))}, "t10k-labels", "label 3"),
    "one class": ({"train_labels": gzip.compress(packed(LABELS * 0))}, "labels", "out of range|one class"),
    "missing file": ({"test_images": None}, "t10k-images-idx3-ubyte", "missing"),
    "no images": ({"train_images": gzip.compress(packed(IMAGES[:0]))}, "train-images", "zero rows"),
}


@pytest.mark.parametrize(("replaced", "file", "cause"), BAD_IDX.values(), ids=list(BAD_IDX))
def test_bad_idx(tmp_path: Path, replaced: dict, file: str, cause: str) -> None:
    with pytest.raises(BenchmarkError, match=cause) as caught:
        datasets.load(str(idx_folder(tmp_path / "mine", **replaced)))
    assert file in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_gzip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    import resource

    bomb = gzip.compress(packed(IMAGES) + bytes(200_000_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BenchmarkError, match="more"):
        datasets.load(str(idx_folder(tmp_path / "mine", train_images=bomb)))
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 100_000_000


def test_a_header_that_claims_the_moon_is_refused_before_reading(tmp_path: Path) -> None:
    header = struct.pack(">4I", 0x803, 2**31, 2**10, 2**10)
    with pytest.raises(BenchmarkError, match="more than the"):
        datasets.load(str(idx_folder(tmp_path / "mine", train_images=gzip.compress(header))))


HOLED = IMAGES.astype(float)
HOLED[5, 1, 1] = np.nan
BAD_NPZ = {
    "missing array": ({"y_test": None}, "`y_test` is missing"),
    "NaN": ({"X_train": HOLED}, "X_train.*image 5.*NaN"),
    "pixels out of range": ({"X_train": IMAGES.astype(int) + 300}, "X_train.*300"),
    "negative pixels": ({"X_test": IMAGES.astype(int) - 1}, "X_test.*-1"),
    "pickled objects": ({"X_train": np.array([object()] * 12)}, "allow_pickle"),
    "not square": ({"X_train": IMAGES.reshape(12, 16)[:, :15]}, "15 pixels"),
    "other size of test images": ({"X_test": IMAGES[:, :3]}, "3 by 4"),
    "labels that are no whole numbers": ({"y_train": LABELS + 0.5}, "label 0.5"),
    "labels that are words": ({"y_train": np.array(["a"] * 12)}, "y_train"),
    "several classes an image": ({"y_train": np.ones((12, 3))}, "y_train.*3 answers an image"),
    "four channels": ({"X_train": np.zeros((12, 4, 4, 4), np.uint8)}, "in colour"),
    "colour in one part": ({"X_train": np.zeros((12, 4, 4, 3), np.uint8)}, "same size"),
    "texts in one part": ({"y_train": LABELS.astype(str)}, "same kind"),
}


@pytest.mark.parametrize(("replaced", "cause"), BAD_NPZ.values(), ids=list(BAD_NPZ))
def test_bad_npz(tmp_path: Path, replaced: dict, cause: str) -> None:
    with pytest.raises(BenchmarkError, match=cause) as caught:
        datasets.load(npz(tmp_path / "mine.npz", **replaced))
    assert "mine.npz" in str(caught.value)


def test_an_npz_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "mine.npz").write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(BenchmarkError, match=r"mine\.npz: cannot be read"):
        datasets.load(str(tmp_path / "mine.npz"))


def test_an_npz_with_damaged_bytes_or_a_header_that_claims_the_moon(tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    np.savez_compressed(path, X_train=IMAGES, y_train=LABELS, X_test=IMAGES, y_test=LABELS)
    damaged = bytearray(path.read_bytes())
    damaged[80:90] = b"\xff" * 10
    path.write_bytes(damaged)
    with pytest.raises(BenchmarkError, match=r"mine\.npz: cannot be read"):
        datasets.load(str(path))
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("X_train", "y_train", "X_test", "y_test"):
            member = io.BytesIO()
            header = {"descr": "|u1", "fortran_order": False, "shape": (10**13, 4, 4)}
            np.lib.format.write_array_header_1_0(member, header)
            archive.writestr(f"{name}.npy", member.getvalue())
    with pytest.raises(BenchmarkError, match=r"mine\.npz: cannot be read"):
        datasets.load(str(path))


HEAD = "label," + ",".join(f"pixel{i}" for i in range(1, 17))
ROW = ",".join(["1"] * 17)
BAD_CSV = {
    "label column missing": (HEAD.replace("label", "species") + f"\n{ROW}\n", "`label` is missing"),
    "pixel column missing": (HEAD.removesuffix(",pixel16") + "\n" + ROW[:-2] + "\n", "`pixel16` is missing"),
    "more cells than the header": (f"{HEAD}\n{ROW},1\n{ROW},1\n", "more cells than the header"),
    "a word in a cell": (f"{HEAD}\n{ROW[:-1]}x\n", "`pixel16`.*no number"),
    "an empty cell": (f"{HEAD}\n{ROW}\n{ROW[:-1]}\n", "`pixel16` is NaN or empty in line 3"),
    "empty file": ("", "cannot be read as CSV"),
    "no rows": (HEAD + "\n", "no rows"),
}


@pytest.mark.parametrize(("text", "cause"), BAD_CSV.values(), ids=list(BAD_CSV))
def test_bad_csv(tmp_path: Path, text: str, cause: str) -> None:
    with pytest.raises(BenchmarkError, match=cause) as caught:
        datasets.load(csvs(tmp_path / "mine", text))
    assert "mine_train.csv" in str(caught.value)


def test_a_folder_with_nothing_readable(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="it has none of these: an"):
        datasets.load(str(tmp_path))
