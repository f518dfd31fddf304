"""Keeps Python programs from other machines. Python imports this module when it starts, if its folder is on PYTHONPATH.

Loaders may catch the error and try something else, so each attempt is also noted in the file that ATTEMPTS names.
"""

import os
import sys

ATTEMPTS = "LOADERS_ATTEMPTS"
"""The environment variable with the file of attempts."""

HERE = ("127.0.0.1", "::1", "localhost")
"""Hosts of this machine."""


class OtherHostError(ConnectionError):
    """A program tried to reach another machine."""


def refuse(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse to look up or to connect to another host (an audit hook: PEP 578).

    Raises:
        OtherHostError: what is asked for is not on this machine.
    """
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        host = arguments[1][0]  # other families than IP have other addresses, and lead nowhere else
    else:
        return
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", *HERE):
        return
    with open(os.environ[ATTEMPTS], "a", encoding="utf-8") as attempts:  # noqa: PTH123 - imports as little as it can
        attempts.write(f"{sys.argv[0]}: {name}\n")
    raise OtherHostError(f"{name} is another machine; loaders must ask the service alone.")


if ATTEMPTS in os.environ:
    sys.addaudithook(refuse)
