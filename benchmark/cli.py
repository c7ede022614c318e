"""Verbs and flags. Together with live.py the only place that prints."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark import __version__
from benchmark.errors import BenchmarkError

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""

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
        "Ctrl-C or a crash the same command goes on. A preset of less effort never overwrites one of more: it goes to "
        "results/<dataset>-<preset>.",
    )
    run.add_argument("names", nargs="*", metavar="NAME", help="estimators to run; see: python -m benchmark list")
    run.add_argument("--all", action="store_true", help="run every estimator there is")
    _add_data(run)
    run.add_argument(
        "--preset",
        choices=["smoke", "quick", "standard", "thorough"],
        default="standard",
        help="effort: smoke tests the machinery, quick previews (minutes), standard is the result (about an hour on "
        "two cores), thorough is for publication and GPUs (default: standard)",
    )
    run.add_argument(
        "--trials", type=_positive, metavar="N", help="Optuna trials per estimator, instead of the preset's"
    )
    run.add_argument("--seeds", type=_positive, metavar="N", help="refits per estimator, instead of the preset's")
    run.add_argument("--jobs", type=_positive, metavar="N", help="jobs at once while tuning (default: one a core)")
    run.add_argument(
        "--threads",
        type=_positive,
        metavar="N",
        help="threads of a refit, shared out over the jobs while tuning (default: one a core)",
    )
    run.add_argument(
        "--device", choices=["auto", "cpu", "cuda"], default="auto", help="default: auto, a GPU if there is one"
    )
    _add_results(run)
    run.add_argument("--force", action="store_true", help="forget these estimators' records and studies first")
    run.set_defaults(command=_run)

    lister = verbs.add_parser(
        "list",
        help="every estimator: title, family, origin, whether it can be imported, what stands recorded",
        description="Lists the estimators of models/ and of installed packages (entry points benchmark.estimators).",
    )
    _add_results(lister)
    lister.set_defaults(command=_list)

    check = verbs.add_parser(
        "check",
        help="hold one plugin against the contract, clause by clause",
        description="Tries the contract on one plugin, in a worker, on small data; exits 1 if a clause is broken.",
    )
    check.add_argument("name", metavar="NAME", help="the estimator")
    check.set_defaults(command=_check)

    report = verbs.add_parser(
        "report",
        help="rewrite leaderboards and figures from the records alone",
        description="Rewrites leaderboard.md, leaderboard.csv and figures/ of every data set under --results from the "
        "records, without data or models. The same records give the same bytes.",
    )
    _add_results(report)
    report.add_argument("--check", action="store_true", help="write nothing; exit 1 if what is on disk differs")
    report.set_defaults(command=_report)

    data = verbs.add_parser(
        "data",
        help="fetch and verify a data set; print where it lies, shape, class counts, SHA-256",
        description="Fetches (if need be) and verifies a data set, and prints what there is to know of it.",
    )
    _add_data(data)
    data.set_defaults(command=_data)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit status: 0 fine, 1 a finding, 2 a user error, 130 Ctrl-C."""
    arguments = parser().parse_args(argv)
    try:
        status: int = arguments.command(arguments)
        return status
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `... | head`
        sys.stderr.close()
        return 1


def _add_data(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--dataset", metavar="NAME|PATH", help=_DATASET_HELP)
    verb.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="where to look first for Fashion-MNIST's four files (then $BENCHMARK_DATA, data/, ../shared/data/, "
        "the caches of torchvision and Keras, and last the network)",
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


def _run(arguments: argparse.Namespace) -> int:
    from benchmark import datasets, gallery, live, registry, report, runner
    from benchmark.datasets.arrays import materialise
    from benchmark.environment import cores
    from benchmark.executors import LocalExecutor
    from benchmark.protocol import PRESETS

    if bool(arguments.names) == arguments.all:
        raise BenchmarkError("name the estimators to run, or give --all (not both); see: python -m benchmark list")
    chosen = (
        list(registry.plugins().values())
        if arguments.all
        else [registry.get(name) for name in dict.fromkeys(arguments.names)]
    )
    preset = PRESETS[arguments.preset].replace(trials=arguments.trials, seeds=arguments.seeds)
    console = live.console()
    dataset = datasets.load(arguments.dataset, arguments.data_dir, notify=lambda text: live.warn(console, text))
    folder = runner.results_folder(arguments.results, dataset.name, preset, arguments.force)
    cache = datasets.cache_folder()
    plan = runner.Plan(
        plugins=chosen,
        dataset=dataset,
        arrays=materialise(dataset, cache),
        preset=preset,
        jobs=arguments.jobs or cores(),
        threads=arguments.threads or cores(),
        device=_device(arguments.device),
        folder=folder,
        force=arguments.force,
    )
    live.announce(console, plan, cache / "logs")
    executor = LocalExecutor(cache / "logs")
    interrupted = False
    states = []
    try:
        with live.view(console, plan) as observe:
            states = runner.run(plan, executor, observe)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        executor.close()
    if interrupted and not list(folder.glob("records/*/seed-*.json")):
        raise KeyboardInterrupt
    gallery.update(folder, dataset)
    report.write(folder)
    live.conclude(console, folder)
    if interrupted:
        raise KeyboardInterrupt
    return 1 if any(state.phase == "failed" for state in states) else 0


def _list(arguments: argparse.Namespace) -> int:
    from benchmark import listing, live

    live.print_listing(live.console(), listing.listing(arguments.results))
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from benchmark import check, live

    clauses = check.check(arguments.name)
    live.print_clauses(live.console(), arguments.name, clauses)
    return 0 if all(clause.holds for clause in clauses) else 1


def _report(arguments: argparse.Namespace) -> int:
    from benchmark import report

    folders = sorted(path.parent for path in arguments.results.glob("*/records"))
    if not folders:
        raise BenchmarkError(f"{arguments.results}: no results here; make some with: python -m benchmark run --all")
    differing = 0
    for folder in folders:
        if arguments.check:
            found = report.check(folder)
            differing += len(found)
            print(f"{folder}: " + ("up to date" if not found else "differs from its records: " + ", ".join(found)))
        else:
            written = report.write(folder)
            print(f"{folder / 'leaderboard.md'}: written, with {len(written) - 1} files beside it")
    if differing:
        print("rewrite with: python -m benchmark report", file=sys.stderr)
    return 1 if differing else 0


def _data(arguments: argparse.Namespace) -> int:
    from benchmark import datasets, live

    console = live.console()
    dataset = datasets.load(arguments.dataset, arguments.data_dir, notify=lambda text: live.warn(console, text))
    live.print_data(console, datasets.summary(dataset))
    return 0


def _device(asked: str) -> str:
    """Turn "auto" into what is there, and refuse "cuda" where it is not, before any training."""
    import shutil
    import subprocess

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
