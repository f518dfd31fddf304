"""Flattened rows, a page at a time, in every format."""

from typing import Annotated

from fastapi import Depends, Query

from service.api.answer_headers import PAGED
from service.api.bodies import build_body
from service.api.dependencies import RowStoresState, SettingsState, SplitPath, plan_store
from service.api.envelopes import Envelope, describe_page
from service.api.formats import ROW_FORMATS
from service.api.limits import check_row_limit
from service.api.links import SPLIT
from service.api.paging import Page
from service.api.queries import RowsQuery
from service.api.schemas import RowsPage
from service.data.batch import Batch
from service.data.selection import Selection
from service.formats.format import Format
from service.http.negotiation import Negotiation
from service.http.representation import Representation
from service.http.request import ApiRequest
from service.http.route import ApiRoute


def get_rows(
    request: ApiRequest,
    settings: SettingsState,
    stores: RowStoresState,
    split: SplitPath,
    query: Annotated[RowsQuery, Query()],
    media: Annotated[Format, Depends(Negotiation(ROW_FORMATS))],
) -> Representation:
    """A page of flattened rows: all of a split, some classes, or a repeatable random sample (`seed`)."""
    check_row_limit(settings, media, query.limit)
    query.check_layout(media)
    page = Page(request, split, query)

    def envelope() -> Envelope:
        return describe_page(split, offset=query.offset, limit=query.limit, total=page.total, links=page.links)

    def select(selection: Selection) -> Batch:
        return selection.batch(layout=query.layout, scale=query.scale, envelope=envelope)

    return Representation(
        media_type=media.media_type,
        body=build_body(
            media,
            split,
            rows=len(page),
            scaled=query.is_scaled,
            batch=lambda: select(page.select()),
            kind=lambda: select(Selection.of(split).page(0, 0)),
            selecting=page.cost,
            stored=media.stored_as in split.encoded,
        ),
        version=split,
        headers=page.headers,
        improvement=None if query.is_scaled else plan_store(stores, split, media),
    )


ROUTES = (
    ApiRoute(f"{SPLIT}/rows", get_rows, tags=["rows"], model=RowsPage, media_types=ROW_FORMATS, answer_headers=PAGED),
)
