"""What jobs may use of the machines: jobs at once, threads, deadline and memory of a job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.engine.jobs import Limits
from benchmark.environment import cores, machine_memory

MEMORY_SHARE = 0.9
"""Share of a machine's memory that all jobs together may hold; the rest is for the system and for this process."""


@dataclass(frozen=True)
class Slot:
    """A place where one job at a time runs. This machine has one per core, a cluster one per Dask worker thread.

    Attributes
    ----------
    machine : str
        Slots of one machine share its cores and its memory.
    cores : int
    memory_bytes : int
    """

    machine: str
    cores: int
    memory_bytes: int


@dataclass(frozen=True)
class Resources:
    """What jobs may use.

    Attributes
    ----------
    jobs : int
        Jobs at once while tuning.
    threads : int
        Threads of a refit.
    tuning_threads : int
        Threads of each tuning job.
    tuning, refit : Limits
        Limits of a job that shares its machine, and of one that has it to itself.
    device : str
        "cpu" or "cuda".
    """

    jobs: int
    threads: int
    tuning_threads: int
    tuning: Limits
    refit: Limits
    device: str = "cpu"


def local_slots() -> list[Slot]:
    """Return the slots of this machine."""
    return [Slot("", cores(), machine_memory())] * cores()


def share(
    slots: Sequence[Slot],
    deadline: float,
    jobs: int | None = None,
    threads: int | None = None,
    memory_bytes: int | None = None,
    device: str = "cpu",
) -> Resources:
    """Share the machines' cores and memory evenly, so that the smallest machine has enough for its jobs.

    Parameters
    ----------
    slots : sequence of Slot
    deadline : float
        Seconds that one job may take.
    jobs : int, optional
        Jobs at once. Default: one per slot.
    threads : int, optional
        Threads of a refit. Default: one per core.
    memory_bytes : int, optional
        Limit of one worker. Default: `MEMORY_SHARE` of its machine, shared by the jobs there.
    device : str
    """
    machines = len({slot.machine for slot in slots})
    jobs = jobs or len(slots)
    threads = threads or min(slot.cores for slot in slots)
    # A single machine runs as many jobs as are asked for. One of several may run as many as it has slots.
    most_slots = max(Counter(slot.machine for slot in slots).values())
    jobs_per_machine = jobs if machines == 1 else min(jobs, most_slots)
    memory = int(MEMORY_SHARE * min(slot.memory_bytes for slot in slots))
    return Resources(
        jobs=jobs,
        threads=threads,
        tuning_threads=max(1, threads // jobs_per_machine),
        tuning=Limits(deadline, memory_bytes or memory // jobs_per_machine),
        refit=Limits(deadline, memory_bytes or memory),
        device=device,
    )
