"""Mutations of HTTP: what Hypothesis makes of the corpus, and the pieces in which it reaches the server."""

from dataclasses import dataclass
from itertools import pairwise

from hypothesis import strategies as st

from tests.faults.corpus import BODY, CASES, CHUNKED, CHUNKS, GET, HOST, SIZED, TAKE, get

ROUTES = (
    b"/v1/datasets/digits/all/rows?limit=3&format=csv",
    b"/v1/datasets/digits/all/samples/7.png?scale=2",
    b"/v1/datasets/digits/all/batches?batch_size=5&steps=3&format=ndjson",
    b"/v1/datasets/digits/all/grid.png?limit=4&columns=2",
    b"/v1/datasets/digits/all.npz",
    b"/v1/datasets/digits/all/labels",
    b"/mirrors",
    b"/problems/bad-request",
    b"/",
)

VALID = (
    *(get(target=route) for route in ROUTES),
    *(get(b'Range: bytes=2-5\r\nIf-Range: "a"\r\nAccept-Encoding: zstd, gzip;q=0.5\r\n', route) for route in ROUTES),
    TAKE + SIZED + b"\r\n" + BODY,
    TAKE + CHUNKED + CHUNKS,
    b"OPTIONS /v1/datasets HTTP/1.1\r\n" + HOST + b"Origin: null\r\nAccess-Control-Request-Method: POST\r\n\r\n",
)

SEEDS = (*VALID, *(case.sent for case in CASES.values() if len(case.sent) < 4_000))
"""What is mutated."""

TOKENS = (
    *(b"\r\n", b"\n", b"\r", b"\x00", b"\xff", b" ", b"\t", b":", b"%", b"%00", b"%ff", b"?", b"#", b"&", b"=", b";"),
    *(b",", b'"', b"\\", b"/", b"//", b"..", b"*", b"-", b"-1", b"0", b"9" * 30, b"1e9", b"0x", b"{", b"[", b"[]"),
    *(b"Host: other\r\n", b"Content-Length: 3\r\n", b"Content-Length: 99999999\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Connection: upgrade\r\nUpgrade: h2c\r\n", b"0\r\n\r\n"),
    *(b"Range: bytes=0-0,-1\r\n", b"If-None-Match: *\r\n", b"Accept: text/html\r\n", b"Content-Type: image/png\r\n"),
    *(b"Content-Encoding: gzip\r\n", b"X-Forwarded-For: ::1\r\n", b"Accept-Encoding: *;q=0\r\n", GET, HOST, b"HEAD "),
    *(b"mnist", b"train", b"all", b"take", b"limit=", b"index=1&", b"format=arrow&", b"steps=all&", b"scale=unit&"),
)
"""What is put in between."""


@dataclass(frozen=True)
class Conversation:
    """Bytes to a server, in pieces that are sent one after the other."""

    pieces: tuple[bytes, ...]


@st.composite
def mutate(draw: st.DrawFn, content: bytes) -> bytes:
    """A few changes of bytes: one flipped, some removed, repeated, put in between, or moved to the end."""
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(content)))
        size = draw(st.integers(1, 12))
        before, part, after = content[:place], content[place : place + size], content[place + size :]
        match draw(st.sampled_from(("token", "token", "flip", "remove", "repeat", "random", "truncate", "move"))):
            case "token":
                content = before + draw(st.sampled_from(TOKENS)) + part + after
            case "flip":
                content = before + bytes(byte ^ 1 << draw(st.integers(0, 7)) for byte in part[:1]) + part[1:] + after
            case "remove":
                content = before + after
            case "repeat":
                content = before + part * draw(st.integers(2, 200)) + after
            case "random":
                content = before + draw(st.binary(max_size=20)) + part + after
            case "truncate":
                content = before
            case _:
                content = before + after + part
    return content


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    """One to four requests, mutated, cut anywhere."""
    seeds = draw(st.lists(st.sampled_from(SEEDS), min_size=1, max_size=4))
    content = draw(mutate(b"".join(seeds)))
    cuts = draw(st.lists(st.integers(0, len(content)), max_size=3))
    edges = sorted({0, len(content), *cuts})
    return Conversation(tuple(content[first:last] for first, last in pairwise(edges)))
