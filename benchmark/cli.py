"""Verbs and flags. Together with live.py the only place that prints."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark import __version__, commands
from benchmark.errors import INTERRUPTED, BenchmarkError, EngineError, same_command

_DATASET_HELP = (
    "fashion-mnist, digits, or a path: a folder of IDX files, a folder with *train*.csv and *test*.csv "
    "(column label, then the pixels), or an .npz with X_train y_train X_test y_test. Default: "
    "fashion-mnist, and the digits with a loud word where it cannot be had"
)
_RESULTS_HELP = "folder of the results, one subfolder per data set (default: results)"


def parser() -> argparse.ArgumentParser:
    """Return the parser of all verbs."""
    top = argparse.ArgumentParser(
        prog="python -m benchmark",
        description="Do I need a CNN for this, or will a classical model do, and what does each cost me?",
        epilog="Start with: python -m benchmark run --all --preset quick",
    )
    top.add_argument("--version", action="version", version=f"classical-vs-cnn {__version__}")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    run = verbs.add_parser(
        "run",
        help="tune, refit, predict the test images, write the leaderboard",
        description="Tunes each estimator on training rows only, refits the winner, predicts the test images once "
        "per seed, and writes results/<dataset>/leaderboard.md with its figures. Records that stand are kept; after "
        "Ctrl-C or a crash the same command goes on. Ctrl-C once stops tuning, waits for a refit that is running, and "
        "reports what there is; twice leaves at once. A preset of less effort never overwrites one of more: it goes to "
        "results/<dataset>-<preset>.",
    )
    run.add_argument("names", nargs="*", metavar="NAME", help="estimators to run; see: python -m benchmark list")
    run.add_argument("--all", action="store_true", help="run every estimator there is")
    _add_data(run)
    run.add_argument(
        "--preset",
        choices=["smoke", "quick", "standard", "thorough"],
        default="standard",
        help="effort: smoke tests the machinery, quick previews (minutes), standard is the result (over an hour on "
        "two cores), thorough is for publication and GPUs (default: standard)",
    )
    run.add_argument(
        "--trials", type=_positive, metavar="N", help="Optuna trials per estimator, instead of the preset's"
    )
    run.add_argument("--seeds", type=_positive, metavar="N", help="refits per estimator, instead of the preset's")
    run.add_argument("--jobs", type=_positive, metavar="N", help="jobs at once while tuning (default: one a core)")
    _add_machine(run, threads="of a refit, shared out over the jobs while tuning")
    _add_results(run)
    run.add_argument("--force", action="store_true", help="forget these estimators' records and studies first")
    run.set_defaults(command=commands.run)

    curve = verbs.add_parser(
        "curve",
        help="fit the tuned estimators on fewer images: how many does each need, and how many seconds",
        description="Fits each estimator's tuned winner on 100, 300, 1,000, 3,000, 10,000 and 30,000 training rows "
        "(those that are fewer than its record's), several seeds at the small sizes, predicts the test images once per "
        "size and seed, and adds what comes of it to results/<dataset>/leaderboard.md. Nothing is tuned. Points that "
        "stand are kept; after Ctrl-C or a crash the same command goes on.",
    )
    _add_winners(curve)
    curve.add_argument(
        "--seeds",
        type=_positive,
        metavar="N",
        help="seeds at up to 1,000 rows (default: 5); at 3,000 no more than 3, above 1",
    )
    curve.set_defaults(command=commands.curve)

    robustness = verbs.add_parser(
        "robustness",
        help="show the tuned estimators corrupted test images: what breaks which",
        description="Fits each estimator's tuned winner once more on all rows of its record, predicts test images as "
        "they are and shifted, rotated, noisy, blurred, low-contrast, occluded, inverted and mirrored, and adds "
        "what comes of it to results/<dataset>/leaderboard.md. Nothing is tuned. Estimators that stand are kept; "
        "after Ctrl-C or a crash the same command goes on.",
    )
    _add_winners(robustness)
    robustness.add_argument(
        "--images",
        type=_positive,
        metavar="N",
        help="test images, a stratified sample, the same for every estimator (default: 4000, or all if there are "
        "fewer)",
    )
    robustness.set_defaults(command=commands.robustness)

    people = verbs.add_parser(
        "people",
        help="put people beside the estimators: do both stumble over the same images?",
        description="Compares the stored predictions of results/fashion-mnist with Fashion-MNIST-H, the labels that "
        "people gave each test image (found on this machine, or downloaded; GPL-3), writes what comes of it, sums and "
        "means only, to records/people.json, and adds a row and a section to the leaderboard.",
    )
    people.add_argument(
        "--dataset",
        metavar="NAME",
        default="fashion-mnist",
        help="fashion-mnist, the only one of whose test images there are human labels (default)",
    )
    people.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="where to look first for fmh_counts.csv (then $BENCHMARK_DATA, data/, ../shared/data/, each with its "
        "subfolder fashion-mnist-h, our cache, and last the network)",
    )
    _add_results(people)
    people.set_defaults(command=commands.people)

    audit = verbs.add_parser(
        "audit",
        help="look the data over: copies within and across training and test, constant pixels, likely label errors",
        description="Looks for images that are there twice or nearly so (within the training part, within the test "
        "part, and across them), for pixels that never vary, and for labels that are likely wrong: by confident "
        "learning (cleanlab, in the extra [audit]) from what an estimator says of training images that it was not "
        "fitted on. Adds what is odd to results/<dataset>/leaderboard.md, which needs no estimator's record for it.",
    )
    _add_data(audit)
    audit.add_argument(
        "--estimator",
        metavar="NAME",
        default="hog_logistic_regression",
        help="whose out-of-fold probabilities find label errors (default: %(default)s)",
    )
    _add_machine(audit, threads="of the comparison and of each fit", cluster=False)
    _add_results(audit)
    audit.set_defaults(command=commands.audit)

    lister = verbs.add_parser(
        "list",
        help="every estimator: title, family, origin, whether it can be imported, what stands recorded",
        description="Lists the estimators of models/ and of installed packages (entry points benchmark.estimators).",
    )
    _add_results(lister)
    lister.set_defaults(command=commands.list_)

    check = verbs.add_parser(
        "check",
        help="hold one plugin against the contract, clause by clause",
        description="Tries the contract on one plugin, in a worker, on small data; exits 1 if a clause is broken.",
    )
    check.add_argument("name", metavar="NAME", help="the estimator")
    check.set_defaults(command=commands.check)

    report = verbs.add_parser(
        "report",
        help="rewrite leaderboards and figures from the records alone",
        description="Rewrites leaderboard.md, leaderboard.html, leaderboard.csv and figures/ of every data set under "
        "--results from the records, without data or models. The same records give the same bytes.",
    )
    _add_results(report)
    report.add_argument("--check", action="store_true", help="write nothing; exit 1 if what is on disk differs")
    report.set_defaults(command=commands.report)

    data = verbs.add_parser(
        "data",
        help="fetch and verify a data set; print where it lies, shape, class counts, SHA-256",
        description="Fetches (if need be) and verifies a data set, and prints what there is to know of it.",
    )
    _add_data(data)
    data.set_defaults(command=commands.data)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit status: 0 fine, 1 a finding, 2 a user error, 130 Ctrl-C."""
    arguments = parser().parse_args(argv)
    again = same_command(getattr(arguments, "force", False))
    try:
        status: int = arguments.command(arguments)
        return status
    except EngineError as error:
        print(f"error: {_plain(error)}; then {again} goes on from here", file=sys.stderr)
        return 2
    except BenchmarkError as error:
        print(f"error: {_plain(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"interrupted; {again} goes on from here", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `... | head`
        sys.stderr.close()
        return 1


def _plain(error: Exception) -> str:
    from benchmark.report.markdown import plain  # a path or a CSV's column may hold what a terminal acts on

    return plain(str(error))


def _add_data(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--dataset", metavar="NAME|PATH", help=_DATASET_HELP)
    verb.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="where to look first for Fashion-MNIST's four files (then $BENCHMARK_DATA, data/, ../shared/data/, "
        "the caches of torchvision and Keras, and last the network)",
    )


def _add_winners(verb: argparse.ArgumentParser) -> None:
    """Add what every verb takes that does something with the tuned estimators on record."""
    verb.add_argument(
        "names", nargs="*", metavar="NAME", help="estimators that have a record (default: all that have one)"
    )
    _add_data(verb)
    verb.add_argument(
        "--preset",
        choices=["smoke", "quick", "standard", "thorough"],
        help="take the results that run --preset wrote, where they stand apart in results/<dataset>-<preset>",
    )
    _add_machine(verb, threads="of each fit; each is alone on the machine")
    _add_results(verb)
    verb.add_argument("--force", action="store_true", help="make anew what stands")
    verb.set_defaults(jobs=None)


def _add_machine(verb: argparse.ArgumentParser, threads: str, cluster: bool = True) -> None:
    verb.add_argument("--threads", type=_positive, metavar="N", help=f"threads {threads} (default: one a core)")
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


def _add_results(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--results", type=Path, default=Path("results"), metavar="DIR", help=_RESULTS_HELP)


def _positive(text: str) -> int:
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
