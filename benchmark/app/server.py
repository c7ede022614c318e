"""Listens on a port of this machine, and serves the app until Ctrl-C."""

from __future__ import annotations

import errno
import signal
import socket
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from benchmark.errors import BenchmarkError

HOST = "127.0.0.1"

MAX_CONNECTIONS = 128
"""Connections and requests at once; a request beyond this is answered with status 503."""

SHUTDOWN_SECONDS = 2
"""How long the server waits for running requests when it is stopped."""


def listen(port: int) -> socket.socket:
    """Open a port of this machine; 0 opens any free port.

    Raises
    ------
    BenchmarkError
        Another program uses the port, or this user may not open it.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # else a restart within a minute fails
        listening.bind((HOST, port))
        listening.listen()
    except OSError as error:
        listening.close()
        reason = "another program uses this port" if error.errno == errno.EADDRINUSE else error.strerror
        raise BenchmarkError(f"--port {port}: {reason}; choose another port, or 0 for any free one") from error
    return listening


def run(app: ASGIApp, listening: socket.socket) -> None:
    """Answer requests until Ctrl-C or SIGTERM, then shut the application down and return."""
    config = uvicorn.Config(
        app,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        ws="none",
        loop="asyncio",
        http="h11",
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):  # uvicorn raises the signal again after its shutdown
            uvicorn.Server(config).run(sockets=[listening])
    finally:
        signal.signal(signal.SIGTERM, before)
