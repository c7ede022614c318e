"""Two-dimensional embeddings that keep neighbours together: UMAP if it is installed, else t-SNE.

t-SNE is part of scikit-learn, so there is always a map; UMAP (the extra ``[explore]``) keeps more of the global
structure. Both are initialised with the first two principal components, which preserves global structure (Kobak and
Linderman 2021), and run on one thread, without which a seed does not give the same map twice.
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
"""UMAP's default."""

MIN_DIST = 0.1
"""UMAP's default."""

PERPLEXITY = 30
"""scikit-learn's default for t-SNE: about the number of neighbours that count."""

FEWEST = 30
"""The fewest images that are embedded; fewer are shown well enough by two principal components."""

MISSING = "UMAP is not installed (pip install -e '.[explore]')"


@dataclass(frozen=True)
class Embedding:
    """Images in two dimensions.

    Attributes
    ----------
    method : str
        "" if there is none.
    settings : str
        Version and parameters.
    reason : str
        Why there is none, or why it is not UMAP; empty if it is UMAP.
    points : ndarray of float64, (n, 2)
    """

    method: Literal["UMAP", "t-SNE", ""]
    settings: str
    reason: str
    points: Floats


def expected_method() -> str:
    """Return the method that `embed` will use, as far as is known before UMAP is imported."""
    return "t-SNE" if importlib.util.find_spec("umap") is None else "UMAP"


def embed(points: npt.NDArray[np.float32], neighbours: Ints, distances: Floats, seed: int) -> Embedding:
    """Return images in two dimensions.

    Parameters
    ----------
    points : ndarray of float32, (n, d)
        In principal components.
    neighbours : ndarray of int64, (n, m)
        Indices of the nearest other images of each image, nearest first; `m` is `NEIGHBOURS` or more.
    distances : ndarray of float, (n, m)
        Of these neighbours.
    seed : int
    """
    none = np.zeros((0, 2))
    if len(points) < FEWEST:
        return Embedding("", "", f"for fewer than {FEWEST} images, two principal components are enough", none)
    if points.shape[1] < 2:
        return Embedding("", "", "the images vary in fewer than two directions", none)
    umap, reason = _umap()
    if umap is None:
        return _by_tsne(points, reason, seed)
    # UMAP counts each image as its own first neighbour.
    itself = np.arange(len(points))[:, None]
    index = np.hstack([itself, neighbours[:, : NEIGHBOURS - 1]]).astype(np.int32)
    distance = np.hstack([np.zeros_like(itself), distances[:, : NEIGHBOURS - 1]]).astype(np.float32)
    model = umap(
        n_neighbors=NEIGHBOURS,
        min_dist=MIN_DIST,
        init=points[:, :2].astype(np.float32),
        precomputed_knn=(index, distance),
        random_state=seed,
        n_jobs=1,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns that new images cannot be added, which is not needed
        embedded = model.fit_transform(points)
    settings = f"umap-learn {version('umap-learn')}, {NEIGHBOURS} neighbours, min_dist {MIN_DIST:g}"
    return Embedding("UMAP", settings, "", embedded.astype(np.float64))


def _umap() -> tuple[Any, str]:
    """Return UMAP's class, or None and the reason."""
    if importlib.util.find_spec("umap") is None:
        return None, MISSING
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from umap import UMAP
    except ImportError as error:  # from numba with a newer NumPy, or from another package that is called umap
        return None, f"UMAP cannot be loaded ({' '.join(str(error).split())[:200]})"
    return UMAP, ""


def _by_tsne(points: npt.NDArray[np.float32], reason: str, seed: int) -> Embedding:
    perplexity = min(PERPLEXITY, (len(points) - 1) / 3)
    start = points[:, :2] / points[:, 0].std() * 1e-4  # t-SNE's usual initial scale
    model = TSNE(perplexity=perplexity, init=start, random_state=seed, n_jobs=1)
    settings = f"scikit-learn {sklearn.__version__}, perplexity {perplexity:.3g}"
    return Embedding("t-SNE", settings, reason, model.fit_transform(points).astype(np.float64))
