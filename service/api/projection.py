"""Samples in two dimensions: a map of a selection."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated

import orjson
from fastapi import Query

from service.api.answer_headers import PAGED
from service.api.dependencies import SplitPath
from service.api.links import SPLIT
from service.api.paging import Page
from service.api.queries import ProjectionQuery
from service.api.schemas import ProjectionPage
from service.data.projection import axes_of, place, project
from service.data.selection import Selection
from service.errors import Refused
from service.http.representation import Representation, Whole
from service.http.request import ApiRequest
from service.http.route import ApiRoute

COST = 0.006
"""Milliseconds to project a sample and to write its place."""

BYTES = 800
"""Bytes of a sample's place as Python's objects and as text."""

Located = tuple[list[list[float]], dict[str, object]]
"""Coordinates x, y of each sample, and what the answer says of the map."""


def get_projection(request: ApiRequest, split: SplitPath, query: Annotated[ProjectionQuery, Query()]) -> Representation:
    """A page of samples in two dimensions: along two principal components, or as t-SNE places them."""
    page = Page(request, split, query)
    locate = KINDS[query.kind]
    if query.kind == "tsne" and split.dataset.tsne is None:
        raise Refused("kind", f"must be pca for {split.card.name}, which has no map by t-SNE, not tsne")

    def make() -> bytes:
        selection = page.select()
        places, facts = locate(selection)
        body = {
            "dataset": split.card.name,
            "split": split.name,
            "rev": split.rev,
            "total": page.total,
            "kind": query.kind,
            **facts,
            "points": [
                {"index": int(index), "label": label, "x": x, "y": y}
                for index, label, (x, y) in zip(selection.indices, selection.labels.tolist(), places, strict=True)
            ],
            "links": page.links,
        }
        return orjson.dumps(body)

    return Representation(
        media_type="application/json",
        body=Whole(make, page.cost + COST * len(page), BYTES * len(page)),
        version=split,
        headers=page.headers,
    )


def locate_by_pca(selection: Selection) -> Located:
    """Coordinates along the principal components, to four decimals."""
    axes = axes_of(selection.split.dataset)
    return project(selection, axes).round(4).tolist(), {"fitted": axes.split, "explained": axes.explained}


def locate_by_tsne(selection: Selection) -> Located:
    """Coordinates on the dataset's map by t-SNE, as integers; it was made of all samples, and explains no variance."""
    tsne = selection.split.dataset.tsne
    assert tsne is not None  # noqa: S101 - the endpoint has refused this
    return place(selection, tsne).tolist(), {"fitted": "all", "explained": None}


KINDS: Mapping[str, Callable[[Selection], Located]] = MappingProxyType({"pca": locate_by_pca, "tsne": locate_by_tsne})
"""What gives the coordinates on each kind of map."""

ROUTES = (
    ApiRoute(f"{SPLIT}/projection", get_projection, tags=["projection"], model=ProjectionPage, answer_headers=PAGED),
)
