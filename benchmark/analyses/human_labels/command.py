"""The command `people`."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmark.analyses.analysis import Command, Session
from benchmark.errors import BenchmarkError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own flags."""
    parser.add_argument(
        "--dataset",
        metavar="NAME",
        default="fashion-mnist",
        help="fashion-mnist (default): the only data set with human labels of its test images",
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="the first folder to search for fmh_counts.csv; then come $BENCHMARK_DATA, data/, ../shared/data/ (each "
        "with its subfolder fashion-mnist-h), the cache, and the network",
    )


def measure(arguments: argparse.Namespace, session: Session) -> int:
    """Compare the stored predictions with human labels, and write the report."""
    from benchmark.analyses.human_labels import data, record
    from benchmark.analyses.human_labels import measure as people
    from benchmark.analyses.human_labels.section import FILE
    from benchmark.datasets import fashion_mnist
    from benchmark.storage import records
    from benchmark.storage.lock import locked

    if arguments.dataset != fashion_mnist.NAME:
        raise BenchmarkError(
            f"--dataset {arguments.dataset}: human labels exist for the test images of {fashion_mnist.NAME} only; "
            "leave the flag out"
        )
    folder = arguments.results / fashion_mnist.NAME
    if records.read_test_set(folder) is None:  # before the lock, which creates the folder
        raise BenchmarkError(f"{folder}: no records here; make some with: python -m benchmark run --all")
    counts = data.load(arguments.data_dir)
    with locked(folder):
        record.write(folder, people.make(records.read(folder), counts))
        session.report(folder, FILE)
    return 0


COMMAND = Command(
    name="people",
    help="compare people with the estimators: do both miss the same images?",
    description="Compares the stored predictions of results/fashion-mnist with Fashion-MNIST-H, the labels that "
    "people gave each test image (found on this machine, or downloaded; GPL-3). Writes sums and means, but no single "
    "label, to records/people.json, and adds a row to the leaderboard and a page to the report.",
    flags=("results",),
    add_arguments=add_arguments,
)
