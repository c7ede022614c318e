"""A Dask cluster on loopback: a real scheduler, two real workers, and what happens when they go."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pandas as pd
import psutil
import pytest

from benchmark.storage import records
from tests import CHECKOUT
from tests.engine.test_faults_engine import go, pids, record
from tests.plugin_lab import checkout
from tests.running import SMOKE, WAITS, Program, eventually, started

pytestmark = pytest.mark.slow


class Cluster:
    """A scheduler and workers as processes; each worker has a cache of its own, so data have to travel.

    Parameters
    ----------
    place : Path
        Folder for what they write.
    code : Path
        Checkout that the workers run.
    """

    def __init__(self, place: Path, code: Path = CHECKOUT) -> None:
        self.place, self.code = place, code
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.workers: list[subprocess.Popen] = []
        self.scheduler = self.start_scheduler()

    def start_scheduler(self) -> subprocess.Popen:
        return self._start("scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard")

    def start_workers(self, count: int = 2, code: Path | None = None) -> None:
        for _ in range(count):
            own = self.place / f"worker-{len(self.workers)}"
            own.mkdir()
            options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(own))
            self.workers.append(self._start("worker", self.address, *options, cache=own / "cache", code=code))

    def start_worker_as_the_readme_says(self) -> None:
        own = self.place / "as-documented"
        own.mkdir()
        self.workers.append(self._start("worker", self.address, "--local-directory", str(own), cache=own / "cache"))

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # a nanny would start its worker again
            process.wait(timeout=30)

    def log(self, command: str) -> str:
        return (self.place / f"{command}.log").read_text(errors="replace")

    def _start(self, *command: str, cache: Path | None = None, code: Path | None = None) -> subprocess.Popen:
        with (self.place / f"{command[0]}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *command],
                cwd=self.place,
                env={
                    **os.environ,
                    "PYTHONPATH": str(code or self.code),
                    "WAITS_PLACE": str(self.place),
                    "BENCHMARK_CACHE": str(cache or self.place),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    place = tmp_path / "place"
    place.mkdir()
    made = Cluster(place, checkout(tmp_path / "lab", waits=WAITS))
    yield made
    made.stop()


def waiting(cluster: Cluster, results: Path, *more: str) -> Program:
    env = {"WAITS_PLACE": str(cluster.place)}  # it is imported here, too
    return Program(results, "waits", "--cluster", cluster.address, "--no-report", *more, cwd=cluster.code, env=env)


@pytest.mark.fault(27, "a Dask worker killed in mid-trial")
def test_a_killed_worker_s_trial_is_done_by_the_other(cluster: Cluster, tmp_path: Path) -> None:
    cluster.start_workers()
    program = waiting(cluster, tmp_path / "results", "--trials", "4")
    assert eventually(lambda: len(pids(cluster.place, 100)) == 2)
    lost = cluster.workers[0]
    (orphan,) = [
        child.pid for child in psutil.Process(lost.pid).children(True) if child.pid in pids(cluster.place, 100)
    ]
    lost.kill()
    lost.wait(timeout=30)
    assert eventually(lambda: not psutil.pid_exists(orphan), 10)
    cluster.start_workers(1, code=CHECKOUT)  # joins late, with other code, and must get no job
    assert eventually(lambda: "has other code in benchmark/ or models/" in cluster.log("worker"))
    go(cluster.place)
    status, out, errors = program.finish()
    assert status == 0, out + errors
    held = record(tmp_path / "results")
    assert [trial.number for trial in held.trials] == [0, 1, 2, 3]
    assert "failed" not in {trial.state for trial in held.trials}
    assert held.status == "ok"


@pytest.mark.fault(28, "the Dask scheduler gone")
def test_a_lost_scheduler_is_said_in_one_line_and_the_same_command_goes_on(cluster: Cluster, tmp_path: Path) -> None:
    cluster.start_workers()
    program = waiting(cluster, tmp_path / "results", "--trials", "4")
    (cluster.place / "go-100").touch()
    assert eventually(lambda: pids(cluster.place, 400))
    cluster.scheduler.kill()
    status, out, errors = program.finish(60)
    assert status == 2, out + errors
    assert "the Dask scheduler is gone" in errors
    assert "the same command goes on from here" in errors
    assert len(errors.strip().splitlines()) == 1, errors
    # Workers give up what nobody waits for, or end; either way their processes go.
    assert eventually(lambda: not any(psutil.pid_exists(pid) for pid in pids(cluster.place, 400)), 60)
    cluster.stop()
    cluster.scheduler = cluster.start_scheduler()
    cluster.start_workers()
    go(cluster.place)
    again = waiting(cluster, tmp_path / "results", "--trials", "4")
    status, out, errors = again.finish()
    assert status == 0, out + errors
    held = record(tmp_path / "results")
    assert len(held.trials) == 4
    assert len({tuple(trial.params.items()) for trial in held.trials}) == 4


@pytest.mark.fault(27, "a Dask worker killed in mid-trial")
def test_the_only_worker_is_waited_for_until_its_nanny_has_it_back(cluster: Cluster, tmp_path: Path) -> None:
    cluster.start_worker_as_the_readme_says()
    program = waiting(cluster, tmp_path / "results")
    assert eventually(lambda: len(pids(cluster.place, 100)) == 2)
    first = pids(cluster.place, 100)
    (server,) = {psutil.Process(pid).ppid() for pid in first}  # they are forks of it
    os.kill(psutil.Process(server).ppid(), signal.SIGKILL)
    assert eventually(lambda: not any(psutil.pid_exists(pid) for pid in first), 10)
    assert eventually(lambda: pids(cluster.place, 100) - first)
    go(cluster.place)
    status, out, errors = program.finish()
    assert status == 0, out + errors
    assert len(record(tmp_path / "results").trials) == 2


def test_a_killed_run_leaves_nothing_running_on_the_workers(cluster: Cluster, tmp_path: Path) -> None:
    cluster.start_workers()
    program = waiting(cluster, tmp_path / "results")
    assert eventually(lambda: len(pids(cluster.place, 100)) == 2)
    program.kill()
    assert eventually(lambda: not any(psutil.pid_exists(pid) for pid in pids(cluster.place, 100)), 60)
    assert all(worker.poll() is None for worker in cluster.workers)


def test_a_cluster_gives_the_records_that_this_machine_gives(cluster: Cluster, tmp_path: Path) -> None:
    cluster.start_workers()
    names = ("svm_pca", "logistic_regression")
    there = started(
        "run", *names, *SMOKE, "--results", str(tmp_path / "a"), "--cluster", cluster.address, cwd=cluster.code
    )
    here = started("run", *names, *SMOKE, "--results", str(tmp_path / "b"), cwd=cluster.code)
    assert (there.returncode, here.returncode) == (0, 0), there.stderr + here.stderr
    for name in names:
        one, other = (_timeless(record(tmp_path / folder, name)) for folder in "ab")
        assert one == other
    tables = [pd.read_csv(tmp_path / folder / "digits" / "leaderboard.csv") for folder in "ab"]
    same = [column for column in tables[0] if not re.search("seconds|peak_memory", column)]
    assert {"rank", "test_accuracy", "macro_f1", "validation_accuracy"} <= set(same)
    pd.testing.assert_frame_equal(tables[0][same], tables[1][same])


def _timeless(held: records.Record) -> records.Record:
    trials = tuple(
        replace(trial, rungs=tuple(replace(rung, fit_seconds=0, predict_seconds=0) for rung in trial.rungs))
        for trial in held.trials
    )
    return replace(
        held,
        trials=trials,
        **dict.fromkeys(("fit_seconds", "predict_seconds", "tuning_seconds", "peak_memory_bytes"), 0),
    )


def test_what_is_wrong_with_a_cluster_is_said_before_any_training(cluster: Cluster, tmp_path: Path) -> None:
    def refused(address: str) -> str:
        found = started("run", "svm_pca", *SMOKE, "--results", str(tmp_path / "results"), "--cluster", address)
        assert found.returncode == 2
        assert len(found.stderr.strip().splitlines()) == 1, found.stderr
        return found.stderr

    assert "no Dask scheduler answers there" in refused("tcp://127.0.0.1:9")
    assert "unknown address scheme 'nonsense'" in refused("nonsense://x")
    assert "give one like tcp://host:8786" in refused("tcp://host:port")
    assert eventually(lambda: cluster.scheduler.poll() is None)
    assert "it has no workers" in refused(cluster.address)
    cluster.start_workers(1)  # of the lab, which has one plugin more
    assert "has other code in benchmark/ or models/" in refused(cluster.address)
