"""`predict`: classify picture files with the saved models."""

from __future__ import annotations

import argparse
import difflib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.cli import flags
from benchmark.cli.flags import Subparsers
from benchmark.errors import BenchmarkError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image
    from rich.console import Console

    from benchmark.engine.saved_models import SavedModel
    from benchmark.serving.model_pool import Prediction

TOP = 3
"""Number of classes printed per model, the likeliest first."""


def add(subparsers: Subparsers) -> None:
    """Add the subcommand to the parser."""
    parser = subparsers.add_parser(
        "predict",
        help="classify picture files with the models that `run --keep` saved, side by side",
        description="Classifies pictures (PNG, JPEG, WebP, BMP, GIF, TIFF, PGM) with saved models, side by side. For "
        "models of Fashion-MNIST, a picture is prepared like the images of that data set: edges in the colour of the "
        "corner are trimmed, the longest side is resized to 28 pixels, and the picture is sharpened, centred, and "
        "inverted if its background is bright. For other models it is resized as a whole, and converted to grey if the "
        "data set is grey. Exits with 1 if a picture could not be read or a model failed.",
    )
    parser.add_argument(
        "images", nargs="+", type=Path, metavar="IMAGE", help="PNG, JPEG, WebP, BMP, GIF, TIFF or PGM files"
    )
    parser.add_argument(
        "--model",
        action="append",
        metavar="NAME",
        help="estimator whose saved model is used; may be repeated (default: all saved models)",
    )
    parser.add_argument(
        "--dataset",
        metavar="NAME",
        help="data set whose models are used: the name of a folder in --results (default: fashion-mnist, or the only "
        "one with saved models)",
    )
    flags.results(parser)
    parser.add_argument(
        "--as-is",
        action="store_true",
        help="only resize (and convert to grey for grey models): do not trim, sharpen, centre or invert",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, with the scores of all classes")
    parser.set_defaults(command=command)


def command(arguments: argparse.Namespace) -> int:
    """Classify the pictures; the exit status is 1 if a picture could not be read or a model failed."""
    from benchmark.engine.saved_models import find_models
    from benchmark.environment import cores
    from benchmark.render import terminal
    from benchmark.serving.model_pool import ModelPool

    console = terminal.console()
    warnings: list[str] = []
    folder = _folder(arguments.results, arguments.dataset)
    models = _select(find_models(folder, warnings.append), arguments.model or [], folder)
    pictures, errors = _read(arguments.images)
    predictions: dict[str, Prediction] = {}
    with ModelPool(models, threads=cores()) as pool:
        if pictures:
            for names, images in _groups(models, list(pictures.values()), arguments.as_is):
                predictions |= pool.predict(images, names)
    warnings += [f"{model.name}: this model is stale: {model.stale}" for model in models if model.stale]
    if arguments.json:
        print(json.dumps(_as_json(models, pictures, errors, predictions, warnings), indent=1))
    else:
        for text in warnings:
            terminal.warn(console, text)
        for row, path in enumerate(pictures):
            _print_picture(console, path, models, predictions, row, len(pictures))
        _print_footnotes(console, models, predictions, errors)
    return 1 if errors or any(prediction.error for prediction in predictions.values()) else 0


def _folder(results: Path, dataset: str | None) -> Path:
    """Return the folder of the data set whose models are used."""
    from benchmark.datasets import fashion_mnist

    hint = "save some with: python -m benchmark run --all --keep"
    names = sorted({path.parents[2].name for path in results.glob("*/models/*/model.json")})
    if dataset is not None:
        name = Path(dataset).name  # the results of a data set given as a path are in a folder of its last part
        if name not in names:
            others = f"there are models of {', '.join(names)}" if names else hint
            raise BenchmarkError(f"{results / name}: no saved models here; {others}")
        return results / name
    if fashion_mnist.NAME in names:
        return results / fashion_mnist.NAME
    if len(names) == 1:
        return results / names[0]
    if names:
        raise BenchmarkError(f"{results} has saved models of {', '.join(names)}; choose one with --dataset")
    raise BenchmarkError(f"{results}: no saved models here; {hint}")


def _select(models: list[SavedModel], names: list[str], folder: Path) -> list[SavedModel]:
    """Return the models of these names (all if there are none), the most accurate first."""
    by_name = {model.name: model for model in models}
    for name in names:
        if name not in by_name:
            near = difflib.get_close_matches(name, by_name, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(by_name) or 'none'}"
            raise BenchmarkError(f"{folder}: there is no saved model {name!r}; {hint}")
    if not models:
        raise BenchmarkError(f"{folder}: no saved model can be read; save them again with run --keep")
    selected = [by_name[name] for name in dict.fromkeys(names)] or models
    return sorted(selected, key=lambda model: -(model.test_accuracy or 0.0))


def _read(paths: list[Path]) -> tuple[dict[Path, Image.Image], dict[Path, str]]:
    """Return the pictures, and for each file that is not one the reason."""
    from benchmark.datasets import preprocessing

    pictures, errors = {}, {}
    for path in dict.fromkeys(paths):
        try:
            if path.is_dir():
                raise BenchmarkError("this is a folder; name the pictures in it")
            with path.open("rb") as file:
                pictures[path] = preprocessing.decode(file.read(preprocessing.MAX_BYTES + 1))
        except OSError as error:
            errors[path] = f"it cannot be read ({error.strerror})"
        except BenchmarkError as error:
            errors[path] = str(error)
    return pictures, errors


def _groups(
    models: list[SavedModel], pictures: list[Image.Image], as_is: bool
) -> list[tuple[list[str], npt.NDArray[np.uint8]]]:
    """Group the models by preparation; return the names of each group and its input images, (n_images, pixels)."""
    import numpy as np

    groups: dict[Any, list[SavedModel]] = {}
    for model in models:
        groups.setdefault((model.preparation, model.image_shape), []).append(model)
    return [
        ([model.name for model in group], np.stack([group[0].prepare(picture, as_is) for picture in pictures]))
        for group in groups.values()
    ]


def _print_picture(
    console: Console,
    path: Path,
    models: list[SavedModel],
    predictions: dict[str, Prediction],
    row: int,
    total: int,
) -> None:
    """Print the answer of every model to one picture."""
    import numpy as np

    from benchmark.render.terminal import empty_table, escape

    table = empty_table("model", "likeliest", "second", "third", "time")
    for model in models:
        prediction = predictions[model.name]
        if prediction.proba is None:
            continue
        best = np.argsort(-prediction.proba[row], kind="stable")[:TOP]
        cells = [f"{escape(model.class_names[label])} {prediction.proba[row][label]:.1%}" for label in best]
        star = "" if model.scores == "predict_proba" else " *"
        duration = f"{prediction.seconds / total * 1_000:.1f} ms"
        table.add_row(escape(model.title) + star, *cells, *[""] * (TOP - len(cells)), duration)
    console.print(f"\n[bold]{escape(str(path))}[/]")
    console.print(table)


def _print_footnotes(
    console: Console, models: list[SavedModel], predictions: dict[str, Prediction], errors: dict[Path, str]
) -> None:
    """Print what the stars mean, the files that are no pictures, and the models that failed."""
    from benchmark.render.terminal import escape

    if any(model.scores != "predict_proba" and predictions.get(model.name) for model in models):
        console.print("\n* a softmax of decision values: it ranks the classes, and is not a probability")
    for path, error in errors.items():
        console.print(f"[red]{escape(str(path))}[/]: {escape(error)}")
    for name, prediction in predictions.items():
        if prediction.error:
            console.print(f"[red]{escape(name)}[/]: {escape(prediction.error)}")


def _as_json(
    models: list[SavedModel],
    pictures: dict[Path, Image.Image],
    errors: dict[Path, str],
    predictions: dict[str, Prediction],
    warnings: list[str],
) -> dict[str, Any]:
    """Return all answers as plain values, the pictures in the order given."""

    def answer(model: SavedModel, row: int) -> dict[str, Any]:
        prediction = predictions[model.name]
        if prediction.proba is None:
            return {"error": prediction.error}
        scores = map(float, prediction.proba[row])
        ranked = sorted(zip(model.class_names, scores, strict=True), key=lambda pair: -pair[1])
        return {"class": ranked[0][0], "scores": dict(ranked), "are": model.scores}

    return {
        "pictures": {
            str(path): {model.name: answer(model, row) for model in models} for row, path in enumerate(pictures)
        },
        "errors": {str(path): error for path, error in errors.items()},
        "seconds": {name: prediction.seconds for name, prediction in predictions.items() if not prediction.error},
        "warnings": warnings,
    }
