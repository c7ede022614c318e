"""A process that has imported the libraries, and forks one for each start of the program.

The suite starts `python -m benchmark` some hundred times; two thirds of a short run's start are imports of other
people's code. Nothing of ours is imported here, so that a copy of the checkout runs the copy. What is tested by its
process (signals, kills, orphans) is started anew in `tests.running`.
"""

from __future__ import annotations

import atexit
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from multiprocessing import process
from pathlib import Path
from typing import NoReturn

LIBRARIES = [
    "filelock",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "numpy",
    "optuna",
    "pandas",
    "psutil",
    "rich.live",
    "scipy.ndimage",
    "scipy.optimize",
    "scipy.stats",
    "sklearn.datasets",
    "sklearn.metrics",
    "sklearn.model_selection",
    "sklearn.neighbors",
    "statsmodels.stats.contingency_tables",
    "statsmodels.stats.multitest",
]


class Warm:
    """The process, from this side; one request at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm"],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self._process.kill)

    def run(self, arguments: list[str], cwd: Path, env: dict[str, str], timeout: float) -> subprocess.CompletedProcess:
        """Do what ``subprocess.run([python, "-m", "benchmark", *arguments], ...)`` does; stdin is empty."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with tempfile.TemporaryDirectory() as place:
            wanted = {"arguments": arguments, "cwd": str(cwd), "env": env, "place": place, "timeout": timeout}
            print(json.dumps(wanted), file=self._process.stdin, flush=True)
            status = self._process.stdout.readline()
            out, errors = (Path(place, name).read_text(encoding="utf-8") for name in ("out", "errors"))
        assert status, f"tests.warm itself ended\n{out}{errors}"
        if int(status) == -signal.SIGALRM:
            raise subprocess.TimeoutExpired(arguments, timeout, out, errors)
        return subprocess.CompletedProcess(arguments, int(status), out, errors)


def serve() -> None:
    """Fork a process for each line; print what each came to."""
    for library in LIBRARIES:
        __import__(library)
    for line in iter(sys.stdin.readline, ""):
        wanted = json.loads(line)
        child = os.fork()
        if not child:
            become(wanted)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def become(wanted: dict) -> NoReturn:
    """Turn this fork into what the command line would have started."""
    for number, name in enumerate((os.devnull, *(f"{wanted['place']}/{each}" for each in ("out", "errors")))):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT, 0o600), number)
    sys.stdin = os.fdopen(0, closefd=False)  # its buffer was read ahead of
    os.environ.clear()
    os.environ.update(wanted["env"])
    os.chdir(wanted["cwd"])
    ours = {str(Path(__file__).parents[1]), "", *os.environ.get("PYTHONPATH", "").split(os.pathsep)}
    first = [wanted["cwd"], *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    sys.path[:] = [*dict.fromkeys(first), *(path for path in sys.path if path not in ours)]
    sys.argv = ["benchmark", *wanted["arguments"]]
    process.ORIGINAL_DIR = wanted["cwd"]  # what spawned workers are told
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(wanted["timeout"]))
    for name in [name for name in sys.modules if name.split(".")[0] == "tests"]:
        del sys.modules[name]
    runpy.run_module("benchmark", run_name="__main__", alter_sys=True)
    sys.exit()


if __name__ == "__main__":
    serve()
