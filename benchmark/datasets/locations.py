"""Where data may lie on this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
"""The folder that holds the package."""


@dataclass(frozen=True)
class Root:
    """A folder to look in; `named` says who named it ("--data-dir", "$BENCHMARK_DATA") or is empty.

    What a person named must be right if it is there; elsewhere a wrong file is passed over.
    """

    folder: Path
    named: str = ""


def data_roots(data_dir: Path | None) -> list[Root]:
    """Return the folders under which data sets are kept, first choice first."""
    found = []
    if data_dir is not None:
        found.append(Root(data_dir.expanduser(), "--data-dir"))
    if os.environ.get("BENCHMARK_DATA"):
        found.append(Root(Path(os.environ["BENCHMARK_DATA"]).expanduser(), "$BENCHMARK_DATA"))
    found += [Root(CHECKOUT / "data"), Root(CHECKOUT.parent / "shared" / "data"), Root(Path("data").absolute())]
    return found


def keras_folder() -> Path:
    """Return where Keras keeps its downloads."""
    home = os.environ.get("KERAS_HOME") or "~/.keras"
    return Path(home).expanduser() / "datasets"


def cache_folder() -> Path:
    """Return the folder for downloads and memory-mapped arrays: ``$BENCHMARK_CACHE``, or the user's cache folder."""
    if os.environ.get("BENCHMARK_CACHE"):
        return Path(os.environ["BENCHMARK_CACHE"]).expanduser()
    import pooch

    return Path(pooch.os_cache("classical-vs-cnn"))
