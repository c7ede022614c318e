"""What the tests in a real Chromium share."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
"""Window sizes, in CSS pixels."""


def chromium() -> str | None:
    """Return the path of an installed Chromium, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium. A machine without it skips the test; CI fails instead."""
    path = chromium()
    if path is None:
        reason = "no Chromium here to look at the pages with; as root: apt-get install -y chromium"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


def row_names(page: Page, table: int = 0) -> list[str]:
    """Return the row headers of a table, from the top, without their footnote marks."""
    cells = page.locator("table").nth(table).locator("tbody th")
    return [
        re.sub("( [a-z])*$", "", text)
        for text in cells.evaluate_all(
            "cells => cells.map(cell => [...cell.childNodes].filter(node => node.nodeName !== 'SUP')"
            ".map(node => node.textContent).join('').trim())"
        )
    ]
