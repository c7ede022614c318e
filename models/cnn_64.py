"""CNN of 64 filters: one convolution and one dense layer, as published in many notebooks."""

from models._published_plugin import declare

ESTIMATOR = declare("CNN (64 filters)", "pipeline", filters=64)
