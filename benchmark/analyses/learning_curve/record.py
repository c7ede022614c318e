"""A learning curve on disk: what one estimator's winner answers after fits on fewer rows.

::

    results/<dataset>/records/<estimator>/curve.json    the points, with times and reasons
    results/<dataset>/records/<estimator>/curve.npz     predicted, (points, n test images), labels, uint8 or uint16

The last point of a curve, the refit on all its rows, is not here: it is the estimator's record.
Written after every point (see `derived.write_rows`).
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
from benchmark.storage.derived import Derived, Fit, Labels, RecordKind
from benchmark.storage.schema import Record, TestSet

SCHEMA = 1
"""Raised when a field changes its meaning; a curve of another schema is refused by name."""

VERB = "curve"
"""What makes one."""


@dataclass(frozen=True)
class Point(Fit):
    """One fit of a learning curve.

    Attributes
    ----------
    rows : int
        Training rows fitted: the first so many of the seed's own stratified order.
    seed : int
        Of that order and of the estimator.
    environment : int
        Place in the curve's `environments`.
    """

    rows: int
    seed: int
    environment: int = 0


@dataclass(frozen=True)
class Curve(Derived):
    """One estimator's learning curve.

    Attributes
    ----------
    environments : tuple of mapping of str to str
        Machines and versions that points were measured on, each once.
    points : tuple of Point
        In the order in which they were first made; no two of one size and seed.
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
class Held:
    """A curve with its predictions: row i, of labels, is point i's; of a point that is not ok it means nothing."""

    curve: Curve
    predicted: Labels


def path_of(folder: Path, estimator: str) -> Path:
    """Return where a curve's JSON lies; its ``.npz`` lies beside it."""
    return derived.path_of(folder, estimator, VERB)


def empty(record: Record, n_test: int, n_classes: int) -> Held:
    """Return a curve of a record with no points yet."""
    curve = Curve(**derived.header_fields(record, SCHEMA), environments=(), points=())
    return Held(curve, np.zeros((0, n_test), dtype=derived.label_type(n_classes)))


def added(held: Held, point: Point, environment: Mapping[str, str], labels: npt.NDArray[Any] | None) -> Held:
    """Return a curve with one point more, or in place of the one that there was.

    Parameters
    ----------
    held : Held
    point : Point
        Its `environment` and `predicted_sha256` are filled in.
    environment : mapping of str to str
        What it was measured on.
    labels : ndarray of int, (n_test,), or None
        None unless it is ok.
    """
    curve = held.curve
    environments = curve.environments if environment in curve.environments else (*curve.environments, environment)
    point = dataclasses.replace(point, environment=environments.index(environment))
    before = curve.find(point.rows, point.seed)
    points, predicted = derived.upsert(curve.points, held.predicted, point, before, labels)
    return Held(dataclasses.replace(curve, environments=environments, points=points), predicted)


def write(folder: Path, held: Held) -> None:
    """Write a curve atomically: what was there stays whole until the new one is."""
    derived.write_rows(path_of(folder, held.curve.estimator), held.curve, held.curve.points, held.predicted)


def read_curve(path: Path) -> Curve:
    """Read a curve's JSON; see `derived.read` for what is an error."""
    return derived.read(path, Curve, SCHEMA, VERB)


def read(path: Path, test_set: TestSet) -> Held:
    """Read a curve with its predictions, strictly.

    Raises
    ------
    BenchmarkError
        As `read_curve`; made on other data; predictions that are missing, of the wrong shape or
        type, of no class, or not the ones that were written.
    """
    curve = read_curve(path)
    derived.check_data(path, curve, test_set, VERB)
    return Held(curve, derived.read_rows(path, curve.points, test_set, VERB))


def read_all(folder: Path, test_set: TestSet) -> dict[str, Held]:
    """Return every estimator's curve that there is; see `read` for what is an error."""
    return derived.read_all(folder, test_set, VERB, read)


KIND = RecordKind("curve", read)
