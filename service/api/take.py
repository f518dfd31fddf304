"""The rows of any list of indices, so that a client's own sampler keeps its meaning."""

from typing import Annotated

import numpy as np
import orjson
from fastapi import Depends, Query
from numpy.typing import NDArray

from service.api.answer_headers import TOTAL
from service.api.bodies import build_body
from service.api.dependencies import SettingsState, SplitPath, find_settings
from service.api.envelopes import Envelope, describe_page
from service.api.formats import ROW_FORMATS
from service.api.limits import find_row_limit
from service.api.links import SPLIT
from service.api.queries import TakeQuery
from service.api.schemas import Indices, RowsPage
from service.data.batch import Batch
from service.data.selection import Selection
from service.errors import Refused, quote
from service.formats.format import Format
from service.http.body import read_body
from service.http.negotiation import Negotiation
from service.http.problems import BodyTooLarge, UnsupportedBody
from service.http.representation import Representation
from service.http.request import ApiRequest
from service.http.route import ApiRoute

BYTES_PER_INDEX = 24
"""Bytes of a body per index that may be asked for: a number of six digits with generous white space."""

INT64 = np.iinfo(np.int64)


async def read_indices(request: ApiRequest) -> NDArray[np.int64]:
    """The indices in the body of a request: JSON `{"indices": […]}`, or little-endian int64; int64 `(n,)`.

    Raises:
        UnsupportedBody: it is of another type.
        BodyTooLarge: it is longer than any answer's indices can be.
        Refused: it cannot be read.
    """
    settings = find_settings(request)
    most = BYTES_PER_INDEX * max(settings.text_limit, settings.binary_limit) + 1_024
    content = await read_body(request, most=most, advice="ask for fewer rows at a time")
    match request.header(b"content-type").partition(";")[0].strip().lower():
        case "application/octet-stream":
            return parse_octets(content)
        case "application/json":
            return parse_json(content)
        case other:
            raise UnsupportedBody(
                f'The body is {quote(other)}; send application/json with {{"indices": […]}}, or little-endian int64 '
                "as application/octet-stream."
            )


def parse_octets(content: bytes) -> NDArray[np.int64]:
    """Indices from little-endian int64.

    Raises:
        Refused: the length is no multiple of 8 bytes.
    """
    if len(content) % INT64.dtype.itemsize:
        raise Refused("body", f"must be a multiple of 8 bytes, not {len(content)} bytes long", place="body")
    return np.frombuffer(content, "<i8").astype(np.int64)


def parse_json(content: bytes) -> NDArray[np.int64]:
    """Indices from `{"indices": […]}`.

    Raises:
        Refused: it is something else.
    """
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise Refused("body", f"must be JSON, but {error}", place="body") from None
    if not isinstance(found, dict) or list(found) != ["indices"]:
        raise Refused("body", 'must be an object with "indices" and nothing else', place="body")
    indices = found["indices"]
    if not isinstance(indices, list):
        raise Refused("indices", "must be a list of integers", place="body")
    for index in indices:
        if type(index) is not int:
            raise Refused("indices", f"must be integers, not {quote(index)}", place="body")
        if not INT64.min <= index <= INT64.max:
            raise Refused("indices", f"must be indices of the split, not {quote(index)}", place="body")
    return np.array(indices, np.int64)


def take_rows(
    settings: SettingsState,
    split: SplitPath,
    query: Annotated[TakeQuery, Query()],
    media: Annotated[Format, Depends(Negotiation(ROW_FORMATS))],
    indices: Annotated[NDArray[np.int64], Depends(read_indices)],
) -> Representation:
    """The rows of a list of indices, in that order, repeats kept."""
    query.check_layout(media)
    rows, most = len(indices), find_row_limit(settings, media)
    if rows > most:
        raise BodyTooLarge(f"{rows} indices were sent; at most {most} rows come at once in {media.name}.")
    outside = indices[(indices < 0) | (indices >= len(split))]
    if len(outside):
        raise Refused("indices", f"must be from 0 to {len(split) - 1}, not {outside[0]}", place="body")

    def envelope() -> Envelope:
        return describe_page(split, offset=0, limit=rows, total=rows, links={})

    def select(indices: NDArray[np.int64]) -> Batch:
        selection = Selection.of(split).take(indices)
        return selection.batch(layout=query.layout, scale=query.scale, envelope=envelope)

    return Representation(
        media_type=media.media_type,
        body=build_body(
            media,
            split,
            rows=rows,
            scaled=query.is_scaled,
            batch=lambda: select(indices),
            kind=lambda: select(indices[:0]),
            selecting=0.0,
        ),
        version=split,
        headers={"Total-Count": str(rows)},
        storable=False,
    )


ROUTES = (
    ApiRoute(
        f"{SPLIT}/take",
        take_rows,
        methods=["POST"],
        tags=["rows"],
        model=RowsPage,
        media_types=ROW_FORMATS,
        answer_headers=TOTAL,
        body=Indices,
        body_types=("application/octet-stream",),
    ),
)
