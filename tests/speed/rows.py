"""Two sides in, a row of the table out."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmark.environment import environment
from benchmark.errors import BenchmarkError
from tests.speed.harness import PRESET, Fold, Projection, Recorded, fold
from tests.speed.measure import Measurement, Side, Traced, measure, trace
from tests.speed.session import Session

POINTS_LOST = 0.001
"""Accuracy that may be lost: a tenth of a point, ten of 10,000 images."""

AGREEMENT = 0.999
"""Share of images on which an accelerated SVM gives libsvm's answer."""

SLACK = 1e-3
"""The stock logistic regression is done at this share more than our loss; in its favour."""

WHOLE = "whole"


@dataclass(frozen=True)
class Bar:
    """What is compared, and the ratio that is asked for."""

    title: str
    ratio: float


BARS = {
    "svm_pca": Bar("SVM on PCA, fit and predict", 3.0),
    "lightgbm": Bar("LightGBM, fit", 4.0),
    "xgboost_column_draws": Bar("XGBoost (column draws), fit", 3.0),
    "logistic_regression": Bar("logistic regression, fit", 3.0),
    "cnn": Bar("CNN, training", 2.0),
    WHOLE: Bar(f"run of these five, {PRESET.name}", 8.0),
}
"""In the order in which they are measured."""

BOOSTERS = ("lightgbm", "xgboost_column_draws")

FAMILIES = tuple(name for name in BARS if name != WHOLE)


@dataclass(frozen=True)
class Row:
    """One line of the table; times in seconds.

    Attributes
    ----------
    kept : bool
        What must not be lost for speed was not: accuracy, and an SVM's agreement with libsvm.
    judged : bool
        False where the two sides did not do the same work, so that their ratio says nothing.
    failed : str
        Why there are no numbers.
    """

    family: str
    stock: float | None = None
    ours: float | None = None
    stock_accuracy: float | None = None
    ours_accuracy: float | None = None
    note: str = ""
    kept: bool = True
    judged: bool = True
    failed: str = ""

    @property
    def ratio(self) -> float | None:
        """Seconds of the stock way to one of ours."""
        return self.stock / self.ours if self.stock is not None and self.ours else None

    @property
    def verdict(self) -> str:
        """One word."""
        if self.failed:
            return "FAILED"
        if not self.judged or self.ratio is None:
            return "not judged"
        return "yes" if self.kept and self.ratio >= BARS[self.family].ratio else "NO"


def pair(session: Session, family: str) -> Row:
    """Measure both sides of a family in turns."""
    try:
        return _pair(session, family)
    except BenchmarkError as error:
        return _failed(session, family, error)


def _pair(session: Session, family: str) -> Row:
    options = session.options
    order = session.order(family, "ours")
    if family == "cnn":
        images = options.cnn_images if options.rows is None else min(options.rows, options.cnn_images)
        order = replace(order, rows=images, fixed={"max_epochs": 1, "min_steps": 0})
    elif options.rounds is not None and family in BOOSTERS:
        order = replace(order, fixed={"n_estimators": options.rounds})
    sides: dict[Side, list[Measurement]] = {"ours": [], "stock": []}
    traced: Traced | None = None
    for turn in range(1, options.repeats + 1):
        of = f" {turn} of {options.repeats}" if options.repeats > 1 else ""
        sides["ours"].append(session.run(f"{family}, ours{of}", measure, order))
        stock = replace(order, side="stock")
        if family == "logistic_regression":
            loss = sides["ours"][0].cross_entropy or 0.0
            if traced is None:
                traced = session.run(f"{family}, stock, untimed: steps to our loss", trace, stock, loss * (1 + SLACK))
            stock = replace(stock, iterations=traced.iterations)
        sides["stock"].append(session.run(f"{family}, stock{of}", measure, stock))
    row = judge(family, sides["stock"], sides["ours"], traced)
    if family == "cnn":
        whole_images = replace(order, fixed={**(order.fixed or {}), "callbacks__growing": None})
        plain = session.run("cnn, ours, no small images", measure, whole_images)
        row = replace(row, note=f"{row.note}; {plain.rows / plain.fit_seconds:,.0f} if none are small")
    return row


def judge(family: str, stock: Sequence[Measurement], ours: Sequence[Measurement], traced: Traced | None = None) -> Row:
    """Make a row of what both sides came to, by medians over their turns.

    Parameters
    ----------
    family : str
    stock, ours : sequence of Measurement
    traced : Traced, optional
        How the stock logistic regression came to our loss.
    """
    counted = ("fit", "predict") if family == "svm_pca" else ("fit",)
    row = Row(family, _median(stock, *counted), _median(ours, *counted), stock[-1].accuracy, ours[-1].accuracy)
    kept, notes = True, []
    if family == "svm_pca":
        agreement = statistics.mean(a == b for a, b in zip(stock[-1].labels, ours[-1].labels, strict=True))
        kept = agreement >= AGREEMENT
        notes.append(f"the two agree on {agreement:.2%} of the images")
        notes += [
            f"{what} {_median(stock, what):.1f} against {_median(ours, what):.1f} s" for what in ("fit", "predict")
        ]
    if family == "cnn" and row.stock and row.ours:
        images = ours[-1].rows
        notes.append(f"{images / row.stock:,.0f} against {images / row.ours:,.0f} images/s over {images:,} images")
    if ours[-1].rounds is not None:
        notes.append(f"{stock[-1].rounds} rounds against {ours[-1].rounds}")
    if traced is not None:
        came = "to" if traced.reached else "and no lower, of itself, than"
        notes.append(f"stock: {traced.iterations} steps {came} a cross-entropy of {stock[-1].cross_entropy:.4f}")
        notes.append(f"ours {ours[-1].cross_entropy:.4f}")
    if row.stock_accuracy is not None and row.ours_accuracy is not None:
        lost = row.stock_accuracy - row.ours_accuracy
        if lost > POINTS_LOST + 1e-9:
            kept = False
            notes.append(f"{100 * lost:.2f} points LOST")
    return replace(row, kept=kept, note="; ".join(notes))


def whole(session: Session, known: dict[str, Recorded]) -> tuple[Row, dict[str, Projection]]:
    """Project the plain harness from a sample of its trials, and compare it with a run of ours.

    Parameters
    ----------
    session : Session
    known : mapping of str to Recorded
        By family; empty if ``--run-seconds`` says what there is to say.

    Returns
    -------
    Row
    dict of str to Projection
        Of the families that were sampled.
    """
    options = session.options
    projections: dict[str, Projection] = {}
    try:
        for family in FAMILIES:
            order = session.order(family, "stock" if family == "svm_pca" else "ours")
            folds: list[Fold] = []
            for draw in range(options.trials_sampled + 1):
                what = f"draw {draw}" if draw else "defaults"
                folds.append(session.run(f"plain harness, {family}, {what}, one fold", fold, order, draw))
            projections[family] = Projection(tuple(folds))
    except BenchmarkError as error:
        return _failed(session, WHOLE, error), projections
    return judge_whole(session, known, projections), projections


def judge_whole(session: Session, known: dict[str, Recorded], projections: dict[str, Projection]) -> Row:
    """Make the row of the whole run."""
    options = session.options
    here = environment()
    alike = all(here[key] == each.environment.get(key) for each in known.values() for key in ("processor", "cores"))
    whole_data = options.rows is None and not options.smoke
    if options.run_seconds is not None:
        ours, source = options.run_seconds, "as given by --run-seconds"
    else:
        ours = sum(each.seconds for each in known.values())
        source = f"as recorded in {options.run_record}, without what our harness spends around them"
    sampled = sum(each.sampled_seconds for each in projections.values())
    trials = sum(len(each.folds) for each in projections.values())
    note = f"stock is PROJECTED from {trials} trials, one fold each, of {sampled:,.0f} s; ours {source}"
    if not whole_data:
        note += "; other rows than the run's"
    elif options.run_seconds is None and not alike:
        note += "; recorded on another machine"
    judged = whole_data and (alike or options.run_seconds is not None)
    return Row(WHOLE, sum(each.seconds for each in projections.values()), ours, note=note, judged=judged)


def _failed(session: Session, family: str, error: BenchmarkError) -> Row:
    session.console.print(f"{family} failed: {error}")
    return Row(family, failed=str(error).splitlines()[0])


def _median(turns: Sequence[Measurement], *parts: str) -> float:
    seconds: list[float] = [sum(getattr(each, f"{part}_seconds") for part in parts) for each in turns]
    return statistics.median(seconds)
