"""OpenML by number, from a real server on loopback that answers as OpenML does."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmark import datasets
from benchmark.datasets import openml, split
from benchmark.errors import BenchmarkError
from benchmark.leaderboard.commands import data_flags

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (60, 64))
Y = np.array(["b c", "a", "0"] * 20)


def arff(X: np.ndarray = X, y: np.ndarray = Y, kind: str = "{'b c', 0, a, unused}", extra: str = "") -> bytes:
    """Return a file as OpenML has them: quoted names, comments, the class not last, blank lines."""
    names = "\n".join(f"@ATTRIBUTE pixel{i + 1} REAL" for i in range(X.shape[1]))
    rows = [f"{i},'{label}'," + ",".join(map(str, row)) for i, (row, label) in enumerate(zip(X, y, strict=True))]
    head = (
        f"% about it\n@RELATION 'some images'\n\n@ATTRIBUTE 'row id' INTEGER\n@attribute class {kind}\n{names}\n{extra}"
    )
    return (head + "\n@DATA\n\n" + "\n".join(rows) + "\n").encode()


class OpenML(http.server.ThreadingHTTPServer):
    """Serves one data set by its number, 7, as www.openml.org does; remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.file = arff()
        self.about: dict[str, object] = {}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def description(self) -> bytes:
        about = {
            "id": "7",
            "name": "some_images",
            "format": "ARFF",
            "status": "active",
            "url": "https://www.openml.org/data/v1/download/52667/some_images.arff",
            "default_target_attribute": "class",
            "row_id_attribute": "row id",
            "md5_checksum": hashlib.md5(self.file).hexdigest(),
        }
        return json.dumps({"data_set_description": {**about, **self.about}}).encode()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: OpenML

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        found = {
            "/api/v1/json/data/7": self.server.description(),
            "/data/v1/download/52667/some_images.arff": self.server.file,
        }
        content = found.get(self.path)
        self.send_response(412 if content is None else 200)  # OpenML's answer to a number that it does not know
        self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(gzip.compress(content or b'{"error": {"code": "111", "message": "Unknown dataset"}}', 1))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenML]:
    httpd = OpenML()
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("BENCHMARK_MIRRORS", f"http://127.0.0.1:9/ {httpd.address}")
    yield httpd
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def load(number: int = 7) -> tuple[datasets.Dataset, list[str]]:
    told: list[str] = []
    return datasets.load(f"openml:{number}", notify=told.append), told


def test_it_is_downloaded_once_verified_and_split(server: OpenML, tmp_path: Path) -> None:
    found, told = load()
    assert (found.name, found.image_shape, found.class_names) == ("openml-7", (8, 8, 1), ("b c", "0", "a"))
    assert (len(found.train.y), len(found.test.y)) == (48, 12)
    assert np.bincount(found.test.y).tolist() == [4, 4, 4]
    assert len(told) == 1
    assert split.SPLIT in told[0]
    assert found.remarks == tuple(told)
    order = {image.tobytes(): row for row, image in enumerate(X.astype(np.uint8))}
    for part in (found.train, found.test):
        rows = [order[image.tobytes()] for image in part.X]
        assert rows == sorted(rows)
        assert [found.class_names[label] for label in part.y] == Y[rows].tolist()
    kept = tmp_path / "cache" / "openml" / "7"
    assert (kept / "data.arff.sha256").read_text().split()[0] == hashlib.sha256(server.file).hexdigest()
    assert datasets.summary(found)["files"] == {"data.arff": hashlib.sha256(server.file).hexdigest()}
    server.asked.clear()
    assert load()[0].sha256 == found.sha256
    assert server.asked == []


def test_where_the_rows_that_train_are_known_nothing_is_split(server: OpenML, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openml, "TRAINING_ROWS", {7: 40})
    found, told = load()
    assert told == []
    assert np.array_equal(found.train.X, X[:40])
    assert np.array_equal(found.test.X, X[40:])


def test_a_copy_that_was_damaged_is_fetched_again_and_one_that_was_exchanged_is_refused(
    server: OpenML, tmp_path: Path
) -> None:
    expected = load()[0].sha256
    kept = tmp_path / "cache" / "openml" / "7" / "data.arff"
    kept.write_bytes(kept.read_bytes()[:-100])
    assert load()[0].sha256 == expected
    record = kept.with_name("data.arff.sha256")
    record.write_text("0" * 64 + record.read_text()[64:])  # as if another file had the same MD5
    with pytest.raises(BenchmarkError, match=f"data.arff: SHA-256 is .*when it was downloaded it was {'0' * 64}"):
        load()


def test_a_file_with_another_checksum_is_never_read(server: OpenML, tmp_path: Path) -> None:
    server.about["md5_checksum"] = "0" * 32
    with pytest.raises(BenchmarkError, match=r"OpenML 7: data.arff .*no mirror gave it.*\(ValueError\)"):
        load()
    assert not (tmp_path / "cache" / "openml" / "7" / "data.arff").exists()


def test_a_number_that_openml_does_not_know(server: OpenML) -> None:
    with pytest.raises(BenchmarkError, match=r"OpenML 8: .*answers with status 412.*look up the number at openml\.org"):
        load(8)


@pytest.mark.parametrize("name", ["openml:", "openml:iris", "openml:-1", "OpenML:4.5", "openml:٣"])
def test_no_number(name: str) -> None:
    with pytest.raises(BenchmarkError, match="such as openml:40996"):
        datasets.load(name)


GAPPED = arff().replace(b",'a',", b",'a',?", 1).replace(b"?" + str(X[1, 0]).encode(), b"?", 1)
ODD = {
    "no square": ({}, arff(X[:, :60]), "60 features make no square image of 8 by 8"),
    "too small to be a picture": ({}, arff(X[:, :4]), "4 features make no square"),
    "beyond grey": ({}, arff(X * 300), r"run from 0 to \d+, which is no usual range"),
    "below zero": ({}, arff(X / 100 - 1), r"run from -1 to"),
    "a word among the pixels": (
        {},
        arff(np.array([["dark", *row[1:]] for row in X.tolist()])),
        "`pixel1` is no number",
    ),
    "a gap": ({}, GAPPED, "values are missing"),
    "no header": ({}, b"1,2,3\n", "no @data line"),
    "no rows": ({}, arff(X[:0], Y[:0]), "cannot be read as ARFF|no rows"),
    "more values than attributes": ({}, arff(extra="@attribute more REAL\n"), "65|66 values, its header names"),
    "a target that is not there": ({"default_target_attribute": "kind"}, arff(), "no attribute `kind`"),
    "a target that is no class": ({}, arff(y=np.arange(60), kind="REAL"), "60 values in 60 rows"),
    "a value that the header does not name": ({}, arff(kind="{a, 0}"), "values that its header does not name"),
    "several targets": ({"default_target_attribute": "class,pixel1"}, arff(), "no single target"),
    "sparse": ({"format": "Sparse_ARFF"}, arff(), "only dense ARFF"),
    "no checksum": ({"md5_checksum": ""}, arff(), "no description of OpenML 7.*no MD5"),
    "a field of another type": ({"name": None}, arff(), "no description of OpenML 7"),
}


@pytest.mark.parametrize(("about", "file", "why"), ODD.values(), ids=list(ODD))
def test_what_is_no_data_set_of_images_is_refused_in_a_sentence(
    server: OpenML, about: dict[str, object], file: bytes, why: str
) -> None:
    server.about, server.file = about, file
    with pytest.raises(BenchmarkError, match=why) as caught:
        load()
    assert "\n" not in str(caught.value)


def test_a_page_that_asks_to_sign_in_is_not_kept_as_a_description(server: OpenML, tmp_path: Path) -> None:
    server.about = {"url": "x" * 10}
    whole, server.description = server.description, lambda: b"<html>sign in</html>"  # type: ignore[method-assign]
    with pytest.raises(BenchmarkError, match="no description of OpenML 7"):
        load()
    server.description = whole  # type: ignore[method-assign]
    server.about = {}
    assert len(load()[0].train.y) == 48


def test_withdrawn_data_and_classes_of_one_image_are_told(server: OpenML) -> None:
    server.about = {"status": "deactivated"}
    server.file = arff(y=np.array([*Y[:-1], "unused"]))
    found, told = load()
    assert found.class_names == ("b c", "0", "a")
    assert len(found.train.y) + len(found.test.y) == 59
    assert "is deactivated" in told[0]
    assert "single image are left out: unused" in told[1]


@pytest.mark.parametrize("pixels", [X % 2, (X % 2).astype(float), X / 255])
def test_pixels_from_0_to_1_are_scaled_and_numbers_may_be_classes(server: OpenML, pixels: np.ndarray) -> None:
    server.file = arff(pixels, np.arange(60) % 3 * 5, kind="INTEGER")
    found, _ = load()
    assert found.class_names == ("0", "5", "10")
    assert found.train.X.max() == 255
    assert "scaled" in found.source


def test_pixels_from_0_to_16_are_scaled_and_it_stays_with_the_data(server: OpenML) -> None:
    server.file = arff(X // 15 % 17)
    found, told = load()
    assert set(np.unique(found.train.X)) == set(np.rint(np.arange(17) * (255 / 16)).astype(int))
    assert "OpenML 7 (features): pixel values run from 0 to 16, so they are scaled from 0..16 to 0..255" in told
    assert found.remarks == tuple(told)


def test_its_name_is_its_own_and_tells_how_to_ask_for_it_again(tmp_path: Path, server: OpenML) -> None:
    np.savez(tmp_path / "openml-7.npz", X_train=X, y_train=[0, 1] * 30, X_test=X, y_test=[0, 1] * 30)
    assert datasets.load(str(tmp_path / "openml-7.npz")).name.startswith("openml-7-")
    assert data_flags(load()[0].name) == ["--dataset openml:7"]
    assert data_flags("openml-7-0123abcd") == ["--dataset PATH"]


@pytest.mark.parametrize(
    ("pixels", "full"), [(X / 127.5 - 1, "-1..1"), (X * 257, "0..65,535")], ids=["USPS", "16 bits"]
)
def test_the_rule_of_pixel_ranges_is_that_of_other_forms(server: OpenML, pixels: np.ndarray, full: str) -> None:
    server.file = arff(pixels)
    found, told = load()
    assert any(f"scaled from {full} to 0..255" in line for line in told)
    assert set(map(bytes, np.concatenate([found.train.X, found.test.X]))) == set(map(bytes, X.astype(np.uint8)))


def test_colour_is_three_times_a_square(server: OpenML) -> None:
    server.file = arff(RNG.integers(0, 256, (60, 192)))
    found, _ = load()
    assert found.image_shape == (8, 8, 3)
    assert "192 features taken as 8 by 8 pixels in colour" in found.source


HEAD = "\n".join(f"@attribute pixel{i} numeric" for i in range(64))
ROWS = [",".join(map(str, row)) for row in X]
NAMED = np.array(["a cat", "dog"] * 30)
AS_FOUND = {
    "comments anywhere": (
        "@attribute class {'a cat', dog}",
        "% more\n\n"
        + "\n% between rows\n\n".join(f"{row},'{y}'" for row, y in zip(ROWS, NAMED, strict=True))
        + "\n% end",
    ),
    "a comment behind an attribute": (
        "@attribute class {'a cat', dog} % the animal",
        "\n".join(f"{row},'{y}'" for row, y in zip(ROWS, NAMED, strict=True)),
    ),
    "a target of texts": (
        "@attribute class string",
        "\n".join(f"{row},'{y}'" for row, y in zip(ROWS, NAMED, strict=True)),
    ),
    "double quotes": (
        '@attribute "class" {"a cat","dog"}',
        "\n".join(f'{row},"{y}"' for row, y in zip(ROWS, NAMED, strict=True)),
    ),
    "both quotes": (
        "@attribute 'class' {\"a cat\",'dog'}",
        "\n".join(f'{row},"{y}"' if y == "dog" else f"{row},'{y}'" for row, y in zip(ROWS, NAMED, strict=True)),
    ),
    "spaces": (
        "@ATTRIBUTE   class   { 'a cat' , dog }  ",
        "\n".join("  " + f"{row},'{y}'".replace(",", " , ") + "  " for row, y in zip(ROWS, NAMED, strict=True)),
    ),
    "tabs": (
        "@attribute\tclass\t{'a cat',dog}",
        "\n".join(f"{row},'{y}'".replace(",", ",\t") for row, y in zip(ROWS, NAMED, strict=True)),
    ),
    "quoted numbers": (
        "@attribute class {'a cat',dog}",
        "\n".join("'" + row.replace(",", "','") + f"','{y}'" for row, y in zip(ROWS, NAMED, strict=True)),
    ),
    "lines of DOS": (
        "@attribute class {'a cat',dog}",
        "\r\n".join(f"{row},'{y}'" for row, y in zip(ROWS, NAMED, strict=True)),
    ),
    "sparse rows": (
        "@attribute class {'a cat',dog}",
        "\n".join(
            "{" + ", ".join(f"{i} {v}" for i, v in enumerate(row) if v) + ", 64 dog" * (y == "dog") + "}"
            for row, y in zip(X.tolist(), NAMED, strict=True)
        ),
    ),
}


@pytest.mark.parametrize("head", ["numeric", "REAL [0, 255]", "Integer % grey", "{0,1,255}"])
@pytest.mark.parametrize(("target", "rows"), AS_FOUND.values(), ids=list(AS_FOUND))
def test_arff_as_it_comes(server: OpenML, tmp_path: Path, target: str, rows: str, head: str) -> None:
    text = f"% about\n@relation 'some images'\n{HEAD.replace('numeric', head)}\n{target}\n@data \n{rows}\n"
    (tmp_path / "mine.arff").write_bytes(text.encode())
    server.about, server.file = {"row_id_attribute": None}, text.encode()
    for found in (load()[0], datasets.load(str(tmp_path / "mine.arff"))):
        assert found.class_names == ("a cat", "dog")
        every = {
            (image.tobytes(), found.class_names[y])
            for part in (found.train, found.test)
            for image, y in zip(part.X, part.y, strict=True)
        }
        assert every == {(image.tobytes(), y) for image, y in zip(X.astype(np.uint8), NAMED.tolist(), strict=True)}


def test_arff_files_of_parts_are_read_as_other_forms(tmp_path: Path) -> None:
    y = np.arange(60) % 12
    for part, rows in (("train", slice(40)), ("test", slice(40, None))):
        (tmp_path / "mine").mkdir(exist_ok=True)
        (tmp_path / "mine" / f"latest_{part}.arff").write_bytes(
            arff(X[rows], y[rows], kind="NUMERIC").replace(b"row id", b"id")
        )
        (tmp_path / "mine" / f"._latest_{part}.arff").write_bytes(b"litter")
    np.savez(
        tmp_path / "a.npz",
        X_train=X[:40].astype(np.uint8),
        y_train=y[:40],
        X_test=X[40:].astype(np.uint8),
        y_test=y[40:],
    )
    found = datasets.load(str(tmp_path / "mine"))
    assert found.sha256 == datasets.load(str(tmp_path / "a.npz")).sha256
    (tmp_path / "mine" / "latest_train.arff").unlink()
    with pytest.raises(BenchmarkError, match=r"there is latest_test\.arff and no ARFF to train on"):
        datasets.load(str(tmp_path / "mine"))


def test_damaged_arff_is_refused_in_a_sentence(tmp_path: Path) -> None:
    for text in (
        "@relation x\n@attribute\n@data\n1\n",
        "@relation x\n@attribute a {1,2\n@data\n1\n",
        "@data\n" + "1," * 2**20,
    ):
        (tmp_path / "a.arff").write_text(text)
        with pytest.raises(BenchmarkError, match=r"a\.arff: ") as caught:
            datasets.load(str(tmp_path / "a.arff"))
        assert "\n" not in str(caught.value)
