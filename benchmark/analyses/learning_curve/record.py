"""A learning curve on disk: what one estimator predicts after fits of its tuned parameters on fewer rows.

::

    results/<dataset>/records/<estimator>/curve.json    the points, with times and reasons
    results/<dataset>/records/<estimator>/curve.npz     predicted, (points, n test images), labels, uint8 or uint16

The last point of a curve, the fit on all rows, is not stored here: it is the estimator's record. Both files are written
after every point (see `derived.write_rows`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.storage import derived
from benchmark.storage.derived import Derived, Fit, Labels
from benchmark.storage.schema import Record, TestSet
from benchmark.storage.serialization import NonNegativeInt

SCHEMA = 1
"""Raised when a field changes its meaning. A curve of another schema is refused by name."""

STEM = "curve"
"""Stem of the file names, and the command that writes them."""


@dataclass(frozen=True)
class Point(Fit):
    """One fit of a learning curve.

    Attributes
    ----------
    rows : int
        Training rows fitted: the first of the seed's own stratified order.
    seed : int
        Seed of that order and of the estimator.
    environment : int
        Index into the curve's `environments`.
    """

    rows: NonNegativeInt
    seed: NonNegativeInt
    environment: NonNegativeInt = 0


@dataclass(frozen=True)
class Curve(Derived):
    """One estimator's learning curve.

    Attributes
    ----------
    environments : tuple of mapping of str to str
        Machines and versions that points were measured on, without repeats.
    points : tuple of Point
        In the order in which they were first measured. No two have the same size and seed.
    """

    environments: tuple[Mapping[str, str], ...]
    points: tuple[Point, ...]

    def find(self, rows: int, seed: int) -> Point | None:
        """Return the point of this size and seed."""
        return next((point for point in self.points if (point.rows, point.seed) == (rows, seed)), None)

    def check(self) -> None:
        """See `Derived.check`."""
        if len({(point.rows, point.seed) for point in self.points}) < len(self.points):
            raise ValueError("two points are of one size and seed")
        for point in self.points:
            if point.rows < 1 or point.environment >= len(self.environments):
                raise ValueError(f"a point of {point.rows} rows and environment {point.environment}")


@dataclass(frozen=True)
class CurveData:
    """A curve with its predictions.

    Attributes
    ----------
    curve : Curve
    predicted : ndarray of labels, (points, n_test)
        Row i belongs to point i; it is meaningless unless that point is ok.
    """

    curve: Curve
    predicted: Labels


def path_of(folder: Path, estimator: str) -> Path:
    """Return the path of a curve's JSON; its ``.npz`` is in the same folder."""
    return derived.path_of(folder, estimator, STEM)


def empty(record: Record, n_test: int, n_classes: int) -> CurveData:
    """Return the curve of a record, without points."""
    curve = Curve(**derived.header_fields(record, SCHEMA), environments=(), points=())
    return CurveData(curve, np.zeros((0, n_test), dtype=derived.label_type(n_classes)))


def added(data: CurveData, point: Point, environment: Mapping[str, str], labels: npt.NDArray[Any] | None) -> CurveData:
    """Return a curve with one more point, which replaces a point of the same size and seed.

    Parameters
    ----------
    data : CurveData
    point : Point
        Its `environment` and `predicted_sha256` are filled in here.
    environment : mapping of str to str
        The machine and versions that it was measured on.
    labels : ndarray of int, (n_test,), or None
        Its predictions; None unless it is ok.
    """
    curve = data.curve
    environments = curve.environments if environment in curve.environments else (*curve.environments, environment)
    point = dataclasses.replace(point, environment=environments.index(environment))
    before = curve.find(point.rows, point.seed)
    points, predicted = derived.upsert(curve.points, data.predicted, point, before, labels)
    return CurveData(dataclasses.replace(curve, environments=environments, points=points), predicted)


def write(folder: Path, data: CurveData) -> None:
    """Write a curve atomically: the old files stay intact until the new ones are complete."""
    derived.write_rows(path_of(folder, data.curve.estimator), data.curve, data.curve.points, data.predicted)


def read_curve(path: Path) -> Curve:
    """Read a curve's JSON; see `derived.read` for the errors."""
    return derived.read(path, Curve, SCHEMA, STEM)


def read(path: Path, test_set: TestSet) -> CurveData:
    """Read a curve with its predictions, strictly.

    Raises
    ------
    BenchmarkError
        See `read_curve`; the curve was measured on other data; or its predictions are missing, of the wrong shape or
        type, of an unknown class, or not those that were written.
    """
    curve = read_curve(path)
    derived.check_data(path, curve, test_set, STEM)
    return CurveData(curve, derived.read_rows(path, curve.points, test_set, STEM))
