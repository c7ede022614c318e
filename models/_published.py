"""Reimplementations of nets that others published for Fashion-MNIST: one convolution, one hidden layer.

They follow the Keras notebook of a course ("try 32 filters first, then 64") that many repositories
contain: pixels scaled to [0, 1], 3×3 filters, 2×2 max pooling, dropout of a quarter in the last
version, a dense layer of 32 units and a softmax, weights as in Glorot and Bengio (2010), Adam
(Kingma and Ba 2015) at 0.001. The notebook trains 50 epochs in batches of 512 on 48,000 images:
4,700 steps, as many as 20 epochs in batches of 256 on 60,000 images, which take half the time.

The notebook divides by 255. Here the range of the training pixels becomes [0, 1], which is the same on Fashion-MNIST,
for which the nets were published. Faint pictures divided by 255 would be near one value, and the nets would fail on
them for no reason of their own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.pipeline import Pipeline
from skorch.callbacks import EarlyStopping
from skorch.dataset import Dataset
from skorch.helper import predefined_split
from torch import Tensor, nn
from torch.nn import functional

from benchmark.estimator import Task
from models._pixels import USUAL, Shrunk, pixel_range, shrunk_shape
from models._torch import Batches, SeededNet, ToImages, batches_per_epoch, training_batch_size

MIN_SIDE = 4
"""Pixels that a filter and a pool reduce to one; smaller images are padded to it."""

HELD_OUT_EVERY = 10
"""One in so many rows is held out for early stopping."""

MICRO_BATCH = 64
"""Images of a batch that are processed at once on a CPU."""


class ToUnitImages(ToImages):
    """Convert rows of pixels to float32 images, (n, channels, height, width); the training pixels' range to [0, 1]."""

    def fit(self, X: npt.NDArray[np.uint8], y: object = None) -> ToUnitImages:
        """Learn the range of X, uint8, (n, pixels)."""
        low, high = pixel_range(X)
        self.mean_, self.scale_ = float(low), float(high - low)
        return self

    def transform(self, X: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return float32, (n, channels, height, width); values outside the range become 0 or 1."""
        images = super().transform(X)
        return np.clip(images, 0, 1, out=images)


class OneConvolution(nn.Module):
    """3×3 filters, ReLU, 2×2 max pooling, dropout, a hidden layer, logits.

    Parameters
    ----------
    n_classes : int
    image_shape : tuple of int
        (height, width, channels).
    filters : int
    hidden : int
        Units of the dense layer.
    dropout : float
        Fraction of the pooled features that is dropped in training.
    """

    def __init__(
        self,
        n_classes: int,
        image_shape: tuple[int, int, int],
        filters: int = 32,
        hidden: int = 32,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        height, width = ((max(side, MIN_SIDE) - 2) // 2 for side in image_shape[:2])
        self.convolution = nn.Conv2d(image_shape[2], filters, 3)
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Linear(filters * height * width, hidden)
        self.head = nn.Linear(hidden, n_classes)
        for layer in (self.convolution, self.dense, self.head):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, channels, height, width) to logits, (n, n_classes)."""
        height, width = x.shape[2:]
        if min(height, width) < MIN_SIDE:
            x = functional.pad(x, (0, max(0, MIN_SIDE - width), 0, max(0, MIN_SIDE - height)))
        # ReLU and max pooling commute; pooling first leaves a quarter of the work to the ReLU.
        pooled = functional.max_pool2d(self.convolution(_channels_last(x)), 2).relu()
        logits: Tensor = self.head(self.dense(self.dropout(pooled).permute(0, 2, 3, 1).flatten(1)).relu())
        return logits


def _channels_last(x: Tensor) -> Tensor:
    """Return images in the channels-last layout, which is twice as fast.

    With one channel both layouts are the same in memory; torch assumes the other one unless the strides are set.
    """
    channels, height, width = x.shape[1:]
    if channels > 1:
        return x.contiguous(memory_format=torch.channels_last)
    return x.contiguous().as_strided(x.shape, (height * width, 1, width, 1))


class Shuffled(Batches):
    """Training batches, shuffled in each epoch, with optional random rotation, shift and mirroring.

    Each image is augmented independently in each epoch, as Keras's `ImageDataGenerator` does: uniform
    draws, bilinear interpolation, and the border repeated beyond the edge.

    Parameters
    ----------
    dataset : skorch.dataset.Dataset
        Its `X` is float32, (n, channels, height, width).
    batch_size : int
        Upper limit; batches are smaller if there are few images (`training_batch_size`).
    degrees : float
        Largest rotation, in either direction.
    shift : float
        Largest shift, in either direction, as a fraction of the height and of the width.
    mirror : bool
        Whether images are mirrored left to right with probability one half.
    device : str
        Where the images are stored and augmented.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int,
        degrees: float = 0.0,
        shift: float = 0.0,
        mirror: bool = False,
        device: str = "cpu",
    ) -> None:
        super().__init__(dataset, batch_size, device=device)
        self.size = training_batch_size(len(self.X), batch_size)
        self.count = batches_per_epoch(len(self.X), batch_size)
        self.degrees, self.shift, self.mirror = degrees, shift, mirror

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for rows in torch.randperm(len(self.X)).split(self.size)[: self.count]:
            index = rows.to(self.X.device)
            yield self._augmented(self.X[index]), self.y[index]

    def _augmented(self, x: Tensor) -> Tensor:
        if not (self.degrees or self.shift or self.mirror):
            return x
        n, _, height, width = x.shape
        # Drawn on the CPU whatever the device, so that a seed gives the same images everywhere.
        angle, right, down = 2 * torch.rand(3, n) - 1
        angle = angle * math.radians(self.degrees)
        sign = 1 - 2.0 * (torch.rand(n) < 0.5) if self.mirror else torch.ones(n)
        # The source of each output pixel, in coordinates from -1 to 1; their unit differs between height and width.
        row = torch.stack([sign * angle.cos(), -sign * angle.sin() * height / width, 2 * self.shift * right], dim=1)
        column = torch.stack([angle.sin() * width / height, angle.cos(), 2 * self.shift * down], dim=1)
        grid = functional.affine_grid(torch.stack([row, column], dim=1).to(x.device), list(x.shape), False)
        return functional.grid_sample(x, grid, padding_mode="border", align_corners=False)


class InParts(SeededNet):
    """A `SeededNet` that accumulates the gradient of each batch over micro-batches.

    The gradient is that of the whole batch. But the activations of many filters at full resolution
    stay in the processor's cache, and memory is not allocated and freed in each step, which took up
    to half of the time.
    """

    def train_step_single(self, batch: tuple[Tensor, Tensor], **fit_params: Any) -> dict[str, Tensor]:
        """Return the batch's mean loss and its logits; accumulate the gradient in the parameters."""
        self._set_training(True)
        X, y = batch
        size = MICRO_BATCH if X.device.type == "cpu" else len(X)
        losses, logits = [], []
        for x_part, y_part in zip(X.split(size), y.split(size), strict=True):
            y_pred = self.infer(x_part, **fit_params)
            loss = self.get_loss(y_pred, y_part, X=x_part, training=True) * (len(y_part) / len(y))
            loss.backward()
            losses.append(loss.detach())
            logits.append(y_pred.detach())
        return {"loss": torch.stack(losses).sum(), "y_pred": torch.cat(logits)}


class StoppedNet(InParts):
    """A net that finds its number of epochs by early stopping, then is trained on all rows for that many.

    A stratified tenth of the rows is held out. A net is trained on the rest until the loss on that
    tenth has not fallen for `patience` epochs. The final net is trained from scratch on all rows, for
    the number of epochs with the lowest loss.

    Parameters
    ----------
    patience : int
        Epochs without improvement. It grows in proportion if `min_steps` requires more epochs than
        `max_epochs`, which is the upper limit of the search.
    **kwargs
        Parameters of `SeededNet`.
    """

    best_epoch_: int | None = None

    def __init__(self, module: Any, *, patience: int = 3, **kwargs: Any) -> None:
        self.patience = patience
        super().__init__(module, **kwargs)

    def fit(self, X: Any, y: Any, **fit_params: Any) -> StoppedNet:
        """Fit from scratch on X, float32, (n, 1, height, width), and y, int64, (n,)."""
        self.best_epoch_, self.valid_loss_ = None, []
        held = held_out(y, self.random_state)
        if len(held):  # none of fewer than ten rows
            kept = np.setdiff1d(np.arange(len(y)), held)
            stopping = EarlyStopping(patience=-(-self.patience * self.epochs(len(kept)) // self.max_epochs))
            params = {name: value for name, value in self.get_params(deep=False).items() if name != "patience"}
            params["callbacks"] = [*(self.callbacks or []), ("stopping", stopping)]
            params["callbacks__valid_acc"] = None  # not used
            params["train_split"] = predefined_split(Dataset(X[held], y[held]))
            search = InParts(**params).fit(X[kept], y[kept], **fit_params)
            self.valid_loss_ = search.history[:, "valid_loss"]
            self.best_epoch_ = max(1, stopping.best_epoch_)  # 0 if the loss was always NaN
        super().fit(X, y, **fit_params)
        return self

    def epochs(self, rows: int) -> int:
        """Return the number of epochs for so many rows: the best, once it is known."""
        return self.best_epoch_ or super().epochs(rows)


def held_out(y: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.int64]:
    """Return a stratified tenth of the rows, ascending; none if there are fewer than ten.

    The i-th of a class's n shuffled rows gets the rank (i + 1/2)/n; the tenth with the lowest ranks is returned.

    Parameters
    ----------
    y : ndarray of int64, (n,)
    seed : int

    Returns
    -------
    ndarray of int64
    """
    rng = np.random.default_rng(seed)
    rank = np.empty(len(y))
    for label in np.unique(y):
        rows = np.flatnonzero(y == label)
        rank[rng.permutation(rows)] = (np.arange(len(rows)) + 0.5) / len(rows)
    return np.sort(np.lexsort((rng.random(len(y)), rank))[: len(y) // HELD_OUT_EVERY])


def pipeline(
    task: Task, filters: int, dropout: float = 0.0, net: type[SeededNet] = InParts, **settings: Any
) -> Pipeline:
    """Return a published net as a pipeline; `settings` are parameters of the net that override the defaults.

    The nets are made for 28 by 28 pixels, and their dense layer grows with the image: larger images are averaged down.
    """
    shape = shrunk_shape(task.image_shape, USUAL * USUAL)
    defaults: dict[str, Any] = {
        "module__n_classes": task.n_classes,
        "module__image_shape": shape,
        "module__filters": filters,
        "module__hidden": 32,
        "module__dropout": dropout,
        "classes": list(range(task.n_classes)),
        "criterion": nn.CrossEntropyLoss,
        "optimizer": torch.optim.Adam,
        "lr": 1e-3,
        "max_epochs": 20,
        "min_steps": 300,
        "batch_size": 256,
        "iterator_train": Shuffled,
        "iterator_train__device": task.device,
        "iterator_valid": Batches,
        "iterator_valid__device": task.device,
        "train_split": None,  # skorch would hold out a fifth; the other estimators train on all rows
        "verbose": 0,
        "random_state": task.seed,
        "threads": task.threads,
        "device": task.device,
    }
    model = net(OneConvolution, **{**defaults, **settings})
    small = [] if shape == task.image_shape else [("shrink", Shrunk(task.image_shape, shape))]
    return Pipeline([*small, ("images", ToUnitImages(shape)), ("net", model)])


def stopped(task: Task, **augmentation: Any) -> Pipeline:
    """Return the net of cnn_32 with early stopping, with or without augmentation.

    Parameters
    ----------
    task : Task
    **augmentation
        Parameters of `Shuffled`.
    """
    iterator = {f"iterator_train__{name}": value for name, value in augmentation.items()}
    return pipeline(task, filters=32, net=StoppedNet, patience=3, **iterator)
