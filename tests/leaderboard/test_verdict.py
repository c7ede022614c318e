"""The verdict is made of values: who is ahead, which row is the cheapest that ties, which row to pick."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from benchmark.leaderboard.summary import Summary, summarise
from benchmark.leaderboard.verdict import blocks, cost_ratios, decide
from benchmark.render.document import Bullets, Quote, markdown_of
from benchmark.storage import records
from tests import synthetic_results as synthetic


def summary(folder: Path) -> Summary:
    return summarise(records.read(folder))


def rewrite(folder: Path, name: str, proba: np.ndarray | None = None, **changes: object) -> None:
    """Write an estimator's record of seed 0 again, with changes."""
    results = records.read(folder)
    record = next(record for record in results.records if record.estimator == name)
    records.write(folder, dataclasses.replace(record, **changes), results.proba[name, 0] if proba is None else proba)


def test_the_cnn_is_ahead(known: Path) -> None:
    verdict = decide(summary(known))
    assert verdict.outcome == "cnn"
    assert (verdict.cnn.name, verdict.classical.name) == ("b", "a")
    assert verdict.lead.difference == pytest.approx((0.07, 0.013, 0.123), abs=5e-4)
    assert verdict.cnn.accuracy == pytest.approx((0.87, 0.83, 0.907), abs=5e-4)
    assert verdict.cheapest is None  # nothing ties with the CNN
    assert verdict.cheapest_of_best is None
    assert verdict.picks.most_accurate.name == verdict.picks.smallest.name == "b"
    # It is not said to be the best in time: there is no other row of its rank to compare it with.
    assert "**Pick**: *B*, the only row of the first rank." in markdown_of(blocks(summary(known)))


def test_a_classical_pipeline_is_ahead(known: Path) -> None:
    rewrite(known, "a", family="cnn")
    rewrite(known, "b", family="classical")
    verdict = decide(summary(known))
    assert verdict.outcome == "classical"
    assert verdict.classical.name == "b"
    assert verdict.lead.difference == pytest.approx((0.07, 0.013, 0.123), abs=5e-4)


@pytest.mark.parametrize(
    ("leader", "fit_seconds", "says"),
    [
        ("classical", 5.0, "more accurate and cheaper"),
        ("classical", 500.0, "more accurate, at a price"),
        ("cnn", 5.0, "more accurate and cheaper"),
    ],
)
def test_what_a_lead_costs_is_said_of_either_family(known: Path, leader: str, fit_seconds: float, says: str) -> None:
    rewrite(known, "a", family="cnn" if leader == "classical" else "classical", fit_seconds=50.0)
    rewrite(known, "b", family=leader, fit_seconds=fit_seconds)
    found = summary(known)
    assert decide(found).outcome == leader
    ahead, behind = found.scored
    (cost,) = (item for item in blocks(found)[0].items if item.startswith("**Cost**"))
    assert f"*{ahead.title}* is {says}**. Compared with *{behind.title}*, it is 10 times" in cost
    assert f"ties with *{behind.title}*" not in cost  # nobody asks what ties with the row that is behind


def test_a_tie_names_the_cheapest_row_of_all(known: Path) -> None:
    almost = records.read(known).proba["b", 0].copy()
    almost[250] = almost[0]
    rewrite(known, "a", almost, fit_seconds=10.0, tuning_seconds=25.0, predict_seconds=4.0, model_bytes=10)
    rewrite(known, "b", fit_seconds=50.0, tuning_seconds=100.0, predict_seconds=2.0, model_bytes=20)
    found = summary(known)
    verdict = decide(found)
    assert verdict.outcome == "tie"
    assert verdict.lead.difference.estimate == pytest.approx(1 / 300)
    cheapest = verdict.cheapest
    assert (cheapest.row.name, cheapest.rival.name) == ("a", "b")
    assert cost_ratios(cheapest.row, cheapest.rival) == {"fit": 5.0, "tune": 4.0, "predict": 0.5}
    picks = verdict.picks
    assert [row.name for row in (picks.most_accurate, picks.cheapest, picks.fastest, picks.smallest)] == list("baba")
    assert [(row.rank, row.tied) for row in found.scored] == [(1, True), (1, True)]


def test_a_model_of_unknown_size_is_no_smallest_file(known: Path) -> None:
    """0 bytes in a record: the model could not be pickled."""
    almost = records.read(known).proba["b", 0].copy()
    almost[250] = almost[0]
    rewrite(known, "a", almost, fit_seconds=10.0, model_bytes=0)
    rewrite(known, "b", fit_seconds=50.0, model_bytes=20)
    found = summary(known)
    assert [(row.name, row.model_bytes) for row in found.scored] == [("b", 20), ("a", None)]
    assert decide(found).picks.smallest.name == "b"
    rewrite(known, "b", model_bytes=0)
    assert "the smallest file" not in markdown_of(blocks(summary(known)))


def test_the_cheapest_row_is_sought_in_every_family(known: Path) -> None:
    """A second CNN that ties and costs less is as good an answer as a classical pipeline."""
    test_set = records.read_test_set(known)
    answers = records.read(known).proba["b", 0].argmax(axis=1)
    synthetic.write_predictions(known, test_set, "c", answers, family="cnn", fit_rows=600, fit_seconds=5.0)
    verdict = decide(summary(known))
    assert (verdict.cnn.name, verdict.cheapest) == ("c", None)  # of equals, the faster to fit is the best CNN
    rewrite(known, "c", fit_seconds=60.0)
    verdict = decide(summary(known))
    assert (verdict.cnn.name, verdict.cheapest) == ("b", None)
    # 7 points behind, and significant but for the correction for three pairs: that is no tie.
    assert verdict.outcome == "undecided"
    almost = records.read(known).proba["b", 0].copy()
    almost[250] = almost[0]
    rewrite(known, "c", almost, fit_seconds=5.0)
    verdict = decide(summary(known))
    assert (verdict.cnn.name, verdict.cheapest.row.name) == ("b", "c")
    assert cost_ratios(verdict.cheapest.row, verdict.cheapest.rival)["fit"] == 10.0


@pytest.mark.parametrize(("family", "missing"), [("classical", "CNN"), ("cnn", "classical pipeline")])
def test_one_family_alone_leaves_the_question_open(tmp_path: Path, family: str, missing: str) -> None:
    test_set = synthetic.write_test_set(tmp_path, np.arange(10))
    synthetic.write_predictions(tmp_path, test_set, "x", np.arange(10), family=family)
    other = "cnn" if family == "classical" else "classical"
    synthetic.write_failure(tmp_path, "y", title="Y", family=other, reason="no torch")
    found = summary(tmp_path)
    assert decide(found).outcome == "one family"
    assert f"no {missing} has a result here** (Y **failed**: no torch)" in markdown_of(blocks(found))


def test_other_families_only(tmp_path: Path) -> None:
    test_set = synthetic.write_test_set(tmp_path, np.arange(10))
    synthetic.write_predictions(tmp_path, test_set, "x", np.arange(10), family="pretrained")
    assert decide(summary(tmp_path)).outcome == "neither family"


def test_nothing_finished_and_nothing_run(tmp_path: Path) -> None:
    synthetic.write_test_set(tmp_path, np.arange(10))
    assert decide(summary(tmp_path)).outcome == "empty"
    synthetic.write_failure(tmp_path, "cnn", family="cnn", reason="no torch")
    assert decide(summary(tmp_path)).outcome == "none finished"


def test_a_preview_is_said_first(known: Path) -> None:
    test_set = records.read_test_set(known)
    assert test_set is not None
    assert not [block for block in blocks(summary(known)) if isinstance(block, Quote)]
    records.write_test_set(known, dataclasses.replace(test_set, n_train=60_000))
    rewrite(known, "a", validation_accuracy=0.8)
    rewrite(known, "b", validation_accuracy=0.87)
    first, bullets = blocks(summary(known))[:2]
    assert first == Quote("**A preview, not the result**: trained on 600 of the 60,000 rows (preset standard).")
    assert isinstance(bullets, Bullets)
    assert [item.split("**")[1] for item in bullets.items] == ["Accuracy", "Cost", "Pick"]


@pytest.mark.parametrize(("rows", "are"), [(8, "are"), (3, "is")])
def test_a_chain_of_ties_makes_no_poor_row_a_pick(tmp_path: Path, rows: int, are: str) -> None:
    """Each row ties with the next, so all share the first rank; the last is far behind the first, and the cheapest."""
    rng = np.random.default_rng(0)
    y = np.arange(400) % 10
    test_set = synthetic.write_test_set(tmp_path, y, [f"class {label}" for label in range(10)])
    for place in range(rows):
        wrong = rng.choice(400, 20 + 14 * place, replace=False)
        answers = y.copy()
        answers[wrong] = (answers[wrong] + 1) % 10
        times = {"fit_seconds": 100.0 - place, "model_bytes": 1_000 - place}
        synthetic.write_predictions(tmp_path, test_set, f"row{place}", answers, family="classical", **times)
    found = summary(tmp_path)
    assert {row.rank for row in found.scored} == {1}
    best, *others = found.scored
    far = [row.name for row in others if found.pair(best, row).significant]
    assert f"row{rows - 1}" in far
    assert (len(far) == 1) == (are == "is")
    picks = decide(found).picks
    assert picks.most_accurate.name == "row0"
    assert not {picks.cheapest.name, picks.smallest.name} & set(far)
    text = markdown_of(blocks(found))
    assert f"{len(far)} more, linked by a chain of ties, {are} 5 points or more behind it." in text


def test_no_row_whose_interval_excludes_zero_is_named_as_a_cheaper_tie(tmp_path: Path) -> None:
    """The correction for 28 pairs excuses a lead of 2.0 points whose own interval excludes zero."""
    y = np.arange(400) % 10
    test_set = synthetic.write_test_set(tmp_path, y, [f"class {label}" for label in range(10)])
    for place, mistakes in enumerate((20, 21, 28, 28, 28, 28, 28, 28)):
        answers = y.copy()
        answers[:mistakes] = (answers[:mistakes] + 1) % 10  # what the better rows miss, the others miss too
        synthetic.write_predictions(
            tmp_path, test_set, f"row{place}", answers, family="classical", fit_seconds=100.0 - place
        )
    found = summary(tmp_path)
    best, *others = found.scored
    leads = {row.name: found.pair(best, row) for row in others}
    assert leads["row7"].difference.low > 0
    assert not leads["row7"].significant
    assert decide(found).cheapest_of_best.row.name == "row1"
