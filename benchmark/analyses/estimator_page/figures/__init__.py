"""The figures of an estimator's page; as in the report, each is drawn from a small frozen value."""

from benchmark.analyses.estimator_page.figures import history, images, importance, matrix, training
from benchmark.render.figure import Figure

FIGURES: tuple[Figure, ...] = (
    Figure("confusion", matrix.data, matrix.draw, matrix.caption, matrix.alt, version=2),
    Figure("images", images.data, images.draw, images.caption, images.alt, version=3),
    Figure("training", training.data, training.draw, training.caption, training.alt),
    Figure("tuning", history.data, history.draw, history.caption, history.alt),
    Figure("importance", importance.data, importance.draw, importance.caption, importance.alt, version=2),
)
