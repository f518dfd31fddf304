"""Raw bytes to a server and from it, for requests that no HTTP library sends."""

import http.client
import io
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.sites import Answer, Site


def connect(site: Site) -> socket.socket:
    """A connection to a server, which sends every piece at once."""
    place = urlsplit(site.url)
    assert place.port is not None
    connection = socket.create_connection((str(place.hostname), place.port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def exchange(site: Site, *pieces: bytes) -> bytes:
    """Send pieces, and receive everything until the server closes the connection."""
    with connect(site) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server refused what it had read, and did not read on
        return receive(connection)


def receive(connection: socket.socket) -> bytes:
    """Everything that the server sends until it closes the connection, or resets it because of unread bytes."""
    received = b""
    try:
        while piece := connection.recv(65_536):
            received += piece
    except ConnectionResetError:
        pass
    return received


def split(received: bytes) -> list[Answer]:
    """The answers in what was received; each has a `Content-Length`, or is the last."""
    return list(_split(received))


def _split(received: bytes) -> Iterator[Answer]:
    stream = io.BytesIO(received)
    while line := stream.readline():
        version, status, _ = line.split(b" ", 2)
        assert version == b"HTTP/1.1"
        fields = http.client.parse_headers(stream)
        length = fields.get("Content-Length")
        yield Answer(int(status), fields, stream.read() if length is None else stream.read(int(length)))
