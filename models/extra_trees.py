"""Extra trees: scikit-learn's `ExtraTreesClassifier` on raw pixels; all rows, random splits."""

from models._trees import forest

ESTIMATOR = forest("Extra trees", "ExtraTreesClassifier", trees=55, columns=0.28)
