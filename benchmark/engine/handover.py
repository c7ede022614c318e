"""Hands over what a call in a worker process has found before its end, so that it outlives the process.

Imports the standard library only, because a worker process imports this file before its thread counts are set.
"""

from __future__ import annotations

from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

_channel: Connection | None = None


def through(channel: Connection) -> None:
    """Send what is handed over in this process through a pipe, as (False, result)."""
    global _channel
    _channel = channel


def hand_over(result: Any) -> None:
    """Give the caller what the present call has found so far; of several results the last counts.

    The caller finds it in `WorkerDiedError.handed_over` if the process dies before the call returns. Outside a worker
    process there is nothing to do.
    """
    if _channel is not None:
        with suppress(OSError):  # the parent is gone
            _channel.send((False, result))
