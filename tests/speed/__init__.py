"""Ours against the stock way, side by side: ``python -m tests.speed`` measures and prints the table.

``stock.py`` says what the stock way is, ``measure.py`` is what each measuring process does,
``session.py`` starts them one by one, ``rows.py`` compares two sides, ``harness.py`` projects the
plain harness, ``table.py`` prints.
"""
