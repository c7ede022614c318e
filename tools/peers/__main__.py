"""``python -m tools.peers``: run the peers and this benchmark side by side, one after the other, and print a table."""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import venv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from benchmark import datasets
from benchmark.datasets.dataset import Dataset
from benchmark.engine.time_limit import seconds_of, short
from benchmark.environment import cores

HERE = Path(__file__).parent

PATIENCE = 3.0
"""A peer that is still busy after so many times its limit is killed."""

PEERS = {
    "flaml": ("FLAML 2.7.0", ["flaml[automl]==2.7.0"]),
    "autogluon": (
        "AutoGluon tabular 1.6.3",
        ["torch==2.13.0", "autogluon.tabular[lightgbm,xgboost,catboost]==1.6.3"],
    ),
    "lazypredict": ("LazyPredict 0.3.0", ["lazypredict==0.3.0"]),
    "loop": ("a plain training loop of a small CNN", []),
}
"""Name of a script here, to its title and what it needs; without packages it runs with this Python."""


@dataclass(frozen=True)
class Ran:
    """What a contestant did: accuracy of its best model, wall seconds, peak memory in bytes, and what it says."""

    title: str
    accuracy: float | None
    seconds: float
    memory: int
    said: str


def main() -> int:
    """Run what is asked for and print a markdown table."""
    parser = argparse.ArgumentParser(prog="python -m tools.peers", description=__doc__)
    parser.add_argument("--dataset", default="fashion-mnist", help="as `python -m benchmark run` takes it")
    parser.add_argument("--time", type=seconds_of, default=600.0, metavar="TIME", help="such as 5m (default: 10m)")
    parser.add_argument("--environments", type=Path, default=Path(".peers"), help="where peers are installed")
    parser.add_argument("--only", nargs="+", choices=[*PEERS, "all", "three"], default=[*PEERS, "all", "three"])
    arguments = parser.parse_args()
    dataset = datasets.load(arguments.dataset)
    print(f"{dataset.name}, {short(arguments.time)} on {cores()} cores\n", flush=True)
    print("| | best accuracy | wall time | over | peak memory | |\n|---|--:|--:|--:|--:|---|", flush=True)
    for name in arguments.only:
        with tempfile.TemporaryDirectory() as folder:
            if name in PEERS:
                ran = _peer(name, dataset, arguments.time, arguments.environments, Path(folder))
            else:
                ran = _ours(name, arguments.dataset, arguments.time, Path(folder))
        over = max(0.0, ran.seconds - arguments.time)
        accuracy = "none" if ran.accuracy is None else f"{ran.accuracy:.4f}"
        print(
            f"| {ran.title} | {accuracy} | {ran.seconds:.0f} s | {over:.0f} s | {ran.memory / 2**30:.1f} GiB | "
            f"{ran.said} |",
            flush=True,
        )
    return 0


def _peer(name: str, dataset: Dataset, limit: float, environments: Path, folder: Path) -> Ran:
    title, packages = PEERS[name]
    python = _environment(environments / name, packages) if packages else sys.executable
    np.savez(folder / "data.npz", X=dataset.train.X, y=dataset.train.y, test=dataset.test.X, shape=dataset.image_shape)
    command = [python, str(HERE / f"{name}.py"), str(folder / "data.npz"), str(folder / "answer.json"), str(limit)]
    seconds, memory, error = _run(command, limit, folder)
    try:
        answer = json.loads((folder / "answer.json").read_text())
    except (OSError, ValueError):
        return Ran(title, None, seconds, memory, error)
    accuracy = float((np.array(answer["predicted"]) == dataset.test.y).mean())
    return Ran(title, accuracy, seconds, memory, answer["said"])


def _ours(name: str, dataset: str, limit: float, folder: Path) -> Ran:
    """Run this benchmark: all estimators, or the three best."""
    names = ["--all"] if name == "all" else ["hog_svm", "cnn", "patches_svm"]
    command = [sys.executable, "-m", "benchmark", "run", *names, "--dataset", dataset, "--time", short(limit)]
    seconds, memory, error = _run([*command, "--results", str(folder)], limit, folder)
    title = f"`run {' '.join(names)} --time {short(limit)}`"
    tables = list(folder.glob("*/leaderboard.csv"))
    if not tables:
        return Ran(title, None, seconds, memory, error)
    with tables[0].open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["accuracy"]]
    best = max(rows, key=lambda row: float(row["accuracy"]))
    said = f"{len(rows)} rows; the best is {best['title']}, fitted on {int(best['fit_rows']):,} rows"
    return Ran(title, float(best["accuracy"]), seconds, memory, said)


def _environment(folder: Path, packages: list[str]) -> str:
    """Return the Python of an environment that has these packages."""
    python, ready = folder / "bin" / "python", folder / "ready"
    if not ready.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True)
        ready.touch()
    return str(python)


def _run(command: list[str], limit: float, folder: Path) -> tuple[float, int, str]:
    """Run a command; return its wall seconds, the peak memory of it and its children, and its last words."""
    log = folder / "log.txt"
    start = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=os.environ, cwd=Path.cwd())
        peak = [0]
        watcher = threading.Thread(target=_watch, args=(process, peak), daemon=True)
        watcher.start()
        try:
            process.wait(PATIENCE * limit)
            last = ""
        except subprocess.TimeoutExpired:
            _kill(process)
            last = f"killed after {PATIENCE:g} times its limit"
    seconds = time.monotonic() - start
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return seconds, peak[0], last or (lines[-1][:200] if lines else "")


def _watch(process: subprocess.Popen[bytes], peak: list[int]) -> None:
    while process.poll() is None:
        try:
            root = psutil.Process(process.pid)
            family = [root, *root.children(recursive=True)]
            peak[0] = max(peak[0], sum(each.memory_info().rss for each in family))
        except psutil.Error:
            pass
        time.sleep(0.5)


def _kill(process: subprocess.Popen[bytes]) -> None:
    family = psutil.Process(process.pid).children(recursive=True)
    for each in [*family, psutil.Process(process.pid)]:
        each.kill()
    process.wait()


if __name__ == "__main__":
    raise SystemExit(main())
