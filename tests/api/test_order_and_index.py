"""The oddest first, and lists of indices, on every route that takes the choice of rows."""

import io
import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from service.data.dataset import Dataset
from service.data.oddness import measure_oddness
from tests import made, readers, sites

MADE = "/v1/datasets/made/train"
LISTS = ("rows", "grid.json", "projection")
ROUTES = (*LISTS, "grid.png", "grid.webp")

indices = st.lists(st.integers(0, made.TRAIN - 1), min_size=1, max_size=40)

FEW = st.fixed_dictionaries(
    {},
    optional={
        "label": st.lists(st.integers(0, 3), min_size=1, max_size=3),
        "per_class": st.just(1),
        "range": st.sampled_from(["0:12", "5:", ":20"]),
    },
)
FOLDS = st.fixed_dictionaries(
    {"fold": st.integers(0, 1), "folds": st.just(2), "part": st.sampled_from(["train", "holdout"])}
)


def ask(site: sites.Site, path: str, **query: Any) -> sites.Answer:  # noqa: ANN401 - any parameters
    return site.get(f"{MADE}/{path}?{urlencode(query, doseq=True)}")


def list_indices(answer: sites.Answer) -> list[int]:
    """The indices in an answer of rows, of a sheet's map, or of a projection."""
    assert answer.status == 200, answer.body
    body = answer.json
    (name,) = {"tiles", "points"} & set(body) or {"rows"}  # a sheet has a number of rows, too
    return [one["index"] for one in body[name]]


@given(FEW | FOLDS, st.integers(0, 25), st.integers(1, 30))
def test_the_oddest_of_a_subset_come_first(
    site: sites.Site, tiny: Dataset, subset: dict[str, Any], offset: int, limit: int
) -> None:
    members = ask(site, "rows", **subset, limit=1000)
    if members.status != 200:
        assert ask(site, "rows", **subset, order="oddest").body == members.body  # a class is too small
        return
    oddness = measure_oddness(tiny.split("train")).tolist()
    expected = sorted(list_indices(members), key=lambda index: (-oddness[index], index))[offset : offset + limit]
    for path in LISTS:
        answer = ask(site, path, **subset, order="oddest", offset=offset, limit=limit)
        assert list_indices(answer) == expected
        assert answer.json["total"] == members.json["total"]


@pytest.mark.parametrize("path", ROUTES)
def test_the_oddest_first_is_no_shuffle(site: sites.Site, path: str) -> None:
    answer = ask(site, path, order="oddest", seed=0)
    assert answer.status == 422
    (error,) = answer.json["errors"]
    assert error["name"] == "order"
    assert "must be file if seed is given" in error["reason"]
    assert ask(site, path, order="file", seed=0)["ETag"] == ask(site, path, seed=0)["ETag"]
    assert ask(site, path, order="file")["ETag"] == ask(site, path)["ETag"] != ask(site, path, order="oddest")["ETag"]


def test_an_unknown_order_is_refused_with_the_known_ones(site: sites.Site) -> None:
    assert "order must be one of file, oddest, not 'odd'" in ask(site, "rows", order="odd").json["detail"]


def test_training_has_orders_of_its_own(site: sites.Site) -> None:
    for path in ("batches", "batches/plan", "order"):
        for name, value in (("order", "oddest"), ("index", 1)):
            assert f"{name} is not a parameter here" in ask(site, path, **{name: value}).json["detail"]


@given(indices, st.integers(0, 45), st.integers(1, 45))
def test_just_the_samples_of_a_list_come_in_its_order_with_repeats(
    site: sites.Site, wanted: list[int], offset: int, limit: int
) -> None:
    for path in LISTS:
        answer = ask(site, path, index=wanted, offset=offset, limit=limit)
        assert list_indices(answer) == wanted[offset : offset + limit]
        assert answer.json["total"] == len(wanted)
        assert answer["Total-Count"] == str(len(wanted))


@given(indices)
def test_a_picture_shows_the_samples_of_a_list(site: sites.Site, tiny: Dataset, wanted: list[int]) -> None:
    answer = ask(site, "grid.png", index=wanted, columns=len(wanted))
    with Image.open(io.BytesIO(answer.body)) as image:
        found = np.asarray(image)
    expected = np.rint(np.hstack([tiny.images[index] for index in wanted]) * (255 / made.PEAK))
    assert found.tolist() == expected.tolist()
    archive = readers.with_numpy_archive(ask(site, "rows", index=wanted, format="npz").body)
    assert archive[0].tolist() == wanted  # type: ignore[union-attr]


@given(indices, st.integers(1, 7))
def test_links_keep_the_list_and_lead_through_it(
    site: sites.Site, tiny: Dataset, wanted: list[int], limit: int
) -> None:
    seen: list[int] = []
    link: str | None = f"{MADE}/rows?{urlencode({'limit': limit, 'index': wanted}, doseq=True)}"
    while link is not None:
        answer = site.get(link)
        seen += list_indices(answer)
        for target in answer.json["links"].values():
            query = parse_qs(urlsplit(target or "").query)
            assert target is None or query["index"] == list(map(str, wanted))
            assert target is None or query["rev"] == [tiny.rev]
        link = answer.json["links"]["next"]
    assert seen == wanted


@given(indices)
def test_the_order_and_the_repeats_are_part_of_the_url(site: sites.Site, wanted: list[int]) -> None:
    tag = ask(site, "rows", index=wanted)["ETag"]
    assert ask(site, "rows", index=[f"0{index}" for index in wanted])["ETag"] == tag
    for other in (wanted[::-1], sorted(set(wanted)), [*wanted, wanted[0]]):
        assert (ask(site, "rows", index=other)["ETag"] == tag) == (other == wanted)


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    "other", ["range=2:5", "label=1", "per_class=1", "fold=0", "folds=2", "part=holdout", "seed=0", "order=oddest"]
)
def test_nothing_else_chooses_beside_a_list(site: sites.Site, path: str, other: str) -> None:
    answer = site.get(f"{MADE}/{path}?index=3&{other}")
    assert answer.status == 422
    (error,) = answer.json["errors"]
    assert (error["in"], error["name"]) == ("query", other.partition("=")[0])
    assert "cannot go with index" in error["reason"]


def test_every_parameter_that_does_not_fit_is_named(site: sites.Site) -> None:
    answer = ask(site, "rows", index=3, fold=0, folds=2, label=[1, 2], seed=9)
    assert [error["name"] for error in answer.json["errors"]] == ["label", "fold", "folds", "seed"]


@pytest.mark.parametrize("path", ROUTES)
def test_defaults_and_ranges_of_everything_may_stand_beside_a_list(site: sites.Site, path: str) -> None:
    plain = ask(site, path, index=[3, 1])
    written = ask(site, path, index=[3, 1], part="train", order="file", offset=0, range="0:")
    assert (written.status, written["ETag"], written.body) == (200, plain["ETag"], plain.body)


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    ("index", "reason"),
    [
        ("23", "must be from 0 to 22 in made/train, not 23"),
        (str(2**63 - 1), f"must be from 0 to 22 in made/train, not {2**63 - 1}"),
        (str(2**63), f"must be an integer from 0 to {2**63 - 1}"),
        ("-1", "must be an integer from 0 to"),
        ("1.0", "must be an integer from 0 to"),
        ("", "must be an integer from 0 to"),
        ("1,2", "must be an integer from 0 to"),
    ],
)
def test_an_index_that_is_none_of_the_split_is_refused(site: sites.Site, path: str, index: str, reason: str) -> None:
    answer = ask(site, path, index=[0, index])
    assert answer.status == 422
    (error,) = answer.json["errors"]
    assert error["name"] == "index"
    assert reason in error["reason"]


def test_a_list_as_long_as_a_url_holds_is_answered(live: sites.Site) -> None:
    wanted = [*range(59_000, 59_650)]
    target = f"/v1/datasets/mnist/train/rows?limit=1000&{urlencode({'index': wanted}, doseq=True)}"
    assert 8_000 > len(target) > 7_800
    answer = live.get(target)
    assert [row["index"] for row in json.loads(answer.body)["rows"]] == wanted
    assert answer.headers["Link"] is None
    assert live.get(target + target.partition("?")[2]).status == 414


def test_the_oddest_digits_are_the_same_by_every_route(live: sites.Site) -> None:
    for path in LISTS:
        answer = live.get(f"/v1/datasets/mnist/train/{path}?order=oddest&limit=5")
        assert list_indices(answer) == [28357, 24798, 38374, 8729, 57076]
