"""The figures of explore.md, in the order of the page."""

from benchmark.analyses.exploration.figures import (
    balance,
    class_distances,
    examples,
    intensity,
    means,
    prototypes,
    scatter,
)
from benchmark.render.figure import Figure

FIGURES: tuple[Figure, ...] = (
    Figure("examples", examples.data, examples.draw, examples.caption, examples.alt, version=2),
    Figure("class-balance", balance.data, balance.draw, balance.caption, balance.alt),
    Figure("mean-images", means.data, means.draw, means.caption, means.alt, version=2),
    Figure("grey-values", intensity.data, intensity.draw, intensity.caption, intensity.alt, version=3),
    Figure("typical", prototypes.data, prototypes.draw, prototypes.caption, prototypes.alt, version=2),
    Figure("pca", scatter.pca, scatter.draw_pca, scatter.caption_pca, scatter.alt, version=2),
    Figure("embedding", scatter.embedding, scatter.draw_embedding, scatter.caption_embedding, scatter.alt),
    Figure(
        "class-distances",
        class_distances.data,
        class_distances.draw,
        class_distances.caption,
        class_distances.alt,
        version=2,
    ),
)
