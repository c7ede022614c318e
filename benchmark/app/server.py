"""A port of this machine, and what listens there until Ctrl-C."""

from __future__ import annotations

import errno
import signal
import socket
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from benchmark.errors import BenchmarkError

HOST = "127.0.0.1"

AT_ONCE = 128
"""Requests; what is more is told to come later."""

GRACE_SECONDS = 2
"""For answers that are on their way when the server ends."""


def listen(port: int) -> socket.socket:
    """Take a port of this machine; 0 takes any that is free.

    Raises
    ------
    BenchmarkError
        Another program has it, or it is not ours to take.
    """
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # else it is held for a minute after an end
        found.bind((HOST, port))
        found.listen()
    except OSError as error:
        found.close()
        reason = "another program listens there" if error.errno == errno.EADDRINUSE else error.strerror
        raise BenchmarkError(f"--port {port}: {reason}; give another, or 0 for any that is free") from error
    return found


def run(app: ASGIApp, listening: socket.socket) -> None:
    """Answer requests until Ctrl-C or SIGTERM, then end the application and return."""
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
        limit_concurrency=AT_ONCE,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):  # uvicorn raises the signal anew when it has ended
            uvicorn.Server(config).run(sockets=[listening])
    finally:
        signal.signal(signal.SIGTERM, before)
