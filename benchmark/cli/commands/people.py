"""`people`: human labels beside the estimators."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmark.cli import flags
from benchmark.cli.flags import Subparsers
from benchmark.errors import BenchmarkError


def add(verbs: Subparsers) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser(
        "people",
        help="put people beside the estimators: do both stumble over the same images?",
        description="Compares the stored predictions of results/fashion-mnist with Fashion-MNIST-H, the labels that "
        "people gave each test image (found on this machine, or downloaded; GPL-3), writes what comes of it, sums and "
        "means only, to records/people.json, and adds a row and a section to the leaderboard.",
    )
    verb.add_argument(
        "--dataset",
        metavar="NAME",
        default="fashion-mnist",
        help="fashion-mnist, the only one of whose test images there are human labels (default)",
    )
    verb.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="where to look first for fmh_counts.csv (then $BENCHMARK_DATA, data/, ../shared/data/, each with its "
        "subfolder fashion-mnist-h, our cache, and last the network)",
    )
    flags.results(verb)
    verb.set_defaults(command=command)


def command(arguments: argparse.Namespace) -> int:
    """Compare the stored predictions with human labels and report."""
    from benchmark import report
    from benchmark.analyses.human_labels import data as human_labels
    from benchmark.analyses.human_labels import measure as people
    from benchmark.analyses.human_labels import record as people_record
    from benchmark.analyses.human_labels.section import HEADING
    from benchmark.cli import console as live
    from benchmark.datasets import fashion_mnist
    from benchmark.storage import records
    from benchmark.storage.lock import claimed

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
