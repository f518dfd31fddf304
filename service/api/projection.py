"""Samples in two dimensions: a map of a selection."""

from typing import Annotated

import orjson
from fastapi import Query

from service.api.answer_headers import PAGED
from service.api.dependencies import SplitPath
from service.api.links import SPLIT
from service.api.paging import Page
from service.api.queries import ProjectionQuery
from service.api.schemas import ProjectionPage
from service.data.projection import axes_of, project
from service.http.representation import Representation, Whole
from service.http.request import ApiRequest
from service.http.route import ApiRoute

COST = 0.006
"""Milliseconds to project a sample and to write its place."""


def get_projection(request: ApiRequest, split: SplitPath, query: Annotated[ProjectionQuery, Query()]) -> Representation:
    """A page of samples along the first two principal components of the dataset's training split."""
    page = Page(request, split, query)

    def make() -> bytes:
        selection, axes = page.select(), axes_of(split.dataset)
        places = project(selection, axes).round(4).tolist()
        body = {
            "dataset": split.card.name,
            "split": split.name,
            "rev": split.rev,
            "total": page.total,
            "method": "pca",
            "fitted": axes.split,
            "explained": axes.explained,
            "points": [
                {"index": int(index), "label": label, "x": x, "y": y}
                for index, label, (x, y) in zip(selection.indices, selection.labels.tolist(), places, strict=True)
            ],
            "links": page.links,
        }
        return orjson.dumps(body)

    return Representation(
        media_type="application/json",
        body=Whole(make, page.cost + COST * len(page)),
        version=split,
        headers=page.headers,
    )


ROUTES = (
    ApiRoute(f"{SPLIT}/projection", get_projection, tags=["projection"], model=ProjectionPage, answer_headers=PAGED),
)
