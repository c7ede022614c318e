"""One file, one estimator. A file that starts with an underscore is shared code, not a plugin."""
