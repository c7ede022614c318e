"""The nets that others publish for Fashion-MNIST, made again: one convolution, one hidden layer.

After the Keras notebook of a lesson ("try 32 filters first, then 64") that many repositories hold:
pixels divided by 255, 3×3 filters, 2×2 max pooling, a quarter dropped in the last of them, a dense
layer of 32 and a softmax, weights drawn as Glorot and Bengio (2010) do, Adam (Kingma and Ba 2015)
at 0.001. The notebook takes 50 epochs in batches of 512 of 48,000 images: 4,700 steps, as many as
20 epochs in batches of 256 of 60,000 images, which take half the time.
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
from models._torch import Batches, SeededNet, ToImages, batches_an_epoch, images_a_batch

SMALLEST = 4
"""Side of an image, in pixels, of which a filter and a pool leave one place; smaller ones are padded."""

HELD_OUT = 10
"""One in so many rows tells a net that stops early when to stop."""

PART = 64
"""Images of a batch whose features are in memory at once."""


class ToUnitImages(ToImages):
    """Rows of grey values to float32 images in [0, 1], (n, 1, height, width)."""

    def fit(self, X: npt.NDArray[np.uint8], y: object = None) -> ToUnitImages:
        """Learn nothing."""
        self.mean_, self.scale_ = 0.0, 255.0
        return self


class OneConvolution(nn.Module):
    """3×3 filters, ReLU, 2×2 max pooling, dropout, a hidden layer, logits.

    Parameters
    ----------
    n_classes : int
    image_shape : tuple of int
        (height, width).
    filters : int
    hidden : int
        Units of the dense layer.
    dropout : float
        Share of the pooled features.
    """

    def __init__(
        self, n_classes: int, image_shape: tuple[int, int], filters: int = 32, hidden: int = 32, dropout: float = 0.0
    ) -> None:
        super().__init__()
        height, width = ((max(side, SMALLEST) - 2) // 2 for side in image_shape)
        self.convolution = nn.Conv2d(1, filters, 3)
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Linear(filters * height * width, hidden)
        self.head = nn.Linear(hidden, n_classes)
        for layer in (self.convolution, self.dense, self.head):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, 1, height, width) to logits, (n, n_classes)."""
        height, width = x.shape[2:]
        if min(height, width) < SMALLEST:
            x = functional.pad(x, (0, max(0, SMALLEST - width), 0, max(0, SMALLEST - height)))
        # The largest of four is the same before the ReLU as after it, which then has a quarter to do.
        pooled = functional.max_pool2d(self.convolution(_channels_last(x)), 2).relu()
        logits: Tensor = self.head(self.dense(self.dropout(pooled).permute(0, 2, 3, 1).flatten(1)).relu())
        return logits


def _channels_last(x: Tensor) -> Tensor:
    """Return images of one channel in the layout that is twice as fast.

    With one channel it cannot be told from the other, which is what torch takes it for unless the strides say more.
    """
    height, width = x.shape[2:]
    return x.contiguous().as_strided(x.shape, (height * width, 1, width, 1))


class Shuffled(Batches):
    """Batches of training in an order drawn anew each epoch, of images that may be moved about.

    Each time an image is seen it is turned, shifted and mirrored anew, as Keras's
    `ImageDataGenerator` does it: evenly drawn, bilinear, with the border repeated beyond the edge.

    Parameters
    ----------
    dataset : skorch.dataset.Dataset
        Its `X` is float32, (n, 1, height, width).
    batch_size : int
        At most; fewer if there are few images (`images_a_batch`).
    degrees : float
        Turned by up to so many, either way.
    shift : float
        Shifted by up to this share of the height and of the width, either way.
    mirror : bool
        Mirrored left to right, every other time on average.
    device : str
        Where the images are kept and moved about.
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
        self.size = images_a_batch(len(self.X), batch_size)
        self.count = batches_an_epoch(len(self.X), batch_size)
        self.degrees, self.shift, self.mirror = degrees, shift, mirror

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for rows in torch.randperm(len(self.X)).split(self.size)[: self.count]:
            here = rows.to(self.X.device)
            yield self._changed(self.X[here]), self.y[here]

    def _changed(self, x: Tensor) -> Tensor:
        if not (self.degrees or self.shift or self.mirror):
            return x
        n, _, height, width = x.shape
        # Drawn on the processor whatever the device, so that a seed means the same everywhere.
        angle, right, down = 2 * torch.rand(3, n) - 1
        angle = angle * math.radians(self.degrees)
        side = 1 - 2.0 * (torch.rand(n) < 0.5) if self.mirror else torch.ones(n)
        # From where an output pixel comes, in coordinates of -1 to 1, of which a pixel's sides may differ.
        row = torch.stack([side * angle.cos(), -side * angle.sin() * height / width, 2 * self.shift * right], dim=1)
        column = torch.stack([angle.sin() * width / height, angle.cos(), 2 * self.shift * down], dim=1)
        where = functional.affine_grid(torch.stack([row, column], dim=1).to(x.device), list(x.shape), False)
        return functional.grid_sample(x, where, padding_mode="border", align_corners=False)


class InParts(SeededNet):
    """A `SeededNet` that takes each step of the optimizer on the whole batch, but works it out a part at a time.

    The gradient is the same; but what many filters write over full pictures stays in the processor's cache, and
    memory is not asked of the system and given back at each step, which took up to half of the time.
    """

    def train_step_single(self, batch: tuple[Tensor, Tensor], **fit_params: Any) -> dict[str, Tensor]:
        """Return the batch's mean loss and its logits; leave the gradient in the parameters."""
        self._set_training(True)
        X, y = batch
        size = PART if X.device.type == "cpu" else len(X)
        losses, logits = [], []
        for x_part, y_part in zip(X.split(size), y.split(size), strict=True):
            y_pred = self.infer(x_part, **fit_params)
            loss = self.get_loss(y_pred, y_part, X=x_part, training=True) * (len(y_part) / len(y))
            loss.backward()
            losses.append(loss.detach())
            logits.append(y_pred.detach())
        return {"loss": torch.stack(losses).sum(), "y_pred": torch.cat(logits)}


class StoppedNet(InParts):
    """A net that finds the number of its epochs by early stopping, then trains anew on all rows for as many.

    A tenth of the rows, stratified, is held out; the net is trained on the rest until the loss on
    that tenth has not fallen for `patience` epochs, and the best epoch is noted. What is kept is
    another net, trained on all of the rows for that many epochs.

    Parameters
    ----------
    patience : int
        Epochs, in proportion more where `min_steps` asks for more epochs than `max_epochs`, which
        here is the most that are tried.
    **kwargs
        As `SeededNet`.
    """

    best_epoch_: int | None = None

    def __init__(self, module: Any, *, patience: int = 3, **kwargs: Any) -> None:
        self.patience = patience
        super().__init__(module, **kwargs)

    def fit(self, X: Any, y: Any, **fit_params: Any) -> StoppedNet:
        """Fit from scratch on X, float32, (n, 1, height, width), and y, int64, (n,)."""
        self.best_epoch_, self.valid_loss_ = None, []
        held = held_out(y, self.random_state)
        if len(held):  # of fewer than ten rows none can be spared
            kept = np.setdiff1d(np.arange(len(y)), held)
            stopping = EarlyStopping(patience=-(-self.patience * self.epochs(len(kept)) // self.max_epochs))
            given = {name: value for name, value in self.get_params(deep=False).items() if name != "patience"}
            given["callbacks"] = [*(self.callbacks or []), ("stopping", stopping)]
            given["callbacks__valid_acc"] = None  # nothing asks for it
            given["train_split"] = predefined_split(Dataset(X[held], y[held]))
            search = InParts(**given).fit(X[kept], y[kept], **fit_params)
            self.valid_loss_ = search.history[:, "valid_loss"]
            self.best_epoch_ = max(1, stopping.best_epoch_)  # 0 of a loss that never was a number
        super().fit(X, y, **fit_params)
        return self

    def epochs(self, rows: int) -> int:
        """Return how many epochs are trained on so many rows: the best, once it is known."""
        return self.best_epoch_ or super().epochs(rows)


def held_out(y: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.int64]:
    """Return a tenth of the rows, each class in its proportion, ascending; none of fewer than ten.

    The i-th of a class's n shuffled rows stands at (i + 1/2)/n of the whole; the first tenth is taken.

    Parameters
    ----------
    y : ndarray of int64, (n,)
    seed : int
    """
    rng = np.random.default_rng(seed)
    place = np.empty(len(y))
    for label in np.unique(y):
        rows = np.flatnonzero(y == label)
        place[rng.permutation(rows)] = (np.arange(len(rows)) + 0.5) / len(rows)
    return np.sort(np.lexsort((rng.random(len(y)), place))[: len(y) // HELD_OUT])


def pipeline(
    task: Task, filters: int, dropout: float = 0.0, net: type[SeededNet] = InParts, **settings: Any
) -> Pipeline:
    """Return a published net as a pipeline; `settings` are parameters of the net, above the usual ones."""
    usual: dict[str, Any] = {
        "module__n_classes": task.n_classes,
        "module__image_shape": task.image_shape,
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
        "train_split": None,  # skorch would hold out a fifth; the rivals train on all rows
        "verbose": 0,
        "random_state": task.seed,
        "threads": task.threads,
        "device": task.device,
    }
    return Pipeline([("images", ToUnitImages(task.image_shape)), ("net", net(OneConvolution, **{**usual, **settings}))])


def stopped(task: Task, **augmentation: Any) -> Pipeline:
    """Return the net of cnn_32, which held-out rows say how long to train, with augmentation or without.

    Parameters
    ----------
    task : Task
    **augmentation
        Parameters of `Shuffled`.
    """
    moved = {f"iterator_train__{name}": value for name, value in augmentation.items()}
    return pipeline(task, filters=32, net=StoppedNet, patience=3, **moved)
