"""Saved models: fitted models on disk, in files that are safe to load.

::

    results/<dataset>/models/<estimator>/model.json      its card: what it is, its record, the checksums of its files
    results/<dataset>/models/<estimator>/step-*          each fitted step of its pipeline, see `formats`

A saved model is the refit of seed 0, on all training rows. `find` lists the saved models of a data set;
`benchmark.serving` lets them predict.
"""

from __future__ import annotations

from benchmark.engine.saved_models.card import SavedModel, find

__all__ = ["SavedModel", "find"]
