"""A plain training loop: a small CNN, Adam, all rows, epochs until the time is up, as a tutorial has it."""

import json
import sys
import time

import numpy as np
import torch
from torch import nn

RESERVE = 15.0
"""Seconds for imports and predictions."""

start = time.monotonic()

source, answer, seconds = sys.argv[1:]
data = np.load(source)
height, width, channels = data["shape"]


def images(rows: np.ndarray) -> torch.Tensor:
    """Return rows of pixels as images in [0, 1], (n, channels, height, width)."""
    return torch.from_numpy(rows.reshape(-1, height, width, channels)).permute(0, 3, 1, 2).float() / 255


torch.manual_seed(0)
X, y = images(data["X"]), torch.from_numpy(data["y"]).long()
classes = int(y.max()) + 1
net = nn.Sequential(
    nn.Conv2d(int(channels), 32, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(32, 64, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.LazyLinear(128),
    nn.ReLU(),
    nn.Dropout(0.3),
    nn.Linear(128, classes),
)
net(X[:2])
optimizer, loss = torch.optim.Adam(net.parameters(), 1e-3), nn.CrossEntropyLoss()
epochs = 0
while time.monotonic() - start < float(seconds) - RESERVE:
    for batch in torch.randperm(len(y)).split(128):
        optimizer.zero_grad()
        loss(net(X[batch]), y[batch]).backward()
        optimizer.step()
        if time.monotonic() - start > float(seconds) - RESERVE:
            break
    epochs += 1
net.eval()
with torch.no_grad():
    predicted = torch.cat([net(images(part)).argmax(1) for part in np.array_split(data["test"], 20)])
with open(answer, "w") as file:
    json.dump({"predicted": predicted.tolist(), "said": f"{epochs} epochs"}, file)
