"""``python -m tools.speed [ESTIMATOR ...]``: fit with this tree and with an earlier commit, and print the ratios.

Both fit the same rows of Fashion-MNIST's training images with the parameters that their own records hold, one after
the other, each in a process of its own. Accuracy is that on training rows held out for it: the test images are not
read. ``start`` is a `run` that has nothing to do; ``quick`` and ``standard`` are whole runs of all estimators.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmark import datasets
from benchmark.environment import cores

ROOT = Path(__file__).resolve().parents[2]

THEN = "5b1c61d"
"""The commit before time limits."""

HELD_OUT = 10_000

FITS = ("cnn_32", "cnn_64", "cnn_64_dropout", "extra_trees", "random_forest", "svm_pca", "hog_svm", "patches_svm")

COMMANDS = ("start", "quick", "standard")


def main() -> int:
    """Measure what is asked for and print a markdown table, row by row."""
    asked = parser().parse_args()
    works = asked.work or [*FITS, COMMANDS[0]]
    print(f"{asked.commit} and this tree, {asked.rows:,} rows, {asked.threads} threads\n")
    print("| | seconds | | times as fast | 1,000 predicted | | times as fast | size | | accuracy | |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|", flush=True)
    with tempfile.TemporaryDirectory() as folder, _checked_out(asked.commit, Path(folder) / "then") as then:
        _write_data(Path(folder) / "data.npz", asked.rows)
        for work in works:
            if work in COMMANDS:
                before, after = (_seconds_of(tree, work, Path(folder)) for tree in (then, ROOT))
                print(f"| {work} | {before:.1f} | {after:.1f} | {before / after:.1f} | | | | | | | |", flush=True)
                continue
            old, new = (_fitted(tree, work, asked.threads, Path(folder)) for tree in (then, ROOT))
            print(
                f"| {work} | {old['fit']:.1f} | {new['fit']:.1f} | {old['fit'] / new['fit']:.1f} | "
                f"{old['predict']:.3f} | {new['predict']:.3f} | {old['predict'] / new['predict']:.1f} | "
                f"{old['bytes'] / 1e6:.0f} MB | {new['bytes'] / 1e6:.0f} MB | "
                f"{old['accuracy']:.4f} | {new['accuracy']:.4f} |",
                flush=True,
            )
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.speed", description=__doc__)
    help_text = f"{', '.join(FITS)}, another estimator, {', '.join(COMMANDS)} (default: all but the last two)"
    parser.add_argument("work", nargs="*", type=_work, metavar="WORK", help=help_text)
    parser.add_argument("--commit", default=THEN, help=f"held against this tree (default: {THEN})")
    parser.add_argument("--rows", type=int, default=60_000 - HELD_OUT, help="training rows of a fit (default: 50,000)")
    parser.add_argument("--threads", type=int, default=cores())
    return parser


def _work(text: str) -> str:
    if text not in COMMANDS and not (ROOT / "models" / f"{text}.py").is_file():
        raise argparse.ArgumentTypeError(f"{text!r} is no estimator of models/ and none of {', '.join(COMMANDS)}")
    return text


@contextmanager
def _checked_out(commit: str, place: Path) -> Iterator[Path]:
    git = ["git", "-C", str(ROOT), "worktree"]
    subprocess.run([*git, "add", "--quiet", "--detach", str(place), commit], check=True)
    try:
        yield place
    finally:
        subprocess.run([*git, "remove", "--force", str(place)], check=True)


def _write_data(path: Path, rows: int) -> None:
    data = datasets.load("fashion-mnist")
    order = np.random.default_rng(0).permutation(len(data.train.y))
    held, kept = order[:HELD_OUT], order[HELD_OUT : HELD_OUT + rows]
    X, y = data.train.X, data.train.y
    np.savez(path, X=X[kept], y=y[kept], held_out=X[held], held_out_y=y[held], shape=data.image_shape)


def _fitted(tree: Path, name: str, threads: int, folder: Path) -> dict[str, float]:
    """Return what a fit in a tree took, as fit.py says it."""
    record = json.loads((tree / f"results/fashion-mnist/records/{name}/seed-0.json").read_text())
    arguments = [str(folder / "data.npz"), str(folder / "answer.json"), name, str(threads)]
    params = json.dumps(record["params"])
    subprocess.run([sys.executable, str(Path(__file__).parent / "fit.py"), *arguments, params], cwd=tree, check=True)
    answer: dict[str, Any] = json.loads((folder / "answer.json").read_text())
    return answer


def _seconds_of(tree: Path, work: str, folder: Path) -> float:
    """Return the wall seconds of a command of a tree."""
    command = [sys.executable, "-m", "benchmark", "run", "--results", str(folder / f"{tree.name}-{work}")]
    if work == "start":
        command += ["logistic_regression", "--dataset", "digits", "--preset", "smoke"]
        subprocess.run(command, cwd=tree, check=True, stdout=subprocess.DEVNULL)  # now there is nothing to do
    else:
        command += ["--all", "--preset", work]
    start = time.perf_counter()
    subprocess.run(command, cwd=tree, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
