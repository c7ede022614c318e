"""One file is one estimator. A file whose name starts with an underscore is shared code, not a plugin."""
