"""Defaults that follow the number of training rows."""

from __future__ import annotations

import math

from benchmark.estimator import USUAL_ROWS, Task

FEW_ROWS = 1_000


def by_rows(task: Task, few: float, usual: float) -> float:
    """Return `few` for at most `FEW_ROWS` rows, `usual` for `USUAL_ROWS` and more, and between them what lies between.

    It is linear in the logarithm of the rows.
    """
    share = math.log(max(task.rows, 1) / FEW_ROWS) / math.log(USUAL_ROWS / FEW_ROWS)
    if share >= 1:
        return usual  # to the last bit
    return few + max(0.0, share) * (usual - few)
