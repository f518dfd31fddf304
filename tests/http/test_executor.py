"""Caching, conditions, HEAD and content codings: promises that hold for every route."""

import gzip
from urllib.parse import quote

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from service.app import create_app
from service.data.dataset import Dataset
from service.settings import Settings
from tests import made, sites
from tests.http.expect import stable_headers

HERE = "/v1/datasets/made/train"

JSON = [
    "/v1/datasets",
    "/v1/datasets/made",
    HERE,
    *(f"{HERE}/{one}" for one in ("rows", "samples/0", "samples/0/neighbors", "labels", "statistics")),
]
TEXT = [
    *JSON,
    f"{HERE}/rows?format=csv",
    f"{HERE}/rows?format=ndjson",
    "/docs",
    "/openapi.json",
    "/problems/unavailable",
]
BINARY = [f"{HERE}/rows?format={name}" for name in ("npy", "npz", "arrow", "parquet", "safetensors")]
PICTURES = [f"{HERE}/samples/0.png", f"{HERE}/samples/0.webp", f"{HERE}/labels/0/mean.png", f"{HERE}/labels/0/std.png"]
FILES = [f"{HERE}.{suffix}" for suffix in ("parquet", "arrow", "arrows", "npz", "csv", "ndjson")]
DATA = [target for target in [*TEXT, *BINARY, *PICTURES, *FILES] if target.startswith("/v1")]

every_data = pytest.mark.parametrize("target", DATA)
every_target = pytest.mark.parametrize("target", [*TEXT, *BINARY, *PICTURES, *FILES])

def pinned(target: str, rev: str) -> str:
    return f"{target}{'&' if '?' in target else '?'}rev={rev}"


@pytest.fixture
def revision(site: sites.Site, tiny: Dataset, target: str) -> str:
    """The revision of whatever the target is about."""
    if target == "/v1/datasets":
        return str(site.get(target + "?rev=0").json["detail"].split("'")[3])
    return tiny.rev


@pytest.mark.parametrize(
    "target", [*TEXT, *BINARY, *PICTURES, *FILES, "/", "/livez", "/readyz", "/nowhere", f"{HERE}/rows?limit=0"]
)
@pytest.mark.parametrize("headers", [{}, {"Accept-Encoding": "gzip"}, {"If-None-Match": "*"}], ids=str)
def test_head_is_get_without_a_body(site: sites.Site, target: str, headers: dict[str, str]) -> None:
    head, get = site.head(target, headers), site.get(target, headers)
    assert head.body == b""
    assert head.status == get.status
    assert stable_headers(head) == stable_headers(get)
    if get.status not in (204, 304):
        assert head["Content-Length"] == str(len(get.body))


@every_target
def test_an_etag_is_strong_and_quoted_and_stays_the_same(site: sites.Site, target: str) -> None:
    tag = site.get(target)["ETag"]
    assert tag.startswith('"')
    assert tag.endswith('"')
    assert len(tag) > 20
    assert site.get(target)["ETag"] == tag


@every_target
@pytest.mark.parametrize("condition", ["{0}", "W/{0}", '"x", {0}', '"x",W/{0},"y"', "*"])
def test_what_the_client_has_is_not_sent_again(site: sites.Site, target: str, condition: str) -> None:
    whole = site.get(target)
    answer = site.get(target, {"If-None-Match": condition.format(whole["ETag"])})
    assert (answer.status, answer.body) == (304, b"")
    kept = {name: value for name, value in stable_headers(whole).items() if name in ("etag", "cache-control", "vary", "link")}
    assert {name: value for name, value in stable_headers(answer).items() if name in kept} == kept
    assert "Content-Type" not in answer.headers
    assert "Content-Length" not in answer.headers


@every_target
@pytest.mark.parametrize("condition", ['"x"', "x", 'W/"x", "y"', '""'])
def test_what_the_client_does_not_have_is_sent(site: sites.Site, target: str, condition: str) -> None:
    answer = site.get(target, {"If-None-Match": condition})
    assert answer.status == 200
    assert answer.body == site.get(target).body


@every_data
def test_with_its_revision_an_answer_is_the_same_and_may_be_kept_for_ever(
    site: sites.Site, target: str, revision: str
) -> None:
    plain, for_ever = site.get(target), site.get(pinned(target, revision))
    assert plain["Cache-Control"] == "public, max-age=3600"
    assert for_ever["Cache-Control"] == "public, max-age=31536000, immutable"
    assert for_ever["ETag"] == plain["ETag"]
    assert for_ever.body == plain.body


@pytest.mark.parametrize("target", TEXT)
def test_text_is_coded_as_the_client_likes_with_an_etag_for_each_coding(site: sites.Site, target: str) -> None:
    plain = site.get(target)
    zipped, zstd = (site.get(target, {"Accept-Encoding": coding}) for coding in ("gzip", "zstd"))
    assert "Content-Encoding" not in plain.headers
    assert (zipped["Content-Encoding"], zstd["Content-Encoding"]) == ("gzip", "zstd")
    assert gzip.decompress(zipped.body) == plain.body
    assert zstandard.ZstdDecompressor().decompressobj().decompress(zstd.body) == plain.body
    assert len({plain["ETag"], zipped["ETag"], zstd["ETag"]}) == 3
    for answer in (plain, zipped, zstd):
        assert "Accept-Encoding" in answer["Vary"].split(", ")
        assert answer["Content-Type"] == plain["Content-Type"]
        assert answer["Content-Length"] == str(len(answer.body))


@pytest.mark.parametrize("target", TEXT)
def test_a_coded_answer_is_conditional_on_its_own_etag(site: sites.Site, target: str) -> None:
    zipped = site.get(target, {"Accept-Encoding": "gzip"})["ETag"]
    assert site.get(target, {"Accept-Encoding": "gzip", "If-None-Match": zipped}).status == 304
    assert site.get(target, {"Accept-Encoding": "zstd", "If-None-Match": zipped}).status == 200
    assert site.get(target, {"If-None-Match": zipped}).status == 200


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, zstd;q=0.1", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0, *", "zstd"),
        ("identity", None),
        ("identity;q=1, *;q=0", None),
        ("*", "zstd"),
        ("br", None),
        ("", None),
        ("GZIP", "gzip"),
    ],
)
def test_accept_encoding_is_read_with_its_qualities(site: sites.Site, accepted: str, coding: str | None) -> None:
    answer = site.get(f"{HERE}/rows", {"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == coding


@pytest.mark.parametrize("target", [*BINARY, *PICTURES, *FILES])
def test_what_is_packed_already_is_never_coded(site: sites.Site, target: str) -> None:
    answer = site.get(target, {"Accept-Encoding": "gzip, zstd, *"})
    assert "Content-Encoding" not in answer.headers
    assert "Accept-Encoding" not in answer.headers.get("Vary", "")
    assert answer["ETag"] == site.get(target)["ETag"]
    assert answer.body == site.get(target).body


@given(
    rows=st.fixed_dictionaries(
        {},
        optional={
            "offset": st.sampled_from(["0", "00", "3", "03"]),
            "limit": st.sampled_from(["5", "05", "100", "0100"]),
            "scale": st.sampled_from(["raw", "unit"]),
            "seed": st.sampled_from(["0", "7"]),
            "label": st.sampled_from(["1", "01"]),
            "format": st.sampled_from(["json", "csv", "npz"]),
        },
    ),
    swapped=st.booleans(),
    coding=st.sampled_from(["", "gzip"]),
)
def test_the_same_etag_means_the_same_bytes(site: sites.Site, rows: dict[str, str], swapped: bool, coding: str) -> None:
    pairs = sorted(rows.items(), reverse=swapped)
    answer = site.get(
        f"{HERE}/rows?" + "&".join(f"{name}={value}" for name, value in pairs), {"Accept-Encoding": coding}
    )
    assert answer.status == 200
    before = SEEN.setdefault(answer["ETag"], answer.body)
    assert before == answer.body


SEEN: dict[str, bytes] = {}
"""Bodies by the entity tags they came with."""


def test_writing_a_default_or_zeros_does_not_make_another_resource(site: sites.Site) -> None:
    tags = {
        site.get(f"{HERE}/rows{query}")["ETag"]
        for query in ("", "?limit=100", "?offset=0&limit=0100", "?limit=100&scale=raw&layout=flat")
    }
    assert len(tags) == 1


def test_a_replica_gives_the_same_answers_under_the_same_etags(site: sites.Site) -> None:
    with sites.serving(create_app(Settings(), [made.source()])) as replica:
        for target in [*TEXT, *BINARY, *PICTURES, *FILES]:
            one, other = site.get(target), replica.get(target)
            assert (one["ETag"], one.body) == (other["ETag"], other.body)


def test_other_data_have_other_etags_and_another_revision() -> None:
    with (
        sites.serving(create_app(Settings(), [made.source(seed=1)])) as other,
        sites.serving(create_app(Settings(), [made.source()])) as site,
    ):
        for target in DATA:
            assert other.get(target)["ETag"] != site.get(target)["ETag"]


def test_behind_a_proxy_every_link_has_the_root_path() -> None:
    with sites.serving(create_app(Settings(root_path="/digits"), [made.source()])) as site:
        for prefix in ("", "/digits"):
            page = site.get(f"{prefix}{HERE}/rows?limit=2")
            assert page.json["links"]["next"].startswith(f"/digits{HERE}/rows?")
            assert f"</digits{HERE}/rows?" in page["Link"]
            assert site.get(f"{prefix}{HERE}").json["links"]["rows"].startswith(f"/digits{HERE}/rows?")
            problem = site.get(f"{prefix}/v1/datasets/iris").json
            assert problem["type"] == "/digits/problems/unknown-resource"
            assert problem["instance"].endswith("/v1/datasets/iris")
        assert b"/digits/docs/swagger-ui.css" in site.get("/docs").body
        plain = [made.source()]
        with sites.serving(create_app(Settings(), plain)) as other:
            assert other.get(HERE)["ETag"] != site.get(HERE)["ETag"]


def test_an_absolute_form_target_is_answered(site: sites.Site) -> None:
    answer = site.get(f"{site.url}{HERE}/samples/0")
    assert answer.body == site.get(f"{HERE}/samples/0").body


def test_a_percent_encoded_query_is_the_plain_one(site: sites.Site) -> None:
    encoded = "".join(f"%{ord(letter):02X}" for letter in "limit")
    assert site.get(f"{HERE}/rows?{encoded}={quote('5')}")["ETag"] == site.get(f"{HERE}/rows?limit=5")["ETag"]
