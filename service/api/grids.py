"""Contact sheets: many samples in one picture, and the map that tells which is where."""

from collections.abc import Callable
from typing import Annotated

import orjson
from fastapi import Query

from service.api.answer_headers import PAGED
from service.api.dependencies import SettingsState, SplitPath
from service.api.limits import check_picture_size
from service.api.links import SPLIT
from service.api.paging import Page
from service.api.picture_queries import GridQuery
from service.api.schemas import SheetMap
from service.errors import Refused
from service.formats.contact_sheet import ContactSheet, plan_sheet, sheet_png, sheet_webp
from service.formats.format import Format
from service.formats.render import RenderOptions
from service.formats.webp import LARGEST, LONGEST
from service.http.representation import Representation, Whole
from service.http.request import ApiRequest
from service.http.route import ApiRoute
from service.settings import Settings

GRID = f"{SPLIT}/grid"

TILE_COST = 0.003
"""Milliseconds to describe a tile."""

TILE_BYTES = 800
"""Bytes of a tile as Python's objects and as text."""


def get_grid_png(
    request: ApiRequest, settings: SettingsState, split: SplitPath, query: Annotated[GridQuery, Query()]
) -> Representation:
    """A sheet as PNG: at scale 1, without a colour map, its pixels are the data; gaps and empty cells are 0."""
    page = Page(request, split, query)
    return draw_page(page, query, plan_page(settings, page, query), sheet_png)


def get_grid_webp(
    request: ApiRequest, settings: SettingsState, split: SplitPath, query: Annotated[GridQuery, Query()]
) -> Representation:
    """A sheet as lossless WebP: the same pixels as the PNG."""
    page = Page(request, split, query)
    sheet = plan_page(settings, page, query)
    height, width = sheet.size
    if max(height, width) > LONGEST or height * width > LARGEST:
        raise Refused(
            "columns" if width > LONGEST else "limit",
            f"makes a picture of {width}×{height} pixels; WebP has at most {LONGEST} a side and {LARGEST} in all",
        )
    return draw_page(page, query, sheet, sheet_webp)


def draw_page(
    page: Page, query: GridQuery, sheet: ContactSheet, media_of: Callable[[ContactSheet, RenderOptions], Format]
) -> Representation:
    """A page of samples as one picture."""
    media = media_of(sheet, query.options)
    return Representation(
        media_type=media.media_type,
        body=Whole(
            lambda: media.encode(page.select().batch()),
            page.cost + media.cost(len(page), page.split.card.pixels, scaled=False),
            media.size(len(page), page.split.card.pixels, scaled=False),
        ),
        version=page.split,
        headers=page.headers,
    )


def get_grid_map(
    request: ApiRequest, settings: SettingsState, split: SplitPath, query: Annotated[GridQuery, Query()]
) -> Representation:
    """The map of the sheet that the same query draws: position, index, label and rectangle of every sample."""
    page = Page(request, split, query)
    sheet = plan_page(settings, page, query)
    drawing = request.path.removesuffix(".json")
    pictures = {
        suffix: request.link(f"{drawing}.{suffix}", **request.canonical_query, rev=split.rev)
        for suffix in ("png", "webp")
    }

    def make() -> bytes:
        height, width = sheet.size
        body = {
            "dataset": split.card.name,
            "split": split.name,
            "rev": split.rev,
            "offset": query.offset,
            "limit": query.limit,
            "total": page.total,
            "width": width,
            "height": height,
            "columns": sheet.columns,
            "rows": sheet.rows,
            "tiles": describe_tiles(page, sheet),
            "links": {**pictures, **page.links},
        }
        return orjson.dumps(body)

    return Representation(
        media_type="application/json",
        body=Whole(make, page.cost + TILE_COST * len(page), TILE_BYTES * len(page)),
        version=split,
        headers=page.headers,
    )


def describe_tiles(page: Page, sheet: ContactSheet) -> list[dict[str, int]]:
    """Position, index, label and rectangle of every sample on a sheet."""
    selection = page.select()
    tiles = []
    for position, (index, label) in enumerate(zip(selection.indices, selection.labels.tolist(), strict=True)):
        y, x = sheet.corner(position)
        tile = {"position": position, "index": int(index), "label": label}
        tiles.append({**tile, "x": x, "y": y, "width": sheet.width, "height": sheet.height})
    return tiles


def plan_page(settings: Settings, page: Page, query: GridQuery) -> ContactSheet:
    """The sheet of a page of samples.

    Raises:
        Refused: it would have too many pixels. `columns` is to blame where it makes the sheet wider than its samples.
    """
    card, count = page.split.card, len(page)
    sheet = plan_sheet(
        count, card.height, card.width, query.options, columns=query.across, gap=query.gap, labels=query.labels
    )
    check_picture_size(settings, sheet.size, blame="columns" if (query.columns or 0) > count else "limit")
    return sheet


ROUTES = (
    ApiRoute(f"{GRID}.png", get_grid_png, tags=["grids"], media_types=("image/png",), answer_headers=PAGED),
    ApiRoute(f"{GRID}.webp", get_grid_webp, tags=["grids"], media_types=("image/webp",), answer_headers=PAGED),
    ApiRoute(f"{GRID}.json", get_grid_map, tags=["grids"], model=SheetMap, answer_headers=PAGED),
)
