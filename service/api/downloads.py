"""Whole splits as files: built once, sent whole or in part."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Path, Response
from fastapi import Query as InQuery

from service.data.batch import Batch
from service.data.selection import Selection
from service.errors import Refused, Unknown
from service.formats.format import Encoded, Format
from service.web.answers import respond_file
from service.web.paths import DATASETS, FILES, DatasetName, SplitName
from service.web.queries import FileQuery
from service.web.route import Asked, Route
from service.web.routes.rows import check_layout

ROWS = {True: 1_000, False: 10_000}
"""Rows encoded at a time, in text formats and in binary ones: a row group of Parquet, a record batch of Arrow."""


async def download(
    asked: Asked,
    dataset: DatasetName,
    split: SplitName,
    suffix: Annotated[str, Path(description="kind of file", examples=["parquet"])],
    query: Annotated[FileQuery, InQuery()],
) -> Response:
    """A whole split as one file, for pandas, NumPy, DuckDB, Polars or a spreadsheet; takes `Range`."""
    data = asked.catalog[dataset]
    data.span(split)
    if suffix not in FILES:
        raise Unknown("file with the suffix", suffix, FILES, where=f"{data.card.name}/{split}")
    media = FILES[suffix]
    check_layout(query, media)
    if media.text and query.scale != "raw":
        raise Refused("scale", f"must be raw in {media.name} files, not {query.scale}; binary files take any scale")
    selection = Selection.of(data, split)
    return await respond_file(
        asked, data, media, lambda: _pieces(selection, media, query), filename=f"{data.card.name}-{split}.{suffix}"
    )


def _pieces(selection: Selection, media: Format, query: FileQuery) -> Iterator[Encoded]:
    """The file, a part at a time where the format can be written so."""

    def batches(rows: int) -> Iterator[Batch]:
        for start in range(0, len(selection), rows):
            yield selection.page(start, rows).batch(layout=query.layout, scale=query.scale)

    if media.stream is None:
        yield media.encode(selection.batch(layout=query.layout, scale=query.scale))
    else:
        yield from media.stream(batches(ROWS[media.text]))


ROUTES = (
    Route(
        f"{DATASETS}/{{dataset}}/{{split}}.{{suffix}}",
        download,
        tags=["downloads"],
        responses={status: {"content": {media.media_type: {} for media in FILES.values()}} for status in (200, 206)},
    ),
)
