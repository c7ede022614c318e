"""Measures a model: peak memory of the fit, size of the fitted model."""

from __future__ import annotations

import pickle
import resource
import sys
from pathlib import Path
from typing import Any


def peak_memory_bytes() -> int:
    """Return the peak resident memory of this process."""
    try:
        # ru_maxrss is inherited through fork and exec, so it can be the parent's; VmHWM is not.
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024
    except (OSError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


class _Counter:
    """A file that only counts bytes, so that no copy of a pickle is needed."""

    def __init__(self) -> None:
        self.bytes = 0

    def write(self, blob: Any) -> int:
        size = memoryview(blob).nbytes
        self.bytes += size
        return size


def pickled_bytes(model: object) -> int:
    """Return the size of a model's pickle, in bytes."""
    counter = _Counter()
    pickle.dump(model, counter, protocol=5)
    return counter.bytes
