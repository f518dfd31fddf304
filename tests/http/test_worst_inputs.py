"""The worst inputs of every parser: their cost grows no faster than their length, and none is a failure."""

import contextlib
import re
import time
from collections.abc import Callable

import pytest

from service.api.epoch_queries import BatchesQuery
from service.api.picture_queries import GridQuery
from service.api.pixels import decode_pixels
from service.api.queries import RowsQuery
from service.api.take import parse_json, parse_octets
from service.data.dataset import Dataset
from service.datasets import mnist
from service.errors import ServiceError
from service.formats import FORMATS, png
from service.formats.grey_png import read_grey_png
from service.http.accept import parse_weights
from service.http.conditions import is_unmodified, select_range
from service.http.host import is_valid
from service.http.negotiation import choose_coding, find_by_accept
from service.http.parameters import Parameters, read, read_integer
from tests import sites

LONGEST = 32_000
"""Bytes of the longest header or target that a parser sees."""

MOST = 0.25
"""Seconds of CPU that the longest input may take: five times what it needs, a tenth of what growth by squares would."""

Parse = Callable[[str], object]


def header(name: str) -> Callable[[str], list[tuple[bytes, bytes]]]:
    return lambda text: [(name.encode(), text.encode("latin-1"))]


def conditional(name: str) -> Parse:
    return lambda text: is_unmodified(header(name)(text), '"tag"')


def query(model: type[Parameters]) -> Parse:
    return lambda text: read(model, text.encode("latin-1"))


PARSERS: dict[str, Parse] = {
    "range": lambda text: select_range(header("range")(text), '"tag"', 1_000),
    "if-range": lambda text: select_range([(b"range", b"bytes=0-1"), *header("if-range")(text)], '"tag"', 1_000),
    **{name: conditional(name) for name in ("if-none-match", "if-match", "if-modified-since", "if-unmodified-since")},
    "accept": lambda text: find_by_accept(tuple(FORMATS.values()), text),
    "accept-encoding": lambda text: choose_coding(header("accept-encoding")(text)),
    "weights": parse_weights,
    "query of rows": query(RowsQuery),
    "query of batches": query(BatchesQuery),
    "query of grids": query(GridQuery),
    "query of nothing": query(Parameters),
    "integer": lambda text: read_integer("index", text),
    "json body": lambda text: parse_json(text.encode("latin-1")),
    "pixels": lambda text: decode_pixels(text, mnist.CARD),
    "png": lambda text: read_grey_png(png.SIGNATURE + text.encode("latin-1"), height=28, width=28),
    "octets": lambda text: parse_octets(text.encode("latin-1")),
    "host": lambda text: is_valid.__wrapped__(text.encode("latin-1")),
}

FRAGMENTS = (
    *(
        "1",
        "9",
        "-",
        "0",
        ",",
        ", ",
        ";",
        "=",
        '"',
        " ",
        "\t",
        "*",
        "/",
        "a",
        "%",
        "&",
        "+",
        "[",
        "{",
        "\\",
        "é",
        "\x00",
    ),
    *("1,", '"",', 'W/"', 'W/"a",', '"a', ",;=", ";q=1", "; q=0.5,", "a/b;q=0.1,", "*/*,", "a;a;", "q=", "bytes="),
    *("a&", "a=1&", "label=1&", "label=x&", "limit=1&", "seed=9", "%00", "%F0", "a%3D&", "&&", ";;", "=&"),
    *("0-", "-1", "1-2,", "bytes=1-2,", "Mon, ", "01 Jan ", ":00", "00:", "+0000 ", "(", ")", "(a)", "Jan", "GMT"),
    *('{"indices":', "[1,", '{"a":', "1e9,", "1.5,", "-0,", '"\\u0000"'),
)

PREFIXES = ("", "bytes=", '"', 'W/"', "label=", "limit=", "*/*;q=", "Mon, 01 Jan 2026 ", '{"indices": [', "a=")


def cost(parse: Parse, text: str) -> float:
    """Seconds of CPU that parsing takes, the least of two times; refusals are answers."""
    spent = []
    for _ in range(2):
        began = time.process_time()
        with contextlib.suppress(ServiceError):
            parse(text)
        spent.append(time.process_time() - began)
        if spent[-1] < MOST / 4:
            break
    return min(spent)


@pytest.mark.parametrize("name", PARSERS)
def test_the_longest_input_of_every_kind_is_read_in_little_time(name: str) -> None:
    parse = PARSERS[name]
    parse_first = "1"
    with contextlib.suppress(ServiceError):
        parse(parse_first)
    for prefix in PREFIXES:
        for fragment in FRAGMENTS:
            text = (prefix + fragment * (LONGEST // len(fragment)))[:LONGEST]
            # A short input first: what grows without bound is found before it takes minutes.
            assert cost(parse, text[:2_000]) < MOST, (prefix, fragment)
            assert cost(parse, text) < MOST, (prefix, fragment)


FEW = 1_500
"""Bytes of an input that is compared with one eight times as long."""

TIMES = 8
"""How many times as long the longer input is: linear cost grows as much, and quadratic cost 64 times."""

GROWTH = 20.0
"""How many times as much the longer input may cost; between the two, so that a busy machine is no failure."""

LITTLE = 0.000_2
"""Seconds that any input may take, however long: 17 nanoseconds a byte."""

BEGINNINGS = {
    "range": "bytes=",
    "if-none-match": 'W/"',
    "if-match": '"',
    "if-modified-since": "Mon, 01 Jan 2026 ",
    "if-unmodified-since": "Mon, 01 Jan 2026 ",
    "accept": "*/*;q=",
    "query of rows": "label=",
    "query of batches": "label=",
    "query of grids": "limit=",
    "json body": '{"indices": [',
    "host": "[:",
}
"""With what a parser's input begins, so that it does not give up at once."""


ENDINGS = ("", "-", "!")
"""With what it ends: what has matched so far does not match in the end, and a dash makes a range of digits."""


def least(parse: Parse, text: str, times: int) -> float:
    """Seconds of CPU that parsing takes in this thread, the least of several times."""
    spent = []
    for _ in range(times):
        began = time.thread_time()
        with contextlib.suppress(ServiceError):
            parse(text)
        spent.append(time.thread_time() - began)
    return min(spent)


def grows_too_fast(parse: Parse, beginning: str, fragment: str, ending: str = "") -> bool:
    """Whether the cost of an input grows faster than its length; measured again, and longer, before it is said."""
    short, long = ((beginning + fragment * size)[:size] + ending for size in (FEW, FEW * TIMES))
    if least(parse, long, 1) < LITTLE:
        return False
    return all(least(parse, long, times) > GROWTH * least(parse, short, 3 * times) for times in (1, 3, 5))


@pytest.mark.parametrize("name", PARSERS)
def test_the_cost_of_an_input_grows_no_faster_than_its_length(name: str) -> None:
    for beginning in {"", BEGINNINGS.get(name, "")}:
        for fragment in FRAGMENTS:
            for ending in ENDINGS:
                assert not grows_too_fast(PARSERS[name], beginning, fragment, ending), (beginning, fragment, ending)


BACKTRACKING = re.compile("[0-9]+x")
"""A pattern that begins at every place, and from each goes to the end."""


def test_a_parser_whose_cost_grows_faster_would_be_found() -> None:
    assert grows_too_fast(BACKTRACKING.search, "", "9")
    assert not grows_too_fast(re.compile("[0-9]++x").match, "", "9")
    assert not grows_too_fast(lambda text: [text.count(one) for one in text[:1_500]], "", "9")


SENT = {
    "Range": ("bytes=" + "1," * 15_000, "bytes=" + "1" * 31_000, "bytes=" + "-" * 31_000),
    "If-Range": ('"' * 31_000, "W/" * 15_000),
    "If-None-Match": ('"' * 31_000, 'W/"' * 10_000, '"a",' * 7_500, " " * 31_000),
    "If-Match": ('"a",' * 7_500, "*" * 31_000),
    "If-Modified-Since": ("(" * 31_000, "01 " * 10_000, "Mon, 01 Jan 2026 00:00:00 +" + "9" * 5_000, ":" * 31_000),
    "If-Unmodified-Since": ("1" * 31_000, "-" * 31_000, "Jan " * 7_500),
    "Accept": ("a/b;q=0.1," * 3_000, ";" * 31_000, "," * 31_000, "*/*;q=" + "9" * 31_000),
    "Accept-Encoding": ("gzip," * 6_000, "gzip;" * 6_000, "*;q=1" * 6_000),
    "X-Request-ID": ("a" * 31_000,),
    "Content-Type": ("application/json;" * 1_800,),
    "Content-Encoding": ("gzip," * 6_000,),
}


@pytest.mark.parametrize("name", SENT)
@pytest.mark.parametrize("path", [".csv", "/rows", "/batches?steps=all", "/samples/0.png"])
def test_no_header_is_answered_by_a_failure(site: sites.Site, name: str, path: str) -> None:
    for value in SENT[name]:
        target = f"/v1/datasets/made/train{path}"
        headers = {name: value, **({"Range": "bytes=0-1"} if name == "If-Range" else {})}
        for answer in (site.get(target, headers), site.head(target, headers)):
            assert 200 <= answer.status < 500
            assert float(answer["Server-Timing"].rpartition("=")[2]) < 1_000


@pytest.mark.parametrize(
    "query_string", ["a&", "%", "label=1&", "label=-1&", "%F0%", "&", "=", "seed=", "1", "limit=%31&"]
)
def test_no_query_is_answered_by_a_failure(site: sites.Site, tiny: Dataset, query_string: str) -> None:
    for path in ("/rows", "/batches", "/grid.png", ".csv", "/order"):
        target = f"/v1/datasets/{tiny.card.name}/train{path}?"
        answer = site.get((target + query_string * 8_000)[:8_100])
        assert 200 <= answer.status < 500


@pytest.mark.parametrize("digits", [1_000, 4_000, 4_301, 8_000])
def test_no_integer_is_too_long_to_be_refused(site: sites.Site, digits: int) -> None:
    for path in ("rows?limit=", "rows?label=", "rows?seed=-", "samples/", "samples/-", "labels/0/mean.png?scale="):
        answer = site.get(f"/v1/datasets/made/train/{path}{'9' * digits}"[:8_100])
        assert answer.status in (404, 422)
        assert len(answer.body) < 10_000
