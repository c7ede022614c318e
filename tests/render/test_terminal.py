"""Blocks of a page, as the terminal prints them."""

from __future__ import annotations

import pytest

from benchmark.render import fmt, terminal
from benchmark.render import markdown as md
from benchmark.render.document import NOTHING, Bullets, Code, Heading, Quote, number, table, words

HOSTILE = "[red]**a|b*_`<b>&amp;\x1b[1m"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a **bold** word and *another*", "a [bold]bold[/] word and another"),
        ("**first** `code` [name](file.md)", "[bold]first[/] code name"),
        (r"\*\*not bold\*\*", "**not bold**"),
        (md.escape(HOSTILE), r"\[red]**a|b*_`<b>&amp; [1m"),
        ("", ""),
    ],
)
def test_inline_markdown_becomes_words_and_bold(text: str, expected: str) -> None:
    assert terminal.inline(text) == expected


def test_every_kind_of_block_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    numbers = table(["Name", "*F1*"], [[words(HOSTILE), number(0.5, fmt.score, bold=True)], [words("b"), NOTHING]])
    for block in ("**a** b", Heading("Top"), Bullets(("one", "two")), Quote("said"), Code(("run --all [x]",)), numbers):
        terminal.show(terminal.console(), block)
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert lines[:7] == ["a b", "", "Top", "- one", "- two", "said", "run --all [x]"]
    assert [line.split() for line in lines[7:]] == [
        ["Name", "F1"],
        ["[red]**a|b*_`<b>&amp;", "[1m", "0.500"],
        ["b", "—"],
    ]
