"""How it breaks: the frozen winners fitted once more on all their rows, then shown corrupted test images.

Nothing is tuned or chosen here. Each estimator is one job, alone on the machine (see winners.py): a
fit, then the images as they are and under every corruption; what it answered lies on disk before the
next one starts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmark import evaluation, prepare, protocol, records, robustness_record, winners
from benchmark.corruptions import CORRUPTIONS
from benchmark.derived import LET_GO, head, label_type, lying
from benchmark.environment import environment
from benchmark.executors import Executor
from benchmark.fingerprint import stale
from benchmark.jobs import Job, Outcome
from benchmark.lanes import Stop, Waves
from benchmark.progress import Observer, Progress
from benchmark.robustness_record import Held, Robustness
from benchmark.winners import Desk, measured


@dataclass(frozen=True)
class Plan(winners.Plan):
    """What is asked for.

    Attributes
    ----------
    images : int or None
        Test images to predict under each corruption, instead of the protocol's.
    """

    images: int | None = None

    @property
    def chosen(self) -> tuple[int, ...]:
        """Which test images: the same for every estimator."""
        return protocol.corrupted_images(self.dataset.test.y, self.images or protocol.CORRUPTED_IMAGES)

    @property
    def expected_seconds(self) -> float:
        """What all fits and predictions may take, by the times of the records."""
        images, n_test = len(self.chosen), len(self.dataset.test.y)
        return sum(_expected(winners.standing(self.folder, plugin.name), images, n_test) for plugin in self.plugins)


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


def _expected(record: records.Record, images: int, n_test: int) -> float:
    return record.fit_seconds + record.predict_seconds * (1 + len(CORRUPTIONS)) * images / n_test


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
    prepare.for_derived(plan.folder, plan.dataset, names, "robustness", 2 * (1 + len(CORRUPTIONS)) * len(plan.chosen))
    return winners.drive(plan, lambda name: _Desk(plan, name, observe), executor, stop)


class _Desk(Desk):
    """One estimator's place: its record, and what it has answered so far."""

    def __init__(self, plan: Plan, name: str, observe: Observer) -> None:
        super().__init__(plan, name, observe)
        self.images = plan.chosen
        self.test_reads = 0
        expected = _expected(self.record, len(self.images), len(plan.dataset.test.y))
        rows = self.record.fit_rows
        self.progress = RobustnessProgress(name, 1, (rows,), 1, rows, expected=expected)

    def life(self, template: Job) -> Waves:
        """Fit, predict everything, leave it on disk."""
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
        (outcome,) = yield [job]
        held = self.keep(job, outcome)
        if held.predicted is None:
            self.fail(outcome.reason)
            return
        progress.trial = 1
        progress.end("done")
        self.say(f"fitted in {outcome.fit_seconds:.1f} s; {self.agreement(held)}")

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
        robustness_record.write(self.plan.folder, Held(stub))
        return False

    def keep(self, job: Job, outcome: Outcome) -> Held:
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
        )
        if outcome.predicted is None:
            return robustness_record.write(self.plan.folder, Held(made))
        labels = outcome.predicted.astype(label_type(len(dataset.class_names)))
        return robustness_record.write(self.plan.folder, Held(made, labels, dataset.test.X[self.images[0]]))

    def agreement(self, held: Held) -> str:
        """Say on how many images that nothing was done to this fit differs from the one on record."""
        results = records.read(self.plan.folder)
        stored = results.proba[self.name, self.record.seed].argmax(axis=1)[list(self.images)]
        differing = 0 if held.predicted is None else int((held.predicted[0] != stored).sum())
        return f"{differing} of {len(stored):,} answers to images as they are differ from its record's"
