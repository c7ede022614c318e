"""What is wrong with data, mirrors and files: done to real processes, over a real server, with real bombs."""

from __future__ import annotations

import copy
import csv
import gzip
import hashlib
import http.server
import io
import os
import re
import signal
import struct
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Set
from pathlib import Path

import numpy as np
import pytest

from benchmark import report
from benchmark.cli import main as cli
from benchmark.datasets import digits, fashion_mnist, idx, memmap
from benchmark.engine import protocol
from benchmark.storage import records
from tests import CHECKOUT, odd_images
from tests.in_process import benchmark
from tests.plugin_lab import checkout
from tests.running import eventually

THREE = {"logistic_regression", "svm_pca", "xgboost"}
"""Whose whole runs show what the engine does; every plugin's own part is in test_plugins.py."""

FOUR = list(fashion_mnist.PACKED_BYTES)
MOST = 200_000_000
"""Bytes that a bomb may cost beyond what the same command costs on good data."""


# --- a class that is not there, images that say nothing


def all_ok(results: Path, dataset: Path, names: Set[str] = THREE) -> records.Results:
    """Run these estimators and return their records: each a row of finite scores, each in the reports."""
    # One job of one thread at a time: one process tunes an estimator, where two would.
    flags = ("--preset", "smoke", "--jobs", "1", "--threads", "1")
    ran = benchmark("run", *sorted(names), "--dataset", str(dataset), "--results", str(results), *flags)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = records.read(results / dataset.stem)  # refuses scores that are not finite
    assert {record.estimator: (record.status, record.reason) for record in found.records} == dict.fromkeys(
        names, ("ok", "")
    )
    for record in found.records:
        assert {trial.state for trial in record.trials} <= {"complete", "pruned"}, record.trials
        rows = found.proba[record.estimator, 0].astype(np.float64).sum(axis=1)
        assert rows == pytest.approx(np.ones(len(rows)), abs=0.01)
    rows = list(csv.DictReader(io.StringIO((results / dataset.stem / "leaderboard.csv").read_text())))
    assert {row["estimator"] for row in rows if row["status"] == "ok"} == names
    assert report.check(results / dataset.stem) == []
    return found


def classes_by_rung(y: np.ndarray) -> list[set[int]]:
    parts = protocol.split(y.astype(np.int64), protocol.PRESETS["smoke"])
    return [set(y[parts.fit[:rows]].tolist()) for rows in parts.rungs]


@pytest.mark.fault(21, "a class absent from a rung's rows")
@pytest.mark.fault(22, "constant and all-zero images")
def test_a_class_of_two_images_and_images_of_one_colour(tmp_path: Path) -> None:
    data = odd_images.rare_digits()
    np.savez(tmp_path / "rare.npz", **data)
    assert classes_by_rung(data["y_train"]) == [{0, 1, 3, 4, 5}, {0, 1, 2, 3, 4, 5}]
    found = all_ok(tmp_path / "results", tmp_path / "rare.npz")
    assert found.test_set.class_names == ("0", "1", "2", "3", "4", "5")
    for record in found.records:
        # Columns shifted by the class that the first rung lacks would leave two classes in five right.
        assert record.trials[0].rungs[0].accuracy > 0.55


@pytest.mark.fault(21, "a class absent from a rung's rows")
def test_a_class_of_one_image_is_refused_before_any_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    X = np.zeros((9, 4, 4), np.uint8)
    path = tmp_path / "single.npz"
    np.savez(path, X_train=X, y_train=[0, 1, 0, 1, 0, 1, 0, 1, 2], X_test=X, y_test=[0, 1, 0, 1, 0, 1, 0, 1, 2])
    asked = ["run", "--all", "--dataset", str(path), "--preset", "smoke", "--results", str(tmp_path / "r")]
    assert cli.main(asked) == 2
    assert f"{path} (y_train): label 2 has a single training image" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


@pytest.mark.fault(22, "constant and all-zero images")
def test_a_data_set_of_black_images(tmp_path: Path) -> None:
    data = odd_images.black()
    assert classes_by_rung(data["y_train"]) == [{0, 2}, {0, 1, 2}]
    np.savez(tmp_path / "black.npz", **data)
    found = all_ok(tmp_path / "results", tmp_path / "black.npz")
    for proba in found.proba.values():  # all images are one, and so is what is said of them
        assert np.ptp(proba.astype(np.float64), axis=0) == pytest.approx(0)


# --- the network, with a real server

ENDLESS = 2**30
"""Bytes after which an endless mirror gives in, so that a program which would take them all fails a test, no disk."""


class Mirrors(http.server.ThreadingHTTPServer):
    """Serves a folder in several ways, by the first part of the path: good, together, held, endless, zipped."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.both = threading.Barrier(2)
        self.released = threading.Event()
        self.sent: dict[str, int] = {}
        """Bytes that an endless mirror got rid of, by file."""

    def __call__(self, *ways: str) -> str:
        """Return the value of $BENCHMARK_MIRRORS."""
        return " ".join(f"http://127.0.0.1:{self.server_port}/{way}/" for way in ways)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Mirrors

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        _, way, name = self.path.split("/")
        self.send_response(200)
        if way == "zipped":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        if way in ("endless", "zipped"):
            piece = bytes(2**20) if way == "endless" else gzip.compress(bytes(2**24))
            sent = 0
            while sent < ENDLESS:  # until whoever reads hangs up
                try:
                    self.wfile.write(piece)
                except OSError:
                    break
                sent += len(piece)
            self.server.sent[name] = sent
            return
        content = (self.server.folder / name).read_bytes()
        if way == "together" and name == FOUR[0]:
            self.server.both.wait(60)
        if way == "held":
            self.wfile.write(content[: len(content) // 2])
            self.server.released.wait(60)
            return
        self.wfile.write(content)


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """Copy the program to where no data lie beside it."""
    return checkout(tmp_path / "somewhere" / "lab")


@pytest.fixture
def mirrors(tmp_path: Path, lab: Path) -> Iterator[Mirrors]:
    """Serve Fashion-MNIST; where it is not on this machine, four files that the copy knows as such."""
    places = (Path(os.environ.get("BENCHMARK_DATA") or "/nonexistent"), CHECKOUT.parent / "shared" / "data")
    folder = next((each / "fashion-mnist" for each in places if (each / "fashion-mnist" / FOUR[0]).exists()), None)
    if folder is None:
        folder = tmp_path / "published"
        folder.mkdir()
        module = lab / "benchmark" / "datasets" / "fashion_mnist.py"
        source = module.read_text(encoding="utf-8")
        rng = np.random.default_rng(0)
        for name in FOUR:
            many = 6_000 if name.startswith("train") else 1_000
            shape, top = ((many, 28, 28), 256) if "images" in name else ((many,), 10)
            blob = idx_gzip(rng.integers(0, top, shape, dtype=np.uint8))
            (folder / name).write_bytes(blob)
            source = source.replace(fashion_mnist.SHA256[name], hashlib.sha256(blob).hexdigest())
            source = source.replace(f'"{name}": {fashion_mnist.PACKED_BYTES[name]:_}', f'"{name}": {len(blob)}')
        module.write_text(source, encoding="utf-8")
    server = Mirrors(folder)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


def idx_gzip(array: np.ndarray) -> bytes:
    return gzip.compress(struct.pack(f">I{array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes(), 1)


def bare(tmp_path: Path, mirrors: str) -> dict[str, str]:
    """Return the environment of a machine that has the data nowhere."""
    return {
        "BENCHMARK_MIRRORS": mirrors,
        "BENCHMARK_CACHE": str(tmp_path / "cache"),
        "BENCHMARK_DATA": "",
        "KERAS_HOME": str(tmp_path / "keras"),
        "HOME": str(tmp_path),
    }


def start(lab: Path, env: dict[str, str], *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "benchmark", *arguments],
        cwd=lab,
        env={**os.environ, "PYTHONPATH": str(lab), **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


GET = ("data", "--dataset", "fashion-mnist")


def assert_whole(kept: Path, published: Path) -> None:
    assert sorted(path.name for path in kept.iterdir()) == sorted(FOUR)  # and nothing else: no scratch folder
    for name in FOUR:
        assert (
            hashlib.sha256((kept / name).read_bytes()).digest()
            == hashlib.sha256((published / name).read_bytes()).digest()
        ), name


@pytest.mark.fault(24, "two processes downloading at once")
def test_two_processes_download_into_one_empty_cache(lab: Path, mirrors: Mirrors, tmp_path: Path) -> None:
    env = bare(tmp_path, mirrors("together"))
    running = [start(lab, env, *GET) for _ in range(2)]
    printed = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0], printed
    assert not mirrors.both.broken  # both were asking for the first file at one time
    assert len({re.search(r"SHA-256 +([0-9a-f]{64})", out)[1] for out, _ in printed}) == 1
    assert_whole(tmp_path / "cache" / "fashion-mnist", mirrors.folder)


@pytest.mark.fault(24, "two processes downloading at once")
def test_what_a_killed_download_leaves_is_cleared_by_the_next(lab: Path, mirrors: Mirrors, tmp_path: Path) -> None:
    kept = tmp_path / "cache" / "fashion-mnist"
    killed = start(lab, bare(tmp_path, mirrors("held")), *GET)
    assert eventually(lambda: any(path.stat().st_size for path in kept.glob(".new-*/*")))
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=30)
    assert list(kept.glob(".new-*/*"))
    again = start(lab, bare(tmp_path, mirrors("good")), *GET)
    out, errors = again.communicate(timeout=120)
    assert again.returncode == 0, out + errors
    assert_whole(kept, mirrors.folder)


RACE = """
import sys, time
from pathlib import Path
import numpy as np
from benchmark.datasets import digits, memmap
place, ours, theirs = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
data, deadline = digits.load(), time.monotonic() + 30
for number in range(20):  # each place twice: empty, and with a file that is torn
    cache = place / f"cache-{number % 10}"
    if number >= 10 and ours == "a":
        memmap.array_files(data.sha256, cache).test_X.write_bytes(b"torn")
    (place / f"{ours}-{number}").touch()
    while not (place / f"{theirs}-{number}").exists() and time.monotonic() < deadline:
        time.sleep(0)
    files = memmap.materialise(data, cache)
    for path, array in ((files.train_X, data.train.X), (files.train_y, data.train.y), (files.test_X, data.test.X)):
        assert np.array_equal(np.load(path), array), path
assert time.monotonic() < deadline
"""


@pytest.mark.fault(24, "two processes downloading at once")
def test_two_processes_write_the_arrays_at_once(tmp_path: Path) -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", RACE, str(tmp_path), *names], cwd=CHECKOUT, stderr=subprocess.PIPE)
        for names in (("a", "b"), ("b", "a"))
    ]
    assert [process.communicate(timeout=60)[1].decode() for process in running] == ["", ""]
    data = digits.load()
    for number in range(10):
        cache = tmp_path / f"cache-{number}"
        assert (np.load(memmap.array_files(data.sha256, cache).test_X) == data.test.X).all()
        assert [path.name for path in (cache / "arrays").iterdir()] == [data.sha256]


# --- bombs, and files cut off

MEASURED = """
import resource, sys
from benchmark.cli.main import main
status = main(sys.argv[1:])
try:
    peak = int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) * 1024
except OSError:  # no Linux
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print("peak", peak)
sys.exit(status)
"""


def measured(*arguments: str, cwd: Path = CHECKOUT, env: dict[str, str] | None = None) -> tuple[int, int, str]:
    """Run the program; return exit status, peak resident bytes, and what it printed as errors."""
    ran = subprocess.run(
        [sys.executable, "-c", MEASURED, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(cwd), **(env or {})},
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    return ran.returncode, int(ran.stdout.split()[-1]), ran.stderr


IMAGES = np.arange(12 * 16, dtype=np.uint8).reshape(12, 4, 4)
LABELS = np.array([0, 1, 2] * 4, dtype=np.uint8)
GIBIBYTES = 4
PADDING = 64
"""Members of a gzip file of 64 MiB each: four gibibytes of zeros in as many megabytes."""


def idx_folder(folder: Path, images: bytes | None = None) -> Path:
    folder.mkdir(parents=True)
    for name, array in zip((*idx.TRAIN, *idx.TEST), (IMAGES, LABELS) * 2, strict=True):
        (folder / f"{name}.gz").write_bytes(idx_gzip(array))
    if images is not None:
        (folder / f"{idx.TRAIN[0]}.gz").write_bytes(images)
    return folder


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> int:
    """Peak resident bytes of the same command on good data."""
    status, peak, errors = measured("data", "--dataset", str(idx_folder(tmp_path_factory.mktemp("good") / "small")))
    assert status == 0, errors
    return peak


def assert_refused(found: tuple[int, int, str], usual: int, file: Path, cause: str) -> None:
    status, peak, errors = found
    assert status == 2, errors
    assert errors.count("\n") == 1, errors
    assert errors.startswith(f"error: {file}"), errors
    assert re.search(cause, errors), errors
    assert peak < usual + MOST, f"{(peak - usual) / 1e6:.0f} MB more than on good data"


BOMBS = {
    "behind an honest header": lambda: idx_gzip(IMAGES) + gzip.compress(bytes(2**26), 1) * PADDING,
    "under a header that counts it": lambda: (
        gzip.compress(struct.pack(">4I", 0x803, GIBIBYTES * 2**20, 32, 32)) + gzip.compress(bytes(2**26), 1) * PADDING
    ),
    "cut off": lambda: idx_gzip(np.zeros((2**14, 28, 28), np.uint8))[:-2_000],
}
CAUSES = {
    "behind an honest header": "the header counts 192 bytes, the file holds more",
    "under a header that counts it": r"the header counts [\d,]+ bytes, more than the",
    "cut off": "damaged or truncated gzip",
}


@pytest.mark.fault(25, "a gzip bomb and a truncated gzip under the right names")
@pytest.mark.parametrize("way", ["--dataset", "--data-dir"])
@pytest.mark.parametrize("bomb", list(BOMBS))
def test_a_gzip_bomb_costs_no_memory(tmp_path: Path, usual: int, bomb: str, way: str) -> None:
    folder = idx_folder(tmp_path / "mine", BOMBS[bomb]())
    arguments = ("--dataset", str(folder)) if way == "--dataset" else ("--data-dir", str(folder), *GET[1:])
    assert_refused(measured("data", *arguments), usual, folder / f"{idx.TRAIN[0]}.gz", CAUSES[bomb])


@pytest.mark.fault(25, "a gzip bomb and a truncated gzip under the right names")
@pytest.mark.parametrize(
    ("counted", "cause"), [(2**28, r"unpacks to [\d,]+ bytes, more than"), (2_000, "cannot be read as .npz")]
)
def test_an_npz_bomb_costs_no_memory(tmp_path: Path, usual: int, counted: int, cause: str) -> None:
    """The archive's directory counts its bytes honestly, or says that there are few."""
    path = tmp_path / "mine.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("X_train.npy", "w") as member:
            np.lib.format.write_array_header_1_0(
                member, {"descr": "|u1", "fortran_order": False, "shape": (2**18 - 1, 32, 32)}
            )
            for _ in range(2**8):
                member.write(bytes(2**20))
        bomb = archive.getinfo("X_train.npy")
        bomb.file_size = counted
        for number in range(GIBIBYTES * 4):  # sixteen more names for the same bytes
            again = copy.copy(bomb)
            again.filename = f"X_{number}.npy"
            archive.filelist.append(again)
        for name, array in {"y_train": LABELS, "X_test": IMAGES, "y_test": LABELS}.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.save(member, array)
    assert_refused(measured("data", "--dataset", str(path)), usual, path, cause)


@pytest.mark.fault(25, "a gzip bomb and a truncated gzip under the right names")
def test_a_csv_without_line_ends_costs_no_memory(tmp_path: Path, usual: int) -> None:
    for name in ("train", "test"):
        with (tmp_path / f"{name}.csv").open("wb") as file:
            file.write(b"label," * 1_000)
            file.truncate(900_000_000)  # takes no room on the disk
    found = measured("data", "--dataset", str(tmp_path))
    assert_refused(found, usual, tmp_path / "train.csv", "a line is longer than")


@pytest.mark.fault(25, "a gzip bomb and a truncated gzip under the right names")
@pytest.mark.parametrize("way", ["endless", "zipped"])
def test_a_mirror_that_sends_without_end_is_cut_off(
    lab: Path, mirrors: Mirrors, tmp_path: Path, usual: int, way: str
) -> None:
    status, peak, errors = measured(*GET, cwd=lab, env=bare(tmp_path, mirrors(way)))
    assert status == 2, errors
    assert f"{FOUR[0]} is not on this machine" in errors
    assert f"/{way}/ (sends more than the " in errors
    assert peak < usual + MOST
    assert eventually(lambda: mirrors.sent)
    assert list(mirrors.sent) == [FOUR[0]]
    assert mirrors.sent[FOUR[0]] < ENDLESS / 10
    kept = tmp_path / "cache" / "fashion-mnist"
    assert not list(kept.iterdir())
    after = start(lab, bare(tmp_path, mirrors(way, "good")), *GET)
    out, errors = after.communicate(timeout=120)
    assert after.returncode == 0, out + errors
    assert_whole(kept, mirrors.folder)
