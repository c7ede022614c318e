"""Random forest: scikit-learn's `RandomForestClassifier` on raw pixels; bootstrapped rows, best splits."""

from models._trees import forest

ESTIMATOR = forest("Random forest", "RandomForestClassifier", trees=75, columns=0.036)
