"""What the process is started with costs no result: streams, signals, caches, backend, files in the current folder."""

from __future__ import annotations

import io
import os
import pwd
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from benchmark.cli import surroundings
from benchmark.datasets import locations
from benchmark.engine.executors import worker_init
from benchmark.engine.interrupts import STOPS, handle_interrupts
from benchmark.engine.scheduler import StopRequest
from benchmark.errors import BenchmarkError
from benchmark.render import terminal
from benchmark.render.document import table
from tests import CHECKOUT
from tests.in_process import benchmark
from tests.running import ALONE

SAFE = "import os, sys\nfrom benchmark.cli import surroundings\nsurroundings.safe_streams()\n"


def python(code: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    """Run code after `surroundings.safe_streams` in a process."""
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT), **options.pop("env", {})}  # type: ignore[dict-item]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.run([sys.executable, "-c", SAFE + code], env=env, timeout=60, check=False, **options)  # type: ignore[call-overload]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_an_output_that_lacks_a_character_gets_it_written_out(encoding: str) -> None:
    text = "0.908–0.961 × … 犬 \udc80"
    done = python(f"print({text!r})", env={"PYTHONIOENCODING": encoding})
    assert done.returncode == 0, done.stderr
    expected = {
        "ascii": b"0.908-0.961 x ... \\u72ac \\udc80\n",
        "latin-1": b"0.908-0.961 \xd7 ... \\u72ac \\udc80\n",
        "utf-8": "0.908–0.961 × … 犬 \\udc80\n".encode(),
    }
    assert done.stdout == expected[encoding]


@pytest.mark.parametrize("closed", [(1,), (2,), (0, 1, 2)])
def test_a_closed_stream_discards_what_it_is_given(tmp_path: Path, closed: tuple[int, ...]) -> None:
    code = f"""
print("to standard output", flush=True)
print("to errors", file=sys.stderr, flush=True)
file = open({str(tmp_path / "record")!r}, "w")
assert file.fileno() > 2, "a library that prints would write into it"
os.write(1, b"a library prints"), os.write(2, b"a library warns")
assert all(os.get_inheritable(number) for number in (0, 1, 2))
file.write("whole")
"""
    done = python(code, stdout=None, stderr=None, preexec_fn=lambda: [os.close(number) for number in closed])
    assert done.returncode == 0
    assert (tmp_path / "record").read_text() == "whole"


@pytest.mark.parametrize("how", ["no reader", "full disk"])
def test_output_that_nobody_takes_does_not_end_the_program(tmp_path: Path, how: str) -> None:
    code = f"""
for _ in range(5):
    print("x" * 100_000, flush=True)
open({str(tmp_path / "end")!r}, "w").close()
"""
    if how == "full disk":
        with open("/dev/full", "w") as full:
            done = python(code, stdout=full)
    else:
        end, start = os.pipe()
        os.close(end)
        done = python(code, stdout=start)
        os.close(start)
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    assert (tmp_path / "end").exists()


def test_output_that_does_not_block_loses_nothing() -> None:
    end, start = os.pipe()
    os.set_blocking(start, False)
    process = subprocess.Popen(
        [sys.executable, "-c", SAFE + 'print("x" * 1_000_000)'],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=start,
    )
    os.close(start)
    with open(end, "rb") as reader:
        assert len(reader.read()) == 1_000_001
    assert process.wait(60) == 0


# --- folders, the backend, warnings


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment with nothing in it but a folder for temporary files, which is returned."""
    for name in ("BENCHMARK_CACHE", "XDG_CACHE_HOME", "HOME", "USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "set")  # so that what is set by the code is undone
        monkeypatch.delenv(name)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_without_a_home_folder_caches_go_to_a_private_one(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", nobody)  # docker run --user 54321
    notice = surroundings.safe_environment()
    private = bare / f"classical-vs-cnn-{os.getuid()}"
    assert notice.startswith(f"there is no home folder, so downloads and caches go to {private}")
    assert private.stat().st_mode & 0o777 == 0o700
    assert Path.home() == private
    assert locations.cache_folder().is_relative_to(private)
    assert locations.keras_folder().is_relative_to(private)
    assert surroundings.safe_environment() == ""  # the same folder serves again


@pytest.mark.parametrize("home", ["/dev/null", "/proc/self/fdinfo/no/such", "file"])
def test_where_the_home_folder_cannot_be_written_caches_go_elsewhere(
    bare: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).startswith(("/dev", "/proc")))
    if home == "file":
        (bare / "file").write_text("")
        home = str(bare / "file")
    monkeypatch.setenv("HOME", home)
    assert surroundings.safe_environment().startswith(f"nothing can be written in {home}/.cache")
    assert os.environ["HOME"] == home  # what can be read there still is
    folder = locations.cache_folder()
    folder.mkdir(parents=True)
    assert folder.is_relative_to(bare)


def test_a_folder_that_someone_else_has_put_there_is_not_trusted(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / "theirs").mkdir()
    (bare / f"classical-vs-cnn-{os.getuid()}").symlink_to(bare / "theirs")
    monkeypatch.setenv("HOME", "/dev/null")
    surroundings.safe_environment()
    assert not locations.cache_folder().resolve().is_relative_to(bare / "theirs")


def test_a_home_that_can_be_written_is_left_alone(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(bare))
    before = {**os.environ, "MPLBACKEND": "agg"}
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # what a notebook hands on
    assert surroundings.safe_environment() == ""
    assert {name: os.environ[name] for name in before if name != "USER"} == before


def test_a_current_folder_that_was_removed_is_an_error_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gone").mkdir()
    os.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(BenchmarkError, match="the current folder has been removed"):
        surroundings.safe_environment()


def test_a_warning_is_no_error_whatever_the_environment_says() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        worker_init.warn_only()
        with pytest.warns(UserWarning, match="did not converge"):
            warnings.warn("did not converge", stacklevel=1)


# --- signals


@pytest.mark.parametrize("number", STOPS)
def test_a_stop_is_taken_as_ctrl_c(number: signal.Signals) -> None:
    ours = signal.signal(number, signal.default_int_handler)  # whoever started the tests may ignore it, as nohup does
    try:
        with pytest.raises(KeyboardInterrupt), surroundings.stops_as_interrupts():
            os.kill(os.getpid(), number)
        stop = StopRequest()
        with handle_interrupts(stop, lambda: pytest.fail("once is no twice"), "again"):
            os.kill(os.getpid(), number)
        assert stop.requested
        assert signal.getsignal(number) == signal.default_int_handler
    finally:
        signal.signal(number, ours)


def test_a_stop_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # nohup
    try:
        stop = StopRequest()
        with surroundings.stops_as_interrupts(), handle_interrupts(stop, lambda: None, "again"):
            os.kill(os.getpid(), signal.SIGHUP)
        assert not stop.requested
    finally:
        signal.signal(signal.SIGHUP, before)


# --- a narrow terminal


def test_forty_columns_cut_no_name_and_no_number() -> None:
    names = ("cnn_64_dropout", "hog_logistic_regression", "xgboost_column_draws")
    headers = ("estimator", "title", "family", "origin", "import", "recorded")
    for rows in (terminal.empty_table(*headers), terminal.table(table(list(headers), []))):
        for name in names:
            rows.add_row(name, "Some estimator", "classical", f"models/{name}.py", "ok", "123456789")
        seen = io.StringIO()
        Console(file=seen, width=40, force_terminal=True, color_system=None).print(rows)
        lines = seen.getvalue().splitlines()
        assert all(len(line) <= 40 for line in lines)
        assert "…" not in seen.getvalue()
        folded = "".join(line[: line.index(" ")] for line in lines)  # the column of names
        assert all(name in folded for name in names)


# --- real processes


@pytest.mark.slow
@pytest.mark.parametrize("case", ["notebook", "ascii", "closed", "warnings"])
def test_a_run_ends_with_its_report(tmp_path: Path, case: str) -> None:
    env = {
        "notebook": {"MPLBACKEND": "module://no_such_notebook.backend_inline"},
        "ascii": {"PYTHONIOENCODING": "ascii"},
        "warnings": {"PYTHONWARNINGS": "error"},
        "closed": {},
    }[case]
    command = [sys.executable, "-m", "benchmark", "run", "logistic_regression", *ALONE, "--results", str(tmp_path)]
    options: dict[str, object] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    if case == "closed":
        options = {"preexec_fn": lambda: [os.close(number) for number in (0, 1, 2)]}
    done = subprocess.run(command, cwd=CHECKOUT, env={**os.environ, **env}, timeout=300, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "digits" / "leaderboard.html").exists()
    assert b"Traceback" not in (done.stderr or b"")


TAKEN = ("models", "random", "sklearn", "torch", "optuna", "matplotlib")
"""Names that a user's own files have."""


@pytest.mark.slow
def test_files_in_the_current_folder_are_the_users(tmp_path: Path) -> None:
    for name in TAKEN:
        (tmp_path / f"{name}.py").write_text("raise SystemExit('mine')")
    command = ["run", "logistic_regression", *ALONE, "--results", str(tmp_path / "results")]
    for start in (
        ["-m", "benchmark"],
        ["-c", "import sys; del sys.path[0]; from benchmark.cli.main import main; main()"],  # as what is in bin/
    ):
        done = subprocess.run(
            [sys.executable, *start, *command, "--force"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Pick" in done.stdout


def test_a_folder_called_benchmark_is_no_part_of_the_program(tmp_path: Path) -> None:
    """An editable install finds packages after the current folder, whose folder then makes one package with ours."""
    (tmp_path / "benchmark").mkdir()
    code = f"""
import importlib.machinery, runpy, sys, types
class Editable:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "benchmark":
            return importlib.machinery.PathFinder.find_spec(name, [{str(CHECKOUT)!r}])
sys.meta_path.insert(0, Editable)
sys.path[0] = {str(tmp_path)!r}
mixed = types.ModuleType("benchmark")
mixed.__path__ = [{str(tmp_path / "benchmark")!r}, {str(CHECKOUT / "benchmark")!r}]
sys.modules["benchmark"] = mixed
sys.argv = ["benchmark", "--version"]
runpy.run_module("benchmark.__main__", run_name="__main__", alter_sys=True)
"""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.startswith("classical-vs-cnn "), done.stderr


def test_few_images_have_no_learning_curve_and_it_says_so(tmp_path: Path) -> None:
    y = np.arange(80) % 2
    X = np.random.default_rng(0).integers(0, 60, (80, 8, 8)).astype(np.uint8)
    X[y == 1, :4] += 150
    path = tmp_path / "few.npz"
    np.savez(path, X_train=X[:60], y_train=y[:60], X_test=X[60:], y_test=y[60:])
    given = ("--dataset", str(path), "--preset", "smoke", "--results", str(tmp_path / "results"))
    assert benchmark("run", "logistic_regression", "--no-report", *given).returncode == 0
    for again in ((), ("--force",)):
        done = benchmark("curve", *again, *given)
        assert done.returncode == 2
        assert "few: a learning curve has fits on 100 rows and more" in done.stderr
        assert "and there are only 60; add images" in done.stderr
        assert "up to date" not in done.stdout
