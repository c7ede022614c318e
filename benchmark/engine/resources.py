"""What the machines at hand lend to a run: jobs at once, threads, deadline and memory of a job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.engine.jobs import Limits
from benchmark.environment import cores, machine_memory

MEMORY_SHARE = 0.9
"""Of a machine's memory that jobs may hold, all together; the rest is the system's and ours."""


@dataclass(frozen=True)
class Seat:
    """A place where jobs run, one at a time: this machine has one a core, a cluster one a Dask worker.

    Attributes
    ----------
    machine : str
        Seats of one name share its cores and its memory.
    cores : int
    memory_bytes : int
    """

    machine: str
    cores: int
    memory_bytes: int


@dataclass(frozen=True)
class Resources:
    """What jobs get.

    Attributes
    ----------
    jobs : int
        Jobs at once while tuning.
    threads : int
        Threads of a refit.
    tuning_threads : int
        Threads of each job while tuning.
    tuning, refit : Limits
        Of a job that shares its machine, and of one that has it to itself.
    device : str
        "cpu" or "cuda".
    """

    jobs: int
    threads: int
    tuning_threads: int
    tuning: Limits
    refit: Limits
    device: str = "cpu"


def seats() -> list[Seat]:
    """Return those of this machine."""
    return [Seat("", cores(), machine_memory())] * cores()


def share(
    seats: Sequence[Seat],
    deadline: float,
    jobs: int | None = None,
    threads: int | None = None,
    memory_bytes: int | None = None,
    device: str = "cpu",
) -> Resources:
    """Share out what there is, evenly, so that the least machine can bear it.

    Parameters
    ----------
    seats : sequence of Seat
    deadline : float
        Seconds that one job may take.
    jobs : int, optional
        Default: one a seat.
    threads : int, optional
        Of a refit. Default: one a core.
    memory_bytes : int, optional
        Of one worker. Default: `MEMORY_SHARE` of its machine, shared by the jobs there.
    device : str
    """
    machines = len({seat.machine for seat in seats})
    jobs = jobs or len(seats)
    threads = threads or min(seat.cores for seat in seats)
    # One machine takes as many jobs as are asked for; of several, any one may get as many as it has seats.
    crowd = jobs if machines == 1 else min(jobs, max(Counter(seat.machine for seat in seats).values()))
    whole = int(MEMORY_SHARE * min(seat.memory_bytes for seat in seats))
    return Resources(
        jobs=jobs,
        threads=threads,
        tuning_threads=max(1, threads // crowd),
        tuning=Limits(deadline, memory_bytes or whole // crowd),
        refit=Limits(deadline, memory_bytes or whole),
        device=device,
    )
