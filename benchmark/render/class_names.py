"""Names of classes in figures: each can be read, and no two look the same.

The figures' font comes with matplotlib, so that they are the same on every machine. It lacks Chinese, emoji and more. A
class whose name it lacks is numbered in figures, and the caption says which name a number stands for. Pages, tables and
CSV files have the names themselves.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.render import style

MOST_KEYED = 60
"""Numbers that a caption explains; with more it would be longer than its page."""

_NUMBERED = re.compile(r"(class \d+) \(")


def numbered(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names as a figure's data hold them: "class 2 (犬)", with the label, for one that the font lacks."""
    return tuple(name if legible(name) else f"class {label} ({name})" for label, name in enumerate(names))


def distinct(names: Iterable[str], longest: int) -> dict[str, str]:
    """Return what a figure writes for each of its `numbered` names, of at most `longest` characters, no two the same.

    Names that are the same when their ends are cut off are cut in the middle; where even that does not help, they have
    their place in front.
    """
    names = list(dict.fromkeys(names))
    found = [_short(name, longest) for name in names]
    for cut in (_middle_cut, _placed):
        times = Counter(found)
        found = [
            cut(place, name, longest) if times[text] > 1 else text
            for place, (name, text) in enumerate(zip(names, found, strict=True))
        ]
    return dict(zip(names, found, strict=True))


def key(data: Any) -> str:
    """Return what the numbers stand for in a figure with these data; empty if there are none."""
    found = {int(number.split()[1]): name for name in _texts(data) if (number := _number(name))}
    if len(found) > MOST_KEYED:
        return "Classes are numbered by their place in the data set's list of classes, from 0."
    return f"In the figure: {', '.join(name for _, name in sorted(found.items()))}." if found else ""


def legible(name: str) -> bool:
    """Return whether the figures' font has every character of a name, and there is any."""
    shown = style.short(name, len(name) + 1)
    return bool(shown) and (shown.isascii() or _glyphs().issuperset(map(ord, shown)))


@cache
def _glyphs() -> frozenset[int]:
    import matplotlib
    from matplotlib.ft2font import FT2Font

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    plain, bold = (set(FT2Font(str(folder / file)).get_charmap()) for file in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"))
    return frozenset(plain & bold)


def _short(name: str, longest: int) -> str:
    return _number(name) or style.short(name, longest)


def _number(name: str) -> str:
    """Return "class 2" of "class 2 (犬)"; empty for a name that can be read, whatever it begins with."""
    match = _NUMBERED.match(name)
    return match[1] if match and not legible(name) else ""


def _middle_cut(place: int, name: str, longest: int) -> str:
    whole = style.short(name, len(name) + 1)
    if len(whole) <= longest or longest < 3:
        return _short(name, longest)
    end = (longest - 1) * 2 // 3  # names that begin alike differ at their ends
    return f"{whole[: longest - 1 - end].rstrip()}…{whole[-end:]}"


def _placed(place: int, name: str, longest: int) -> str:
    number = f"#{place}"
    return f"{number} {_short(name, longest - len(number) - 1)}" if longest > len(number) + 3 else number


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a figure's data."""
    if isinstance(value, str):
        yield value
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _texts(getattr(value, field.name))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, np.ndarray) and value.dtype.kind == "U":
        yield from value.ravel().tolist()
