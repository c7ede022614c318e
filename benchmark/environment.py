"""The machine and the package versions of a measurement."""

from __future__ import annotations

import hashlib
import os
import platform
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "scikit-learn-intelex",
    "opencv-python-headless",
    "xgboost",
    "lightgbm",
    "torch",
    "skorch",
    "optuna",
)

MODELS = Path(__file__).parents[1] / "models"
"""The folder of the estimators that come with the project: next to this package, installed or not."""


def environment() -> dict[str, str]:
    """Return the machine and the versions as text; constant within one process."""
    machine = {
        "python": platform.python_version(),  # first, because people read this
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": str(cores()),
        "memory": _memory(),
    }
    return machine | versions()


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that a result may depend on."""
    installed = {"python": platform.python_version()}
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            installed[package] = version(package)
    return installed


def source_sha256() -> str:
    """Return one SHA-256 over all source files of benchmark/ and models/."""
    digest = hashlib.sha256()
    for folder in (Path(__file__).parent, MODELS):
        for path in sorted(folder.rglob("*.py")):
            digest.update(f"{folder.name}/{path.relative_to(folder)}".encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    except (ValueError, OSError):
        return "unknown"


def machine_memory() -> int:
    """Return the memory of this machine, or of its container if that has less, in bytes."""
    import psutil

    limits = [int(psutil.virtual_memory().total)]
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):
            limits.append(int(Path(path).read_text()))
    return min(limits)
