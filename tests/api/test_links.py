"""Links: each leads to a route, and pins the revision of its data."""

from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.routing import Match

from service.api import ROUTES
from service.api.formats import FILE_FORMATS
from service.api.links import link_dataset, link_label, link_sample, link_split, split_path
from service.data.dataset import Dataset
from service.data.split import Split
from tests.http.test_request import request_of


def routes_of(path: str) -> list[object]:
    """The routes that take a path."""
    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    return [route for route in ROUTES if route.matches(scope)[0] is Match.FULL]


@pytest.fixture
def split(tiny: Dataset) -> Split:
    """The training split of the made dataset."""
    return tiny.split("train")


@pytest.mark.parametrize("root", ["", "/digits"])
def test_every_link_leads_to_a_route_and_pins_the_revision(tiny: Dataset, split: Split, root: str) -> None:
    request = request_of(root=root)
    for links in (
        link_dataset(request, tiny),
        link_split(request, split),
        link_sample(request, split, 3),
        link_label(request, split, 1),
    ):
        for relation, link in links.items():
            target = urlsplit(link)
            assert target.path.startswith(f"{root}/v1/datasets")
            assert routes_of(target.path.removeprefix(root)), link
            rev = parse_qs(target.query).get("rev")
            assert rev == (None if relation == "datasets" else [tiny.rev])


def test_a_dataset_leads_to_its_splits(tiny: Dataset) -> None:
    links = link_dataset(request_of(), tiny)
    assert set(links) == {"self", "train", "test", "all", "datasets"}
    assert links["datasets"] == "/v1/datasets"


def test_a_split_leads_to_every_representation(split: Split) -> None:
    links = link_split(request_of(), split)
    named = {"self", "rows", "batches", "plan", "order", "labels", "statistics", "grid", "first_sample", "dataset"}
    assert set(links) == named | set(FILE_FORMATS)
    assert urlsplit(links["plan"]).path == f"{split_path(split)}/batches/plan"
    assert urlsplit(links["parquet"]).path == f"{split_path(split)}.parquet"


def test_a_sample_leads_to_its_row_and_its_pictures(split: Split) -> None:
    links = link_sample(request_of(), split, 3)
    assert set(links) == {"self", "png", "webp", "svg", "neighbors", "row", "split"}
    assert links["row"] == f"/v1/datasets/made/train/rows?offset=3&limit=1&rev={split.rev}"


def test_a_label_leads_to_its_rows(split: Split) -> None:
    assert link_label(request_of(), split, 2)["rows"] == f"/v1/datasets/made/train/rows?label=2&rev={split.rev}"
