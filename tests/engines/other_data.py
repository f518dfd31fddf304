"""Serves the small dataset of the tests under the name `mnist`: `python -m tests.engines.other_data`.

It runs in the environment of the service, not in that of the engines.
"""

import logging

from service.app import create_app
from service.http.server import Server, server_config
from service.settings import Settings
from tests import made


def main() -> None:
    """Serve until interrupted."""
    logging.basicConfig(level=logging.INFO)  # the server logs its address
    settings = Settings(host="127.0.0.1", port=0)
    Server(server_config(create_app(settings, [made.source(name="mnist")]), settings)).run()


if __name__ == "__main__":
    main()
