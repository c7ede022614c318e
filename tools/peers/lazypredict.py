"""LazyPredict on as many rows as its documentation's examples have: it has no time limit.

It wants the labels of what it predicts, to score its models, so a fifth of the training rows is held out for that, and
the best model is asked for the test images.
"""

import json
import sys

import numpy as np

sys.path.pop(0)  # this file has the name of what it imports
from lazypredict.Supervised import LazyClassifier
from sklearn.model_selection import train_test_split

ROWS = 2_000

source, answer, seconds = sys.argv[1:]
data = np.load(source)
rows = np.random.default_rng(0).permutation(len(data["y"]))[:ROWS]
fit, held, y_fit, y_held = train_test_split(
    data["X"][rows].astype(np.float32), data["y"][rows], test_size=0.2, random_state=0
)
lazy = LazyClassifier(verbose=0, ignore_warnings=True)
scores, _ = lazy.fit(fit, held, y_fit, y_held)
best = scores.index[0]
model = lazy.provide_models(fit, held, y_fit, y_held)[best]
predicted = model.predict(data["test"].astype(np.float32))
with open(answer, "w") as file:
    json.dump(
        {"predicted": np.asarray(predicted).astype(int).tolist(), "said": f"the best is {best}, of {ROWS:,} rows"}, file
    )
