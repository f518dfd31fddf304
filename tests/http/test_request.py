"""What a route has read from a request, and the links that its answer carries."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.parameters import Parameters, RevisionQuery
from service.http.request import ApiRequest, read_header


def request_of(
    query: Parameters | None = None, *, root: str = "", headers: tuple[tuple[bytes, bytes], ...] = ()
) -> ApiRequest:
    """A request for `/a` whose path and query were read."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/a",
        "query_string": b"",
        "headers": list(headers),
        "scheme": "https",
        "server": ("127.0.0.1", 8000),
    }
    request = ApiRequest({**scope, "root_path": root} if root else scope)
    request.path, request.query = "/a", query or Parameters()
    request.canonical_query = request.query.canonical()
    return request


class LimitQuery(RevisionQuery):
    """A revision and a number."""

    limit: int = 100


def test_the_revision_is_the_one_that_the_url_pins_and_no_part_of_the_canonical_url() -> None:
    assert request_of().rev is None
    assert request_of(LimitQuery()).rev is None
    request = request_of(LimitQuery(limit=5, rev="abc"))
    assert (request.rev, request.canonical_url) == ("abc", "/a?limit=5")
    assert request_of(LimitQuery(limit=100, rev="abc")).canonical_url == "/a"


def test_links_begin_with_the_root_path_and_the_canonical_url_does_not() -> None:
    request = request_of(LimitQuery(limit=5), root="/digits")
    assert request.root == "/digits"
    assert request.link("/b", x=1, y="p q") == "/digits/b?x=1&y=p+q"
    assert request.link("/b") == "/digits/b"
    assert request.canonical_url == "/a?limit=5"
    assert request_of().link("/b") == "/b"


def test_a_link_here_keeps_what_was_asked_and_changes_the_rest() -> None:
    request = request_of(LimitQuery(limit=5, rev="abc"))
    assert request.link_here() == "/a?limit=5"
    assert request.link_here(limit=6, offset=2) == "/a?limit=6&offset=2"


@given(st.text(max_size=20), st.integers(), st.booleans())
def test_a_link_can_be_read_back_whatever_its_values(text: str, number: int, flag: bool) -> None:
    link = request_of().link("/b", text=text, number=number, flag=flag)
    found = parse_qs(urlsplit(link).query, keep_blank_values=True, strict_parsing=True)
    assert found == {"text": [text], "number": [str(number)], "flag": [str(flag).lower()]}


@pytest.mark.parametrize(
    ("lines", "value"),
    [([], ""), ([b"a"], "a"), ([b"a", b"b"], "a, b"), ([b""], ""), ([b"\xe9\xff"], "éÿ")],
)
def test_a_header_is_its_lines_joined(lines: list[bytes], value: str) -> None:
    headers = [(b"x-other", b"o"), *((b"accept", line) for line in lines), (b"accept-encoding", b"gzip")]
    assert read_header(headers, b"accept") == value
    assert request_of(headers=tuple(headers)).header(b"accept") == value


def test_nothing_was_negotiated_until_something_is() -> None:
    assert request_of().negotiated is False


@pytest.mark.parametrize(
    ("host", "root", "address"),
    [
        (b"digits.example", "", "https://digits.example"),
        (b"digits.example:8443", "/digits", "https://digits.example:8443/digits"),
        (b"[::1]:8000", "", "https://[::1]:8000"),
        (None, "", "https://127.0.0.1:8000"),
        (None, "/digits", "https://127.0.0.1:8000/digits"),
    ],
)
def test_the_address_is_the_one_that_the_client_has_used(host: bytes | None, root: str, address: str) -> None:
    headers = () if host is None else ((b"host", host),)
    assert request_of(root=root, headers=headers).address == address
