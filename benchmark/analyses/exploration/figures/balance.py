"""The number of training and test images of each class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from benchmark.analyses.exploration.eda import Exploration
from benchmark.analyses.exploration.figures import classes
from benchmark.metrics.scores import Ints
from benchmark.render import class_names, fmt, style
from benchmark.render import markdown as md


@dataclass(frozen=True)
class Data:
    """Number of images of each class that is shown, (k,), and of all classes."""

    classes: tuple[str, ...]
    train: Ints
    test: Ints
    all_classes: tuple[str, ...]
    all_train: Ints
    all_test: Ints


def data(exploration: Exploration) -> Data:
    """Collect what is drawn."""
    which = classes.shown(exploration)
    return Data(
        classes.names(exploration),
        exploration.train[which],
        exploration.test[which],
        class_names.numbered(exploration.class_names),
        exploration.train,
        exploration.test,
    )


def draw(data: Data) -> Figure:
    """Draw two bars for each class, each with its number."""
    k = len(data.classes)
    figure = style.new(1.1 + 0.4 * k)
    axes = figure.add_subplot()
    rows = np.arange(k)
    parts = (("training", data.train, style.LINE_COLOURS[0], -0.2, ""), ("test", data.test, "#F2B48A", 0.2, "///"))
    for name, counts, colour, shift, hatch in parts:
        bars = axes.barh(
            rows + shift, counts, 0.36, color=colour, label=name, hatch=hatch, edgecolor="white", linewidth=0
        )
        axes.bar_label(bars, [f"{count:,}" for count in counts], padding=3, fontsize=8.5)
    axes.set_yticks(rows, list(class_names.distinct(data.classes, 28).values()))
    axes.set_ylim(k - 0.5, -0.5)
    axes.set_xlim(0, 1.08 * max(int(data.train.max()), int(data.test.max()), 1))
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_xlabel("Images")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)
    return figure


def caption(data: Data) -> str:
    """Return the caption, as inline markdown."""
    train, test, names = data.all_train, data.all_test, data.all_classes
    if train.min() == train.max() and test.min() == test.max():
        images = f"{train[0]:,} training and {fmt.plural(int(test[0]), 'test image')}"
        images = images if test.any() else fmt.plural(int(train[0]), "image")
        return f"Balanced: each of the {len(train)} classes has {images}, so accuracy gives every class equal weight."
    most, least = int(train.argmax()), int(np.where(train > 0, train, train.max()).argmin())
    if train[most] == train[least]:
        text = f"Each class has {fmt.plural(int(train[most]), 'training image')}."
    else:
        text = (
            f"The largest class, {md.escape(names[most])}, has {fmt.plural(int(train[most]), 'training image')}, "
            f"{train[most] / train[least]:.2g} times as many as the smallest, {md.escape(names[least])}, with "
            f"{train[least]:,}."
        )
    for part, counts in (("training", train), *([("test", test)] if test.any() else [])):
        missing = [md.escape(name) for name, number in zip(names, counts, strict=True) if not number]
        text += f" There are no {part} images of {fmt.listing(missing)}." if missing else ""
    if test.sum():
        text += (
            f" A model that always answers {md.escape(names[most])} is right on "
            f"{fmt.percent(test[most] / test.sum())} of the test images: an accuracy below that is worthless."
        )
    return text


def alt(data: Data) -> str:
    """Return the alternative text."""
    rows = zip(data.classes, data.train, data.test, strict=True)
    return f"Training and test images of each class: {', '.join(f'{n} {a:,} and {b:,}' for n, a, b in rows)}."
