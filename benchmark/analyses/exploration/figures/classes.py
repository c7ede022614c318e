"""The classes that figures show: all, or the largest ones if there are too many."""

from __future__ import annotations

import numpy as np

from benchmark.analyses.exploration.eda import Exploration
from benchmark.metrics.scores import Ints
from benchmark.render import class_names

MOST = 50
"""The most classes that a figure shows."""


def shown(exploration: Exploration) -> Ints:
    """Return the classes with training images, in order; at most `MOST`, those with the most images."""
    largest = np.argsort(-exploration.train, kind="stable")[:MOST]
    return np.sort(largest[exploration.train[largest] > 0]).astype(np.int64)


def names(exploration: Exploration) -> tuple[str, ...]:
    """Return the names of the classes that are shown, as figures have them."""
    every = class_names.numbered(exploration.class_names)
    return tuple(every[label] for label in shown(exploration))
