"""Where the hardest class fails: what it is taken for, what is taken for it, and who does better."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmark.metrics import Floats
from benchmark.report import markdown as md
from benchmark.report.crowd import TITLE
from benchmark.report.summary import Scored, Summary

TOP = 5
"""How many neighbours of the hardest class are shown each way."""


def per_class_table(summary: Summary) -> str:
    """Return F1, estimators by classes, the best of each class bold; people, who are no estimator, last."""
    cells = [[md.score(value) for value in row.f1] for row in summary.scored]
    for place in range(len(summary.class_names)):
        values = [row.f1[place] for row in summary.scored]
        best = md.score(float(np.nanmax(values))) if not np.isnan(values).all() else None
        for row in cells:
            row[place] = f"**{row[place]}**" if row[place] == best else row[place]
    rows = [[md.escape(row.title), *row_cells] for row, row_cells in zip(summary.scored, cells, strict=True)]
    if summary.crowd is not None:
        rows.append([f"*{TITLE}*", *map(md.score, summary.crowd.f1)])
    return md.table(["Estimator", *map(md.escape, summary.class_names)], rows)


def section(summary: Summary) -> list[str]:
    """Return the section's paragraphs and tables, without its heading and figures."""
    if summary.hardest is None:
        return []
    hardest = summary.hardest
    name = md.escape(summary.class_names[hardest])
    out = [_opening(summary, hardest, name), _recall_table(summary, hardest, name)]
    out += _flows(summary, hardest, name)
    out += _fixes(summary, hardest, name)
    out.append(_wrong_under_all(summary, hardest, name))
    return out


def _opening(summary: Summary, hardest: int, name: str) -> str:
    mean = float(np.mean([row.f1[hardest] for row in summary.scored]))
    text = f"{name} is the class with the lowest F1, {md.score(mean)} on average over the estimators. "
    text += (
        f"Recall is the share of the {_images(summary, hardest):,} {name} images that were found, "
        f"precision the share of the answers “{name}” that were right."
    )
    if any(len(row.records) > 1 for row in summary.scored):
        text += " Counts are means over seeds."
    return text


def _recall_table(summary: Summary, hardest: int, name: str) -> str:
    rows = [
        [
            md.escape(row.title),
            md.score(row.recall[hardest]),
            md.score(row.precision[hardest]),
            md.score(row.f1[hardest]),
            md.count(_missed(row.confusion, hardest)),
            md.count(_missed(row.confusion.T, hardest)),
        ]
        for row in summary.scored
    ]
    header = ["Estimator", "Recall", "Precision", "F1", f"{name} images missed", f"Others taken for {name}"]
    return md.table(header, rows)


def _flows(summary: Summary, hardest: int, name: str) -> list[str]:
    """Return where the class's images go and whose images come to it; the fewest of each row bold."""
    out = []
    titles = [md.escape(row.title) for row in summary.scored]
    bold = " The fewest of each row are bold." if len(titles) > 1 else ""
    for incoming in (False, True):
        flows = np.stack([_flow(row.confusion, hardest, incoming=incoming) for row in summary.scored])
        neighbours = _top(flows.mean(axis=0))
        if not neighbours:
            continue
        rows = []
        for neighbour in neighbours:
            images = _images(summary, neighbour if incoming else hardest)
            fewest = flows[:, neighbour].min()
            cells = [
                f"{md.count(value)} ({md.percent(value / images)})"
                if value != fewest or len(titles) == 1
                else f"**{md.count(value)}** ({md.percent(value / images)})"
                for value in flows[:, neighbour]
            ]
            rows.append([md.escape(summary.class_names[neighbour]), *cells])
        if incoming:
            title = f"**Whose images come to it**: images of other classes that were called {name}, and their share"
            title += f" of that class.{bold}"
            header = [f"Called {name}, but is"]
        else:
            title = f"**Where its images go**: {name} images by the answer they got instead, and their share of all"
            title += f" {_images(summary, hardest):,}.{bold}"
            header = [f"{name} called"]
        out += [title, md.table([*header, *titles], rows)]
    return out


def _fixes(summary: Summary, hardest: int, name: str) -> list[str]:
    """Return, per pair of classes, who confuses it least: both ways, since one way can be bought with the other."""
    pairs = np.stack(
        [
            _flow(row.confusion, hardest, incoming=False) + _flow(row.confusion, hardest, incoming=True)
            for row in summary.scored
        ]
    )
    neighbours = _top(pairs.mean(axis=0))
    if len(summary.scored) < 2 or not neighbours:
        return []
    rows = []
    for neighbour in neighbours:
        errors = pairs[:, neighbour]
        fewest, most = errors.min(), errors.max()
        saved = f"{md.percent(1 - fewest / most)}" if most > fewest else md.NONE
        rows.append(
            [
                f"{name} ↔ {md.escape(summary.class_names[neighbour])}",
                _who(summary.scored, errors == fewest),
                md.count(fewest),
                _who(summary.scored, errors == most),
                md.count(most),
                saved,
            ]
        )
    text = (
        f"**Who fixes which confusion**: errors of each pair counted both ways, since saying “{name}” more often "
        "lowers one way and raises the other."
    )
    firsts = [sum(pairs[place, n] == pairs[:, n].min() for n in neighbours) for place in range(len(pairs))]
    best = int(np.argmax(firsts))
    text += f" {md.escape(summary.scored[best].title)} makes the fewest in {firsts[best]} of {len(neighbours)}."
    header = ["Confusion", "Fewest errors", "Errors", "Most errors", "Errors", "Avoided"]
    return [text, md.table(header, rows, left=2)]


def _wrong_under_all(summary: Summary, hardest: int, name: str) -> str:
    everyone = int(summary.wrong_under_all.sum())
    here = int((summary.wrong_under_all & (summary.test_set.y == hardest)).sum())
    images = _images(summary, hardest)
    seeds = " with every seed" if any(len(row.records) > 1 for row in summary.scored) else ""
    who = f"all {len(summary.scored)} estimators" if len(summary.scored) > 1 else "the one estimator"
    share = f"{md.percent(here / everyone)} of them, " if everyone else ""
    return (
        f"**The hard core**: {md.plural(everyone, 'test image')} of {summary.n_test:,} "
        f"({md.percent(everyone / summary.n_test)}) {'is' if everyone == 1 else 'are'} wrong under {who}{seeds}; "
        f"{here:,} of these are {name} ({share}and {md.percent(here / images)} of all {name} images)."
    )


def _flow(confusion: Floats, hardest: int, *, incoming: bool) -> Floats:
    flow = (confusion[:, hardest] if incoming else confusion[hardest]).copy()
    flow[hardest] = 0
    return flow


def _missed(confusion: Floats, hardest: int) -> float:
    return float(_flow(confusion, hardest, incoming=False).sum())


def _top(flow: Floats) -> list[int]:
    order = np.argsort(-flow, kind="stable")[:TOP]
    return [int(place) for place in order if flow[place] > 0]


def _images(summary: Summary, label: int) -> int:
    return int((summary.test_set.y == label).sum())


def _who(rows: Sequence[Scored], chosen: np.typing.NDArray[np.bool_]) -> str:
    return md.listing([md.escape(row.title) for row, yes in zip(rows, chosen, strict=True) if yes])
