"""What the tree ensembles share: search spaces, LightGBM's settings for any features, and both forests."""

from __future__ import annotations

from typing import Any

from optuna.distributions import FloatDistribution, IntDistribution
from sklearn.pipeline import FeatureUnion, Pipeline

from benchmark.estimator import Estimator, Task
from models._rows import by_rows

LIGHTGBM_SPACE = {
    "trees__learning_rate": FloatDistribution(0.05, 0.3, log=True),
    "trees__num_leaves": IntDistribution(15, 63, log=True),
    "trees__min_child_samples": IntDistribution(5, 100, log=True),
    "trees__reg_lambda": FloatDistribution(0.0, 10.0),
}

XGBOOST_SPACE = {
    "trees__learning_rate": FloatDistribution(0.1, 0.5, log=True),
    "trees__max_depth": IntDistribution(4, 7),
    "trees__min_child_weight": FloatDistribution(0.5, 20.0, log=True),
    "trees__reg_lambda": FloatDistribution(0.1, 10.0, log=True),
}


def lightgbm(task: Task, **settings: Any) -> Any:
    """Return an `LGBMClassifier` with these settings; they should include a small `colsample_bytree`.

    A leaf's value is divided by its sum of second derivatives. With LightGBM's default minimum of 0.001, one fit of
    three on the pixels of Fashion-MNIST diverged (test accuracy 0.49; the other seeds 0.90). XGBoost's default of 1
    keeps the values small.
    """
    from lightgbm import LGBMClassifier

    # A few columns per tree and 63 bins take a fraction of the time of all columns and 255 bins, without a
    # measurable loss of accuracy. With few columns, column-wise histograms take half the time of row-wise ones.
    # The choice is fixed because LightGBM's auto-detection measures times, so it can differ between runs.
    return LGBMClassifier(
        **{"num_leaves": 31, "min_child_weight": 1.0, **settings},
        max_bin=63,
        force_col_wise=True,
        deterministic=True,
        n_jobs=task.threads,
        random_state=task.seed,
        verbose=-1,
    )


def pixel_columns(task: Task) -> list[tuple[str, Any]]:
    """Return the first steps of a pipeline of trees on pixels: none for small grey images.

    In colour, a histogram of colours follows the pixels: trees split on one value at a time, so they cannot count.
    Of large images and of colour there are fewer of them with few rows, since they decide the time: 12 by 12 instead
    of 18 by 18 pixels cost LightGBM 1.0 point on 2,700 photographs, and smaller trees gained 1.1.
    """
    from models._pixels import PLENTY, shrinking

    shape = task.image_shape
    small = shrinking(shape) and shrinking(shape, round(by_rows(task, few=PLENTY / 2, usual=PLENTY)))
    if shape[2] == 1:
        return small
    from models._features import ColourHistograms

    pixels = Pipeline(small) if small else "passthrough"
    return [("columns", FeatureUnion([("pixels", pixels), ("colours", ColourHistograms(shape, grid=1))]))]


def forest(title: str, kind: str) -> Estimator:
    """Declare a scikit-learn forest on raw pixels; `kind` is the name of its class in `sklearn.ensemble`."""

    def build(task: Task) -> Pipeline:
        from sklearn import ensemble

        model = getattr(ensemble, kind)(
            n_estimators=200, max_features=0.05, min_samples_leaf=1, n_jobs=task.threads, random_state=task.seed
        )
        return Pipeline([*pixel_columns(task), ("trees", model)])

    return Estimator(
        title=title,
        family="classical",
        build=build,
        space={
            "trees__max_features": FloatDistribution(0.02, 0.3, log=True),
            "trees__min_samples_leaf": IntDistribution(1, 8, log=True),
        },
        smoke={"trees__n_estimators": 5},
    )
