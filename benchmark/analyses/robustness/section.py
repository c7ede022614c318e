"""How the estimators break: does the family ranking survive, the tables, the rules, and the CSV."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from benchmark.analyses.robustness.scores import (
    BREAKS,
    FLIPS,
    RobustnessScores,
    Stand,
    Withstood,
    families,
    leader,
    stand,
)
from benchmark.datasets.corruptions import CORRUPTIONS, Kind
from benchmark.engine import protocol
from benchmark.leaderboard.commands import refit_command
from benchmark.leaderboard.footnotes import missing
from benchmark.metrics import scores as metrics
from benchmark.render import markdown as md
from benchmark.render.document import Block, Figures, Section, Table, pictures, table

TITLE = "How it breaks"

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

_WHO = {"classical": "the classical pipeline", "cnn": "the CNN"}
_OTHER = {"classical": "cnn", "cnn": "classical"}


FILE = "robustness.md"


def section(scores: RobustnessScores, figures: Figures) -> Section:
    """Return the section."""
    blocks = [*answer(scores), *pictures(figures, "robustness", "corruptions"), *tables(scores)]
    about = "Which family keeps its accuracy on shifted, rotated, noisy, blurred and otherwise corrupted images."
    if not scores.withstood:
        return Section(FILE, TITLE, about, blocks)
    return Section(FILE, TITLE, about, blocks, csv=frame(scores), method=[rule(scores)], reproduce=[_command(scores)])


def _command(scores: RobustnessScores) -> str:
    images = scores.withstood[0].images
    command = refit_command(scores.summary, "robustness", [one.name for one in scores.withstood])
    return command + f" --images {images}" * (images != min(protocol.CORRUPTED_IMAGES, scores.summary.n_test))


def answer(scores: RobustnessScores) -> list[str]:
    """Return the paragraphs that answer: which family breaks, and on what."""
    if not scores.withstood:
        return _missing(scores)
    stands = [stand(kind, scores.withstood) for kind in BREAKS]
    return [_ranking(scores, stands), _first(scores, stands), _sample(scores, stands), *_missing(scores)]


def tables(scores: RobustnessScores) -> list[Block]:
    """Return accuracy, and the share of it that is kept, by estimator and kind; the flips apart."""
    found = scores.withstood
    if not found:
        return []
    return [
        "**Test accuracy** by what was done to the images, mean over severities. Bold are the best of each column and "
        "those that these images cannot tell from it.",
        _accuracies(found, BREAKS),
        "**Accuracy kept**: the same as a share of the accuracy on images as they are.",
        table(
            ["Estimator", *(_start(kind.title) for kind in BREAKS), "Mean"],
            [
                [md.escape(one.title), *(md.percent(share) if one.accuracy else md.NONE for share in shares)]
                for one, shares in ((one, _shares(one)) for one in found)
            ],
        ),
        *_leads(scores),
        "**Mirrored images** stand apart: nets are often trained on images mirrored left-right, and a footnote of the "
        "leaderboard says where one was.",
        _accuracies(found, FLIPS),
    ]


def rule(scores: RobustnessScores) -> str:
    """Return how the answers were come by, for the section on method."""
    found = scores.withstood
    reads = max(one.test_reads for one in found)
    strayed = max(found, key=lambda one: one.differing)
    done = "; ".join(f"*{kind.title}*: {kind.about}{_levels(kind)}" for kind in BREAKS)
    stored = [f"*{md.escape(one.title)}*" for one in found if one.stored]
    kept = f"is the model that was kept of its record of the lowest seed ({md.listing(stored)}) or " if stored else ""
    whose, answer = "The fits are not those of the leaderboard", "answer"
    if stored:
        whose, answer = "What is fitted once more is not the leaderboard's", "answers"
    agree = (
        f"{whose}, but {answer} images as they are in the same way, each and every one"
        if strayed.differing == 0
        else f"{whose}: of images as they are, up to "
        f"{strayed.differing:,} of {strayed.images:,} are answered otherwise (*{md.escape(strayed.title)}*)"
    )
    return (
        f"**{TITLE}**: each winner {kept}is fitted once more, with the parameters and the rows of its record of the "
        f"lowest seed, and predicts {found[0].images:,} test images, the same for each, as they are and under "
        f"{len(CORRUPTIONS)} corruptions, drawn by a fixed seed. {done}. {agree}. This came after all tuning was "
        "frozen; nothing was chosen by it, and it does not count among the reads of a row's test images"
        + ("" if reads == 1 else f" (it was done up to {reads} times, counting what was made anew)")
        + ". An image counts by the share of a kind's severities under which its class was found; a lead counts if "
        "Agresti and Min's 95 % interval over these images leaves out zero, with no correction for many comparisons."
    )


def frame(scores: RobustnessScores) -> pd.DataFrame:
    """Return one row per estimator and corruption, in the leaderboard's order, with raw numbers."""
    rows = []
    for one in scores.withstood:
        rows.append(_row(one, "none", "none", 0.0, float(one.clean.mean())))
        rows += [
            _row(one, each.name, each.kind, each.severity, float(one.right[each.name].mean())) for each in CORRUPTIONS
        ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"images": "Int64"})


def _row(one: Withstood, corruption: str, kind: str, severity: float, accuracy: float) -> dict[str, object]:
    interval = metrics.wilson_interval(accuracy, one.images)
    return {
        "estimator": one.name,
        "title": one.title,
        "family": one.family,
        "corruption": corruption,
        "kind": kind,
        "severity": severity,
        "images": one.images,
        "accuracy": accuracy,
        "accuracy_low": interval.low,
        "accuracy_high": interval.high,
        "accuracy_kept": accuracy / one.accuracy if one.accuracy else None,
    }


def _ranking(scores: RobustnessScores, stands: Sequence[Stand]) -> str:
    """Say whether the best of the families stand to each other as on the leaderboard."""
    pair = families(scores.withstood)
    if pair is None:
        there = {one.family for one in scores.withstood}
        lacking = [
            word for family, word in (("classical", "classical pipeline"), ("cnn", "CNN")) if family not in there
        ]
        return f"**The question is open: no {' and no '.join(lacking)} has been shown corrupted images here.**"
    classical, cnn = pair
    lead = metrics.paired_difference(cnn.correct, classical.correct)
    rows = {row.name: row for row in scores.summary.scored}
    # As the leaderboard has it, whose tests are corrected for all its pairs: one page must not say two things.
    clean = leader(lead) if scores.summary.pair(rows[classical.name], rows[cnn.name]).significant else ""
    by = {who: [one for one in stands if one.leader == who] for who in ("classical", "cnn", "")}
    clauses = [
        f"on the leaderboard {_WHO[clean]} is ahead by {_size(lead.estimate)} points"
        if clean
        else "on the leaderboard they cannot be told apart"
    ]
    clauses += [
        f"on {_kinds(by[who])} images {_WHO[who]} {'stays' if who == clean else 'is'} ahead"
        for who in sorted(_OTHER, key=lambda who: who != clean)
        if by[who]
    ]
    if by[""]:
        clauses.append(f"on {md.listing([one.kind.title for one in by['']])} images they cannot be told apart")
    among = "The" if len(scores.withstood) == len(scores.summary.scored) else "Of those asked, the"
    return (
        f"**{_verdict(clean, by)}** {among} best classical pipeline is *{md.escape(classical.title)}*, the best CNN "
        f"*{md.escape(cnn.title)}*: {'; '.join(clauses)}."
    )


def _verdict(clean: str, by: dict[str, list[Stand]]) -> str:
    ahead = [who for who in _OTHER if by[who]]
    if not clean:
        if len(ahead) == 2:
            return "Which family is better depends on what is done to the images."
        return f"Under corruption {_WHO[ahead[0]]} gets ahead." if ahead else "Neither family breaks before the other."
    if by[_OTHER[clean]]:
        return (
            "The family ranking does not survive."
            if not by[clean]
            else "The family ranking does not survive everything."
        )
    if by[""]:
        return "The family ranking is never turned round, but does not show everywhere."
    return "The family ranking survives every kind of corruption."


def _first(scores: RobustnessScores, stands: Sequence[Stand]) -> str:
    """Say where the first of the leaderboard is still the best, and what costs the most."""
    first = scores.withstood[0]
    still = [one.kind.title for one in stands if first in one.best]
    beaten = [one for one in stands if first not in one.best]
    shown = [
        f"on {one.kind.title} ones *{md.escape(one.best[0].title)}* is better "
        f"({_mean(one.best[0], one.kind)} against {_mean(first, one.kind)})"
        for one in beaten
    ]
    name = f"*{md.escape(first.title)}*, first of these on the leaderboard,"
    if still:
        text = f"{name} is the best, or cannot be told from it, on {md.listing(still)} images"
        text += f"; {'; '.join(shown)}." if shown else "."
    else:
        text = f"{name} is the best on none: {'; '.join(shown)}."
    able = [one for one in scores.withstood if one.accuracy]
    if not able:
        return text
    kept = {kind.title: float(np.mean([one.kept(kind) for one in able])) for kind in BREAKS}
    worst, mildest = min(kept, key=lambda kind: kept[kind]), max(kept, key=lambda kind: kept[kind])
    return (
        f"{text} On average over the estimators, {md.percent(kept[worst])} of the accuracy is kept on {worst} images, "
        f"which cost most, and {md.percent(kept[mildest])} on {mildest} ones, which cost least."
    )


def _sample(scores: RobustnessScores, stands: Sequence[Stand]) -> str:
    """Say of how many images all this is, and what they can resolve."""
    images, n_test = scores.withstood[0].images, scores.summary.n_test
    which = (
        f"all {images:,} test images"
        if images == n_test
        else f"{images:,} of the {n_test:,} test images, a stratified sample, the same for every estimator"
    )
    leads = [
        metrics.paired_difference(one.best[0].under(one.kind), other.under(one.kind))
        for one in stands
        for other in scores.withstood
        if other is not one.best[0]
    ]
    halves = sorted((lead.high - lead.low) / 2 for lead in leads)
    if not halves:
        return f"This is of {which}."
    return (
        f"This is of {which}: they tell the best from another to ±{_size(halves[0])} to ±{_size(halves[-1])} points, "
        "and smaller differences are read as none."
    )


def _accuracies(found: Sequence[Withstood], kinds: Sequence[Kind]) -> Table:
    columns: list[tuple[str, Callable[[Withstood], np.typing.NDArray[np.float64]]]] = [
        ("As they are", lambda one: one.clean)
    ]
    columns += [(_start(kind.title), lambda one, kind=kind: one.under(kind)) for kind in kinds]  # type: ignore[misc]
    cells = []
    for _, right in columns:
        best = max((right(one) for one in found), key=lambda each: float(each.mean()))
        tied = [metrics.paired_difference(best, right(one)).contains_zero for one in found]
        texts = [f"{right(one).mean():.3f}" for one in found]
        cells.append([f"**{text}**" if same else text for text, same in zip(texts, tied, strict=True)])
    rows = [[md.escape(one.title), *(column[place] for column in cells)] for place, one in enumerate(found)]
    return table(["Estimator", *(title for title, _ in columns)], rows)


def _leads(scores: RobustnessScores) -> list[Block]:
    """Return how the best of the families compare under each kind."""
    pair = families(scores.withstood)
    if pair is None:
        return []
    classical, cnn = pair
    rows = []
    for one in (stand(kind, scores.withstood) for kind in BREAKS):
        assert one.lead is not None
        lead, low, high = md.points(one.lead)
        text = f"{lead} ({low} to {high})"
        rows.append(
            [
                f"{_start(one.kind.title)}{_levels(one.kind)}",
                _mean(classical, one.kind),
                _mean(cnn, one.kind),
                f"**{text}**" if one.leader else text,
            ]
        )
    title = "**The CNN's lead** in points, with its 95 % interval; bold where it leaves out zero."
    return [title, table(["Images", md.escape(classical.title), md.escape(cnn.title), "Lead of the CNN"], rows)]


def _missing(scores: RobustnessScores) -> list[str]:
    left_out = {
        title: f"The answers of *{md.escape(title)}* are left out: {md.escape(reason)}."
        for title, reason in scores.unusable
    }
    return missing(scores.summary, {one.name for one in scores.withstood}, left_out, "Not asked yet", "robustness")


def _kinds(stands: Sequence[Stand]) -> str:
    """Return "shifted (by 12 points) and noisy (by 2.1)"."""
    texts = []
    for place, one in enumerate(stands):
        assert one.lead is not None
        texts.append(f"{one.kind.title} (by {_size(one.lead.estimate)}{' points' if not place else ''})")
    return md.listing(texts)


def _levels(kind: Kind) -> str:
    """Return " (1, 2 and 3 px)", empty of a kind of one severity."""
    if len(kind.severities) == 1:
        return ""
    return f" ({md.listing([f'{severity:g}' for severity in kind.severities])}{kind.unit})"


def _shares(one: Withstood) -> list[float]:
    """Return the accuracy kept under each kind, then their mean."""
    shares = [one.kept(kind) for kind in BREAKS]
    return [*shares, float(np.mean(shares))]


def _mean(one: Withstood, kind: Kind) -> str:
    return f"{one.under(kind).mean():.3f}"


def _size(difference: float) -> str:
    return md.points([abs(difference)])[0]


def _start(text: str) -> str:
    return text[:1].upper() + text[1:]
