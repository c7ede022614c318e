"""leaderboard.html: it says what leaderboard.md says, nothing in it is a stranger's markup, and a browser shows it.

The second half looks at it in a real Chromium, at the width of a desk and of a phone.
"""

from __future__ import annotations

import base64
import hashlib
import html.parser
import io
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import markdown_it
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from benchmark import load, report
from benchmark.cli import main as cli
from benchmark.leaderboard import per_class, table
from benchmark.leaderboard.footnotes import notes
from benchmark.leaderboard.summary import summarise
from benchmark.render.document import Cell, Heading, markdown_of, number
from benchmark.render.document import table as make_table
from benchmark.render.html import Writer
from benchmark.report import html as leaderboard_html
from benchmark.report.assemble import assemble
from benchmark.report.page import leaderboard, title
from benchmark.storage import records
from tests import synthetic_results as synthetic
from tests.browser import DESK, PHONE, row_names
from tests.browser import browser as browser
from tests.report.test_faults_names import NASTY


@pytest.fixture(scope="module")
def realistic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five estimators, two seeds, learning curves and one failure, with the report written."""
    folder = tmp_path_factory.mktemp("results") / "fashion-mnist"
    synthetic.write_realistic(folder, seeds=2)
    synthetic.write_realistic_curves(folder)
    synthetic.write_failure(folder, "knn", title="k nearest", status="oom", reason="needs 12 GiB")
    report.write(folder)
    return folder


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every name and reason is an attack, and one is longer than any window."""
    folder = tmp_path_factory.mktemp("results") / "hostile"
    classes = (
        NASTY,
        "</script><script>window.owned = 1</script>",
        '"><img src=x onerror="window.owned = 1">',
        "w" * 300,
    )
    y = np.arange(80) % 4
    test_set = synthetic.write_test_set(folder, y, classes, dataset=f"{NASTY}</title><script>window.owned = 1</script>")
    for place, name in enumerate(classes):
        wrong = np.where(np.arange(80) % 7 == place, (y + 1) % 4, y)
        synthetic.write_predictions(folder, test_set, f"e{place}", wrong, title=name, family=name, augmentation=name)
    synthetic.write_failure(folder, "bad", title=classes[1], reason=classes[2] + NASTY)
    report.write(folder)
    return folder


class Elements(html.parser.HTMLParser):
    """Notes a page's elements, its words, and the words of style and script apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.ours: dict[str, str] = {}
        self._within = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        aside = tag in ("style", "script", "title", "nav") or dict(attrs).get("class") == "detail"
        self._within = tag if aside and not self._within else self._within

    def handle_endtag(self, tag: str) -> None:
        self._within = "" if tag == self._within else self._within

    def handle_data(self, data: str) -> None:
        if self._within:
            self.ours[self._within] = self.ours.get(self._within, "") + data
        else:
            self.words += data.split()


def page(folder: Path) -> str:
    return (folder / "leaderboard.html").read_text(encoding="utf-8")


# --- what is in the file


@pytest.mark.parametrize("which", ["realistic", "hostile"])
def test_it_says_what_the_markdown_says(which: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(which)
    made = assemble(folder)
    parts = [markdown_of([Heading(title(made), 1), *leaderboard(made)])]
    parts += [markdown_of([Heading(section.title), *section.blocks]) for section in made.sections]
    plain = Elements(markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table").render("\n\n".join(parts)))
    shown = Elements(page(folder))
    assert shown.words == plain.words
    assert len(shown.words) > 500
    pictures = [attributes["alt"] for tag, attributes in plain.found if tag == "img"]
    assert [attributes["alt"] for tag, attributes in shown.found if tag == "img"] == pictures
    assert len(pictures) == len(made.figures)
    contents = [a["href"] for tag, a in shown.found if tag == "a"]
    ids = [attributes["id"] for _, attributes in shown.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {link for link in contents if link.startswith("#")} <= {f"#{name}" for name in ids}
    assert contents[-1].endswith((".csv", ".md")) or contents[0] == "#the-estimators"


def test_links_between_pages_stay_within_the_file(realistic: Path) -> None:
    links = [attributes["href"] for tag, attributes in Elements(page(realistic)).found if tag == "a"]
    assert "#shirt" in links
    assert "#method" in links
    assert not [link for link in links if link.endswith(".md")]


OURS = {"html", "head", "meta", "title", "link", "style", "body", "nav", "main", "div", "span", "script", "a", "img"}
OURS |= {"section", "h1", "h2", "h3", "p", "em", "strong", "code", "pre", "ul", "li", "sup", "br", "blockquote"}
OURS |= {"table", "thead", "tbody", "tr", "th", "td"}
ATTRIBUTES = {"class", "id", "scope", "role", "aria-label", "aria-labelledby", "tabindex", "lang", "rel"}
ATTRIBUTES |= {"data-sort", "data-order", "src", "alt", "width", "height", "href", "charset", "http-equiv"}
ATTRIBUTES |= {"content", "name"}


@pytest.mark.parametrize("which", ["realistic", "hostile"])
def test_it_needs_nothing_else_and_lets_nothing_of_a_stranger_in(which: str, request: pytest.FixtureRequest) -> None:
    text = page(request.getfixturevalue(which))
    found = Elements(text)
    assert [tag for tag, _ in found.found].count("script") == 1
    for tag, attributes in found.found:
        assert tag in OURS
        assert set(attributes) <= ATTRIBUTES
        if tag == "img":
            assert re.fullmatch(r"data:image/png;base64,[A-Za-z0-9+/]+=*", attributes["src"])
        elif tag == "a":
            assert re.fullmatch(r"#[a-z0-9-]+|[a-z0-9-]+\.(csv|md)", attributes["href"])
        elif tag == "link":
            assert attributes == {"rel": "icon", "href": "data:,"}
        elif tag not in ("img", "a", "link"):
            assert not {"src", "href"} & set(attributes)
    assert not re.search("url\\(|@import|fetch|XMLHttp|import\\(", found.ours["style"] + found.ours["script"])
    # The policy holds our style and script to their bytes, so what a stranger slipped in would not run.
    (policy,) = [a["content"] for _, a in found.found if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src data:; ")
    assert "unsafe" not in policy
    for kind in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(found.ours[kind].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
        assert "owned" not in found.ours[kind]


def test_markup_that_an_escape_forgot_is_text() -> None:
    blocks = [
        Heading("T", 1),
        "<script>a</script>",
        "<div onclick=b>c</div> <sup>a</sup> <sup id=d>e</sup>",
        "[f](javascript:g)",
        make_table(["<i>h</i>"], [[Cell("<b>j</b>", "<k>")]]),
    ]
    shown = Writer().content(blocks)
    allowed = [
        "<h1>",
        "<p>",
        "<p>",
        "<sup>",
        "<p>",
        "<div>",
        "<table>",
        "<thead>",
        "<tr>",
        "<th>",
        "<tbody>",
        "<tr>",
        "<th>",
    ]
    assert [f"<{tag}>" for tag in re.findall("<([a-z0-9]+)[^>]*>", shown)] == allowed
    assert "&lt;script&gt;a&lt;/script&gt;" in shown
    assert 'data-sort="&lt;k&gt;"' in shown


def test_the_figures_are_those_beside_it(realistic: Path) -> None:
    sources = re.findall(r'<img src="data:image/png;base64,([^"]+)"', page(realistic))
    files = sorted((realistic / "figures").iterdir())
    assert sorted(base64.b64decode(source) for source in sources) == sorted(file.read_bytes() for file in files)


def test_check_notices_a_changed_byte(realistic: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "fashion-mnist"
    shutil.copytree(realistic, folder)
    assert report.check(folder) == []
    whole = (folder / "leaderboard.html").read_bytes()
    for place in (200, whole.index(b"iVBOR") + 5_000, len(whole) - 30):
        (folder / "leaderboard.html").write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert report.check(folder) == ["leaderboard.html"]
    (folder / "leaderboard.html").unlink()
    assert cli.main(["report", "--check", "--results", str(tmp_path)]) == 1
    assert "differs from its records: leaderboard.html" in capsys.readouterr().out
    assert cli.main(["report", "--results", str(tmp_path)]) == 0
    assert "leaderboard.md and leaderboard.html: written, with " in capsys.readouterr().out
    assert (folder / "leaderboard.html").read_bytes() == whole
    (folder / "figures" / "per-class-f1.png").unlink()
    assert report.check(folder) == ["figures/per-class-f1.png", "leaderboard.html"]


def test_cells_are_sorted_by_what_they_were_made_from(realistic: Path) -> None:
    summary = summarise(records.read(realistic))
    frame = load(realistic)
    rows = table.every_number(summary, notes(summary))[0].rows
    assert [row[1].value for row in rows] == frame["title"].tolist()
    assert [row[0].value for row in rows] == [1, *frame["rank"].tolist()[1:-1], None]
    assert [row[3].value for row in rows[:-1]] == frame["test_accuracy"].tolist()[:-1]
    first = frame.iloc[0]
    assert rows[0][3].interval == (first["test_accuracy_low"], first["test_accuracy_high"])
    assert rows[0][4].interval is None
    assert rows[0][5].interval == (first["macro_f1_low"], first["macro_f1_high"])
    assert [cell.value for cell in rows[0][6:10]] == [
        first["hardest_class_f1"],
        first["validation_accuracy"],
        first["test_minus_validation"],
        first["tuning_seconds"],
    ]
    assert [row[7].value for row in per_class.table(summary).rows] == frame["f1_Shirt"].tolist()[:-1]
    ours = re.findall(r'<td class="number" data-sort="([^"]+)">9.3 min</td>', page(realistic))
    assert ours[0] == "556"


def test_a_column_without_numbers_is_one_of_words_wherever_it_stands() -> None:
    rows = [
        ["x", "k", number(9.0, "{:.0f} s".format)],
        ["y", "j", number(None, str)],
        ["z", "i", number(120.0, lambda seconds: f"{seconds / 60:.0f} min")],
        ["w", "—", "failed"],
    ]
    shown = Writer().content([make_table(["a", "b", "c"], rows)])
    assert re.findall('data-order="(.+?)"', shown) == ["words", "words", "number"]
    assert re.findall('<td class="words"(.*?)>', shown) == [*(f' data-sort="{word}"' for word in "kji"), ""]
    assert re.findall('<td class="number"(.*?)>', shown) == [' data-sort="9"', "", ' data-sort="120"', ""]


def test_an_interval_in_a_cell_is_apart_and_kept() -> None:
    rows = [["x", Cell("0.9", 0.9, (0.8, 1.0), " (0.8–1.0)"), Cell("−0.9", -0.9, (-1.0, -0.8))]]
    found = make_table(["a", "b", "c"], rows)
    assert re.findall("<td.*?>(.*)</td>", Writer().content([found])) == [
        '0.9<span class="range"> (0.8–1.0)</span> <span class="detail">95 % interval 0.8000 to 1.0000</span>',
        '−0.9 <span class="detail">95 % interval -1.0000 to -0.8000</span>',
    ]
    assert markdown_of([found]).splitlines()[-1] == "| x | 0.9 (0.8–1.0) | −0.9 |"


def test_a_page_without_its_pictures_and_a_row_of_other_length_are_refused(realistic: Path) -> None:
    with pytest.raises(ValueError, match=r"shows figures/.*\.png"):
        leaderboard_html.page(assemble(realistic), {})
    with pytest.raises(ValueError, match="a row of 1 cells under 2 columns"):
        make_table(["a", "b"], [["x"]])


def test_nothing_finished_and_one_row(tmp_path: Path) -> None:
    synthetic.write_test_set(tmp_path / "none", np.arange(10))
    synthetic.write_failure(tmp_path / "none", "cnn", title="CNN", family="cnn", status="timeout", reason="after 1 h")
    shown = report.render(tmp_path / "none")["leaderboard.html"].decode()
    assert "<strong>ran out of time</strong>: after 1 h" in shown
    assert "<img" not in shown
    y = np.arange(60) % 2
    test_set = synthetic.write_test_set(tmp_path / "one", y, ["no", "yes"], dataset="digits")
    synthetic.write_predictions(tmp_path / "one", test_set, "one", np.where(np.arange(60) < 5, 1 - y, y), fit_rows=50)
    shown = report.render(tmp_path / "one")["leaderboard.html"].decode()
    assert "<title>Leaderboard: digits</title>" in shown
    assert "<blockquote>\n<p><strong>A preview, not the result</strong>" in shown


# --- what a browser shows


@dataclass
class Seen:
    """A page in a browser, and what came of it: requests, why some failed, errors and dialogs."""

    page: Page
    address: str
    requests: list[str] = field(default_factory=list)
    refused: list[str | None] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def screenshot(self) -> Image.Image:
        return Image.open(io.BytesIO(self.page.screenshot(full_page=True)))


def look(context: BrowserContext, folder: Path) -> Seen:
    context.set_default_timeout(10_000)
    seen = Seen(context.new_page(), (folder / "leaderboard.html").as_uri())
    context.on("request", lambda request: seen.requests.append(request.url))
    context.on("requestfailed", lambda request: seen.refused.append(request.failure))
    seen.page.on("console", lambda message: seen.troubles.append(message.text))
    seen.page.on("pageerror", lambda error: seen.troubles.append(str(error)))
    seen.page.on("dialog", lambda dialog: seen.troubles.append(dialog.message))
    seen.page.goto(seen.address)
    return seen


@pytest.fixture
def desk(browser: Browser, realistic: Path) -> Iterator[Seen]:
    with browser.new_context(viewport=DESK, offline=True) as context:
        seen = look(context, realistic)
        yield seen
        assert seen.requests == [seen.address]
        assert seen.troubles == []


@pytest.fixture
def phone(browser: Browser, realistic: Path) -> Iterator[Seen]:
    with browser.new_context(viewport=PHONE, offline=True, is_mobile=True, has_touch=True) as context:
        seen = look(context, realistic)
        yield seen
        assert seen.requests == [seen.address]
        assert seen.troubles == []


def pages_in_order(folder: Path) -> list[str]:
    """Return the texts of leaderboard.md and of the pages that it links to."""
    text = (folder / "leaderboard.md").read_text(encoding="utf-8")
    return [
        text,
        *((folder / file).read_text(encoding="utf-8") for file in re.findall(r"^- \[.*\]\((.+?)\)", text, re.M)),
    ]


def crop(picture: Image.Image, box: dict[str, Any] | None) -> np.ndarray[Any, Any]:
    assert box is not None
    left, top = round(box["x"]), round(box["y"])
    found = picture.convert("L").crop((left, top, left + round(box["width"]), top + round(box["height"])))
    return np.asarray(found, dtype=float)


@pytest.mark.parametrize("which", ["desk", "phone"])
def test_the_screenshot_shows_rows_and_figures(which: str, request: pytest.FixtureRequest, realistic: Path) -> None:
    seen: Seen = request.getfixturevalue(which)
    taken = seen.screenshot()
    width = (DESK if which == "desk" else PHONE)["width"]
    assert taken.width == width
    assert taken.height == seen.page.evaluate("document.documentElement.scrollHeight") > 3_000
    assert np.asarray(taken.convert("L")).std() > 20
    rows = seen.page.locator("table").first.locator("tbody tr")
    assert rows.count() == 6
    for row in rows.all():
        name = crop(taken, row.locator("th").bounding_box())
        assert (name < 128).mean() > 0.005, "no letters"
        assert (name > 200).mean() > 0.5, "no paper"
    pictures = seen.page.locator("img")
    files = [file for each in pages_in_order(realistic) for file in re.findall(r"\((figures/.+?)\)", each)]
    assert pictures.count() == len(files) >= 6
    for picture, file in zip(pictures.all(), files, strict=True):
        with Image.open(realistic / file) as drawn:
            size = picture.evaluate("image => [image.naturalWidth, image.naturalHeight]")
            assert tuple(size) == drawn.size
        box = picture.bounding_box()
        assert box is not None
        # On a phone a figure goes on to the right, in its box.
        visible = min(round(box["width"]), width - round(box["x"]) - 16)
        shown = crop(taken, box)[:, :visible]
        drawn = Image.open(realistic / file).convert("L").resize((round(box["width"]), round(box["height"])))
        expected = np.asarray(drawn, dtype=float)[:, :visible]
        # In tiles, since a line that is drawn half a pixel lower is the same line.
        tiles = [Image.fromarray(one).reduce(8) for one in (shown, expected)]
        assert np.corrcoef([np.asarray(one).ravel() for one in tiles])[0, 1] > 0.95, file


def test_rows_stand_by_rank_and_sort_as_numbers(desk: Seen, realistic: Path) -> None:
    table = load(realistic)
    assert row_names(desk.page) == table["title"].tolist()
    fit = desk.page.get_by_role("button", name="Fit", exact=True).first
    header = desk.page.get_by_role("columnheader", name="Fit", exact=True).first
    finished = table[table["status"] == "ok"]
    ascending = finished.sort_values("fit_seconds", kind="stable")["title"].tolist()
    texts = desk.page.locator("table").first.locator("tbody tr > :nth-child(6)")
    fit.click()
    assert row_names(desk.page) == [*ascending, "k nearest"]
    assert texts.all_inner_texts() != sorted(texts.all_inner_texts())  # "9.3 min" is more than "34 s"
    assert texts.all_inner_texts() == ["21 s", "34 s", "70 s", "3.5 min", "9.3 min", "—"]
    expect(header).to_have_attribute("aria-sort", "ascending")
    fit.press("Enter")
    assert row_names(desk.page) == [*ascending[::-1], "k nearest"]
    expect(header).to_have_attribute("aria-sort", "descending")
    desk.page.get_by_role("button", name="Estimator").first.press("Space")
    assert row_names(desk.page) == sorted(table["title"], key=str.lower)
    assert header.get_attribute("aria-sort") is None
    for _ in range(2):
        desk.page.get_by_role("button", name="Estimator").first.click()
    assert row_names(desk.page) == table["title"].tolist()


def test_other_tables_sort_too(desk: Seen, realistic: Path) -> None:
    table = load(realistic)
    finished = table[table["status"] == "ok"]
    place = desk.page.locator("h2, table").evaluate_all(
        "found => found.slice(0, found.findIndex(one => one.id === 'f1-of-each-class'))"
        ".filter(one => one.tagName === 'TABLE').length"
    )
    desk.page.locator("table").nth(place).get_by_role("button", name="Shirt").click()
    assert row_names(desk.page, place) == finished.sort_values("f1_Shirt", kind="stable")["title"].tolist()
    assert row_names(desk.page) == table["title"].tolist()


def test_intervals_are_shown_by_pointer_and_keyboard(desk: Seen, realistic: Path) -> None:
    first = load(realistic).iloc[0]
    number = desk.page.get_by_role("button", name=f"{first['test_accuracy']:.4f}").first
    tip = desk.page.get_by_role("tooltip")
    said = f"95 % interval {first['test_accuracy_low']:.4f} to {first['test_accuracy_high']:.4f}"
    expect(number).to_have_accessible_description(said)
    expect(tip).to_be_hidden()
    number.hover()
    expect(tip).to_have_text(said)
    expect(tip).to_be_visible()
    before = np.asarray(Image.open(io.BytesIO(desk.page.screenshot())).convert("L"), dtype=float)
    box = tip.bounding_box()
    assert box is not None
    tip.hover()  # the words can be pointed at, and copied
    desk.page.wait_for_timeout(300)
    expect(tip).to_be_visible()
    desk.page.mouse.move(5, 5)
    expect(tip).to_be_hidden()
    after = np.asarray(Image.open(io.BytesIO(desk.page.screenshot())).convert("L"), dtype=float)
    changed = np.abs(before - after) > 60
    inside = changed[
        round(box["y"]) : round(box["y"] + box["height"]), round(box["x"]) : round(box["x"] + box["width"])
    ]
    assert inside.mean() > 0.3
    desk.page.get_by_role("button", name="Size").first.focus()
    desk.page.keyboard.press("Tab")  # from the last header to the first row's accuracy
    expect(number).to_be_focused()
    expect(tip).to_have_text(said)
    expect(tip).to_be_visible()
    desk.page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    desk.page.set_viewport_size({"width": 1280, "height": 300})
    for _ in range(4):
        desk.page.keyboard.press("Tab")  # to rows that the browser must scroll to
    desk.page.wait_for_timeout(300)
    last = desk.page.locator(".hint").nth(4)
    expect(last).to_be_focused()
    expect(tip).to_be_in_viewport()
    spot, about = tip.bounding_box(), last.bounding_box()
    assert spot is not None
    assert about is not None
    assert 0 < about["y"] - spot["y"] - spot["height"] < 12, "it stands right above what it is about"


def test_a_phone_scrolls_tables_and_not_the_page(phone: Seen, realistic: Path) -> None:
    width = PHONE["width"]
    sizes = "[document.documentElement.scrollWidth, document.body.scrollWidth, window.innerWidth]"
    assert phone.page.evaluate(sizes)[0::2] == [width, width]
    assert phone.page.evaluate(sizes)[1] <= width
    box = phone.page.get_by_role("region").first
    assert box.evaluate("box => box.scrollWidth") > box.evaluate("box => box.clientWidth") + 200
    name = box.locator("tbody th").first
    box.evaluate("box => box.scrollTo(400, 0)")
    outer, stays = box.bounding_box(), name.bounding_box()
    assert outer is not None
    assert stays is not None
    assert abs(stays["x"] - outer["x"]) < 2, "the name of a row stays in sight"
    assert phone.page.evaluate("window.scrollX") == 0
    box.evaluate("box => box.scrollTo(0, 0)")
    first = load(realistic).iloc[0]
    tip = phone.page.get_by_role("tooltip")
    phone.page.get_by_role("button", name=f"{first['test_accuracy']:.4f}").first.tap()
    expect(tip).to_be_visible()
    spot = tip.bounding_box()
    assert spot is not None
    assert spot["x"] >= 0
    assert spot["x"] + spot["width"] <= width
    phone.page.locator("h1").tap()
    expect(tip).to_be_hidden()
    phone.page.get_by_role("button", name="Rank").first.tap()
    assert row_names(phone.page)[0] == first["title"]


def test_the_header_stays_where_a_table_is_higher_than_the_window(desk: Seen) -> None:
    desk.page.set_viewport_size({"width": 1280, "height": 200})
    box = desk.page.get_by_role("region").first
    box.evaluate("box => box.scrollTo(0, 150)")
    outer, header = box.bounding_box(), box.locator("thead th").first.bounding_box()
    assert outer is not None
    assert header is not None
    assert box.evaluate("box => box.scrollTop") > 50
    assert abs(outer["y"] - header["y"]) < 2


@pytest.mark.parametrize("window", [DESK, PHONE])
def test_hostile_names_do_nothing_and_fit(browser: Browser, hostile: Path, window: dict[str, int]) -> None:
    with browser.new_context(viewport=window, offline=True, is_mobile=window is PHONE) as context:
        seen = look(context, hostile)
        assert seen.page.evaluate("window.owned") is None
        assert seen.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]") == [window["width"]] * 2
        assert seen.page.title().endswith("</title><script>window.owned = 1</script>")
        for header in seen.page.locator("table").first.locator("thead button").all():
            header.click()
        for hint in seen.page.locator(".hint").all():
            hint.focus()
        assert (seen.requests, seen.troubles) == ([seen.address], [])
        # Were anything to get in, it could not run or load.
        seen.page.evaluate(
            "document.body.insertAdjacentHTML('beforeend', '<img src=\"https://e.example/\" onerror=\"owned = 1\">');"
            "const one = document.createElement('script'); one.textContent = 'window.owned = 1';"
            "document.body.append(one)"
        )
        assert seen.page.evaluate("window.owned") is None
        assert seen.refused == ["csp"]
        assert len([trouble for trouble in seen.troubles if "Content Security Policy" in trouble]) == 3


def test_it_can_be_read_without_script(browser: Browser, realistic: Path) -> None:
    with browser.new_context(viewport=DESK, offline=True, java_script_enabled=False) as context:
        seen = look(context, realistic)
        expect(seen.page.locator("tbody .detail").first).to_be_visible()
        assert seen.page.locator("button").count() == 0
