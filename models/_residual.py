"""The architecture of the residual CNN."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ResidualNet(nn.Module):
    """A small residual net, designed to be fast on a CPU.

    The first layer has stride 2, so no layer with many channels works at full resolution. Its filters
    are four pixels wide, so a mirrored image of even width has mirrored features. At 28 by 28 pixels,
    a full-resolution layer of 32 channels took over a quarter of the time for a fortieth of the
    arithmetic. With ``width=48`` the net has 0.25 million parameters and 18 million multiply-adds per
    image, and runs at 150 GFLOP/s; at full resolution it was 70.

    Parameters
    ----------
    n_classes : int
    width : int
        Channels at half of the image's height and width; twice as many at a quarter.
    channels : int
        Of an image.
    halvings : int
        Convolutions of stride 2 before the others, for large images: the rest of the net works at the same
        size as it does for small ones.

    Attributes
    ----------
    mirror : Tensor of bool, ()
        Whether it is asked about the mirror image, too, when it predicts; a buffer, so that it is saved.
    zoom : float
        Factor of height and width in training; 1 until a callback sets it.
    """

    mirrors = True

    def __init__(self, n_classes: int, width: int = 48, channels: int = 1, halvings: int = 0) -> None:
        super().__init__()
        before = [_conv(channels if place == 0 else width, width, side=4, stride=2) for place in range(halvings)]
        self.features = nn.Sequential(
            *before,
            _conv(width if before else channels, width, side=4, stride=2),
            _Residual(width),
            _conv(width, 2 * width, stride=2),
            _Residual(2 * width),
        )
        self.head = nn.Linear(4 * width, n_classes)
        self.zoom, self.halvings = 1.0, halvings
        self.mirror: Tensor
        self.register_buffer("mirror", torch.tensor(True))

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, channels, height, width) to logits, (n, n_classes).

        In evaluation mode with `mirror`, the logits are the mean over the image and its mirror image.
        """
        if self.training:
            return self._logits(x if self.zoom == 1 else nn.functional.interpolate(x, self._sides(x), mode="area"))
        return (self._logits(x) + self._logits(x.flip(-1))) / 2 if self.mirror else self._logits(x)

    def _sides(self, x: Tensor) -> tuple[int, int]:
        height, width = (max(1, round(self.zoom * side)) for side in x.shape[2:])
        return height, width

    def _logits(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        least = 2 * 2**self.halvings  # a smaller image is smaller than the first filters with their padding
        if min(height, width) < least:
            x = nn.functional.pad(x, (0, max(0, least - width), 0, max(0, least - height)))
        x = self.features(x)
        pooled = torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1)
        logits: Tensor = self.head(pooled)
        return logits


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(_conv(channels, channels), _conv(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = x + self.body(x)
        return result


def _conv(channels_in: int, channels_out: int, side: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, side, stride, padding=(side - 1) // 2, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )
