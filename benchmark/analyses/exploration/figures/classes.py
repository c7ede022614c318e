"""The classes that figures show: all, or the largest ones if there are too many."""

from __future__ import annotations

import numpy as np

from benchmark.analyses.exploration.eda import Exploration
from benchmark.metrics.scores import Ints

MOST = 50
"""The most classes that a figure shows."""
"""The most classes that a figure shows."""


def shown(exploration: Exploration) -> Ints:
    """Return the classes with training images, in order; at most `MOST`, those with the most images."""
    largest = np.argsort(-exploration.train, kind="stable")[:MOST]
    return np.sort(largest[exploration.train[largest] > 0]).astype(np.int64)


def names(exploration: Exploration) -> tuple[str, ...]:
    """Return the names of the classes that are shown."""
    return tuple(exploration.class_names[label] for label in shown(exploration))
