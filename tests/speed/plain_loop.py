"""The plain PyTorch loop: a DataLoader of single images, as the tutorials have it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from models._torch import training_batch_size


class Images(Dataset[tuple[Tensor, int]]):
    """Single images, standardised, mirrored at random, and cropped at random out of a padded one.

    Parameters
    ----------
    X : ndarray of uint8, (n, pixels)
    y : ndarray of int64, (n,)
    image_shape : tuple of int
        (height, width, channels).
    padding : int
        Pixels on each side.
    """

    def __init__(
        self, X: npt.NDArray[np.uint8], y: npt.NDArray[np.int64], image_shape: tuple[int, int, int], padding: int
    ) -> None:
        self.X, self.y, self.image_shape, self.padding = X, y, image_shape, padding
        self.mean, self.scale = float(X.mean()), float(X.std()) or 1.0

    def __len__(self) -> int:
        return len(self.X)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """Return float32, (channels, height, width), and its label."""
        height, width = self.image_shape[:2]
        image = torch.from_numpy(self.X[index]).float().reshape(self.image_shape).permute(2, 0, 1)
        image = (image - self.mean) / self.scale
        if torch.rand(()) < 0.5:
            image = image.flip(-1)
        if self.padding:
            image = functional.pad(image, [self.padding] * 4)
            top, left = torch.randint(0, 2 * self.padding + 1, (2,)).tolist()
            image = image[:, top : top + height, left : left + width]
        return image, int(self.y[index])


class PlainLoop:
    """Trains the module of a skorch net, from scratch, by a loop of its own.

    Parameters
    ----------
    net : skorch.NeuralNetClassifier
        Says what module, how many epochs and images a batch.
    image_shape : tuple of int
        (height, width, channels).
    padding : int
        See `Images`.
    seed, threads : int
    """

    def __init__(self, net: Any, image_shape: tuple[int, int, int], padding: int, seed: int, threads: int) -> None:
        self.net, self.image_shape, self.padding = net, image_shape, padding
        self.seed, self.threads = seed, threads

    def fit(self, X: npt.NDArray[np.uint8], y: npt.NDArray[np.int64]) -> PlainLoop:
        """Train on X, uint8, (n, pixels), and y, int64, (n,)."""
        torch.set_num_threads(self.threads)
        torch.manual_seed(self.seed)
        batch = training_batch_size(len(X), self.net.batch_size)
        # Batch norm has no variance over one image.
        last_is_one = len(X) % batch == 1 and len(X) > 1
        images = Images(X, y, self.image_shape, self.padding)
        loader = DataLoader(images, batch_size=batch, shuffle=True, drop_last=last_is_one)
        module = self.net.module(**self.net.get_params_for("module"))
        optimizer = torch.optim.SGD(module.parameters(), lr=0.05, momentum=0.9)
        module.train()
        for _ in range(self.net.max_epochs):
            for x, target in loader:
                optimizer.zero_grad()
                loss = functional.cross_entropy(module(x), target)
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
        return self
