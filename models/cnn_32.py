"""CNN of 32 filters: one convolution and one dense layer, as published in many notebooks."""

from models._published_plugin import declare

ESTIMATOR = declare("CNN (32 filters)", "pipeline", filters=32)
