"""Tools of the project's own, started as ``python -m tools.NAME`` from a checkout."""
