"""The program started as a process that a test can wait for, signal and kill."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests import CHECKOUT

SMOKE = ("--dataset", "digits", "--preset", "smoke")

ALONE = (*SMOKE, "--jobs", "1")
"""One process tunes an estimator, where two have nothing to show."""

MARK = "BENCHMARK_TEST_MARK"


class Program:
    """A running `python -m benchmark VERB`; all that it starts inherits a mark, by which it is found again.

    Parameters
    ----------
    results : Path
    *arguments : str
        After the verb.
    cwd : Path
        A checkout, or a folder with a ``models`` of its own (see `tests.plugin_lab.models`).
    env : dict
        Beside what we have ourselves.
    code : str
        Python to run before the program, in its process.
    verb : str
    """

    def __init__(
        self,
        results: Path,
        *arguments: str,
        cwd: Path = CHECKOUT,
        env: dict[str, str] | None = None,
        code: str = "",
        verb: str = "run",
    ) -> None:
        self.mark = uuid.uuid4().hex
        command = [verb, *arguments, *SMOKE, "--results", str(results)]
        start = f"{code}\nimport sys; from benchmark.cli.main import main; sys.exit(main({command!r}))"
        self.process = subprocess.Popen(
            [sys.executable, *(("-c", start) if code else ("-m", "benchmark", *command))],
            cwd=cwd,
            env={**_found_first(cwd), MARK: self.mark, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=_heed_interrupts,
        )
        self.printed = ""

    def await_line(self, text: str) -> None:
        """Read what it prints until a line holds the text."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.printed += line
            if text in line:
                return
        errors = self.process.stderr.read() if self.process.stderr else ""
        pytest.fail(f"never printed {text!r}: {self.printed}{errors}")

    def finish(self, timeout: float = 120) -> tuple[int, str, str]:
        """Wait for its end; return exit status, all that it printed, and what it printed as errors."""
        out, errors = self.process.communicate(timeout=timeout)
        self.printed += out
        return self.process.returncode, self.printed, errors

    def interrupt(self) -> None:
        """Send what Ctrl-C sends: SIGINT to the whole foreground group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        """Kill it, and it alone, with SIGKILL."""
        self.process.kill()
        self.process.communicate(timeout=30)

    def relatives(self) -> list[psutil.Process]:
        """Return every process but itself that it started, directly or not, and that still runs."""
        return [process for process in psutil.process_iter() if process.pid != self.process.pid and self._ours(process)]

    def _ours(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get(MARK) == self.mark and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.Error, OSError):
            return False


def _found_first(cwd: Path) -> dict[str, str]:
    """Return the environment of a process that imports from a folder, and what that has not from this checkout."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, dict.fromkeys((cwd, CHECKOUT))))}


def _heed_interrupts() -> None:
    # A shell starts background jobs with SIGINT ignored, children inherit that, and Python heeds it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def started(*arguments: str, cwd: Path = CHECKOUT, env: dict[str, str] | None = None) -> subprocess.CompletedProcess:
    """Run the program in a process of its own, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "benchmark", *arguments],
        cwd=cwd,
        env={**_found_first(cwd), **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def eventually(holds: Callable[[], object], seconds: float = 60) -> bool:
    """Wait until something holds; return whether it came to that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return bool(holds())


def on_a_terminal(*arguments: str, cwd: Path = CHECKOUT, env: dict[str, str] | None = None) -> tuple[int, str]:
    """Run the program on a terminal of its own; return exit status and all that it sent there."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmark", *arguments],
        cwd=cwd,
        stdin=child,
        stdout=child,
        stderr=child,
        env={**_found_first(cwd), "TERM": "xterm-256color", "COLUMNS": "400", "LINES": "60", **(env or {})},
    )
    os.close(child)
    seen, deadline = b"", time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            chunk = os.read(parent, 65_536)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
    os.close(parent)
    return process.wait(timeout=30), seen.decode(errors="replace")


WAITS = '''
"""Takes part in a test: says where it is, and waits there for a file to appear."""

import os, subprocess, time
from pathlib import Path

import numpy as np
from optuna.distributions import FloatDistribution
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator

PLACE = Path(os.environ["WAITS_PLACE"])


class Waits(GaussianNB):
    def fit(self, X, y):
        if len(y) != 200:  # not the warm-up
            subprocess.Popen(["sleep", "600"], start_new_session=True)  # a child that no group or session holds
            (PLACE / f"at-{len(y)}-{os.getpid()}").touch()
            while not (PLACE / f"go-{len(y)}").exists():
                time.sleep(0.02)
        return super().fit(X, y)


def build(task):
    return Pipeline([("bayes", Waits(var_smoothing=0.1))])


ESTIMATOR = Estimator(
    "Waits", "classical", build, space={"bayes__var_smoothing": FloatDistribution(0.01, 1.0, log=True)}
)
'''
"""A plugin whose fit on N rows touches at-N-PID and waits for go-N, in the folder $WAITS_PLACE."""
