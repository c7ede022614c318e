"""`serve`: a page on this machine that asks every kept model about a picture."""

from __future__ import annotations

import argparse

from benchmark.cli import flags
from benchmark.cli.flags import Verbs
from benchmark.errors import BenchmarkError

PORT = 8000


def add(verbs: Verbs) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser(
        "serve",
        help="open the app: a local page that asks every kept model about your picture",
        description="Serves a page on 127.0.0.1, and nowhere else, that needs no network: drop a picture, draw one, or "
        "take a test image, and see what every kept model (see run --keep) says of it; the leaderboard, the hardest "
        "class's gallery, and every stored answer to any test image. Needs the extra [app]. Ctrl-C ends it.",
    )
    flags.data(verb)
    verb.add_argument(
        "--preset",
        choices=["smoke", "quick", "standard", "thorough"],
        help="take the results that run --preset wrote, where they stand apart in results/<dataset>-<preset>",
    )
    verb.add_argument(
        "--port", type=_port, default=PORT, metavar="N", help="port of 127.0.0.1; 0 takes any (default: %(default)s)"
    )
    flags.results(verb)
    verb.set_defaults(command=command)


def command(arguments: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C."""
    from benchmark import app

    if not app.available():
        raise BenchmarkError(app.MISSING)

    from contextlib import closing
    from functools import partial

    from benchmark import datasets
    from benchmark.app import asking, guard, pages, server, stored
    from benchmark.cli import console as live
    from benchmark.engine.protocol import PRESETS
    from benchmark.engine.results_folder import results_folder

    console = live.console()
    with closing(server.listen(arguments.port)) as listening:
        port = listening.getsockname()[1]
        dataset = datasets.load(arguments.dataset, arguments.data_dir, notify=lambda text: live.warn(console, text))
        folder = arguments.results / dataset.name
        if arguments.preset:
            folder = results_folder(arguments.results, dataset.name, PRESETS[arguments.preset])
        records = stored.begun(partial(stored.read, folder, dataset.sha256))
        with closing(asking.Panel(folder, dataset, warn=lambda text: live.warn(console, text))) as panel:
            shown = pages.Shown(dataset.name, dataset.class_names, dataset.image_shape, dataset.test, panel, records)
            there = ", ".join(state.title for state in panel.states())
            live.step(console, f"kept models: {there}" if there else asking.NONE_KEPT)
            live.step(console, f"http://{server.HOST}:{port} (Ctrl-C ends it)")
            server.run(guard.Guard(pages.app(shown), port), listening)
    live.step(console, "ended")
    return 0


def _port(text: str) -> int:
    """Return a port's number."""
    if not (text.isascii() and text.isdecimal() and int(text[:9]) < 2**16):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a whole number from 0 to 65535")
    return int(text)
