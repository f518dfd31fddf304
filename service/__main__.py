"""The command line: `python -m service serve | check | openapi`."""

import argparse
import logging
import sys
from collections.abc import Sequence

from pydantic import ValidationError

from service import __version__
from service.errors import DamagedData
from service.settings import Settings

PATIENCE = 5
"""Seconds that answers under way may still take once the service is told to stop."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say, and return the exit code."""
    chosen = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s:     %(message)s")
    try:
        return int(chosen.run(chosen))
    except DamagedData as error:
        print(f"The data is not what it must be: {error}", file=sys.stderr)
        return 1
    except ValidationError as error:
        for one in error.errors():
            print(f"DIGITS_{str(one['loc'][0]).upper()}: {one['msg']}, not {one['input']!r}.", file=sys.stderr)
        return 2


def serve(chosen: argparse.Namespace) -> int:
    """Serve until interrupted."""
    import uvicorn  # noqa: PLC0415 - the other commands need no server

    from service.app import create_app  # noqa: PLC0415

    given = {name: value for name in ("host", "port", "root_path") if (value := getattr(chosen, name)) is not None}
    settings = Settings(**given)
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        access_log=settings.access_log,
        proxy_headers=settings.access_log,  # nothing but the log cares where a request comes from
        loop="uvloop",
        http="httptools",
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=PATIENCE,
        log_level="info",
    )
    server = uvicorn.Server(config)
    server.run()
    return 0 if server.started else 1


def check(_: argparse.Namespace) -> int:
    """Load and verify the data, and do nothing else."""
    from service.app import load  # noqa: PLC0415
    from service.datasets import SOURCES  # noqa: PLC0415

    load(SOURCES)
    print("Everything is as it must be.")
    return 0


def openapi(_: argparse.Namespace) -> int:
    """Print the OpenAPI document."""
    from service.app import create_app  # noqa: PLC0415
    from service.http.openapi import write_openapi  # noqa: PLC0415

    sys.stdout.buffer.write(write_openapi(create_app(Settings())))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m service", description="MNIST and scikit-learn's digits over HTTP.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="command")
    for run in (serve, check, openapi):
        text = str(run.__doc__)
        command = commands.add_parser(run.__name__, help=text, description=text)
        command.set_defaults(run=run)
        if run is serve:
            command.add_argument("--host", help="address to listen on (DIGITS_HOST, 127.0.0.1)")
            command.add_argument("--port", type=int, help="TCP port, 0 for a free one (DIGITS_PORT, 8000)")
            command.add_argument("--root-path", help="path under which a proxy shows the service (DIGITS_ROOT_PATH)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
