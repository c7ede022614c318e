"""Refits of the trials that a shorter tuning would have chosen, tested as the best trial was.

Nothing is tuned or chosen here: the tuning log says which trials they are (see early_stopping.py). Each refit is alone
on the machine (see `benchmark.engine.refits`) and written to disk before the next one starts.
"""

from __future__ import annotations

from dataclasses import replace

from benchmark.analyses.tuning_budget import early_stopping
from benchmark.analyses.tuning_budget import record as budget_record
from benchmark.analyses.tuning_budget.record import Refit
from benchmark.engine import preflight, refits
from benchmark.engine.executors import Executor
from benchmark.engine.fingerprint import stale
from benchmark.engine.jobs import Outcome, RefitJob
from benchmark.engine.progress import Observer, Progress
from benchmark.engine.refits import RefitPlan, RefitRun, cost_fields
from benchmark.engine.scheduler import JobRunner, StopRequest
from benchmark.environment import environment
from benchmark.storage import records
from benchmark.storage.derived import INVALIDATED, load_existing
from benchmark.storage.schema import TrialResult


def run(plan: RefitPlan, executor: Executor, observe: Observer, stop: StopRequest) -> list[Progress]:
    """Refit what earlier stops would have chosen, in a locked folder; return the last progress of every estimator.

    Raises
    ------
    BenchmarkError
        The folder holds records of other data or damaged ones, or cannot be written.
    EngineError
        No more jobs can be run, or nothing more written. The same command continues.
    """
    names = [plugin.name for plugin in plan.plugins]
    preflight.for_derived(
        plan.folder,
        plan.dataset,
        names,
        "budget",
        2 * len(early_stopping.BUDGETS) * len(plan.dataset.test.y),
        plan.kinds,
    )
    return refits.run_all(plan, lambda name: _BudgetRun(plan, name, observe), executor, stop)


class _BudgetRun(RefitRun):
    """The refits of one estimator's earlier choices."""

    def __init__(self, plan: RefitPlan, name: str, observe: Observer) -> None:
        super().__init__(plan, name, observe)
        self.wanted = early_stopping.early_winners(self.record)
        dataset, rows = plan.dataset, self.record.fit_rows
        self.stored = budget_record.empty(self.record, len(dataset.test.y), len(dataset.class_names))
        self.progress = Progress(name, len(self.wanted), (rows,), max(1, len(self.wanted)), rows)
        self.progress.top_seconds = self.record.fit_seconds + self.record.predict_seconds

    def refit(self, jobs: JobRunner) -> None:
        """Refit the missing trials, one by one."""
        progress, record = self.progress, self.record
        self.load()
        missing = self.missing()
        if not missing:
            progress.end("unchanged")
            up_to_date = "its refits are up to date; --force recomputes them"
            self.log(up_to_date if self.wanted else "its best trial led at every budget")
            return
        reasons = []
        for trial in missing:
            progress.phase, progress.rows, progress.seed = "refit", record.fit_rows, progress.trial + 1
            job = self.refit_job(trial.params, record.fit_rows, record.seed)
            outcome = jobs.alone(job)
            self.add(trial, job, outcome)
            if outcome.status == "ok":
                self.log(f"trial {trial.number}: fitted in {outcome.fit_seconds:.1f} s")
            else:
                reasons.append(f"trial {trial.number}: {outcome.reason}")
                self.log(reasons[-1])
        if reasons:
            self.fail(f"{len(reasons)} of {len(missing)} refits, the first of {reasons[0]}")
            return
        progress.end("done")
        self.log("done")

    def missing(self) -> list[TrialResult]:
        """Return the trials whose refit does not exist or failed."""
        found = ((trial, self.stored.budget.find(trial.number)) for trial in self.wanted)
        return [trial for trial, refit in found if refit is None or refit.status != "ok"]

    def add(self, trial: TrialResult, job: RefitJob, outcome: Outcome) -> None:
        """Add a refit and write it."""
        before = self.stored.budget.find(trial.number)
        refit = Refit(
            trial=trial.number,
            **cost_fields(job, outcome),
            environment=dict(outcome.environment or environment()),
            test_reads=1 + (before.test_reads if before else 0),
        )
        labels = None if outcome.proba is None else outcome.proba.argmax(axis=1)
        self.stored = budget_record.added(self.stored, refit, labels)
        budget_record.write(self.plan.folder, self.stored)
        self.progress.trial = len(self.wanted) - len(self.missing())

    def load(self) -> None:
        """Continue with what is on disk, or invalidate it; how often the test images were read is always kept."""
        test_set = records.read_test_set(self.plan.folder)
        path = budget_record.path_of(self.plan.folder, self.name)
        old, whole = load_existing(path, test_set, budget_record.read_budget, budget_record.read)
        today = self.stored.budget.depends_on
        if whole is not None and not self.plan.force and not stale(whole.budget.depends_on, today):
            self.stored = whole
        elif old is not None:
            for refit in old.refits:
                stub = replace(refit, **INVALIDATED)
                self.stored = budget_record.added(self.stored, stub, None)
            # Written before the first refit, so that old refits are never on disk with new predictions.
            budget_record.write(self.plan.folder, self.stored)
        self.progress.trial = len(self.wanted) - len(self.missing())
