"""What the nets share: whole-batch augmentation, the schedule, and training that is a function of its seed.

The recipe (residual net, rates up and down once, label smoothing, mirrored and shifted images,
mirrored again at prediction) is the one of fast CIFAR training: Page, "How to train your ResNet"
(2018); Jordan, "94 % on CIFAR-10 in 3.29 seconds" (arXiv 2404.00498), which is airbench.
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
from torch import Tensor


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


SMALLEST_BATCH = 32

LEAST_BATCHES = 16
"""Of an epoch; of fewer images, batches get smaller, as few large steps teach little."""


def images_a_batch(rows: int, most: int) -> int:
    """Return how many of so many rows make a batch of training."""
    return min(most, max(SMALLEST_BATCH, rows // LEAST_BATCHES))


def batches_an_epoch(rows: int, most: int) -> int:
    """Return how many batches of training so many rows make.

    A last batch of one image is left out: batch norm has no variance over it.
    """
    whole, rest = divmod(rows, images_a_batch(rows, most))
    return max(1, whole + (rest > 1))


class Batches:
    """What skorch iterates instead of a DataLoader: slices of one tensor, no worker, no copy per image.

    With ``augment``, the order is drawn anew each epoch, images are moved by up to `shift` pixels,
    and each is mirrored in every other epoch, half of them first (as in airbench: two epochs show
    every image both ways, which a coin for each epoch does for half of them).

    Parameters
    ----------
    dataset : skorch.dataset.Dataset
        Its `X` is float32, (n, 1, height, width).
    batch_size : int
        At most; fewer in training if there are few images (`images_a_batch`).
    augment : bool
    shift : int
        Pixels.
    device : str
        Where the images are kept and moved about.
    """

    def __init__(
        self, dataset: Any, batch_size: int, augment: bool = False, shift: int = 0, device: str = "cpu"
    ) -> None:
        self.X = torch.from_numpy(np.ascontiguousarray(dataset.X)).to(device)
        y = np.zeros(len(dataset.X)) if dataset.y is None else dataset.y
        self.y = torch.from_numpy(np.ascontiguousarray(y, dtype=np.int64)).to(device)
        n = len(self.X)
        self.size = images_a_batch(n, batch_size) if augment else batch_size
        self.count = batches_an_epoch(n, batch_size) if augment else -(-n // batch_size)
        self.augment, self.shift = augment, shift
        self.mirrored = torch.rand(len(self.X)) < 0.5 if augment else torch.zeros(len(self.X), dtype=torch.bool)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        n = len(self.X)
        order = torch.randperm(n) if self.augment else torch.arange(n)
        for rows in order.split(self.size)[: self.count]:
            here = rows.to(self.X.device)
            x = _moved(self.X[here], self.mirrored[rows], self.shift) if self.augment else self.X[here]
            yield x, self.y[here]
        if self.augment:
            self.mirrored = ~self.mirrored


def _moved(x: Tensor, mirrored: Tensor, shift: int) -> Tensor:
    n, _, height, width = x.shape
    columns = torch.arange(width).expand(n, width)
    columns = torch.where(mirrored[:, None], columns.flip(1), columns)
    rows = torch.arange(height).expand(n, height)
    if shift:
        # Clamped indices repeat the border, which in centred pictures is background.
        columns = (columns + torch.randint(-shift, shift + 1, (n, 1))).clamp(0, width - 1)
        rows = (rows + torch.randint(-shift, shift + 1, (n, 1))).clamp(0, height - 1)
    # Drawn on the processor whatever the device, so that a seed means the same everywhere.
    rows, columns = rows.to(x.device), columns.to(x.device)
    moved: Tensor = x[torch.arange(n, device=x.device)[:, None, None], 0, rows[:, :, None], columns[:, None, :]]
    return moved[:, None]


class Course(Callback):
    """What changes from step to step over the whole of training."""

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Count the steps to come, now that the number of rows is known."""
        self.steps_, self.taken_ = net.steps(len(X)), 0

    def on_batch_begin(self, net: Any, training: bool = False, **kwargs: Any) -> None:
        """Prepare the next step."""
        if training:
            self.prepare(net)
            self.taken_ += 1

    def prepare(self, net: Any) -> None:
        """Set what the step after `taken_` of `steps_` needs."""
        raise NotImplementedError


class UpAndDown(Course):
    """Learning rates from near zero up to their peak and down again, once over all of training.

    Parameters
    ----------
    warm_up : float
        Share of the steps in which the rates rise.
    """

    def __init__(self, warm_up: float = 0.2) -> None:
        self.warm_up = warm_up

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Note the peaks: the rates as they were given."""
        super().on_train_begin(net, X, y, **kwargs)
        self.peaks_ = [group["lr"] for group in net.optimizer_.param_groups]

    def prepare(self, net: Any) -> None:
        """Set the rates."""
        rising = max(1, round(self.warm_up * self.steps_))
        left = (self.steps_ - self.taken_) / max(1, self.steps_ - rising)
        for group, peak in zip(net.optimizer_.param_groups, self.peaks_, strict=True):
            group["lr"] = peak * min((self.taken_ + 1) / rising, left)


class Growing(Course):
    """Small images first, whole ones last: what they teach at half the price need not be paid in full.

    As progressive resizing (fast.ai's of 2018, and what FFCV's recipes do on ImageNet). Sets the
    module's `zoom`.

    Parameters
    ----------
    share : float
        Of the steps that see small images.
    zoom : float
        Of height and width of a small image.
    """

    def __init__(self, share: float = 0.5, zoom: float = 5 / 7) -> None:
        self.share = share
        self.zoom = zoom

    def prepare(self, net: Any) -> None:
        """Set the zoom."""
        net.module_.zoom = self.zoom if self.taken_ < round(self.share * self.steps_) else 1.0


class SeededNet(NeuralNetClassifier):  # type: ignore[misc]
    """A `NeuralNetClassifier` that is a function of its seed, as scikit-learn's estimators are.

    Parameters
    ----------
    random_state : int
        Seeds weights, order and augmentation at `fit`.
    threads : int
        torch's own threads.
    min_steps : int
        Of the optimizer, however few the rows: epochs are added until there are as many. A net
        that has taken 40 steps says nothing about what it could learn from its rows.
    **kwargs
        As skorch.
    """

    def __init__(
        self, module: Any, *, random_state: int = 0, threads: int = 1, min_steps: int = 0, **kwargs: Any
    ) -> None:
        self.random_state = random_state
        self.threads = threads
        self.min_steps = min_steps
        super().__init__(module, **kwargs)

    def fit(self, X: Any, y: Any, **fit_params: Any) -> SeededNet:
        """Fit from scratch on X, float32, (n, 1, height, width), and y, int64, (n,)."""
        torch.set_num_threads(self.threads)
        torch.manual_seed(self.random_state)
        torch.backends.cudnn.deterministic = True
        super().fit(X, y, **fit_params)
        return self

    def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:
        """As skorch's; counts anew."""
        super().on_epoch_begin(net, **kwargs)
        self.right_, self.seen_ = 0, 0

    def on_batch_end(self, net: Any, batch: Any = None, training: bool = False, **kwargs: Any) -> None:
        """Count the right answers of a batch that was trained on: none is predicted for it."""
        super().on_batch_end(net, batch=batch, training=training, **kwargs)
        if training:
            self.right_ += int((kwargs["y_pred"].argmax(dim=1) == batch[1]).sum())
            self.seen_ += len(batch[1])

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Note the training accuracy as Keras prints it: over the epoch's batches, each before its step."""
        super().on_epoch_end(net, **kwargs)
        self.history.record("train_accuracy", self.right_ / self.seen_)

    def epochs(self, rows: int) -> int:
        """Return how many epochs are trained on so many rows."""
        return max(self.max_epochs, -(-self.min_steps // batches_an_epoch(rows, self.batch_size)))

    def steps(self, rows: int) -> int:
        """Return how many steps the optimizer takes on so many rows."""
        return self.epochs(rows) * batches_an_epoch(rows, self.batch_size)

    def fit_loop(self, X: Any, y: Any = None, epochs: int | None = None, **kwargs: Any) -> SeededNet:
        """As skorch's, with the epochs that the number of rows asks for."""
        super().fit_loop(X, y, epochs=self.epochs(len(X)) if epochs is None else epochs, **kwargs)
        return self

    def initialize_module(self) -> SeededNet:
        """As skorch's, with filters laid out as the images are, or they would be laid out anew at each step."""
        super().initialize_module()
        self.module_.to(memory_format=torch.channels_last)
        return self

    def infer(self, x: Any, **fit_params: Any) -> Tensor:
        """Return logits, float32; worked out in bfloat16 on a GPU that has it."""
        x = x.contiguous(memory_format=torch.channels_last)
        device = torch.device(self.device).type
        mixed = device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        with torch.autocast(device, torch.bfloat16, enabled=mixed):
            logits: Tensor = super().infer(x, **fit_params)
        return logits.float()

    def predict_proba(self, X: Any) -> npt.NDArray[np.float32]:
        """Return probabilities, float32, (n, n_classes)."""
        torch.set_num_threads(self.threads)
        return np.asarray(super().predict_proba(X))
