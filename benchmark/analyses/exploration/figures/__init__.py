"""The figures of explore.md, in the order of the page."""

from benchmark.analyses.exploration.figures import (
    balance,
    class_distances,
    examples,
    intensity,
    means,
    scatter,
    typical,
)
from benchmark.report.figures import Figure

FIGURES: tuple[Figure, ...] = (
    Figure("examples", "examples", examples.data, examples.draw, examples.caption, examples.alt, "explore"),
    Figure("class-balance", "balance", balance.data, balance.draw, balance.caption, balance.alt, "explore"),
    Figure("mean-images", "means", means.data, means.draw, means.caption, means.alt, "explore"),
    Figure("grey-values", "greys", intensity.data, intensity.draw, intensity.caption, intensity.alt, "explore"),
    Figure("typical", "typical", typical.data, typical.draw, typical.caption, typical.alt, "explore"),
    Figure("pca", "pca", scatter.pca, scatter.draw_pca, scatter.caption_pca, scatter.alt, "explore"),
    Figure(
        "embedding",
        "embedding",
        scatter.embedded,
        scatter.draw_embedding,
        scatter.caption_embedding,
        scatter.alt,
        "explore",
    ),
    Figure(
        "class-distances",
        "distances",
        class_distances.data,
        class_distances.draw,
        class_distances.caption,
        class_distances.alt,
        "explore",
    ),
)
