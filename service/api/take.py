"""The rows of any list of indices, so that a client's own sampler keeps its semantics."""

from typing import Annotated

import numpy as np
import orjson
from fastapi import Query as InQuery
from fastapi import Response
from numpy.typing import NDArray

from service.data.selection import Selection
from service.errors import Refused, shown
from service.formats.format import Encoded
from service.formats.json import JSON
from service.web.answers import check_rev
from service.web.negotiation import choose
from service.web.paths import DATASETS, DatasetName, SplitName
from service.web.problems import BodyTooLarge, UnknownBody
from service.web.queries import TakeQuery
from service.web.route import Asked, Route
from service.web.routes.rows import ROWS_FORMATS, check_layout, page_json
from service.web.schemas import Indices, RowsPage

BYTES_PER_INDEX = 24
"""Bytes of a body per index that may be asked for: a number of six digits with generous white space."""

PATIENCE = 16_000_000
"""Bytes of a body that are read, and thrown away, before the connection is closed on its sender."""

INT64 = np.iinfo(np.int64)


async def take(
    asked: Asked, dataset: DatasetName, split: SplitName, query: Annotated[TakeQuery, InQuery()]
) -> Response:
    """The rows of a list of indices, in that order, repeats kept."""
    data = asked.catalog[dataset]
    everything = Selection.of(data, split)
    media = choose(ROWS_FORMATS, query.format, asked.header(b"accept"))
    check_layout(query, media)
    settings = asked.kept["settings"]
    most = settings.text_limit if media.text else settings.binary_limit
    indices = read_indices(asked.header(b"content-type"), await body(asked, BYTES_PER_INDEX * most + 1_024))
    if len(indices) > most:
        raise BodyTooLarge(f"{len(indices)} indices were sent; at most {most} rows come at once in {media.name}.")
    outside = indices[(indices < 0) | (indices >= len(everything))]
    if len(outside):
        raise Refused("indices", f"must be from 0 to {len(everything) - 1}, not {outside[0]}", place="body")
    check_rev(asked, data)

    def make() -> Encoded:
        batch = everything.take(indices).batch(layout=query.layout, scale=query.scale)
        if media is not JSON:
            return media.encode(batch)
        return page_json(everything, batch, offset=0, limit=len(indices), total=len(indices), links={})

    quick = len(indices) * data.card.pixels <= media.quick
    content = make() if quick else await asked.kept["workshop"].run(make)
    headers = {"Content-Type": media.media_type, "Cache-Control": "no-store", "Total-Count": str(len(indices))}
    return Response(content, headers=headers)


async def body(asked: Asked, most: int) -> bytes:
    """The body of a request.

    Raises:
        BodyTooLarge: it is longer than `most` bytes; a client that still sends is heard out, up to `PATIENCE`
        bytes, because
            it would not read the answer before.
    """
    pieces, size = [], 0
    async for piece in asked.stream():
        size += len(piece)
        if size <= most:
            pieces.append(piece)
        elif size > PATIENCE:
            break
    if size > most:
        raise BodyTooLarge(f"The body is longer than {most} bytes; ask for fewer rows at a time.")
    return b"".join(pieces)


def read_indices(content_type: str, content: bytes) -> NDArray[np.int64]:
    """The indices in a body: JSON `{"indices": […]}`, or little-endian int64.

    Raises:
        UnknownBody: it is of another type.
        Refused: it cannot be read.
    """
    match content_type.partition(";")[0].strip().lower():
        case "application/octet-stream":
            if len(content) % INT64.dtype.itemsize:
                raise Refused("body", f"must be a multiple of 8 bytes, not {len(content)} bytes long", place="body")
            return np.frombuffer(content, "<i8").astype(np.int64)
        case "application/json":
            return _json_indices(content)
        case other:
            raise UnknownBody(
                f'The body is {shown(other)}; send application/json with {{"indices": […]}}, or little-endian int64 '
                "as application/octet-stream."
            )


def _json_indices(content: bytes) -> NDArray[np.int64]:
    try:
        asked = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise Refused("body", f"must be JSON, but {error}", place="body") from None
    if not isinstance(asked, dict) or list(asked) != ["indices"]:
        raise Refused("body", 'must be an object with "indices" and nothing else', place="body")
    listed = asked["indices"]
    if not isinstance(listed, list):
        raise Refused("indices", "must be a list of integers", place="body")
    for one in listed:
        if type(one) is not int:
            raise Refused("indices", f"must be integers, not {shown(one)}", place="body")
        if not INT64.min <= one <= INT64.max:
            raise Refused("indices", f"must be indices of the split, not {one}", place="body")
    return np.array(listed, np.int64)


ROUTES = (
    Route(
        f"{DATASETS}/{{dataset}}/{{split}}/take",
        take,
        methods=["POST"],
        tags=["rows"],
        responses={
            200: {
                "model": RowsPage,
                "content": {media.media_type: {} for media in ROWS_FORMATS if media is not JSON},
            }
        },
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {"schema": Indices.model_json_schema()},
                    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
                },
            }
        },
    ),
)
