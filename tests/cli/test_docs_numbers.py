"""Every number in the prose of README, docs/ and SECURITY is computed here, or listed as a measurement.

A new number in a page fails `test_no_number_is_without_a_source` until this file says where it comes from.
"""

from __future__ import annotations

import functools
import math
import re
import tomllib

import numpy as np
import pandas as pd
import pytest

from benchmark.analyses.data_audit import duplicates
from benchmark.analyses.exploration import eda, prototypes
from benchmark.analyses.tuning_budget import early_stopping
from benchmark.app import pages, server
from benchmark.cli.commands import predict, serve
from benchmark.datasets import (
    corruptions,
    fashion_mnist,
    idx,
    kmnist,
    mnist,
    openml,
    picture_folder,
    preprocessing,
    split,
    validate,
)
from benchmark.datasets.forms import archive, csv_pixels, npy_files, npz_file
from benchmark.engine import effort, resources
from benchmark.engine.executors import log_capture
from benchmark.engine.protocol import (
    BATCH,
    CORRUPTED_IMAGES,
    CURVE_ROWS,
    DEADLINE_SECONDS,
    PRESETS,
    REDUCTION_FACTOR,
    REPEATS,
    curve_points,
    timed,
)
from benchmark.estimator import USUAL_ROWS, Task
from benchmark.leaderboard import cautions, per_class, summary, verdict
from benchmark.metrics import scores, significance
from benchmark.metrics.scores import HARDEST_IMAGES
from benchmark.render import thumbnails
from models import _pixels, cnn
from models._rows import FEW_ROWS
from tests import CHECKOUT
from tests.cli.test_docs import FENCED, INLINE, PAGES, TEXTS
from tests.faults import COUNT
from tests.models.test_rows import FOLLOW, documented

RESULTS = CHECKOUT / "results" / "fashion-mnist"

MEASURED = {
    "docs/libraries.md": ["both are under 4 MB"],
    "docs/app.md": [  # each installed into an environment that had this program's packages, 2026-11
        *("Gradio 6.31 added 25 packages and 125 MB", "Pillow 13 by Pillow 12"),
        *("Streamlit 1.67 added 8 packages and 253 MB", "1.7 MB"),
    ],
    "docs/speed.md": [  # printed by tests.speed and tests.overhead
        "| 4.4 | 99.9 % equal predictions |",
        "| 4.9 | 0.8971 / 0.8980 |",
        "| 6.1 | 0.9073 / 0.9086 |",
        "| 7.7 | the same loss |",
        "| 2.1 | |",
        "3 folds, no rungs (projected) | 8.7 |",
        "At `standard` it was 3.7 %",
    ],
    "docs/time-limit.md": [  # printed on two quiet cores, 2026-11-28
        *("18 estimators | 0.9316 | 550 s", "| 0.9385 | 529 s", "1.6.3, `medium_quality` | 0.9034 | 612 s"),
        "the 18 estimators reached 0.9063 in 308 s",
    ],
    "docs/your-own-pictures.md": [  # printed for clothing-small, 2026-11-28, on two cores
        *("each with 2,727 to fit and 682 to score", "48 by 48 | 64 by 64 | 96 by 96 | 128 by 128"),
        *("| 0.804 | 0.806 | 0.798 | 0.798 |", "3,409 training and 372 test pictures in ten classes, 64 by 64 pixels"),
        *("took 19 minutes on two cores", "an accuracy of 0.7957, *SVM on HOG* 0.7312", "The lead of 6.5 points"),
        *("372 test pictures are too few", "fitted in 3.5 minutes, the SVM in 12 seconds"),
    ],
    "docs/cross-validation.md": [  # 25 pictures a class of clothing-small, 2026-11-28
        *("25 photographs of each of ten classes", "0.538 | 0.463 to 0.613", "0.276 | 0.211 to 0.341"),
        *("0.180 | 0.104 to 0.256", "by 9.6 points (−0.5 to 19.7)"),
    ],
    "docs/robustness.md": ["about 45 minutes without saved models"],
}
"""By page: what no test can compute again, and where it was measured."""

NAMES = r"SHA-256|MD5|GPL-3|ITU-R 601|8-bit|x86-64|\bF1\b|float16|\b(?:et al\.|Vollgraf|Bengio) 20\d\d"
"""Digits that are part of a name, and years of publications."""


@functools.cache
def facts() -> dict[str, list[str]]:
    """Return by page what its numbers must read, computed from code and records."""
    images = fashion_mnist_images()
    shown, usual, side = preprocessing.MAX_BYTES // 2**20, picture_folder.USUAL, 28
    megapixels = f"{preprocessing.MAX_PIXELS // 10**6} million pixels"
    level = f"{1 - significance.LEVEL:.0%}".replace("%", " %")
    shifts = corruptions.KINDS["shift"].severities
    minutes = [f"{seconds / 60:.0f}" for seconds in early_stopping.BUDGETS]
    with (CHECKOUT / "pyproject.toml").open("rb") as file:
        python = tomllib.load(file)["project"]["requires-python"].removeprefix(">=")
    return {
        "README.md": [
            f"all {images['train']:,} training images",
            f"the {images['test']:,} test images",
            f"Python {python} or newer",
            f"{level} intervals",
            f"some {round(images['stored'], -2)} of its images",
        ],
        "docs/results-folder.md": [
            f"more than {per_class.MANY} classes",
            f"fewer than {thumbnails.MOST} of at most {thumbnails.MAX_BYTES // 1000} kB",
        ],
        "SECURITY.md": [
            f"at most {2 * log_capture.MAX_BYTES // 2**20} MiB per estimator",
            f"never beyond {idx.LIMIT // 2**30} GiB",
            f"{npz_file.NPZ_LIMIT // 2**30} GiB, an archive {archive.MOST_BYTES // 2**30} GiB",
            f"at most {shown} MiB and {megapixels}",
            f"cut off at {shown} MiB",
            f"at most {megapixels}",
            f"listens on {server.HOST} only",
            f"runs {COUNT} such faults",
            {2: "two are decoded at a time"}[pages.MAX_CONCURRENT_DECODES],
        ],
        "docs/data-sets.md": [
            "8 by 8 pixels",
            f"a square number of grey values, at least {openml.SMALLEST_SIDE**2}",
            f"make an image of {csv_pixels.SMALLEST} pixels or more",
            f"at most {npy_files.MOST_IMAGES:,} images of each",
            f"more than {npy_files.MOST_BYTES // 2**20} MiB",
            f"more than {archive.MOST_BYTES // 2**30} GiB or {archive.MOST_FILES:,} files",
            f"by {validate.OVERSHOOT:.0%} of the span".replace("%", " %"),
            f"fractions by {validate.OVERSHOOT_OF_FRACTIONS:.0%}".replace("%", " %"),
            ", ".join(f"{low:,} to {high:,}" for low, high in validate.RANGES),
            "Booleans are 0 and 1",
            " and ".join(f"{low:,} to {high:,}" for low, high in validate.RANGES if low < -1),
            "Whole numbers from -128 to 127, of which 0 and -1 are frequent and -128 and 127 are not",
            "-1 is 255",
            "scale them to {} to {}".format(*validate.LEVELS),
            "are always {} to {}".format(*validate.LEVELS),
            "UTF-8 or UTF-16",
            f"larger than {validate.RANGES[2][1]} are never changed",
            f"({megabytes():.0f} MB or less)",
            "Data sets {} (MNIST) and {} (Fashion-MNIST) use their first {:,} rows".format(*openml_rows()),
        ],
        "docs/presets-and-times.md": [
            *preset_rows(),
            {5: "with five seeds"}[PRESETS["thorough"].seeds],
            "Trial 0 is",
        ],
        "docs/time-limit.md": [
            f"fitted on {timed('10m').rungs[0]} training rows",
            {4: "four times as many rows"}[REDUCTION_FACTOR],
            {4: "A batch of four"}[BATCH],
            f"at most {effort.EXPLORING:.0%} of its time (from the lowest rung {effort.EXPLORING_FIRST:.0%})".replace(
                "%", " %"
            ),
            {0.1: "a tenth after its time"}[effort.LATE],
            f"times {effort.SAFETY}",
            f"of {images['train']:,} rows",
        ],
        "docs/reading-the-leaderboard.md": [
            f"{level} interval",
            f"wider than ±{verdict.WIDE * 100:.0f} points",
            f"{summary.MANY_COPIES:.0%} or more of the test images".replace("%", " %"),
            f"its F1 is below {cautions.NOT_FOUND} in every row",
            {3: "one of the three best rows"}[cautions.LEADING],
            f"are {cautions.APART * 100:.0f} points or more apart",
            f"at least {cautions.AS_MANY:.0%} of the rows".replace("%", " %"),
            f"needs {HARDEST_IMAGES} test images to be called the hardest",
        ],
        "docs/rules-of-the-comparison.md": [f"{level} interval", f"wider than ±{verdict.WIDE * 100:.0f} points"],
        "docs/estimators.md": [
            f"at most {_pixels.PLENTY:,} values",
            *(
                f"at most {side} by {side}"
                for side in map(math.isqrt, (_pixels.PLENTY, _pixels.USUAL**2, cnn.MOST_PIXELS))
            ),
            f"the {USUAL_ROWS:,} of Fashion-MNIST",
            f"At most {FEW_ROWS:,} rows get one value and at least {USUAL_ROWS:,} the other",
            "Trial 0 is",
            f"| {FEW_ROWS:,} rows and fewer | {USUAL_ROWS:,} rows and more |",
            *map(documented, FOLLOW),
            f"at least {cnn.ESTIMATOR.build(Task(10, (28, 28, 1)))[-1].min_steps} steps",
        ],
        "docs/exploration.md": [f"{images['train']:,} images"],
        "docs/learning-curves.md": [
            f"on {', '.join(f'{rows:,}' for rows in CURVE_ROWS[:-1])} and {CURVE_ROWS[-1]:,} training images",
            f"use {sum(rows for rows, _ in curve_points(images['train'])):,} rows",
        ],
        "docs/your-own-pictures.md": [
            "grey of 16 bits becomes grey of 8 bits",
            f"to fit {usual} by {usual} pixels",
            f"from {picture_folder.SMALLEST} to {picture_folder.LARGEST_KEPT} pixels a side",
            f"smaller than {usual} pixels",
            "`my_photos@128` is 128 by 128 pixels",
            "is 48 high and 64 wide",
            f"The limits are {picture_folder.SMALLEST} and {picture_folder.LARGEST} pixels a side",
            f"files over {shown} MiB and pictures over {megapixels}",
            f"From {split.FEW} test pictures on",
        ],
        "docs/cross-validation.md": [
            f"With 50 test pictures the 95 % interval of an accuracy of 0.85 is about ±{half_width(0.85, 50)} points",
            f"has fewer than {split.FEW} pictures",
            {5: "parted into five folds", 10: ""}[split.FOLDS],
            {2: "twice in all", 3: ""}[REPEATS],
            f"{level} interval",
            {5: "with `--preset thorough` five times"}[PRESETS["thorough"].cross_validated.seeds],
            "(1/J + n_test/n_train)",
            "has J − 1 degrees of freedom",
        ],
        "docs/tuning-budget.md": [f"after {', '.join(minutes[:-1])} or {minutes[-1]} minutes"],
        "docs/robustness.md": [
            f"{CORRUPTED_IMAGES:,} test images as they are and under {len(corruptions.CORRUPTIONS)} corruptions",
            f"shifted by {shifts[0]} to {shifts[-1]} pixels",
        ],
        "docs/data-audit.md": [f"correlate at {duplicates.NEAR} or more"],
        "docs/estimator-page.md": [{10: "ten trials"}[PRESETS["standard"].trials]],
        "docs/saved-models.md": [
            "with seed 0",
            f"to {side} pixels",
            f"on {side} by {side} pixels",
            {3: "The three likeliest classes"}[predict.TOP],
        ],
        "docs/published-nets.md": ["one 3×3 convolution of 32 or 64 filters", "a dense layer of 32", "with 64 filters"],
        "docs/app.md": [f"http://{server.HOST}:{serve.PORT}"],
        "docs/failures.md": [
            f"under {COUNT} faults",
            {3600: "an hour at `standard`"}[int(DEADLINE_SECONDS["standard"])],
            {0.9: "nine tenths of the machine"}[resources.MEMORY_SHARE],
        ],
        "docs/reproducing.md": ["exits with 1"],
    }


def half_width(accuracy: float, images: int) -> int:
    """Return half the width of Wilson's interval, in points."""
    _, low, high = scores.wilson_interval(accuracy, images)
    return round((high - low) * 50)


def fashion_mnist_images() -> dict[str, int]:
    """Return how many images train and test, and how many are stored in results/ (records, and figures of explore)."""
    stored = drawn = 0
    with np.load(RESULTS / "records" / "test-set.npz") as arrays:
        test, stored = len(arrays["y"]), len(arrays["example_images"])
    with np.load(RESULTS / "records" / "audit.npz") as arrays:
        stored += len(arrays["train_pictures"]) + len(arrays["test_pictures"])
    drawn = len(fashion_mnist.CLASS_NAMES) * (eda.EXAMPLES + 2 * prototypes.SHOWN)
    train = int(pd.read_csv(RESULTS / "leaderboard.csv")["fit_rows"].max())
    return {"train": train, "test": test, "stored": stored + drawn}


def megabytes() -> float:
    """Return the size of the largest of the three downloads, in MB, rounded up."""
    sizes = [sum(module.PACKED_BYTES.values()) for module in (fashion_mnist, mnist, kmnist)]
    return float(np.ceil(max(sizes) / 1e6))


def openml_rows() -> tuple[int, int, int]:
    """Return MNIST's and Fashion-MNIST's number at OpenML, and how many of their rows train."""
    (first, rows), (second, same) = openml.TRAINING_ROWS.items()
    assert rows == same
    return first, second, rows


def preset_rows() -> list[str]:
    """Return the beginning of each preset's row in the table."""
    return [
        f"| `{name}` | {preset.trials} | {', '.join(f'{rung:,}' for rung in preset.rungs)} "
        f"| {f'{preset.final_rows:,}' if preset.final_rows else 'all'} |"
        for name, preset in PRESETS.items()
    ]


def squeezed(text: str) -> str:
    """Return a text on one line, without code blocks, list numbers and what other tests compare."""
    text = re.sub(r"^\| `\w+` \| .+? \| (classical|cnn) \|", "", text, flags=re.M)
    text = re.sub(r"<!-- leaderboard -->.*?<!-- end -->", "", FENCED.sub("", text), flags=re.S)
    return " ".join(re.sub(r"^(?:#+ )?\d+\. ", "", text, flags=re.M).split())


@pytest.mark.parametrize("page", PAGES)
def test_its_numbers_are_what_code_and_records_say(page: str) -> None:
    text = squeezed(TEXTS[page])
    for phrase in (*facts().get(page, ()), *MEASURED.get(page, ())):
        assert phrase in text, phrase


@pytest.mark.parametrize("page", PAGES)
def test_no_number_is_without_a_source(page: str) -> None:
    assert not unsourced(TEXTS[page], [*facts().get(page, ()), *MEASURED.get(page, ())])


def unsourced(text: str, phrases: list[str]) -> list[str]:
    """Return the numbers of a text's prose that are in none of the phrases."""
    text = squeezed(text)
    for phrase in sorted(phrases, key=len, reverse=True):
        text = text.replace(phrase, "")
    text = INLINE.sub("", text)
    text = re.sub(r"\]\([^)]*\)", "", text)
    return re.findall(r".{0,20}\d[\d.,]*.{0,20}", re.sub(NAMES, "", text))


def test_a_number_without_a_source_is_found() -> None:
    assert unsourced("It has 12 legs, `13` arms and F1. See [it](a14.md).", ["has 12 legs"]) == []
    assert unsourced("It has 12 legs and 3 arms.", ["has 12 legs"]) == ["It  and 3 arms."]
