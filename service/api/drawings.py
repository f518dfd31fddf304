"""The neighbours of a drawing, which is in the URL or in the body of the request."""

from typing import Annotated

import numpy as np
from fastapi import Depends, Query
from numpy.typing import NDArray

from service.api.dependencies import SplitPath
from service.api.links import SPLIT, split_path
from service.api.nearest import describe_neighbors, neighbors_cost
from service.api.pixels import check_intensities, decode_pixels, encode_pixels
from service.api.queries import DrawingQuery, NeighborsQuery
from service.api.schemas import DrawingNeighbors
from service.data.card import Card
from service.data.neighbors import neighbors_of_drawing
from service.data.split import Split
from service.errors import quote
from service.formats.grey_png import read_grey_png
from service.formats.render import from_grey
from service.http.body import read_body
from service.http.problems import UnsupportedBody
from service.http.representation import Representation, Whole
from service.http.request import ApiRequest
from service.http.route import ApiRoute, describe_content

OCTETS, PNG = "application/octet-stream", "image/png"
"""Media types of a drawing in the body."""

LONGEST_BODY = 65_536
"""Bytes of a body: of the largest image that a URL holds ten times as many as a PNG of it has."""

Body = tuple[str, bytes]
"""Media type and content of a request's body."""


async def read_drawing(request: ApiRequest) -> Body:
    """The body of a request that holds a drawing.

    Raises:
        UnsupportedBody: it is of another type.
        BodyTooLarge: it is longer than any drawing.
    """
    content = await read_body(request, most=LONGEST_BODY, advice="send one drawing only")
    media = request.header(b"content-type").partition(";")[0].strip().lower()
    if media not in (OCTETS, PNG):
        raise UnsupportedBody(
            f"The body is {quote(media)}; send the drawing's bytes, row by row, as {OCTETS}, or as a grey {PNG}."
        )
    return media, content


def decode_body(body: Body, card: Card) -> NDArray[np.uint8]:
    """The drawing in a body, uint8 `(pixels,)`.

    Raises:
        Refused: it is not as many intensities as an image has, or not a PNG of them as the service draws it.
    """
    media, content = body
    if media == OCTETS:
        return check_intensities("body", content, card, place="body")
    grey = read_grey_png(content, height=card.height, width=card.width)
    return from_grey(grey, card.peak).ravel()


def get_drawing_neighbors(
    request: ApiRequest, split: SplitPath, query: Annotated[DrawingQuery, Query()]
) -> Representation:
    """The samples of the split that are nearest to a drawing in the URL, and how many of them have each label."""
    drawing = decode_pixels(query.pixels, split.card)
    return Representation(
        media_type="application/json",
        body=Whole(lambda: write_neighbors(request, split, drawing, query.k), neighbors_cost(split)),
        version=split,
    )


def find_drawing_neighbors(
    request: ApiRequest,
    split: SplitPath,
    query: Annotated[NeighborsQuery, Query()],
    body: Annotated[Body, Depends(read_drawing)],
) -> Representation:
    """The samples of the split that are nearest to a drawing in the body, and how many of them have each label."""
    drawing = decode_body(body, split.card)
    return Representation(
        media_type="application/json",
        body=Whole(lambda: write_neighbors(request, split, drawing, query.k), neighbors_cost(split)),
        version=split,
        storable=False,
    )


def write_neighbors(request: ApiRequest, split: Split, drawing: NDArray[np.uint8], k: int) -> bytes:
    """The neighbours of a drawing as JSON. The link `self` has the drawing, whether or not the request's URL has it."""
    found = neighbors_of_drawing(split, drawing, k)
    counts = np.bincount(split.labels[found.index], minlength=len(split.card.classes)).tolist()
    here = split_path(split)
    pages = {"k": k} if k != DrawingQuery.model_fields["k"].default else {}
    answer = DrawingNeighbors(
        dataset=split.card.name,
        split=split.name,
        rev=split.rev,
        neighbors=describe_neighbors(request, split, found),
        votes=dict(zip(split.card.classes, counts, strict=True)),
        links={
            "self": request.link(f"{here}/neighbors", **pages, pixels=encode_pixels(drawing), rev=split.rev),
            "split": request.link(here, rev=split.rev),
        },
    )
    return answer.model_dump_json().encode()


NEIGHBORS = f"{SPLIT}/neighbors"

ROUTES = (
    ApiRoute(NEIGHBORS, get_drawing_neighbors, tags=["samples"], model=DrawingNeighbors),
    ApiRoute(
        NEIGHBORS,
        find_drawing_neighbors,
        methods=["POST"],
        tags=["samples"],
        model=DrawingNeighbors,
        openapi_extra={"requestBody": {"required": True, "content": describe_content((OCTETS, PNG), None)}},
    ),
)
