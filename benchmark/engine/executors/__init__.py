"""Where jobs run: worker processes of this machine (local.py), or of a Dask cluster (cluster.py).

Nothing is imported here: a worker process passes through this file before its thread counts are set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from concurrent.futures import Future

    from benchmark.engine.jobs import Declaration, Describe, Job, Outcome


class Executor(Protocol):
    """One way to run jobs, wherever they run."""

    def describe(self, job: Describe) -> Future[Declaration]:
        """Start `benchmark.engine.declaration.describe`; its exception, if any, is the future's."""

    def submit(self, job: Job) -> Future[Outcome]:
        """Start `benchmark.engine.worker_job.run`.

        The future always has an Outcome, also if the worker died or was killed past a limit. An
        `EngineError` instead means that no job can be run any more.
        """

    def retire(self, estimator: str) -> None:
        """Stop the idle workers of an estimator: a measurement follows, or nothing more does."""

    def close(self) -> None:
        """Stop every worker at once, busy ones too."""

    def kill(self) -> None:
        """Kill every worker without waiting for anything; safe in a signal handler."""
