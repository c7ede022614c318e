"""How it breaks: the frozen winners, kept or fitted once more on all their rows, shown corrupted test images.

Nothing is tuned or chosen here. Each estimator is one job, alone on the machine (see winners.py): a
fit, or a kept model read from disk, then the images as they are and under every corruption; what it
answered lies on disk before the next one starts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.analyses.robustness import record as robustness_record
from benchmark.analyses.robustness.record import Robustness, RobustnessData
from benchmark.datasets.corruptions import CORRUPTIONS
from benchmark.engine import evaluation, protocol
from benchmark.engine import preflight as prepare
from benchmark.engine import refits as winners
from benchmark.engine.executors import Executor
from benchmark.engine.fingerprint import stale
from benchmark.engine.jobs import Job, Outcome
from benchmark.engine.progress import Observer, Progress
from benchmark.engine.refits import Desk, measured
from benchmark.engine.saved_models import save as keeping
from benchmark.engine.scheduler import Stop, Waves
from benchmark.environment import environment
from benchmark.storage import records
from benchmark.storage.derived import LET_GO, head, label_type, lying
from benchmark.storage.records import Record


@dataclass(frozen=True)
class Plan(winners.Plan):
    """What is asked for.

    Attributes
    ----------
    images : int or None
        Test images to predict under each corruption, instead of the protocol's.
    stored : bool
        Ask the kept models, where there are; the workers of a cluster do not see them.
    """

    images: int | None = None
    stored: bool = True

    @property
    def chosen(self) -> tuple[int, ...]:
        """Which test images: the same for every estimator."""
        return protocol.corrupted_images(self.dataset.test.y, self.images or protocol.CORRUPTED_IMAGES)

    @property
    def expected_seconds(self) -> float:
        """What all fits and predictions may take, by the times of the records."""
        return sum(self.expected(winners.standing(self.folder, plugin.name)) for plugin in self.plugins)

    def model(self, record: Record) -> Path | None:
        """Return the folder of a record's model, if that is kept and to be asked."""
        return keeping.place(self.folder, record) if self.stored and keeping.is_kept(self.folder, record) else None

    def expected(self, record: Record) -> float:
        """Return what one winner's fit and predictions may take, in seconds, by the times of its record."""
        share = (1 + len(CORRUPTIONS)) * len(self.chosen) / len(self.dataset.test.y)
        return record.predict_seconds * share + (0.0 if self.model(record) else record.fit_seconds)


@dataclass
class RobustnessProgress(Progress):
    """One estimator's state: a refit, and what it may take.

    Attributes
    ----------
    expected : float
        Seconds, by the times of its record.
    """

    expected: float = 0.0

    def left(self, workers: int) -> float | None:
        """Return the seconds to come, by the record's times."""
        return 0.0 if self.stopped is not None else max(0.0, self.expected - self.elapsed)


def run(plan: Plan, executor: Executor, observe: Observer, stop: Stop) -> list[Progress]:
    """See how each estimator breaks, in a folder that is claimed; return every estimator's last state.

    Raises
    ------
    BenchmarkError
        The folder holds records of other data or damaged ones, or cannot be written.
    EngineError
        No job can be run, or nothing written, any more; the same command goes on from there.
    """
    names = [plugin.name for plugin in plan.plugins]
    prepare.for_derived(
        plan.folder, plan.dataset, names, "robustness", 2 * (1 + len(CORRUPTIONS)) * len(plan.chosen), plan.kinds
    )
    return winners.drive(plan, lambda name: _Desk(plan, name, observe), executor, stop)


class _Desk(Desk):
    """One estimator's place: its record, and what it has answered so far."""

    def __init__(self, plan: Plan, name: str, observe: Observer) -> None:
        super().__init__(plan, name, observe)
        self.images = plan.chosen
        self.test_reads = 0
        self.model = plan.model(self.record)
        rows = self.record.fit_rows
        self.progress = RobustnessProgress(name, 1, (rows,), 1, rows, expected=plan.expected(self.record))

    def life(self, template: Job) -> Waves:
        """Fit or take the kept model, predict everything, leave it on disk."""
        given, progress = self.plan.resources, self.progress
        if self.stands():
            progress.trial = 1
            progress.end("kept")
            self.say("its answers stand; --force makes them anew")
            return
        progress.phase, progress.rows, progress.seed = "refit", self.record.fit_rows, 1
        job = evaluation.refit_job(
            template, self.record.params, self.record.fit_rows, self.record.seed, given.threads, given.refit
        )
        names = tuple(corruption.name for corruption in CORRUPTIONS)
        job = replace(job, corruptions=names, images=self.images)
        if self.model is not None:
            (outcome,) = yield [replace(job, stored=str(self.model.resolve()))]  # a worker may have gone elsewhere
            if outcome.status != "ok":
                self.say(f"its kept model cannot be asked, so it is fitted anew ({outcome.reason})")
                self.model, self.test_reads = None, self.test_reads + 1  # it may have come as far as the images
        if self.model is None:
            (outcome,) = yield [job]
        held = self.keep(job, outcome)
        if held.predicted is None:
            self.fail(outcome.reason)
            return
        progress.trial = 1
        progress.end("done")
        how = "its kept model was asked" if self.model else f"fitted in {outcome.fit_seconds:.1f} s"
        self.say(f"{how}; {self.agreement(held)}")

    def stands(self) -> bool:
        """Return whether what is on disk is what would be made; if not, let it go, but not the count of its reads."""
        test_set = records.read_test_set(self.plan.folder)
        path = robustness_record.path_of(self.plan.folder, self.name)
        old, whole = lying(path, test_set, robustness_record.read_robustness, robustness_record.read)
        if old is None:
            return False
        self.test_reads = old.test_reads
        today = robustness_record.depends_on(self.record)
        same = old.images == len(self.images) and not stale(old.depends_on, today)
        if whole is not None and whole.predicted is not None and same and not self.plan.force:
            return True
        # Written before the fit: at no moment does the old JSON stand beside the new predictions.
        stub = replace(old, **LET_GO)
        robustness_record.write(self.plan.folder, RobustnessData(stub))
        return False

    def keep(self, job: Job, outcome: Outcome) -> RobustnessData:
        """Write what came of the job."""
        dataset = self.plan.dataset
        made = Robustness(
            **{**head(self.record, robustness_record.SCHEMA), "depends_on": robustness_record.depends_on(self.record)},
            images=len(self.images),
            corruptions=job.corruptions,
            **measured(job, outcome),
            environment=dict(outcome.environment or environment()),
            test_reads=self.test_reads + 1,
            arrays_sha256="",
            winner="stored" if self.model else "refitted",
        )
        if outcome.predicted is None:
            return robustness_record.write(self.plan.folder, RobustnessData(made))
        labels = outcome.predicted.astype(label_type(len(dataset.class_names)))
        return robustness_record.write(self.plan.folder, RobustnessData(made, labels, dataset.test.X[self.images[0]]))

    def agreement(self, held: RobustnessData) -> str:
        """Say on how many images that nothing was done to it differs from the fit on record."""
        results = records.read(self.plan.folder)
        stored = results.proba[self.name, self.record.seed].argmax(axis=1)[list(self.images)]
        differing = 0 if held.predicted is None else int((held.predicted[0] != stored).sum())
        return f"{differing} of {len(stored):,} answers to images as they are differ from its record's"
