"""Samples in two dimensions: a map of a selection."""

from typing import Annotated

import orjson
from fastapi import Query as InQuery
from fastapi import Response

from service.data.projection import Axes, projected
from service.data.selection import Selection
from service.datasets.axes import axes
from service.formats.json import JSON
from service.web.answers import respond
from service.web.links import link_header
from service.web.paths import DATASETS, DatasetName, SplitName
from service.web.queries import ProjectionQuery
from service.web.route import Asked, Route
from service.web.routes.rows import page_links
from service.web.schemas import ProjectionPage

QUICK = 500
"""Samples projected in less than about 5 ms."""


async def projection(
    asked: Asked, dataset: DatasetName, split: SplitName, query: Annotated[ProjectionQuery, InQuery()]
) -> Response:
    """A page of samples along the first two principal components of the dataset's training split."""
    data = asked.catalog[dataset]
    selection = query.select(data, split)
    along = axes(dataset)
    page = selection.page(query.offset, query.limit)
    links = page_links(asked, query, data.rev, len(selection))
    return await respond(
        asked,
        data,
        JSON,
        lambda: _projection_json(page, along, len(selection), links),
        quick=len(page) <= QUICK,
        headers={"Link": link_header(links), "Total-Count": str(len(selection))},
    )


def _projection_json(page: Selection, along: Axes, total: int, links: dict[str, str | None]) -> bytes:
    places = projected(page, along).round(4).tolist()
    points = [
        {"index": int(index), "label": label, "x": x, "y": y}
        for index, label, (x, y) in zip(page.indices, page.labels.tolist(), places, strict=True)
    ]
    body = {
        "dataset": page.dataset.card.name,
        "split": page.split,
        "rev": page.dataset.rev,
        "total": total,
        "method": "pca",
        "fitted": along.split,
        "explained": along.explained,
        "points": points,
        "links": links,
    }
    return orjson.dumps(body)


ROUTES = (
    Route(
        f"{DATASETS}/{{dataset}}/{{split}}/projection",
        projection,
        tags=["projection"],
        responses={200: {"model": ProjectionPage}},
    ),
)
