"""The classes that figures show: all of them, or the largest of very many."""

from __future__ import annotations

import numpy as np

from benchmark.analyses.exploration.measure import Explored
from benchmark.metrics.scores import Ints

MOST = 50


def shown(explored: Explored) -> Ints:
    """Return the classes that have training images, in order; of more than `MOST` those with the most."""
    largest = np.argsort(-explored.train, kind="stable")[:MOST]
    return np.sort(largest[explored.train[largest] > 0]).astype(np.int64)


def names(explored: Explored) -> tuple[str, ...]:
    """Return the names of the classes that are shown."""
    return tuple(explored.class_names[label] for label in shown(explored))
