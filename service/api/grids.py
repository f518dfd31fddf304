"""Contact sheets: many samples in one picture, and the map that tells which stands where."""

from collections.abc import Callable
from typing import Annotated

import orjson
from fastapi import Query as InQuery
from fastapi import Response

from service.data.selection import Selection
from service.errors import Refused
from service.formats.format import Format
from service.formats.json import JSON
from service.formats.look import Look
from service.formats.sheet import Sheet, plan, sheet_png, sheet_webp
from service.formats.webp import LONGEST
from service.web.answers import respond
from service.web.links import link_header
from service.web.paths import DATASETS, DatasetName, SplitName
from service.web.queries import GridQuery
from service.web.route import Asked, Route
from service.web.routes.rows import page_links
from service.web.routes.samples import bounded_pixels
from service.web.schemas import SheetMap

HERE = f"{DATASETS}/{{dataset}}/{{split}}/grid"


async def grid_png(
    asked: Asked, dataset: DatasetName, split: SplitName, query: Annotated[GridQuery, InQuery()]
) -> Response:
    """A sheet as PNG: at scale 1, without a colour map, its pixels are the data; gaps and empty cells are 0."""
    return await _picture(asked, dataset, split, query, sheet_png)


async def grid_webp(
    asked: Asked, dataset: DatasetName, split: SplitName, query: Annotated[GridQuery, InQuery()]
) -> Response:
    """A sheet as lossless WebP: the same pixels as the PNG."""
    return await _picture(asked, dataset, split, query, sheet_webp)


async def _picture(
    asked: Asked, dataset: str, split: str, query: GridQuery, media_of: Callable[[Sheet, Look], Format]
) -> Response:
    selection = query.select(asked.catalog[dataset], split)
    page = selection.page(query.offset, query.limit)
    sheet = planned(asked, page, query)
    media = media_of(sheet, query.look)
    if media.name == "webp" and max(sheet.size) > LONGEST:
        height, width = sheet.size
        raise Refused("columns", f"makes a picture of {width}×{height} pixels; WebP has at most {LONGEST} a side")
    links = page_links(asked, query, page.dataset.rev, len(selection))
    return await respond(
        asked,
        page.dataset,
        media,
        lambda: media.encode(page.batch()),
        quick=sheet.size[0] * sheet.size[1] <= media.quick,
        headers={"Link": link_header(links), "Total-Count": str(len(selection))},
    )


async def grid_json(
    asked: Asked, dataset: DatasetName, split: SplitName, query: Annotated[GridQuery, InQuery()]
) -> Response:
    """The map of the sheet that the same query draws: position, index, label and rectangle of every sample."""
    selection = query.select(asked.catalog[dataset], split)
    page = selection.page(query.offset, query.limit)
    sheet = planned(asked, page, query)
    links = page_links(asked, query, page.dataset.rev, len(selection))
    return await respond(
        asked,
        page.dataset,
        JSON,
        lambda: _map_json(asked, query, page, sheet, total=len(selection), links=links),
        quick=len(page) <= 1_000,
        headers={"Link": link_header(links), "Total-Count": str(len(selection))},
    )


def _map_json(
    asked: Asked, query: GridQuery, page: Selection, sheet: Sheet, *, total: int, links: dict[str, str | None]
) -> bytes:
    data, (height, width) = page.dataset, sheet.size
    tiles = []
    for position, (index, label) in enumerate(zip(page.indices, page.labels.tolist(), strict=True)):
        y, x = sheet.corner(position)
        tile = {"position": position, "index": int(index), "label": label}
        tiles.append({**tile, "x": x, "y": y, "width": sheet.width, "height": sheet.height})
    drawn = asked.path.removesuffix(".json")
    pictures = {name: asked.link(f"{drawn}.{name}", **asked.given, rev=data.rev) for name in ("png", "webp")}
    body = {
        "dataset": data.card.name,
        "split": page.split,
        "rev": data.rev,
        "offset": query.offset,
        "limit": query.limit,
        "total": total,
        "width": width,
        "height": height,
        "columns": sheet.columns,
        "rows": sheet.rows,
        "tiles": tiles,
        "links": {**pictures, **links},
    }
    return orjson.dumps(body)


def planned(asked: Asked, page: Selection, query: GridQuery) -> Sheet:
    """The sheet of a page of samples.

    Raises:
        Refused: it would have more pixels than the settings allow.
    """
    card = page.dataset.card
    sheet = plan(
        len(page), card.height, card.width, query.look, columns=query.across, gap=query.gap, labels=query.labels
    )
    bounded_pixels(asked, *sheet.size, blamed="limit")
    return sheet


ROUTES = (
    Route(f"{HERE}.png", grid_png, tags=["grids"], responses={200: {"content": {"image/png": {}}}}),
    Route(f"{HERE}.webp", grid_webp, tags=["grids"], responses={200: {"content": {"image/webp": {}}}}),
    Route(f"{HERE}.json", grid_json, tags=["grids"], responses={200: {"model": SheetMap}}),
)
