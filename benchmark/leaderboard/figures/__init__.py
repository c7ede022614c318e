"""The figures of the leaderboard itself."""

from benchmark.leaderboard.figures import accuracy_cost, confusion, pairs, per_class_f1
from benchmark.render.figure import Figure

FIGURES: tuple[Figure, ...] = (
    Figure("accuracy-fit-time", accuracy_cost.data, accuracy_cost.draw, accuracy_cost.caption, accuracy_cost.alt),
    Figure("pairs", pairs.data, pairs.draw, pairs.caption, pairs.alt),
    Figure("per-class-f1", per_class_f1.data, per_class_f1.draw, per_class_f1.caption, per_class_f1.alt),
    Figure("confusion-matrices", confusion.data, confusion.draw, confusion.caption, confusion.alt),
)
