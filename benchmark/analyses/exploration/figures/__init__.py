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
from benchmark.render.figure import Figure

FIGURES: tuple[Figure, ...] = (
    Figure("examples", examples.data, examples.draw, examples.caption, examples.alt),
    Figure("class-balance", balance.data, balance.draw, balance.caption, balance.alt),
    Figure("mean-images", means.data, means.draw, means.caption, means.alt),
    Figure("grey-values", intensity.data, intensity.draw, intensity.caption, intensity.alt),
    Figure("typical", typical.data, typical.draw, typical.caption, typical.alt),
    Figure("pca", scatter.pca, scatter.draw_pca, scatter.caption_pca, scatter.alt),
    Figure("embedding", scatter.embedded, scatter.draw_embedding, scatter.caption_embedding, scatter.alt),
    Figure(
        "class-distances",
        class_distances.data,
        class_distances.draw,
        class_distances.caption,
        class_distances.alt,
    ),
)
