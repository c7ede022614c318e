"""What the records say: the leaderboard, the hardest class's gallery, every answer to a test image."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmark.app import rows
from benchmark.app.rows import Row
from benchmark.leaderboard import per_class, table, verdict
from benchmark.leaderboard.footnotes import notes
from benchmark.leaderboard.summary import Scored, Summary
from benchmark.metrics.scores import Ints
from benchmark.render.document import Heading
from benchmark.render.html import Writer
from benchmark.report.assemble import read_summary
from benchmark.storage import records
from benchmark.storage.lock import refuse_other_data

MOST = 48
"""Images in the gallery."""

_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Hard:
    """An image of the hardest class.

    Attributes
    ----------
    index : int
        Place in the test set.
    wrong : int
        How many estimators miss it.
    headline : str
        What they say.
    rows : tuple of Row
        What each says, in the order of the leaderboard.
    """

    index: int
    wrong: int
    headline: str
    rows: tuple[Row, ...]


def read(folder: Path, sha256: str) -> Summary | None:
    """Read and score one data set's records; None where there are none.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    sha256 : str
        Of the data set whose images are shown.

    Raises
    ------
    BenchmarkError
        They were made on other data, or are odd.
    """
    test_set = records.read_test_set(folder)
    if test_set is None:
        return None
    refuse_other_data(folder, test_set, sha256)
    return read_summary(folder)


def begun(work: Callable[[], _Found]) -> Future[_Found]:
    """Start work beside what goes on, and return what will hold its result or exception; it never holds up an end."""
    future: Future[_Found] = Future()

    def do() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=do, name="read-records", daemon=True).start()
    return future


def board(summary: Summary) -> str:
    """Return verdict and tables as HTML, as leaderboard.html has them."""
    blocks = verdict.blocks(summary)
    if summary.scored or summary.failed:
        blocks += [Heading("The estimators"), *table.first_screen(summary, notes(summary, every=False))]
    if summary.scored:
        blocks += [Heading("F1 of each class"), per_class.table(summary)]
    return Writer().content(blocks)


def answers(summary: Summary, index: int) -> tuple[Row, ...]:
    """Return what every estimator said of a test image, the lowest seed of each, in the order of the leaderboard."""
    truth = int(summary.test_set.y[index])
    return tuple(
        rows.row(one.title, one.proba[0, index], summary.class_names, truth, note=_note(one)) for one in summary.scored
    )


def gallery(summary: Summary) -> list[Hard]:
    """Return images of the hardest class: those first that most estimators miss, then the lowest mean score of it."""
    if summary.hardest is None:
        return []
    of_class = np.flatnonzero(summary.test_set.y == summary.hardest)
    wrong: Ints = np.sum([one.predicted[0, of_class] != summary.hardest for one in summary.scored], axis=0)
    truth = np.mean([one.proba[0, of_class, summary.hardest] for one in summary.scored], axis=0, dtype=np.float64)
    found = []
    for place in np.lexsort((truth, -wrong))[:MOST]:
        said = answers(summary, int(of_class[place]))
        found.append(Hard(int(of_class[place]), int(wrong[place]), rows.headline(said, "estimator"), said))
    return found


def _note(one: Scored) -> str:
    return rows.RANKING if one.record.scores == "decision_function" else ""
