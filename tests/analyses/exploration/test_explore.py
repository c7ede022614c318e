"""Exploratory data analysis: its numbers, its page, and that the report leaves its files alone."""

from __future__ import annotations

import dataclasses
import importlib.util
import io
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from pytest_regressions.file_regression import FileRegressionFixture
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from benchmark.analyses.exploration import class_distances, eda, embedding, pca, prototypes, section, write
from benchmark.analyses.exploration.eda import Exploration
from benchmark.analyses.exploration.figures import FIGURES, classes, means
from benchmark.cli.main import main
from benchmark.datasets.dataset import Dataset, Part
from benchmark.engine import preflight
from benchmark.errors import BenchmarkError
from benchmark.render import markdown, pages, png
from benchmark.render.document import Heading, Value
from benchmark.render.figure import PlannedFigure, plan
from benchmark.storage import lock, records
from tests import synthetic_results as synthetic

EIGHT = [
    "class-balance.png",
    "class-distances.png",
    "embedding.png",
    "examples.png",
    "grey-values.png",
    "mean-images.png",
    "pca.png",
    "typical.png",
]


def bands(counts: tuple[int, ...], test: tuple[int, ...], side: int = 8, seed: int = 0) -> tuple[Part, Part]:
    """Return noisy images with a bright band, farther to the right for a higher class; the last two classes overlap."""
    rng = np.random.default_rng(seed)

    def part(numbers: tuple[int, ...]) -> Part:
        y = np.repeat(np.arange(len(numbers)), numbers)
        X = rng.integers(0, 60, (len(y), side, side))
        for label in range(len(numbers)):
            start = min(label, len(numbers) - 2) * (side - 2) // max(1, len(numbers) - 1)
            X[y == label, :, start : start + 2] += 150
            X[y == label, label % side, :] += 30
        order = rng.permutation(len(y))
        return Part(X.reshape(len(y), -1)[order].astype(np.uint8), y[order].astype(np.int64))

    return part(counts), part(test)


def explore(dataset: Dataset) -> Exploration:
    return eda.explore(dataset, lambda step: None)


def figures_of(exploration: Exploration) -> dict[str, PlannedFigure]:
    return plan(FIGURES, exploration, folder=write.FOLDER)


def page_of(exploration: Exploration) -> str:
    """Return the page; no figure is drawn."""
    return section.page(exploration, figures_of(exploration))


@pytest.fixture(scope="module")
def toy() -> Dataset:
    """120 and 30 images of three classes; training image 7 is a negative, unlike all others."""
    train, test = bands((40, 40, 40), (10, 10, 10))
    train.X[7] = 255 - train.X[7]
    return Dataset("toy", ("left", "mid", "right"), (8, 8, 1), train, test, "a test")


@pytest.fixture(scope="module")
def explored(toy: Dataset) -> Exploration:
    return explore(toy)


@pytest.fixture(scope="module")
def archive(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "toy.npz"
    parts = {"X_train": toy.train.X, "y_train": toy.train.y, "X_test": toy.test.X, "y_test": toy.test.y}
    np.savez(path, **parts)
    return path


@pytest.fixture(scope="module")
def results(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of the command, as a user types it."""
    folder = tmp_path_factory.mktemp("results")
    assert main(["explore", "--dataset", str(archive), "--results", str(folder)]) == 0
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != ".lock")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def headings(exploration: Exploration) -> list[str]:
    return [block.text for block in section.blocks(exploration, figures_of(exploration)) if isinstance(block, Heading)]


def rows_of(exploration: Exploration) -> dict[Value, list[Value]]:
    """Return the values of the table's rows, by class."""
    return {row[0].value: [cell.value for cell in row[1:]] for row in section.table(exploration).rows}


# The numbers


def test_components_are_those_of_pca() -> None:
    X = np.rint(load_digits().data[:300] * 255 / 16).astype(np.uint8)
    found = pca.principal_components(X, (8, 8, 1), 0)
    theirs = PCA(50, svd_solver="full").fit(X.astype(np.float64))
    np.testing.assert_allclose(found.ratio[:50], theirs.explained_variance_ratio_, atol=1e-9)
    np.testing.assert_allclose(np.abs(found.points[:, :5]), np.abs(theirs.transform(X)[:, :5]), atol=0.01)
    assert found.points.shape == (300, 50)
    assert found.fitted == 300


def test_large_images_are_averaged_down_whatever_their_shape() -> None:
    image = np.repeat(np.repeat(np.arange(16, dtype=np.uint8).reshape(4, 4) * 10, 16, 0), 16, 1)
    assert pca.shrink(np.stack([image] * 2), 16).tolist() == [(np.arange(16).reshape(4, 4) * 10).tolist()] * 2
    for shape in [(1, 5000), (5000, 1), (33, 32), (200, 10)]:
        small = pca.shrink(np.ones((3, *shape), dtype=np.uint8), 1024)
        assert len(small) == 3
        assert small[0].size <= 1024
        assert (small == 1).all()


def test_distances_are_relative_to_the_scatter() -> None:
    means = np.array([[0.0] * 4, [10.0] * 4, [10.0] * 4, [0.0] * 4])
    deviations = np.array([[5.0] * 4, [5.0] * 4, [0.0] * 4, [0.0] * 4])
    found = class_distances.mean_distances(means, deviations, np.array([9, 9, 9, 0]))
    assert found[0, 1] == pytest.approx(2)  # the means differ by 20, an image from its mean by 10
    assert found[1, 2] == 0
    assert np.isfinite(found[:3, :3]).all()
    assert np.isnan(found[3]).all()
    assert np.isnan(found[:, 3]).all()


def test_classes_of_neighbours_are_counted() -> None:
    y = np.array([0, 0, 2])
    neighbours = np.array([[1, 2], [0, 2], [0, 1]])
    shares = class_distances.neighbour_classes(y, neighbours, 3)
    assert shares[0].tolist() == [0.5, 0, 0.5]
    assert np.isnan(shares[1]).all()
    assert shares[2].tolist() == [1, 0, 0]
    assert class_distances.same_class_share(y, neighbours) == pytest.approx(1 / 3)


def test_the_odd_image_is_the_least_typical(toy: Dataset, explored: Exploration) -> None:
    label = toy.train.y[7]
    assert explored.least_typical.index[label, 0] == 7
    np.testing.assert_array_equal(explored.least_typical.pixels[label, 0].ravel(), toy.train.X[7])
    rows = np.flatnonzero(toy.train.y == label)
    points = explored.components.points[rows].astype(np.float64)
    distance = np.sort(np.sqrt(((points[:, None] - points) ** 2).sum(axis=2)), axis=1)[:, 1:11].mean(axis=1)
    assert explored.most_typical.index[label].tolist() == rows[np.argsort(distance)[:3]].tolist()
    assert explored.prototypes.farthest[label] == pytest.approx(distance.max(), rel=1e-4)


def test_no_image_is_both_most_and_least_typical() -> None:
    points, y = np.arange(9, dtype=np.float32)[:, None], np.array([0, 1, 1, 2, 2, 2, 2, 2, 4])
    found = prototypes.find_prototypes(points, y, 5, 0)
    assert [sum(row != prototypes.NO_IMAGE) for row in found.most] == [1, 1, 3, 0, 1]
    assert [sum(row != prototypes.NO_IMAGE) for row in found.least] == [0, 1, 2, 0, 0]
    for most, least in zip(found.most, found.least, strict=True):
        assert not set(most[most >= 0]) & set(least[least >= 0])


def test_means_deviations_and_grey_values_are_of_training_images(toy: Dataset, explored: Exploration) -> None:
    X, y = toy.train.X.astype(np.float64), toy.train.y
    for label in range(3):
        np.testing.assert_allclose(explored.means[label], X[y == label].mean(axis=0))
        np.testing.assert_allclose(explored.deviations[label], X[y == label].std(axis=0), atol=1e-6)
        assert explored.greys[label].tolist() == np.bincount(toy.train.X[y == label].ravel(), minlength=256).tolist()


def test_a_sample_has_images_of_a_small_class() -> None:
    y = np.random.default_rng(1).permutation(np.repeat([0, 1, 2], [900, 95, 5]))
    rows = eda.stratified_sample(y, 3, 100, 0)
    assert np.bincount(y[rows]).tolist() == [90, 20, 5]
    assert (np.diff(rows) > 0).all()
    assert eda.stratified_sample(y, 3, 1000, 0).tolist() == list(range(1000))


# The page


def test_the_command_writes_a_page_with_its_figures(toy: Dataset, explored: Exploration, results: Path) -> None:
    folder = results / "toy"
    assert sorted(contents(folder)) == sorted(["explore.md", *(f"explore/{name}" for name in EIGHT)])
    text = (folder / "explore.md").read_text(encoding="utf-8")
    assert text.startswith(section.MARK)
    assert sorted(re.findall(r"\]\(explore/(.*?)\)", text)) == EIGHT
    # Each figure is followed by sentences.
    after = re.findall(r"^!\[.*?\]\(explore/.*?\)\n\n(.*)", text, re.M)
    assert len(after) == 8
    assert all(paragraph.endswith(".") and paragraph[0] not in "!#|" for paragraph in after)
    assert (explored.train.tolist(), explored.test.tolist(), explored.image_shape) == ([40] * 3, [10] * 3, (8, 8, 1))
    assert min(((0, 1), (0, 2), (1, 2)), key=lambda pair: explored.mean_distances[pair]) == (1, 2)
    data = figures_of(explored)["typical"].data
    assert data.least_typical[np.argmax(data.farthest / data.median)] == 7
    for name in EIGHT:
        blob = (folder / "explore" / name).read_bytes()
        assert png.stated_inputs(blob)
        shown = np.asarray(Image.open(io.BytesIO(blob)).convert("L"))
        assert shown.shape[1] <= 1400
        assert np.ptp(shown) > 200


def test_the_same_data_give_the_same_bytes_and_no_test_pixel_is_read(
    toy: Dataset, explored: Exploration, results: Path
) -> None:
    other = dataclasses.replace(toy, class_names=("0", "1", "2"), test=Part(255 - toy.test.X, toy.test.y))
    again = dataclasses.replace(explore(other), dataset="toy", given="PATH/toy.npz")
    written = contents(results / "toy")
    stated = re.search(rb"SHA-256 of the data: ([0-9a-f]+)", written["explore.md"])
    assert stated is not None
    assert again.sha256 != stated[1].decode()
    assert write.render(dataclasses.replace(again, sha256=stated[1].decode())) == written


def test_the_table_has_a_value_for_every_number(explored: Exploration) -> None:
    rows = rows_of(explored)
    assert rows["left"][:2] == [40, 10]
    assert rows["mid"][2:4] == pytest.approx([explored.means[1].mean(), np.sqrt((explored.deviations[1] ** 2).mean())])
    assert rows["mid"][4:6] == ["right", explored.mean_distances[1, 2]]
    assert rows["mid"][6:] == [explored.neighbour_classes[1, 1], "right", explored.neighbour_classes[1, 2]]


def test_the_words_of_the_page(toy: Dataset, explored: Exploration, file_regression: FileRegressionFixture) -> None:
    # A map is not the same on another machine, and its method may not be installed.
    embedded = dataclasses.replace(explored.embedding, method="UMAP", settings="its version", reason="")
    shares = explored.same_class_share | {"embedding": 0.75}
    steady = dataclasses.replace(explored, embedding=embedded, same_class_share=shares)
    file_regression.check(page_of(steady), basename="explore", extension=".md", encoding="utf-8")


# The map


def test_without_umap_tsne_draws_the_map_and_the_page_says_so(toy: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "umap" else find_spec(name))
    found = explore(toy)
    assert (found.embedding.method, found.embedding.reason) == ("t-SNE", embedding.MISSING)
    assert found.embedding.points.shape == (120, 2)
    assert found.same_class_share["embedding"] > 0.6
    assert "Map by t-SNE" in headings(found)
    assert markdown.escape(embedding.MISSING) in page_of(found)


def test_a_umap_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "umap.py").write_text("raise ImportError('Numba needs NumPy 2.3 or less. Got NumPy 2.4.')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "umap", raising=False)
    model, reason = embedding._umap()
    assert model is None
    assert reason == "UMAP cannot be loaded (Numba needs NumPy 2.3 or less. Got NumPy 2.4.)"


def test_umap_draws_the_map_where_it_is_installed(toy: Dataset, explored: Exploration) -> None:
    pytest.importorskip("umap", reason="the extra [explore] is not installed")
    assert explored.embedding.method == "UMAP"
    assert explored.embedding.reason == ""
    assert np.isfinite(explored.embedding.points).all()
    assert explored.same_class_share["embedding"] > 0.6
    assert "Map by UMAP" in headings(explored)


# Any data set


def test_two_classes_of_five_images_one_missing_in_test() -> None:
    train, test = bands((5, 5), (4, 0))
    found = explore(Dataset("few", ("a", "b"), (8, 8, 1), train, test, "a test"))
    text = page_of(found)
    assert "Each class has 5 training images. There are no test images of b." in text
    assert "always answers a is right on 100.0 % of the test images" in text
    assert "2 classes have no more than 10 images" in text
    assert (found.embedding.method, len(found.embedding.points)) == ("", 0)
    assert found.embedding.reason in text
    assert {name: values[:2] for name, values in rows_of(found).items()} == {"a": [5, 4], "b": [5, 0]}
    assert "nan" not in text.lower()


def test_fifty_classes_of_64_by_64_are_drawn() -> None:
    train, test = bands((4,) * 51 + (2,), (1,) * 52, side=64)
    names = tuple("abcdefghij"[n % 10] * (n + 1) for n in range(52))
    found = explore(Dataset("many", names, (64, 64, 1), train, test, "a test"))
    assert found.components.image_shape == (32, 32, 1)
    figures, text = figures_of(found), page_of(found)
    assert "Figures show the 50 classes with the most training images, the table at the end all 52" in text
    assert "averaged down, here to 32 by 32" in text
    assert len(classes.shown(found)) == 50
    assert len(rows_of(found)) == 52
    assert sorted(figure.path for figure in figures.values()) == [f"explore/{name}" for name in EIGHT]
    for name in ("pca", "class-distances"):
        drawn = Image.open(io.BytesIO(figures[name].png()))
        assert drawn.width <= 1400
        assert drawn.height > 1000


@pytest.mark.parametrize("black", [True, False])
def test_images_of_one_grey_value(black: bool, tmp_path: Path) -> None:
    y = np.arange(40, dtype=np.int64) % 2
    X = np.repeat((np.zeros(40) if black else 50 + 100 * y)[:, None], 64, axis=1).astype(np.uint8)
    figures = tmp_path / "explore"
    figures.mkdir()
    buffer = io.BytesIO()
    Image.new("L", (2, 2)).save(buffer, format="png")
    (figures / "mine.png").write_bytes(buffer.getvalue())
    (figures / "embedding.png").write_bytes(png.encode(Image.new("L", (2, 2)), "ab"))
    found = explore(Dataset("flat", ("a", "b"), (8, 8, 1), Part(X, y), Part(X, y), "a test"))
    written = [path.name for path in write.write(tmp_path, found)]
    text = (tmp_path / "explore.md").read_text(encoding="utf-8")
    assert "nan" not in text.lower()
    # A figure of ours that is no longer made is removed, another file is not.
    assert sorted(path.name for path in figures.iterdir()) == sorted({*written, "mine.png"} - {"explore.md"})
    assert "embedding.png" not in written
    if black:
        assert found.greys[:, 0].sum() == X.size
        assert text.count(section.ALL_EQUAL) == 2
        assert found.same_class_share == {}
        assert not {"pca.png", "typical.png"} & set(written)
    else:
        assert found.components.points.shape == (40, 1)
        assert (found.embedding.method, found.same_class_share["all"]) == ("", 1.0)
        assert found.embedding.reason in text
        assert "pca.png" in written


def test_hostile_names_stay_text(explored: Exploration) -> None:
    hostile = ("](x) ![y](http://evil) <script>|", "$x$ \x1b[31m `tick`\n# heading", "Шлёпанцы" * 40)
    found = dataclasses.replace(explored, class_names=hostile)
    text = page_of(found)
    assert "<script" not in text
    assert "\x1b" not in text
    assert "\n# heading" not in text
    assert len(re.findall(r"(?<!\\)!\[", text)) == 8
    table = text[text.index("## Class by class") :].strip().split("\n\n")[1].splitlines()
    assert len(table) == 5
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in table} == {11}
    assert figures_of(found)["examples"].png().startswith(b"\x89PNG")


# The report


def test_report_neither_counts_nor_touches_the_page(
    toy: Dataset, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "toy"
    explore_only = contents(results / "toy")
    for name, blob in explore_only.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(blob)
    command = ["report", "--results", str(tmp_path)]
    assert main(command) == 2
    assert "no results here" in capsys.readouterr().err
    test_set = synthetic.write_test_set(folder, toy.test.y, toy.class_names, n_train=120, dataset="toy")
    synthetic.write_predictions(folder, test_set, "svm", test_set.y, title="SVM", fit_rows=120)
    (tmp_path / "explored-at-only" / "explore").mkdir(parents=True)
    (tmp_path / "explored-at-only" / "explore.md").write_bytes(explore_only["explore.md"])
    assert main(command) == 0
    assert main([*command, "--check"]) == 0
    now = contents(folder)
    assert {name: now[name] for name in explore_only} == explore_only


def test_a_class_called_explore_does_not_take_its_page() -> None:
    assert pages.class_page("Explore", 3) == "class-explore.md"
    assert not pages.is_ours("explore.md", section.MARK.encode())


def test_results_on_other_data_are_left_alone(toy: Dataset, tmp_path: Path) -> None:
    synthetic.write_test_set(tmp_path, toy.test.y, toy.class_names, n_train=120, dataset="toy")
    with lock.locked(tmp_path), pytest.raises(BenchmarkError, match="other data of the same name"):
        preflight.for_explore(tmp_path, toy)
    test_set = records.read_test_set(tmp_path)
    assert test_set is not None
    records.write_test_set(tmp_path, dataclasses.replace(test_set, sha256=toy.sha256))
    with lock.locked(tmp_path):
        preflight.for_explore(tmp_path, toy)


def test_a_folder_that_another_run_holds_is_left_alone(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with lock.locked(tmp_path / "toy"):
        assert main(["explore", "--dataset", str(archive), "--results", str(tmp_path)]) == 2
    assert "another run is writing to it" in capsys.readouterr().err
    assert not (tmp_path / "toy" / "explore.md").exists()


def test_the_page_of_a_cross_validation_counts_every_image_once_and_does_not_speak_of_a_test_part(toy: Dataset) -> None:
    few = bands((8, 8, 8), (1, 1, 1))[0]
    found = explore(dataclasses.replace(toy, train=few, test=few, folds=4, asked_folds=4, given="toy.npz"))
    assert (found.train.tolist(), found.test.tolist()) == ([8, 8, 8], [0, 0, 0])
    page = page_of(found)
    assert "24 images of 8 by 8 pixels, grey, in 3 classes, cross-validated in 4 folds. There is no test part" in page
    assert "Balanced: each of the 3 classes has 8 images, so accuracy gives every class equal weight." in page
    assert "only counted" not in page
    assert "python -m benchmark explore --dataset toy.npz --folds 4" in page


def test_means_that_are_the_same_when_printed_are_called_equal() -> None:
    grid = SimpleNamespace(classes=("a", "b"), tops=(255.0, 16.0))
    equal = means.caption(SimpleNamespace(grid=grid, deviation=np.array([11.1, 10.9])))  # type: ignore[arg-type]
    assert equal.startswith("All classes vary equally: a pixel's standard deviation is 11 grey levels")
    varied = means.caption(SimpleNamespace(grid=grid, deviation=np.array([12.1, 10.9])))  # type: ignore[arg-type]
    assert varied.startswith("a varies most: a pixel's standard deviation is 12 grey levels; b varies least, with 11")
