"""What the verbs that fit estimators share: a locked folder, workers, Ctrl-C, and a report of what there is."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from benchmark.errors import BenchmarkError, EngineError, same_command

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.datasets.dataset import Dataset
    from benchmark.engine.executors import Executor
    from benchmark.engine.progress import Observer, Progress
    from benchmark.engine.refits import Plan as WinnersPlan
    from benchmark.engine.resources import Resources, Seat
    from benchmark.engine.scheduler import Stop

    P = TypeVar("P", bound=WinnersPlan)


def measure(
    arguments: argparse.Namespace,
    console: Console,
    dataset: Dataset,
    folder: Path,
    deadline: float,
    work: Callable[[Executor, Resources, Stop, Path], list[Progress]],
    page: str = "leaderboard.md",
) -> int:
    """Do the work in a locked folder, heeding Ctrl-C, and report what it left there; return the exit status.

    Parameters
    ----------
    arguments : argparse.Namespace
        With the flags of the machine: device, threads, deadline, memory, cluster, jobs; force; and report.
    console : Console
    dataset : Dataset
    folder : Path
        ``results/<dataset>``.
    deadline : float
        Seconds of a job, where none is asked for.
    work : callable
        ``work(executor, resources, stop, logs)``: the last state of each estimator.
    page : str
        Of the report, whose first lines are shown at the end.
    """
    from benchmark import datasets, report
    from benchmark.analyses.hardest_class import example_images
    from benchmark.cli import console as live
    from benchmark.engine import interrupts
    from benchmark.engine.resources import share
    from benchmark.engine.scheduler import Stop
    from benchmark.storage.lock import locked, os_errors_as_engine_errors

    device = device_of(arguments.device, bool(arguments.cluster))
    stop = Stop(lambda refitting: live.stopping(console, refitting))
    logs = datasets.cache_folder() / "logs"
    states: list[Progress] = []
    failure: BaseException | None = None
    with locked(folder), ExitStack() as until_the_last_page:
        executor, seats = _executor(arguments, dataset, logs)
        until_the_last_page.enter_context(interrupts.heeded(stop, executor.kill, same_command(arguments.force)))
        try:
            given = share(
                seats, arguments.deadline or deadline, arguments.jobs, arguments.threads, arguments.memory, device
            )
            states = work(executor, given, stop, logs)
        except EngineError as error:
            failure = error
        finally:
            executor.close()
        if stop.asked:
            failure = KeyboardInterrupt()
        if failure is None or list(folder.glob("records/*/seed-*.json")):
            # What there is, is reported after a failure, too; but then the failure is the news.
            with suppress(*(BenchmarkError,) if failure else ()), os_errors_as_engine_errors(folder):
                example_images.update(folder, dataset)
                if arguments.report:
                    report.write(folder)
                    live.conclude(console, folder, page)
                else:
                    live.unreported(console, folder)
    if failure is not None:
        raise failure
    return 1 if any(state.phase == "failed" for state in states) else 0


def with_winners(
    arguments: argparse.Namespace,
    plan: Callable[[WinnersPlan], P],
    announce: Callable[[Console, P, Path], None],
    make: Callable[[P, Executor, Observer, Stop], list[Progress]],
    counted: str,
    page: str,
) -> int:
    """Do something with the winners that are on record, report; the exit status is 1 if any of it failed.

    Parameters
    ----------
    arguments : argparse.Namespace
        With names, preset, and what `measure` asks for.
    plan : callable
        Adds to what every such plan says.
    announce, make : callable
    counted : str
        See `benchmark.cli.console.view`.
    page : str
        Of the report, the one that answers.
    """
    from benchmark import datasets
    from benchmark.analyses.analysis import record_kinds
    from benchmark.cli import console as live
    from benchmark.engine import refits as winners
    from benchmark.engine.protocol import DEADLINE_SECONDS, DEFAULT_PRESET, PRESETS
    from benchmark.engine.results_folder import results_folder

    console = live.console()
    dataset = datasets.load(arguments.dataset, arguments.data_dir, notify=lambda text: live.warn(console, text))
    folder = arguments.results / dataset.name
    if arguments.preset:
        folder = results_folder(arguments.results, dataset.name, PRESETS[arguments.preset])
    chosen = winners.choose(folder, arguments.names, warn=lambda text: live.warn(console, text))
    presets = {winners.preset_of(winners.standing(folder, plugin.name)).name for plugin in chosen}
    deadline = max(DEADLINE_SECONDS.get(name, DEADLINE_SECONDS[DEFAULT_PRESET]) for name in presets)

    def work(executor: Executor, resources: Resources, stop: Stop, logs: Path) -> list[Progress]:
        planned = plan(winners.Plan(chosen, dataset, resources, folder, arguments.force, record_kinds()))
        announce(console, planned, logs)
        with live.view(console, [plugin.name for plugin in chosen], resources.jobs, counted) as observe:
            return make(planned, executor, observe, stop)

    return measure(arguments, console, dataset, folder, deadline, work, page)


def _executor(arguments: argparse.Namespace, dataset: Dataset, logs: Path) -> tuple[Executor, list[Seat]]:
    """Return where jobs will run, and how many places there are."""
    from benchmark.datasets.memmap import materialise
    from benchmark.engine import resources
    from benchmark.engine.executors.local import LocalExecutor

    files = materialise(dataset)
    if arguments.cluster is None:
        return (arguments.executor or LocalExecutor)(logs), resources.seats()
    try:
        from benchmark.engine.executors.dask import DaskExecutor
    except ImportError as error:
        raise BenchmarkError(f"--cluster needs Dask ({error}); install it with: pip install -e '.[cluster]'") from error
    executor = DaskExecutor(arguments.cluster, dataset.sha256, files)
    return executor, executor.seats


def device_of(asked: str, cluster: bool) -> str:
    """Turn "auto" into what is there, and refuse "cuda" where it is not, before any training.

    Of a cluster's machines nothing is known here: "auto" is the CPU, and "cuda" is taken at its word.
    """
    import shutil
    import subprocess

    if cluster:
        return "cuda" if asked == "cuda" else "cpu"
    if asked == "cpu" or (asked == "auto" and shutil.which("nvidia-smi") is None):
        return "cpu"
    # Asked in a process of its own: torch must not be loaded into the parent.
    probe = subprocess.run(
        [sys.executable, "-c", "import torch; raise SystemExit(not torch.cuda.is_available())"],
        capture_output=True,
        check=False,
    )
    if probe.returncode == 0:
        return "cuda"
    if asked == "cuda":
        raise BenchmarkError(
            "--device cuda: torch finds no CUDA device here; use --device cpu, or a CUDA build of torch"
        )
    return "cpu"
