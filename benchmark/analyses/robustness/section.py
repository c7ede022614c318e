"""The page of corrupted test images: does the family ranking hold, the tables, the method and the CSV."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from benchmark.analyses.robustness.scores import (
    CORRUPTION_KINDS,
    FLIP_KINDS,
    FamilyRanking,
    KindComparison,
    Leader,
    RobustnessRow,
    RobustnessScores,
    best,
)
from benchmark.datasets.corruptions import CORRUPTIONS, KINDS, Kind
from benchmark.engine import protocol
from benchmark.leaderboard.commands import refit_command
from benchmark.leaderboard.footnotes import missing
from benchmark.metrics import scores as metrics
from benchmark.metrics.scores import Floats
from benchmark.render import fmt, thumbnails
from benchmark.render import markdown as md
from benchmark.render.document import Block, Cell, Figures, Section, Table, number, pictures, table, words

FILE = "robustness.md"
TITLE = "How robust is it?"
ABOUT = "Which family keeps its accuracy on shifted, rotated, noisy, blurred and otherwise corrupted images."

CSV = "robustness.csv"

COLUMNS = (
    "estimator",
    "title",
    "family",
    "corruption",
    "kind",
    "severity",
    "images",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "accuracy_kept",
)

_FAMILY = {"classical": "the classical pipeline", "cnn": "the CNN"}


def section(scores: RobustnessScores, figures: Figures) -> Section:
    """Return the section."""
    if not scores.rows:
        return Section(FILE, TITLE, ABOUT, paragraphs(scores))
    shown = scores.example if "corruptions" in figures else []
    blocks = [
        *paragraphs(scores),
        *pictures(figures, "robustness", "corruptions"),
        *([thumbnails.paragraph(shown)] if shown else []),
        *tables(scores),
    ]
    return Section(
        FILE,
        TITLE,
        ABOUT,
        blocks,
        csv=frame(scores),
        method=[method(scores)],
        reproduce=[_command(scores)],
        thumbnails=shown,
    )


def paragraphs(scores: RobustnessScores) -> list[str]:
    """Return the answer: which family is more robust, which estimator, how sure that is, and what is missing."""
    if not scores.rows:
        return _missing(scores)
    return [_ranking(scores), _first(scores), _sample(scores), *_missing(scores)]


def tables(scores: RobustnessScores) -> list[Block]:
    """Return accuracy and relative accuracy by estimator and kind, the CNN's lead, and the mirrored images."""
    rows = scores.rows
    return [
        "**Test accuracy** by kind of corruption, the mean over its severities. The best of each column, and those "
        "that do not differ significantly from it, are bold.",
        _accuracies(rows, CORRUPTION_KINDS),
        "**Relative accuracy**: the same as a share of the accuracy on clean images.",
        table(
            ["Estimator", *(_capitalised(kind.title) for kind in CORRUPTION_KINDS), "Mean"],
            [
                [
                    words(row.title),
                    *(number(row.relative_accuracy(kind), fmt.percent) for kind in CORRUPTION_KINDS),
                    number(row.mean_relative_accuracy, fmt.percent),
                ]
                for row in rows
            ],
        ),
        *_leads(scores),
        "**Mirrored images** are counted separately, because CNNs are often trained on images mirrored left-right. A "
        "footnote on the leaderboard says which ones were.",
        _accuracies(rows, FLIP_KINDS),
    ]


def method(scores: RobustnessScores) -> str:
    """Return how the corrupted images were predicted."""
    rows = scores.rows
    reads = max(row.test_reads for row in rows)
    farthest = max(rows, key=lambda row: row.n_differing)
    kinds = "; ".join(f"*{kind.title}*: {kind.about}{_severities(kind)}" for kind in CORRUPTION_KINDS)
    saved = [f"*{md.escape(row.title)}*" for row in rows if row.is_saved_model]
    models = "the tuned parameters are refitted with the rows of the record of the lowest seed"
    if saved:
        models += f", or that record's saved model is used ({fmt.listing(saved)})"
    agreement = (
        "Refits agree with the recorded models on every clean image"
        if farthest.n_differing == 0
        else f"Refits differ from the recorded models on up to {farthest.n_differing:,} of {farthest.n_images:,} clean "
        f"images (*{md.escape(farthest.title)}*)"
    )
    repeated = "" if reads == 1 else f" (it was done up to {reads} times, repeats included)"
    return (
        f"**Robustness**: {models}. Each estimator predicts the same {rows[0].n_images:,} test images, clean and under "
        f"{len(CORRUPTIONS)} corruptions with a fixed random seed. {kinds}. {agreement}. All of it came after tuning "
        "was frozen. Nothing was chosen by it, and it does not count as a read of the test images on the leaderboard"
        f"{repeated}. Under a kind of corruption, an image counts by the share of severities at which it was "
        "classified correctly. A lead counts if Agresti and Min's 95 % interval over these images excludes zero, "
        "without a correction for multiple comparisons."
    )


def frame(scores: RobustnessScores) -> pd.DataFrame:
    """Return one row per estimator and corruption, in the leaderboard's order, with raw numbers."""
    lines = []
    for row in scores.rows:
        lines.append(_csv_row(row, "none", "none", 0.0, row.accuracy))
        lines += [
            _csv_row(row, one.name, one.kind, one.severity, float(row.corrupted[one.name].mean()))
            for one in CORRUPTIONS
        ]
    return pd.DataFrame(lines, columns=list(COLUMNS)).astype({"images": "Int64"})


def _csv_row(row: RobustnessRow, corruption: str, kind: str, severity: float, accuracy: float) -> dict[str, object]:
    interval = metrics.wilson_interval(accuracy, row.n_images)
    return {
        "estimator": row.name,
        "title": row.title,
        "family": row.family,
        "corruption": corruption,
        "kind": kind,
        "severity": severity,
        "images": row.n_images,
        "accuracy": accuracy,
        "accuracy_low": interval.low,
        "accuracy_high": interval.high,
        "accuracy_kept": accuracy / row.accuracy if row.accuracy else None,
    }


def _command(scores: RobustnessScores) -> str:
    images = scores.rows[0].n_images
    command = refit_command(scores.summary, "robustness", [row.name for row in scores.rows])
    return command + f" --images {images}" * (images != min(protocol.CORRUPTED_IMAGES, scores.summary.n_test))


def _ranking(scores: RobustnessScores) -> str:
    """Say which family is more robust, and on what."""
    ranking = scores.ranking
    if ranking is None:
        families = {row.family for row in scores.rows}
        lacking = [
            noun for family, noun in (("classical", "classical pipeline"), ("cnn", "CNN")) if family not in families
        ]
        return f"**The question is open: no {' and no '.join(lacking)} has predicted corrupted images here.**"
    leaders: list[Leader] = ["cnn", "classical"] if ranking.leader == "cnn" else ["classical", "cnn"]
    clean = (
        f"{_capitalised(_FAMILY[ranking.leader])} is ahead by {_size(ranking.lead.estimate)} points on the leaderboard"
        if ranking.leader
        else "The leaderboard finds no significant difference between them"
    )
    sentences = [
        f"**{_verdict(ranking)}**",
        f"The best classical pipeline {_among(scores)}is *{md.escape(ranking.classical.title)}*, the best CNN "
        f"*{md.escape(ranking.cnn.title)}*.",
        f"{clean}.",
    ]
    sentences += [
        f"{_capitalised(_FAMILY[family])} is ahead on {_by_points(ranking.kinds[family])} images."
        for family in leaders
        if ranking.kinds[family]
    ]
    if ranking.kinds[""]:
        kinds = fmt.listing([one.kind.title for one in ranking.kinds[""]])
        sentences.append(f"On {kinds} images the difference is not significant.")
    return " ".join(sentences)


def _among(scores: RobustnessScores) -> str:
    return "" if len(scores.rows) == len(scores.summary.scored) else "of those measured "


def _verdict(ranking: FamilyRanking) -> str:
    leads = next((_FAMILY[family] for family in ("classical", "cnn") if ranking.kinds[family]), "")
    return {
        "holds": "The family ranking holds under every kind of corruption.",
        "not reversed": "The family ranking is never reversed, but under some corruptions it is not significant.",
        "partly reversed": "The family ranking holds under some corruptions and is reversed under others.",
        "reversed": "The family ranking does not hold under corruption.",
        "depends": "Which family is more robust depends on the corruption.",
        "one family leads": f"Under corruption, {leads} is ahead.",
        "no difference": "Neither family is significantly more robust.",
    }[ranking.verdict]


def _first(scores: RobustnessScores) -> str:
    """Say where the first of the leaderboard is still the best, and which kinds cost most and least."""
    first = scores.rows[0]
    still = [one.kind.title for one in scores.comparisons if first in one.best]
    better = [
        f"*{md.escape(one.best[0].title)}* on {one.kind.title} images ({one.best[0].accuracy_under(one.kind):.3f} "
        f"against {first.accuracy_under(one.kind):.3f})"
        for one in scores.comparisons
        if first not in one.best
    ]
    name = f"*{md.escape(first.title)}*, the first {_among(scores)}on the leaderboard,"
    text = f"{name} is best, or not significantly worse than the best, on {fmt.listing(still) or 'no'} images."
    if better:
        text += f" More accurate than it: {fmt.listing(better)}."
    relative = scores.relative_accuracy
    if not relative:
        return text
    worst, mildest = min(relative, key=lambda name: relative[name]), max(relative, key=lambda name: relative[name])
    return (
        f"{text} On average over the estimators, {KINDS[worst].title} images cost most "
        f"({fmt.percent(relative[worst])} of the accuracy is kept) and {KINDS[mildest].title} images least "
        f"({fmt.percent(relative[mildest])})."
    )


def _sample(scores: RobustnessScores) -> str:
    """Say on how many images this was measured, and which differences they resolve."""
    images, n_test = scores.rows[0].n_images, scores.summary.n_test
    which = (
        f"all {images:,} test images"
        if images == n_test
        else f"{images:,} of the {n_test:,} test images, a stratified sample that is the same for every estimator"
    )
    halves = scores.half_widths
    if not halves:
        return f"Measured on {which}."
    return (
        f"Measured on {which}. The 95 % intervals of differences from the best extend ±{_size(halves[0])} to "
        f"±{_size(halves[-1])} points; smaller differences are not significant."
    )


def _accuracies(rows: Sequence[RobustnessRow], kinds: Sequence[Kind]) -> Table:
    columns: list[tuple[str, Callable[[RobustnessRow], Floats]]] = [("Clean", lambda row: row.clean)]
    columns += [(_capitalised(kind.title), lambda row, kind=kind: row.correct(kind)) for kind in kinds]  # type: ignore[misc]
    cells = []
    for _, correct in columns:
        leaders = best(rows, correct)
        cells.append([number(float(correct(row).mean()), fmt.score, bold=row in leaders) for row in rows])
    lines = [[words(row.title), *(column[index] for column in cells)] for index, row in enumerate(rows)]
    return table(["Estimator", *(title for title, _ in columns)], lines)


def _leads(scores: RobustnessScores) -> list[Block]:
    """Return how the best of the families compare under each kind."""
    ranking = scores.ranking
    if ranking is None:
        return []
    lines = []
    for one in scores.comparisons:
        assert one.lead is not None, "both families are there"
        lead, low, high = fmt.points(one.lead)
        text = f"**{lead}**" if one.leader else lead
        kind = Cell(f"{_capitalised(one.kind.title)}{_severities(one.kind)}", one.kind.title)
        accuracies = [number(row.accuracy_under(one.kind), fmt.score) for row in (ranking.classical, ranking.cnn)]
        interval = (one.lead.low, one.lead.high)
        lines.append([kind, *accuracies, Cell(text, one.lead.estimate, interval, f" ({low} to {high})")])
    title = "**The CNN's lead** in points, with its 95 % interval. Leads whose interval excludes zero are bold."
    header = ["Images", md.escape(ranking.classical.title), md.escape(ranking.cnn.title), "Lead of the CNN"]
    return [title, table(header, lines)]


def _missing(scores: RobustnessScores) -> list[str]:
    left_out = {
        title: f"The results of *{md.escape(title)}* are left out: {md.escape(reason)}."
        for title, reason in scores.unusable
    }
    return missing(scores.summary, {row.name for row in scores.rows}, left_out, "Not measured yet", "robustness")


def _by_points(comparisons: Sequence[KindComparison]) -> str:
    """Return "shifted (by 12 points) and noisy (by 2.1)"."""
    texts = []
    for index, one in enumerate(comparisons):
        assert one.lead is not None, "it has a leader"
        texts.append(f"{one.kind.title} (by {_size(one.lead.estimate)}{' points' if not index else ''})")
    return fmt.listing(texts)


def _severities(kind: Kind) -> str:
    """Return " (1, 2 and 3 px)"; empty for a kind with one severity."""
    if len(kind.severities) == 1:
        return ""
    return f" ({fmt.listing([f'{severity:g}' for severity in kind.severities])}{kind.unit})"


def _size(difference: float) -> str:
    return fmt.points([abs(difference)])[0]


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
