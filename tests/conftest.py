"""What several test files need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]


@pytest.fixture(autouse=True, scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the tests' downloads, arrays and logs out of the user's cache."""
    os.environ["BENCHMARK_CACHE"] = str(tmp_path_factory.mktemp("cache"))


def benchmark(*arguments: str, cwd: Path = CHECKOUT, env: dict[str, str] | None = None) -> subprocess.CompletedProcess:
    """Run the program as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "benchmark", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(cwd), **(env or {})},
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
