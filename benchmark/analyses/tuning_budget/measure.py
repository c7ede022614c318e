"""Had tuning stopped earlier: the trials that would have been chosen then, refitted and tested as the winner was.

Nothing is tuned or chosen here: which trials they are follows from the tuning log (see stopping.py). Each
is one job, alone on the machine (see winners.py), and on disk before the next one starts.
"""

from __future__ import annotations

from dataclasses import replace

from benchmark.analyses.tuning_budget import early_stopping as stopping
from benchmark.analyses.tuning_budget import record as budget_record
from benchmark.analyses.tuning_budget.record import Refit
from benchmark.engine import evaluation
from benchmark.engine import preflight as prepare
from benchmark.engine import refits as winners
from benchmark.engine.executors import Executor
from benchmark.engine.fingerprint import stale
from benchmark.engine.jobs import Job, Outcome
from benchmark.engine.progress import Observer, Progress
from benchmark.engine.refits import Desk, Plan, measured
from benchmark.engine.scheduler import Stop, Waves
from benchmark.environment import environment
from benchmark.storage import records
from benchmark.storage.derived import LET_GO, lying
from benchmark.storage.schema import TrialResult


def run(plan: Plan, executor: Executor, observe: Observer, stop: Stop) -> list[Progress]:
    """Refit what earlier stops would have chosen, in a folder that is claimed; return every estimator's last state.

    Raises
    ------
    BenchmarkError
        The folder holds records of other data or damaged ones, or cannot be written.
    EngineError
        No job can be run, or nothing written, any more; the same command goes on from there.
    """
    names = [plugin.name for plugin in plan.plugins]
    prepare.for_derived(
        plan.folder, plan.dataset, names, "budget", 2 * len(stopping.BUDGETS) * len(plan.dataset.test.y), plan.kinds
    )
    return winners.drive(plan, lambda name: _Desk(plan, name, observe), executor, stop)


class _Desk(Desk):
    """One estimator's place: its record, the refits so far, and how far it is."""

    def __init__(self, plan: Plan, name: str, observe: Observer) -> None:
        super().__init__(plan, name, observe)
        self.wanted = stopping.early_winners(self.record)
        dataset, rows = plan.dataset, self.record.fit_rows
        self.held = budget_record.empty(self.record, len(dataset.test.y), len(dataset.class_names))
        self.progress = Progress(name, len(self.wanted), (rows,), max(1, len(self.wanted)), rows)
        self.progress.top_seconds = self.record.fit_seconds + self.record.predict_seconds

    def life(self, template: Job) -> Waves:
        """Refit what is missing, trial by trial."""
        given, progress, record = self.plan.resources, self.progress, self.record
        self.begin()
        missing = self.missing()
        if not missing:
            progress.end("kept")
            self.say("its refits stand; --force makes them anew" if self.wanted else "its winner led at every budget")
            return
        reasons = []
        for trial in missing:
            progress.phase, progress.rows, progress.seed = "refit", record.fit_rows, progress.trial + 1
            job = evaluation.refit_job(template, trial.params, record.fit_rows, record.seed, given.threads, given.refit)
            (outcome,) = yield [job]
            self.keep(trial, job, outcome)
            if outcome.status == "ok":
                self.say(f"trial {trial.number}: fitted in {outcome.fit_seconds:.1f} s")
            else:
                reasons.append(f"trial {trial.number}: {outcome.reason}")
                self.say(reasons[-1])
        if reasons:
            self.fail(f"{len(reasons)} of {len(missing)} refits, the first of {reasons[0]}")
            return
        progress.end("done")
        self.say("done")

    def missing(self) -> list[TrialResult]:
        """Return what has not ended well yet."""
        found = ((trial, self.held.budget.find(trial.number)) for trial in self.wanted)
        return [trial for trial, refit in found if refit is None or refit.status != "ok"]

    def keep(self, trial: TrialResult, job: Job, outcome: Outcome) -> None:
        """Add a refit and write it."""
        before = self.held.budget.find(trial.number)
        refit = Refit(
            trial=trial.number,
            **measured(job, outcome),
            environment=dict(outcome.environment or environment()),
            test_reads=1 + (before.test_reads if before else 0),
        )
        labels = None if outcome.proba is None else outcome.proba.argmax(axis=1)
        self.held = budget_record.added(self.held, refit, labels)
        budget_record.write(self.plan.folder, self.held)
        self.progress.trial = len(self.wanted) - len(self.missing())

    def begin(self) -> None:
        """Go on with what is on disk, or let it go, but not how often the test images were read for it."""
        test_set = records.read_test_set(self.plan.folder)
        path = budget_record.path_of(self.plan.folder, self.name)
        old, whole = lying(path, test_set, budget_record.read_budget, budget_record.read)
        today = self.held.budget.depends_on
        if whole is not None and not self.plan.force and not stale(whole.budget.depends_on, today):
            self.held = whole
        elif old is not None:
            for refit in old.refits:
                stub = replace(refit, **LET_GO)
                self.held = budget_record.added(self.held, stub, None)
            # Written before the first refit: at no moment do the old refits stand beside the new predictions.
            budget_record.write(self.plan.folder, self.held)
        self.progress.trial = len(self.wanted) - len(self.missing())
