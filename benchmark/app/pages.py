"""The URLs of the app: each returns a page, a part of one, or a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
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

from benchmark.app import cards, results, uploads
from benchmark.app.cards import Card
from benchmark.app.models import LoadedModels
from benchmark.datasets.dataset import Part, Shape, size_text
from benchmark.datasets.preprocessing import MAX_BYTES, MAX_PIXELS
from benchmark.errors import BenchmarkError
from benchmark.leaderboard.summary import Summary
from benchmark.render import fmt
from benchmark.render.markdown import plain
from benchmark.report import html as leaderboard_html

MAX_CONCURRENT_DECODES = 2
"""Decoding a picture of `MAX_PIXELS` takes several hundred megabytes of memory."""


@dataclass(frozen=True)
class Content:
    """What the pages show.

    Attributes
    ----------
    dataset : str
        Name of the data set.
    class_names : tuple of str
    image_shape : tuple of int
        See `benchmark.datasets.dataset.Shape`.
    test : Part
        The test images and their labels.
    models : LoadedModels
        The saved models.
    records : Future of Summary or None
        The scored records; None if there are none.
    """

    dataset: str
    class_names: tuple[str, ...]
    image_shape: Shape
    test: Part
    models: LoadedModels
    records: Future[Summary | None]


def app(content: Content) -> Starlette:
    """Return the application; its shutdown stops the models' workers."""
    pages = _Pages(content)

    @asynccontextmanager
    async def close_at_shutdown(_: Starlette) -> AsyncIterator[None]:
        yield
        content.models.close()

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
            *(Route(f"/{name}", _static(blob, kind)) for name, blob, kind in _static_files()),
        ],
        exception_handlers={
            BenchmarkError: pages.refused,
            HTTPException: pages.not_found,
            ClientDisconnect: lambda request, error: Response(status_code=400),  # nobody reads the response
        },
        lifespan=close_at_shutdown,
    )


class _Pages:
    def __init__(self, content: Content) -> None:
        self._content = content
        self._templates = Environment(loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True)
        self._templates.globals |= {"dataset": content.dataset, "max_bytes": MAX_BYTES, "max_pixels": MAX_PIXELS}
        self._templates.globals |= {
            "percent": fmt.percent,
            "plural": fmt.plural,
            "shape": content.image_shape,
            "size_text": size_text(content.image_shape),
            "files": [plain(name) for name in content.test.names],
        }
        self._decoding = asyncio.Semaphore(MAX_CONCURRENT_DECODES)
        self._rendered: dict[str, str] = {}

    async def home(self, request: Request) -> Response:
        """Show the first page: upload, draw, or pick a test image."""
        return self._page("try.html", models=self._content.models.states(), n_test=len(self._content.test.y))

    async def models(self, request: Request) -> Response:
        """Return the loading state of the saved models, a part of the first page."""
        return self._page("_models.html", models=self._content.models.states())

    async def answer_picture(self, request: Request) -> Response:
        """Return the answer of every saved model to a picture, which is the request's body."""
        blob = await uploads.read_body(request.headers, request.stream())
        models = self._content.models
        models.require()
        async with self._decoding:
            pixels = await run_in_threadpool(models.prepare, blob)
        answers = await run_in_threadpool(models.predict, pixels)
        return self._answers(pixels, answers, preparation=models.preparation)

    async def answer_test(self, request: Request) -> Response:
        """Return the answers to a test image: the given one, or a random one."""
        index = self._index(request.query_params["index"]) if "index" in request.query_params else self._random_index()
        pixels, truth = self._content.test.X[index], int(self._content.test.y[index])
        if self._content.models.empty:
            summary = await self._records()
            answers = results.answers(summary, index) if summary else ()
        else:
            answers = await run_in_threadpool(self._content.models.predict, pixels, truth)
        return self._answers(pixels, answers, index=index, truth=self._content.class_names[truth])

    async def leaderboard(self, request: Request) -> Response:
        """Show the verdict and the tables."""
        return await self._from_records(
            "leaderboard.html", lambda summary: {"leaderboard": Markup(results.leaderboard(summary))}
        )

    async def gallery(self, request: Request) -> Response:
        """Show the hardest images of the hardest class."""

        def values(summary: Summary) -> dict[str, Any]:
            name = "" if summary.hardest is None else summary.class_names[summary.hardest]
            return {"images": results.hardest_images(summary), "name": name, "total": len(summary.scored)}

        return await self._from_records("gallery.html", values)

    async def image(self, request: Request) -> Response:
        """Show a test image, its label, and the recorded answer of every estimator."""
        index = self._index(request.query_params["index"]) if "index" in request.query_params else 0
        summary = await self._records()
        answers = results.answers(summary, index) if summary else ()
        return self._page(
            "image.html",
            index=index,
            last=len(self._content.test.y) - 1,
            truth=self._content.class_names[int(self._content.test.y[index])],
            cards=answers,
            headline=cards.headline(answers, "estimator"),
            live=not self._content.models.empty,
            seeds=summary is not None and any(len(row.records) > 1 for row in summary.scored),
        )

    async def random_image(self, request: Request) -> Response:
        """Redirect to a random test image."""
        return RedirectResponse(f"/images?index={self._random_index()}", status_code=303)

    async def image_file(self, request: Request) -> Response:
        """Return a test image as a PNG."""
        index = self._index(request.path_params["index"])
        return Response(uploads.png(self._content.test.X[index], self._content.image_shape), media_type="image/png")

    def refused(self, request: Request, error: Exception) -> Response:
        """Return an error as a sentence: plain text for a part of a page, else a page."""
        status = 413 if isinstance(error, uploads.TooLargeError) else 422
        if request.method == "POST":
            return PlainTextResponse(cards.sentence(str(error)), status)
        return self._page("message.html", status, title="This cannot be shown", text=cards.sentence(str(error)))

    def not_found(self, request: Request, error: Exception) -> Response:
        """Return the page for a URL that does not exist, or a method that it does not allow."""
        assert isinstance(error, HTTPException)
        text = "This page does not exist." if error.status_code == 404 else ""
        page = self._page("message.html", error.status_code, title=error.detail, text=text)
        page.headers.update(error.headers or {})
        return page

    def _answers(
        self, pixels: npt.NDArray[np.uint8], answers: tuple[Card, ...], truth: str = "", **more: Any
    ) -> Response:
        noun = "estimator" if self._content.models.empty else "model"
        picture = uploads.data_url(pixels, self._content.image_shape)
        headline = cards.headline(answers, noun)
        return self._page(
            "_answers.html", picture=picture, cards=answers, headline=headline, truth=truth, noun=noun, **more
        )

    async def _from_records(self, template: str, values: Callable[[Summary], dict[str, Any]]) -> Response:
        """Return a page made from the records; it is rendered once."""
        if template not in self._rendered:
            summary = await self._records()
            if summary is None:
                return self._page("message.html", title="No records yet", text="", command="run --all")
            content = await run_in_threadpool(values, summary)
            self._rendered[template] = self._templates.get_template(template).render(here=template, **content)
        return HTMLResponse(self._rendered[template])

    async def _records(self) -> Summary | None:
        # A cancelled request must not cancel the future, which other requests await too.
        return await asyncio.shield(asyncio.wrap_future(self._content.records))

    def _page(self, template: str, status: int = 200, **values: object) -> Response:
        return HTMLResponse(self._templates.get_template(template).render(here=template, **values), status)

    def _index(self, text: str) -> int:
        """Return the row of the test image that a request names."""
        last = len(self._content.test.y) - 1
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) <= last):
            raise BenchmarkError(f"there is no test image {text[:20]!r}; give a number from 0 to {last}")
        return int(text)

    def _random_index(self) -> int:
        return int(np.random.default_rng().integers(len(self._content.test.y)))


def _static_files() -> list[tuple[str, bytes, str]]:
    """Return name, content and media type of the files that pages load; no name comes from a request."""
    report, own = Path(leaderboard_html.__file__).parent, Path(__file__).with_name("static")
    return [
        ("page.css", (report / "page.css").read_bytes(), "text/css"),
        ("page.js", (report / "page.js").read_bytes(), "text/javascript"),
        ("app.css", (own / "app.css").read_bytes(), "text/css"),
        ("app.js", (own / "app.js").read_bytes(), "text/javascript"),
    ]


def _static(blob: bytes, kind: str) -> Any:
    async def endpoint(request: Request) -> Response:
        return Response(blob, media_type=kind)

    return endpoint
