"""What the verbs do. Heavy imports stay inside, so that ``--help`` answers at once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from benchmark.errors import BenchmarkError
from benchmark.measuring import device_of, measure

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.executors import Executor
    from benchmark.lanes import Stop
    from benchmark.progress import Observer, Progress
    from benchmark.resources import Resources
    from benchmark.winners import Plan as WinnersPlan

    P = TypeVar("P", bound=WinnersPlan)


def run(arguments: argparse.Namespace) -> int:
    """Tune, refit, predict, report; the exit status is 1 if an estimator failed."""
    from benchmark import datasets, live, registry, runner
    from benchmark.claim import results_folder
    from benchmark.protocol import DEADLINE_SECONDS, PRESETS

    if bool(arguments.names) == arguments.all:
        raise BenchmarkError("name the estimators to run, or give --all (not both); see: python -m benchmark list")
    chosen = (
        list(registry.plugins().values())
        if arguments.all
        else [registry.get(name) for name in dict.fromkeys(arguments.names)]
    )
    preset = PRESETS[arguments.preset].replace(trials=arguments.trials, seeds=arguments.seeds)
    console = live.console()
    for reason in registry.refused().values() if arguments.all else ():
        live.warn(console, f"{reason} (left out of this run)")
    dataset = datasets.load(arguments.dataset, arguments.data_dir, notify=lambda text: live.warn(console, text))
    folder = results_folder(arguments.results, dataset.name, preset)

    def work(executor: Executor, resources: Resources, stop: Stop, logs: Path) -> list[Progress]:
        plan = runner.Plan(chosen, dataset, preset, resources, folder, arguments.force)
        live.announce(console, plan, logs)
        with live.view(console, [plugin.name for plugin in chosen], resources.jobs) as observe:
            return runner.run(plan, executor, observe, stop)

    return measure(arguments, console, dataset, folder, DEADLINE_SECONDS[preset.name], work)


def curve(arguments: argparse.Namespace) -> int:
    """Fit frozen winners on fewer rows, report; the exit status is 1 if a point failed."""
    from benchmark import curve, live
    from benchmark.report.curve import HEADING

    def plan(given: WinnersPlan) -> curve.Plan:
        return curve.Plan(**vars(given), seeds=arguments.seeds)

    return _with_winners(arguments, plan, live.announce_curves, curve.run, "point", HEADING)


def robustness(arguments: argparse.Namespace) -> int:
    """Show frozen winners corrupted test images, report; the exit status is 1 if an estimator failed."""
    from benchmark import live, robustness
    from benchmark.report.robustness import HEADING

    def plan(given: WinnersPlan) -> robustness.Plan:
        return robustness.Plan(**vars(given), images=arguments.images)

    return _with_winners(arguments, plan, live.announce_robustness, robustness.run, "refit", HEADING)


def _with_winners(
    arguments: argparse.Namespace,
    plan: Callable[[WinnersPlan], P],
    announce: Callable[[Console, P, Path], None],
    make: Callable[[P, Executor, Observer, Stop], list[Progress]],
    counted: str,
    heading: str,
) -> int:
    """Do something with the winners that are on record, report; the exit status is 1 if any of it failed.

    Parameters
    ----------
    arguments : argparse.Namespace
        With names, preset, and what `_measure` asks for.
    plan : callable
        Adds to what every such plan says.
    announce, make : callable
    counted : str
        See `benchmark.live.view`.
    heading : str
        Of the report's section that answers.
    """
    from benchmark import datasets, live, winners
    from benchmark.claim import results_folder
    from benchmark.protocol import DEADLINE_SECONDS, DEFAULT_PRESET, PRESETS

    console = live.console()
    dataset = datasets.load(arguments.dataset, arguments.data_dir, notify=lambda text: live.warn(console, text))
    folder = arguments.results / dataset.name
    if arguments.preset:
        folder = results_folder(arguments.results, dataset.name, PRESETS[arguments.preset])
    chosen = winners.choose(folder, arguments.names, warn=lambda text: live.warn(console, text))
    presets = {winners.preset_of(winners.standing(folder, plugin.name)).name for plugin in chosen}
    deadline = max(DEADLINE_SECONDS.get(name, DEADLINE_SECONDS[DEFAULT_PRESET]) for name in presets)

    def work(executor: Executor, resources: Resources, stop: Stop, logs: Path) -> list[Progress]:
        planned = plan(winners.Plan(chosen, dataset, resources, folder, arguments.force))
        announce(console, planned, logs)
        with live.view(console, [plugin.name for plugin in chosen], resources.jobs, counted) as observe:
            return make(planned, executor, observe, stop)

    return measure(arguments, console, dataset, folder, deadline, work, heading)


def people(arguments: argparse.Namespace) -> int:
    """Compare the stored predictions with human labels and report."""
    from benchmark import live, people, people_record, records, report
    from benchmark.claim import claimed
    from benchmark.datasets import fashion_mnist, human_labels
    from benchmark.report.disagreement import HEADING

    if arguments.dataset != fashion_mnist.NAME:
        raise BenchmarkError(
            f"--dataset {arguments.dataset}: there are human labels of the test images of {fashion_mnist.NAME} only; "
            "leave the flag out"
        )
    folder = arguments.results / fashion_mnist.NAME
    if records.read_test_set(folder) is None:  # before the folder is claimed, which would make it
        raise BenchmarkError(f"{folder}: no records here; make some with: python -m benchmark run --all")
    counts = human_labels.load(arguments.data_dir)
    with claimed(folder):
        people_record.write(folder, people.make(records.read(folder), counts))
        report.write(folder)
        live.conclude(live.console(), folder, HEADING)
    return 0


def audit(arguments: argparse.Namespace) -> int:
    """Look a data set over, report; the exit status is 1 if the search for label errors failed."""
    from benchmark import audit, claim, datasets, label_errors, live, registry, report, resources
    from benchmark.protocol import DEADLINE_SECONDS, DEFAULT_PRESET

    console = live.console()
    registry.get(arguments.estimator)
    dataset = datasets.load(arguments.dataset, arguments.data_dir, notify=lambda text: live.warn(console, text))
    given = resources.share(
        resources.seats(),
        arguments.deadline or DEADLINE_SECONDS[DEFAULT_PRESET],
        1,
        arguments.threads,
        arguments.memory,
        device_of(arguments.device, cluster=False),
    )
    folder = arguments.results / dataset.name
    plan = audit.Plan(dataset, arguments.estimator, given, folder, datasets.cache_folder() / "logs")
    if not label_errors.available():
        live.warn(console, f"{label_errors.MISSING}; all else is looked at without it")
    with claim.claimed(folder):
        claim.prepare_audit(folder, dataset)
        live.announce_audit(console, plan)
        found = audit.run(plan, say=lambda text: live.step(console, text))
        report.write(folder)
        live.print_audit(console, found, dataset.test.y, len(dataset.class_names), folder)
    return 1 if found.audit.status == "failed" else 0


def list_(arguments: argparse.Namespace) -> int:
    """Show every estimator and what stands recorded for it."""
    from benchmark import listing, live

    live.print_listing(live.console(), listing.listing(arguments.results))
    return 0


def check(arguments: argparse.Namespace) -> int:
    """Hold one plugin against the contract."""
    from benchmark import live
    from benchmark.check import check as hold

    clauses = hold(arguments.name)
    live.print_clauses(live.console(), arguments.name, clauses)
    return 0 if all(clause.holds for clause in clauses) else 1


def report(arguments: argparse.Namespace) -> int:
    """Rewrite the reports, or say which differ from their records."""
    from benchmark import report
    from benchmark.claim import clear_errors
    from benchmark.report.markdown import plain

    folders = sorted(path.parent for path in arguments.results.glob("*/records"))
    if not folders:
        raise BenchmarkError(f"{arguments.results}: no results here; make some with: python -m benchmark run --all")
    differing = 0
    for folder in folders:
        if arguments.check:
            found = report.check(folder)
            differing += len(found)
            print(
                f"{plain(str(folder))}: "
                + ("up to date" if not found else "differs from its records: " + ", ".join(found))
            )
        else:
            with clear_errors(folder):
                written = report.write(folder)
            print(
                f"{plain(str(folder / 'leaderboard.md'))} and leaderboard.html: written, with "
                f"{len(written) - 2} files beside them"
            )
    if differing:
        print("rewrite with: python -m benchmark report", file=sys.stderr)
    return 1 if differing else 0


def data(arguments: argparse.Namespace) -> int:
    """Fetch and verify a data set and show what there is to know of it."""
    from benchmark import datasets, live

    console = live.console()
    dataset = datasets.load(arguments.dataset, arguments.data_dir, notify=lambda text: live.warn(console, text))
    live.print_data(console, datasets.summary(dataset))
    return 0
