"""Numbers as people read them."""

from __future__ import annotations

import math
from collections.abc import Sequence

NONE = "—"
"""What a cell says that has nothing to say."""


def listing(words: Sequence[str]) -> str:
    """Return "a", "a and b" or "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def count(number: float) -> str:
    """Return "1,234", or "12.5" for a mean over seeds that is not whole."""
    return f"{number:,.0f}" if abs(number - round(number)) < 1e-9 else f"{number:,.1f}"


def plural(number: float, noun: str) -> str:
    """Return "1 image" or "2 images"."""
    return f"{count(number)} {noun}" + ("" if number == 1 else "s")


def score(value: float) -> str:
    """Return precision, recall or F1, to 3 decimals."""
    return NONE if math.isnan(value) else f"{value:.3f}"


def accuracy(value: float) -> str:
    """Return an accuracy as this field quotes it, to 4 decimals."""
    return f"{value:.4f}"


def points(interval: Sequence[float]) -> list[str]:
    """Return differences of accuracies in percentage points: 1 decimal, or 2 if the first is below one point."""
    digits = 1 if abs(interval[0]) >= 0.01 else 2
    texts = [f"{value * 100:.{digits}f}" for value in interval]
    return [text.replace("-", "−") if float(text) else text.lstrip("-") for text in texts]


def p_value(p: float) -> str:
    """Return a p-value to 2 significant digits, or "< 0.0001"."""
    return "< 0.0001" if p < 1e-4 else f"{p:.2g}" if p >= 0.001 else f"{p:.4f}"


def signed(value: float, digits: int = 3) -> str:
    """Return a change of a score with its sign, "+0.012", "−0.004" or "0.000", to 3 decimals."""
    text = f"{value:+.{digits}f}"
    return text.replace("-", "−") if float(text) else text[1:]


def signed_points(value: float) -> str:
    """Return a change of an accuracy in percentage points with its sign, to 2 decimals."""
    return signed(value * 100, 2)


def percent(share: float) -> str:
    """Return a share as a percentage, to 1 decimal."""
    return f"{share * 100:.1f} %"


def duration(seconds: float) -> str:
    """Return "12 ms", "0.36 s", "9.4 s", "34 s", "9.3 min" or "2.4 h"."""
    if seconds < 0.0995:
        return f"{_two_digits(seconds * 1000)} ms"
    if seconds < 99.5:
        return f"{_two_digits(seconds)} s"
    return f"{_two_digits(seconds / 60)} min" if seconds < 5970 else f"{_two_digits(seconds / 3600)} h"


def size(n_bytes: float) -> str:
    """Return "850 B", "12 kB", "3.4 MB" or "1.2 GB", in powers of 1,000."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= 0.995 * factor:
            return f"{_two_digits(n_bytes / factor)} {unit}"
    return f"{n_bytes:.0f} B"


def _two_digits(value: float) -> str:
    """Return at least two significant digits, and every digit before the point."""
    if value <= 0:
        return "0"
    digits = max(0, 1 - math.floor(math.log10(float(f"{value:.1e}"))))
    return f"{value:,.{min(digits, 3)}f}"
