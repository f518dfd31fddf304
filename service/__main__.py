"""The command line: `python -m service serve | check | openapi | checksums | key`."""

import argparse
import gc
import logging
import os
import sys
import traceback
from collections.abc import Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from service import __version__
from service.credentials import make_key, write_api_key
from service.errors import DamagedData
from service.settings import PREFIX, Settings

SWITCH_SECONDS = 0.001
"""How long a thread that runs Python may keep the event loop waiting; Python's own default is 0.005.

With two threads that run Python without a pause, the median answer of `/livez` took 1.3 ms instead of 15.6 ms, and the
longest 12 ms instead of 25 ms; without such threads, requests per second did not change.
"""

OPTIONS = ("host", "port", "root_path", "workers")
"""Settings that are also options of `serve`."""

STARTUP_FAILURE = 3
"""The exit code of a server that cannot start, as uvicorn has it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name, and return its exit code."""
    chosen = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s:     %(message)s")
    try:
        return int(chosen.run(chosen))
    except DamagedData as error:
        print(f"The data is damaged: {error}", file=sys.stderr)
        return 1
    except ValidationError as error:
        for fault in error.errors():
            print(_describe(fault, chosen), file=sys.stderr)
        return 2


def serve(chosen: argparse.Namespace) -> int:
    """Serve until interrupted."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # its threads would compete with the event loop for the cores
    from service.http.logs import configure_logs  # noqa: PLC0415 - the other commands write for people

    settings = Settings(**{name: value for name in OPTIONS if (value := getattr(chosen, name)) is not None})
    configure_logs(settings)
    sys.setswitchinterval(SWITCH_SECONDS)
    return serve_by_workers(settings) if settings.workers > 1 else serve_alone(settings)


def serve_alone(settings: Settings) -> int:
    """Serve by this process."""
    from service.app import create_app  # noqa: PLC0415 - the other commands need no server
    from service.http.server import Server, server_config  # noqa: PLC0415

    server = Server(server_config(create_app(settings), settings))
    gc.freeze()  # or Python looks at all modules again and again, and holds the event loop for 45 ms each time
    server.run()
    return 0 if server.started else 1


def serve_by_workers(settings: Settings) -> int:
    """Serve by several processes, which this one forks after it has loaded and prepared what they share."""
    os.environ.setdefault("JE_ARROW_MALLOC_CONF", "background_thread:false")  # a process that forks has no threads
    from service.app import create_app, load, prepare_answers  # noqa: PLC0415
    from service.datasets import SOURCES  # noqa: PLC0415
    from service.http.server import server_config  # noqa: PLC0415
    from service.http.shared_metrics import SharedMetrics  # noqa: PLC0415
    from service.http.supervisor import Supervisor  # noqa: PLC0415

    prepare_answers()
    try:
        catalog = load(SOURCES, settings.cache_folder)
    except DamagedData as error:
        failures = logging.getLogger("uvicorn.error")  # which tells the same if a single process cannot start
        failures.error(traceback.format_exception_only(error)[-1].strip())
        failures.error("Application startup failed. Exiting.")
        return STARTUP_FAILURE
    metrics = SharedMetrics()
    config = server_config(create_app(settings, catalog), settings)
    config.load()
    supervisor = Supervisor(
        config, workers=settings.workers, silence_seconds=settings.worker_silence_seconds, metrics=metrics
    )
    gc.collect()
    gc.freeze()  # or a collection in a worker would write to all objects, and so copy them
    return supervisor.run()


def check(_: argparse.Namespace) -> int:
    """Load and verify the data and the files of the package, then exit."""
    from service.app import load, prepare_files  # noqa: PLC0415
    from service.datasets import SOURCES  # noqa: PLC0415

    prepare_files()
    load(SOURCES)
    print("All data is valid.")
    return 0


def openapi(_: argparse.Namespace) -> int:
    """Print the OpenAPI document."""
    from service.app import create_app  # noqa: PLC0415
    from service.http.openapi import write_openapi  # noqa: PLC0415

    sys.stdout.buffer.write(write_openapi(create_app(Settings())))
    return 0


def checksums(_: argparse.Namespace) -> int:
    """Print the SHA-256 of every file, as cards show it."""
    from service.api.checksums import write_record  # noqa: PLC0415
    from service.app import load  # noqa: PLC0415
    from service.datasets import SOURCES  # noqa: PLC0415

    sys.stdout.write(write_record(load(SOURCES)))
    return 0


def key(chosen: argparse.Namespace) -> int:
    """Make an API key, and print it with the setting that lets it in."""
    new = make_key()
    entry = write_api_key(chosen.name, new)
    print(f"For the client, and nobody else:\n  {new}\nFor the service, in DIGITS_API_KEYS or its file:\n  {entry}")
    return 0


def _read_name(text: str) -> str:
    """The name of a client, as an argument."""
    try:
        write_api_key(text, "")
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not 1 to 64 letters, digits and . _ -") from None
    return text


def _describe(fault: ErrorDetails, chosen: argparse.Namespace) -> str:
    """One line about a wrong setting, by the name of the option or the variable that it came from."""
    sentence = (
        str(fault["ctx"]["error"]) if fault["type"] == "value_error" else f"{fault['msg']}, not {fault['input']!r}"
    )
    if not fault["loc"]:
        return f"{sentence}."
    setting = str(fault["loc"][0])
    given = getattr(chosen, setting, None) is not None
    return f"{'--' + setting.replace('_', '-') if given else PREFIX + setting.upper()}: {sentence}."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m service", description="MNIST and scikit-learn's digits over HTTP.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="command")
    for run in (serve, check, openapi, checksums, key):
        text = str(run.__doc__)
        command = commands.add_parser(run.__name__, help=text, description=text)
        command.set_defaults(run=run)
        if run is key:
            command.add_argument("name", type=_read_name, help="who the key is for: letters, digits and . _ -")
        if run is serve:
            command.add_argument("--host", help="address to listen on (DIGITS_HOST, 127.0.0.1); :: is every address")
            command.add_argument("--port", type=int, help="TCP port, 0 for a free one (DIGITS_PORT, 8000)")
            command.add_argument("--workers", type=int, help="processes that serve (DIGITS_WORKERS, 1)")
            command.add_argument("--root-path", help="path under which a proxy shows the service (DIGITS_ROOT_PATH)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
