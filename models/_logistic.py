"""What the logistic regressions share: scikit-learn's class, with scikit-learn-intelex's faster loss if installed."""

from __future__ import annotations

from typing import Any

from benchmark.estimator import Task


def logistic_regression(task: Task, **settings: Any) -> Any:
    """Return an unfitted `sklearn.linear_model.LogisticRegression` with the lbfgs solver.

    The class of scikit-learn-intelex is a subclass that converges to the same coefficients (a test
    asserts that). Its lbfgs keeps fifty steps of history instead of ten, so it needs fewer iterations,
    and each iteration takes a third of the time. Without that library it is scikit-learn's own class.
    """
    try:
        from sklearnex.linear_model import LogisticRegression
    except ImportError:  # no wheel for this processor or system
        from sklearn.linear_model import LogisticRegression
    else:
        settings["n_jobs"] = task.threads  # scikit-learn's own is deprecated
    return LogisticRegression(random_state=task.seed, **settings)
