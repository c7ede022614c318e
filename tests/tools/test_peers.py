"""How contestants are started, watched and scored; the peers themselves are installed by hand."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmark import datasets
from tools.peers import __main__ as peers


def test_seconds_memory_and_last_words_are_told(tmp_path: Path) -> None:
    code = "import time; held = bytearray(200_000_000); time.sleep(1.5); print('first'); print('last')"
    seconds, memory, said = peers._run([sys.executable, "-c", code], 60.0, tmp_path)
    assert 1.5 <= seconds < 30
    assert memory > 200_000_000
    assert said == "last"


def test_a_contestant_past_its_patience_is_killed(tmp_path: Path) -> None:
    seconds, _, said = peers._run([sys.executable, "-c", "import time; time.sleep(1_000)"], 1.0, tmp_path)
    assert seconds < 30
    assert said == "killed after 3 times its limit"


def test_one_that_leaves_no_answer_has_no_accuracy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fails.py").write_text("raise SystemExit('no such thing')")
    monkeypatch.setattr(peers, "HERE", tmp_path)
    monkeypatch.setitem(peers.PEERS, "fails", ("one that fails", []))
    ran = peers._peer("fails", datasets.load("digits"), 10.0, tmp_path, tmp_path)
    assert (ran.accuracy, ran.said) == (None, "no such thing")


@pytest.mark.slow
def test_the_plain_loop_learns_the_digits_within_its_time(tmp_path: Path) -> None:
    ran = peers._peer("loop", datasets.load("digits"), 25.0, tmp_path, tmp_path)
    assert ran.accuracy is not None, ran.said
    assert ran.accuracy > 0.9
    assert "epochs" in ran.said
