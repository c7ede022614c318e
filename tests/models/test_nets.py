"""The parts of the nets: optimizer, augmentation, schedules, early stopping, and training on few rows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from benchmark import datasets
from benchmark.engine import declaration
from benchmark.engine.jobs import Describe
from benchmark.estimator import Task
from models import _published, cnn
from models._history import training_curves
from models._muon import Muon, orthogonalized
from models._residual import ResidualNet
from models._torch import Batches, Growing, SeededNet, ToImages, UpAndDown, _augmented, keeps_its_class


def dataset(n: int, shape: tuple[int, int] = (6, 5)) -> Any:
    """Return a dataset as skorch passes it to an iterator: n random images with distinct labels."""
    X = np.random.default_rng(0).random((n, 1, *shape), np.float32)
    return SimpleNamespace(X=X, y=np.arange(n))


@pytest.mark.parametrize("shape", [(8, 24), (24, 8), (16, 16)])
def test_orthogonalized_steps_have_about_the_same_size_in_every_direction(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    left, _, right = torch.linalg.svd(torch.randn(shape), full_matrices=False)
    matrix = left @ torch.diag(torch.linspace(1, 0.05, min(shape))) @ right
    after = torch.linalg.svdvals(orthogonalized(matrix))
    assert after.min() > 0.6
    assert after.max() < 1.3
    # The directions are unchanged.
    turned = left.T @ orthogonalized(matrix) @ right.T
    torch.testing.assert_close(turned, torch.diag(torch.diag(turned)), atol=1e-4, rtol=0)


def test_muon_orthogonalizes_convolutions_and_takes_sgd_steps_elsewhere() -> None:
    torch.manual_seed(0)
    first, bank, head = (torch.nn.Parameter(torch.randn(shape)) for shape in ((4, 1, 3, 3), (6, 4, 3, 3), (10, 6)))
    optimizer = Muon([{"params": [first, bank, head]}], lr=0.1, other_lr=0.5, other_momentum=0.0, other_weight_decay=0)
    assert [len(group["params"]) for group in optimizer.param_groups] == [1, 2]
    old = head.detach().clone()
    (first.sum() + (bank**2).sum() + 2 * head.sum()).backward()
    optimizer.step()
    torch.testing.assert_close(head, old - 0.5 * 2)
    # Its norm is the square root of the number of filters, give or take the step of 0.1 in each direction.
    assert bank.norm().item() == pytest.approx(6**0.5, rel=0.15)


def test_two_epochs_show_every_image_both_ways() -> None:
    torch.manual_seed(0)
    data = dataset(10)
    batches = Batches(data, 4, augment=True)
    seen: dict[int, list[np.ndarray]] = {}
    for _ in range(2):
        for x, y in batches:
            for image, row in zip(x.numpy(), y.tolist(), strict=True):
                seen.setdefault(row, []).append(image)
    assert sorted(seen) == list(range(10))
    firsts = 0
    for row, (first, second) in seen.items():
        assert np.array_equal(first, second[..., ::-1])
        firsts += np.array_equal(first, data.X[row])
    assert 0 < firsts < 10


def test_images_are_shifted_by_at_most_the_shift() -> None:
    torch.manual_seed(0)
    data = dataset(40)
    padded = np.pad(data.X[:, 0], ((0, 0), (1, 1), (1, 1)), mode="edge")
    shifts = set()
    for x, y in Batches(data, 16, augment=True, shift=1):
        for image, row in zip(x.numpy()[:, 0], y.tolist(), strict=True):
            matches = [
                (down, right, mirrored)
                for down in range(3)
                for right in range(3)
                for mirrored in (False, True)
                if np.array_equal(image, _cut(padded[row], down, right, mirrored))
            ]
            assert matches, row
            shifts.update(matches)
    assert len(shifts) > 9


def test_the_channels_of_an_image_are_shifted_and_mirrored_together() -> None:
    grey = torch.arange(2 * 5 * 6, dtype=torch.float32).reshape(2, 1, 5, 6)
    torch.manual_seed(0)
    moved = _augmented(grey, torch.tensor([True, False]), 1)
    torch.manual_seed(0)
    colour = _augmented(torch.cat([grey, -grey, 2 * grey], dim=1), torch.tensor([True, False]), 1)
    torch.testing.assert_close(colour, torch.cat([moved, -moved, 2 * moved], dim=1))


def test_images_in_colour_become_channels_first() -> None:
    X = np.random.default_rng(0).integers(0, 256, (4, 5 * 6 * 3)).astype(np.uint8)
    images = ToImages((5, 6, 3)).fit(X).transform(X)
    expected = (X.reshape(4, 5, 6, 3).transpose(0, 3, 1, 2) - X.mean()) / X.std()
    np.testing.assert_allclose(images, expected, atol=1e-5)


def _cut(padded: np.ndarray, down: int, right: int, mirrored: bool) -> np.ndarray:
    window = (padded[:, ::-1] if mirrored else padded)[down : down + 6, right : right + 5]
    return window


@pytest.mark.parametrize("kind", [ToImages, _published.ToUnitImages])
def test_faint_images_are_those_of_full_contrast_to_nets(kind: type[ToImages]) -> None:
    levels = np.random.default_rng(0).integers(0, 17, (50, 30)).astype(np.uint8)
    plain, faint = (kind((6, 5, 1)).fit(X[:40]).transform(X) for X in (15 * levels, levels + np.uint8(235)))
    np.testing.assert_allclose(faint, plain, atol=1e-6)


def test_published_nets_divide_images_of_full_contrast_by_255_as_published() -> None:
    X = np.arange(256, dtype=np.uint8).reshape(1, -1)
    found = _published.ToUnitImages((16, 16, 1)).fit(X).transform(X)
    np.testing.assert_array_equal(found.ravel(), np.arange(256, dtype=np.float32) / np.float32(255))


def test_with_few_rows_epochs_are_added_until_min_steps() -> None:
    pipeline = cnn.build(Task(3, (8, 8, 1)))
    net = pipeline[-1].set_params(min_steps=30, max_epochs=4, module__width=4)
    assert net.epochs(1_000_000) == 4
    assert net.epochs(100) == 8  # of four batches
    X, y = np.random.default_rng(0).integers(0, 256, (20, 64)).astype(np.uint8), np.arange(20) % 3
    pipeline.fit(X, y)
    assert len(pipeline[-1].history) == 30  # of one batch each


@pytest.mark.parametrize("rows", [1, 2, 32, 33, 65, 513, 2_049])
def test_the_number_of_steps_is_the_number_of_batches(rows: int) -> None:
    net = cnn.build(Task(3, (8, 8, 1)))[-1].set_params(min_steps=5, max_epochs=2)
    batches = Batches(dataset(rows), net.batch_size, augment=True)
    taken = [len(x) for x, _ in batches]
    assert len(batches) == len(taken)
    assert net.steps(rows) == net.epochs(rows) * len(taken) >= 5
    assert min(taken) > 1 or rows == 1  # batch norm has no variance over one image
    assert sum(taken) >= rows - 1


def test_learning_rates_rise_and_fall_once() -> None:
    groups = [{"lr": 2.0}, {"lr": 0.5}]
    net = SimpleNamespace(optimizer_=SimpleNamespace(param_groups=groups), steps=lambda rows: 2 * rows)
    schedule, rates = UpAndDown(warm_up=0.25), []
    schedule.on_train_begin(net, X=range(8))
    for _ in range(16):
        schedule.on_batch_begin(net, training=True)
        rates.append((groups[0]["lr"], groups[1]["lr"]))
        schedule.on_batch_begin(net, training=False)
    first = [rate for rate, _ in rates]
    assert first[:5] == pytest.approx([0.5, 1.0, 1.5, 2.0, 2.0])
    assert np.diff(first[4:]) == pytest.approx([-2 / 12] * 11)
    assert first[-1] == pytest.approx(2 / 12)
    assert all(second == pytest.approx(one / 4) for one, second in rates)


def test_images_are_downscaled_until_the_given_step() -> None:
    net = SimpleNamespace(module_=ResidualNet(3, width=2), steps=lambda rows: 2 * rows)
    growing, sides = Growing(share=0.25, zoom=0.5), []
    net.module_.features.register_forward_pre_hook(lambda module, args: sides.append(tuple(args[0].shape[2:])))
    growing.on_train_begin(net, X=range(4))
    for _ in range(8):
        growing.on_batch_begin(net, training=True)
        net.module_.train()(torch.zeros(2, 1, 9, 6))
        growing.on_batch_begin(net, training=False)
    assert sides == [(4, 3)] * 2 + [(9, 6)] * 6
    net.module_.zoom = 0.5
    net.module_.eval()(torch.zeros(2, 1, 9, 6))
    assert set(sides[8:]) == {(9, 6)}


@pytest.mark.parametrize("halvings", [0, 1, 2])
@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 64, 64), (1, 5, 31), (3, 1, 1)])
def test_a_net_predicts_the_same_for_an_image_and_its_mirror_image(shape: tuple[int, int, int], halvings: int) -> None:
    torch.manual_seed(0)
    net = ResidualNet(4, width=6, channels=shape[0], halvings=halvings).eval()
    x = torch.randn(3, *shape)
    with torch.no_grad():
        logits, mirrored = net(x), net(x.flip(-1))
    assert logits.shape == (3, 4)
    assert torch.isfinite(logits).all()
    torch.testing.assert_close(mirrored, logits)


def fitted_on(rows: int, **settings: Any) -> tuple[Any, np.ndarray, np.ndarray]:
    """Return a small published net, fitted on noise of three classes, and what it was fitted on."""
    X, y = np.random.default_rng(0).integers(0, 256, (rows, 64)).astype(np.uint8), np.arange(rows) % 3
    params = {"filters": 2, "module__hidden": 4, "max_epochs": 3, "min_steps": 0, "batch_size": 32, **settings}
    return _published.pipeline(Task(3, (8, 8, 1)), **params).fit(X, y), X, y


def test_training_accuracy_is_counted_during_training() -> None:
    assert training_curves(cnn.build(Task(3, (8, 8, 1)))) == {}  # not fitted
    pipeline, X, y = fitted_on(70, lr=0.0)
    curves = training_curves(pipeline)
    assert curves["train_accuracy"] == pytest.approx([(pipeline.predict(X) == y).mean()] * 3)
    assert set(curves) == {"train_loss", "train_accuracy"}
    assert len(curves["train_loss"]) == 3


def test_a_step_over_micro_batches_equals_a_step_over_the_whole_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_published, "MICRO_BATCH", 7)
    settings = {"max_epochs": 2, "lr": 0.01}
    (parts, X, _), (whole, _, _) = fitted_on(70, **settings), fitted_on(70, net=SeededNet, **settings)
    assert parts.predict_proba(X) == pytest.approx(whole.predict_proba(X), abs=1e-4)
    assert training_curves(parts)["train_accuracy"] == training_curves(whole)["train_accuracy"]
    assert training_curves(parts)["train_loss"] == pytest.approx(training_curves(whole)["train_loss"], abs=1e-5)


def test_early_stopping_gives_the_net_of_the_best_epoch_on_all_rows() -> None:
    settings = {"dropout": 0.25, "lr": 0.03, "max_epochs": 40}
    pipeline, X, y = fitted_on(90, net=_published.StoppedNet, patience=2, **settings)
    curves, best = training_curves(pipeline), pipeline[-1].best_epoch_
    assert curves["valid_loss"][best - 1] == pytest.approx(min(curves["valid_loss"]), rel=1e-3)
    assert len(curves["valid_loss"]) == best + 2 < 40
    assert len(curves["train_loss"]) == best
    plain, _, _ = fitted_on(90, **{**settings, "max_epochs": best})
    assert np.array_equal(pipeline.predict_proba(X), plain.predict_proba(X))
    assert pipeline.fit(X, y)[-1].best_epoch_ == best  # the earlier result is not reused


def test_no_row_is_held_out_if_there_are_fewer_than_ten() -> None:
    pipeline, _, _ = fitted_on(9, net=_published.StoppedNet)
    epochs = {name: len(values) for name, values in training_curves(pipeline).items()}
    assert epochs == {"train_loss": 3, "train_accuracy": 3}


def test_the_held_out_tenth_is_stratified() -> None:
    y = np.repeat([0, 1, 2], [100, 50, 7])
    held = _published.held_out(y, seed=0)
    assert np.bincount(y[held]).tolist() == [9, 5, 1]
    assert len(set(held.tolist())) == 15
    assert held.tolist() != _published.held_out(y, seed=1).tolist()
    assert np.array_equal(held, _published.held_out(y, seed=0))


def test_the_augmented_and_unaugmented_cnn_differ_in_augmentation_only() -> None:
    task = Task(10, (28, 28, 1))
    pair = [declaration.describe(Describe(name, task)) for name in ("cnn_augmented", "cnn_unaugmented")]
    only = dict(pair[0].settings.items() ^ pair[1].settings.items())
    assert set(only) == {f"net__iterator_train__{name}" for name in ("degrees", "shift", "mirror")}
    assert pair[0].space == pair[1].space
    assert pair[0].defaults == pair[1].defaults


@pytest.mark.parametrize("shape", [(28, 28, 1), (12, 9, 3), (2, 7, 1), (1, 1, 3)])
def test_a_published_net_accepts_images_of_any_shape(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    net, x = _published.OneConvolution(4, shape, filters=3).eval(), torch.randn(5, shape[2], *shape[:2])
    assert torch.isfinite(net(x)).all()
    assert net(x).shape == (5, 4)
    if shape == (28, 28, 1):
        pooled = torch.nn.functional.max_pool2d(net.convolution(x).relu(), 2)  # in the published order
        torch.testing.assert_close(net(x), net.head(net.dense(pooled.permute(0, 2, 3, 1).flatten(1)).relu()))
        weights = sum(parameter.numel() for parameter in net.parameters())
        assert weights == 3 * 9 + 3 + 3 * 13 * 13 * 32 + 32 + 32 * 4 + 4


def test_images_are_shuffled_and_mirrored() -> None:
    torch.manual_seed(0)
    data = dataset(40)
    plain = [row for _, y in _published.Shuffled(data, 16) for row in y.tolist()]
    assert sorted(plain) == list(range(40)) != plain
    mirrored = 0
    for x, y in _published.Shuffled(data, 16, mirror=True):
        for image, row in zip(x.numpy(), y.tolist(), strict=True):
            same = np.allclose(image, data.X[row], atol=1e-4)
            mirrored += not same
            assert same or np.allclose(image, data.X[row][..., ::-1], atol=1e-4)
    assert 5 < mirrored < 35


def seen(X: np.ndarray, y: np.ndarray, **moved: float) -> tuple[np.ndarray, np.ndarray]:
    """Return all images of an epoch and their labels."""
    batches = list(_published.Shuffled(SimpleNamespace(X=X, y=y), 256, **moved))
    return np.concatenate([x for x, _ in batches]), np.concatenate([y for _, y in batches])


def test_images_are_shifted_by_at_most_a_share_of_their_sides() -> None:
    torch.manual_seed(0)
    rows, columns = np.indices((20, 30), dtype=np.float32)
    X = np.repeat(np.stack([rows, columns])[:, None], 50, axis=0)
    x, y = seen(X, np.repeat([0, 1], 50), shift=0.1)
    moved = x[:, 0, 10, 15] - np.where(y == 0, 10, 15)
    for axis, side in ((0, 20), (1, 30)):
        assert 0.07 * side < np.abs(moved[y == axis]).max() <= 0.1 * side + 1e-3


def test_rotation_does_not_distort_images() -> None:
    torch.manual_seed(0)
    columns = np.indices((21, 41), dtype=np.float32)[1]  # of a picture twice as wide as high
    X = np.repeat(columns[None, None], 60, axis=0)
    x, _ = seen(X, np.zeros(60), degrees=20)
    across = (x[:, 0, 10, 21] - x[:, 0, 10, 19]) / 2
    down = (x[:, 0, 11, 20] - x[:, 0, 9, 20]) / 2
    assert np.hypot(across, down) == pytest.approx(1, abs=1e-3)
    turned = np.degrees(np.arctan2(down, across))
    assert 15 < np.abs(turned).max() <= 20.01
    assert turned.min() < -10 < 10 < turned.max()


def arrows(n: int, *, up: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return noisy images of arrows, uint8, (n, 144), and labels: up or down, or left or right."""
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    images = rng.integers(0, 60, (n, 12, 12)).astype(np.uint8)
    for image, label in zip(images, y, strict=True):
        head = image if up else image.T
        for step in range(5):
            row = 2 + step if label else 9 - step
            head[row, 6 - step : 6 + step] = 220
    return images.reshape(n, -1), y.astype(np.int64)


@pytest.mark.parametrize("up", [True, False])
def test_the_cnn_mirrors_where_a_mirrored_image_keeps_its_class_and_says_so(up: bool) -> None:
    X, y = arrows(120, up=up)
    pipeline = cnn.build(Task(2, (12, 12, 1)))
    pipeline.set_params(net__max_epochs=2, net__min_steps=0, net__module__width=4, net__iterator_train__shift=1)
    net = pipeline.fit(X, y)[-1]
    assert net.mirror_ == up
    assert bool(net.module_.mirror) == up
    images = pipeline[0].transform(X)
    mirrored = np.ascontiguousarray(images[..., ::-1])
    same = np.allclose(net.predict_proba(images), net.predict_proba(mirrored), atol=1e-5)
    assert same == up
    both = "mirrored, because mirrored images keep their class; shifted by up to 1 / 28 of a side"
    assert cnn.augmented(pipeline) == (both if up else "shifted by up to 1 / 28 of a side")


def test_digits_do_not_keep_their_class_when_mirrored() -> None:
    digits = datasets.load("digits")
    images = ToImages(digits.image_shape).fit_transform(digits.train.X)
    assert not keeps_its_class(images, digits.train.y, 0)
    assert keeps_its_class(images[:3], digits.train.y[:3], 0)  # too few to ask


def test_batches_without_mirror_show_every_image_as_it_is() -> None:
    torch.manual_seed(0)
    data = dataset(10)
    batches = Batches(data, 4, augment=True).without_mirror()
    for _ in range(2):
        for x, y in batches:
            np.testing.assert_array_equal(x.numpy(), data.X[y])


def test_a_net_that_augments_by_its_own_rule_is_not_asked() -> None:
    net = _published.stopped(Task(3, (8, 8, 1)), mirror=True)[-1].set_params(max_epochs=1, min_steps=0)
    net.fit(np.random.default_rng(0).random((30, 1, 8, 8), np.float32), np.arange(30) % 3)
    assert net.get_iterator(net.get_dataset(dataset(30, (8, 8)).X), training=True).mirror
    assert not hasattr(net, "mirror_")
