"""Documents: answers that a program reads as JSON, and a person in a browser as a page."""

from collections.abc import Callable, Mapping
from typing import Annotated, TypeVar

from fastapi import Depends
from pydantic import BaseModel

from service.api.explorer import FOR_A_MINUTE
from service.http import pages
from service.http.negotiation import HTML, DocumentFormat, choose_document_format
from service.http.representation import NO_HEADERS, Representation, Versioned, Whole

ChosenFormat = Annotated[DocumentFormat, Depends(choose_document_format)]

M = TypeVar("M", bound=BaseModel)


def represent_document(
    media: DocumentFormat,
    build: Callable[[], M],
    show: Callable[[M], bytes],
    *,
    version: Versioned,
    cost: float = 0.0,
    headers: Mapping[str, str] = NO_HEADERS,
) -> Representation:
    """The model that `build` returns, as JSON or as the page that `show` makes of it; this takes `cost` milliseconds.

    Its text may change with a release, so `rev` does not pin it. A page belongs to the stylesheets of its release, so
    no cache keeps it much longer than those.
    """
    is_page = media is HTML

    def make() -> bytes:
        model = build()
        return show(model) if is_page else model.model_dump_json().encode()

    return Representation(
        media_type=media.media_type,
        body=Whole(make, cost),
        version=version,
        headers={**headers, **(pages.HEADERS if is_page else NO_HEADERS)},
        pinned=False,
        cache_control=FOR_A_MINUTE if is_page else None,
    )
