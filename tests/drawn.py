"""Folders of pictures of our own making: circles, squares and triangles of any colour, size and place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SHAPES = ("circle", "square", "triangle")


def picture(kind: str, random: np.random.Generator, size: tuple[int, int] | None = None) -> Image.Image:
    """Draw one shape, some way off the middle and smaller or larger, in one colour on another."""
    width, height = size or random.integers(24, 120, 2).tolist()
    dark, light = random.integers(0, 90, 3).tolist(), random.integers(150, 256, 3).tolist()
    ink, paper = (dark, light) if random.random() < 0.8 else (light, dark)
    image = Image.new("RGB", (width, height), tuple(paper))
    radius = min(width, height) * random.uniform(0.25, 0.42)
    x, y = width / 2 + random.uniform(-1, 1), height / 2 + random.uniform(-1, 1)
    draw = ImageDraw.Draw(image)
    if kind == "circle":
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=tuple(ink))
    else:
        draw.regular_polygon(
            (x, y, radius), 4 if kind == "square" else 3, int(random.integers(-15, 16)), fill=tuple(ink)
        )
    return image


def draw(folder: Path, seed: int = 0, size: tuple[int, int] | None = None, **counts: int) -> Path:
    """Write so many pictures of each shape into folders of their names, every third as JPEG; return the folder."""
    random = np.random.default_rng(seed)
    for kind, count in counts.items():
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            suffix = "jpg" if number % 3 == 2 else "png"
            picture(kind, random, size).save(folder / kind / f"{number:03d}.{suffix}", quality=95)
    return folder
