"""Labels that are likely to be wrong, by confident learning (Northcutt, Jiang and Chuang 2021) as cleanlab has it.

An image counts as one of a class's if its probability for it is above the average of those that
bear its label. The counts of label against class, calibrated, say how many labels of each kind are
wrong; of each kind, so many are taken whose label is least probable ("prune by noise rate").
"""

from __future__ import annotations

import importlib.util
from importlib.metadata import version

import numpy as np
import numpy.typing as npt

from benchmark.analyses.data_audit.schema import LabelErrors

MISSING = "cleanlab is not installed; install it with: pip install -e '.[audit]'"


def available() -> bool:
    """Tell whether cleanlab is installed."""
    return importlib.util.find_spec("cleanlab") is not None


def cleanlab_version() -> str:
    """Return cleanlab's version."""
    return version("cleanlab")


def find_label_errors(y: npt.NDArray[np.int64], proba: npt.NDArray[np.floating]) -> tuple[LabelErrors, float]:
    """Return the images whose label is likely wrong, and the share of all labels that is estimated to be.

    Parameters
    ----------
    y : ndarray of int64, (n,)
        Labels as given, of two classes or more; every class that has a column and no label is left out.
    proba : ndarray of float, (n, n_classes)
        Out-of-fold probabilities.

    Returns
    -------
    LabelErrors
        Of places in `y`, most likely first: by the probability of the given label less that of the suggested one.
    float
    """
    from cleanlab.count import compute_confident_joint, estimate_joint
    from cleanlab.filter import find_label_issues

    present, given = np.unique(y, return_inverse=True)
    p = np.asarray(proba, dtype=np.float64)[:, present]
    p /= p.sum(axis=1, keepdims=True)
    counts = compute_confident_joint(given, p)
    wrong = np.flatnonzero(find_label_issues(given, p, confident_joint=counts, n_jobs=1))
    joint = estimate_joint(given, p, confident_joint=counts)
    suggested = p[wrong].argmax(axis=1)
    margin = p[wrong, given[wrong]] - p[wrong, suggested]
    order = np.lexsort((wrong, margin))
    errors = LabelErrors(wrong[order].astype(np.int64), present[suggested[order]].astype(np.int64), margin[order])
    return errors, max(0.0, float(1 - np.trace(joint)))
