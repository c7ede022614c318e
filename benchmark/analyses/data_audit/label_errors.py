"""Likely label errors, found by confident learning (Northcutt, Jiang and Chuang 2021) as implemented in cleanlab.

An image counts as an example of a class if its probability of that class is above the average of the images with that
label. The calibrated counts of label and class estimate the number of wrong labels of each kind; of each kind, that
many images with the least probable label are selected ("prune by noise rate").
"""

from __future__ import annotations

import importlib.util
from importlib.metadata import version

import numpy as np
import numpy.typing as npt

from benchmark.analyses.data_audit.schema import LabelErrors

MISSING = "cleanlab is not installed; install it with: pip install -e '.[audit]'"


def available() -> bool:
    """Return whether cleanlab is installed."""
    return importlib.util.find_spec("cleanlab") is not None


def cleanlab_version() -> str:
    """Return the version of cleanlab."""
    return version("cleanlab")


def find_label_errors(y: npt.NDArray[np.int64], proba: npt.NDArray[np.floating]) -> tuple[LabelErrors, float]:
    """Return the images whose label is likely wrong, and the estimated share of wrong labels.

    Parameters
    ----------
    y : ndarray of int64, (n,)
        Labels of at least two classes; a class with a column but without labels is left out.
    proba : ndarray of float, (n, n_classes)
        Out-of-fold probabilities.

    Returns
    -------
    LabelErrors
        Indices into `y`, most likely first: by the probability of the given label minus that of the suggested one.
    float
        The share, from 0 to 1.
    """
    from cleanlab.count import compute_confident_joint, estimate_joint
    from cleanlab.filter import find_label_issues

    present, labels = np.unique(y, return_inverse=True)
    p = np.asarray(proba, dtype=np.float64)[:, present]
    p /= p.sum(axis=1, keepdims=True)
    counts = compute_confident_joint(labels, p)
    wrong = np.flatnonzero(find_label_issues(labels, p, confident_joint=counts, n_jobs=1))
    joint = estimate_joint(labels, p, confident_joint=counts)
    suggested = p[wrong].argmax(axis=1)
    margin = p[wrong, labels[wrong]] - p[wrong, suggested]
    order = np.lexsort((wrong, margin))
    errors = LabelErrors(wrong[order].astype(np.int64), present[suggested[order]].astype(np.int64), margin[order])
    return errors, max(0.0, float(1 - np.trace(joint)))
