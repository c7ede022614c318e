"""The app: a page on this machine that asks every kept model about a picture, and shows what the records say.

Needs the extra [app]. Nothing is loaded from elsewhere, nothing is listened to but 127.0.0.1, and no word of a request
becomes a path.

::

    server.py    a port of this machine, and Ctrl-C
    guard.py     who may ask, and what every answer's headers say
    pages.py     an address in, a page or a part of one out
    uploads.py   a stranger's bytes in, a picture as the models know them out
    asking.py    what the kept models are, and what they say of an image
    stored.py    what the records say: the leaderboard, the hardest class's gallery, every answer to a test image
    rows.py      an answer laid out: the class, its score, bars
    templates/   what the pages look like; every word from outside is escaped there
    static/      one style and one script beside leaderboard.html's own, whose tables sort
"""

from __future__ import annotations

from importlib.util import find_spec

NEEDED = ("jinja2", "starlette", "uvicorn")

MISSING = "the app needs the extra [app], which is not installed; install it with: pip install -e '.[app]'"


def available() -> bool:
    """Tell whether the extra is installed."""
    return all(find_spec(name) is not None for name in NEEDED)
