"""The wall time that a run may take, shared equally by its estimators."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BenchmarkError
from benchmark.storage import serialization

FILE = ".time"
"""In the results folder of a run that has not ended: the seconds that it has used, so that it can go on."""

REPORT_SECONDS, REPORT_SECONDS_EACH = 8.0, 0.9
"""Held back for pages and figures: so much, and so much for each estimator."""

TICK_SECONDS = 1.0

AGAIN = 2.0
"""Least share, in seconds that the estimator's early fit took: the fit is made again for its row."""


@dataclass(frozen=True)
class TimeLimit:
    """What was asked for.

    Attributes
    ----------
    total : float or None
        Wall seconds of the whole command, from its start to the last page.
    each : float or None
        Wall seconds of each estimator; exactly one of the two is given.
    """

    total: float | None = None
    each: float | None = None

    @property
    def label(self) -> str:
        """Name of the results: "10m", or "1m-each"."""
        seconds = self.total if self.total is not None else self.each or 0.0
        return short(seconds) + ("" if self.total is not None else "-each")


class Clock:
    """Shares the time of a run equally among its estimators.

    Parameters
    ----------
    limit : TimeLimit
    estimators : int
        How many there are.
    used : float
        Seconds of the total that have passed.
    folder : Path
        Results folder, which remembers the seconds used until the run has ended.
    report : bool
        Whether time is held back for pages and figures.

    Attributes
    ----------
    waiting : int
        Estimators whose turn is still to come.
    early : list of float
        Seconds of fits that some of these have made already.
    first_share : float
        `equal_share` at the start.
    """

    def __init__(self, limit: TimeLimit, estimators: int, used: float, folder: Path, report: bool = True) -> None:
        self._limit, self.waiting, self._path = limit, estimators, folder / FILE
        self._start = time.monotonic() - used - _used_before(self._path)
        self.early: list[float] = []
        self._ticked = 0.0
        self._reserve = REPORT_SECONDS + REPORT_SECONDS_EACH * estimators if report else 0.0
        self.first_share = self.equal_share

    @property
    def total(self) -> float | None:
        """Wall seconds of the whole command, if they are limited."""
        return self._limit.total

    @property
    def equal_share(self) -> float:
        """Seconds of each estimator whose turn is still to come, its early fit included.

        Those whose early fit was so slow that they need more (`AGAIN`) have more, and the others share the rest.
        """
        if self._limit.total is None:
            return self._limit.each or 0.0
        seconds, sharing = self._limit.total - self._reserve - self.used + sum(self.early), max(1, self.waiting)
        for need in sorted((AGAIN * each for each in self.early), reverse=True):
            if sharing == 1 or need <= seconds / sharing:
                break
            seconds, sharing = seconds - need, sharing - 1
        return max(1.0, seconds / sharing)

    @property
    def used(self) -> float:
        """Wall seconds since the start, those of interrupted runs included."""
        return time.monotonic() - self._start

    def tick(self) -> None:
        """Remember the seconds used; called again and again."""
        if self._limit.total is not None and (used := self.used) - self._ticked >= TICK_SECONDS:
            self._ticked = used
            serialization.write_atomically(self._path, f"{used:.1f}\n".encode("ascii"))

    def end(self) -> None:
        """The run has ended by itself: the next one has all its time again."""
        self._path.unlink(missing_ok=True)


class Share:
    """One estimator's share of a clock's time: an equal part of what is left when its turn comes, and of early fits.

    So what one does not use goes to those that still wait.

    Parameters
    ----------
    clock : Clock
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seconds: float | None = None
        self._began = self._early = 0.0

    @property
    def begun(self) -> bool:
        """Whether its turn has come."""
        return self._seconds is not None

    @property
    def seconds(self) -> float:
        """Wall seconds; before its turn, those that everyone was promised."""
        return self._clock.first_share if self._seconds is None else self._seconds

    def spend_early(self, seconds: float) -> None:
        """Count seconds before the turn, once: they are part of the share."""
        self._early = seconds
        self._clock.early.append(seconds)

    def begin(self, wait: Callable[[], None]) -> None:
        """Wait for this estimator's turn on the machine, once."""
        if not self.begun:
            wait()
            equal = self._clock.equal_share
            self._take(equal if self._clock.total is None else max(equal, AGAIN * self._early))

    @property
    def left(self) -> float:
        """Seconds of it that are still to come."""
        spent = self._early + (time.monotonic() - self._began if self._seconds else 0.0)
        return max(0.0, self.seconds - spent)

    def end(self) -> None:
        """The estimator has ended, perhaps without its turn."""
        if not self.begun:
            self._take(0.0)

    def _take(self, seconds: float) -> None:
        self._seconds, self._began = seconds, time.monotonic()
        self._clock.waiting -= 1
        if self._early:
            self._clock.early.remove(self._early)


def _used_before(path: Path) -> float:
    try:
        return max(0.0, float(path.read_text(encoding="ascii")))
    except (OSError, ValueError):
        return 0.0


def seconds_of(text: str) -> float:
    """Return the seconds of a duration such as 90s, 10m or 1h30m.

    Raises
    ------
    BenchmarkError
        It is none.
    """
    parts = re.fullmatch(r"(?:(\d{1,3})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?", text.strip().lower(), re.ASCII)
    seconds = (
        sum(unit * int(part) for unit, part in zip((3600, 60, 1), parts.groups(), strict=True) if part) if parts else 0
    )
    if not seconds:
        raise BenchmarkError(f"{text!r} is not a time such as 90s, 10m or 1h30m")
    return float(seconds)


def is_label(text: str) -> bool:
    """Return whether a text names the results of a time limit, as `TimeLimit.label` does."""
    seconds = text.removesuffix("-each")
    try:
        return short(seconds_of(seconds)) == seconds
    except BenchmarkError:
        return False


def short(seconds: float) -> str:
    """Return a duration as `seconds_of` reads it."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return "".join(f"{value}{unit}" for value, unit in ((hours, "h"), (minute, "m"), (second, "s")) if value)
