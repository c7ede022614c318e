"""What the logistic regressions share: scikit-learn's class, with the fast loss of scikit-learn-intelex."""

from __future__ import annotations

from typing import Any

from benchmark.estimator import Task


def logistic_regression(task: Task, **settings: Any) -> Any:
    """Return an unfitted `sklearn.linear_model.LogisticRegression`, lbfgs.

    scikit-learn-intelex's is a subclass of it that comes to the same coefficients (a test asserts
    that), but remembers fifty steps instead of ten and so gets further in as many, each of which
    takes it a third of the time.
    """
    try:
        from sklearnex.linear_model import LogisticRegression
    except ImportError:  # no wheel for this processor or system
        from sklearn.linear_model import LogisticRegression
    else:
        settings["n_jobs"] = task.threads  # scikit-learn's own is deprecated
    return LogisticRegression(random_state=task.seed, **settings)
