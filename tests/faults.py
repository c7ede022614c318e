"""The faults that a run must survive, done one by one: ``python -m tests.faults`` prints the table.

A test says which fault it does with ``@pytest.mark.fault(number, title)``; several may share one.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

import pytest
from rich.console import Console
from rich.markup import escape
from rich.table import Table

COUNT = 28


@dataclass
class Fault:
    """One fault: what its tests came to."""

    title: str
    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def verdict(self) -> str:
        """One word; a fault of which any part was skipped is not survived."""
        return "FAILED" if self.failed else "NOT RUN" if self.skipped or not self.passed else "survived"


class Ledger:
    """A pytest plugin that notes what became of each fault's tests."""

    def __init__(self) -> None:
        self.faults: dict[int, Fault] = {}
        self._numbers: dict[str, list[int]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            for mark in item.iter_markers("fault"):
                number, title = mark.args
                self._numbers.setdefault(item.nodeid, []).append(number)
                self.faults.setdefault(number, Fault(title))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for number in self._numbers.get(report.nodeid, ()):
            fault = self.faults[number]
            fault.seconds += report.duration
            if report.failed:
                fault.failed.append(report.nodeid)
            elif report.skipped:
                fault.skipped.append(report.nodeid)
            elif report.when == "call":
                fault.passed += 1


def main() -> int:
    """Run every test of a fault, print the table, and return 0 if all were survived."""
    ledger = Ledger()
    pytest.main(["-q", "-n", "0", "-m", "fault", *sys.argv[1:]], plugins=[ledger])
    table = Table("#", "fault", "outcome", "tests", "seconds", box=None, pad_edge=False)
    for number in range(1, COUNT + 1):
        fault = ledger.faults.get(number, Fault("has no test"))
        tests = str(fault.passed + len(fault.failed) + len(fault.skipped))
        table.add_row(str(number), escape(fault.title), fault.verdict, tests, f"{fault.seconds:.1f}")
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=140)
    console.print(table)
    survived = sum(fault.verdict == "survived" for fault in ledger.faults.values())
    console.print(f"{survived} of {COUNT} survived")
    return 0 if survived == COUNT else 1


if __name__ == "__main__":
    sys.exit(main())
