"""Flags that several verbs take."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TypeAlias

_DATASET_HELP = (
    "fashion-mnist, digits, mnist, kmnist, openml:NUMBER, or a path: a folder of PNG or JPEG pictures (train/<class>/ "
    "and test/<class>/, or <class>/ alone; PATH@32 brings them to 32 by 32 pixels), a folder of IDX files, a folder "
    "with *train*.csv and *test*.csv (column label, then the pixels), or an .npz with X_train y_train X_test y_test. "
    "Default: fashion-mnist, and the digits with a loud word where it cannot be had"
)
_RESULTS_HELP = "folder of the results, one subfolder per data set (default: results)"

Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def data(verb: argparse.ArgumentParser) -> None:
    """Add which data set, and where it may lie."""
    verb.add_argument("--dataset", metavar="NAME|PATH", help=_DATASET_HELP)
    verb.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="where to look first for the four files of Fashion-MNIST, MNIST or KMNIST (then $BENCHMARK_DATA, "
        "data/, ../shared/data/, the caches of torchvision and Keras, and last the network)",
    )


def refits(verb: argparse.ArgumentParser) -> None:
    """Add what every verb takes that does something with the tuned estimators on record."""
    verb.add_argument(
        "names", nargs="*", metavar="NAME", help="estimators that have a record (default: all that have one)"
    )
    data(verb)
    verb.add_argument(
        "--preset",
        choices=["smoke", "quick", "standard", "thorough"],
        help="take the results that run --preset wrote, where they stand apart in results/<dataset>-<preset>",
    )
    machine(verb, threads="of each fit; each is alone on the machine")
    results(verb)
    reporting(verb)
    verb.add_argument("--force", action="store_true", help="make anew what stands")
    verb.set_defaults(jobs=None)


def machine(verb: argparse.ArgumentParser, threads: str, cluster: bool = True) -> None:
    """Add what a fit may take of the machine, or of a cluster of them."""
    verb.add_argument("--threads", type=positive, metavar="N", help=f"threads {threads} (default: one a core)")
    verb.add_argument(
        "--device", choices=["auto", "cpu", "cuda"], default="auto", help="default: auto, a GPU if there is one"
    )
    verb.add_argument(
        "--deadline",
        type=_seconds,
        metavar="SECONDS",
        help="one fit may take so long, imports and warm-up included, and is killed then (default: 120, 600, 3600, "
        "21600 by preset)",
    )
    verb.add_argument(
        "--memory",
        type=_gibibytes,
        metavar="GIB",
        help="a worker that holds more, its children included, is killed (default: nine tenths of the machine, shared "
        "by the jobs that run at once)",
    )
    if not cluster:
        return
    verb.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="run the jobs on the workers of a Dask scheduler, such as tcp://host:8786, instead of on this machine "
        "(needs the extra [cluster] here and there)",
    )


def reporting(verb: argparse.ArgumentParser) -> None:
    """Add whether the report is written at the end."""
    verb.add_argument(
        "--no-report",
        dest="report",
        action="store_false",
        help="write records only: the pages and figures wait for `python -m benchmark report` (for many runs in a row)",
    )


def results(verb: argparse.ArgumentParser) -> None:
    """Add where results lie."""
    verb.add_argument("--results", type=Path, default=Path("results"), metavar="DIR", help=_RESULTS_HELP)


def positive(text: str) -> int:
    """Return a flag's value, a whole number above zero."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return value


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
