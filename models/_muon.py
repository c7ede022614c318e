"""Muon: momentum SGD whose step on a filter bank is made orthogonal, and plain momentum SGD on all the rest.

After Keller Jordan's airbench (github.com/KellerJordan/cifar10-airbench) and "Muon" (2024).
torch has a `Muon`, but of matrices only, and in bfloat16, which most processors work out slowly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


class Muon(torch.optim.Optimizer):
    """Optimizer of a convolutional net.

    Convolutions over more than one channel keep a norm of the square root of their filters, and
    turn by `lr` at each step: every direction by as much, not only those that the gradient is
    strongest in. What has no such directions (first layer, batch norm, head) takes a step of SGD
    with Nesterov momentum.

    Parameters
    ----------
    params : iterable of Parameter
    lr : float
        Of the convolutions.
    momentum : float
        Of the convolutions.
    other_lr, other_momentum, other_weight_decay : float
        Of the rest.
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
        every = [
            parameter
            for given in params
            for parameter in (given["params"] if isinstance(given, dict) else [given])
            if parameter.requires_grad
        ]
        groups = [
            {"params": [each for each in every if _is_bank(each)], "lr": lr, "momentum": momentum, "weight_decay": 0.0},
            {
                "params": [each for each in every if not _is_bank(each)],
                "lr": other_lr,
                "momentum": other_momentum,
                "weight_decay": other_weight_decay,
            },
        ]
        super().__init__([group for group in groups if group["params"]], {})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # type: ignore[override]
        """Take one step; return what the closure returns."""
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
                if _is_bank(parameter):
                    parameter.mul_(len(parameter) ** 0.5 / (parameter.norm() + 1e-7))
                    update = orthogonal(update.flatten(1)).view_as(parameter)
                parameter.add_(update, alpha=-group["lr"])
        return loss


def _is_bank(parameter: Tensor) -> bool:
    return parameter.ndim == 4 and parameter.shape[1] > 1


def orthogonal(matrix: Tensor, steps: int = 5) -> Tensor:
    """Return nearly the orthogonal matrix closest to one: its singular values brought to about one (0.7 to 1.2).

    By Newton and Schulz's iteration with Jordan's coefficients, which only takes matrix products.

    Parameters
    ----------
    matrix : Tensor
        (rows, columns).
    steps : int
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
