"""The tests; importing any of them gives each process one thread, before a numerical library is loaded."""

import os
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
"""The folder that holds the program."""

# pytest-xdist has a process for each processor; worker processes of the program set their own.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
