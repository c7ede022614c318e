"""Flags that several subcommands share."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TypeAlias

from benchmark.analyses.analysis import PRESET_NAMES, positive, preset
from benchmark.errors import BenchmarkError

__all__ = [
    "PRESET_NAMES",
    "Subparsers",
    "alone",
    "data",
    "machine",
    "positive",
    "preset",
    "refits",
    "reporting",
    "results",
    "time",
]

_DATASET_HELP = (
    "fashion-mnist, digits, mnist, kmnist, openml:NUMBER, or a path: a folder of pictures (train/<class>/ "
    "and test/<class>/, or <class>/ alone; PATH@32 resizes them to 32 by 32 pixels), IDX files, a CSV of pixels, .npz "
    "or .npy files, or a .zip of any of these (docs/data-sets.md lists all forms). "
    "Default: fashion-mnist; if it cannot be downloaded, digits, with a warning"
)
_RESULTS_HELP = "results folder, with one subfolder per data set (default: results)"

MOST_FOLDS = 100
"""Each fold is tuned and fitted by itself, so a hundred already take a hundred times as long."""

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def data(parser: argparse.ArgumentParser) -> None:
    """Add the flags that choose the data set and where to look for it."""
    parser.add_argument("--dataset", metavar="NAME|PATH", help=_DATASET_HELP)
    parser.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="folder to search first for the four files of Fashion-MNIST, MNIST or KMNIST (then $BENCHMARK_DATA, "
        "data/, ../shared/data/, the caches of torchvision and Keras, and finally the network)",
    )
    parser.add_argument(
        "--group",
        default="",
        metavar="REGEX|COLUMN",
        help="which of your own pictures belong together, such as those of one patient: a regular expression that is "
        r"searched in each path (its first group, or what it matches, names the picture's group: 'patient\d+'), or a "
        "column of a table next to the pictures; every split that the program makes keeps groups whole",
    )
    parser.add_argument(
        "--folds",
        type=_folds,
        metavar="N",
        help="for data without a test part: N folds of a cross-validation, or 0 to split a fifth off for testing "
        "(default: 5 if that fifth has fewer than 200 pictures, else 0)",
    )


def time(parser: argparse.ArgumentParser) -> None:
    """Add the flags that limit the wall time of a run."""
    given = parser.add_mutually_exclusive_group()
    given.add_argument(
        "--time",
        type=_time,
        metavar="TIME",
        help="wall time of the whole command, such as 90s, 10m or 1h30m, data and report included; each estimator has "
        "an equal part, and fits as much as it holds (instead of --preset; results/<dataset>-<time>)",
    )
    given.add_argument(
        "--time-each", type=_time, metavar="TIME", help="the same for each estimator, without a limit of the whole"
    )
    parser.add_argument(
        "--replay",
        action="store_true",
        help="repeat what such a run chose, without a clock, and say whether the predictions are the same",
    )


def refits(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the subcommands that refit tuned estimators from their records."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="estimators with a record (default: all of them)")
    data(parser)
    preset(parser)
    machine(parser, threads="of each fit; fits run one at a time")
    results(parser)
    reporting(parser)
    parser.add_argument("--force", action="store_true", help="recompute results that already exist")
    parser.set_defaults(jobs=None)


def machine(parser: argparse.ArgumentParser, threads: str, cluster: bool = True) -> None:
    """Add the limits of a fit, and the cluster that may run it."""
    parser.add_argument("--threads", type=positive, metavar="N", help=f"threads {threads} (default: one per core)")
    parser.add_argument(
        "--device",
        choices=["auto", "cpu", "cuda"],
        default="auto",
        help="device of the fits; auto uses a GPU if there is one (default: auto)",
    )
    parser.add_argument(
        "--deadline",
        type=_seconds,
        metavar="SECONDS",
        help="kill a fit that takes longer, imports and warm-up included (default: 120, 600, 3600, 21600 by preset)",
    )
    parser.add_argument(
        "--memory",
        type=_gibibytes,
        metavar="GIB",
        help="kill a worker that uses more memory, its children included (default: nine tenths of the machine's, "
        "shared by the jobs that run at once)",
    )
    if not cluster:
        return
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="run the jobs on the workers of a Dask scheduler, such as tcp://host:8786, instead of on this machine "
        "(needs the extra [cluster] on this machine and on theirs)",
    )


def reporting(parser: argparse.ArgumentParser) -> None:
    """Add the flag that skips the report at the end."""
    parser.add_argument(
        "--no-report",
        dest="report",
        action="store_false",
        help="write the records only; `python -m benchmark report` writes pages and figures later (for several runs)",
    )


def alone(parser: argparse.ArgumentParser) -> None:
    """Add the limits of a fit, for a subcommand whose fits run one at a time on this machine."""
    machine(parser, threads="of the comparison and of each fit", cluster=False)


def results(parser: argparse.ArgumentParser) -> None:
    """Add the flag that chooses the results folder."""
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR", help=_RESULTS_HELP)


def _folds(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = -1
    if value not in (0, *range(2, MOST_FOLDS + 1)):
        raise argparse.ArgumentTypeError(f"{text!r} is not 0 or a whole number from 2 to {MOST_FOLDS}")
    return value


def _time(text: str) -> float:
    from benchmark.engine.time_limit import seconds_of

    try:
        return seconds_of(text)
    except BenchmarkError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _seconds(text: str) -> float:
    return _above_zero(text, "a number of seconds")


def _gibibytes(text: str) -> int:
    return int(_above_zero(text, "a number of GiB") * 2**30)


def _above_zero(text: str, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not {what} above zero")
    return value
