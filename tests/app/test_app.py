"""The app, end to end: a real server on loopback, real saved models in worker processes, and a real Chromium.

One server has two saved models. The other, in this process, has no model and shows the records of a third party.
"""

from __future__ import annotations

import base64
import dataclasses
import http.client
import io
import json
import os
import pickle
import re
import shutil
import socket
import struct
import sys
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import uvicorn
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from benchmark import app, datasets, load
from benchmark.app import models, pages, security
from benchmark.app import results as app_results
from benchmark.app import server as app_server
from benchmark.cli import main as cli
from benchmark.datasets.preprocessing import MAX_BYTES
from benchmark.storage import records
from tests import kept_models
from tests import synthetic_results as synthetic
from tests.browser import DESK, PHONE, row_names
from tests.browser import browser as browser
from tests.report.test_faults_names import NASTY
from tests.running import Program, eventually

SAVED = (kept_models.LOGISTIC, kept_models.KNN)

SCRIPT = "</script><script>window.owned = 1</script>"


@dataclass
class Server:
    """A running `serve`, or its application within this process, and where it answers."""

    program: Program | None
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Send one request; return status, headers by name, in lower case, and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            found = connection.getresponse()
            return found.status, {key.lower(): value for key, value in found.getheaders()}, found.read()
        finally:
            connection.close()


def started(results: Path) -> Server:
    program = Program(results, "--port", "0", verb="serve")
    program.await_line("http://127.0.0.1:")
    (port,) = re.findall(r"http://127\.0\.0\.1:(\d+)", program.printed)
    return Server(program, int(port))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records and models of a small run."""
    folder = tmp_path_factory.mktemp("results")
    kept_models.run(folder / "digits", SAVED)
    return folder


@pytest.fixture(scope="module")
def server(results: Path) -> Iterator[Server]:
    """Two saved models; in the end, Ctrl-C must leave no process behind."""
    found = started(results)
    yield found
    assert found.program is not None
    assert len(found.program.relatives()) >= len(SAVED)
    found.program.interrupt()
    status, printed, errors = found.program.finish(timeout=30)
    assert (status, errors) == (0, "")
    assert printed.endswith("stopped\n")
    assert eventually(lambda: not found.program.relatives())


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """No saved model, and records in which every name is an attack."""
    results = tmp_path_factory.mktemp("hostile")
    folder, digits = results / "digits", datasets.load("digits")
    classes = (NASTY, SCRIPT, '"><img src=x onerror="window.owned = 1">', "w" * 300, *map(str, range(6)))
    test_set = synthetic.write_test_set(folder, digits.test.y, classes, examples=[], dataset="digits")
    test_set = dataclasses.replace(test_set, sha256=digits.sha256, image_shape=(8, 8, 1))
    test_set = dataclasses.replace(test_set, example_images=np.zeros((0, 64), dtype=np.uint8))
    records.write_test_set(folder, test_set)
    for place, title in enumerate(classes[:3]):
        wrong = np.where(np.arange(len(test_set.y)) % 7 == place, (test_set.y + 1) % 10, test_set.y)
        synthetic.write_predictions(
            folder,
            test_set,
            f"e{place}",
            wrong,
            title=title,
            family=title,
            dataset_sha256=digits.sha256,
        )
    with (
        closing(app_server.listen(0)) as listening,
        closing(models.LoadedModels(folder, digits, warn=pytest.fail)) as none,
    ):
        port = listening.getsockname()[1]
        summary = app_results.in_background(partial(app_results.read, folder, digits.sha256))
        content = pages.Content("digits", digits.class_names, digits.image_shape, digits.test, none, summary)
        config = uvicorn.Config(
            security.SecurityMiddleware(pages.app(content), port), log_level="error", timeout_graceful_shutdown=1
        )
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, args=([listening],))
        thread.start()
        yield Server(None, port)
        running.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


@dataclass
class Seen:
    """A page in a browser, the URLs that it requested, and its errors."""

    page: Page
    server: Server
    requests: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.server.address + path)

    def choose(self, name: str, blob: bytes, kind: str = "image/png") -> None:
        self.page.get_by_label("choose one").set_input_files([{"name": name, "mimeType": kind, "buffer": blob}])

    def answers(self) -> dict[str, tuple[str, dict[str, float]]]:
        """Return the answer and the scores of each card, by title."""
        expect(self.page.locator(".cards")).to_be_visible(timeout=60_000)
        found = {}
        for card in self.page.locator(".card").all():
            bars = card.locator(".bars").last.locator("li")
            shares = {
                bar.locator(".class").text_content() or "": float(bar.locator("progress").get_attribute("value") or -1)
                for bar in bars.all()
            }
            found[card.locator("h3").inner_text()] = (card.locator(".answer strong").inner_text(), shares)
        return found


def seen(browser: Browser, server: Server, window: dict[str, int]) -> Iterator[Seen]:
    with browser.new_context(viewport=window, is_mobile=window is PHONE, has_touch=window is PHONE) as context:
        context.set_default_timeout(20_000)
        found = Seen(context.new_page(), server)
        context.on("request", lambda request: found.requests.append(request.url))
        found.page.on("console", lambda message: found.troubles.append(message.text))
        found.page.on("pageerror", lambda error: found.troubles.append(str(error)))
        found.page.on("dialog", lambda dialog: found.troubles.append(dialog.message))
        yield found
        assert all(url.startswith((server.address + "/", "data:")) for url in found.requests), (
            "nothing is loaded from elsewhere"
        )
        # The console reports every response with an error status.
        assert [trouble for trouble in found.troubles if not trouble.startswith("Failed to load resource")] == []


@pytest.fixture
def desk(browser: Browser, server: Server) -> Iterator[Seen]:
    yield from seen(browser, server, DESK)


@pytest.fixture
def phone(browser: Browser, server: Server) -> Iterator[Seen]:
    yield from seen(browser, server, PHONE)


@pytest.fixture
def stranger(browser: Browser, bare: Server) -> Iterator[Seen]:
    yield from seen(browser, bare, DESK)


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def digit(index: int) -> bytes:
    return png(datasets.load("digits").test.X[index].reshape(8, 8))


def bomb(side: int) -> bytes:
    """Return some hundred bytes whose header announces a square picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * (side + 1))) + chunk(b"IEND", b"")


# --- in a browser


def test_an_upload_gets_every_models_answer(desk: Seen, results: Path) -> None:
    desk.open("/")
    expect(desk.page.locator("#models")).to_contain_text("2 models are ready", timeout=60_000)
    index = 3
    desk.choose("../../etc/passwd.png", digit(index))
    found = desk.answers()
    recorded = records.read(results / "digits")
    titles = {record.estimator: record.title for record in recorded.records}
    assert set(found) == {titles[name] for name in SAVED}
    for name in SAVED:
        answer, shares = found[titles[name]]
        stored = recorded.proba[name, 0][index].astype(float)
        assert answer == str(stored.argmax())
        assert [shares[str(digit)] for digit in range(10)] == pytest.approx(stored, abs=2e-3)
    expect(desk.page.locator(".card .duration").first).to_have_text(re.compile(r"^[\d.,]+ (ms|s)$"))
    expect(desk.page.locator("figcaption").last).to_contain_text("8 × 8 pixels")
    # The models see the same pixels, because the picture has their size.
    source = desk.page.locator(".pictures .pixels").get_attribute("src") or ""
    shown = Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))
    assert (np.asarray(shown).ravel() == datasets.load("digits").test.X[index]).all()
    preview = desk.page.locator(".preview")
    assert preview.evaluate("one => [one.width, one.height]") == [140, 140]
    expect(desk.page.locator("#answers")).to_be_focused()  # screen readers then read it out


def test_a_dropped_jpeg_is_answered_too(desk: Seen) -> None:
    buffer = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(buffer, "JPEG")
    desk.open("/")
    desk.page.evaluate(
        "([bytes]) => { const given = new DataTransfer();"
        "given.items.add(new File([Uint8Array.from(atob(bytes), one => one.charCodeAt())], 'a.jpg'));"
        "document.getElementById('drop').dispatchEvent("
        "new DragEvent('drop', {dataTransfer: given, bubbles: true, cancelable: true})) }",
        [base64.b64encode(buffer.getvalue()).decode()],
    )
    assert len(desk.answers()) == len(SAVED)


NO_PICTURE = "This is no PNG, JPEG, WebP, BMP, GIF, TIFF or PGM picture, or a damaged one."

REFUSED = {
    "a pickle": (
        pickle.dumps({"a": np.arange(9)}),
        NO_PICTURE,
    ),
    "a bomb": (bomb(5_000), "The picture is 5,000 by 5,000 pixels, more than the 24,000,000 that are decoded."),
    "a large bomb": (bomb(30_000), "The picture has more than the 24,000,000 pixels that are decoded."),
    "half a picture": (digit(0)[:60], NO_PICTURE),
    "a page": (b"<svg xmlns='http://www.w3.org/2000/svg'><script>owned=1</script></svg>", "This is no PNG"),
    "nothing": (b"", NO_PICTURE),
}


def test_a_refused_file_gets_a_sentence_where_it_was_chosen(desk: Seen, tmp_path: Path) -> None:
    desk.open("/")
    desk.choose("a.png", digit(0))
    assert desk.answers()
    for blob, sentence in REFUSED.values():
        desk.choose("picture.png", blob)
        expect(desk.page.locator("#picture").get_by_role("alert")).to_contain_text(sentence)
        expect(desk.page.locator(".card")).to_have_count(0)
        expect(desk.page.locator("#busy")).to_be_hidden()
    large = tmp_path / "large.png"
    large.touch()
    os.truncate(large, MAX_BYTES + 2**20)
    desk.page.get_by_label("choose one").set_input_files(large)
    alert = desk.page.locator("#picture").get_by_role("alert")
    expect(alert).to_have_text("The file has 11.0 MiB; the limit is 10 MiB.")
    desk.choose("a.png", digit(0))
    assert desk.answers()
    expect(alert).to_be_empty()


def test_a_drawing_is_answered(desk: Seen) -> None:
    desk.open("/")
    ask = desk.page.get_by_role("button", name="Classify the drawing")
    ask.click()
    alert = desk.page.locator("#drawing").get_by_role("alert")
    expect(alert).to_have_text("Draw something first.")
    desk.page.get_by_label("Fill outlines").uncheck()
    box = desk.page.locator("#canvas").bounding_box()
    assert box is not None
    for x in (100, 180):
        desk.page.mouse.move(box["x"] + x, box["y"] + 40)
        desk.page.mouse.down()
        desk.page.mouse.move(box["x"] + x, box["y"] + 240, steps=4)
        desk.page.mouse.up()
    desk.page.get_by_role("button", name="Undo").click()
    ask.click()
    assert len(desk.answers()) == len(SAVED)
    expect(alert).to_be_empty()
    source = desk.page.locator(".pictures .pixels").get_attribute("src") or ""
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))).astype(int)
    assert pixels[:, 2:4].mean() < pixels[:, 5:].mean() - 25, "one stroke, left of the middle, dark on white"
    desk.page.get_by_role("button", name="Clear").click()
    ask.click()
    expect(alert).to_have_text("Draw something first.")


def test_a_drawing_can_be_made_by_keyboard(desk: Seen) -> None:
    desk.open("/")
    paper = desk.page.get_by_label("Drawing canvas")
    dark = "one => one.getContext('2d').getImageData(0, 0, 280, 280).data.filter((v, i) => i % 4 == 0 && v < 90).length"
    paper.focus()
    assert paper.evaluate(dark) == 0
    for key in (" ", *["ArrowDown"] * 6, " ", "ArrowRight"):
        paper.press(key)
    assert paper.evaluate(dark) > 60 * 10
    desk.page.get_by_role("button", name="Classify the drawing").click()
    assert len(desk.answers()) == len(SAVED)


def test_a_random_test_image_has_its_label_and_verdicts(phone: Seen, results: Path) -> None:
    phone.open("/")
    phone.page.get_by_role("button", name="Random test image").tap()
    found = phone.answers()
    link = phone.page.locator("figcaption a")
    index = int((link.get_attribute("href") or "").rpartition("=")[2])
    truth = str(datasets.load("digits").test.y[index])
    expect(phone.page.locator("figcaption")).to_contain_text(f"labelled {truth}")
    for card, (answer, _) in zip(phone.page.locator(".card").all(), found.values(), strict=True):
        expect(card.locator(".mark")).to_have_text("✓ right" if answer == truth else "✗ wrong")
    link.tap()  # to the recorded answers
    expect(phone.page.locator("h1")).to_have_text(f"Test image {index:,}: {truth}")
    stored = {key[0]: str(proba[index].argmax()) for key, proba in records.read(results / "digits").proba.items()}
    assert sorted(answer for answer, _ in phone.answers().values()) == sorted(stored.values())


def test_any_test_image_can_be_looked_up(desk: Seen) -> None:
    last = len(datasets.load("digits").test.y) - 1
    desk.open("/images")
    desk.page.get_by_label("Number").fill(str(last))
    desk.page.get_by_role("button", name="Show").click()
    expect(desk.page.locator("h1")).to_contain_text(f"Test image {last}")
    expect(desk.page.get_by_role("link", name="Next")).to_have_count(0)
    expect(desk.page.locator(".card")).to_have_count(2)
    desk.page.get_by_role("link", name="Previous").click()
    expect(desk.page.locator("h1")).to_contain_text(f"Test image {last - 1}")
    desk.page.get_by_role("link", name="Run the saved models on it").click()
    assert len(desk.answers()) == len(SAVED)
    for wrong in (str(last + 1), "-1", "../../etc/passwd", "", "²", "9" * 5000):
        status, _, text = desk.server.ask("GET", f"/images?index={wrong.replace('²', '%C2%B2')}")
        assert status == 422
        assert f"give a number from 0 to {last}".encode() in text


def test_the_leaderboard_sorts(desk: Seen, results: Path) -> None:
    table = load(results / "digits")
    desk.open("/leaderboard")
    assert row_names(desk.page) == table["title"].tolist()
    fit = desk.page.get_by_role("button", name="Fit", exact=True)
    fit.click()
    assert row_names(desk.page) == table.sort_values("fit_seconds")["title"].tolist()
    fit.press("Enter")
    assert row_names(desk.page) == table.sort_values("fit_seconds", ascending=False)["title"].tolist()


def test_the_gallery_shows_the_hardest_class(desk: Seen, results: Path) -> None:
    desk.open("/gallery")
    recorded, y = records.read(results / "digits"), datasets.load("digits").test.y
    hardest = re.fullmatch("The (.*) gallery", desk.page.locator("h1").inner_text())
    assert hardest is not None
    items = desk.page.locator(".gallery > li")
    assert items.count() == min(48, int((y == int(hardest[1])).sum()))
    missed = [int(re.findall(r": (\d) of 2 wrong", text)[0]) for text in items.all_inner_texts()]
    assert missed == sorted(missed, reverse=True)
    assert missed[0] > 0
    first = items.first
    picture = first.locator("img")
    assert picture.evaluate("one => one.naturalWidth") == 8
    index = int((first.locator("a").first.get_attribute("href") or "").rpartition("=")[2])
    assert y[index] == int(hardest[1])
    wrong = sum(int(proba[index].argmax() != y[index]) for proba in recorded.proba.values())
    assert missed[0] == wrong
    first.locator("summary").click()
    expect(first.locator(".answers li")).to_have_count(2)
    expect(first.locator(".answers")).to_be_visible()


PAGES = ("/", "/leaderboard", "/gallery", "/images?index=7", "/nothing")


@pytest.mark.parametrize("path", PAGES)
def test_a_phone_need_not_scroll_sideways(phone: Seen, path: str) -> None:
    phone.open(path)
    sizes = phone.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert sizes == [PHONE["width"]] * 2
    for control in phone.page.locator("input:visible, button:visible").all():
        box = control.bounding_box()
        assert box is not None
        if control.evaluate("one => !one.closest('.box')"):  # a table's own box scrolls
            assert box["x"] + box["width"] <= PHONE["width"]
    for picture in phone.page.locator("img").all():
        assert picture.get_attribute("alt")


# --- over HTTP


def test_fifty_requests_at_once(server: Server) -> None:
    picture = digit(5)

    def one(place: int) -> tuple[int, bytes]:
        if place % 5 == 4:
            return server.ask("GET", PAGES[place // 5 % 4])[::2]
        if place % 5 == 3:
            return server.ask("POST", f"/answers/test?index={place}")[::2]
        return server.ask("POST", "/answers/picture", picture)[::2]

    with ThreadPoolExecutor(50) as many:
        found = list(many.map(one, range(50)))
    assert [status for status, _ in found] == [200] * 50
    same = {re.sub(rb'"duration">.*?<', b"", text) for place, (_, text) in enumerate(found) if place % 5 < 3}
    assert len(same) == 1
    assert b"problem" not in same.pop()


def test_every_response_has_the_security_headers(server: Server) -> None:
    for method, path in (("GET", "/"), ("GET", "/nothing"), ("GET", "/images/0.png"), ("POST", "/answers/picture")):
        _, headers, _ = server.ask(method, path)
        assert headers["content-security-policy"].startswith("default-src 'self'; ")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert not [name for name in headers if name.startswith("access-control")]
        assert "server" not in headers


def test_only_its_own_page_may_send_requests(server: Server) -> None:
    body, here = digit(0), f"127.0.0.1:{server.port}"
    for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1", "127.0.0.1:1", ""):
        status, _, text = server.ask("GET", "/", headers={"Host": host})
        assert (status, text) == (403, f"This server only answers requests to {server.address}.".encode())
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://localhost:{server.port}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        status, _, text = server.ask("POST", "/answers/picture", body, headers)
        assert (status, text) == (403, b"This request comes from a page of another server.")
    for headers in ({"Origin": f"http://{here}", "Sec-Fetch-Site": "same-origin"}, {}):
        assert server.ask("POST", "/answers/picture", body, headers)[0] == 200
    local = {"Host": f"localhost:{server.port}", "Origin": f"http://localhost:{server.port}"}
    assert server.ask("POST", "/answers/test", None, local)[0] == 200


def test_a_body_is_refused_before_it_is_read_whole(server: Server) -> None:
    sentence = b"The file is larger than the limit of 10 MiB."
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as link:
        head = f"POST /answers/picture HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: {10**15}\r\n\r\n"
        link.sendall(head.encode())  # and not a byte of the body
        found = link.recv(65_536)
        while sentence not in found:
            more = link.recv(65_536)
            assert more, found
            found += more
    assert found.startswith(b"HTTP/1.1 413 ")
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as link:
        head = f"POST /answers/picture HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nTransfer-Encoding: chunked\r\n\r\n"
        link.sendall(head.encode())
        sent = 0
        try:
            while sent < 4 * MAX_BYTES:  # it would go on forever
                link.sendall(b"100000\r\n" + bytes(2**20) + b"\r\n")
                sent += 2**20
        except OSError:
            pass
        assert sent <= 2 * MAX_BYTES
    assert server.ask("GET", "/")[0] == 200


@pytest.mark.parametrize(
    "path", ["/../pyproject.toml", "/%2e%2e/pyproject.toml", "/app.css/../../models.py", "/images/..%2f0.png", "//etc"]
)
def test_no_path_leads_to_a_file(server: Server, path: str) -> None:
    status, _, text = server.ask("GET", path)
    assert status == 404
    assert b"This page does not exist." in text


# --- without models, and with a third party's records


def test_without_models_it_says_how_to_save_some_and_all_else_works(stranger: Seen) -> None:
    stranger.open("/")
    expect(stranger.page.locator("#models")).to_contain_text("python -m benchmark run NAME --keep")
    stranger.choose("a.png", digit(0))
    alert = stranger.page.locator("#picture").get_by_role("alert")
    expect(alert).to_have_text("No model is saved yet; save some with: python -m benchmark run --all --keep.")
    stranger.page.get_by_role("button", name="Random test image").click()
    assert len(stranger.answers()) == 3
    expect(stranger.page.locator("#result")).to_contain_text("these are the estimators' recorded answers")


def test_a_strangers_names_do_nothing_and_fit(stranger: Seen) -> None:
    for path in ("/leaderboard", "/gallery", "/images?index=0", "/?index=0"):
        stranger.open(path)
        if path == "/?index=0":
            assert len(stranger.answers()) == 3
        assert stranger.page.evaluate("window.owned") is None
        assert stranger.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]") == [1280] * 2
        expect(stranger.page.locator("body")).to_contain_text(SCRIPT)
        assert stranger.page.locator("script:not([src])").count() == 0
        assert stranger.page.locator("img[src=x]").count() == 0


# --- the command


def test_a_port_in_use_gets_one_clear_line(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["serve", "--port", str(server.port), "--dataset", "digits"]) == 2
    said = f"error: --port {server.port}: another program uses this port; choose another port, or 0 for any free one\n"
    assert capsys.readouterr().err == said


def test_without_the_extra_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert cli.main(["serve", "--dataset", "digits"]) == 2
    assert capsys.readouterr().err == f"error: {app.MISSING}\n"
    assert "pip install -e '.[app]'" in app.MISSING


def test_records_of_other_data_are_refused(results: Path, tmp_path: Path) -> None:
    shutil.copytree(results / "digits" / "records", tmp_path / "records")
    meta = json.loads((tmp_path / "records" / "test-set.json").read_text())
    with pytest.raises(Exception, match="holds results on other data of the same name"):
        app_results.read(tmp_path, "0" * 64)
    assert app_results.read(tmp_path, meta["sha256"]) is not None
    assert app_results.read(tmp_path / "nothing", meta["sha256"]) is None
