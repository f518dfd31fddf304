"""A conversation over a raw socket with a server that is to survive it."""

import re
import socket

from tests.faults.answers import Received, parse
from tests.faults.corpus import get
from tests.faults.mutations import Conversation
from tests.http import wire
from tests.sites import Site

TAIL = b"\r\n\r\n0\r\n\r\n" + get(b"Connection: close\r\n")
"""Ends most of what was left unfinished, so that the server closes the connection."""

FAILURES = re.compile(rb'^digits_requests_total\{[^}]*status="(5(?!01|05)[0-9]{2})"[^}]*\} ([0-9.e+]+)$', re.MULTILINE)
"""Answers of the statuses 5xx in the metrics, without those that HTTP asks for."""


def talk(site: Site, conversation: Conversation) -> list[Received]:
    """The answers to a conversation.

    The server closes the connection at the end of what is sent, so the last answers may be missing or cut off.

    Raises:
        InvalidAnswer: what came is no HTTP.
    """
    received = b""
    with wire.connect(site) as connection:
        try:
            for piece in (*conversation.pieces, TAIL):
                connection.sendall(piece)
            connection.shutdown(socket.SHUT_WR)
        except OSError:  # the server has refused something, and closed the connection
            pass
        received = wire.receive(connection)
    if b"HEAD" in b"".join(conversation.pieces):  # whose answers have no bodies: which ones, nobody could tell
        return []
    return parse(received)[0]


def count_failures(site: Site) -> int:
    """How many answers of the server were failures since it started, by its own metrics."""
    return sum(int(float(number)) for _, number in FAILURES.findall(site.get("/metrics").body))
