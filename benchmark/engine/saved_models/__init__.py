"""Winners that were kept: fitted models on disk, in files that are safe to load, and workers that ask them.

::

    results/<dataset>/models/<estimator>/model.json      what it is, which record it belongs to, its files' checksums
    results/<dataset>/models/<estimator>/step-*          each fitted step of its pipeline, see `formats`

What is kept is the record's own refit: all training rows, seed 0. `find` says which there are;
`benchmark.serving` asks them.
"""

from __future__ import annotations

from benchmark.engine.saved_models.card import Kept, find

__all__ = ["Kept", "find"]
