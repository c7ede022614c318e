"""`serve`: a local web page that runs every saved model on a picture."""

from __future__ import annotations

import argparse

from benchmark.cli import flags
from benchmark.cli.flags import Subparsers
from benchmark.errors import BenchmarkError

PORT = 8000


def add(subparsers: Subparsers) -> None:
    """Add the subcommand to the parser."""
    parser = subparsers.add_parser(
        "serve",
        help="serve the app: a local web page that runs every saved model on your picture",
        description="Serves a web page on 127.0.0.1 only, which needs no network. Upload a picture, draw one or pick a "
        "test image, and every saved model (see run --keep) classifies it. The page also has the leaderboard, the "
        "gallery of the hardest class, and the recorded answers to every test image. Needs the extra [app]. Ctrl-C "
        "stops the server.",
    )
    flags.data(parser)
    flags.preset(parser)
    parser.add_argument(
        "--port",
        type=_port,
        default=PORT,
        metavar="N",
        help="port on 127.0.0.1; 0 for any free one (default: %(default)s)",
    )
    flags.results(parser)
    parser.set_defaults(command=command)


def command(arguments: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C."""
    from benchmark import app

    if not app.available():
        raise BenchmarkError(app.MISSING)

    from contextlib import closing
    from functools import partial

    from benchmark.app import pages, server
    from benchmark.app import results as app_results
    from benchmark.app.models import NO_SAVED_MODELS, LoadedModels
    from benchmark.app.security import SecurityMiddleware
    from benchmark.cli import reading
    from benchmark.engine.protocol import preset_named
    from benchmark.engine.results_folder import results_folder
    from benchmark.render import terminal

    console = terminal.console()

    def warn(text: str) -> None:
        terminal.warn(console, text)

    with closing(server.listen(arguments.port)) as listening:
        port = listening.getsockname()[1]
        dataset = reading.load(arguments, console)
        folder = arguments.results / dataset.name
        if arguments.preset:
            folder = results_folder(arguments.results, dataset.name, preset_named(arguments.preset))
        records = app_results.in_background(partial(app_results.read, folder, dataset.sha256))
        with closing(LoadedModels(folder, dataset, warn)) as models:
            content = pages.Content(
                dataset.name, dataset.class_names, dataset.image_shape, dataset.test, models, records
            )
            titles = ", ".join(state.title for state in models.states())
            terminal.step(console, f"saved models: {titles}" if titles else NO_SAVED_MODELS)
            terminal.step(console, f"http://{server.HOST}:{port} (Ctrl-C stops the server)")
            server.run(SecurityMiddleware(pages.app(content), port), listening)
    terminal.step(console, "stopped")
    return 0


def _port(text: str) -> int:
    """Return the value of --port."""
    if not (text.isascii() and text.isdecimal() and int(text[:9]) < 2**16):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a whole number from 0 to 65535")
    return int(text)
