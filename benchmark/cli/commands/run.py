"""`run`: tune, refit, predict the test images, write the leaderboard."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchmark.cli import flags
from benchmark.cli.flags import Subparsers
from benchmark.cli.session import prepare_workers, session
from benchmark.errors import BenchmarkError

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from benchmark.engine.runner import Plan


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
        choices=["smoke", "quick", "standard", "thorough"],
        default="standard",
        help="effort: smoke tests the machinery, quick previews (minutes), standard is the result (two hours on "
        "two cores), thorough is for publication and GPUs (default: standard)",
    )
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
    from benchmark.analyses.analysis import record_kinds
    from benchmark.cli import console as view
    from benchmark.cli import reading
    from benchmark.engine import registry, runner
    from benchmark.engine.protocol import DEADLINE_SECONDS, PRESETS
    from benchmark.engine.results_folder import results_folder
    from benchmark.render import terminal

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
    preset = PRESETS[arguments.preset].replace(trials=arguments.trials, seeds=arguments.seeds)
    prepare_workers(arguments)
    console = terminal.console()
    for reason in registry.refused().values() if arguments.all else ():
        terminal.warn(console, f"{reason} (left out of this run)")
    dataset = reading.load(arguments, console)
    if dataset.folds and arguments.seeds is None:
        preset = preset.cross_validated
    folder = results_folder(arguments.results, dataset.name, preset)
    with session(arguments, console, dataset, folder, DEADLINE_SECONDS[preset.name]) as opened:
        plan = runner.Plan(
            plugins, dataset, preset, opened.resources, folder, arguments.force, arguments.keep, record_kinds()
        )
        _announce(console, plan, opened.logs)
        with view.view(console, [plugin.name for plugin in plugins], plan.resources.jobs) as observe:
            opened.states = runner.run(plan, opened.executor, observe, opened.stop)
    return opened.exit_status


def _announce(console: Console, plan: Plan, logs: Path) -> None:
    """Print what the run is about to do."""
    from benchmark.render import terminal

    given, folds = plan.resources, plan.dataset.folds
    each, seeds = (f" for each of {folds} folds", "repeat(s)") if folds else ("", "seed(s)")
    terminal.announce(
        console,
        plan.dataset,
        plan.folder,
        logs,
        f"preset {plan.preset.name}: {plan.preset.trials} trials{each}, {plan.preset.seeds} {seeds}; "
        f"{given.jobs} job(s) at once, {given.tuning_threads} thread(s) each; "
        f"refits alone with {given.threads}; {given.device}; "
        f"a job may take {terminal.clock(given.refit.seconds or 0)} and "
        f"{(given.tuning.memory_bytes or 0) / 2**30:.1f} GiB, {(given.refit.memory_bytes or 0) / 2**30:.1f} GiB alone",
    )
