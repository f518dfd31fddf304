"""The neighbours of drawings over HTTP: in the URL, as bytes, and as PNG."""

import io
import json
from collections.abc import Mapping
from math import sqrt
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from service.api.drawings import LONGEST_BODY
from service.api.pixels import encode_pixels
from service.data.dataset import Dataset
from service.data.neighbors import neighbors_of_drawing
from service.formats.png import encode
from service.formats.render import to_grey
from tests import made, sites

NEIGHBORS = "/v1/datasets/made/train/neighbors"
OCTETS = {"Content-Type": "application/octet-stream"}
PNG = {"Content-Type": "image/png"}

drawings = st.lists(st.integers(0, made.PEAK), min_size=15, max_size=15).map(bytes)
counts = st.integers(1, 100)


def ask(site: sites.Site, drawing: bytes, query: str = "") -> sites.Answer:
    return site.get(f"{NEIGHBORS}?pixels={encode_pixels(np.frombuffer(drawing, np.uint8))}{query}")


def post(site: sites.Site, body: bytes, headers: Mapping[str, str], query: str = "") -> sites.Answer:
    return site.send("POST", NEIGHBORS + query, headers, body=body)


def draw_png(drawing: bytes, peak: int, height: int, width: int) -> bytes:
    """A drawing as the service draws samples."""
    return encode(to_grey(np.frombuffer(drawing, np.uint8).reshape(height, width), peak))


@given(drawings, counts)
def test_the_nearest_samples_come_with_their_distances_and_votes(
    site: sites.Site, tiny: Dataset, drawing: bytes, k: int
) -> None:
    answer = ask(site, drawing, f"&k={k}").json
    split = tiny.split("train")
    found = neighbors_of_drawing(split, np.frombuffer(drawing, np.uint8), k)
    assert list(answer) == ["dataset", "split", "rev", "neighbors", "votes", "links"]
    assert (answer["dataset"], answer["split"], answer["rev"]) == ("made", "train", tiny.rev)
    assert [one["index"] for one in answer["neighbors"]] == found.index.tolist()
    assert [one["distance"] for one in answer["neighbors"]] == [sqrt(squared) for squared in found.squared.tolist()]
    labels = [one["label"] for one in answer["neighbors"]]
    assert labels == split.labels[found.index].tolist()
    assert answer["votes"] == {name: labels.count(label) for label, name in enumerate(made.CLASSES)}


@given(drawings, counts)
def test_bytes_and_pictures_are_answered_as_the_drawing_in_the_url(site: sites.Site, drawing: bytes, k: int) -> None:
    expected = ask(site, drawing, f"&k={k}")
    picture = draw_png(drawing, made.PEAK, made.HEIGHT, made.WIDTH)
    for body, headers in ((drawing, OCTETS), (picture, PNG)):
        answer = post(site, body, headers, f"?k={k}")
        assert (answer.status, answer.body) == (200, expected.body)
        assert answer["Cache-Control"] == "no-store"
        assert answer.headers["ETag"] is None
    assert site.get(expected.json["links"]["self"]).body == expected.body


@pytest.mark.parametrize(("name", "split", "index"), [("mnist", "train", 31_415), ("digits", "all", 7)])
def test_the_picture_of_a_sample_finds_the_sample(
    live: sites.Site, real: dict[str, Dataset], name: str, split: str, index: int
) -> None:
    here = f"/v1/datasets/{name}/{split}"
    picture = live.get(f"{here}/samples/{index}.png").body
    answer = live.send("POST", f"{here}/neighbors?k=11", PNG, body=picture).json
    others = live.get(f"{here}/samples/{index}/neighbors").json["neighbors"]
    assert (answer["neighbors"][0]["index"], answer["neighbors"][0]["distance"]) == (index, 0)
    assert answer["neighbors"][1:] == others
    assert sum(answer["votes"].values()) == 11
    pixels = parse_qs(urlsplit(answer["links"]["self"]).query)["pixels"]
    assert pixels == [encode_pixels(real[name].split(split).images[index])]


def test_ten_neighbours_come_unless_said_otherwise_and_the_url_of_a_drawing_is_one(site: sites.Site) -> None:
    drawing = bytes(range(10)) + bytes(5)
    plain, written = ask(site, drawing), ask(site, drawing, "&k=10")
    assert len(plain.json["neighbors"]) == 10
    assert plain["ETag"] == written["ETag"]
    assert ask(site, drawing, "&k=11")["ETag"] != plain["ETag"]
    assert ask(site, bytes(15))["ETag"] != plain["ETag"]


def test_a_drawing_in_the_url_is_cached_like_all_data(site: sites.Site, tiny: Dataset) -> None:
    drawing = bytes(15)
    answer = ask(site, drawing)
    assert answer["Cache-Control"] == "public, max-age=3600"
    assert "immutable" in ask(site, drawing, f"&rev={tiny.rev}")["Cache-Control"]
    assert ask(site, drawing, "&rev=000000000000").status == 409
    assert site.get(f"{NEIGHBORS}?rev=000000000000").status == 422
    assert site.get(NEIGHBORS.replace("train", "no_such")).status == 404
    target = f"{NEIGHBORS}?pixels={'A' * 20}"
    assert site.get(target, {"If-None-Match": answer["ETag"]}).status == 304
    head = site.head(target)
    assert (head.status, head.body, head["ETag"]) == (200, b"", answer["ETag"])
    assert head["Content-Length"] == str(len(answer.body))
    assert post(site, drawing, OCTETS, f"?rev={tiny.rev}").status == 200
    assert post(site, drawing, OCTETS, "?rev=000000000000").status == 409


@pytest.mark.parametrize(
    ("query", "name", "reason"),
    [
        ("", "pixels", "is missing; give the h·w bytes of 0…peak, row by row, in base64url without padding"),
        ("?k=3", "pixels", "is missing"),
        ("?pixels=", "pixels", "must have 20 characters"),
        ("?pixels=AAAA", "pixels", "must have 20 characters"),
        (f"?pixels={'A' * 18}==", "pixels", "letters, digits, - and _ only"),
        (f"?pixels={'A' * 19}%2B", "pixels", "letters, digits, - and _ only"),
        (f"?pixels={'_' * 20}", "pixels", "must be intensities from 0 to 10, not 255 in row 0, column 0"),
        (f"?pixels={'A' * 20}&k=0", "k", "must be an integer from 1 to 100"),
        (f"?pixels={'A' * 20}&k=101", "k", "must be an integer from 1 to 100"),
        (f"?pixels={'A' * 20}&seed=1", "seed", "is not a parameter here"),
        (f"?pixels={'A' * 20}&pixels={'A' * 20}", "pixels", "is given more than once"),
    ],
)
def test_what_is_no_drawing_is_refused_by_name(site: sites.Site, query: str, name: str, reason: str) -> None:
    answer = site.get(NEIGHBORS + query)
    assert answer.status == 422
    (error,) = answer.json["errors"]
    assert (error["in"], error["name"]) == ("query", name)
    assert reason in error["reason"]


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        (b"", OCTETS, "must have 15 bytes, 3 rows of 5 pixels of made, not 0"),
        (bytes(14), OCTETS, "not 14"),
        (bytes(16), OCTETS, "not 16"),
        (bytes(14) + b"\x0b", OCTETS, "must be intensities from 0 to 10, not 11 in row 2, column 4"),
        (bytes(15), PNG, "does not begin as a PNG does"),
        (encode(np.zeros((5, 3), np.uint8)), PNG, "has 3×5 pixels; send an 8-bit grey PNG of 5×3 pixels"),
        (encode(np.zeros((3, 5, 3), np.uint8)), PNG, "has colours, a palette or transparency"),
        (encode(np.full((3, 5), 7, np.uint8)), PNG, "has the grey 7 in row 0, column 0"),
        (encode(np.zeros((3, 5), np.uint8))[:40], PNG, "is a damaged PNG"),
    ],
    ids=["empty", "short", "long", "bright", "no PNG", "other size", "colours", "other grey", "damaged"],
)
def test_a_body_that_is_no_drawing_is_refused(
    site: sites.Site, body: bytes, headers: Mapping[str, str], reason: str
) -> None:
    answer = post(site, body, headers)
    assert answer.status == 422
    (error,) = answer.json["errors"]
    assert (error["in"], error["name"]) == ("body", "body")
    assert reason in error["reason"]


@pytest.mark.parametrize("kind", ["application/json", "image/jpeg", "text/plain", ""])
def test_a_body_of_another_type_is_415_and_the_types_are_named(site: sites.Site, kind: str) -> None:
    answer = post(site, bytes(15), {"Content-Type": kind})
    assert answer.status == 415
    assert "application/octet-stream" in answer.json["detail"]
    assert "image/png" in answer.json["detail"]
    assert post(site, bytes(15), {**OCTETS, "Content-Encoding": "gzip"}).status == 415


def test_a_body_that_is_too_long_is_413(site: sites.Site) -> None:
    answer = post(site, bytes(LONGEST_BODY + 1), OCTETS)
    assert answer.status == 413
    assert f"longer than {LONGEST_BODY} bytes; send one drawing only" in answer.json["detail"]
    assert post(site, bytes(LONGEST_BODY), OCTETS).status == 422


def test_a_body_may_have_capitals_and_parameters_in_its_type(site: sites.Site) -> None:
    assert post(site, bytes(15), {"Content-Type": "Application/Octet-Stream; x=y"}).status == 200


def test_a_posted_drawing_takes_no_pixels_in_the_url(site: sites.Site) -> None:
    assert post(site, bytes(15), OCTETS, f"?pixels={'A' * 20}").status == 422


def test_both_methods_are_named_where_another_is_tried(site: sites.Site) -> None:
    answer = site.send("DELETE", NEIGHBORS)
    assert (answer.status, answer["Allow"]) == (405, "GET, HEAD, OPTIONS, POST")
    assert site.send("OPTIONS", NEIGHBORS)["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert site.send("POST", "/v1/datasets/made/train/rows")["Allow"] == "GET, HEAD, OPTIONS"


def test_a_picture_by_pillow_is_a_drawing(live: sites.Site, mnist: Dataset) -> None:
    stream = io.BytesIO()
    Image.fromarray(mnist.images[123]).save(stream, "PNG")
    answer = live.send("POST", "/v1/datasets/mnist/all/neighbors?k=1", PNG, body=stream.getvalue())
    assert json.loads(answer.body)["neighbors"][0]["index"] == 123
