"""Predictions of corrupted test images by the tuned estimators, refitted on all rows or read from a saved model.

Nothing is tuned or chosen here. Each estimator is one job, alone on the machine (see `benchmark.engine.refits`). It
predicts the images as they are and under every corruption. The predictions are written before the next job starts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.analyses.robustness import record as robustness_record
from benchmark.analyses.robustness.record import Robustness, RobustnessData
from benchmark.datasets.corruptions import CORRUPTIONS
from benchmark.engine import preflight, protocol, refits
from benchmark.engine.executors import Executor
from benchmark.engine.fingerprint import stale
from benchmark.engine.jobs import CorruptionJob, Outcome
from benchmark.engine.progress import Observer, Progress
from benchmark.engine.refits import RefitPlan, RefitRun, best_record, cost_fields
from benchmark.engine.saved_models import save as saved_models
from benchmark.engine.scheduler import JobRunner, StopRequest
from benchmark.environment import environment
from benchmark.storage import records
from benchmark.storage.derived import INVALIDATED, header_fields, label_type, load_existing
from benchmark.storage.records import Record


@dataclass(frozen=True)
class Plan(RefitPlan):
    """What `robustness` is asked to do.

    Attributes
    ----------
    images : int or None
        Test images to predict under each corruption, instead of the protocol's.
    stored : bool
        Use saved models where they exist. The workers of a cluster cannot read them.
    """

    images: int | None = None
    stored: bool = True

    @property
    def chosen(self) -> tuple[int, ...]:
        """Indices of the test images, the same for every estimator."""
        return protocol.corrupted_images(self.dataset.test.y, self.images or protocol.CORRUPTED_IMAGES)

    @property
    def expected_seconds(self) -> float:
        """Seconds that all fits and predictions will take, judged by the times of the records."""
        return sum(self.expected(best_record(self.folder, plugin.name)) for plugin in self.plugins)

    def model(self, record: Record) -> Path | None:
        """Return the folder of a record's saved model; None if there is none or it is not to be used."""
        usable = self.stored and saved_models.is_saved(self.folder, record)
        return saved_models.model_folder(self.folder, record) if usable else None

    def expected(self, record: Record) -> float:
        """Return the seconds that one estimator's fit and predictions will take, judged by the times of its record."""
        share = (1 + len(CORRUPTIONS)) * len(self.chosen) / len(self.dataset.test.y)
        return record.predict_seconds * share + (0.0 if self.model(record) else record.fit_seconds)


@dataclass
class RobustnessProgress(Progress):
    """Progress of one estimator's refit.

    Attributes
    ----------
    expected : float
        Seconds that it will take, judged by the times of its record.
    """

    expected: float = 0.0

    def eta_seconds(self, workers: int) -> float | None:
        """Estimate the remaining seconds by the record's times."""
        return 0.0 if self.stopped is not None else max(0.0, self.expected - self.elapsed)


def run(plan: Plan, executor: Executor, observe: Observer, stop: StopRequest) -> list[Progress]:
    """Predict corrupted images with each estimator, in a locked folder; return the last progress of each.

    Raises
    ------
    BenchmarkError
        The folder holds records of other data or damaged ones, or cannot be written.
    EngineError
        No more jobs can be run, or nothing more written. The same command continues.
    """
    names = [plugin.name for plugin in plan.plugins]
    preflight.for_derived(
        plan.folder, plan.dataset, names, "robustness", 2 * (1 + len(CORRUPTIONS)) * len(plan.chosen), plan.kinds
    )
    return refits.run_all(plan, lambda name: _RobustnessRun(plan, name, observe), executor, stop)


class _RobustnessRun(RefitRun):
    """The predictions of one estimator."""

    def __init__(self, plan: Plan, name: str, observe: Observer) -> None:
        super().__init__(plan, name, observe)
        self.images = plan.chosen
        self.test_reads = 0
        self.model = plan.model(self.record)
        rows = self.record.fit_rows
        self.progress = RobustnessProgress(name, 1, (rows,), 1, rows, expected=plan.expected(self.record))

    def refit(self, jobs: JobRunner) -> None:
        """Refit or read the saved model, predict all images, write the predictions."""
        progress, record = self.progress, self.record
        if self.up_to_date():
            progress.trial = 1
            progress.end("unchanged")
            self.log("its predictions are up to date; --force recomputes them")
            return
        progress.phase, progress.rows, progress.seed = "refit", record.fit_rows, 1
        corruptions = tuple(corruption.name for corruption in CORRUPTIONS)
        refit = self.refit_job(record.params, record.fit_rows, record.seed)
        job = CorruptionJob(**vars(refit), corruptions=corruptions, images=self.images)
        if self.model is not None:
            # An absolute path, because a worker may have another current directory.
            outcome = jobs.alone(replace(job, saved_model=str(self.model.resolve())))
            if outcome.status != "ok":
                self.log(f"its saved model cannot be used, so it is refitted ({outcome.reason})")
                self.model, self.test_reads = None, self.test_reads + 1  # it may have read the test images
        if self.model is None:
            outcome = jobs.alone(job)
        measured = self.write(job, outcome)
        if measured.predicted is None:
            self.fail(outcome.reason)
            return
        progress.trial = 1
        progress.end("done")
        how = "predicted by its saved model" if self.model else f"fitted in {outcome.fit_seconds:.1f} s"
        self.log(f"{how}; {self.agreement(measured)}")

    def up_to_date(self) -> bool:
        """Return whether the predictions on disk are current; if not, invalidate them but keep the count of reads."""
        test_set = records.read_test_set(self.plan.folder)
        path = robustness_record.path_of(self.plan.folder, self.name)
        old, whole = load_existing(path, test_set, robustness_record.read_robustness, robustness_record.read)
        if old is None:
            return False
        self.test_reads = old.test_reads
        today = robustness_record.depends_on(self.record)
        same = old.images == len(self.images) and not stale(old.depends_on, today)
        if whole is not None and whole.predicted is not None and same and not self.plan.force:
            return True
        # Written before the fit, so that the old JSON is never on disk with new predictions.
        stub = replace(old, **INVALIDATED)
        robustness_record.write(self.plan.folder, RobustnessData(stub))
        return False

    def write(self, job: CorruptionJob, outcome: Outcome) -> RobustnessData:
        """Write the predictions of the job, or why there are none."""
        dataset, record = self.plan.dataset, self.record
        header = header_fields(record, robustness_record.SCHEMA)
        made = Robustness(
            **{**header, "depends_on": robustness_record.depends_on(record)},
            images=len(self.images),
            corruptions=job.corruptions,
            **cost_fields(job, outcome),
            environment=dict(outcome.environment or environment()),
            test_reads=self.test_reads + 1,
            arrays_sha256="",
            winner="stored" if self.model else "refitted",
        )
        if outcome.predicted is None:
            return robustness_record.write(self.plan.folder, RobustnessData(made))
        labels = outcome.predicted.astype(label_type(len(dataset.class_names)))
        return robustness_record.write(self.plan.folder, RobustnessData(made, labels, dataset.test.X[self.images[0]]))

    def agreement(self, measured: RobustnessData) -> str:
        """Return how many images are predicted differently, uncorrupted, than by the refit on record."""
        results = records.read(self.plan.folder)
        stored = results.proba[self.name, self.record.seed].argmax(axis=1)[list(self.images)]
        differing = 0 if measured.predicted is None else int((measured.predicted[0] != stored).sum())
        return f"{differing} of {len(stored):,} predictions of uncorrupted images differ from its record's"
