"""Flattened rows, a page at a time, in every format."""

from collections.abc import Mapping
from typing import Annotated

import orjson
from fastapi import Query as InQuery
from fastapi import Response

from service.data.batch import Batch
from service.data.selection import Selection
from service.errors import Refused
from service.formats import FORMATS
from service.formats.format import FLAT, Encoded, Format
from service.formats.json import JSON
from service.formats.json import rows as row_objects
from service.settings import Settings
from service.web.answers import respond
from service.web.links import link_header
from service.web.negotiation import choose
from service.web.parameters import query_text
from service.web.paths import DATASETS, DatasetName, SplitName
from service.web.queries import Paged, RowsQuery, Valued
from service.web.route import Asked, Route
from service.web.schemas import RowsPage

ROWS_FORMATS = tuple(
    map(FORMATS.__getitem__, ("json", "ndjson", "csv", "npy", "npz", "arrow", "parquet", "safetensors"))
)
"""The formats of a page, the default first."""

RELATIONS = ("self", "first", "prev", "next", "last")
"""Links of a page, in this order."""


async def rows(
    asked: Asked, dataset: DatasetName, split: SplitName, query: Annotated[RowsQuery, InQuery()]
) -> Response:
    """A page of flattened rows: all of a split, some classes, or a repeatable random sample (`seed`)."""
    data = asked.catalog[dataset]
    data.span(split)
    media = choose(ROWS_FORMATS, query.format, asked.header(b"accept"))
    check_limit(query.limit, media, asked.kept["settings"])
    check_layout(query, media)
    selection = query.select(data, split)
    page = selection.page(query.offset, query.limit)
    links = page_links(asked, query, data.rev, len(selection))

    def make() -> Encoded:
        batch = page.batch(layout=query.layout, scale=query.scale)
        if media is not JSON:
            return media.encode(batch)
        return page_json(page, batch, offset=query.offset, limit=query.limit, total=len(selection), links=links)

    return await respond(
        asked,
        data,
        media,
        make,
        quick=len(page) * data.card.pixels <= media.quick,
        negotiated=query.format is None,
        headers={"Link": link_header(links), "Total-Count": str(len(selection))},
    )


def page_json(
    page: Selection, batch: Batch, *, offset: int, limit: int, total: int, links: Mapping[str, str | None]
) -> bytes:
    """The samples of a page as JSON, in their envelope."""
    envelope = {
        "dataset": page.dataset.card.name,
        "split": page.split,
        "offset": offset,
        "limit": limit,
        "total": total,
        "rev": page.dataset.rev,
        "columns": ["index", "label", "pixels"],
        "rows": row_objects(batch),
        "links": {relation: links.get(relation) for relation in RELATIONS},
    }
    return orjson.dumps(envelope, option=orjson.OPT_SERIALIZE_NUMPY)


def page_links(asked: Asked, query: Paged, rev: str, total: int) -> dict[str, str | None]:
    """Links to this page and its neighbours; those that would lead nowhere are None."""
    offset, limit = query.offset, query.limit
    elsewhere = {name: value for name, value in asked.given.items() if name != "offset"} | {"rev": rev}
    rest = query_text(elsewhere).removeprefix("?")
    here = asked.root + asked.path

    def at(start: int | None) -> str | None:
        if start is None:
            return None
        return f"{here}?offset={start}&{rest}" if start else f"{here}?{rest}"

    return {
        "self": at(offset),
        "first": at(0),
        "prev": at(None if offset == 0 else max(0, min(offset, total) - limit)),
        "next": at(offset + limit if offset + limit < total else None),
        "last": at(max(0, total - 1) // limit * limit),
    }


def check_limit(limit: int, media: Format, settings: Settings) -> None:
    """Hold a page's size against the bound for its kind of format.

    Raises:
        Refused: the page would be larger.
    """
    most = settings.text_limit if media.text else settings.binary_limit
    if limit > most:
        raise Refused("limit", f"must be an integer from 1 to {most} in {media.name}, not {limit}")


def check_layout(query: Valued, media: Format) -> None:
    """Hold a layout against what a format can hold.

    Raises:
        Refused: the format is a table, and the layout is not flat.
    """
    allowed = FLAT if media.text else media.layouts
    if query.layout not in allowed:
        raise Refused("layout", f"must be flat in {media.name}, not {query.layout}; array formats take any layout")


ROUTES = (
    Route(
        f"{DATASETS}/{{dataset}}/{{split}}/rows",
        rows,
        tags=["rows"],
        responses={
            200: {
                "model": RowsPage,
                "content": {media.media_type: {} for media in ROWS_FORMATS if media is not JSON},
            }
        },
    ),
)
