"""CNN of 64 filters with dropout: one convolution and one dense layer, as published in many notebooks."""

from optuna.distributions import FloatDistribution

from models._published_plugin import declare

ESTIMATOR = declare(
    "CNN (64 filters, dropout)",
    "pipeline",
    tuned={"net__module__dropout": FloatDistribution(0.1, 0.5)},
    filters=64,
    dropout=0.25,
)
