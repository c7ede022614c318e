"""A first look at the data: pictures, balance, means, grey values, maps and distances. It needs no record."""

from benchmark.analyses.analysis import Analysis
from benchmark.analyses.exploration import command

ANALYSIS = Analysis(name="exploration", order=100, measure=command.measure, command=command.COMMAND)
