"""A study whose jobs a test answers: the jobs that it asks for, and what it makes of the outcomes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState

from benchmark.engine import tuning
from benchmark.engine.effort import Fixed
from benchmark.engine.jobs import Outcome, RefitJob, TuningJob
from benchmark.engine.protocol import PRESETS
from benchmark.engine.tuning import Tuned
from benchmark.estimator import Task

RUNGS = (100, 400, 1_600)
SPACE = {"model__x": FloatDistribution(0.0, 1.0)}
DEFAULTS = {"model__x": 0.25}
PRESET = replace(PRESETS["standard"], trials=14)
TEMPLATE = TuningJob("hand", {}, Task(2, (2, 2)), PRESET, "none", 0)


def score(job: TuningJob) -> Outcome:
    """Best at x = 0.7; better with more rows."""
    return Outcome("ok", accuracy=0.9 - abs(job.params["model__x"] - 0.7) / 2 - 10 / job.rows, fit_seconds=1.0)


class Killed(BaseException):
    """Ends a study as the end of its process would."""


def drive(journal: Path, answer=score, preset=PRESET, space=SPACE) -> Tuned:
    """Tune with jobs that are answered at once."""
    return tune(journal, lambda jobs: [answer(job) for job in jobs], preset, space)


def cut_off(journal: Path, after: int) -> list[TuningJob]:
    """Tune until so many jobs are asked for, and kill the study before they are answered; return those jobs."""
    asked: list[TuningJob] = []

    def run_jobs(jobs: list[TuningJob]) -> list[Outcome]:
        asked.extend(jobs)
        if len(asked) >= after:
            raise Killed
        return [score(job) for job in jobs]

    with pytest.raises(Killed):
        tune(journal, run_jobs)
    return asked


def tune(journal: Path, run_jobs, preset=PRESET, space=SPACE) -> Tuned:
    study = tuning.open_study(journal, "hand", RUNGS)
    effort = Fixed(preset.trials if space else 1, RUNGS, rows=0)
    return tuning.tune(study, space, DEFAULTS if space else {}, effort, TEMPLATE, run_jobs)


def test_trial_0_is_the_defaults_and_climbs_to_the_top(tmp_path: Path) -> None:
    tuned = drive(tmp_path / "study.journal")
    assert tuned.trials[0].params == DEFAULTS
    assert [rung.rows for rung in tuned.trials[0].rungs] == list(RUNGS)


def test_the_trials_come_to_the_number_asked_for_and_losers_are_stopped(tmp_path: Path) -> None:
    tuned = drive(tmp_path / "study.journal")
    assert len(tuned.trials) == PRESET.trials
    states = {trial.state for trial in tuned.trials}
    assert states == {"complete", "pruned"}
    assert sum(len(trial.rungs) for trial in tuned.trials) < PRESET.trials * len(RUNGS)


def test_a_study_cut_off_in_its_first_batch_keeps_what_it_has(tmp_path: Path) -> None:
    journal = tmp_path / "study.journal"
    cut_off(journal, after=5)  # the first rung's four are told, the second rung's first is out
    before = {trial.number for trial in tuning.finished(tuning.open_study(journal, "hand", RUNGS))}
    assert before
    tuned = drive(journal)
    assert before <= {trial.number for trial in tuned.trials}
    assert len(tuned.trials) == PRESET.trials


def test_a_study_that_failed_is_begun_again_and_others_of_its_journal_stay(tmp_path: Path) -> None:
    journal = tmp_path / "study.journal"
    tuning.open_study(journal, "other", RUNGS).enqueue_trial(DEFAULTS)
    assert drive(journal, answer=lambda job: Outcome("failed", "broken")).best is None
    assert drive(journal).best is not None
    assert len(tuning.open_study(journal, "other", RUNGS).trials) == 1


def test_the_winner_is_the_best_at_the_top_rung_and_no_worse_than_the_defaults(tmp_path: Path) -> None:
    tuned = drive(tmp_path / "study.journal")
    top = [trial.rungs[-1].accuracy for trial in tuned.trials if trial.state == "complete"]
    assert tuned.best is not None
    assert tuned.best.rungs[-1].rows == RUNGS[-1]
    assert tuned.best.rungs[-1].accuracy == max(top) >= tuned.trials[0].rungs[-1].accuracy


def test_tuning_time_is_the_sum_over_all_fits(tmp_path: Path) -> None:
    tuned = drive(tmp_path / "study.journal")
    assert tuned.seconds == sum(len(trial.rungs) for trial in tuned.trials)


def test_a_trial_that_fails_is_recorded_with_its_reason_and_tuning_goes_on(tmp_path: Path) -> None:
    def answer(job: TuningJob) -> Outcome:
        return Outcome("failed", "ValueError: too large") if job.params["model__x"] > 0.6 else score(job)

    tuned = drive(tmp_path / "study.journal", answer)
    failed = [trial for trial in tuned.trials if trial.state == "failed"]
    assert len(tuned.trials) == PRESET.trials
    assert failed
    assert {trial.reason for trial in failed} == {"ValueError: too large"}
    assert tuned.best is not None


def test_if_all_fail_there_is_no_winner_but_a_reason(tmp_path: Path) -> None:
    tuned = drive(tmp_path / "study.journal", lambda job: Outcome("oom", "out of memory"))
    assert tuned.best is None
    assert (tuned.failure.status, tuned.failure.reason) == ("oom", "all 4 trials failed, the first: out of memory")


@pytest.mark.parametrize("stop_after", [1, 3, 6, 9, 13])
def test_a_killed_study_goes_on_to_the_same_result(tmp_path: Path, stop_after: int) -> None:
    whole = drive(tmp_path / "whole.journal")
    cut_off(tmp_path / "cut.journal", after=stop_after)
    resumed = drive(tmp_path / "cut.journal")
    assert len(resumed.trials) == PRESET.trials
    assert resumed.best is not None
    assert whole.best is not None
    assert resumed.best.params == whole.best.params
    # In another order where the cut fell within a batch: what was running then is queued behind what was done.
    assert sorted(trial.params["model__x"] for trial in resumed.trials) == sorted(
        trial.params["model__x"] for trial in whole.trials
    )


def test_a_trial_found_running_is_failed_and_its_parameters_are_queued_again(tmp_path: Path) -> None:
    (first, *_) = cut_off(tmp_path / "study.journal", after=1)
    study = tuning.open_study(tmp_path / "study.journal", "hand", RUNGS)
    states = [trial.state for trial in study.get_trials(deepcopy=False)]
    assert TrialState.RUNNING not in states
    assert TrialState.WAITING in states
    assert tuning.finished(study) == []
    assert first.params == DEFAULTS


def test_a_torn_last_line_of_the_journal_is_dropped(tmp_path: Path) -> None:
    journal = tmp_path / "study.journal"
    whole = drive(journal)
    with journal.open("ab") as file:
        file.write(b'{"op_code": 5, "wor')
    assert drive(journal) == whole


def test_a_finished_study_asks_only_for_its_winners_scores(tmp_path: Path) -> None:
    """The journal has the winner's accuracy; its scores of the validation rows were lost with the run."""

    def answer(job: TuningJob) -> Outcome:
        return replace(score(job), proba=np.full((3, 2), job.params["model__x"], dtype=np.float32))

    first = drive(tmp_path / "study.journal", answer)
    assert first.best is not None
    assert first.proba is not None
    assert (first.proba == np.float32(first.best.params["model__x"])).all()

    asked = []
    again = drive(tmp_path / "study.journal", answer=lambda job: (asked.append(job), answer(job))[1])
    assert [(job.params, job.rows) for job in asked] == [(first.best.params, RUNGS[-1])]
    assert (again.best, again.trials) == (first.best, first.trials)
    assert (again.proba == first.proba).all()


def test_without_a_space_the_defaults_are_tried_once(tmp_path: Path) -> None:
    tuned = drive(tmp_path / "study.journal", answer=lambda job: Outcome("ok", accuracy=0.5), space={})
    assert len(tuned.trials) == 1
    assert tuned.best is not None


def test_no_job_of_a_study_names_test_images(tmp_path: Path) -> None:
    asked: list[TuningJob] = []
    drive(tmp_path / "study.journal", answer=lambda job: (asked.append(job), score(job))[1])
    assert len(asked) > PRESET.trials
    assert {type(job) for job in asked} == {TuningJob}
    assert not issubclass(TuningJob, RefitJob)
