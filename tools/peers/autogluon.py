"""AutoGluon tabular with its time limit and its preset for medium quality, on rows of pixels."""

import json
import sys
import tempfile

import numpy as np
import pandas as pd

sys.path.pop(0)  # this file has the name of what it imports
from autogluon.tabular import TabularPredictor

source, answer, seconds = sys.argv[1:]
data = np.load(source)
columns = [f"p{place}" for place in range(data["X"].shape[1])]
train = pd.DataFrame(data["X"], columns=columns).assign(label=data["y"])
with tempfile.TemporaryDirectory() as folder:
    predictor = TabularPredictor(label="label", path=folder, verbosity=1)
    predictor.fit(train, time_limit=float(seconds), presets="medium_quality")
    predicted = predictor.predict(pd.DataFrame(data["test"], columns=columns))
    said = f"the best is {predictor.model_best}"
with open(answer, "w") as file:
    json.dump({"predicted": predicted.astype(int).tolist(), "said": said}, file)
