"""Corruptions of test images, to measure robustness: arrays in, arrays out, with a fixed random seed.

Kinds and severities follow Hendrycks and Dietterich (2019, "Benchmarking Neural Network Robustness to Common
Corruptions and Perturbations"), scaled to small grey images on a black background. Random directions, positions and
noise are drawn per image and once per kind: a higher severity of a kind does more of the same. The draws of an image
depend on its index in the array and on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from benchmark.datasets.dataset import Shape, array_shape

VERSION = 1
"""Raised when any corruption gives other pixels than before: predictions made with an older version are stale."""

SEED = 0

Images = npt.NDArray[np.uint8]
"""(n, height, width) or (n, height, width, 3), 0 to 255; 0 is the background."""

Change = Callable[[Images, float, np.random.Generator], Images]
"""Takes images, a severity and a random generator; returns as many images of the same shape."""


@dataclass(frozen=True)
class Kind:
    """One kind of corruption.

    Attributes
    ----------
    name : str
    title : str
        Describes the images: "shifted".
    unit : str
        Unit of the severity, written after the number.
    axis : str
        Label of an axis of severities.
    about : str
        What is changed, and what is random, as a clause.
    change : callable
    severities : tuple of float
        Lowest first.
    flip : bool
        Whether it mirrors the image. These kinds are counted separately: CNNs are trained on mirrored images.
    """

    name: str
    title: str
    unit: str
    axis: str
    about: str
    change: Change
    severities: tuple[float, ...]
    flip: bool = False


@dataclass(frozen=True)
class Corruption:
    """A kind of corruption at one severity.

    Attributes
    ----------
    name : str
        For example "shift-2".
    kind : str
        A key of `KINDS`.
    severity : float
        In the unit of the kind.
    apply : callable
        ``apply(X, image_shape)``: takes and returns uint8, (n, pixels).
    """

    name: str
    kind: str
    severity: float
    apply: Callable[[npt.NDArray[np.uint8], Shape], npt.NDArray[np.uint8]]


def _shift(images: Images, pixels: float, rng: np.random.Generator) -> Images:
    far = int(pixels)
    moved = np.stack([_moved(images, far, axis, way) for axis in (1, 2) for way in (1, -1)])
    return np.asarray(moved[rng.integers(4, size=len(images)), np.arange(len(images))])


def _moved(images: Images, far: int, axis: int, way: int) -> Images:
    """Move all images along an axis; pixels from beyond the edge are background."""
    out, far = np.zeros_like(images), min(far, images.shape[axis])
    whole = [slice(None)] * images.ndim
    ahead, behind = whole.copy(), whole.copy()
    ahead[axis], behind[axis] = slice(far, None), slice(None, images.shape[axis] - far)
    to, source = (ahead, behind) if way > 0 else (behind, ahead)
    out[tuple(to)] = images[tuple(source)]
    return out


def _rotate(images: Images, degrees: float, rng: np.random.Generator) -> Images:
    turned = np.stack([_turned(images, degrees), _turned(images, -degrees)])
    return np.asarray(turned[rng.integers(2, size=len(images)), np.arange(len(images))])


def _turned(images: Images, degrees: float) -> Images:
    """Rotate all images about their centre, counter-clockwise on the screen, with bilinear interpolation."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    matrix, offset = np.eye(images.ndim), np.zeros(images.ndim)
    matrix[1:3, 1:3] = turn
    middle = (np.array(images.shape[1:3]) - 1) / 2
    offset[1:3] = middle - turn @ middle
    return np.asarray(ndimage.affine_transform(images, matrix, offset, order=1, mode="grid-constant", cval=0))


def _noise(images: Images, deviation: float, rng: np.random.Generator) -> Images:
    return _rounded(images + deviation * rng.standard_normal(images.shape, dtype=np.float32))


def _blur(images: Images, deviation: float, rng: np.random.Generator) -> Images:
    blurred = ndimage.gaussian_filter(images.astype(np.float32), deviation, axes=(1, 2), mode="constant", cval=0)
    return _rounded(blurred)


def _contrast(images: Images, lost: float, rng: np.random.Generator) -> Images:
    mean = images.mean(axis=tuple(range(1, images.ndim)), keepdims=True)
    return _rounded(mean + (images - mean) * (1 - lost / 100))


def _occlude(images: Images, side: float, rng: np.random.Generator) -> Images:
    shape = np.array(images.shape[1:3])
    patch = np.clip(np.rint(shape * side / 100), 1, shape)
    first = np.floor(rng.random((len(images), 2)) * (shape - patch + 1))
    within = [
        (np.arange(length) >= start[:, None]) & (np.arange(length) < start[:, None] + span)
        for length, start, span in zip(shape, first.T, patch, strict=True)
    ]
    hidden = within[0][:, :, None] & within[1][:, None, :]
    return np.where(hidden.reshape(*hidden.shape, *(1,) * (images.ndim - 3)), 0, images).astype(np.uint8)


def _invert(images: Images, share: float, rng: np.random.Generator) -> Images:
    return np.asarray(255 - images)


def _mirror(images: Images, severity: float, rng: np.random.Generator, axis: int) -> Images:
    return np.asarray(np.flip(images, axis))


def _rounded(values: npt.NDArray[Any]) -> Images:
    return np.asarray(np.clip(np.rint(values), 0, 255), dtype=np.uint8)


_ALL = (
    Kind(
        "shift",
        "shifted",
        " px",
        "shift (pixels)",
        "moved up, down, left or right, at random per image",
        _shift,
        (1, 2, 3),
    ),
    Kind(
        "rotate",
        "rotated",
        "°",
        "rotation (degrees)",
        "rotated about the centre in either direction, at random per image, bilinearly",
        _rotate,
        (10, 20),
    ),
    Kind(
        "noise",
        "noisy",
        "",
        "noise (grey levels)",
        "Gaussian noise added to every pixel, with this standard deviation in grey levels of 255",
        _noise,
        (20, 40, 80),
    ),
    Kind("blur", "blurred", " px", "blur (pixels)", "Gaussian filter with this standard deviation", _blur, (0.5, 1, 2)),
    Kind(
        "contrast",
        "low-contrast",
        " %",
        "contrast lost (%)",
        "moved towards the image's mean by this share",
        _contrast,
        (25, 50, 75),
    ),
    Kind(
        "occlude",
        "occluded",
        " %",
        "occluded (% of a side)",
        "a black patch of this share of each side, at a random position per image",
        _occlude,
        (20, 40, 60),
    ),
    Kind("invert", "inverted", "", "inverted", "255 minus the grey value, background included", _invert, (1,)),
    Kind(
        "flip-left-right",
        "mirrored left-right",
        "",
        "mirrored",
        "mirrored left-right",
        partial(_mirror, axis=2),
        (1,),
        flip=True,
    ),
    Kind(
        "flip-up-down",
        "mirrored up-down",
        "",
        "mirrored",
        "mirrored up-down",
        partial(_mirror, axis=1),
        (1,),
        flip=True,
    ),
)

KINDS = {kind.name: kind for kind in _ALL}
"""By name, in the order of the page."""


def _apply(kind: Kind, severity: float, X: npt.NDArray[np.uint8], image_shape: Shape) -> npt.NDArray[np.uint8]:
    rng = np.random.default_rng([SEED, *kind.name.encode()])
    changed = kind.change(X.reshape(len(X), *array_shape(image_shape)), severity, rng)
    return np.ascontiguousarray(changed).reshape(X.shape)


def _named(kind: Kind, severity: float) -> str:
    return f"{kind.name}-{severity:g}" if len(kind.severities) > 1 else kind.name


CORRUPTIONS = tuple(
    Corruption(_named(kind, severity), kind.name, severity, partial(_apply, kind, severity))
    for kind in _ALL
    for severity in kind.severities
)
"""Every kind at every severity, kind by kind, lowest severity first."""


def get(name: str) -> Corruption:
    """Return the corruption of this name.

    Raises
    ------
    KeyError
        There is none.
    """
    return _BY_NAME[name]


_BY_NAME = {corruption.name: corruption for corruption in CORRUPTIONS}
