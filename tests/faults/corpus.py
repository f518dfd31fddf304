"""Malformed and unusual HTTP/1: what a broken or hostile client, or a proxy between, may send, and the answers to it.

Sources: RFC 9110 and RFC 9112; the cases of request smuggling in "HTTP Desync Attacks" (PortSwigger, 2019 to 2025), and
of llhttp's and h11's own tests.
"""

from dataclasses import dataclass

GOOD = (200,)
NOTHING = 0
"""In place of a status: the connection is closed without an answer, which a request gets that follows valid ones."""

REFUSED = (400, NOTHING)

HOST = b"Host: h\r\n"
GET = b"GET /livez HTTP/1.1\r\n"
TAKE = b"POST /v1/datasets/digits/all/take HTTP/1.1\r\n" + HOST
JSON = b"Content-Type: application/json\r\n"
BODY = b'{"indices": [1]}'
SIZED = JSON + b"Content-Length: 16\r\n"
CHUNKED = JSON + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKS = b"10\r\n" + BODY + b"\r\n0\r\n\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
"""A request that must never be seen where it stands in a body; its answer would be 404."""


@dataclass(frozen=True)
class Case:
    """Bytes that are sent at once, and the statuses of the answers, in their order; each is one of several.

    After the last answer the server may close the connection, or wait for more. `unfinished` says that what was sent
    may be the beginning of a request, of which the server waits for the rest; `head` that the first answer has no body.
    """

    sent: bytes
    answers: tuple[tuple[int, ...], ...]
    unfinished: bool = False
    head: bool = False


def get(fields: bytes = b"", target: bytes = b"/livez", version: bytes = b"1.1") -> bytes:
    """A GET with further fields."""
    return b"GET " + target + b" HTTP/" + version + b"\r\n" + HOST + fields + b"\r\n"


def one(sent: bytes, *statuses: int) -> Case:
    """A case with one answer."""
    return Case(sent, (statuses,))


CASES: dict[str, Case] = {
    # --- framing: where does the body end? (RFC 9112, section 6.3)
    "CL.TE": one(TAKE + SIZED + CHUNKED + b"0\r\n\r\n" + SMUGGLED, 400),
    "TE.CL": one(TAKE + CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 4\r\n\r\n") + b"0\r\n\r\n" + SMUGGLED, 400),
    "two lengths": one(TAKE + SIZED + b"Content-Length: 17\r\n\r\n" + BODY, 400),
    "two equal lengths": one(TAKE + SIZED + b"Content-Length: 16\r\n\r\n" + BODY, 200, 400),
    "list of lengths": one(TAKE + JSON + b"Content-Length: 16, 16\r\n\r\n" + BODY, 200, 400),
    "list of two lengths": one(TAKE + JSON + b"Content-Length: 16, 17\r\n\r\n" + BODY, 400),
    "negative length": one(TAKE + JSON + b"Content-Length: -1\r\n\r\n" + BODY, 400),
    "signed length": one(TAKE + JSON + b"Content-Length: +16\r\n\r\n" + BODY, 400),
    "hexadecimal length": one(TAKE + JSON + b"Content-Length: 0x10\r\n\r\n" + BODY, 400),
    "length with a space": one(TAKE + JSON + b"Content-Length: 1 6\r\n\r\n" + BODY, 400),
    "length with a letter": one(TAKE + JSON + b"Content-Length: 16a\r\n\r\n" + BODY, 400),
    "empty length": one(TAKE + JSON + b"Content-Length:\r\n\r\n" + BODY, 400),
    "length beyond 64 bits": one(TAKE + JSON + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n", 400),
    "length of 2^64 + 16": one(TAKE + JSON + b"Content-Length: 18446744073709551632\r\n\r\n" + BODY, 400),
    "length with Arabic digits": one(TAKE + JSON + "Content-Length: ١٦\r\n\r\n".encode() + BODY, 400),
    "space before the colon": one(TAKE + JSON + b"Content-Length : 16\r\n\r\n" + BODY, 400),
    "tab before the colon": one(TAKE + JSON + b"Transfer-Encoding\t: chunked\r\n\r\n" + CHUNKS, 400),
    "coding in a folded line": one(TAKE + JSON + b"X: y\r\n Transfer-Encoding: chunked\r\n\r\n" + CHUNKS, 400),
    "unknown coding": one(TAKE + JSON + b"Transfer-Encoding: xchunked\r\n\r\n" + CHUNKS, 400, 501),
    "chunked is not the last coding": one(TAKE + JSON + b"Transfer-Encoding: chunked, gzip\r\n\r\n" + CHUNKS, 400, 501),
    "chunked twice": one(
        TAKE + JSON + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS, 200, 400
    ),
    "identity and chunked": one(
        TAKE + JSON + b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS, 200, 400, 501
    ),
    "chunked in quotes": one(TAKE + JSON + b'Transfer-Encoding: "chunked"\r\n\r\n' + CHUNKS, 400, 501),
    "chunked after a vertical tab": one(TAKE + JSON + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + CHUNKS, 400, 501),
    "chunked in HTTP/1.0": one(TAKE.replace(b"1.1", b"1.0") + CHUNKED + CHUNKS, 200, 400),
    "chunk size with 0x": one(TAKE + CHUNKED + b"0x10\r\n" + BODY + b"\r\n0\r\n\r\n", 400),
    "negative chunk size": one(TAKE + CHUNKED + b"-1\r\n" + BODY + b"\r\n0\r\n\r\n", 400),
    "huge chunk size": one(TAKE + CHUNKED + b"f" * 17 + b"\r\n" + BODY, 400),
    "chunk size of 63 bits": Case(TAKE + CHUNKED + b"7" + b"f" * 15 + b"\r\n" + BODY, (), unfinished=True),
    "chunk size with a space": one(TAKE + CHUNKED + b"1 0\r\n" + BODY + b"\r\n0\r\n\r\n", 400),
    "empty chunk size": one(TAKE + CHUNKED + b"\r\n" + BODY + b"\r\n0\r\n\r\n", 400),
    "chunk longer than its size": one(TAKE + CHUNKED + b"8\r\n" + BODY + b"\r\n0\r\n\r\n", 400),
    "chunk without CR": one(TAKE + CHUNKED + b"10\n" + BODY + b"\n0\n\n", 200, 400),
    "chunk extension": one(TAKE + CHUNKED + b'10;a=b;c="d;e"\r\n' + BODY + b"\r\n0\r\n\r\n", 200),
    "chunk extension with a bare LF": one(TAKE + CHUNKED + b"10;a\nb\r\n" + BODY + b"\r\n0\r\n\r\n", 400),
    "trailer with a length": one(TAKE + CHUNKED + CHUNKS[:-2] + b"Content-Length: 1\r\n\r\n", 200, 400),
    "body on GET": Case(get(b"Content-Length: %d\r\n" % len(SMUGGLED)) + SMUGGLED + get(), (GOOD, GOOD)),
    "body on HEAD": Case(
        get(b"Content-Length: %d\r\n" % len(SMUGGLED)).replace(b"GET", b"HEAD") + SMUGGLED + get(),
        (GOOD, GOOD),
        head=True,
    ),
    "more bytes than the length": Case(TAKE + SIZED + b"\r\n" + BODY + b"garbage\r\n\r\n", (GOOD, REFUSED)),
    "body without a length": Case(TAKE + JSON + b"\r\n" + BODY, ((422,), REFUSED)),
    "half a body": Case(TAKE + SIZED + b"\r\n" + BODY[:5], (), unfinished=True),
    "Expect: 100-continue": Case(TAKE + SIZED + b"Expect: 100-continue\r\n\r\n" + BODY, (GOOD,)),
    "another expectation": one(get(b"Expect: 200-maybe\r\n"), 200, 417),
    # --- lines and fields (RFC 9112, sections 2.2, 3 and 5)
    "bare LF": one(GET.replace(b"\r\n", b"\n") + b"Host: h\n\n", 200, 400),
    "bare CR in a field": one(get(b"X: a\rb\r\n"), 400),
    "bare CR ends a line": one(GET + b"Host: h\rX: y\r\n\r\n", 400),
    "empty lines before the request": one(b"\r\n\r\n" + get(), 200),
    "a thousand empty lines before the request": one(b"\r\n" * 1_000 + get(), 200, 400),
    "space before the request": one(b" " + get(), 400),
    "obs-fold": one(get(b"X: a\r\n b\r\n"), 200, 400),
    "folded Host": one(GET + b"Host:\r\n h\r\n\r\n", 200, 400),
    "NUL in a value": one(get(b"X: a\x00b\r\n"), 400),
    "NUL in a name": one(get(b"X\x00: a\r\n"), 400),
    "NUL in the target": one(get(target=b"/live\x00z"), 400),
    "control characters in a value": one(get(b"X: \x01\x1b\x7f\r\n"), 200, 400),
    "invalid UTF-8 in a value": one(get(b"X: \xff\xfe\xc3\x28\r\n"), 200),
    "a name that is no token": one(get(b"X(Y): a\r\n"), 400),
    "a name in UTF-8": one(get("Größe: a\r\n".encode()), 400),
    "a field without a name": one(get(b": a\r\n"), 400),
    "a field without a colon": one(get(b"nonsense\r\n"), 400),
    "10,000 fields": one(get(b"".join(b"X-%d: y\r\n" % number for number in range(10_000))), 431),
    "10,000 fields of one name": one(get(b"X: yyyyyyyyyy\r\n" * 10_000), 431),
    "a name of 60 kB": one(get(b"X" * 60_000 + b": y\r\n"), 431),
    "a value of 60 kB": one(get(b"X: " + b"y" * 60_000 + b"\r\n"), 431),
    "a target of 60 kB": one(get(target=b"/" + b"x" * 60_000), 414, 431),
    "no Host": one(GET + b"\r\n", 400),
    "empty Host": one(GET + b"Host:\r\n\r\n", 200, 400),
    "two Hosts": one(GET + b"Host: a\r\nHost: b\r\n\r\n", 400),
    "two equal Hosts": one(GET + b"Host: a\r\nHost: a\r\n\r\n", 400),
    "Host with a path": one(GET + b"Host: a/b\r\n\r\n", 400),
    "Host with user and password": one(GET + b"Host: me:secret@a\r\n\r\n", 400),
    "Host with a space": one(GET + b"Host: a b\r\n\r\n", 400),
    "Host that is a list": one(GET + b"Host: a, b\r\n\r\n", 400),
    # --- targets (RFC 9112, section 3.2)
    "absolute form": one(get(target=b"http://h/livez"), 200),
    "absolute form with another Host": one(get(target=b"http://other/livez"), 200),
    "absolute form with user and password": one(get(target=b"http://a:b@h/livez"), 400),
    "absolute form without a path": one(get(target=b"http://h"), 200, 400),
    "absolute form of another scheme": one(get(target=b"ftp://h/livez"), 200, 400, 404),
    "absolute form with a bad port": one(get(target=b"http://h:port/livez"), 400),
    "absolute form without a host": one(get(target=b"http:///livez"), 400),
    "asterisk form with GET": one(get(target=b"*"), 400, 404),
    "asterisk form with OPTIONS": one(b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 200, 204, 400, 404),
    "authority form with GET": one(get(target=b"h:80"), 400, 404),
    "relative target": one(get(target=b"livez"), 400, 404),
    "network path": one(get(target=b"//h/livez"), 404),
    "backslash": one(get(target=b"\\livez"), 400, 404),
    "two targets": one(get(target=b"/livez /readyz"), 400),
    "tab in the request line": one(b"GET\t/livez\tHTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "no target": one(b"GET HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "fragment": one(get(target=b"/livez#top"), 200, 400, 404),
    "invalid percent encoding": one(get(target=b"/%zz"), 400, 404),
    "half a percent encoding": one(get(target=b"/%"), 400, 404),
    "encoded NUL": one(get(target=b"/%00"), 400, 404),
    "encoded line feeds": one(get(target=b"/%0d%0aX-Injected:%201"), 400, 404),
    "encoded slash": one(get(target=b"/v1%2fdatasets"), 404),
    "encoded dots": one(get(target=b"/v1/%2e%2e/%2e%2e/etc/passwd"), 400, 404),
    "plain dots": one(get(target=b"/v1/../../etc/passwd"), 400, 404),
    "dots in a file's name": one(get(target=b"/explorer/..%5c..%5csettings.py"), 400, 404),
    "double encoding": one(get(target=b"/%252e%252e/livez"), 400, 404),
    "overlong UTF-8": one(get(target=b"/%c0%ae%c0%ae/livez"), 400, 404),
    "encoded surrogate": one(get(target=b"/%ed%a0%80"), 400, 404),
    "invalid UTF-8 in the target": one(get(target=b"/\xff\xfe"), 400, 404),
    "raw UTF-8 in the target": one(get(target="/größe".encode()), 400, 404),
    "invalid UTF-8 in the query": one(get(target=b"/v1/datasets?rev=%ff%fe"), 409, 422),
    "raw bytes in the query": one(get(target=b"/v1/datasets?rev=\xff"), 400, 409, 422),
    "surrogate in the query": one(get(target=b"/v1/datasets?rev=%ed%a0%80"), 409, 422),
    "NUL in the query": one(get(target=b"/v1/datasets?rev=%00"), 409, 422),
    "a thousand parameters": one(get(target=b"/v1/datasets?" + b"a&" * 1_200), 422),
    "quotes and brackets in the query": one(get(target=b"/v1/datasets?<script>alert('x')</script>"), 400, 422),
    # --- versions and methods
    "HTTP/0.9": one(b"GET /livez\r\n\r\n", 400, 505),
    "HTTP/0.9 with a version": one(get(version=b"0.9"), 400, 505),
    "HTTP/1.0 without Host": one(b"GET /livez HTTP/1.0\r\n\r\n", 200),
    "HTTP/1.2": one(get(version=b"1.2"), 200, 400, 505),
    "HTTP/2.0 as text": one(get(version=b"2.0"), 400, 505),
    "HTTP/3": one(get(version=b"3"), 400, 505),
    "HTTP/11": one(get(version=b"11"), 400, 505),
    "lower case version": one(b"GET /livez http/1.1\r\n" + HOST + b"\r\n", 400),
    "preface of HTTP/2": one(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00", 400, 505),
    "hello of TLS": one(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2, 400),
    "SSH": one(b"SSH-2.0-OpenSSH_9.2\r\n", 400),
    "SMTP": one(b"EHLO mail.example\r\n", 400),
    "RTSP": one(b"DESCRIBE rtsp://h/ RTSP/1.0\r\nCSeq: 1\r\n\r\n", 400, 404, 405, 501),
    "PROXY protocol": one(b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + get(), 400),
    "PROXY protocol, version 2": one(b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes(12) + get(), 400),
    "random bytes": one(bytes((number * 167 + 13) % 256 for number in range(2_000)), 400),
    "a lower case method": one(get().replace(b"GET", b"get"), 400, 405, 501),
    "an unknown method": one(get().replace(b"GET", b"BREW"), 400, 405, 501),
    "a method of 8 kB": one(get().replace(b"GET", b"G" * 8_000), 400, 405, 501),
    "TRACE": one(get(b"Cookie: secret\r\n").replace(b"GET", b"TRACE"), 405, 501),
    "CONNECT": one(b"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n" + SMUGGLED, 400, 405, 501),
    "DELETE": one(get().replace(b"GET", b"DELETE"), 405),
    "a known method of WebDAV": one(get().replace(b"GET", b"PROPFIND"), 405, 501),
    # --- several requests, upgrades
    "pipelining": Case(get() * 20, (GOOD,) * 20),
    "pipelining with a fault at the end": Case(get() * 3 + b"nonsense\r\n\r\n" + get(), (GOOD, GOOD, GOOD, REFUSED)),
    "pipelining after a close": one(get(b"Connection: close\r\n") + get(), 200),
    "a POST and what follows": Case(TAKE + CHUNKED + CHUNKS + get(), (GOOD, GOOD)),
    "upgrade to h2c": one(
        get(b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"), 200
    ),
    "upgrade to WebSocket": one(
        get(b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"),
        200,
        400,
        426,
    ),
    "an upgrade with a smuggled request": Case(
        TAKE + SIZED + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n" + BODY + get(), (GOOD, GOOD)
    ),
    "strange connection options": one(get(b"Connection: host, content-length, \x80, ,,\r\n"), 200, 400),
    # --- fields that are read
    "unreadable Accept": one(
        get(b"Accept: ;q=;;,,*/*/*;q=9e999\r\n", b"/v1/datasets/digits/all/rows?limit=1"), 200, 406
    ),
    "unreadable Range": one(
        get(b"Range: bytes=\xff-\xfe\r\n", b"/v1/datasets/digits/all/rows?limit=1&format=npy"), 200, 416
    ),
    "unreadable conditions": one(
        get(b'If-None-Match: W/"\r\nIf-Match: "\xff\r\n', b"/v1/datasets/digits/all/rows?limit=1"), 200, 412
    ),
    "a request id with a line feed": one(get(b"X-Request-ID: a\nX-Injected: 1\r\n"), 200, 400),
}
"""Every case by its name."""
