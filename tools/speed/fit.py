"""Fit one estimator of the tree in the current folder and say what it took; `python -m tools.speed` starts it twice."""

import importlib
import inspect
import json
import pickle
import statistics
import sys
import time

import numpy as np
from sklearn.base import clone

sys.path.insert(0, "")  # the tree's own `benchmark` and `models`

ASKED = 1_000
"""Images of a prediction; the median of `TIMES` of them counts."""

TIMES = 5

source, answer, name, threads, params = sys.argv[1:]
data = np.load(source)
estimator = importlib.import_module(f"models.{name}").ESTIMATOR
Task = importlib.import_module("benchmark.estimator").Task
known = inspect.signature(Task).parameters
shape = tuple(int(side) for side in data["shape"])
task = {"n_classes": 10, "image_shape": shape, "threads": int(threads), "rows": len(data["y"])}
if "rows" not in known:  # before pictures in colour
    task = {"n_classes": 10, "image_shape": shape[:2], "threads": int(threads)}
pipeline = estimator.build(Task(**task)).set_params(**json.loads(params))
clone(pipeline).set_params(**estimator.smoke).fit(data["X"][:200], data["y"][:200])  # imports, first kernels

start = time.perf_counter()
pipeline.fit(data["X"], data["y"])
fit_seconds = time.perf_counter() - start
accuracy = float((pipeline.predict(data["held_out"]) == data["held_out_y"]).mean())
predict_seconds = []
for _ in range(TIMES):
    start = time.perf_counter()
    pipeline.predict(data["held_out"][:ASKED])
    predict_seconds.append(time.perf_counter() - start)
with open(answer, "w") as file:
    json.dump(
        {
            "fit": fit_seconds,
            "predict": statistics.median(predict_seconds),
            "bytes": len(pickle.dumps(pipeline)),
            "accuracy": accuracy,
        },
        file,
    )
