"""Random forest: trees on bootstrapped rows, the best of random splits; on raw pixels."""

from models._trees import forest

ESTIMATOR = forest("Random forest", "RandomForestClassifier")
