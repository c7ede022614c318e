"""The folders on this machine that may hold data."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
"""The folder that holds the package."""


@dataclass(frozen=True)
class Root:
    """A folder to search; `named` is how the user named it ("--data-dir", "$BENCHMARK_DATA"), or empty.

    A wrong file in a folder that the user named is an error; in any other folder it is ignored.
    """

    folder: Path
    named: str = ""


def data_roots(data_dir: Path | None) -> list[Root]:
    """Return the folders to search for data sets, in order of preference."""
    roots = []
    if data_dir is not None:
        roots.append(Root(data_dir.expanduser(), "--data-dir"))
    if os.environ.get("BENCHMARK_DATA"):
        roots.append(Root(Path(os.environ["BENCHMARK_DATA"]).expanduser(), "$BENCHMARK_DATA"))
    roots += [Root(CHECKOUT / "data"), Root(CHECKOUT.parent / "shared" / "data"), Root(Path("data").absolute())]
    return roots


def keras_folder() -> Path:
    """Return the folder of Keras's downloads."""
    home = os.environ.get("KERAS_HOME") or "~/.keras"
    return Path(home).expanduser() / "datasets"


def cache_folder() -> Path:
    """Return the folder for downloads and memory-mapped arrays: ``$BENCHMARK_CACHE``, or the user's cache folder."""
    if os.environ.get("BENCHMARK_CACHE"):
        return Path(os.environ["BENCHMARK_CACHE"]).expanduser()
    import pooch

    return Path(pooch.os_cache("classical-vs-cnn"))
