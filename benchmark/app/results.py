"""The records as pages show them: the leaderboard, the hardest images, the recorded answers to a test image."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmark.app import cards
from benchmark.app.cards import Card
from benchmark.leaderboard import per_class, table, verdict
from benchmark.leaderboard.footnotes import notes
from benchmark.leaderboard.summary import Scored, Summary
from benchmark.metrics.scores import Ints
from benchmark.render.document import Heading
from benchmark.render.html import Writer
from benchmark.report.assemble import read_summary
from benchmark.storage import records
from benchmark.storage.lock import refuse_other_data

GALLERY_SIZE = 48
"""Number of images in the gallery."""

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class HardImage:
    """An image of the hardest class.

    Attributes
    ----------
    index : int
        Row in the test set.
    wrong : int
        Number of estimators that misclassify it.
    headline : str
        Summary of the answers.
    cards : tuple of Card
        The answer of each estimator, in the order of the leaderboard.
    """

    index: int
    wrong: int
    headline: str
    cards: tuple[Card, ...]


def read(folder: Path, sha256: str) -> Summary | None:
    """Read and score the records of one data set; None if there are none.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    sha256 : str
        Of the data set whose images are shown.

    Raises
    ------
    BenchmarkError
        The records are damaged, or were made on other data.
    """
    test_set = records.read_test_set(folder)
    if test_set is None:
        return None
    refuse_other_data(folder, test_set, sha256)
    return read_summary(folder)


def in_background(work: Callable[[], _Result]) -> Future[_Result]:
    """Call a function in a daemon thread, which never delays the end of the process; return a future of its result."""
    future: Future[_Result] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="read-records", daemon=True).start()
    return future


def leaderboard(summary: Summary) -> str:
    """Return the verdict and the tables as HTML, as in leaderboard.html."""
    blocks = verdict.blocks(summary)
    if summary.scored or summary.failed:
        blocks += [Heading("The estimators"), *table.first_screen(summary, notes(summary, every=False))]
    if summary.scored:
        blocks += [Heading("F1 of each class"), *per_class.blocks(summary)]
    return Writer().content(blocks)


def answers(summary: Summary, index: int) -> tuple[Card, ...]:
    """Return the recorded answer of every estimator (its lowest seed) to a test image, in leaderboard order."""
    truth = int(summary.test_set.y[index])
    return tuple(
        cards.card(row.title, row.proba[0, index], summary.class_names, truth, note=_note(row))
        for row in summary.scored
    )


def hardest_images(summary: Summary) -> list[HardImage]:
    """Return images of the hardest class: most misclassified first, ties by the lowest mean score of that class."""
    if summary.hardest is None:
        return []
    of_class = np.flatnonzero(summary.test_set.y == summary.hardest)
    wrong: Ints = np.sum([row.predicted[0, of_class] != summary.hardest for row in summary.scored], axis=0)
    truth = np.mean([row.proba[0, of_class, summary.hardest] for row in summary.scored], axis=0, dtype=np.float64)
    images = []
    for i in np.lexsort((truth, -wrong))[:GALLERY_SIZE]:
        given = answers(summary, int(of_class[i]))
        images.append(HardImage(int(of_class[i]), int(wrong[i]), cards.headline(given, "estimator"), given))
    return images


def _note(row: Scored) -> str:
    return cards.NOT_PROBABILITIES if row.record.scores == "decision_function" else ""
