"""One worker process, as its parent sees it."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import psutil

from benchmark.engine.executors import fork_server
from benchmark.engine.executors.log_capture import Log, PipeReader
from benchmark.engine.executors.process_tree import kill_tree, resident
from benchmark.engine.executors.worker_init import serve
from benchmark.engine.jobs import Limits, WorkerDiedError
from benchmark.storage import scratch

T = TypeVar("T")

CHILDREN_EVERY = 5
"""One check in so many also counts the memory of the worker's children, which walks all processes."""

GRACE_SECONDS = 2.0
"""Seconds to wait for a result, or for an exit code, after the worker has ended."""


class Worker:
    """A process that serves one estimator, one call at a time.

    A call goes through a pipe to the process (see `worker_init.serve`), and its result comes back. Time and memory are
    checked from outside, so that a worker past a limit can be killed with every process that it started.

    Parameters
    ----------
    threads : int
    log : Log

    Attributes
    ----------
    lost : bool
        The process has ended or was killed; it takes no more calls.

    Raises
    ------
    OSError
        No process can be started.
    """

    def __init__(self, threads: int, log: Log) -> None:
        context = fork_server.context()
        self._channel, remote = context.Pipe()
        self._reader = PipeReader(context, log)
        self._token = uuid.uuid4().hex
        self._scratch = str(scratch.make_folder(Path(tempfile.gettempdir())))
        self._process = context.Process(
            target=serve,
            args=(threads, dict(os.environ), self._token, self._scratch, remote, self._reader.end),
            name="worker",
        )
        try:
            with fork_server.interrupts_blocked():
                self._process.start()
        except EOFError as error:  # the fork server ended, as it does when it cannot fork
            raise OSError("no process can be forked") from error
        remote.close()  # the process has the only copy left, so its end is seen here
        self._pid: int = self._process.pid or 0
        try:
            self._usage = psutil.Process(self._pid)
        except psutil.Error as error:
            raise OSError(f"a process ended as soon as it was started: {error}") from error
        self._exchange: threading.Thread | None = None
        self._resolving, self._reaping = threading.Lock(), threading.Lock()
        self._job: Future[Any] | None = None
        self._handed_over: Any = None
        self._limits = Limits()
        self._wanted: Callable[[], bool] | None = None
        self._started = 0.0
        self._ended: float | None = None
        self._checks = 0
        self.lost = False

    def run(
        self,
        function: Callable[..., T],
        args: tuple[Any, ...],
        limits: Limits,
        wanted: Callable[[], bool] | None = None,
    ) -> Future[T]:
        """Start a call; the future's exception is a `WorkerDiedError` if the process ends before it.

        Raises
        ------
        RuntimeError
            The process was killed while it was idle; use another worker.
        """
        if self._exit_code() is not None:
            raise RuntimeError("the worker process has ended")
        job: Future[T] = Future()
        self._limits, self._wanted = limits, wanted
        self._started, self._ended = time.monotonic(), None
        self._job, self._handed_over = job, None
        self._exchange = threading.Thread(target=self._call, args=(function, args), name="worker call", daemon=True)
        self._exchange.start()
        return job

    def check_limits(self) -> None:
        """Kill the worker if its job is past a limit; called again and again, always from the same thread."""
        job = self._job
        if job is None or job.done():
            return
        try:
            exceeded = self._limit_exceeded()
        except Exception as error:  # the thread that checks every worker must go on
            exceeded = WorkerDiedError("failed", f"its worker cannot be watched ({type(error).__name__}: {error})")
        if exceeded is not None and self._job is job:
            self._fail(exceeded)

    def kill(self) -> None:
        """Kill the process and all that it started, without taking a lock or waiting."""
        kill_tree(self._pid, self._token)
        self._process.kill()  # one that has only just started does not lead a group yet

    def stop(self) -> None:
        """Kill the process and all that it started, and clean up."""
        self.lost = True
        self._resolve(WorkerDiedError("failed", "its worker process was stopped", killed_externally=True))
        self.kill()
        ended = self._exit_code(GRACE_SECONDS) is not None
        if self._exchange is not None:
            self._exchange.join(GRACE_SECONDS)
        if ended:  # else the pipe may still be in use
            self._channel.close()
        self._reader.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _call(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        """Send a call, wait for its result, and resolve the job with it."""
        try:
            self._channel.send((function, args))
            final, result = self._channel.recv()
            while not final:
                self._handed_over = result
                final, result = self._channel.recv()
        except (EOFError, OSError):
            self._fail(_death(self._exit_code(GRACE_SECONDS)))
        except Exception as error:  # the call cannot be pickled, or its result cannot be unpickled
            self._resolve(error)
        else:
            self._resolve(result)

    def _limit_exceeded(self) -> WorkerDiedError | None:
        limits, self._checks = self._limits, self._checks + 1
        if self._wanted is not None and not self._wanted():
            return WorkerDiedError("failed", "nobody waits for it any more")
        if limits.seconds is not None and time.monotonic() - self._started > limits.seconds:
            return WorkerDiedError("timeout", f"past its deadline of {limits.seconds:g} s")
        held = resident(self._usage, children=self._checks % CHILDREN_EVERY == 0)
        if held is None:  # its end of the pipe may be held open by a process that it started
            self._ended = self._ended or time.monotonic()
            if time.monotonic() - self._ended > GRACE_SECONDS:
                return _death(self._exit_code())
        elif limits.memory_bytes is not None and held > limits.memory_bytes:
            limit = limits.memory_bytes / 2**30
            return WorkerDiedError("oom", f"held {held / 2**30:.1f} GiB, past its limit of {limit:.1f} GiB")
        return None

    def _fail(self, error: WorkerDiedError) -> None:
        self.lost = True
        error.handed_over = self._handed_over
        try:
            self.kill()
        finally:
            self._resolve(error)

    def _resolve(self, result: Any) -> None:
        # A job may end, die and reach its deadline at the same moment; the first of these counts.
        with self._resolving:
            job, self._job = self._job, None
        if job is None:
            return
        if isinstance(result, BaseException):
            job.set_exception(result)
        else:
            job.set_result(result)

    def _exit_code(self, seconds: float = 0.0) -> int | None:
        """Return the exit code of the process, negative for a signal; None if it still runs after so many seconds."""
        deadline = time.monotonic() + seconds
        while True:
            with self._reaping:
                code = self._process.exitcode
            if code is not None or time.monotonic() >= deadline:
                return code
            time.sleep(0.01)


def _death(code: int | None) -> WorkerDiedError:
    if not code:
        return WorkerDiedError("failed", "its worker process ended without a result")
    if code > 0:
        return WorkerDiedError("failed", f"its worker process died with exit code {code}")
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    external = -code in (signal.SIGKILL, signal.SIGTERM)
    hint = " (by the system, for want of memory?)" if external else ""
    return WorkerDiedError("failed", f"its worker process died of {name}{hint}", killed_externally=external)
