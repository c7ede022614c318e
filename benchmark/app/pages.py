"""An address in, a page or a part of one out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from benchmark.app import rows, stored, uploads
from benchmark.app.asking import Panel
from benchmark.datasets.dataset import Part
from benchmark.datasets.preprocessing import MAX_BYTES, MAX_PIXELS
from benchmark.errors import BenchmarkError
from benchmark.leaderboard.summary import Summary
from benchmark.render import markdown as md
from benchmark.report import html as leaderboard_html

DECODED_AT_ONCE = 2
"""A picture of `MAX_PIXELS` takes some hundreds of megabytes while it is decoded."""


@dataclass(frozen=True)
class Shown:
    """What the pages are about.

    Attributes
    ----------
    dataset : str
    class_names : tuple of str
    image_shape : tuple of int
    test : Part
        Images and labels.
    panel : Panel
        The kept models.
    records : Future of Summary or None
        What the records say, once it is worked out; None where there are none.
    """

    dataset: str
    class_names: tuple[str, ...]
    image_shape: tuple[int, int]
    test: Part
    panel: Panel
    records: Future[Summary | None]


def app(shown: Shown) -> Starlette:
    """Return the application; its end is the end of the models' workers."""
    pages = _Pages(shown)

    @asynccontextmanager
    async def until_the_end(_: Starlette) -> AsyncIterator[None]:
        yield
        shown.panel.close()

    return Starlette(
        routes=[
            Route("/", pages.home),
            Route("/models", pages.models),
            Route("/answers/picture", pages.answer_picture, methods=["POST"]),
            Route("/answers/test", pages.answer_test, methods=["POST"]),
            Route("/leaderboard", pages.leaderboard),
            Route("/gallery", pages.gallery),
            Route("/images", pages.image),
            Route("/images/random", pages.random_image),
            Route("/images/{index}.png", pages.image_file),
            *(Route(f"/{name}", _fixed(blob, kind)) for name, blob, kind in _files()),
        ],
        exception_handlers={
            BenchmarkError: pages.refused,
            HTTPException: pages.not_found,
            ClientDisconnect: lambda request, error: Response(status_code=400),  # nobody is there to read it
        },
        lifespan=until_the_end,
    )


class _Pages:
    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._templates = Environment(loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True)
        self._templates.globals |= {"dataset": shown.dataset, "max_bytes": MAX_BYTES, "max_pixels": MAX_PIXELS}
        self._templates.globals |= {"percent": md.percent, "plural": md.plural, "shape": shown.image_shape}
        self._decoding = asyncio.Semaphore(DECODED_AT_ONCE)
        self._rendered: dict[str, str] = {}

    async def home(self, request: Request) -> Response:
        """Show what can be asked."""
        return self._page("try.html", models=self._shown.panel.states(), n_test=len(self._shown.test.y))

    async def models(self, request: Request) -> Response:
        """Return how far the kept models are, a part of the first page."""
        return self._page("_models.html", models=self._shown.panel.states())

    async def answer_picture(self, request: Request) -> Response:
        """Return what every kept model says of a picture, sent as the request's body."""
        blob = await uploads.received(request.headers, request.stream())
        panel = self._shown.panel
        panel.require()
        async with self._decoding:
            pixels = await run_in_threadpool(panel.prepared, blob)
        said = await run_in_threadpool(panel.ask, pixels)
        return self._answers(pixels, said, prepared=panel.preparation)

    async def answer_test(self, request: Request) -> Response:
        """Return what is said of a test image, the one asked for or any."""
        index = self._index(request.query_params["index"]) if "index" in request.query_params else self._any()
        pixels, truth = self._shown.test.X[index], int(self._shown.test.y[index])
        if self._shown.panel.empty:
            summary = await self._records()
            said = stored.answers(summary, index) if summary else ()
        else:
            said = await run_in_threadpool(self._shown.panel.ask, pixels, truth)
        return self._answers(pixels, said, index=index, truth=self._shown.class_names[truth])

    async def leaderboard(self, request: Request) -> Response:
        """Show verdict and tables."""
        return await self._of_records("leaderboard.html", lambda summary: {"board": Markup(stored.board(summary))})

    async def gallery(self, request: Request) -> Response:
        """Show the hardest images of the hardest class."""

        def content(summary: Summary) -> dict[str, Any]:
            name = "" if summary.hardest is None else summary.class_names[summary.hardest]
            return {"found": stored.gallery(summary), "name": name, "total": len(summary.scored)}

        return await self._of_records("gallery.html", content)

    async def image(self, request: Request) -> Response:
        """Show a test image, its label, and what every estimator said of it."""
        index = self._index(request.query_params["index"]) if "index" in request.query_params else 0
        summary = await self._records()
        said = stored.answers(summary, index) if summary else ()
        return self._page(
            "image.html",
            index=index,
            last=len(self._shown.test.y) - 1,
            truth=self._shown.class_names[int(self._shown.test.y[index])],
            rows=said,
            headline=rows.headline(said, "estimator"),
            live=not self._shown.panel.empty,
            seeds=summary is not None and any(len(one.records) > 1 for one in summary.scored),
        )

    async def random_image(self, request: Request) -> Response:
        """Lead to any test image."""
        return RedirectResponse(f"/images?index={self._any()}", status_code=303)

    async def image_file(self, request: Request) -> Response:
        """Return a test image as a PNG."""
        index = self._index(request.path_params["index"])
        return Response(uploads.png(self._shown.test.X[index], self._shown.image_shape), media_type="image/png")

    def refused(self, request: Request, error: Exception) -> Response:
        """Say in a sentence what is wrong: as text where a part of a page was asked for."""
        status = 413 if isinstance(error, uploads.TooLargeError) else 422
        if request.method == "POST":
            return PlainTextResponse(rows.sentence(str(error)), status)
        return self._page("message.html", status, title="This cannot be shown", text=rows.sentence(str(error)))

    def not_found(self, request: Request, error: Exception) -> Response:
        """Say that there is nothing at an address."""
        assert isinstance(error, HTTPException)
        text = "There is nothing here." if error.status_code == 404 else f"{error.detail}."
        page = self._page("message.html", error.status_code, title="Nothing here", text=text)
        page.headers.update(error.headers or {})
        return page

    def _answers(
        self, pixels: npt.NDArray[np.uint8], said: tuple[rows.Row, ...], truth: str = "", **more: Any
    ) -> Response:
        noun = "estimator" if self._shown.panel.empty else "model"
        picture = uploads.inline(pixels, self._shown.image_shape)
        headline = rows.headline(said, noun)
        return self._page(
            "_answers.html", picture=picture, rows=said, headline=headline, truth=truth, noun=noun, **more
        )

    async def _of_records(self, template: str, content: Any) -> Response:
        """Return a page made from the records, which is made once."""
        if template not in self._rendered:
            summary = await self._records()
            if summary is None:
                return self._page("message.html", title="No records yet", text="", command="run --all")
            made = await run_in_threadpool(content, summary)
            self._rendered[template] = self._templates.get_template(template).render(here=template, **made)
        return HTMLResponse(self._rendered[template])

    async def _records(self) -> Summary | None:
        return await asyncio.shield(asyncio.wrap_future(self._shown.records))  # which others wait for, too

    def _page(self, template: str, status: int = 200, **values: object) -> Response:
        return HTMLResponse(self._templates.get_template(template).render(here=template, **values), status)

    def _index(self, text: str) -> int:
        """Return the test image that is asked for."""
        last = len(self._shown.test.y) - 1
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) <= last):
            raise BenchmarkError(f"there is no test image {text[:20]!r}; give a number from 0 to {last}")
        return int(text)

    def _any(self) -> int:
        return int(np.random.default_rng().integers(len(self._shown.test.y)))


def _files() -> list[tuple[str, bytes, str]]:
    """Return the files that pages load, by the name that they have there: read once, by names of ours alone."""
    report, own = Path(leaderboard_html.__file__).parent, Path(__file__).with_name("static")
    return [
        ("page.css", (report / "page.css").read_bytes(), "text/css"),
        ("page.js", (report / "page.js").read_bytes(), "text/javascript"),
        ("app.css", (own / "app.css").read_bytes(), "text/css"),
        ("app.js", (own / "app.js").read_bytes(), "text/javascript"),
    ]


def _fixed(blob: bytes, kind: str) -> Any:
    async def endpoint(request: Request) -> Response:
        return Response(blob, media_type=kind)

    return endpoint
