"""One Optuna study per estimator, by ask and tell; it sees training rows only.

Trials are asked for in batches of a fixed size, and their results are told in the order of their numbers. So a study
does not depend on how many workers there were or which of them was first.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import optuna
from optuna.distributions import BaseDistribution
from optuna.pruners import SuccessiveHalvingPruner
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from benchmark.engine import protocol
from benchmark.engine.effort import Effort
from benchmark.engine.jobs import Outcome, TuningJob
from benchmark.storage.records import RungResult, Status, TrialResult

_RUNGS, _STATUS, _REASON, _INTERRUPTED, _AGAIN = "rungs", "status", "reason", "interrupted", "again"


@dataclass(frozen=True)
class Tuned:
    """The result of a study.

    Attributes
    ----------
    best : TrialResult or None
        The trial with the highest validation accuracy at the top rung, the earliest of equals; None if no trial got
        there.
    trials : tuple of TrialResult
        All trials but those that were interrupted.
    proba : ndarray of float, (n_validation, n_classes), or None
        The best trial's scores of the validation rows; None if there is no best trial, or in old records.
    """

    best: TrialResult | None
    trials: tuple[TrialResult, ...]
    proba: npt.NDArray[np.floating[Any]] | None = None

    @classmethod
    def of(cls, trials: tuple[TrialResult, ...], proba: npt.NDArray[np.floating[Any]] | None = None) -> Tuned:
        """Return the result of some trials, which may come from a study or from a record."""
        complete = [trial for trial in trials if trial.state == "complete"]
        best = max(complete, key=lambda trial: (trial.rungs[-1].accuracy, -trial.number), default=None)
        return cls(best, trials, proba)

    @property
    def seconds(self) -> float:
        """Fit and predict seconds of all trials, summed over the workers."""
        return sum(rung.fit_seconds + rung.predict_seconds for trial in self.trials for rung in trial.rungs)

    @property
    def failure(self) -> Outcome:
        """Why there is no best trial: the status that all trials share, or "failed", and the first trial's reason."""
        states = {trial.state for trial in self.trials}
        status: Status = "timeout" if states == {"timeout"} else "oom" if states == {"oom"} else "failed"
        reason = next((trial.reason for trial in self.trials if trial.reason), "no trial finished")
        return Outcome(status, f"all {len(self.trials)} trials failed, the first: {reason}")


def open_study(journal: Path, name: str, rungs: Sequence[int]) -> Study:
    """Open or create a study in a journal file, which optuna-dashboard can open too.

    A trial found RUNNING belongs to a run that was killed: it is failed, and its parameters are queued again.

    Parameters
    ----------
    journal : Path
    name : str
        It holds the fingerprint, so another protocol or search space is another study.
    rungs : sequence of int
        Training rows, lowest first.

    Returns
    -------
    Study
    """
    optuna.logging.set_verbosity(logging.WARNING)
    journal = journal.resolve()  # a relative path can spin on a stale lock
    journal.parent.mkdir(parents=True, exist_ok=True)
    _repair(journal)
    storage = JournalStorage(JournalFileBackend(str(journal)))
    study = optuna.create_study(
        storage=storage,
        study_name=name,
        direction="maximize",
        load_if_exists=True,
        pruner=SuccessiveHalvingPruner(min_resource=rungs[0], reduction_factor=protocol.REDUCTION_FACTOR),
    )
    if _failed(study):  # the plugin may have been fixed since
        optuna.delete_study(study_name=name, storage=storage)
        return open_study(journal, name, rungs)
    queued = {trial.user_attrs.get(_AGAIN) for trial in study.get_trials(deepcopy=False)}
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        # Queued before it is failed, and marked: killed between the two, nothing is lost or doubled.
        if trial.number not in queued:
            # A trial killed while it was being asked for has its parameters only where they were queued.
            params = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
            study.enqueue_trial(params, user_attrs={_AGAIN: trial.number})
        storage.set_trial_user_attr(trial._trial_id, _INTERRUPTED, True)
        study.tell(trial.number, state=TrialState.FAIL)
    return study


def finished(study: Study) -> list[FrozenTrial]:
    """Return the trials that count: complete, pruned, or failed through their own fault."""
    states = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
    return [trial for trial in study.get_trials(deepcopy=False, states=states) if _INTERRUPTED not in trial.user_attrs]


def _failed(study: Study) -> bool:
    """Return whether a study ended without a best trial. An interrupted one has RUNNING or WAITING trials."""
    trials = study.get_trials(deepcopy=False)
    return bool(finished(study)) and all(trial.state in (TrialState.FAIL, TrialState.PRUNED) for trial in trials)


def tune(
    study: Study,
    space: Mapping[str, BaseDistribution],
    defaults: Mapping[str, Any],
    effort: Effort,
    template: TuningJob,
    run_jobs: Callable[[list[TuningJob]], list[Outcome] | None],
) -> Tuned:
    """Tune one estimator.

    Parameters
    ----------
    study : Study
        From `open_study`. Trials that it already holds are not run again.
    space : mapping of str to BaseDistribution
        Empty: there is nothing to tune, and the only trial is the defaults.
    defaults : mapping of str to object
        Default of every parameter in `space`; trial 0.
    effort : Effort
        Says how many trials climb which rungs.
    template : TuningJob
        Its parameters and rows are replaced.
    run_jobs : callable
        Runs jobs and returns their outcomes in the same order; None if there is no time for them.

    Returns
    -------
    Tuned
    """
    if not study.get_trials(deepcopy=False):
        study.enqueue_trial(dict(defaults))
    validation_proba: dict[int, npt.NDArray[np.float32] | None] = {}  # by trial number, at its highest rung
    while (count := effort.trials_to_ask(len(finished(study)))) > 0:
        climbing = _ask(study, space, count)
        results: dict[int, list[RungResult]] = {trial.number: [] for trial in climbing}
        for rows in effort.rungs:
            outcomes = run_jobs([replace(template, params=trial.params, rows=rows) for trial in climbing])
            if outcomes is None:
                break
            pairs = list(zip(climbing, outcomes, strict=True))
            validation_proba |= {trial.number: outcome.proba for trial, outcome in pairs}
            top = rows == effort.rungs[-1]
            climbing = [
                trial for trial, outcome in pairs if _report(study, trial, rows, outcome, results[trial.number], top)
            ]
            if not climbing:
                break
        for trial in climbing:
            reached = results[trial.number]
            if reached and reached[-1].rows == effort.rungs[-1]:
                study.tell(trial, reached[-1].accuracy)
            else:  # there was no time for it
                trial.set_user_attr(_INTERRUPTED, True)
                study.tell(trial, state=TrialState.FAIL)
        if not any(trial.user_attrs.get(_RUNGS) for trial in finished(study)):
            break  # the defaults and a whole batch failed: hours of deadlines would not change that
    tuned = summary(study)
    if tuned.best is None:
        return tuned
    if tuned.best.number not in validation_proba:  # from an interrupted run: the journal has its accuracy only
        again = run_jobs([replace(template, params=tuned.best.params, rows=tuned.best.rungs[-1].rows)])
        return replace(tuned, proba=again[0].proba if again else None)
    return replace(tuned, proba=validation_proba[tuned.best.number])


def summary(study: Study) -> Tuned:
    """Return a study's result as plain values."""
    return Tuned.of(tuple(_result(trial) for trial in finished(study)))


def _ask(study: Study, space: Mapping[str, BaseDistribution], count: int) -> list[Trial]:
    # Seeded by the number of trials so far: an interrupted study draws what it would have drawn.
    study.sampler = TPESampler(
        seed=protocol.TUNING_SEED + len(finished(study)),
        n_startup_trials=protocol.STARTUP_TRIALS,
        multivariate=True,
        constant_liar=True,
    )
    return [study.ask(dict(space)) for _ in range(count)]


def _report(study: Study, trial: Trial, rows: int, outcome: Outcome, results: list[RungResult], top: bool) -> bool:
    """Tell the study a trial's result on a rung; return whether the trial goes on."""
    if outcome.accuracy is None:
        trial.set_user_attr(_STATUS, outcome.status)
        trial.set_user_attr(_REASON, outcome.reason)
        study.tell(trial, state=TrialState.FAIL)
        return False
    results.append(RungResult(rows, outcome.accuracy, outcome.fit_seconds, outcome.predict_seconds))
    trial.set_user_attr(_RUNGS, [asdict(result) for result in results])
    trial.report(outcome.accuracy, step=rows)
    if not top and trial.should_prune():  # the pruner would also rank the trials of the top rung
        study.tell(trial, state=TrialState.PRUNED)
        return False
    return True


def _result(trial: FrozenTrial) -> TrialResult:
    states: dict[TrialState, Any] = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned"}
    return TrialResult(
        number=trial.number,
        state=states.get(trial.state) or trial.user_attrs.get(_STATUS, "failed"),
        params=dict(trial.params),
        rungs=tuple(RungResult(**rung) for rung in trial.user_attrs.get(_RUNGS, [])),
        reason=trial.user_attrs.get(_REASON, ""),
    )


def _repair(journal: Path) -> None:
    """Truncate a journal before its first incomplete line, and remove the lock of a dead run.

    A killed run leaves an incomplete last line, which the next append would join, and the journal's own lock, for
    which Optuna waits half a minute. Only the run that has locked the results folder may do this. A journal that is
    damaged further up is also copied to ``.damaged``.
    """
    for lock in journal.parent.glob(f"{journal.name}.lock*"):
        lock.unlink(missing_ok=True)
    if not journal.exists():
        return
    blob = journal.read_bytes()
    whole = 0
    for line in blob.splitlines(keepends=True):
        try:
            if not (line.endswith(b"\n") and isinstance(json.loads(line), dict)):
                break
        except ValueError:
            break
        whole += len(line)
    if whole < len(blob):
        if b"\n" in blob[whole:]:
            journal.with_name(f"{journal.name}.damaged").write_bytes(blob)
        with journal.open("r+b") as file:
            file.truncate(whole)
