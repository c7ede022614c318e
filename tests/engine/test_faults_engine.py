"""What kills, cuts off and fills up: faults done to real processes, real files and a real file system."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import libfaketime
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from benchmark.storage import records
from tests.in_process import benchmark
from tests.plugin_lab import models
from tests.running import ALONE, SMOKE, WAITS, Program, eventually

TRIALS = 6
LONG = ("svm_pca", "logistic_regression", "--jobs", "1", "--trials", str(TRIALS), "--no-report")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = tmp_path / "place"
    made.mkdir()
    return made


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    return models(tmp_path / "lab", waits=WAITS)


def waiting(results: Path, lab: Path, place: Path, *more: str, report: bool = False) -> Program:
    pages = () if report else ("--no-report",)
    return Program(results, "waits", *more, *pages, cwd=lab, env={"WAITS_PLACE": str(place)})


def pids(place: Path, rows: int) -> set[int]:
    return {int(path.name.rsplit("-", 1)[1]) for path in place.glob(f"at-{rows}-*")}


def go(place: Path) -> None:
    for rows in (100, 400, 500):
        (place / f"go-{rows}").touch()


def record(results: Path, name: str = "waits") -> records.Record:
    return records.read_record(records.record_path(results / "digits", name, 0))


def told(results: Path) -> dict[int, tuple]:
    """Return the trials that a study holds as finished, by number."""
    backend = JournalFileBackend(str(results / "digits" / "studies" / "waits.journal"))
    storage = JournalStorage(backend)
    (study,) = storage.get_all_studies()
    trials = storage.get_all_trials(study._study_id, states=(TrialState.COMPLETE, TrialState.PRUNED))
    return {trial.number: (trial.state, tuple(trial.params.items())) for trial in trials}


@pytest.mark.slow
@pytest.mark.fault(1, "kill -9 of a worker in mid-fit")
def test_a_worker_killed_from_outside_costs_nothing(lab: Path, place: Path, tmp_path: Path) -> None:
    program = waiting(tmp_path / "results", lab, place)
    assert eventually(lambda: len(pids(place, 100)) == 2)
    for pid in pids(place, 100):
        os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: len(pids(place, 100)) == 4)  # both tried once more
    go(place)
    status, out, errors = program.finish()
    assert status == 0, out + errors
    held = record(tmp_path / "results")
    assert held.status == "ok"
    assert [trial.number for trial in held.trials] == [0, 1]
    assert "failed" not in {trial.state for trial in held.trials}
    assert not program.relatives()


@pytest.mark.slow
@pytest.mark.fault(1, "kill -9 of a worker in mid-fit")
def test_a_refit_whose_worker_is_killed_twice_is_a_row_that_says_so(lab: Path, place: Path, tmp_path: Path) -> None:
    program = waiting(tmp_path / "results", lab, place, report=True)
    for rows in (100, 400):
        (place / f"go-{rows}").touch()
    killed: set[int] = set()
    for _ in range(2):
        assert eventually(lambda: pids(place, 500) - killed)
        (pid,) = pids(place, 500) - killed
        os.kill(pid, signal.SIGKILL)
        killed.add(pid)
    status, _, errors = program.finish()
    assert status == 1, errors
    assert "SIGKILL" in record(tmp_path / "results").reason
    assert "SIGKILL" in (tmp_path / "results" / "digits" / "leaderboard.md").read_text()


@pytest.mark.slow
@pytest.mark.fault(2, "kill -9 of the run in mid-tuning, then the same command")
def test_a_killed_run_leaves_no_process_and_goes_on(lab: Path, place: Path, tmp_path: Path) -> None:
    program = waiting(tmp_path / "results", lab, place, "--trials", str(TRIALS))
    (place / "go-100").touch()
    assert eventually(lambda: pids(place, 400))
    program.kill()
    assert eventually(lambda: not program.relatives(), 10), program.relatives()
    before = told(tmp_path / "results")
    assert before  # those that were stopped at the first rung
    go(place)
    again = waiting(tmp_path / "results", lab, place, "--trials", str(TRIALS))
    status, out, errors = again.finish()
    assert status == 0, out + errors
    held = record(tmp_path / "results")
    assert len(held.trials) == TRIALS
    assert [trial.number for trial in held.trials if trial.params == {"bayes__var_smoothing": 0.1}]  # the defaults
    assert len({tuple(trial.params.items()) for trial in held.trials}) == TRIALS  # none lost, none twice
    assert before.items() <= told(tmp_path / "results").items()  # and none run again


KILL_AT_RENAME = """
import os, signal, sys
def die(event, arguments):
    if event == "os.rename" and str(arguments[1]).endswith("svm_pca/{name}"):
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(die)
"""


@pytest.mark.slow
@pytest.mark.fault(3, "kill -9 in the middle of writing a record")
@pytest.mark.parametrize("name", ["seed-0.npz", "seed-0.json"], ids=["before the predictions", "between the two"])
def test_a_record_stays_until_the_new_one_is_whole(smoke_results: Path, name: str) -> None:
    path = records.record_path(smoke_results / "digits", "svm_pca", 0)
    old = path.read_bytes()
    # Asked for more trials, the record is stale and will be replaced; killed while that is done.
    program = Program(smoke_results, "svm_pca", "--jobs", "1", "--trials", "3", code=KILL_AT_RENAME.format(name=name))
    program.process.communicate(timeout=120)
    assert program.process.returncode == -signal.SIGKILL
    assert eventually(lambda: not program.relatives(), 10)
    assert list(smoke_results.rglob("*.tmp"))
    assert path.read_bytes() == old
    again = benchmark("run", "svm_pca", *ALONE, "--trials", "3", "--results", str(smoke_results))
    assert again.returncode == 0, again.stderr
    held = records.read_record(path)
    assert len(held.trials) == 3
    assert records.is_intact(path, held)
    assert held.test_reads >= 2
    assert not list(smoke_results.rglob("*.tmp"))
    assert benchmark("report", "--check", "--results", str(smoke_results)).returncode == 0


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a run that was killed while it tuned."""
    results = tmp_path_factory.mktemp("killed")
    program = Program(results, *LONG)
    program.await_line("400 rows")
    program.kill()
    assert eventually(lambda: not program.relatives(), 10), program.relatives()
    return results


@pytest.mark.slow
@pytest.mark.fault(4, "a torn last line in the study's journal")
@pytest.mark.parametrize("damage", ["torn", "torn further up"])
def test_a_torn_journal_is_repaired_and_the_study_goes_on(killed: Path, tmp_path: Path, damage: str) -> None:
    shutil.copytree(killed, tmp_path, symlinks=True, dirs_exist_ok=True)
    for journal in (tmp_path / "digits" / "studies").glob("*.journal"):
        if damage == "torn":
            with journal.open("ab") as file:
                file.write(b'{"op_code": 5, "wor')
        else:
            lines = journal.read_bytes().splitlines(keepends=True)
            journal.write_bytes(b"".join([*lines[:-2], b'{"op_co\n', *lines[-2:]]))
        lock = Path(f"{journal}.lock")
        if not lock.is_symlink():  # killed within an append, it leaves this too
            lock.symlink_to(journal)
    again = Program(tmp_path, *LONG)
    status, out, errors = again.finish(60)
    assert status == 0, out + errors
    for name in LONG[:2]:
        assert len(record(tmp_path, name).trials) == TRIALS
    assert (damage == "torn") != bool(list(tmp_path.rglob("*.damaged")))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Lend a file system of its own, of ten megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=10m", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"may not mount a file system here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.slow
@pytest.mark.fault(5, "disk full while writing")
@pytest.mark.parametrize("rows", [100, 500], ids=["in the study", "in the record"])
def test_a_full_disk_is_said_in_one_line_and_nothing_is_lost(disk: Path, lab: Path, place: Path, rows: int) -> None:
    program = waiting(disk / "results", lab, place, "--jobs", "1")
    for earlier in (100, 400):
        if earlier < rows:
            (place / f"go-{earlier}").touch()
    assert eventually(lambda: pids(place, rows))
    with (disk / "filler").open("wb", buffering=0) as file:
        while True:
            try:
                file.write(bytes(4096))
            except OSError:
                break
    go(place)
    status, out, errors = program.finish()
    assert status == 2, out + errors
    assert "No space left on device" in errors
    assert "the same command goes on" in errors
    assert len(errors.strip().splitlines()) == 1, errors
    assert not list(disk.rglob("*.tmp"))
    (disk / "filler").unlink()
    again = waiting(disk / "results", lab, place, "--jobs", "1")
    status, out, errors = again.finish()
    assert status == 0, out + errors
    assert len(record(disk / "results").trials) == 2


@pytest.mark.fault(5, "disk full while writing")
def test_too_little_room_is_refused_before_any_training(disk: Path) -> None:
    (disk / "filler").write_bytes(bytes(9_500_000))
    found = benchmark("run", "svm_pca", *ALONE, "--results", str(disk))
    assert found.returncode == 2
    assert "MB are free" in found.stderr
    assert "rows:" not in found.stdout


@pytest.mark.fault(6, "a read-only results folder")
def test_a_read_only_folder_is_refused_before_any_training(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    found = benchmark("run", "svm_pca", *ALONE, "--results", str(disk))
    assert found.returncode == 2
    assert "cannot be written" in found.stderr
    assert len(found.stderr.strip().splitlines()) == 1, found.stderr
    assert "rows:" not in found.stdout


@pytest.mark.slow
@pytest.mark.fault(7, "two runs on one results folder")
def test_the_second_of_two_runs_stops_at_once_and_names_the_first(lab: Path, place: Path, tmp_path: Path) -> None:
    first = waiting(tmp_path / "results", lab, place)
    assert eventually(lambda: pids(place, 100))
    second = benchmark("run", "svm_pca", *SMOKE, "--results", str(tmp_path / "results"))
    assert second.returncode == 2
    assert f"process {first.process.pid} on {socket.gethostname()}" in second.stderr
    first.kill()
    held = json.loads((tmp_path / "results" / "digits" / ".lock").read_text())
    assert held["process"] == first.process.pid  # a dead one's lock, which is taken over
    third = benchmark("run", "svm_pca", *ALONE, "--no-report", "--results", str(tmp_path / "results"))
    assert third.returncode == 0, third.stderr


@pytest.mark.fault(8, "Ctrl-C once and twice")
def test_ctrl_c_once_while_tuning_stops_and_the_same_command_goes_on(lab: Path, place: Path, tmp_path: Path) -> None:
    program = waiting(tmp_path / "results", lab, place)
    assert eventually(lambda: pids(place, 100))
    program.interrupt()
    status, out, errors = program.finish(30)
    assert status == 130, out + errors
    assert "stopping" in out
    assert "goes on from here" in errors
    assert "Traceback" not in out + errors
    assert not program.relatives()
    go(place)
    again = waiting(tmp_path / "results", lab, place)
    status, out, errors = again.finish()
    assert status == 0, out + errors
    assert len(record(tmp_path / "results").trials) == 2


@pytest.mark.slow
@pytest.mark.fault(8, "Ctrl-C once and twice")
def test_ctrl_c_once_in_a_refit_waits_for_it_and_reports(lab: Path, place: Path, tmp_path: Path) -> None:
    program = waiting(tmp_path / "results", lab, place, "--seeds", "2", report=True)
    for rows in (100, 400):
        (place / f"go-{rows}").touch()
    assert eventually(lambda: pids(place, 500))
    program.interrupt()
    program.await_line("when the refit that is running is done")
    (place / "go-500").touch()
    status, out, errors = program.finish(30)
    assert status == 130, out + errors
    assert record(tmp_path / "results").status == "ok"
    assert not records.record_path(tmp_path / "results" / "digits", "waits", 1).exists()
    assert "Waits" in (tmp_path / "results" / "digits" / "leaderboard.md").read_text()
    assert not program.relatives()


@pytest.mark.slow
@pytest.mark.fault(8, "Ctrl-C once and twice")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_stop_by_the_system_is_as_ctrl_c(lab: Path, place: Path, tmp_path: Path, number: signal.Signals) -> None:
    program = waiting(tmp_path / "results", lab, place, report=True)
    for rows in (100, 400):
        (place / f"go-{rows}").touch()
    assert eventually(lambda: pids(place, 500))
    program.process.send_signal(number)
    program.await_line("when the refit that is running is done")
    (place / "go-500").touch()
    status, out, errors = program.finish(60)
    assert status == 130, out + errors
    assert "Waits" in (tmp_path / "results" / "digits" / "leaderboard.md").read_text()
    assert not program.relatives()


@pytest.mark.slow
@pytest.mark.fault(8, "Ctrl-C once and twice")
def test_ctrl_c_twice_leaves_at_once_and_no_orphan(lab: Path, place: Path, tmp_path: Path) -> None:
    program = waiting(tmp_path / "results", lab, place)
    for rows in (100, 400):
        (place / f"go-{rows}").touch()
    assert eventually(lambda: pids(place, 500))
    program.interrupt()
    program.await_line("stopping")
    program.interrupt()
    status, out, errors = program.finish(5)
    assert status == 130, out + errors
    assert "left at once" in errors
    assert eventually(lambda: not program.relatives(), 5), program.relatives()


@pytest.mark.slow
@pytest.mark.fault(23, "a clock set back by an hour")
def test_a_clock_set_back_gives_no_negative_duration(lab: Path, place: Path, tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_text("+0\n")
    library = Path(libfaketime.__file__).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"
    env = {
        "WAITS_PLACE": str(place),
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # the kernel's monotonic clock does not go by the one on the wall
    }
    program = Program(tmp_path / "results", "waits", cwd=lab, env=env)
    (place / "go-100").touch()
    assert eventually(lambda: pids(place, 400))
    clock.write_text("-3600\n")
    seen = subprocess.run(["date", "+%s"], env={**os.environ, **env}, capture_output=True, text=True).stdout
    real = subprocess.run(["date", "+%s"], capture_output=True, text=True).stdout
    assert int(real) - int(seen) == pytest.approx(3600, abs=2)  # it was set back indeed
    go(place)
    status, out, errors = program.finish(60)
    assert status == 0, out + errors
    held = record(tmp_path / "results")
    assert held.fit_seconds >= 0
    assert held.predict_seconds >= 0
    assert held.tuning_seconds >= 0
    assert all(r.fit_seconds >= 0 and r.predict_seconds >= 0 for trial in held.trials for r in trial.rungs)
    assert max(r.fit_seconds for trial in held.trials for r in trial.rungs) < 60
    clocks = [line.split()[0] for line in out.splitlines() if " waits " in line]
    assert clocks
    assert not any("-" in each for each in clocks)
    assert clocks == sorted(clocks)
