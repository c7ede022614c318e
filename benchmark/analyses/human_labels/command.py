"""The command `people`."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmark.analyses.analysis import Command, Session
from benchmark.errors import BenchmarkError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of its own."""
    parser.add_argument(
        "--dataset",
        metavar="NAME",
        default="fashion-mnist",
        help="fashion-mnist, the only one of whose test images there are human labels (default)",
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="where to look first for fmh_counts.csv (then $BENCHMARK_DATA, data/, ../shared/data/, each with its "
        "subfolder fashion-mnist-h, our cache, and last the network)",
    )


def measure(arguments: argparse.Namespace, session: Session) -> int:
    """Compare the stored predictions with human labels and report."""
    from benchmark.analyses.human_labels import data as human_labels
    from benchmark.analyses.human_labels import measure as people
    from benchmark.analyses.human_labels import record as people_record
    from benchmark.analyses.human_labels.section import FILE
    from benchmark.datasets import fashion_mnist
    from benchmark.storage import records
    from benchmark.storage.lock import locked

    if arguments.dataset != fashion_mnist.NAME:
        raise BenchmarkError(
            f"--dataset {arguments.dataset}: there are human labels of the test images of {fashion_mnist.NAME} only; "
            "leave the flag out"
        )
    folder = arguments.results / fashion_mnist.NAME
    if records.read_test_set(folder) is None:  # before the folder is locked, which would make it
        raise BenchmarkError(f"{folder}: no records here; make some with: python -m benchmark run --all")
    counts = human_labels.load(arguments.data_dir)
    with locked(folder):
        people_record.write(folder, people.make(records.read(folder), counts))
        session.report(folder, FILE)
    return 0


COMMAND = Command(
    name="people",
    help="put people beside the estimators: do both stumble over the same images?",
    description="Compares the stored predictions of results/fashion-mnist with Fashion-MNIST-H, the labels that "
    "people gave each test image (found on this machine, or downloaded; GPL-3), writes what comes of it, sums and "
    "means only, to records/people.json, and adds a row and a section to the leaderboard.",
    flags=("results",),
    add_arguments=add_arguments,
)
