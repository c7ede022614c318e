"""``python -m benchmark``. The guard matters: spawned workers import this module, too."""

import gc
import os
import sys
from contextlib import suppress
from pathlib import Path

if __name__ == "__main__":
    # `python -m` imports from the current folder first. What is there is the user's: no `models`, `torch.py` or
    # `benchmark` of theirs is meant.
    with suppress(FileNotFoundError):  # the current folder has been removed
        if os.path.realpath(sys.path[0]) == os.getcwd() != str(Path(__file__).parents[1].resolve()):
            del sys.path[0]
    if getattr(sys.modules["benchmark"], "__file__", None) is None:  # their folder has become a part of this package
        del sys.modules["benchmark"]

    from benchmark.cli.main import main

    status = main()
    # At its end Python looks for cycles among all objects of the libraries, which takes half a second and finds nothing
    # that the end of the process would not free.
    gc.freeze()
    raise SystemExit(status)
