"""The page of calibration: can the probabilities be trusted, the table, and how it was measured."""

from __future__ import annotations

from benchmark.analyses.calibration.scores import CalibrationScores
from benchmark.metrics import calibration
from benchmark.metrics.calibration import Quality
from benchmark.render import fmt
from benchmark.render import markdown as md
from benchmark.render.document import NOTHING, Block, Cell, Figures, Section, Table, number, pictures, table, words

FILE = "calibration.md"
TITLE = "Can the probabilities be trusted?"
ABOUT = "Log loss and calibration, with and without temperature scaling."


def section(scores: CalibrationScores, figures: Figures) -> Section:
    """Return the section."""
    answer = " ".join([_range(scores), _best(scores)])
    blocks: list[Block] = [answer, _table(scores), *pictures(figures, "reliability"), _measured(scores)]
    return Section(FILE, TITLE, ABOUT, blocks)


def _range(scores: CalibrationScores) -> str:
    """Say how far confidence and accuracy are apart, without and with temperature scaling."""
    texts: list[str] = []
    for scaled in (False, True):
        ends = scores.ece_range(scaled=scaled)
        if ends is None:
            continue
        named = []
        for row in ends if ends[0] is not ends[1] else ends[:1]:
            quality = row.scaled if scaled else row.raw
            assert quality is not None, "its ECE is one of the ends"
            named.append(f"{fmt.percent(quality.ece)} (*{md.escape(row.title)}*)")
        how = "with it" if texts else f"{'with' if scaled else 'without'} temperature scaling"
        texts.append(f"by {' to '.join(named)} {how}")
    return f"**On average, confidence differs from accuracy {', and '.join(texts)}.**"


def _best(scores: CalibrationScores) -> str:
    row, quality = scores.best
    how = " after temperature scaling" if row.scaled else ""
    return (
        f"The best probabilities are those of *{md.escape(row.title)}*{how}: log loss {fmt.score(quality.log_loss)}, "
        f"ECE {fmt.percent(quality.ece)}."
    )


def _table(scores: CalibrationScores) -> Table:
    header = [
        "Estimator",
        "Log loss",
        "Brier",
        "ECE",
        "Temperature",
        "Log loss, scaled",
        "Brier, scaled",
        "ECE, scaled",
    ]
    rows = [
        [
            words(row.title),
            *_cells(row.raw),
            number(row.temperature, lambda temperature: f"{temperature:.2f}"),
            *_cells(row.scaled),
        ]
        for row in scores.rows
    ]
    return table(header, rows)


def _cells(quality: Quality | None) -> list[Cell]:
    if quality is None:
        return [NOTHING] * 3
    return [number(quality.log_loss, fmt.score), number(quality.brier, fmt.score), number(quality.ece, fmt.percent)]


def _measured(scores: CalibrationScores) -> str:
    text = (
        "Log loss and Brier score judge the probability of every class. The expected calibration error (ECE) is the "
        f"mean difference between confidence and accuracy over {calibration.BINS} bins of confidence. Lower is better "
        "for all three."
    )
    if any(row.scaled for row in scores.rows):
        text += (
            " *Scaled*: temperature scaling (Guo et al. 2017) divides the logarithms of the probabilities by one "
            "number, the temperature, and changes no predicted class. It is fitted on the validation rows: training "
            "images that the tuned estimator had not seen. A temperature above 1 means that the estimator is "
            "overconfident, below 1 underconfident. Estimators without probabilities of their own get them this way."
        )
    return text
