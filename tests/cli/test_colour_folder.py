"""A folder of colour pictures, from files to pages: `predict`, the app, `audit`, `explore` and `show`.

All pictures are discs of one size on white. Only the colour tells the classes apart: their grey is about the same.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import re
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette

from benchmark import datasets, report
from benchmark.analyses.data_audit import label_errors
from benchmark.analyses.estimator_page import inputs
from benchmark.analyses.estimator_page import page as estimator_page
from benchmark.analyses.estimator_page import write as estimator_write
from benchmark.analyses.estimator_page.evaluated import EvaluatedEstimator, Space
from benchmark.analyses.estimator_page.figures import FIGURES as ESTIMATOR_FIGURES
from benchmark.analyses.exploration import eda, embedding, section
from benchmark.analyses.exploration import write as explore_write
from benchmark.analyses.exploration.figures import FIGURES
from benchmark.app import pages
from benchmark.app import results as app_results
from benchmark.app.models import LoadedModels
from benchmark.cli.main import main
from benchmark.render import png, thumbnails
from benchmark.render.figure import PlannedFigure, plan
from benchmark.report import example_images
from benchmark.storage import records
from tests.kept_models import LOGISTIC, run

COLOURS = {"blue": (60, 110, 255), "green": (0, 166, 60), "red": (255, 57, 60)}
SIDE = 12

COPIED = os.fsdecode(b"IMG_\xff.png")
"""A file name that is no text."""


def disc(colour: tuple[int, int, int], random: np.random.Generator) -> Image.Image:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    y, x = random.integers(5, 7, 2)
    pixels = np.full((SIDE, SIDE, 3), 255)
    pixels[(rows - y) ** 2 + (columns - x) ** 2 < 16] = colour
    return Image.fromarray((pixels - random.integers(0, 20, pixels.shape)).clip(0).astype(np.uint8))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve training and twenty test pictures of each colour; a test picture of blue is a copy of a red one."""
    folder, random = tmp_path_factory.mktemp("data") / "discs", np.random.default_rng(0)
    for part, count in (("train", 12), ("test", 20)):
        for name, colour in COLOURS.items():
            (folder / part / name).mkdir(parents=True)
            for number in range(count):
                disc(colour, random).save(folder / part / name / f"IMG_{number}.png")
    copied = folder / "train" / "red" / COPIED
    (folder / "train" / "red" / "IMG_3.png").rename(copied)
    (folder / "test" / "blue" / "IMG_13.png").write_bytes(copied.read_bytes())
    return folder


@pytest.fixture(scope="module")
def dataset(folder: Path) -> datasets.Dataset:
    return datasets.load(str(folder))


@pytest.fixture(scope="module")
def results(dataset: datasets.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a results folder with one estimator's record and model."""
    results = tmp_path_factory.mktemp("results")
    run(results / "discs", [LOGISTIC], dataset=dataset)
    example_images.store(results / "discs", dataset)
    return results


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have one pixel for each figure: these tests are not about figures."""
    monkeypatch.setattr(PlannedFigure, "png", lambda planned: png.encode(Image.new("RGB", (1, 1)), planned.inputs))


def test_the_record_knows_files_and_shape(results: Path, dataset: datasets.Dataset) -> None:
    found = records.read_test_set(results / "discs")
    assert found is not None
    assert found.image_shape == (SIDE, SIDE, 3)
    assert found.names == dataset.test.names
    assert found.names[0] == "test/blue/IMG_0.png"
    assert found.given == "PATH/discs"


def test_predict_sees_colours(results: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures = [str(folder / "test" / name / "IMG_0.png") for name in COLOURS]
    assert main(["predict", *pictures, "--results", str(results), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["pictures"]
    assert [found[path][LOGISTIC]["class"] for path in pictures] == list(COLOURS)


def ask(app: Starlette, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    """Send one request to an application; return status and body."""
    route, _, query = path.partition("?")
    scope = {"type": "http", "method": method, "path": route, "query_string": query.encode(), "headers": []}
    sent = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


@pytest.fixture(scope="module")
def app(results: Path, dataset: datasets.Dataset) -> Iterator[Starlette]:
    with closing(LoadedModels(results / "discs", dataset, pytest.fail)) as models:
        summary = app_results.in_background(partial(app_results.read, results / "discs", dataset.sha256))
        shape = dataset.image_shape
        yield pages.app(pages.Content(dataset.name, dataset.class_names, shape, dataset.test, models, summary))


def test_the_app_answers_and_shows_colours(app: Starlette, folder: Path, dataset: datasets.Dataset) -> None:
    blob = (folder / "test" / "green" / "IMG_1.png").read_bytes()
    status, answer = ask(app, "POST", "/answers/picture", blob)
    text = answer.decode()
    assert status == 200
    assert "<strong>green</strong>" in text
    assert "Resized as a whole; nothing is cropped, stretched or inverted." in text
    assert "What the models see: 12 by 12 pixels, in colour" in text
    index = dataset.test.names.index("test/red/IMG_2.png")
    status, image = ask(app, "GET", f"/images/{index}.png")
    with Image.open(io.BytesIO(image)) as shown, Image.open(folder / "test/red/IMG_2.png") as original:
        np.testing.assert_array_equal(np.asarray(shown), np.asarray(original))
    assert b"test/red/IMG_2.png" in ask(app, "GET", f"/images?index={index}")[1]
    assert b"test/red/IMG_2.png" in ask(app, "POST", f"/answers/test?index={index}")[1]
    hardest = ask(app, "GET", "/gallery")[1].decode()
    assert re.search(r'<span class="file">test/\w+/IMG_\d+.png</span>', hardest)
    assert b'id="colour" type="color"' in ask(app, "GET", "/")[1]


def test_the_audit_names_files(
    results: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], undrawn: None
) -> None:
    monkeypatch.setattr(label_errors, "available", lambda: False)
    assert main(["audit", "--dataset", str(folder), "--results", str(results)]) == 0
    assert "test images equal to a training image: 5 (test/blue/IMG_13.png)" in capsys.readouterr().out
    rows = list(csv.DictReader(io.StringIO((results / "discs" / "audit.csv").read_text())))
    assert list(rows[0])[:3] == ["part", "index", "file"]
    (equal,) = (row for row in rows if row["kind"] == "equal")
    assert (equal["file"], equal["partner_file"]) == ("test/blue/IMG_13.png", "train/red/IMG_ .png")
    page = (results / "discs" / "data-audit.md").read_text()
    assert "[test/blue/IMG\\_13.png](thumbnails/test-5.png)" in page
    with (
        Image.open(results / "discs" / "thumbnails" / "test-5.png") as shown,
        Image.open(folder / "train/red" / COPIED) as original,
    ):
        np.testing.assert_array_equal(np.asarray(shown), np.asarray(original))
    assert report.check(results / "discs") == []
    assert len(list((results / "discs" / "thumbnails").iterdir())) <= thumbnails.MOST


def test_explore_names_files_and_calls_values_what_they_are(
    dataset: datasets.Dataset, monkeypatch: pytest.MonkeyPatch, undrawn: None
) -> None:
    monkeypatch.setattr(embedding, "embed", lambda *_: embedding.Embedding("", "", "not asked", np.zeros((0, 2))))
    explored = eda.explore(dataset, lambda step: None)
    files = explore_write.render(explored)
    text = files["explore.md"].decode()
    links = re.findall(r"(most|least) #(\d+) \[([^\]]+)\]\((explore/thumbnails/train-\d+\.png)\)", text)
    assert [which for which, *_ in links] == ["most", "least"] * 3
    for _, index, name, path in links:
        assert name.replace("\\", "") == dataset.train.names[int(index)]
        with Image.open(io.BytesIO(files[path])) as shown:
            np.testing.assert_array_equal(np.asarray(shown).ravel(), dataset.train.X[int(index)])
    assert "`python -m benchmark explore --dataset PATH/discs`" in text
    assert "## Values of red, green and blue" in text
    assert "drawn as they are" not in text  # as is said of grey
    assert "ink" not in text
    figures = plan(FIGURES, explored)
    grids = [figures[name].data.grid for name in ("examples", "mean-images", "typical")]
    assert [grid.pixels.shape[-1] for grid in grids] == [3, 3, 3]
    deviations = grids[1].pixels[:, 1]
    assert (deviations == deviations[..., :1]).all()  # drawn as grey
    red = explored.deviations[0].reshape(-1, 3)
    np.testing.assert_allclose(deviations[0, ..., 0].ravel(), np.sqrt((red**2).mean(axis=1)))


def test_explore_says_how_grey_is_drawn(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "embed", lambda *_: embedding.Embedding("", "", "not asked", np.zeros((0, 2))))
    explored = eda.explore(datasets.load(f"{folder}@grey"), lambda step: None)
    text = section.page(explored, plan(FIGURES, explored))
    assert "0 is black, and the largest value of a figure is white" in text
    assert "black is 0, where all images of the class agree, and white is" in text
    assert "--dataset PATH/discs@grey`" in text


def test_show_names_files(results: Path, folder: Path, dataset: datasets.Dataset, undrawn: None) -> None:
    found = records.read(results / "discs")
    record, seeds = inputs.record_of(found, LOGISTIC, None, "")
    proba = found.proba[LOGISTIC, 0]
    pictures = inputs.pictures_of(found.test_set, str(folder), None, dataset)
    estimator = EvaluatedEstimator(record, found.test_set, proba, seeds, pictures, Space({}, "not asked"))
    text = estimator_page.page(estimator, plan(ESTIMATOR_FIGURES, estimator, folder=LOGISTIC))
    assert "#5 [test/blue/IMG\\_13.png](logistic_regression/thumbnails/test-5.png)" in text
    assert "`python -m benchmark show logistic_regression --dataset PATH/discs --preset smoke`" in text
    written = estimator_write.write(results / "discs", estimator)
    thumbs = [path for path in written if path.parent.name == "thumbnails"]
    assert all(f"({path.relative_to(results / 'discs' / 'estimators').as_posix()})" in text for path in thumbs)
    thumbs[0].rename(thumbs[0].with_name("test-99.png"))
    estimator_write.write(results / "discs", estimator)
    assert not thumbs[0].with_name("test-99.png").exists()
    assert thumbs[0].exists()
