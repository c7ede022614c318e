"""Images on a plane, so that neighbours stay neighbours: by UMAP where it is installed, by t-SNE where it is not.

t-SNE comes with scikit-learn, so there is a map in any case; UMAP (the extra ``[explore]``) keeps
more of how groups lie to each other. Both start from the first two principal components, which keeps what
can be kept of the whole (Kobak and Linderman 2021), and run on one thread, or no seed would give the same map twice.
"""

from __future__ import annotations

import importlib.util
import warnings
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import sklearn
from sklearn.manifold import TSNE

from benchmark.metrics.scores import Floats, Ints

NEIGHBOURS = 15
"""UMAP's own default."""

MIN_DIST = 0.1
"""UMAP's own default."""

PERPLEXITY = 30
"""scikit-learn's default for t-SNE; about how many neighbours count."""

FEWEST = 30
"""Images; fewer show all that they have to show in two principal components."""

MISSING = "UMAP is not installed (pip install -e '.[explore]')"


@dataclass(frozen=True)
class Embedding:
    """Images on a plane.

    Attributes
    ----------
    method : str
        "" where there is none.
    settings : str
        How it was made.
    reason : str
        Why there is none, or why it is not UMAP; empty if it is.
    points : ndarray of float64, (n, 2)
    """

    method: Literal["UMAP", "t-SNE", ""]
    settings: str
    reason: str
    points: Floats


def announced() -> str:
    """Return what `embed` will use, as far as can be known without loading it."""
    return "t-SNE" if importlib.util.find_spec("umap") is None else "UMAP"


def embed(points: npt.NDArray[np.float32], neighbours: Ints, distances: Floats, seed: int) -> Embedding:
    """Return images on a plane.

    Parameters
    ----------
    points : ndarray of float32, (n, d)
        In principal components.
    neighbours : ndarray of int64, (n, m)
        Places of each one's nearest others, nearest first, itself not among them; `NEIGHBOURS` or more.
    distances : ndarray of float, (n, m)
        To them.
    seed : int
    """
    none = np.zeros((0, 2))
    if len(points) < FEWEST:
        return Embedding("", "", f"for fewer than {FEWEST} images two principal components will do", none)
    if points.shape[1] < 2:
        return Embedding("", "", "the images vary in fewer than two directions", none)
    umap, reason = _umap()
    if umap is None:
        return _by_tsne(points, reason, seed)
    # UMAP counts each image as the first neighbour of its own.
    own = np.arange(len(points))[:, None]
    index = np.hstack([own, neighbours[:, : NEIGHBOURS - 1]]).astype(np.int32)
    reach = np.hstack([np.zeros_like(own), distances[:, : NEIGHBOURS - 1]]).astype(np.float32)
    model = umap(
        n_neighbors=NEIGHBOURS,
        min_dist=MIN_DIST,
        init=points[:, :2].astype(np.float32),
        precomputed_knn=(index, reach),
        random_state=seed,
        n_jobs=1,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that new images could not be added, which nobody does
        placed = model.fit_transform(points)
    settings = f"umap-learn {version('umap-learn')}, {NEIGHBOURS} neighbours, min_dist {MIN_DIST:g}"
    return Embedding("UMAP", settings, "", placed.astype(np.float64))


def _umap() -> tuple[Any, str]:
    """Return UMAP's class, or None and why."""
    if importlib.util.find_spec("umap") is None:
        return None, MISSING
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from umap import UMAP
    except ImportError as error:  # numba refuses a NumPy newer than itself so; another package is called umap, too
        return None, f"UMAP cannot be loaded ({' '.join(str(error).split())[:200]})"
    return UMAP, ""


def _by_tsne(points: npt.NDArray[np.float32], reason: str, seed: int) -> Embedding:
    perplexity = min(PERPLEXITY, (len(points) - 1) / 3)
    start = points[:, :2] / points[:, 0].std() * 1e-4  # as small as t-SNE wants to begin
    model = TSNE(perplexity=perplexity, init=start, random_state=seed, n_jobs=1)
    settings = f"scikit-learn {sklearn.__version__}, perplexity {perplexity:.3g}"
    return Embedding("t-SNE", settings, reason, model.fit_transform(points).astype(np.float64))
