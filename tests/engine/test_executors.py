"""Real worker processes: what they are given, and what is left when one dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from benchmark.engine import handover
from benchmark.engine.executors.fork_server import THREAD_VARIABLES
from benchmark.engine.executors.local import LocalExecutor
from benchmark.engine.jobs import Describe, Limits, TuningJob, WorkerDiedError
from benchmark.engine.protocol import PRESETS
from benchmark.estimator import Task
from tests import CHECKOUT
from tests.running import eventually


@pytest.fixture
def executor(tmp_path: Path):
    made = LocalExecutor(tmp_path / "logs")
    yield made
    made.close()


def look() -> tuple[int, dict[str, str]]:
    """Return what a worker finds before anything else."""
    return os.getpid(), {name: os.environ[name] for name in THREAD_VARIABLES}


def pools() -> dict[str, set[int]]:
    """Return the thread counts of the numerical libraries that a worker has loaded, by kind."""
    import sklearn.pipeline  # noqa: F401
    from threadpoolctl import threadpool_info

    found: dict[str, set[int]] = {}
    for pool in threadpool_info():
        found.setdefault(pool["user_api"], set()).add(pool["num_threads"])
    return found


def talk() -> None:
    print("from Python", flush=True)
    os.write(2, b"past Python\n")


def linger(seconds: float) -> None:
    time.sleep(seconds)


def test_thread_counts_are_set_and_a_worker_serves_one_estimator(executor: LocalExecutor) -> None:
    first, again = (executor.call("a", 3, look).result() for _ in range(2))
    other = executor.call("b", 3, look).result()
    assert set(first[1].values()) == {"3"}
    assert first[0] == again[0] != other[0] != os.getpid()


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_libraries_that_were_loaded_before_the_fork_have_the_worker_s_thread_count(
    executor: LocalExecutor, threads: int
) -> None:
    assert executor.call("a", threads, pools).result() == {"blas": {threads}, "openmp": {threads}}


def test_a_worker_has_the_environment_of_its_start(executor: LocalExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    executor.call("a", 1, os.getpid).result()  # the server that workers are forked from runs now
    monkeypatch.setenv("SET_LATER", "yes")
    assert executor.call("b", 1, os.getenv, "SET_LATER").result() == "yes"
    monkeypatch.delenv("SET_LATER")
    assert executor.call("c", 1, os.getenv, "SET_LATER").result() is None


COUNT_THREADS = """
import time
import psutil
from benchmark.engine.executors import fork_server

fork_server.start()
(server,) = [each for each in psutil.Process().children() if "forkserver" in " ".join(each.cmdline())]
busy = -1.0  # it imports until its processor time no longer grows
while "openblas" not in str(server.memory_maps()) or busy != sum(server.cpu_times()[:2]):
    busy = sum(server.cpu_times()[:2])
    time.sleep(1)
print(server.num_threads())
"""


def test_the_fork_server_has_one_thread_before_the_first_fork() -> None:
    """OpenBLAS would start more when it is loaded, and stop them at a fork."""
    done = subprocess.run(
        [sys.executable, "-c", COUNT_THREADS], cwd=CHECKOUT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "1\n", done.stderr


WHEN_STARTED = """
import sys
from benchmark.cli import main
from benchmark.engine.executors import fork_server


def start():
    print("benchmark.engine.runner" in sys.modules)
    raise SystemExit


fork_server.start = start
main.main(["run", "logistic_regression"])
"""


def test_the_fork_server_imports_beside_the_program_from_the_start() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WHEN_STARTED], cwd=CHECKOUT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "False\n", done.stderr


def test_a_killed_fork_server_costs_nothing(executor: LocalExecutor) -> None:
    pid = executor.call("a", 1, os.getpid).result()
    server = psutil.Process(executor.call("a", 1, os.getppid).result())
    assert server.ppid() == os.getpid()
    server.kill()
    assert eventually(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE)
    assert executor.call("b", 1, os.getpid).result(timeout=60) not in (pid, server.pid)


def test_what_an_estimator_prints_goes_to_its_log(executor: LocalExecutor, tmp_path: Path) -> None:
    executor.call("loud", 1, talk).result()
    executor.close()
    assert (tmp_path / "logs" / "loud.log").read_text() == "from Python\npast Python\n"


def test_describe_gives_the_defaults_of_the_space(executor: LocalExecutor) -> None:
    found = executor.describe(Describe("logistic_regression", Task(10, (28, 28, 1)))).result()
    assert set(found.defaults) == set(found.space) == {"logistic__C", "scale__power"}
    assert found.settings["logistic__max_iter"] == "100"
    assert found.settings["scale"] == "models._pixels.ToUnit"
    assert not set(found.settings) & set(found.space)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT])
def test_a_killed_worker_costs_one_job_and_says_so(executor: LocalExecutor, number: int) -> None:
    pid = executor.call("logistic_regression", 1, os.getpid).result()
    task = Task(10, (8, 8, 1))
    os.kill(pid, number)
    lost = TuningJob("logistic_regression", {}, task, PRESETS["smoke"], "none", 10)
    outcome = executor.submit(lost).result(timeout=60)
    assert outcome.status == "failed"
    assert executor.call("logistic_regression", 1, os.getpid).result(timeout=60) != pid


@pytest.mark.parametrize(("code", "said"), [(7, "died with exit code 7"), (0, "ended without a result")])
def test_a_worker_that_dies_within_a_job_is_reported(executor: LocalExecutor, code: int, said: str) -> None:
    future = executor.call("dies", 1, os._exit, code)
    with pytest.raises(WorkerDiedError, match=said):
        future.result(timeout=60)


def test_close_leaves_no_process(executor: LocalExecutor) -> None:
    pids = [executor.call(name, 1, os.getpid).result() for name in ("a", "b")]
    executor.call("a", 1, linger, 600.0)
    time.sleep(0.5)
    executor.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def no_pickle() -> object:
    return lambda: None


def fork_and_die() -> None:
    if os.fork():
        os._exit(7)
    time.sleep(600)  # it holds the worker's end of the pipe


def hand_over_and_wait(seconds: float) -> None:
    handover.hand_over("first")
    handover.hand_over("last")
    time.sleep(seconds)
    os._exit(7)


@pytest.mark.parametrize(("seconds", "deadline", "status"), [(0.0, 60.0, "failed"), (60.0, 4.0, "timeout")])
def test_what_a_call_has_handed_over_outlives_its_worker(
    executor: LocalExecutor, seconds: float, deadline: float, status: str
) -> None:
    future = executor.call("dies", 1, hand_over_and_wait, seconds, limits=Limits(deadline))
    with pytest.raises(WorkerDiedError) as caught:
        future.result(timeout=60)
    assert (caught.value.status, caught.value.handed_over) == (status, "last")
    with pytest.raises(WorkerDiedError) as caught:
        executor.call("dies", 1, os._exit, 7).result(timeout=60)
    assert caught.value.handed_over is None


def count_and_be_killed(path: Path, hands_over: bool) -> None:
    with path.open("a") as file:
        file.write("x")
    if hands_over:
        handover.hand_over("found")
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(("hands_over", "calls"), [(True, "x"), (False, "xx")])
def test_a_job_that_has_handed_over_is_not_tried_again(
    executor: LocalExecutor, tmp_path: Path, hands_over: bool, calls: str
) -> None:
    path = tmp_path / "calls"
    future = executor._retry_once(lambda: executor.call("dies", 1, count_and_be_killed, path, hands_over))
    with pytest.raises(WorkerDiedError, match="SIGKILL"):
        future.result(timeout=60)
    assert path.read_text() == calls


def leave(code: int) -> None:
    raise SystemExit(code)


def test_what_cannot_be_sent_costs_one_call_and_not_the_worker(executor: LocalExecutor) -> None:
    pid = executor.call("a", 1, os.getpid).result(timeout=60)
    with pytest.raises(RuntimeError, match="its result cannot be pickled"):
        executor.call("a", 1, no_pickle).result(timeout=60)
    with pytest.raises(Exception, match="pickle"):
        executor.call("a", 1, lambda: None).result(timeout=60)
    with pytest.raises(SystemExit):
        executor.call("a", 1, leave, 3).result(timeout=60)
    assert executor.call("a", 1, os.getpid).result(timeout=60) == pid


def test_a_worker_is_missed_even_if_a_child_of_it_holds_the_pipe(executor: LocalExecutor) -> None:
    pid = executor.call("a", 1, os.getpid).result(timeout=60)
    with pytest.raises(WorkerDiedError, match="died with exit code 7"):
        executor.call("a", 1, fork_and_die).result(timeout=60)
    assert eventually(lambda: not group_exists(pid))


def group_exists(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_job_past_its_deadline_or_memory_is_killed(executor: LocalExecutor) -> None:
    with pytest.raises(WorkerDiedError, match=r"past its deadline of 0\.5 s") as late:
        executor.call("a", 1, linger, 600.0, limits=Limits(seconds=0.5)).result(timeout=60)
    assert (late.value.status, late.value.killed_externally) == ("timeout", False)
    with pytest.raises(WorkerDiedError, match="past its limit of") as large:
        executor.call("a", 1, linger, 600.0, limits=Limits(memory_bytes=2**20)).result(timeout=60)
    assert large.value.status == "oom"
