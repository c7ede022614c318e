"""Saved models: fitted pipelines on disk, in file formats that are safe to load.

::

    results/<dataset>/models/<estimator>/model.json      the model card: what the model is, its record, file checksums
    results/<dataset>/models/<estimator>/step-*          the fitted state of each pipeline step, see `formats`

`run --keep` saves the refit of the record with seed 0, which is fitted on all training rows. `find_models` lists the
saved models of a data set, and `benchmark.serving` predicts with them.
"""

from __future__ import annotations

from benchmark.engine.saved_models.card import SavedModel, find_models

__all__ = ["SavedModel", "find_models"]
