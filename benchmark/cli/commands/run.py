"""`run`: tune, refit, predict the test images, write the leaderboard."""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmark.cli import flags
from benchmark.cli.flags import Subparsers
from benchmark.cli.session import prepare_workers, session
from benchmark.errors import BenchmarkError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

    from benchmark.engine.runner import Plan
    from benchmark.engine.time_limit import TimeLimit
    from benchmark.storage.records import Record


def add(subparsers: Subparsers) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "run",
        help="tune, refit, predict the test images, write the leaderboard",
        description="Tunes each estimator on training rows only, refits the best parameters, predicts the test images "
        "once per seed, and writes results/<dataset>/leaderboard.md with its figures. Records that are up to date are "
        "kept. After Ctrl-C or a crash the same command continues. The first Ctrl-C stops tuning, waits for a refit "
        "that is running, and reports what there is; the second leaves at once. A preset of less effort never "
        "overwrites one of more effort: it writes to results/<dataset>-<preset>.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="estimators to run; see: python -m benchmark list")
    parser.add_argument("--all", action="store_true", help="run every estimator")
    flags.data(parser)
    parser.add_argument(
        "--preset",
        choices=flags.PRESET_NAMES,
        help="effort: smoke tests the machinery, quick previews (minutes), standard is the result (two hours on "
        "two cores), thorough is for publication and GPUs (default: standard)",
    )
    flags.time(parser)
    parser.add_argument(
        "--trials", type=flags.positive, metavar="N", help="Optuna trials per estimator, instead of the preset's"
    )
    parser.add_argument(
        "--seeds",
        type=flags.positive,
        metavar="N",
        help="refits per estimator, instead of the preset's; if a record exists, more seeds refit its parameters and "
        "tuning is skipped. Of a cross-validation: repeats, each with other folds (default: 2, with thorough 5)",
    )
    parser.add_argument(
        "--jobs", type=flags.positive, metavar="N", help="jobs at once while tuning (default: one per core)"
    )
    flags.machine(parser, threads="of a refit, shared by the jobs while tuning")
    flags.results(parser)
    flags.reporting(parser)
    parser.add_argument("--force", action="store_true", help="delete these estimators' records and studies first")
    parser.add_argument(
        "--keep",
        action="store_true",
        help="save each tuned model, fitted on all training rows, in results/<dataset>/models for `predict`; if a "
        "record exists, its refit is repeated and tuning is skipped. Of a cross-validation: fitted on all images with "
        "the parameters of the first fold",
    )
    parser.set_defaults(command=command)


def command(arguments: argparse.Namespace) -> int:
    """Tune, refit, predict, report; the exit status is 1 if an estimator failed."""
    from benchmark.engine import registry

    if bool(arguments.names) == arguments.all:
        raise BenchmarkError("name the estimators to run, or give --all (not both); see: python -m benchmark list")
    plugins = (
        list(registry.plugins().values())
        if arguments.all
        else [registry.get(name) for name in dict.fromkeys(arguments.names)]
    )
    if arguments.keep and arguments.cluster:
        raise BenchmarkError(
            "--keep writes models to this machine's disk, and a cluster's workers have others; "
            "run with --cluster first, then the same here with --keep and without --cluster"
        )
    limit = _limit(arguments)
    prepare_workers(arguments)  # before the imports below, which take half a second

    from benchmark.analyses.analysis import record_kinds
    from benchmark.cli import console as view
    from benchmark.cli import reading
    from benchmark.engine import runner
    from benchmark.engine.protocol import DEADLINE_SECONDS, DEFAULT_PRESET, PRESETS, timed
    from benchmark.engine.results_folder import results_folder
    from benchmark.engine.time_limit import Clock
    from benchmark.render import terminal

    usual = PRESETS[arguments.preset or DEFAULT_PRESET] if limit is None else timed(limit.label)
    preset = usual.replace(trials=arguments.trials, seeds=arguments.seeds)
    console = terminal.console()
    for reason in registry.refused().values() if arguments.all else ():
        terminal.warn(console, f"{reason} (left out of this run)")
    dataset = reading.load(arguments, console)
    if dataset.folds and arguments.seeds is None:
        preset = preset.cross_validated
    folder = results_folder(arguments.results, dataset.name, preset)
    replay = _recorded(folder, [plugin.name for plugin in plugins], arguments.all) if arguments.replay else {}
    if replay:
        plugins = [plugin for plugin in plugins if plugin.name in replay]
        folder = folder.with_name(f"{folder.name}-replayed")
    deadline = DEADLINE_SECONDS.get(preset.name, DEADLINE_SECONDS[DEFAULT_PRESET])  # a clock sets one for each job
    with session(arguments, console, dataset, folder, deadline) as opened:
        resources = opened.resources
        if limit is not None:  # what a refit takes is forecast from what tuning took, so each fit has the machine
            resources = replace(resources, tuning_threads=resources.threads, tuning=resources.refit)
        clock = None
        if limit is not None and not replay:
            clock = Clock(limit, len(plugins), time.monotonic() - arguments.started, folder, arguments.report)
        plan = runner.Plan(
            plugins, dataset, preset, resources, folder, arguments.force, arguments.keep, record_kinds(), clock, replay
        )
        _announce(console, plan, opened.logs)
        with view.view(console, [plugin.name for plugin in plugins], plan.resources.jobs) as observe:
            opened.states = runner.run(plan, opened.executor, observe, opened.stop)
    if replay:
        return max(opened.exit_status, _compare(console, folder, replay))
    return opened.exit_status


def _limit(arguments: argparse.Namespace) -> TimeLimit | None:
    """Return the time limit that the flags ask for."""
    from benchmark.engine.time_limit import TimeLimit

    if arguments.time is None and arguments.time_each is None:
        if arguments.replay:
            raise BenchmarkError("--replay repeats a run with a time limit: add the --time or --time-each that it had")
        return None
    if arguments.preset is not None:
        raise BenchmarkError("--time and --time-each choose the effort themselves: leave out --preset")
    return TimeLimit(arguments.time, arguments.time_each)


def _recorded(folder: Path, names: Sequence[str], every: bool) -> dict[str, Record]:
    """Return the records of a run with a time limit whose plans can be repeated.

    Raises
    ------
    BenchmarkError
        There is none, or a named estimator has none.
    """
    from benchmark.engine.refits import best_record

    found = {}
    for name in names:
        try:
            record = best_record(folder, name)
        except BenchmarkError:
            if not every:
                raise
            continue
        if record.time is not None:
            found[name] = record
    if not found:
        raise BenchmarkError(f"{folder}: no record of a run with a time limit is there to repeat; leave out --replay")
    return found


def _compare(console: Console, folder: Path, replayed: Mapping[str, Record]) -> int:
    """Say whether the repeated rows predict what the recorded ones did; return 1 if one does not."""
    from benchmark.engine.refits import best_record
    from benchmark.render import terminal

    same = {name: best_record(folder, name).proba_sha256 == record.proba_sha256 for name, record in replayed.items()}
    differ = [name for name, is_same in same.items() if not is_same]
    of_all = f"{len(same) - len(differ)} of {len(same)} rows predict exactly what was recorded"
    terminal.step(console, of_all + (f"; these do not: {', '.join(differ)}" if differ else ""))
    return 1 if differ else 0


def _announce(console: Console, plan: Plan, logs: Path) -> None:
    """Print what the run is about to do."""
    from benchmark.render import terminal

    given, folds = plan.resources, plan.dataset.folds
    each, seeds = (f" for each of {folds} folds", "repeat(s)") if folds else ("", "seed(s)")
    memory = f"{(given.refit.memory_bytes or 0) / 2**30:.1f} GiB"
    if plan.clock is not None:
        count, share = len(plan.plugins), terminal.clock(plan.clock.first_share)
        total = f"{terminal.clock(plan.clock.total)} for " if plan.clock.total else ""
        console.print(f"{total}{count} estimator{'s' * (count > 1)}: {share} each")
        work = (
            f"at most {plan.preset.trials} trials{each}, {plan.preset.seeds} {seeds}; each fit alone with "
            f"{given.threads} thread(s); {given.device}; {memory}"
        )
    else:
        work = (
            f"preset {plan.preset.name}: {plan.preset.trials} trials{each}, {plan.preset.seeds} {seeds}; "
            f"{given.jobs} job(s) at once, {given.tuning_threads} thread(s) each; "
            f"refits alone with {given.threads}; {given.device}; "
            f"a job may take {terminal.clock(given.refit.seconds or 0)} and "
            f"{(given.tuning.memory_bytes or 0) / 2**30:.1f} GiB, {memory} alone"
        )
    terminal.announce(console, plan.dataset, plan.folder, logs, work)
