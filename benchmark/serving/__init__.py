"""The saved models that the web page and `predict` ask."""
