"""The program called in this process: for tests about results, messages and refusals.

A process costs seconds before it does anything. What is tested by its process (signals, kills, orphans, deadlines,
terminals) is started as one: see `tests.running`.
"""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import invalidate_caches
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

from benchmark import environment
from benchmark.cli.main import main
from benchmark.engine import declaration, worker_job
from benchmark.engine.executors.local import LocalExecutor
from benchmark.engine.jobs import Declaration, Describe, Outcome, RefitJob, TuningJob
from tests import CHECKOUT

Job = TuningJob | RefitJob

T = TypeVar("T")

SECOND_RUNTIMES = ("cnn", "lightgbm", "xgboost")
"""Parts of the names of estimators that load an OpenMP runtime of their own: two of these crash one process."""


class Inline:
    """An executor that runs jobs here and now, and notes them.

    Parameters
    ----------
    answer : callable, optional
        Does a job in place of `benchmark.engine.worker_job.run`.
    logs : Path, optional
        Estimators of torch, XGBoost and LightGBM have worker processes, whose logs go there; without it they are
        refused.
    quiet : bool
        What an estimator prints is lost, as it is for a user's terminal.

    Attributes
    ----------
    jobs : list of Job
    """

    def __init__(
        self, answer: Callable[[Job], Outcome] = worker_job.run, logs: Path | None = None, quiet: bool = True
    ) -> None:
        self.jobs: list[Job] = []
        self._answer, self._logs, self._quiet = answer, logs, quiet
        self._workers: LocalExecutor | None = None

    @property
    def asked(self) -> list[tuple[int, int]]:
        """Rows and draw of every job."""
        return [(job.rows, job.draw) for job in self.jobs]

    def describe(self, job: Describe) -> Future[Declaration]:
        if self._needs_a_worker(job.estimator):
            return self._real().describe(job)
        return self._done(lambda: declaration.describe(job))

    def submit(self, job: Job) -> Future[Outcome]:
        self.jobs.append(job)
        if self._needs_a_worker(job.estimator):
            return self._real().submit(job)
        return self._done(lambda: self._answer(job))

    def retire(self, estimator: str) -> None:
        if self._workers is not None:
            self._workers.retire(estimator)

    def close(self) -> None:
        if self._workers is not None:
            self._workers.close()

    def kill(self) -> None:
        if self._workers is not None:
            self._workers.kill()

    def _needs_a_worker(self, estimator: str) -> bool:
        return self._answer is worker_job.run and any(part in estimator for part in SECOND_RUNTIMES)

    def _real(self) -> LocalExecutor:
        assert self._logs is not None, "torch, XGBoost and LightGBM must not meet in the tests' process"
        self._workers = self._workers or LocalExecutor(self._logs)
        return self._workers

    def _done(self, work: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        with ExitStack() as meanwhile:
            if self._quiet:
                meanwhile.enter_context(redirect_stdout(io.StringIO()))
                meanwhile.enter_context(redirect_stderr(io.StringIO()))
            meanwhile.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
            try:
                future.set_result(work())
            except Exception as error:
                future.set_exception(error)
        return future


@dataclass(frozen=True)
class Result:
    """What a command left: its exit status and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def benchmark(
    *arguments: str, cwd: Path | None = None, env: dict[str, str] | None = None, workers: bool = False
) -> Result:
    """Run one command as a user would, but in this process.

    Parameters
    ----------
    *arguments : str
        After ``python -m benchmark``.
    cwd : Path, optional
        Current directory meanwhile; a ``models`` folder in it is taken for the one next to the program.
    env : dict, optional
        Environment variables besides; folders of ``PYTHONPATH`` are searched for packages.
    workers : bool
        Jobs run in worker processes, as a user's do.
    """
    out, errors = io.StringIO(), io.StringIO()
    status = _called(arguments, cwd, env or {}, out, errors, None if workers else lambda logs: Inline(logs=logs))
    return Result(status, out.getvalue(), errors.getvalue())


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def on_a_terminal(*arguments: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> tuple[int, str]:
    """Run one command as `benchmark` does; return exit status and all that a terminal is sent."""
    seen = Terminal()
    env = {"TERM": "xterm-256color", "COLUMNS": "400", "LINES": "60", **(env or {})}
    # Not quiet: the live table is drawn by a thread of its own, meanwhile.
    status = _called(arguments, cwd, env, seen, seen, lambda logs: Inline(logs=logs, quiet=False))
    return status, seen.getvalue()


def _called(
    arguments: Sequence[str],
    cwd: Path | None,
    env: dict[str, str],
    out: io.StringIO,
    errors: io.StringIO,
    executor: Callable[[Path], Inline] | None,
) -> int:
    with ExitStack() as until_the_end:
        until_the_end.enter_context(_environment(env))
        folders = [cwd] if cwd is not None and (cwd / "models").is_dir() else []
        searched = env.get("PYTHONPATH", "").split(os.pathsep)
        folders += [Path(each) for each in searched if each and Path(each) != CHECKOUT]
        until_the_end.enter_context(_first_on_the_path(folders))
        if cwd is not None and (cwd / "models").is_dir():
            until_the_end.enter_context(patch.object(environment, "MODELS", cwd / "models"))
        if cwd is not None:
            until_the_end.callback(os.chdir, Path.cwd())
            os.chdir(cwd)
        until_the_end.enter_context(redirect_stdout(out))
        until_the_end.enter_context(redirect_stderr(errors))
        try:
            return main([*arguments], executor=executor)
        except SystemExit as stopped:  # argparse
            return int(stopped.code or 0)


@contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _first_on_the_path(folders: list[Path]) -> Iterator[None]:
    """Import from these folders first; what was imported from them, and their `models`, is forgotten at the end."""
    if not folders:
        yield
        return
    path, ours = list(sys.path), {name: sys.modules.pop(name) for name in list(sys.modules) if _is_models(name)}
    sys.path[:0] = map(str, folders)
    invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = path
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if _is_models(name) or (file and any(Path(file).is_relative_to(folder) for folder in folders)):
                del sys.modules[name]
        sys.modules.update(ours)
        invalidate_caches()


def _is_models(name: str) -> bool:
    return name == "models" or name.startswith("models.")
