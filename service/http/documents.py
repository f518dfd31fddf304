"""Documents: answers that a program reads as JSON, and a person in a browser as a page. Knows no dataset."""

from collections.abc import Callable, Mapping
from typing import Annotated, TypeVar

from fastapi import Depends
from pydantic import BaseModel, Field
from typing_extensions import TypeAliasType

from service.http import pages
from service.http.negotiation import DOCUMENT_FORMATS, HTML, DocumentFormat, choose_document_format
from service.http.openapi import prefix_names
from service.http.parameters import Parameters, RevisionQuery
from service.http.representation import NO_HEADERS, Representation, Versioned, Whole

NAMES = [one.name for one in DOCUMENT_FORMATS]
FACTS = {"enum": NAMES, "examples": ["json"], **prefix_names("document", NAMES)}

DocumentFormatName = TypeAliasType(
    "DocumentFormatName",
    Annotated[str, Field(description="`json`, or `html` for people; wins over `Accept`", json_schema_extra=FACTS)],
)


class DocumentQuery(Parameters):
    """What may be asked of a document about the service itself: whether it comes as JSON or as a page."""

    format: DocumentFormatName | None = None


class CardQuery(RevisionQuery):
    """What may be asked of a document about data: also, of which revision."""

    format: DocumentFormatName | None = None


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
    absolute: bool = False,
) -> Representation:
    """The model that `build` returns, as JSON or as the page that `show` makes of it; this takes `cost` milliseconds.

    Its text may change with a release, so `rev` does not pin it. A page belongs to the stylesheets of its release, so
    no cache keeps it much longer than those. An `absolute` one holds the address of the service.
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
        cache_control=pages.FOR_A_MINUTE if is_page else None,
        absolute=absolute,
    )
