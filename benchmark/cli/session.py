"""What the commands that fit estimators share: a locked folder, workers, Ctrl-C, and a report at the end."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.errors import BenchmarkError, EngineError, same_command

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.datasets.dataset import Dataset
    from benchmark.engine.executors import Executor
    from benchmark.engine.progress import Observer, Progress
    from benchmark.engine.refits import RefitPlan
    from benchmark.engine.resources import Resources, Slot
    from benchmark.engine.scheduler import StopRequest


@dataclass
class Session:
    """What a command runs its jobs with.

    Attributes
    ----------
    console : Console
    executor : Executor
    resources : Resources
    stop : StopRequest
    logs : Path
        Folder of what the estimators print.
    states : sequence of Progress
        Last progress of every estimator; set by the command.
    """

    console: Console
    executor: Executor
    resources: Resources
    stop: StopRequest
    logs: Path
    states: Sequence[Progress] = field(default_factory=list)

    @property
    def exit_status(self) -> int:
        """1 if an estimator failed, else 0."""
        return 1 if any(state.phase == "failed" for state in self.states) else 0


@dataclass
class RefitSession(Session):
    """A session of a command that refits estimators on record.

    Attributes
    ----------
    plan : RefitPlan
    """

    plan: RefitPlan = field(kw_only=True)

    def announce(self, work: str) -> None:
        """Print the data set, what is about to be done, with which estimators, and where the results go."""
        from benchmark.cli import console as view
        from benchmark.render import terminal

        plan = self.plan
        text = f"{work}; {view.names(plan)}; {view.each_fit(plan.resources)}"
        terminal.announce(self.console, plan.dataset, plan.folder, self.logs, text)

    def view(self, unit: str) -> AbstractContextManager[Observer]:
        """Show progress, counted in "point" or "refit"."""
        from benchmark.cli import console as view

        names = [plugin.name for plugin in self.plan.plugins]
        return view.view(self.console, names, self.plan.resources.jobs, unit)


@contextmanager
def session(
    arguments: argparse.Namespace,
    console: Console,
    dataset: Dataset,
    folder: Path,
    deadline: float,
    page: str = "leaderboard.md",
) -> Iterator[Session]:
    """Lock a results folder and start workers; afterwards stop them and report what the folder holds.

    The first Ctrl-C sets `Session.stop`. The report is also written after a failure, if there is any record.

    Parameters
    ----------
    arguments : argparse.Namespace
        With the flags of the machine (device, threads, deadline, memory, cluster, jobs), force, and report.
    console : Console
    dataset : Dataset
    folder : Path
        ``results/<dataset>``.
    deadline : float
        Seconds that a job may take, unless a flag says otherwise.
    page : str
        Page of the report whose first lines are printed at the end.

    Raises
    ------
    BenchmarkError
        The folder is in use or cannot be written, or what the flags ask for is not available.
    EngineError
        No more jobs can be run, or no more results written.
    KeyboardInterrupt
        The run was stopped by Ctrl-C.
    """
    from benchmark import datasets, report
    from benchmark.cli import console as view
    from benchmark.engine.interrupts import handle_interrupts
    from benchmark.engine.resources import share
    from benchmark.engine.scheduler import StopRequest
    from benchmark.report import example_images
    from benchmark.storage import lock

    device = device_of(arguments.device, bool(arguments.cluster))
    stop = StopRequest(lambda refitting: view.stopping(console, refitting))
    logs = datasets.cache_folder() / "logs"
    failure: BaseException | None = None
    with lock.locked(folder), ExitStack() as until_reported:
        executor, slots = _executor(arguments, dataset, logs)
        until_reported.enter_context(handle_interrupts(stop, executor.kill, same_command(arguments.force)))
        try:
            seconds = arguments.deadline or deadline
            resources = share(slots, seconds, arguments.jobs, arguments.threads, arguments.memory, device)
            yield Session(console, executor, resources, stop, logs)
        except EngineError as error:
            failure = error
        finally:
            executor.close()
        if stop.requested:
            failure = KeyboardInterrupt()
        if failure is None or list(folder.glob("records/*/seed-*.json")):
            # After a failure, an error of the report is not the news.
            with suppress(*(BenchmarkError,) if failure else ()), lock.os_errors_as_engine_errors(folder):
                example_images.store(folder, dataset)
                if arguments.report:
                    report.write(folder)
                    view.conclude(console, folder, page)
                else:
                    view.unreported(console, folder)
    if failure is not None:
        raise failure


@contextmanager
def refit_session(arguments: argparse.Namespace, page: str) -> Iterator[RefitSession]:
    """Start a session for refits of estimators on record.

    Parameters
    ----------
    arguments : argparse.Namespace
        With the flags of `benchmark.cli.flags.refits`.
    page : str
        See `session`.

    Raises
    ------
    BenchmarkError
        As `session`; or an estimator has no good record.
    EngineError, KeyboardInterrupt
        As `session`.
    """
    from benchmark.analyses.analysis import record_kinds
    from benchmark.cli import reading
    from benchmark.engine import refits
    from benchmark.engine.protocol import DEADLINE_SECONDS, DEFAULT_PRESET, preset_named
    from benchmark.engine.results_folder import results_folder
    from benchmark.render import terminal

    prepare_workers(arguments)
    console = terminal.console()
    dataset = reading.load(arguments, console)
    require_test_part(dataset, arguments.subcommand)
    folder = arguments.results / dataset.name
    if arguments.preset:
        folder = results_folder(arguments.results, dataset.name, preset_named(arguments.preset))
    plugins = refits.choose(folder, arguments.names, warn=lambda text: terminal.warn(console, text))
    presets = {refits.preset_of(refits.best_record(folder, plugin.name)).name for plugin in plugins}
    deadline = max(DEADLINE_SECONDS.get(name, DEADLINE_SECONDS[DEFAULT_PRESET]) for name in presets)
    with session(arguments, console, dataset, folder, deadline, page) as opened:
        plan = refits.RefitPlan(plugins, dataset, opened.resources, folder, arguments.force, record_kinds())
        refitting = RefitSession(**vars(opened), plan=plan)
        yield refitting


def require_test_part(dataset: Dataset, subcommand: str) -> None:
    """Refuse a cross-validation to an analysis of a test part.

    Raises
    ------
    BenchmarkError
    """
    if dataset.folds:
        raise BenchmarkError(
            f"{subcommand}: {dataset.name} is cross-validated, and {subcommand} needs a test part; "
            "give --folds 0 and another folder for --results, to `run` too"
        )


def prepare_workers(arguments: argparse.Namespace) -> None:
    """Start what the workers of this machine come from, which takes as long as reading the data and goes on beside."""
    from benchmark.engine.executors import fork_server

    if arguments.cluster is None and arguments.executor is None:
        with suppress(OSError):  # said by the first worker
            fork_server.start()


def _executor(arguments: argparse.Namespace, dataset: Dataset, logs: Path) -> tuple[Executor, list[Slot]]:
    """Return where jobs run, and its slots."""
    from benchmark.datasets.memmap import materialise
    from benchmark.engine import resources
    from benchmark.engine.executors.local import LocalExecutor

    if dataset.folds and arguments.cluster is not None:
        raise BenchmarkError(
            "--cluster: a cross-validation runs on this machine only; leave --cluster out, or give --folds 0"
        )
    files = materialise(dataset)
    if arguments.cluster is None:
        return (arguments.executor or LocalExecutor)(logs), resources.local_slots()
    try:
        from benchmark.engine.executors.dask import DaskExecutor
    except ImportError as error:
        raise BenchmarkError(f"--cluster needs Dask ({error}); install it with: pip install -e '.[cluster]'") from error
    executor = DaskExecutor(arguments.cluster, dataset.sha256, files)
    return executor, executor.slots


def device_of(asked: str, cluster: bool) -> str:
    """Return the device for "auto", and refuse "cuda" before any training if it is not available.

    A cluster's machines are not asked: "auto" is the CPU there, and "cuda" is not checked.
    """
    import shutil
    import subprocess

    if cluster:
        return "cuda" if asked == "cuda" else "cpu"
    if asked == "cpu" or (asked == "auto" and shutil.which("nvidia-smi") is None):
        return "cpu"
    # Asked in a separate process, because torch must not be imported into the parent.
    probe = subprocess.run(
        [sys.executable, "-P", "-c", "import torch; raise SystemExit(not torch.cuda.is_available())"],
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
