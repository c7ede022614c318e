"""What the nets share: augmentation of whole batches, schedules, and training that is reproducible from its seed.

The recipe (residual net, one-cycle learning rate, label smoothing, mirrored and shifted images,
averaging over the mirror image at prediction) is that of fast CIFAR training: Page, "How to train
your ResNet" (2018); Jordan, "94 % on CIFAR-10 in 3.29 seconds" (arXiv 2404.00498), which is airbench.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import BaseEstimator, TransformerMixin
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback
from torch import Tensor, nn

from models._pixels import USUAL


class ToImages(TransformerMixin, BaseEstimator):
    """Convert rows of pixels to standardised float32 images, (n, channels, height, width).

    Mean and standard deviation are one number each, over all pixels and channels of the training rows.

    Parameters
    ----------
    image_shape : tuple of int
        (height, width, channels).
    """

    def __init__(self, image_shape: tuple[int, int, int]) -> None:
        self.image_shape = image_shape

    def fit(self, X: npt.NDArray[np.uint8], y: object = None) -> ToImages:
        """Compute mean and standard deviation of X, uint8, (n, pixels)."""
        self.mean_ = float(X.mean())
        self.scale_ = float(X.std()) or 1.0
        return self

    def transform(self, X: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return float32, (n, channels, height, width)."""
        images = (X.astype(np.float32) - self.mean_) / self.scale_
        return np.ascontiguousarray(images.reshape(len(X), *self.image_shape).transpose(0, 3, 1, 2))


MIN_BATCH_SIZE = 32

MIN_BATCHES_PER_EPOCH = 16
"""With few images, batches are made smaller to reach it: a few large steps teach little."""


def training_batch_size(rows: int, batch_size: int) -> int:
    """Return the number of images in a training batch: `batch_size`, or fewer if there are few rows."""
    return min(batch_size, max(MIN_BATCH_SIZE, rows // MIN_BATCHES_PER_EPOCH))


def batches_per_epoch(rows: int, batch_size: int) -> int:
    """Return the number of training batches in an epoch over so many rows.

    A last batch of one image is left out: batch norm has no variance over it.
    """
    full, rest = divmod(rows, training_batch_size(rows, batch_size))
    return max(1, full + (rest > 1))


class Batches:
    """A replacement for torch's DataLoader in skorch: batches indexed from one tensor, without workers.

    With ``augment``, images are shuffled in each epoch, shifted by up to `shift` pixels, and mirrored
    in every other epoch, half of them in the first. So any two consecutive epochs show every image
    both ways, as in airbench; random mirroring in each epoch would do that for half of the images.

    Parameters
    ----------
    dataset : skorch.dataset.Dataset
        Its `X` is float32, (n, channels, height, width).
    batch_size : int
        Upper limit; training batches are smaller if there are few images (`training_batch_size`).
    augment : bool
    shift : int
        Pixels of an image of `USUAL` a side; in proportion more of a larger one.
    device : str
        Where the images are stored and augmented.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int,
        augment: bool = False,
        shift: int = 0,
        device: str = "cpu",
    ) -> None:
        self.X = torch.from_numpy(np.ascontiguousarray(dataset.X)).to(device)
        y = np.zeros(len(dataset.X)) if dataset.y is None else dataset.y
        self.y = torch.from_numpy(np.ascontiguousarray(y, dtype=np.int64)).to(device)
        n = len(self.X)
        self.size = training_batch_size(n, batch_size) if augment else batch_size
        self.count = batches_per_epoch(n, batch_size) if augment else -(-n // batch_size)
        self.augment, self.mirror = augment, augment
        self.shift = round(shift * max(1.0, max(self.X.shape[2:]) / USUAL))
        self.mirrored = torch.rand(n) < 0.5 if augment else torch.zeros(n, dtype=torch.bool)

    def without_mirror(self) -> Self:
        """Return these batches; from now on they mirror no image."""
        self.mirror, self.mirrored = False, torch.zeros_like(self.mirrored)
        return self

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        n = len(self.X)
        order = torch.randperm(n) if self.augment else torch.arange(n)
        for rows in order.split(self.size)[: self.count]:
            index = rows.to(self.X.device)
            x = _augmented(self.X[index], self.mirrored[rows], self.shift) if self.augment else self.X[index]
            yield x, self.y[index]
        if self.mirror:
            self.mirrored = ~self.mirrored


def _augmented(x: Tensor, mirrored: Tensor, shift: int) -> Tensor:
    """Return images, (n, channels, height, width), some mirrored, each shifted by up to `shift` pixels."""
    n, channels, height, width = x.shape
    columns = torch.arange(width).expand(n, width)
    columns = torch.where(mirrored[:, None], columns.flip(1), columns)
    rows = torch.arange(height).expand(n, height)
    if shift:
        # Clamped indices repeat the border, which is background in centred images.
        columns = (columns + torch.randint(-shift, shift + 1, (n, 1))).clamp(0, width - 1)
        rows = (rows + torch.randint(-shift, shift + 1, (n, 1))).clamp(0, height - 1)
    # Drawn on the CPU whatever the device, so that a seed gives the same shifts everywhere.
    rows, columns = rows.to(x.device), columns.to(x.device)
    image, channel = torch.arange(n, device=x.device), torch.arange(channels, device=x.device)
    augmented: Tensor = x[
        image[:, None, None, None], channel[:, None, None], rows[:, None, :, None], columns[:, None, None, :]
    ]
    return augmented


class StepCallback(Callback):
    """A callback that changes something before each step, over the whole of training."""

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Compute the number of steps, now that the number of rows is known."""
        self.steps_, self.taken_ = net.steps(len(X)), 0

    def on_batch_begin(self, net: Any, training: bool = False, **kwargs: Any) -> None:
        """Prepare the next step."""
        if training:
            self.prepare(net)
            self.taken_ += 1

    def prepare(self, net: Any) -> None:
        """Prepare the step after `taken_` of `steps_` steps."""
        raise NotImplementedError


class UpAndDown(StepCallback):
    """One-cycle learning rates: linearly up from near zero to the peak, then linearly down again.

    Parameters
    ----------
    warm_up : float
        Fraction of the steps in which the rates rise.
    """

    def __init__(self, warm_up: float = 0.2) -> None:
        self.warm_up = warm_up

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Store the peaks: the optimizer's initial rates."""
        super().on_train_begin(net, X, y, **kwargs)
        self.peaks_ = [group["lr"] for group in net.optimizer_.param_groups]

    def prepare(self, net: Any) -> None:
        """Set the learning rates."""
        warm_up_steps = max(1, round(self.warm_up * self.steps_))
        falling = (self.steps_ - self.taken_) / max(1, self.steps_ - warm_up_steps)
        for group, peak in zip(net.optimizer_.param_groups, self.peaks_, strict=True):
            group["lr"] = peak * min((self.taken_ + 1) / warm_up_steps, falling)


class Growing(StepCallback):
    """Progressive resizing: train on downscaled images first, which is cheaper, and on full ones at the end.

    As fast.ai did in 2018 and FFCV's recipes do on ImageNet. It sets the module's `zoom`.

    Parameters
    ----------
    share : float
        Fraction of the steps on downscaled images.
    zoom : float
        Factor of the height and width of a downscaled image.
    """

    def __init__(self, share: float = 0.5, zoom: float = 5 / 7) -> None:
        self.share = share
        self.zoom = zoom

    def prepare(self, net: Any) -> None:
        """Set the zoom."""
        net.module_.zoom = self.zoom if self.taken_ < round(self.share * self.steps_) else 1.0


class SeededNet(NeuralNetClassifier):  # type: ignore[misc]
    """A skorch `NeuralNetClassifier` that is reproducible from its seed, as scikit-learn's estimators are.

    A mirrored shoe is a shoe, and a mirrored 2 is no digit. So a module whose class says ``mirrors``, and that
    has a buffer ``mirror``, is trained and asked with mirrored images only if the training rows speak
    for it, see `keeps_its_class`. `mirror_` says it after `fit`.

    Parameters
    ----------
    random_state : int
        Seeds weights, shuffling and augmentation at `fit`.
    threads : int
        Threads of torch.
    min_steps : int
        Minimum number of optimizer steps: with few rows, epochs are added until it is reached. A net
        after 40 steps does not show what it could learn from its rows.
    **kwargs
        Parameters of `NeuralNetClassifier`.
    """

    def __init__(
        self, module: Any, *, random_state: int = 0, threads: int = 1, min_steps: int = 0, **kwargs: Any
    ) -> None:
        self.random_state = random_state
        self.threads = threads
        self.min_steps = min_steps
        super().__init__(module, **kwargs)

    def fit(self, X: Any, y: Any, **fit_params: Any) -> SeededNet:
        """Fit from scratch on X, float32, (n, channels, height, width), and y, int64, (n,)."""
        torch.set_num_threads(self.threads)
        torch.manual_seed(self.random_state)
        torch.backends.cudnn.deterministic = True
        if self._asks:
            self.mirror_ = keeps_its_class(X, y, self.random_state)
        super().fit(X, y, **fit_params)
        return self

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        """Return the batches, of mirrored images only if `fit` chose so."""
        batches = super().get_iterator(dataset, training=training)
        return batches.without_mirror() if training and self._asks and not self.mirror_ else batches

    def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:
        """Reset the counts of the training accuracy."""
        super().on_epoch_begin(net, **kwargs)
        self.correct_, self.seen_ = 0, 0

    def on_batch_end(self, net: Any, batch: Any = None, training: bool = False, **kwargs: Any) -> None:
        """Count the correct predictions of a training batch, from the logits of its training step."""
        super().on_batch_end(net, batch=batch, training=training, **kwargs)
        if training:
            self.correct_ += int((kwargs["y_pred"].argmax(dim=1) == batch[1]).sum())
            self.seen_ += len(batch[1])

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Record the training accuracy as Keras does: over the epoch's batches, each before its step."""
        super().on_epoch_end(net, **kwargs)
        self.history.record("train_accuracy", self.correct_ / self.seen_)

    def epochs(self, rows: int) -> int:
        """Return the number of epochs for so many rows."""
        return max(self.max_epochs, -(-self.min_steps // batches_per_epoch(rows, self.batch_size)))

    def steps(self, rows: int) -> int:
        """Return the number of optimizer steps for so many rows."""
        return self.epochs(rows) * batches_per_epoch(rows, self.batch_size)

    def fit_loop(self, X: Any, y: Any = None, epochs: int | None = None, **kwargs: Any) -> SeededNet:
        """Train as skorch does, for `epochs(len(X))` epochs unless `epochs` is given."""
        super().fit_loop(X, y, epochs=self.epochs(len(X)) if epochs is None else epochs, **kwargs)
        return self

    def initialize_module(self) -> SeededNet:
        """Initialize as skorch does, then convert the filters to channels-last, once instead of in each step."""
        super().initialize_module()
        self.module_.to(memory_format=torch.channels_last)
        if self._asks:
            self.module_.mirror.fill_(getattr(self, "mirror_", True))
        return self

    @property
    def _asks(self) -> bool:
        return bool(getattr(self.module, "mirrors", False))

    def infer(self, x: Any, **fit_params: Any) -> Tensor:
        """Return logits, float32; computed in bfloat16 on a GPU that supports it."""
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


ASKED_ROWS = 4_000
"""Most training rows that are asked about mirrored images."""

ASKED_SIDE = 16
"""Side in pixels that these images are averaged down to."""

ENOUGH = 0.5
"""Share of the accuracy, above that of always answering the largest class, that mirrored images must keep.

Measured on training rows, 200 and 3,000 of them: Fashion-MNIST keeps 0.8 and 0.7, photographs of clothes
all and 0.9, chest X-rays 0.8 and 0.7; digits 0.05 and 0.3, signs of a hand none and 0.1.
"""


def keeps_its_class(X: npt.NDArray[np.float32], y: npt.NDArray[np.int64], seed: int) -> bool:
    """Return whether a mirrored image is of the class of the image, as far as its nearest neighbours can tell.

    A quarter of the rows is held out. Three nearest neighbours among the others classify it, as it is and mirrored.

    Parameters
    ----------
    X : ndarray of float32, (n, channels, height, width)
    y : ndarray of int64, (n,)
    seed : int
        Of the sample of rows.
    """
    from sklearn.neighbors import KNeighborsClassifier

    rows = np.random.default_rng(seed).permutation(len(X))[:ASKED_ROWS]
    out = len(rows) // 4
    if not out:
        return True
    images = torch.from_numpy(np.ascontiguousarray(X[rows]))
    height, width = (min(side, ASKED_SIDE) for side in images.shape[2:])
    small = nn.functional.adaptive_avg_pool2d(images, (height, width))
    plain, mirrored = (each.flatten(1).numpy() for each in (small, small.flip(-1)))
    labels = np.asarray(y)[rows]
    neighbours = KNeighborsClassifier(min(3, len(rows) - out)).fit(plain[out:], labels[out:])
    largest = np.unique(labels, return_counts=True)[1].max() / len(labels)
    as_is, turned = (float((neighbours.predict(each[:out]) == labels[:out]).mean()) for each in (plain, mirrored))
    return turned - largest >= ENOUGH * (as_is - largest)
