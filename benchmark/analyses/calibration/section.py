"""Whether the estimators' probabilities can be believed, in words and as a table."""

from __future__ import annotations

from benchmark.analyses.calibration.scores import CalibrationScores, Trust
from benchmark.metrics import calibration
from benchmark.metrics.calibration import Quality
from benchmark.render import markdown as md
from benchmark.render.document import Block, Figures, Section, Table, pictures, table

TITLE = "Can their probabilities be believed?"


FILE = "calibration.md"


def section(scores: CalibrationScores, figures: Figures) -> Section:
    """Return the section."""
    rows = [one for one in scores.trust if one.own or one.mended]
    text = (
        "Log loss and Brier score judge the probability of each class, the expected calibration error (ECE, "
        f"{calibration.BINS} bins) how far the confidence in an answer is from how often such answers are right; lower "
        "is better in all three."
    )
    if any(one.mended for one in rows):
        text += (
            " *Mended*: the logarithms of the scores divided by one number, the temperature (Guo et al. 2017), which "
            "was fitted on the validation rows, training images that the winner of tuning had not seen; it changes no "
            "answer. Above 1, an estimator is too sure of itself, below 1 not sure enough. For those without "
            "probabilities of their own, this is what gives them some."
        )
    blocks: list[Block] = [text, _best(rows), _table(rows), *pictures(figures, "reliability")]
    return Section(FILE, TITLE, "Log loss and calibration, before and after temperature scaling.", blocks)


def _best(rows: list[Trust]) -> str:
    """Say whose probabilities are best, of those that a reader could use."""
    usable = [(one, quality) for one in rows if (quality := one.mended or one.own) is not None]
    best, quality = min(usable, key=lambda pair: pair[1].log_loss)
    text = f"The best probabilities are those of *{md.escape(best.title)}*"
    text += ", mended" if best.mended else ""
    text += f": log loss {md.score(quality.log_loss)}, ECE {md.percent(quality.ece)}."
    owned = sorted((own.ece, place) for place, one in enumerate(rows) if (own := one.own) is not None)
    if len(owned) > 1:
        (least, nearest), (most, farthest) = owned[0], owned[-1]
        text += (
            f" As they come, *{md.escape(rows[nearest].title)}* is nearest to the truth about itself (ECE "
            f"{md.percent(least)}) and *{md.escape(rows[farthest].title)}* farthest ({md.percent(most)})."
        )
    return text


def _table(rows: list[Trust]) -> Table:
    header = ["Estimator", "Log loss", "Brier", "ECE", "Temperature", "Log loss, mended", "Brier, mended"]
    cells = []
    for one in rows:
        temperature = md.NONE if one.temperature is None else f"{one.temperature:.2f}"
        cells.append([md.escape(one.title), *_quality(one.own), temperature, *_quality(one.mended)])
    return table([*header, "ECE, mended"], cells)


def _quality(quality: Quality | None) -> list[str]:
    if quality is None:
        return [md.NONE] * 3
    return [md.score(quality.log_loss), md.score(quality.brier), md.percent(quality.ece)]
