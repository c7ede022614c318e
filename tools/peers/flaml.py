"""FLAML with its time budget, on rows of pixels, as its documentation's first example."""

import json
import sys

import numpy as np

sys.path.pop(0)  # this file has the name of what it imports
from flaml import AutoML

source, answer, seconds = sys.argv[1:]
data = np.load(source)
automl = AutoML()
automl.fit(data["X"].astype(np.float32), data["y"], task="classification", time_budget=float(seconds), verbose=0)
predicted = automl.predict(data["test"].astype(np.float32))
with open(answer, "w") as file:
    json.dump(
        {"predicted": np.asarray(predicted).astype(int).tolist(), "said": f"the best is {automl.best_estimator}"}, file
    )
