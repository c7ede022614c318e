"""The app: a local web page that runs every saved model on a picture, and shows what the records say.

Needs the extra [app]. The server listens on 127.0.0.1 only, the page loads nothing from elsewhere, and no text of a
request is used as a path.

::

    server.py    the port, and the server that runs until Ctrl-C
    security.py  which requests are answered, and the headers of every response
    pages.py     the URLs: each returns a page, or a part of one
    uploads.py   the body of an upload, read up to a limit; images as PNG
    models.py    the saved models: loaded in the background, then run on an image
    results.py   the records: leaderboard, gallery of the hardest class, recorded answers to every test image
    cards.py     the answer of one model as shown on a page: class, scores, remarks
    templates/   the HTML of the pages; every value is escaped there
    static/      one style sheet and one script; those of leaderboard.html are served too
"""

from __future__ import annotations

from importlib.util import find_spec

REQUIRED = ("jinja2", "starlette", "uvicorn")

MISSING = "the app needs the extra [app], which is not installed; install it with: pip install -e '.[app]'"


def available() -> bool:
    """Tell whether the extra is installed."""
    return all(find_spec(name) is not None for name in REQUIRED)
