"""Where jobs run: in worker processes on this machine (local.py), or on a Dask cluster (dask.py).

Nothing is imported here, because a worker process imports this file before its thread counts are set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from concurrent.futures import Future

    from benchmark.engine.jobs import Declaration, Describe, Outcome, RefitJob, TuningJob


class Executor(Protocol):
    """A way to run jobs."""

    def describe(self, job: Describe) -> Future[Declaration]:
        """Start `benchmark.engine.declaration.describe`; the future raises its exception, if any."""

    def submit(self, job: TuningJob | RefitJob) -> Future[Outcome]:
        """Start `benchmark.engine.worker_job.run`.

        The future always returns an Outcome, also if the worker died or was killed past a limit. If it raises an
        `EngineError`, no more jobs can be run.
        """

    def retire(self, estimator: str) -> None:
        """Stop the idle workers of an estimator, before a measurement or because it has no more jobs."""

    def close(self) -> None:
        """Stop every worker at once, also the busy ones."""

    def kill(self) -> None:
        """Kill every worker without waiting for anything; safe in a signal handler."""
