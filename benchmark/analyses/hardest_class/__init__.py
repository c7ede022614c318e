"""Where the hardest class fails: what it is mistaken for, who gets it right, and how high its F1 could go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.analyses.analysis import Analysis, lazy

if TYPE_CHECKING:
    from benchmark.render.figure import Figure


def _figures() -> Sequence[Figure]:
    from benchmark.analyses.hardest_class.figures import confusion_flow, error_examples, hardest_images, roc_pr
    from benchmark.render.figure import Figure

    grid = (error_examples.draw, error_examples.caption, error_examples.alt)
    return [
        Figure(
            "hardest-images",
            hardest_images.data,
            hardest_images.draw,
            hardest_images.caption,
            hardest_images.alt,
            version=2,
        ),
        Figure(
            "hardest-flow",
            confusion_flow.data,
            confusion_flow.draw,
            confusion_flow.caption,
            confusion_flow.alt,
            version=2,
        ),
        Figure("always-misclassified", error_examples.always_wrong, *grid, version=2),
        Figure("found-by-cnn-only", error_examples.only_cnn_correct, *grid, version=2),
        Figure("found-by-others-only", error_examples.only_others_correct, *grid, version=2),
        Figure("hardest-ranking", roc_pr.data, roc_pr.draw, roc_pr.caption, roc_pr.alt, version=2),
    ]


ANALYSIS = Analysis(
    name="hardest_class",
    order=40,
    scores=lazy("benchmark.analyses.hardest_class.scores", "compute"),
    section=lazy("benchmark.analyses.hardest_class.section", "section"),
    figures=_figures,
    example_images=lazy("benchmark.analyses.hardest_class.example_images", "choose"),
)
