"""What the nets share: a small residual network, whole-batch augmentation, and the schedule.

The recipe (residual net, one-cycle SGD, label smoothing, mirrored and shifted images, mirrored
again at prediction) is the one of fast CIFAR training: Page, "How to train your ResNet" (2018);
Smith, "Super-Convergence" (arXiv 1708.07120).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import BaseEstimator, TransformerMixin
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback
from torch import Tensor, nn


class ToImages(TransformerMixin, BaseEstimator):
    """Rows of grey values to standardised float32 images, (n, 1, height, width).

    Mean and deviation are one number each, taken over all pixels of the training rows.

    Parameters
    ----------
    image_shape : tuple of int
        (height, width).
    """

    def __init__(self, image_shape: tuple[int, int]) -> None:
        self.image_shape = image_shape

    def fit(self, X: npt.NDArray[np.uint8], y: object = None) -> ToImages:
        """Learn mean and deviation from X, uint8, (n, pixels)."""
        self.mean_ = float(X.mean())
        self.scale_ = float(X.std()) or 1.0
        return self

    def transform(self, X: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return float32, (n, 1, height, width)."""
        images = (X.astype(np.float32) - self.mean_) / self.scale_
        return images.reshape(len(X), 1, *self.image_shape)


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(_conv(channels, channels), _conv(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = x + self.body(x)
        return result


def _conv(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class ResidualNet(nn.Module):
    """A small residual net; pools to a half twice, then over the whole image.

    With ``width=32`` and 28 by 28 images: 0.2 million parameters, 7 million multiply-adds an image.

    Parameters
    ----------
    n_classes : int
    width : int
        Channels of the first layer; the later ones have up to three times as many.
    """

    def __init__(self, n_classes: int, width: int = 32) -> None:
        super().__init__()
        middle, last = width * 3 // 2, width * 2
        self.features = nn.Sequential(
            _conv(1, width),
            nn.MaxPool2d(2, ceil_mode=True),
            _conv(width, middle),
            nn.MaxPool2d(2, ceil_mode=True),
            _conv(middle, last),
            _Residual(last),
        )
        self.head = nn.Linear(2 * last, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, 1, height, width) to logits, (n, n_classes).

        Out of training, the mean over the image and its mirror image.
        """
        logits = self._logits(x)
        if not self.training:
            logits = (logits + self._logits(x.flip(-1))) / 2
        return logits

    def _logits(self, x: Tensor) -> Tensor:
        x = self.features(x.contiguous(memory_format=torch.channels_last))
        pooled = torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1)
        logits: Tensor = self.head(pooled)
        return logits


class Batches:
    """What skorch iterates instead of a DataLoader: slices of one array, no worker, no copy per image.

    With ``augment``, each batch is shuffled in, every image mirrored with probability 1/2 and the
    image moved by up to `shift` pixels, by whole-batch indexing.

    Parameters
    ----------
    dataset : skorch.dataset.Dataset
        Its `X` is float32, (n, 1, height, width).
    batch_size : int
    augment : bool
    shift : int
        Pixels.
    """

    def __init__(self, dataset: Any, batch_size: int, augment: bool = False, shift: int = 0) -> None:
        self.X = torch.from_numpy(np.ascontiguousarray(dataset.X))
        self.y = None if dataset.y is None else torch.from_numpy(np.ascontiguousarray(dataset.y, dtype=np.int64))
        self.batch_size, self.augment, self.shift = batch_size, augment, shift

    def __len__(self) -> int:
        return -(-len(self.X) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        n = len(self.X)
        order = torch.randperm(n) if self.augment else torch.arange(n)
        for rows in order.split(self.batch_size):
            if self.augment and len(rows) == 1 and n > 1:
                continue  # batch norm has no variance over one image
            x = self.X[rows]
            if self.augment:
                x = _mirror_and_shift(x, self.shift)
            yield x, torch.zeros(len(rows)) if self.y is None else self.y[rows]


def _mirror_and_shift(x: Tensor, shift: int) -> Tensor:
    n, _, height, width = x.shape
    columns = torch.arange(width).expand(n, width)
    mirrored = torch.rand(n, 1) < 0.5
    columns = torch.where(mirrored, columns.flip(1), columns)
    rows = torch.arange(height).expand(n, height)
    if shift:
        # Clamped indices repeat the border, which in centred pictures is background.
        columns = (columns + torch.randint(-shift, shift + 1, (n, 1))).clamp(0, width - 1)
        rows = (rows + torch.randint(-shift, shift + 1, (n, 1))).clamp(0, height - 1)
    moved: Tensor = x[torch.arange(n)[:, None, None], 0, rows[:, :, None], columns[:, None, :]]
    return moved[:, None]


class OneCycle(Callback):
    """One-cycle learning rate over the whole of training, set once the number of rows is known.

    Parameters
    ----------
    warm_up : float
        Share of the steps in which the rate rises.
    """

    def __init__(self, warm_up: float = 0.25) -> None:
        self.warm_up = warm_up

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Lay out the schedule for ``max_epochs`` over the rows of X."""
        steps = net.max_epochs * -(-len(X) // net.batch_size)
        self.schedule_ = torch.optim.lr_scheduler.OneCycleLR(
            net.optimizer_, max_lr=net.lr, total_steps=steps + 1, pct_start=self.warm_up
        )

    def on_batch_end(self, net: Any, training: bool = False, **kwargs: Any) -> None:
        """Take one step."""
        if training:
            self.schedule_.step()


class SeededNet(NeuralNetClassifier):  # type: ignore[misc]
    """A `NeuralNetClassifier` that is a function of its seed, as scikit-learn's estimators are.

    Parameters
    ----------
    random_state : int
        Seeds weights, order and augmentation at `fit`.
    threads : int
        torch's own threads.
    **kwargs
        As skorch.
    """

    def __init__(self, module: Any, *, random_state: int = 0, threads: int = 1, **kwargs: Any) -> None:
        self.random_state = random_state
        self.threads = threads
        super().__init__(module, **kwargs)

    def fit(self, X: Any, y: Any, **fit_params: Any) -> SeededNet:
        """Fit from scratch on X, float32, (n, 1, height, width), and y, int64, (n,)."""
        torch.set_num_threads(self.threads)
        torch.manual_seed(self.random_state)
        super().fit(X, y, **fit_params)
        return self

    def predict_proba(self, X: Any) -> npt.NDArray[np.float32]:
        """Return probabilities, float32, (n, n_classes)."""
        torch.set_num_threads(self.threads)
        return np.asarray(super().predict_proba(X))
