"""`predict`: picture files to saved models."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark import datasets
from benchmark.cli.main import main
from benchmark.engine.saved_models import find_models
from benchmark.storage import records
from tests.kept_models import KNN, LOGISTIC, run


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a results folder with two saved models of the digits."""
    results = tmp_path_factory.mktemp("results")
    run(results / "digits", [LOGISTIC, KNN])
    return results


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return six paths: three pictures of test digits, and three that are not pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    images = datasets.load("digits").test.X[:3].reshape(-1, 8, 8)
    for row, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{row}.png")
    (folder / "[red]text[bold].png").write_text("no picture")
    return [
        *(folder / f"{row}.png" for row in range(3)),
        folder,
        folder / "missing.png",
        folder / "[red]text[bold].png",
    ]


def test_pictures_are_classified_side_by_side_and_other_files_get_an_error(
    saved: Path, pictures: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", *map(str, pictures), "--results", str(saved), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    results = records.read(saved / "digits")
    assert list(found["pictures"]) == list(map(str, pictures[:3]))
    for row, answers in enumerate(found["pictures"].values()):
        assert set(answers) == {LOGISTIC, KNN}
        for name, answer in answers.items():
            stored = results.proba[name, 0][row]
            assert answer["class"] == str(stored.argmax())
            assert answer["are"] == "predict_proba"
            np.testing.assert_allclose([answer["scores"][str(digit)] for digit in range(10)], stored, atol=1e-3)
    folder, missing, text = found["errors"].values()
    assert "this is a folder" in folder
    assert "No such file" in missing
    assert "this is no PNG, JPEG" in text
    assert set(found["seconds"]) == {LOGISTIC, KNN}


def test_without_json_it_prints_a_table(
    saved: Path, pictures: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(saved / "digits", tmp_path / "digits")
    shutil.rmtree(tmp_path / "digits" / "records")
    card = tmp_path / "digits" / "models" / LOGISTIC / "model.json"
    card.write_text(card.read_text().replace('"predict_proba"', '"decision_function"'))
    asked = ["predict", str(pictures[0]), str(pictures[-1]), "--model", LOGISTIC, "--results", str(tmp_path)]
    assert main(asked) == 1
    out = capsys.readouterr().out
    truth = records.read(saved / "digits").proba[LOGISTIC, 0][0].astype(float)
    assert "WARNING logistic_regression: this model is stale: this folder has no records" in out
    (row,) = [line for line in out.splitlines() if line.startswith("Logistic regression *")]
    said = re.findall(r"(\d) (\d+\.\d)%", row)
    assert (int(said[0][0]), len(said)) == (truth.argmax(), 3)
    assert float(said[0][1]) == pytest.approx(100 * truth.max(), abs=0.1)
    assert "it ranks the classes, and is not a probability" in out
    assert "[red]text[bold].png: this is no PNG, JPEG, WebP, BMP, GIF, TIFF or PGM picture" in out


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (["--model", "logistic_regresion"], "did you mean logistic_regression?"),
        (["--dataset", "fashion-mnist"], "there are models of digits"),
    ],
)
def test_a_model_that_is_not_saved_is_reported_before_any_worker_starts(
    saved: Path, asked: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", "x.png", *asked, "--results", str(saved)]) == 2
    assert reason in capsys.readouterr().err


def test_without_models_it_says_how_to_save_some(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "x.png", "--results", str(tmp_path)]) == 2
    assert "run --all --keep" in capsys.readouterr().err


def test_a_photo_is_prepared_like_the_models_training_images(saved: Path) -> None:
    photo = np.full((300, 400, 3), 250, np.uint8)
    photo[100:200, 20:80] = (30, 60, 90)
    picture = Image.fromarray(photo)
    digits = find_models(saved / "digits")[0]
    fashion = dataclasses.replace(digits, preparation="fashion-mnist", image_shape=(28, 28, 1))
    assert digits.prepare(picture).shape == (64,)
    assert fashion.prepare(picture).reshape(28, 28)[14, 14] > 150  # dark on white came out light on black
    assert fashion.prepare(picture, as_is=True).reshape(28, 28)[0, 0] > 200
