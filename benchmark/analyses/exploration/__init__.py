"""Exploratory data analysis: example images, class balance, means, grey values, maps, distances; without records."""

from benchmark.analyses.analysis import Analysis
from benchmark.analyses.exploration import command

ANALYSIS = Analysis(name="exploration", order=100, measure=command.measure, command=command.COMMAND)
