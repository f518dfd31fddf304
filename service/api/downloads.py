"""Whole splits as files: built once, sent whole or in part."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import Path, Query

from service.api.dependencies import SplitPath
from service.api.formats import FILE_FORMATS
from service.api.links import SPLIT
from service.api.named_types import FileSuffix
from service.api.queries import FileQuery
from service.data.selection import Selection
from service.data.split import Split
from service.errors import Refused, Unknown
from service.formats.format import Encoded, Format
from service.http.representation import File, Representation
from service.http.route import ApiRoute

ROWS = {True: 1_000, False: 10_000}
"""Rows encoded at a time, in text formats and in binary ones: a row group of Parquet, a record batch of Arrow."""


def download_split(
    split: SplitPath,
    suffix: Annotated[FileSuffix, Path()],
    query: Annotated[FileQuery, Query()],
) -> Representation:
    """A whole split as one file, for pandas, NumPy, DuckDB, Polars or a spreadsheet; takes `Range`."""
    if suffix not in FILE_FORMATS:
        raise Unknown("file with the suffix", suffix, FILE_FORMATS, where=split.full_name)
    media = FILE_FORMATS[suffix]
    query.check_layout(media)
    if media.text and query.is_scaled:
        raise Refused("scale", f"must be raw in {media.name} files, not {query.scale}; binary files take any scale")
    return Representation(
        media_type=media.media_type,
        body=File(lambda: encode_split(split, media, query), f"{split.card.name}-{split.name}.{suffix}"),
        version=split,
    )


def encode_split(split: Split, media: Format, query: FileQuery) -> Iterable[Encoded]:
    """The file in pieces, of which none holds more than a few rows."""
    everything, rows = Selection.of(split), ROWS[media.text]
    pages = (everything.page(start, rows) for start in range(0, len(split), rows))
    batches = [page.batch(layout=query.layout, scale=query.scale) for page in pages]
    assert media.stream is not None  # noqa: S101 - every format of files streams
    return media.stream(batches)


ROUTES = (
    ApiRoute(
        f"{SPLIT}.{{suffix}}",
        download_split,
        tags=["downloads"],
        media_types=tuple(FILE_FORMATS.values()),
        file=True,
    ),
)
