"""Where the hardest class's images go, whose images come to it, and who confuses which pair least."""

from __future__ import annotations

import numpy as np

from benchmark.analyses.hardest_class.measure import Bools
from benchmark.analyses.hardest_class.scores import Subject, titled
from benchmark.metrics.scores import Floats
from benchmark.render import markdown as md
from benchmark.render.document import Block, Table, table

TOP = 5
"""How many neighbours of the hardest class are shown each way."""


def section(one: Subject) -> list[Block]:
    """Return the section's paragraphs and tables, without its heading and figures."""
    out: list[Block] = []
    for incoming in (False, True):
        flows = np.stack([flow(row.confusion, one.label, incoming=incoming) for row in one.rows])
        found = top(flows.mean(axis=0))
        if found:
            out += [_say(one, flows, incoming), _table(one, flows, found, incoming)]
    return [*out, *_fixes(one)] or [f"No estimator takes another class for {one.name}, nor {one.name} for another."]


def flow(confusion: Floats, label: int, *, incoming: bool) -> Floats:
    """Return a class's errors by the other class: what it was called, or what was called it; (n_classes,)."""
    found = (confusion[:, label] if incoming else confusion[label]).copy()
    found[label] = 0
    return found


def top(errors: Floats) -> list[int]:
    """Return the classes with the most errors, at most `TOP` and none without."""
    order = np.argsort(-errors, kind="stable")[:TOP]
    return [int(place) for place in order if errors[place] > 0]


def _say(one: Subject, flows: Floats, incoming: bool) -> str:
    """Say which neighbour matters most, and to whom it matters least."""
    first = int(flows.mean(axis=0).argmax())
    totals = flows.sum(axis=1)
    leading = int(((flows[:, first] == flows.max(axis=1)) & (totals > 0)).sum())
    share = md.percent(flows.mean(axis=0)[first] / totals.mean())
    estimators = f"{leading} of {md.plural(len(one.rows), 'estimator')}"
    if incoming:
        text = (
            f"**Whose images come to it**: images of other classes that were called {one.name}, and their share of "
            f"that class. The largest source is {one.named(first)}: {share} of them on average, and more than from any "
            f"other class under {estimators}."
        )
    else:
        text = (
            f"**Where its images go**: {one.name} images by the answer they got instead, and their share of all "
            f"{one.size:,}. The commonest is {one.named(first)}: {share} of the misses on average, and more than "
            f"any other under {estimators}."
        )
    low, high = int(totals.argmin()), int(totals.argmax())
    if totals[low] < totals[high]:
        apart = flows[high] - flows[low]
        text += (
            f" {titled(one.rows[low])} has the fewest, {md.count(totals[low])} against {md.count(totals[high])} of "
            f"{titled(one.rows[high])}; the largest part of the difference is {one.named(int(apart.argmax()))} "
            f"({md.count(apart.max())} images)."
        )
    return text + (" The fewest of each row are bold." if len(one.rows) > 1 else "")


def _table(one: Subject, flows: Floats, found: list[int], incoming: bool) -> Table:
    rows = []
    for neighbour in found:
        images = one.images(neighbour if incoming else one.label)
        fewest = flows[:, neighbour].min()
        cells = [
            f"{md.count(value)} ({md.percent(value / images)})"
            if value != fewest or len(one.rows) == 1
            else f"**{md.count(value)}** ({md.percent(value / images)})"
            for value in flows[:, neighbour]
        ]
        rows.append([one.named(neighbour), *cells])
    first = f"Called {one.name}, but is" if incoming else f"{one.name} called"
    return table([first, *(md.escape(row.title) for row in one.rows)], rows)


def _fixes(one: Subject) -> list[Block]:
    """Return, per pair of classes, who confuses it least: both ways, since one way can be bought with the other."""
    pairs = np.stack(
        [
            flow(row.confusion, one.label, incoming=False) + flow(row.confusion, one.label, incoming=True)
            for row in one.rows
        ]
    )
    found = top(pairs.mean(axis=0))
    if len(one.rows) < 2 or not found:
        return []
    rows = []
    for neighbour in found:
        errors = pairs[:, neighbour]
        fewest, most = errors.min(), errors.max()
        saved = f"{md.percent(1 - fewest / most)}" if most > fewest else md.NONE
        rows.append(
            [
                f"{one.name} ↔ {one.named(neighbour)}",
                _who(one, errors == fewest),
                md.count(fewest),
                _who(one, errors == most),
                md.count(most),
                saved,
            ]
        )
    text = (
        f"**Who fixes which confusion**: errors of each pair counted both ways, since saying “{one.name}” more often "
        "lowers one way and raises the other."
    )
    firsts = [sum(pairs[place, n] == pairs[:, n].min() for n in found) for place in range(len(pairs))]
    best = int(np.argmax(firsts))
    text += f" {md.escape(one.rows[best].title)} makes the fewest in {firsts[best]} of {len(found)}."
    header = ["Confusion", "Fewest errors", "Errors", "Most errors", "Errors", "Avoided"]
    return [text, table(header, rows, left=2)]


def _who(one: Subject, chosen: Bools) -> str:
    return md.listing([md.escape(row.title) for row, yes in zip(one.rows, chosen, strict=True) if yes])
