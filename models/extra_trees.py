"""Extra trees: trees on all rows, random splits; on raw pixels."""

from models._trees import forest

ESTIMATOR = forest("Extra trees", "ExtraTreesClassifier")
