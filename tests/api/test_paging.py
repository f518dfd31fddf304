"""Pages: they tile a selection, and their links lead from one to the next and back."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.paging import Page
from service.api.queries import PageQuery, RowsQuery
from service.data.dataset import Dataset
from service.errors import Refused
from service.http.parameters import read
from tests.http.test_request import request_of

SUBSETS: dict[str, st.SearchStrategy[Any]] = {
    "limit": st.integers(1, 40),
    "label": st.lists(st.integers(0, 3), min_size=1, max_size=2).map(tuple),
    "range": st.sampled_from(["3:20", ":12", "7:", "0:23"]),
}
QUERIES = st.one_of(
    st.fixed_dictionaries({}, optional={**SUBSETS, "seed": st.integers(0, 9)}),
    st.fixed_dictionaries({"order": st.just("oddest")}, optional=SUBSETS),
    st.fixed_dictionaries(
        {"index": st.lists(st.integers(0, 22), min_size=1, max_size=60).map(tuple)},
        optional={"limit": st.integers(1, 40)},
    ),
)


def page_of(data: Dataset, *, root: str = "", **query: Any) -> Page:  # noqa: ANN401 - any parameters
    asked = RowsQuery(**query)
    return Page(request_of(asked, root=root), data.split("train"), asked)


def follow(data: Dataset, link: str) -> Page:
    """The page that a link leads to."""
    query = read(RowsQuery, urlsplit(link).query.encode())
    assert query.rev == data.rev
    return Page(request_of(query), data.split("train"), query)


@given(QUERIES)
def test_following_next_gives_the_whole_selection_once(tiny: Dataset, query: dict[str, Any]) -> None:
    page, seen = page_of(tiny, **query), []
    while True:
        found = page.select()
        assert len(page) == len(found)
        seen += list(found.indices)
        following = page.links["next"]
        if following is None:
            break
        page = follow(tiny, following)
    asked = PageQuery(**query)
    whole = asked.build_choice(tiny.split("train")).select(tiny.split("train"))
    assert seen == list(whole.indices)
    assert page.total == len(whole)


@given(QUERIES, st.integers(0, 60))
def test_links_lead_where_they_say(tiny: Dataset, query: dict[str, Any], offset: int) -> None:
    page = page_of(tiny, **query, offset=offset)
    limit, total, links = page.query.limit, page.total, page.links
    offsets = {
        name: None if link is None else int(parse_qs(urlsplit(link).query).get("offset", ["0"])[0])
        for name, link in links.items()
    }
    assert list(links) == ["self", "first", "prev", "next", "last"]
    assert (offsets["self"], offsets["first"]) == (offset, 0)
    assert offsets["next"] == (offset + limit if offset + limit < total else None)
    assert offsets["prev"] == (None if offset == 0 else max(0, min(offset, total) - limit))
    assert offsets["last"] == max(0, total - 1) // limit * limit
    for link in links.values():
        if link is not None:
            other = follow(tiny, link)
            assert (other.total, other.query.limit) == (total, limit)
            assert other.choice == page.choice
    if total:
        assert 0 < len(follow(tiny, str(links["last"]))) <= limit


def test_a_link_leaves_out_defaults_and_has_the_root_path(tiny: Dataset) -> None:
    page = page_of(tiny, root="/digits", limit=5, offset=5, seed=None, scale="raw", rev="other")
    assert page.links["first"] == f"/digits/a?limit=5&rev={tiny.rev}"
    assert page.links["next"] == f"/digits/a?offset=10&limit=5&rev={tiny.rev}"


def test_a_page_past_the_end_is_empty_and_knows_the_total(tiny: Dataset) -> None:
    page = page_of(tiny, offset=2**63 - 1, limit=10)
    assert (len(page), len(page.select()), page.total) == (0, 0, 23)
    assert page.links["next"] is None
    assert page.headers["Total-Count"] == "23"


def test_the_header_has_every_link_there_is(tiny: Dataset) -> None:
    headers = page_of(tiny, limit=5).headers
    relations = [part.partition('rel="')[2].rstrip('"') for part in headers["Link"].split(", ")]
    assert relations == ["self", "first", "next", "last"]


def test_links_that_are_too_long_for_a_header_are_in_the_body_alone(tiny: Dataset) -> None:
    short, long = (page_of(tiny, index=(22,) * count, limit=5) for count in (40, 300))
    assert short.headers["Link"].count("&index=22") + short.headers["Link"].count("?index=22") == 4 * 40
    assert "Link" not in long.headers
    assert long.headers["Total-Count"] == "300"
    assert str(long.links["next"]).count("index=22") == 300


def test_a_page_of_no_class_is_refused(tiny: Dataset) -> None:
    with pytest.raises(Refused, match="label"):
        page_of(tiny, label=(9,))


def test_a_shuffled_page_costs_more_than_one_in_file_order(tiny: Dataset, mnist: Dataset) -> None:
    for data in (tiny, mnist):
        assert page_of(data).cost == 0
    assert page_of(mnist, seed=123_123).cost > 1
