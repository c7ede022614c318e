"""Archives of any form: unpacked into the cache, whole or not at all. All inputs are small and harmless."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark import datasets
from benchmark.datasets.forms import archive
from benchmark.errors import BenchmarkError

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (30, 8, 8), dtype=np.uint8)
LABELS = np.array([0, 1, 2] * 10)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "archives"


def npz() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, X_train=IMAGES[:20], y_train=LABELS[:20], X_test=IMAGES[20:], y_test=LABELS[20:])
    return buffer.getvalue()


def png(image: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def tarred(path: Path, members: dict[str, bytes | tarfile.TarInfo]) -> Path:
    with tarfile.open(path, "w:gz" if path.suffix in (".gz", ".tgz") else "w") as file:
        for name, content in members.items():
            member = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            blob = b"" if isinstance(content, tarfile.TarInfo) else content
            member.size = len(blob)
            file.addfile(member, io.BytesIO(blob))
    return path


def loaded(path: Path | str) -> tuple[datasets.Dataset, list[str]]:
    told: list[str] = []
    return datasets.load(str(path), notify=told.append), told


def plain(tmp_path: Path) -> datasets.Dataset:
    (tmp_path / "plain.npz").write_bytes(npz())
    return datasets.load(str(tmp_path / "plain.npz"))


PICTURES = {f"{'train' if i < 20 else 'test'}/{'abc'[i % 3]}/{i}.png": png(image) for i, image in enumerate(IMAGES)}


@pytest.mark.parametrize("name", ["mine.zip", "mine.ZIP", "mine.tar.gz", "mine.tgz", "mine.tar"])
def test_an_archive_is_read_as_what_it_holds(tmp_path: Path, cache: Path, name: str) -> None:
    pack = zipped if name.lower().endswith("zip") else tarred
    path = pack(tmp_path / name, {"deep/data.npz": npz(), "README.txt": b"about"})
    found, told = loaded(path)
    assert (found.name, found.sha256) == ("mine", plain(tmp_path).sha256)
    assert found.source == f"{path}/deep/data.npz"
    assert told == [f"{path}: unpacked, and read from there", f"{path}: read from deep/data.npz, the only data in it"]
    assert all(str(tmp_path) not in remark for remark in found.remarks)
    assert datasets.summary(found)["files"].keys() == {name}
    (folder,) = cache.iterdir()  # and nothing temporary
    assert sorted(each.name for each in folder.rglob("*")) == ["README.txt", "data.npz", "deep"]
    stamp = (folder / "deep" / "data.npz").stat().st_ino
    assert loaded(path)[0].sha256 == found.sha256
    assert (folder / "deep" / "data.npz").stat().st_ino == stamp  # not unpacked again


def test_an_archive_of_pictures_can_be_asked_for_a_size(tmp_path: Path) -> None:
    litter = {"__MACOSX/train/a/._0.png": b"x", "train/.DS_Store": b"x", "train/a/Thumbs.db": b"x"}
    found, told = loaded(zipped(tmp_path / "leaves.zip", {"leaves/": b"", **PICTURES, **litter}))
    assert (found.name, found.image_shape, found.class_names) == ("leaves", (8, 8, 1), ("a", "b", "c"))
    assert (len(found.train.y), len(found.test.y)) == (20, 10)
    assert told[0] == f"{tmp_path}/leaves.zip: 3 files of macOS or Windows are left out"
    assert not any(str(archive.locations.cache_folder()) in text for text in told)
    small, _ = loaded(f"{tmp_path}/leaves.zip@12")
    assert (small.name, small.image_shape) == ("leaves-12x12", (12, 12, 1))
    with pytest.raises(BenchmarkError, match=r"mine\.zip/data\.npz: only pictures can be resized"):
        loaded(f"{zipped(tmp_path / 'mine.zip', {'data.npz': npz()})}@12")


def test_a_changed_archive_is_unpacked_again(tmp_path: Path) -> None:
    path = zipped(tmp_path / "mine.zip", {"data.npz": npz()})
    before = loaded(path)[0].sha256
    buffer = io.BytesIO()
    np.savez(buffer, x=IMAGES, y=LABELS)
    zipped(path, {"data.npz": buffer.getvalue()})
    os.utime(path, ns=(1, 1))
    assert loaded(path)[0].sha256 != before


def test_folders_that_windows_separated_are_folders(tmp_path: Path) -> None:
    found, _ = loaded(zipped(tmp_path / "a.zip", {name.replace("/", "\\"): each for name, each in PICTURES.items()}))
    assert len(found.train.y) == 20


def fault(name: str, **attributes: int) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    for key, value in attributes.items():
        setattr(member, key, value)
    return member


UNSAFE = {
    "an absolute name": (fault("/data.npz"), "'/data.npz' leads out of the archive's folder"),
    "a drive": (fault("C:\\data.npz"), "leads out of the archive's folder"),
    "a name that climbs": (fault("a/../../data.npz"), "leads out of the archive's folder"),
    "one that climbs in Windows": (fault("a\\..\\..\\data.npz"), "leads out of the archive's folder"),
    "a link": (fault("data.npz", external_attr=(stat.S_IFLNK | 0o777) << 16), "'data.npz' is a link"),
    "a pipe": (fault("data.npz", external_attr=(stat.S_IFIFO | 0o777) << 16), "'data.npz' is a special file"),
}


@pytest.mark.parametrize(("member", "cause"), UNSAFE.values(), ids=list(UNSAFE))
def test_an_unsafe_zip_is_refused_before_anything_is_written(
    tmp_path: Path, cache: Path, member: zipfile.ZipInfo, cause: str
) -> None:
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as file:
        file.writestr("first.npz", npz())
        file.writestr(member, b"here")
    with pytest.raises(BenchmarkError, match=cause) as caught:
        loaded(tmp_path / "mine.zip")
    assert str(caught.value).startswith(f"{tmp_path}/mine.zip: ")
    assert not list(cache.rglob("*"))
    assert not (tmp_path / "data.npz").exists()


def test_an_encrypted_zip_is_refused(tmp_path: Path, cache: Path) -> None:
    path = zipped(tmp_path / "mine.zip", {"data.npz": npz()})
    blob = bytearray(path.read_bytes())
    directory = blob.index(b"PK\x01\x02")
    blob[directory + 8] |= 1  # the flag alone: nothing is encrypted
    path.write_bytes(blob)
    with pytest.raises(BenchmarkError, match=r"'data\.npz' is encrypted"):
        loaded(path)
    assert not list(cache.rglob("*"))


def link(kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo("data.npz")
    member.type, member.linkname = kind, "first.npz"
    return member


UNSAFE_TAR = {
    "an absolute name": ({"/data.npz": b"x"}, "leads out of the archive's folder"),
    "a name that climbs": ({"../data.npz": b"x"}, "leads out of the archive's folder"),
    "a link": ({"x": link(tarfile.SYMTYPE)}, "'data.npz' is a link"),
    "a hard link": ({"x": link(tarfile.LNKTYPE)}, "'data.npz' is a link"),
    "a pipe": ({"x": link(tarfile.FIFOTYPE)}, "'data.npz' is a special file"),
    "a device": ({"x": link(tarfile.CHRTYPE)}, "'data.npz' is a special file"),
}


@pytest.mark.parametrize(("members", "cause"), UNSAFE_TAR.values(), ids=list(UNSAFE_TAR))
def test_an_unsafe_tar_is_refused_before_anything_is_written(
    tmp_path: Path, cache: Path, members: dict[str, bytes | tarfile.TarInfo], cause: str
) -> None:
    with pytest.raises(BenchmarkError, match=cause):
        loaded(tarred(tmp_path / "mine.tar.gz", {"first.npz": npz(), **members}))
    assert not list(cache.rglob("*"))
    assert not (tmp_path / "data.npz").exists()


@pytest.mark.parametrize("name", ["mine.zip", "mine.tar.gz"])
def test_too_many_bytes_files_or_names_twice_are_refused(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    pack = zipped if name.endswith("zip") else tarred
    path = pack(tmp_path / name, {"a": bytes(600), "b": bytes(600), "c": b""})
    for limit, value, cause in (
        ("MOST_BYTES", 1_000, "unpacks to more than 1,000 bytes; unpack it by hand"),
        ("MOST_FILES", 2, "more than 2 files; unpack it by hand"),
    ):
        monkeypatch.setattr(archive, limit, value)
        with pytest.raises(BenchmarkError, match=cause):
            loaded(path)
        monkeypatch.undo()
        monkeypatch.setenv("BENCHMARK_CACHE", str(cache.parent))
    monkeypatch.setattr(archive.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1_000}))
    with pytest.raises(BenchmarkError, match=r"unpacks to 1,200 bytes, .* has 1,000 left; set BENCHMARK_CACHE"):
        loaded(path)
    monkeypatch.undo()
    monkeypatch.setenv("BENCHMARK_CACHE", str(cache.parent))
    with pytest.raises(BenchmarkError, match=r"'\./a' is in it twice"):
        loaded(pack(tmp_path / name, {"a": b"x", "./a": b"y"}))
    assert not list(cache.rglob("*"))


def test_a_tar_whose_header_claims_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    member = tarfile.TarInfo("data.npz")
    member.pax_headers = {"comment": "x" * 5_000}
    with tarfile.open(tmp_path / "mine.tar", "w", format=tarfile.PAX_FORMAT) as file:
        file.addfile(member)
    monkeypatch.setattr(archive, "_AT_ONCE", 4_096)
    with pytest.raises(BenchmarkError, match=r"cannot be unpacked into .*a header of [\d,]+ bytes"):
        loaded(tmp_path / "mine.tar")


@pytest.mark.parametrize("name", ["mine.zip", "mine.tar.gz"])
def test_a_damaged_archive_leaves_nothing_behind(tmp_path: Path, cache: Path, name: str) -> None:
    pack = zipped if name.endswith("zip") else tarred
    path = pack(tmp_path / name, {"a.npz": npz(), "data.npz": RNG.bytes(5_000)})
    blob = bytearray(path.read_bytes())
    middle = len(blob) * 2 // 3
    blob[middle : middle + 50] = bytes(50)
    path.write_bytes(blob)
    with pytest.raises(BenchmarkError, match=rf"{name}: cannot be unpacked into"):
        loaded(path)
    path.write_bytes(b"no archive")
    with pytest.raises(BenchmarkError, match=rf"{name}: cannot be unpacked into"):
        loaded(path)
    assert not list(cache.iterdir())


def test_what_a_stop_leaves_is_never_taken_for_the_whole(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zipped(tmp_path / "mine.zip", {"data.npz": npz()})

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(archive.os, "rename", stopped)
    with pytest.raises(KeyboardInterrupt):
        loaded(path)
    monkeypatch.undo()
    monkeypatch.setenv("BENCHMARK_CACHE", str(cache.parent))
    assert not list(cache.iterdir())
    assert loaded(path)[0].sha256 == plain(tmp_path).sha256


def test_an_archive_inside_an_archive_is_not_unpacked(tmp_path: Path, cache: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"data.npz": npz()})
    with pytest.raises(BenchmarkError, match=r"outer\.zip: it has none of these"):
        loaded(zipped(tmp_path / "outer.zip", {"inner.zip": inner.read_bytes()}))
    folder = tmp_path / "download"
    folder.mkdir()
    inner.rename(folder / "inner.zip")
    assert loaded(folder)[0].sha256 == plain(tmp_path).sha256  # a folder's only archive is


def test_one_of_several_data_sets_in_an_archive_is_chosen_by_its_path(tmp_path: Path) -> None:
    path = zipped(tmp_path / "my files.zip", {"data/a.npz": npz(), "data/b.npz": npz()})
    with pytest.raises(BenchmarkError) as caught:
        loaded(path)
    commands = [f"--dataset '{path}/data/{name}.npz'" for name in "ab"]
    assert str(caught.value) == f"{path}: 2 data sets are in it; give one of them: {', '.join(commands)}"
    found, _ = loaded(f"{path}/data/a.npz")
    assert (found.name, found.sha256) == ("a", plain(tmp_path).sha256)
    assert all(str(tmp_path) not in remark for remark in found.remarks)
    with pytest.raises(BenchmarkError, match=r"my files\.zip: there is no data/c\.npz in it"):
        loaded(f"{path}/data/c.npz")
    with pytest.raises(BenchmarkError, match="no data set is called"):
        loaded(f"{path}/../../plain.npz")


def test_each_of_two_readings_of_an_archive_is_a_command_that_works(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    members = {
        f"{alphabet}/character{character}/{number}.png": png(random.integers(0, 256, (16, 16), dtype=np.uint8))
        for alphabet in ("Greek", "Latin")
        for character in (1, 2)
        for number in range(4)
    }
    path = zipped(tmp_path / "letters.zip", members)
    with pytest.raises(BenchmarkError) as caught:
        datasets.load(str(path), group=r"\d\.png")
    option = r"--group '\d\.png'"
    for level in ("outer", "inner"):
        assert f"--dataset {path}@{level} {option}" in str(caught.value)
        found = datasets.load(f"{path}@{level}", group=r"\d\.png")
        assert len(found.class_names) == (2 if level == "outer" else 4)
