"""The tests; importing any of them gives each process one thread, before a numerical library is loaded."""

import os
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
"""The folder that holds the program."""

# pytest-xdist has a process for each processor. Worker processes of the program set their own number of threads; those
# wait without spinning, or ten seconds of a fit become sixty.
for _variable, _value in {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
}.items():
    os.environ.setdefault(_variable, _value)
