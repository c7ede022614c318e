"""What the tree ensembles share: search spaces, LightGBM's settings for any features, and both forests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
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


def forest(title: str, kind: str, trees: int, columns: float) -> Estimator:
    """Declare a scikit-learn forest on raw pixels.

    Splits by entropy let fewer and smaller trees do the same. On 52,000 rows of Fashion-MNIST, with two threads and
    8,000 validation rows, 200 trees by Gini impurity without a least number of rows to split had an accuracy of 0.8892
    after 335 s (extra trees, 28 % of the columns) and 0.8855 after 114 s (random forest, 5 %). What stands here had
    0.8880 (with 60 trees) after 90 s and 0.8846 after 32 s, means of two seeds; a difference has a standard error of
    0.002. On all 60,000 rows, models have 90 MB instead of 430 and 79 MB instead of 271. On 20,000 rows, bootstraps of
    half of them cost 0.6 points, and images averaged down to 14 by 14 pixels 0.2 to 0.3.

    Parameters
    ----------
    title : str
    kind : str
        Name of its class in `sklearn.ensemble`.
    trees : int
        How many trees it has with many rows. Few rows take no time, and get 200.
    columns : float
        Share of the columns that are tried at a split, with many rows. The time of a fit is in proportion to it, so
        tuning may not choose more; with less, trees have more nodes.
    """

    def build(task: Task) -> Pipeline:
        from sklearn import ensemble

        model = getattr(ensemble, kind)(
            n_estimators=round(by_rows(task, few=200, usual=trees)),
            criterion="entropy",
            max_features=by_rows(task, few=0.1, usual=columns),  # 0.1 of the 64 pixels of digits are 6
            min_samples_split=round(by_rows(task, few=2, usual=5)),
            min_samples_leaf=1,
            n_jobs=task.threads,
            random_state=task.seed,
        )
        return Pipeline([*pixel_columns(task), ("trees", model)])

    def space(task: Task) -> Mapping[str, BaseDistribution]:
        fewest, most = by_rows(task, few=0.02, usual=0.7 * columns), by_rows(task, few=0.3, usual=columns)
        return {
            "trees__max_features": FloatDistribution(fewest, most, log=True),
            "trees__min_samples_leaf": IntDistribution(1, 8, log=True),
        }

    return Estimator(title=title, family="classical", build=build, space=space, smoke={"trees__n_estimators": 5})
