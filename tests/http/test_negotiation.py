import gzip

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from service.formats import FORMATS
from service.http.negotiation import CODINGS, choose, coding, weights
from service.http.problems import NotAcceptable

OFFERED = tuple(FORMATS[name] for name in ("json", "csv", "parquet"))


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("text/csv", "csv"),
        ("TEXT/CSV", "csv"),
        ("text/*", "csv"),
        ("application/*", "json"),
        ("text/csv, application/json", "json"),
        ("text/csv, application/json;q=0.9", "csv"),
        ("application/json;q=0.5,text/csv;q=0.4,*/*;q=0.6", "parquet"),
        ("application/json;q=0, */*", "csv"),
        ("application/vnd.apache.parquet; version=1; q=0.3", "parquet"),
        ("text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", "json"),
        ("application/json ; q=0.2 , text/csv ; q=0.3", "csv"),
        ("application/json;q=broken, text/csv;q=0.1", "csv"),
        ("application/json;q=2, text/csv;q=0.1", "csv"),
    ],
)
def test_accept_is_honoured_with_its_qualities(accept: str, name: str) -> None:
    assert choose(OFFERED, None, accept).name == name


@pytest.mark.parametrize(
    "accept", ["image/png", "text/html", "*/*;q=0", "text/csv;q=0", "nonsense", ",", "application/json;q=nan"]
)
def test_where_nothing_fits_the_message_lists_what_would(accept: str) -> None:
    with pytest.raises(NotAcceptable, match=r"application/json, text/csv, .*json, csv, parquet"):
        choose(OFFERED, None, accept)


def test_a_name_wins_over_accept() -> None:
    assert choose(OFFERED, "parquet", "text/csv").name == "parquet"


@pytest.mark.parametrize("name", ["", "npy", "JSON", "json "])
def test_an_unknown_name_is_not_acceptable_and_the_known_ones_are_listed(name: str) -> None:
    with pytest.raises(NotAcceptable, match="one of json, csv, parquet"):
        choose(OFFERED, name, "*/*")


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("", "identity"),
        ("gzip", "gzip"),
        ("zstd", "zstd"),
        ("GZIP", "gzip"),
        ("gzip, zstd", "zstd"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("gzip;q=0", "identity"),
        ("gzip;q=0, zstd;q=0", "identity"),
        ("*", "zstd"),
        ("*;q=0", "identity"),
        ("zstd;q=0, *", "gzip"),
        ("br", "identity"),
        ("identity", "identity"),
        ("identity, gzip", "gzip"),
        ("identity;q=1, gzip;q=0.5", "identity"),
        ("gzip;q=broken", "identity"),
    ],
)
def test_accept_encoding_is_honoured_with_its_qualities(accepted: str, chosen: str) -> None:
    assert coding(accepted) == chosen


@given(st.binary(max_size=2_000))
def test_what_is_coded_is_decoded_again_and_the_same_every_time(body: bytes) -> None:
    assert gzip.decompress(CODINGS["gzip"](body)) == body
    assert zstandard.ZstdDecompressor().decompressobj().decompress(CODINGS["zstd"](body)) == body
    assert all(code(body) == code(memoryview(body)) for code in CODINGS.values())


@given(st.text(st.characters(max_codepoint=255)))
def test_no_header_is_too_strange_to_be_read(header: str) -> None:
    assert all(value and 0 <= quality <= 1 for value, quality in weights(header))
