import pytest

from service.formats import FORMATS
from service.http.negotiation import choose_coding, find_by_accept, find_by_name
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
    assert find_by_accept(OFFERED, accept).name == name


@pytest.mark.parametrize(
    "accept", ["image/png", "text/html", "*/*;q=0", "text/csv;q=0", "nonsense", ",", "application/json;q=nan"]
)
def test_where_nothing_fits_the_message_lists_what_would(accept: str) -> None:
    with pytest.raises(NotAcceptable, match=r"application/json, text/csv, .*json, csv, parquet"):
        find_by_accept(OFFERED, accept)


def test_a_format_is_found_by_its_name() -> None:
    assert find_by_name(OFFERED, "parquet").name == "parquet"


@pytest.mark.parametrize("name", ["", "npy", "JSON", "json "])
def test_an_unknown_name_is_not_acceptable_and_the_known_ones_are_listed(name: str) -> None:
    with pytest.raises(NotAcceptable, match="one of json, csv, parquet"):
        find_by_name(OFFERED, name)


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
    assert choose_coding([(b"accept-encoding", accepted.encode())] * bool(accepted)) == chosen


def test_a_part_is_never_coded() -> None:
    assert choose_coding([(b"accept-encoding", b"gzip"), (b"range", b"bytes=0-1")]) == "identity"


@pytest.mark.parametrize("accepted", ["gzip;q=0.5, " + "x" * 600, "gzip, " * 200])
def test_a_long_header_means_the_same_as_a_short_one(accepted: str) -> None:
    assert choose_coding([(b"accept-encoding", accepted.encode())]) == "gzip"
