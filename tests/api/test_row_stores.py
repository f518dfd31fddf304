"""Row stores over HTTP: after some requests a page comes from a store, and nobody can tell."""

import re
import time

import pytest

from service.app import create_app
from service.http.background import ENOUGH
from service.settings import Settings
from tests import made, sites

TRAIN = "/v1/datasets/made/train"
STORED = re.compile(rb"^digits_row_stores_bytes ([0-9.e+]+)$", re.MULTILINE)

PAGES = [
    f"/rows?format={name}&limit={limit}{more}"
    for name in ("json", "csv")
    for limit in (1, 5)
    for more in ("", "&seed=3")
]
PICTURES = ["/samples/4.png", "/samples/4.png?scale=2", "/samples/4.png?cmap=viridis"]


def count_stored(site: sites.Site) -> float:
    found = STORED.search(site.get("/metrics").body)
    assert found is not None
    return float(found[1])


@pytest.mark.parametrize("targets", [PAGES, PICTURES], ids=["pages", "pictures"])
def test_an_answer_is_the_same_before_a_store_is_made_and_after(targets: list[str]) -> None:
    app = create_app(Settings(response_cache_bytes=0), [made.source()])
    with sites.serving(app) as site:
        before = [site.get(TRAIN + target) for target in targets]
        assert count_stored(site) == 0
        deadline = time.monotonic() + 30
        while count_stored(site) == 0:
            assert time.monotonic() < deadline, f"no store after many requests, of which {ENOUGH} were to be enough"
            for target in targets:
                site.get(TRAIN + target)
        after = [site.get(TRAIN + target) for target in targets]
    assert [one.body for one in after] == [one.body for one in before]
    assert [one["ETag"] for one in after] == [one["ETag"] for one in before]


def test_without_room_everything_is_answered_as_well() -> None:
    app = create_app(Settings(response_cache_bytes=0, row_stores_bytes=0), [made.source()])
    with sites.serving(app) as site:
        assert {site.get(TRAIN + PAGES[0]).status for _ in range(2 * ENOUGH)} == {200}
        assert count_stored(site) == 0
