"""Muon: momentum SGD with orthogonalized steps for convolutions, and plain momentum SGD for everything else.

After Keller Jordan's airbench (github.com/KellerJordan/cifar10-airbench) and "Muon" (2024).
`torch.optim.Muon` takes matrices only and computes in bfloat16, which is slow on most CPUs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


class Muon(torch.optim.Optimizer):
    """Optimizer of a convolutional net.

    The weights of a convolution over more than one channel are rescaled to a norm of the square root
    of the number of filters, and take an orthogonalized step: it has about the same size, `lr`, in
    every direction, not only in those where the gradient is largest. All other parameters (first
    layer, batch norm, head) take a step of SGD with Nesterov momentum.

    Parameters
    ----------
    params : iterable of Parameter
    lr, momentum : float
        For the convolutions.
    other_lr, other_momentum, other_weight_decay : float
        For all other parameters.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.1,
        momentum: float = 0.6,
        other_lr: float = 0.1,
        other_momentum: float = 0.85,
        other_weight_decay: float = 5e-4,
    ) -> None:
        trainable = [
            parameter
            for entry in params
            for parameter in (entry["params"] if isinstance(entry, dict) else [entry])
            if parameter.requires_grad
        ]
        groups = [
            {
                "params": [parameter for parameter in trainable if _is_convolution(parameter)],
                "lr": lr,
                "momentum": momentum,
                "weight_decay": 0.0,
            },
            {
                "params": [parameter for parameter in trainable if not _is_convolution(parameter)],
                "lr": other_lr,
                "momentum": other_momentum,
                "weight_decay": other_weight_decay,
            },
        ]
        super().__init__([group for group in groups if group["params"]], {})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # type: ignore[override]
        """Take one step; return the closure's loss, None without a closure."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                gradient = parameter.grad.add(parameter, alpha=group["weight_decay"])
                state = self.state[parameter]
                average = state.setdefault("momentum_buffer", torch.zeros_like(parameter))
                average.mul_(group["momentum"]).add_(gradient)
                update = gradient.add(average, alpha=group["momentum"])
                if _is_convolution(parameter):
                    parameter.mul_(len(parameter) ** 0.5 / (parameter.norm() + 1e-7))
                    update = orthogonalized(update.flatten(1)).view_as(parameter)
                parameter.add_(update, alpha=-group["lr"])
        return loss


def _is_convolution(parameter: Tensor) -> bool:
    """Tell whether a parameter is the filters of a convolution over more than one channel."""
    return parameter.ndim == 4 and parameter.shape[1] > 1


def orthogonalized(matrix: Tensor, steps: int = 5) -> Tensor:
    """Return approximately the orthogonal matrix closest to `matrix`: singular values become 0.7 to 1.2.

    Newton-Schulz iteration with Jordan's coefficients, which needs only matrix products.

    Parameters
    ----------
    matrix : Tensor
        (rows, columns).
    steps : int
        Iterations.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    X = matrix / (matrix.norm() + 1e-7)
    tall = X.shape[0] > X.shape[1]
    if tall:
        X = X.T
    for _ in range(steps):
        square = X @ X.T
        X = a * X + (b * square + c * square @ square) @ X
    return X.T if tall else X
