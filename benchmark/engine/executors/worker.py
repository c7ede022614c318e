"""One worker process, as its parent sees it."""

from __future__ import annotations

import multiprocessing
import shutil
import signal
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import psutil
from pebble import ProcessExpired, ProcessPool

from benchmark.engine.executors.log_capture import Log, Pump
from benchmark.engine.executors.process_tree import kill_group, kill_tree, resident
from benchmark.engine.executors.worker_init import initialise
from benchmark.engine.jobs import Limits, WorkerDiedError
from benchmark.storage import scratch

T = TypeVar("T")

CHILDREN_EVERY = 5
"""Looks between two in which the worker's children are counted, too: that walks all processes."""

GRACE_SECONDS = 2.0
"""Between a worker's end and giving up on the outcome that it may have sent."""


class Worker:
    """A process that serves one estimator, one job at a time.

    A Pebble pool of one process runs the functions; its deadlines go by the clock on the wall
    and stop one process with SIGTERM first, so time, memory and the process group are seen to here.

    Parameters
    ----------
    threads : int
    log : Log
    """

    def __init__(self, threads: int, log: Log) -> None:
        context = multiprocessing.get_context("spawn")
        self._pids, telling = context.Pipe(duplex=False)
        self._pump = Pump(context, log)
        self._token = uuid.uuid4().hex
        self._scratch = str(scratch.make(Path(tempfile.gettempdir())))
        self._telling = telling
        self._pool = ProcessPool(
            max_workers=1,
            context=context,
            initializer=initialise,
            initargs=(threads, self._token, self._scratch, telling, self._pump.end),
        )
        self._settling = threading.Lock()
        self._learning = threading.Lock()
        self._job: Future[Any] | None = None
        self._limits = Limits()
        self._wanted: Callable[[], bool] | None = None
        self._started = 0.0
        self._looks = 0
        self._gone: float | None = None
        self._replaced = False
        self._process: psutil.Process | None = None
        self.pid: int | None = None
        self.lost = False

    def run(
        self,
        function: Callable[..., T],
        args: tuple[Any, ...],
        limits: Limits,
        wanted: Callable[[], bool] | None = None,
    ) -> Future[T]:
        """Start a function; the future's exception is a `WorkerDiedError` if the process ends before it.

        Raises
        ------
        RuntimeError
            The process was killed while it was idle; take another worker.
        OSError
            No process can be started.
        """
        outer: Future[T] = Future()
        self._learn_pid()
        self._replaced = False
        self._job, self._limits, self._wanted = outer, limits, wanted
        self._started, self._gone = time.monotonic(), None
        with _interrupts_held():
            inner: Future[T] = self._pool.schedule(function, args=args)
        inner.add_done_callback(self._ended)
        return outer

    def look(self) -> None:
        """Hold the running job against its limits; called again and again from one thread."""
        job = self._job
        if job is None or job.done():
            return
        try:
            lost = self._verdict()
        except Exception as error:  # the thread that watches every worker must go on
            lost = WorkerDiedError("failed", f"its worker cannot be watched ({type(error).__name__}: {error})")
        if lost is not None and self._job is job:
            self._lose(lost)

    def _verdict(self) -> WorkerDiedError | None:
        limits, self._looks = self._limits, self._looks + 1
        if self._wanted is not None and not self._wanted():
            return WorkerDiedError("failed", "nobody waits for it any more")
        if limits.seconds is not None and time.monotonic() - self._started > limits.seconds:
            return WorkerDiedError("timeout", f"past its deadline of {limits.seconds:g} s")
        self._learn_pid()
        if self._process is None:
            return None
        held = resident(self._process, children=self._looks % CHILDREN_EVERY == 0)
        if held is None or self._replaced:
            self._gone = self._gone or time.monotonic()
            if time.monotonic() - self._gone > GRACE_SECONDS:
                return WorkerDiedError("failed", "its worker process ended without a result")
        elif limits.memory_bytes is not None and held > limits.memory_bytes:
            limit = limits.memory_bytes / 2**30
            return WorkerDiedError("oom", f"held {held / 2**30:.1f} GiB, past its limit of {limit:.1f} GiB")
        return None

    def kill(self) -> None:
        """Kill the process and all that it started; nothing is waited for, and no lock taken."""
        if self.pid is not None:
            kill_tree(self.pid, self._token)

    def stop(self) -> None:
        """Kill the process and all that it started, and clean up after it."""
        self.lost = True
        self._learn_pid()
        if self.pid is not None:
            kill_tree(self.pid, self._token)
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()
        self._learn_pid()  # of the process that Pebble may have started in its place
        if self.pid is not None:
            kill_group(self.pid)
        self.pid = None  # the system may give the number to another process
        self._pump.close()
        self._telling.close()
        self._pids.close()
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._settle(WorkerDiedError("failed", "its worker process was stopped", killed_externally=True))

    def _learn_pid(self) -> None:
        with self._learning, suppress(OSError, EOFError):
            while self._pids.poll():
                # Pebble puts another process in the place of one that ends with status 0, and says nothing.
                self._replaced = self.pid is not None
                self.pid = self._pids.recv()
                self._process = None
        if self._process is None and self.pid is not None:
            with suppress(psutil.Error):
                self._process = psutil.Process(self.pid)

    def _ended(self, inner: Future[Any]) -> None:
        try:
            result = inner.result()
        except ProcessExpired as error:
            self._lose(_death(error.exitcode))
        except (BrokenProcessPool, CancelledError) as error:
            self._lose(
                WorkerDiedError(
                    "failed", f"its worker process broke off ({type(error).__name__})", killed_externally=True
                )
            )
        except BaseException as error:
            self._settle(error)
        else:
            self._settle(result)

    def _lose(self, error: WorkerDiedError) -> None:
        self.lost = True
        try:
            self._learn_pid()
            if self.pid is not None:
                kill_tree(self.pid, self._token)
        finally:
            self._settle(error)

    def _settle(self, result: Any) -> None:
        # The job may end, die and run into its deadline in one moment; the first of these counts.
        with self._settling:
            job, self._job = self._job, None
        if job is None:
            return
        if isinstance(result, BaseException):
            job.set_exception(result)
        else:
            job.set_result(result)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    # The first call starts the process, which inherits the mask and, until it has a session of its own,
    # would get the terminal's Ctrl-C in the middle of its imports.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _death(code: int | None) -> WorkerDiedError:
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        outside = -code in (signal.SIGKILL, signal.SIGTERM)
        hint = " (by the system, for want of memory?)" if outside else ""
        return WorkerDiedError("failed", f"its worker process died of {name}{hint}", outside)
    return WorkerDiedError("failed", f"its worker process died with exit code {code}")
