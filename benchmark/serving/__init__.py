"""Runs the saved models, for the web page and for `predict`."""
