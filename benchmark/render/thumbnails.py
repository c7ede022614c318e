"""Small PNGs of the single pictures that a page shows, to which the names of their files are linked.

They are made from stored pixels, like the figures. A data set without files has none. A figure shows some 24 pictures
at most, so that a report has fewer than `MOST` of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmark.render import markdown as md
from benchmark.render import png

FOLDER = "thumbnails"
"""Where they go, relative to the page."""

MOST = 200
"""Thumbnails of a results folder's report, of `explore` or of one page of `show`, each of at most `MAX_BYTES`."""

MAX_BYTES = 20_000

VERSION = 1
"""Raised whenever the same pixels are written differently."""


@dataclass(frozen=True)
class Thumbnail:
    """A picture that comes from a file.

    Attributes
    ----------
    part : {"train", "test"}
    index : int
        Within the part.
    name : str
        Its file, relative to the data set's folder; may come from a stranger.
    pixels : ndarray of uint8, (height, width) or (height, width, 3)
    folder : str
        Relative to the page.
    """

    part: str
    index: int
    name: str
    pixels: npt.NDArray[np.uint8]
    folder: str = FOLDER

    @property
    def path(self) -> str:
        """Where it goes, relative to the page; nothing of the file's own name is in it."""
        return f"{self.folder}/{self.part}-{self.index}.png"

    @property
    def link(self) -> str:
        """The name of the file as a link, as inline markdown."""
        return f"[{md.escape(self.name)}]({self.path})"

    @property
    def inputs(self) -> str:
        """The digest of what it shows."""
        return hashlib.sha256(repr((VERSION, self.pixels.shape)).encode() + self.pixels.tobytes()).hexdigest()

    def png(self) -> bytes:
        """Return the PNG, which states `inputs`; a picture of too many bytes is halved until it fits."""
        from PIL import Image

        image = Image.fromarray(self.pixels)
        blob = png.encode(image, self.inputs)
        while len(blob) > MAX_BYTES:
            image = image.reduce(2)
            blob = png.encode(image, self.inputs)
        return blob


def paragraph(shown: Iterable[Thumbnail]) -> str:
    """Return which files the pictures of a figure are, as inline markdown; empty if there are none."""
    words = [f"#{each.index} {each.link}" for each in shown]
    return f"Files: {'; '.join(words)}." if words else ""
