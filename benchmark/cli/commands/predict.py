"""`predict`: what the kept models say of picture files."""

from __future__ import annotations

import argparse
import difflib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.cli import flags
from benchmark.cli.flags import Verbs
from benchmark.errors import BenchmarkError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image
    from rich.console import Console

    from benchmark.engine.saved_models import SavedModel
    from benchmark.serving.model_pool import Answer

SHOWN = 3
"""Classes a model, the likeliest first."""


def add(verbs: Verbs) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser(
        "predict",
        help="classify picture files with the models that `run --keep` kept, side by side",
        description="Classifies PNG and JPEG files with kept models, side by side. For models of Fashion-MNIST a "
        "picture is prepared as that data set's were: edges of the corner's colour trimmed, the longest side brought "
        "to 28 pixels, sharpened, laid in the middle, and negated if its background is bright. For others it is made "
        "grey and brought to their images' size, whole. Exits with 1 if a picture or a model had to be left out.",
    )
    verb.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="PNG or JPEG files")
    verb.add_argument(
        "--model",
        action="append",
        metavar="NAME",
        help="an estimator that is kept; give it again for another (default: all that are kept)",
    )
    verb.add_argument(
        "--dataset",
        metavar="NAME",
        help="whose models, by the name of the folder within --results (default: fashion-mnist, or the only one that "
        "has any)",
    )
    flags.results(verb)
    verb.add_argument("--as-is", action="store_true", help="only grey and to size: trim, sharpen and negate nothing")
    verb.add_argument("--json", action="store_true", help="print JSON, with the probabilities of all classes")
    verb.set_defaults(command=command)


def command(arguments: argparse.Namespace) -> int:
    """Classify the pictures; the exit status is 1 if one of them, or a model, had no answer."""
    from benchmark.cli import console as live
    from benchmark.engine.saved_models import find
    from benchmark.environment import cores
    from benchmark.serving.model_pool import Models

    console = live.console()
    warnings: list[str] = []
    folder = _folder(arguments.results, arguments.dataset)
    chosen = _chosen(find(folder, warnings.append), arguments.model or [], folder)
    pictures, errors = _read(arguments.images)
    answers: dict[str, Answer] = {}
    with Models(chosen, threads=cores()) as models:
        if pictures:
            for each, images in _groups(chosen, list(pictures.values()), arguments.as_is):
                answers |= models.predict(images, each)
    warnings += [f"{kept.name}: no longer its record's model: {kept.stale}" for kept in chosen if kept.stale]
    if arguments.json:
        print(json.dumps(_as_json(chosen, pictures, errors, answers, warnings), indent=1))
    else:
        for text in warnings:
            live.warn(console, text)
        for row, path in enumerate(pictures):
            _print(console, path, chosen, answers, row, len(pictures))
        _conclude(console, chosen, answers, errors)
    return 1 if errors or any(answer.error for answer in answers.values()) else 0


def _folder(results: Path, dataset: str | None) -> Path:
    """Return the folder whose models are meant."""
    from benchmark.datasets import fashion_mnist

    first = "first: python -m benchmark run --all --keep"
    there = sorted({path.parents[2].name for path in results.glob("*/models/*/model.json")})
    if dataset is not None:
        name = Path(dataset).name  # a path to one's own data set ends in its name, too
        if name not in there:
            others = f"there are models of {', '.join(there)}" if there else first
            raise BenchmarkError(f"{results / name}: no kept models here; {others}")
        return results / name
    if fashion_mnist.NAME in there:
        return results / fashion_mnist.NAME
    if len(there) == 1:
        return results / there[0]
    if there:
        raise BenchmarkError(f"{results} has kept models of {', '.join(there)}; say which with --dataset")
    raise BenchmarkError(f"{results}: no kept models here; {first}")


def _chosen(kept: list[SavedModel], names: list[str], folder: Path) -> list[SavedModel]:
    """Return the models that are asked for, best first."""
    by_name = {each.name: each for each in kept}
    for name in names:
        if name not in by_name:
            near = difflib.get_close_matches(name, by_name, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(by_name) or 'none'}"
            raise BenchmarkError(f"{folder}: no kept model is called {name!r}; {hint}")
    if not kept:
        raise BenchmarkError(f"{folder}: none of its kept models can be read; make them anew with run --keep")
    chosen = [by_name[name] for name in dict.fromkeys(names)] or kept
    return sorted(chosen, key=lambda each: -(each.test_accuracy or 0.0))


def _read(paths: list[Path]) -> tuple[dict[Path, Image.Image], dict[Path, str]]:
    """Return the pictures, and of the other files why they are none."""
    from benchmark.datasets import preprocessing as pictures

    found, errors = {}, {}
    for path in dict.fromkeys(paths):
        try:
            if path.is_dir():
                raise BenchmarkError("this is a folder; name the pictures in it")
            with path.open("rb") as file:
                found[path] = pictures.decode(file.read(pictures.MAX_BYTES + 1))
        except OSError as error:
            errors[path] = f"it cannot be read ({error.strerror})"
        except BenchmarkError as error:
            errors[path] = str(error)
    return found, errors


def _groups(
    chosen: list[SavedModel], pictures: list[Image.Image], as_is: bool
) -> list[tuple[list[str], npt.NDArray[np.uint8]]]:
    """Return names of models that take the same images, with those images, (n, pixels)."""
    import numpy as np

    groups: dict[Any, list[SavedModel]] = {}
    for kept in chosen:
        groups.setdefault((kept.preparation, kept.image_shape), []).append(kept)
    return [
        ([kept.name for kept in group], np.stack([group[0].prepare(picture, as_is) for picture in pictures]))
        for group in groups.values()
    ]


def _print(
    console: Console, path: Path, chosen: list[SavedModel], answers: dict[str, Answer], row: int, pictures: int
) -> None:
    """Print what the models say of one picture."""
    import numpy as np
    from rich.table import Table

    from benchmark.cli import console as live

    table = Table("model", *("likeliest", "second", "third"), "time", box=None, pad_edge=False)
    for kept in chosen:
        answer = answers[kept.name]
        if answer.proba is None:
            continue
        best = np.argsort(-answer.proba[row], kind="stable")[:SHOWN]
        said = [f"{live.escape(kept.class_names[place])} {answer.proba[row][place]:.1%}" for place in best]
        star = "" if kept.scores == "predict_proba" else " *"
        took = f"{answer.seconds / pictures * 1_000:.1f} ms"
        table.add_row(live.escape(kept.title) + star, *said, *[""] * (SHOWN - len(said)), took)
    console.print(f"\n[bold]{live.escape(str(path))}[/]")
    console.print(table)


def _conclude(console: Console, chosen: list[SavedModel], answers: dict[str, Answer], errors: dict[Path, str]) -> None:
    """Print what the stars mean, and what had no answer."""
    from benchmark.cli import console as live

    if any(kept.scores != "predict_proba" and answers.get(kept.name) for kept in chosen):
        console.print("\n* a softmax of decision values: a ranking, not probabilities")
    for path, error in errors.items():
        console.print(f"[red]{live.escape(str(path))}[/]: {live.escape(error)}")
    for name, answer in answers.items():
        if answer.error:
            console.print(f"[red]{live.escape(name)}[/]: {live.escape(answer.error)}")


def _as_json(
    chosen: list[SavedModel],
    pictures: dict[Path, Image.Image],
    errors: dict[Path, str],
    answers: dict[str, Answer],
    warnings: list[str],
) -> dict[str, Any]:
    """Return everything as plain values, pictures in the order they were named."""

    def said(kept: SavedModel, row: int) -> dict[str, Any]:
        answer = answers[kept.name]
        if answer.proba is None:
            return {"error": answer.error}
        scores = map(float, answer.proba[row])
        ranked = sorted(zip(kept.class_names, scores, strict=True), key=lambda each: -each[1])
        return {"class": ranked[0][0], "scores": dict(ranked), "are": kept.scores}

    return {
        "pictures": {str(path): {kept.name: said(kept, row) for kept in chosen} for row, path in enumerate(pictures)},
        "errors": {str(path): error for path, error in errors.items()},
        "seconds": {name: answer.seconds for name, answer in answers.items() if not answer.error},
        "warnings": warnings,
    }
