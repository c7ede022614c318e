"""``python -m tests.speed [FAMILY ...]``: measure, print, and exit with 1 where a bar is missed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from benchmark.datasets import NAMES
from benchmark.environment import cores, environment
from benchmark.errors import INTERRUPTED, BenchmarkError
from tests.speed.harness import PRESET, Projection, Recorded, recorded
from tests.speed.rows import BARS, FAMILIES, WHOLE, Row, pair, whole
from tests.speed.session import Options, Session
from tests.speed.table import show, show_harness

ALL = "all"

WIDTH = 160
"""Of what is printed to a file."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for; 0 if every bar that could be judged is met."""
    given = _parser().parse_args(arguments)
    wanted = [name for name in BARS if ALL in given.family or name in given.family]
    given.run_record = given.run_record or Path("results") / given.dataset
    options = Options(**{name: value for name, value in vars(given).items() if name != "family"})
    console = Console(highlight=False, markup=False)
    console = console if console.is_terminal else Console(highlight=False, markup=False, width=WIDTH)
    try:
        return _compare(Session(options, console), wanted)
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED


def _compare(session: Session, wanted: Sequence[str]) -> int:
    options, console = session.options, session.console
    known: dict[str, Recorded] = {}
    # Read before hours of measuring, so that a record that is missing is missed now.
    if WHOLE in wanted and (options.run_seconds is None or (options.run_record / "records").is_dir()):
        known = recorded(options.run_record, FAMILIES, options.dataset)
    here = environment()
    console.print(
        f"{options.dataset}: {'all' if options.rows is None else f'at most {options.rows:,}'} rows to fit of the "
        "training part's fixed split, scored on its validation rows; the test images are not read. "
        f"{options.threads} threads of {here['processor']}; each measurement in a fresh process, warmed up, alone; "
        f"medians of {options.repeats}."
        + (" SMOKE PARAMETERS: a test of this script, not a result." if options.smoke else "")
    )
    session.note(options=asdict(options), environment=here)
    rows: list[Row] = [pair(session, name) for name in wanted if name != WHOLE]
    projections: dict[str, Projection] = {}
    if WHOLE in wanted:
        row, projections = whole(session, known)
        rows.append(row)
    console.print()
    show(console, rows)
    if projections:
        show_harness(console, projections, known)
    if session.disturbed:
        console.print(f"\nDISTURBED, so measure again on a quiet machine: {'; '.join(session.disturbed)}.")
    for row in rows:
        session.note(row=asdict(row), ratio=row.ratio, verdict=row.verdict)
    return 1 if any(row.verdict in ("NO", "FAILED") for row in rows) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.speed",
        description="Measure our estimators and our harness against the stock way, side by side.",
        epilog=f"Families: {', '.join(BARS)}. All of them, on all rows, take hours: the stock ones are slow.",
    )
    names = (*BARS, ALL)
    parser.add_argument(
        "family", nargs="*", choices=names, default=ALL, metavar="FAMILY", help="(default: all of them)"
    )
    parser.add_argument("--dataset", choices=NAMES, default=NAMES[0], help="(default: %(default)s)")
    parser.add_argument("--rows", type=_whole_number, help="training rows to fit, at most (default: all)")
    parser.add_argument("--threads", type=_whole_number, default=cores(), help="of both sides (default: every core)")
    parser.add_argument("--repeats", type=_whole_number, default=1, help="measurements of each side, in turns")
    parser.add_argument("--cnn-images", type=_whole_number, default=20_000, help="of the CNN's one epoch")
    parser.add_argument("--rounds", type=_whole_number, help="of the boosters, both sides (default: our estimator's)")
    parser.add_argument(
        "--trials-sampled",
        type=int,
        choices=range(PRESET.trials),
        default=1,
        metavar="N",
        help="random trials of the plain harness that are timed beside the defaults (default: %(default)s)",
    )
    parser.add_argument("--run-record", type=Path, help="a recorded standard run (default: results/DATASET)")
    parser.add_argument("--run-seconds", type=float, help="what a run of the five families took, from outside")
    parser.add_argument("--log", type=Path, help="append every measurement to this file, one JSON a line")
    parser.add_argument("--smoke", action="store_true", help="tiny parameters: a test of this script")
    return parser


def _whole_number(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
