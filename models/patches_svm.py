"""SVM on patches: responses to patches learned without labels, and HOG; RBF kernel, no neural net.

It is fitted twice, the second time with shifted support vectors (_virtual.py). What solves it: see `RBFSVC` in _svm.py.
"""

from optuna.distributions import FloatDistribution
from sklearn.pipeline import FeatureUnion, Pipeline

from benchmark.estimator import Estimator, Task


def build(task: Task) -> Pipeline:
    from models._features import hog_features, patch_features
    from models._svm import RBFSVC
    from models._virtual import VirtualSupport

    features = FeatureUnion(
        [("patches", patch_features(task)), ("gradients", hog_features(task))], transformer_weights={"patches": 1.5}
    )
    # The features' variances sum to 1.5² + 1, so this gamma equals 2 on features whose variances sum to one.
    machine = RBFSVC(C=10.0, gamma=0.6, threads=task.threads, cache_size=3_000)
    return Pipeline([("virtual", VirtualSupport(features, machine, task.image_shape))])


ESTIMATOR = Estimator(
    title="SVM on learned patches",
    family="classical",
    build=build,
    space={
        "virtual__machine__C": FloatDistribution(3.0, 30.0, log=True),
        "virtual__machine__gamma": FloatDistribution(0.25, 1.5, log=True),
    },
    smoke={
        "virtual__features__patches__transformer__n_components": 20,
        "virtual__features__patches__transformer__features__filters": 10,
        "virtual__features__patches__transformer__features__samples": 2_000,
        "virtual__features__gradients__transformer__n_components": 20,
    },
    augmentation="support vectors shifted",
)
