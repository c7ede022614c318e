"""What is worked out beyond the leaderboard: one folder, one analysis; none imports another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmark.storage.derived import RecordKind


def record_kinds() -> tuple[RecordKind, ...]:
    """Return every kind of file that an analysis leaves beside the records."""
    from benchmark.analyses.data_audit import record as data_audit
    from benchmark.analyses.human_labels import record as human_labels
    from benchmark.analyses.learning_curve import record as learning_curve
    from benchmark.analyses.robustness import record as robustness
    from benchmark.analyses.tuning_budget import record as tuning_budget

    return human_labels.KIND, data_audit.KIND, tuning_budget.KIND, learning_curve.KIND, robustness.KIND
