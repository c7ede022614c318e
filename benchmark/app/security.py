"""Decides which requests are answered, and sets the headers of every response.

A web page on another site can make the user's browser send requests to this machine, also under a host name of its own
that resolves to 127.0.0.1 (DNS rebinding). So a request must name this server as its host, a request that runs models
must come from this server's own page, and no other page may read, frame or embed a response.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

OWN_PAGE = ("same-origin", "none")
"""Values of Sec-Fetch-Site for a request by this server's own page, or by the user."""


class SecurityMiddleware:
    """Passes allowed requests on and adds `HEADERS` to the response; refuses all others with status 403 and a reason.

    Parameters
    ----------
    app : ASGI application
    port : int
        Port that the server listens on.
    """

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._hosts = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost"))
        self._address = f"http://127.0.0.1:{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":  # startup and shutdown of the server
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if message["status"] >= 400:  # the rest of a refused request is not read
                    headers["Connection"] = "close"
            await send(message)

        reason = self._refusal(scope["method"], Headers(scope=scope))
        app = PlainTextResponse(reason, 403) if reason else self._app
        await app(scope, receive, with_headers)

    def _refusal(self, method: str, headers: Headers) -> str:
        """Return why a request is refused; empty if it is allowed."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return f"This server only answers requests to {self._address}."
        if method in ("GET", "HEAD"):
            return ""
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin not in (None, f"http://{hosts[0]}") or site not in (None, *OWN_PAGE):
            return "This request comes from a page of another server."
        return ""
