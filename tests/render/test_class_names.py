"""Names of classes in figures: legible and distinct, or numbered with a key."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from benchmark.analyses.hardest_class.figures import confusion_flow
from benchmark.leaderboard.figures import confusion
from benchmark.render import class_names, style
from benchmark.report.assemble import assemble
from tests import synthetic_results as synthetic

ALIKE = ("Golden retriever, adult", "Golden retriever, puppy", "x" * 40 + "1" + "x" * 40, "x" * 40 + "2" + "x" * 40)
SCRIPTS = ("犬", "猫 cat", "हिन्दी", "🐶", "Hund", "كلب", "кошка", "e\u0301te\u0301", "class 3 (三", "\u200b")


def test_a_name_that_the_font_lacks_is_numbered() -> None:
    numbered = class_names.numbered(SCRIPTS)
    assert numbered[:4] == ("class 0 (犬)", "class 1 (猫 cat)", "class 2 (हिन्दी)", "class 3 (🐶)")
    assert numbered[4:8] == SCRIPTS[4:8]
    written = class_names.distinct(numbered, 10)
    assert list(written.values())[:5] == ["class 0", "class 1", "class 2", "class 3", "Hund"]
    assert len(set(written.values())) == len(SCRIPTS)
    assert all(map(class_names.legible, written.values()))


@pytest.mark.parametrize("longest", [4, 9, 14, 28])
def test_names_that_begin_alike_stay_different(longest: int) -> None:
    written = class_names.distinct(ALIKE, longest)
    assert len(set(written.values())) == len(ALIKE)
    assert all(len(text) <= longest for text in written.values())
    assert class_names.distinct(ALIKE[:2], 14)[ALIKE[1]] == "Golde…r, puppy"
    assert class_names.distinct(["Ankle boot", "Shirt"], 14) == {"Ankle boot": "Ankle boot", "Shirt": "Shirt"}


class Shown(NamedTuple):
    figures: dict[str, Figure]
    captions: dict[str, str]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """The figures of a report of six classes in five scripts, of which one is hardest."""
    folder = tmp_path_factory.mktemp("scripts")
    y = np.tile(np.arange(6), 30)
    test_set = synthetic.write_test_set(folder, y, SCRIPTS[:6], n_train=1_800, dataset="mine")
    for seed, (name, family) in enumerate((("svm", "classical"), ("net", "cnn"))):
        rng, predicted = np.random.default_rng(seed), y.copy()
        missed = rng.random(len(y)) < np.where(y == 1, 0.7, 0.1)
        predicted[missed] = (y[missed] + rng.integers(1, 6, missed.sum())) % 6
        synthetic.write_predictions(folder, test_set, name, predicted, family=family, fit_rows=1_800)
    planned = assemble(folder).figures.values()
    with style.applied():
        figures = {each.figure.name: each.figure.draw(each.data) for each in planned}
    return Shown(figures, {each.figure.name: each.caption for each in planned})


def test_every_text_in_every_figure_of_the_report_has_its_glyphs(shown: Shown) -> None:
    assert {"per-class-f1", "confusion-matrices", "hardest-flow", "hardest-images"} <= set(shown.figures)
    for name, figure in shown.figures.items():
        lines = [line for text in figure.findobj(Text) for line in text.get_text().splitlines() if line.strip()]
        assert not [line for line in lines if not class_names.legible(line)], name


def test_the_caption_says_what_the_numbers_stand_for(shown: Shown) -> None:
    assert shown.captions["confusion-matrices"].endswith(
        "In the figure: class 0 (犬), class 1 (猫 cat), class 2 (हिन्दी), class 3 (🐶)."
    )
    assert "class 1 (猫 cat)" in shown.captions["hardest-flow"]
    assert "In the figure:" not in shown.captions["accuracy-fit-time"]


def test_many_numbers_are_explained_in_one_sentence() -> None:
    names = class_names.numbered([chr(ord("一") + label) for label in range(120)])
    assert 0 < len(class_names.key(names)) < 100


@pytest.mark.parametrize("name", ["WWWWWWWWWWWWWWWW", "Labrador Retriever", "MMM of MMM MMM"])
def test_a_long_bold_name_is_within_its_panel(name: str) -> None:
    bands = ((f"{name} 1", 30.0), ("others", 8.0))
    panels = tuple(confusion_flow.Panel(title, 40.0, bands, bands) for title in ("SVM", "CNN"))
    with style.applied():
        figure = confusion_flow.draw(confusion_flow.Data(name, panels))
        figure.draw_without_rendering()
        for axes in figure.axes:
            panel = axes.get_window_extent()
            for text in axes.texts:
                box = text.get_window_extent()
                assert panel.x0 <= box.x0 <= box.x1 <= panel.x1, text.get_text()
                assert text.get_fontsize() >= 7.5


def test_wide_names_leave_their_matrices_whole() -> None:
    data = confusion.Data(("SVM", "CNN"), ("W" * 14, "M" * 14, "a"), np.full((2, 3, 3), 1 / 3))
    with style.applied():
        figure = confusion.draw(data)
        figure.draw_without_rendering()
        texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text() in ("SVM", "W" * 14)]
        assert len(texts) >= 4
        for text in texts:
            box = text.get_window_extent()
            assert figure.bbox.y0 <= box.y0 <= box.y1 <= figure.bbox.y1, text.get_text()
