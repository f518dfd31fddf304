"""Reading what a server sends to a client that breaks the rules: strictly, since the server must keep them."""

import re
import socket
from dataclasses import dataclass

STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5][0-9][0-9]) [\t -~]*")
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*")
"""A status line and a header field (RFC 9112, sections 4 and 5)."""

CHUNK = re.compile(rb"([0-9a-fA-F]+)\r\n")

BODILESS = (204, 304)
"""Statuses whose answers have no body, besides interim ones."""


class InvalidAnswer(AssertionError):
    """The server has sent something that is no HTTP."""


@dataclass(frozen=True)
class Received:
    """An answer as it came; names of header fields are in lower case."""

    status: int
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def field(self, name: bytes) -> bytes | None:
        """The value of a header field that comes once or never."""
        values = [value for key, value in self.fields if key == name]
        if len(values) > 1:
            raise InvalidAnswer(f"{len(values)} fields {name!r}: {values}")
        return values[0] if values else None


class Incomplete(Exception):
    """What came ends in the middle of an answer."""


def parse(content: bytes, *, head: bool = False) -> tuple[list[Received], bytes]:
    """The answers in what a server has sent until it closed the connection, and the beginning of one that it cut off.

    Interim answers are left out; with `head`, the first final answer is one to HEAD.

    Raises:
        InvalidAnswer: it is no HTTP/1.1.
    """
    answers: list[Received] = []
    while content:
        try:
            answer, rest = _parse_one(content, bodiless=head and not answers)
        except Incomplete:
            return answers, content
        if answer.status >= 200:
            answers.append(answer)
        content = rest
    return answers, b""


def _parse_one(content: bytes, *, bodiless: bool) -> tuple[Received, bytes]:
    top, end, rest = content.partition(b"\r\n\r\n")
    if not end:
        raise Incomplete
    first, *lines = top.split(b"\r\n")
    found = STATUS_LINE.fullmatch(first)
    if found is None:
        raise InvalidAnswer(f"No status line: {first[:200]!r}")
    fields = [FIELD.fullmatch(line) for line in lines]
    if None in fields:
        raise InvalidAnswer(f"A line that is no field: {lines}")
    answer = Received(int(found[1]), tuple((one[1].lower(), one[2]) for one in fields if one is not None), b"")
    body, rest = _parse_body(answer, rest, bodiless=bodiless or answer.status < 200 or answer.status in BODILESS)
    return Received(answer.status, answer.fields, body), rest


def _parse_body(answer: Received, rest: bytes, *, bodiless: bool) -> tuple[bytes, bytes]:
    length, coding = answer.field(b"content-length"), answer.field(b"transfer-encoding")
    if length is not None and (coding is not None or not length.isdigit()):
        raise InvalidAnswer(f"An ambiguous length: {answer.fields}")
    if bodiless:
        return b"", rest
    if coding is not None:
        return _parse_chunks(rest)
    if length is None:  # it ends with the connection
        return rest, b""
    if len(rest) < int(length):
        raise Incomplete
    return rest[: int(length)], rest[int(length) :]


def _parse_chunks(rest: bytes) -> tuple[bytes, bytes]:
    body = b""
    while True:
        found = CHUNK.match(rest)
        if found is None:
            if b"\r\n" in rest:
                raise InvalidAnswer(f"No chunk: {rest[:100]!r}")
            raise Incomplete
        size, rest = int(found[1], 16), rest[found.end() :]
        if len(rest) < size + 2:
            raise Incomplete
        if rest[size : size + 2] != b"\r\n":
            raise InvalidAnswer(f"A chunk without an end: {rest[size : size + 20]!r}")
        body, rest = body + rest[:size], rest[size + 2 :]
        if not size:
            return body, rest


def receive_one(connection: socket.socket) -> Received:
    """The next answer on a connection that stays open.

    Raises:
        EOFError: the server closes it before.
    """
    content = b""
    while True:
        piece = connection.recv(65_536)
        if not piece:
            raise EOFError(content)
        content += piece
        answers, _ = parse(content)
        if answers:
            return answers[0]
