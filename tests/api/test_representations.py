"""Endpoints without a server: pure functions that give a Representation, and do no work before its body is made."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from starlette.applications import Starlette

from service.api import (
    batches,
    cards,
    downloads,
    drawings,
    epochs,
    grids,
    labels,
    projection,
    rows,
    samples,
    statistics,
    take,
)
from service.api.epoch_queries import BatchesQuery, OrderQuery
from service.api.formats import BATCH_FORMATS, FILE_FORMATS, ORDER_FORMATS, ROW_FORMATS, STREAM_FORMATS
from service.api.picture_queries import GridQuery, PictureQuery, SampleQuery
from service.api.queries import DrawingQuery, FileQuery, NeighborsQuery, ProjectionQuery, RowsQuery, TakeQuery
from service.data import order
from service.data.catalog import Catalog
from service.data.dataset import Dataset
from service.data.split import Split
from service.formats.row_stores import RowStores
from service.http.documents import CardQuery
from service.http.negotiation import DOCUMENT_FORMATS
from service.http.parameters import Parameters, RevisionQuery
from service.http.representation import File, Pieces, Representation, Whole
from service.http.request import ApiRequest
from service.settings import Settings
from tests import made

SEED = 987_654_321
"""A seed that no other test uses, so that its order is not stored yet."""


class Untouchable:
    """Images that may be sliced, as views are made, but not read."""

    dtype = np.dtype(np.uint8)

    def __init__(self, rows: range) -> None:
        """Stand for these images of the made dataset."""
        self.rows = rows
        self.shape = (len(rows), made.HEIGHT, made.WIDTH)

    def __getitem__(self, part: object) -> object:
        """Return a view; one of no images is a real array."""
        if not isinstance(part, slice):
            raise AssertionError("The pixels were read.")  # noqa: TRY004
        rows = self.rows[part]
        return Untouchable(rows) if rows else np.empty((0, made.HEIGHT, made.WIDTH), np.uint8)

    def __array__(self) -> NoReturn:
        """Refuse to be read."""
        raise AssertionError("The pixels were read.")


@dataclass
class Case:
    """An endpoint with a query."""

    endpoint: Callable[..., Representation]
    query: Parameters | None = None
    arguments: dict[str, Any] = field(default_factory=dict)


QUERIES: dict[str, dict[str, Any]] = {
    "all": {},
    "shuffled": {"seed": SEED},
    "fold": {"seed": SEED, "fold": 0, "folds": 2, "part": "holdout"},
    "oddest": {"label": (0, 1), "order": "oddest"},
    "list": {"index": (3, 1, 3)},
    "few": {"seed": SEED, "label": (0, 1), "per_class": 1},
}
EPOCH_QUERIES = {name: query for name, query in QUERIES.items() if not {"order", "index"} & set(query)}
EVERY_BATCH = [(one, 1) for one in BATCH_FORMATS] + [(one, steps) for one in STREAM_FORMATS for steps in (3, "all")]
CASES: dict[str, Case] = {
    **{
        f"rows {media.name} {name}": Case(rows.get_rows, RowsQuery(**query), {"media": media})
        for media in ROW_FORMATS
        for name, query in QUERIES.items()
    },
    **{
        f"batches {media.name} {steps} {name}": Case(
            batches.get_batches, BatchesQuery(**query, steps=steps, batch_size=2), {"media": media}
        )
        for media, steps in EVERY_BATCH
        for name, query in EPOCH_QUERIES.items()
    },
    **{f"plan {name}": Case(epochs.get_epoch_plan, BatchesQuery(**query)) for name, query in EPOCH_QUERIES.items()},
    **{
        f"order {media.name} {name}": Case(epochs.get_epoch_order, OrderQuery(**query), {"media": media})
        for media in ORDER_FORMATS
        for name, query in EPOCH_QUERIES.items()
    },
    **{
        f"{endpoint.__name__} {name}": Case(endpoint, GridQuery(**query))
        for endpoint in (grids.get_grid_png, grids.get_grid_webp, grids.get_grid_map)
        for name, query in QUERIES.items()
    },
    **{f"map {name}": Case(projection.get_projection, ProjectionQuery(**query)) for name, query in QUERIES.items()},
    **{f"file {suffix}": Case(downloads.download_split, FileQuery(), {"suffix": suffix}) for suffix in FILE_FORMATS},
    "png": Case(samples.get_sample_png, SampleQuery(), {"index": 1}),
    "captioned": Case(samples.get_sample_webp, SampleQuery(caption=True), {"index": 1}),
    "svg": Case(samples.get_sample_svg, PictureQuery(), {"index": 1}),
    "sample": Case(samples.get_sample, RevisionQuery(), {"index": 1}),
    "neighbours": Case(samples.get_neighbors, NeighborsQuery(), {"index": 1}),
    "drawing": Case(drawings.get_drawing_neighbors, DrawingQuery(pixels="A" * 20)),
    "posted drawing": Case(
        drawings.find_drawing_neighbors, NeighborsQuery(), {"body": ("application/octet-stream", bytes(15))}
    ),
    "labels": Case(labels.get_labels, RevisionQuery()),
    "mean": Case(labels.get_label_mean_png, PictureQuery(), {"label": 1}),
    "deviation": Case(labels.get_label_std_png, PictureQuery(), {"label": 1}),
    "statistics": Case(statistics.get_statistics, RevisionQuery()),
    "split card": Case(cards.get_split, CardQuery(), {"media": DOCUMENT_FORMATS[0]}),
    "dataset card": Case(cards.get_dataset, CardQuery(), {"media": DOCUMENT_FORMATS[0]}),
    "cards": Case(cards.list_datasets, CardQuery(), {"media": DOCUMENT_FORMATS[0]}),
    "take": Case(take.take_rows, TakeQuery(), {"media": ROW_FORMATS[0], "indices": np.array([3, 1])}),
}

every_case = pytest.mark.parametrize("name", CASES)


def represent(case: Case, dataset: Dataset) -> Representation:
    """What an endpoint returns about the training split of a dataset."""
    split = dataset.split("train")
    request = ApiRequest({"type": "http", "method": "GET", "path": "/here", "headers": [], "app": Starlette()})
    request.path, request.query = "/here", case.query or Parameters()
    request.canonical_query = request.query.canonical()
    catalog = Catalog({dataset.card.name: dataset})
    offered = {"request": request, "settings": Settings(), "stores": RowStores([], capacity=0)}
    offered |= {"split": split, "dataset": dataset, "catalog": catalog, "query": case.query, **case.arguments}
    names = case.endpoint.__code__.co_varnames[: case.endpoint.__code__.co_argcount]
    return case.endpoint(**{name: offered[name] for name in names})


def untouchable() -> Dataset:
    """The made dataset, whose pixels must not be read; its labels are real, since they are counted."""
    whole = made.source().load()
    images = cast("NDArray[np.uint8]", Untouchable(range(made.TRAIN + made.TEST)))
    return Dataset(card=whole.card, images=images, labels=whole.labels, notes=whole.notes)


@every_case
def test_a_representation_is_made_without_computing_an_order_or_reading_pixels(name: str) -> None:
    case = CASES[name]
    stored = set(order._store)
    representation = represent(case, untouchable())
    assert set(order._store) == stored
    assert representation.version is not None
    assert "/" in representation.media_type


def content(representation: Representation) -> bytes:
    match representation.body:
        case Whole(make=make):
            return bytes(make())
        case Pieces(make=pieces) | File(make=pieces):
            return b"".join(map(bytes, pieces()))
        case other:
            pytest.fail(f"No endpoint of the interface returns {other}.")


@every_case
def test_a_representation_gives_the_same_bytes_every_time(name: str, tiny: Dataset) -> None:
    representation = represent(CASES[name], tiny)
    body = content(representation)
    assert body
    assert content(representation) == body == content(represent(CASES[name], made.source().load()))
    if isinstance(representation.body, Pieces) and representation.body.length is not None:
        assert len(body) == representation.body.length


@pytest.mark.parametrize("name", ["labels", "statistics", "neighbours", "drawing", "cards", "mean"])
def test_what_takes_long_says_so(name: str, tiny: Dataset) -> None:
    body = represent(CASES[name], tiny).body
    assert isinstance(body, Whole)
    assert body.cost > 2


def test_an_order_costs_its_computation_until_it_is_stored(mnist: Dataset) -> None:
    split: Split = mnist.split("train")
    case = Case(rows.get_rows, RowsQuery(seed=SEED, limit=1), {"media": ROW_FORMATS[0]})
    first = represent(case, mnist).body
    assert isinstance(first, Whole)
    assert first.cost > 1
    first.make()
    again = represent(case, mnist).body
    assert isinstance(again, Whole)
    assert again.cost < 0.1
    assert len(split) == 60_000
