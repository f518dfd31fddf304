"""Splits as files: all samples or a choice of them, built once, sent whole or in part."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import Path, Query

from service.api.dependencies import SplitPath
from service.api.formats import FILE_FORMATS
from service.api.links import SPLIT
from service.api.named_types import FileSuffix
from service.api.queries import FileQuery
from service.data.choice import Choice
from service.data.split import Split
from service.errors import Refused, Unknown
from service.formats.format import Encoded, Format
from service.http.representation import File, Representation
from service.http.route import ApiRoute

ROWS = {True: 1_000, False: 10_000}
"""Rows encoded at a time, in text formats and in binary ones: a row group of Parquet, a record batch of Arrow."""

MOST_NAMED = 8
"""Values of a parameter that the name of a file repeats."""


def download_split(
    split: SplitPath,
    suffix: Annotated[FileSuffix, Path()],
    query: Annotated[FileQuery, Query()],
) -> Representation:
    """A whole split, or any choice of its samples, as one file.

    For pandas, NumPy, DuckDB, Polars or a spreadsheet; takes `Range`.
    """
    if suffix not in FILE_FORMATS:
        raise Unknown("file with the suffix", suffix, FILE_FORMATS, where=split.full_name)
    media = FILE_FORMATS[suffix]
    query.check_layout(media)
    if media.text and query.is_scaled:
        raise Refused("scale", f"must be raw in {media.name} files, not {query.scale}; binary files take any scale")
    choice = query.build_choice(split)
    total = choice.count(split)  # which refuses what cannot be chosen, before the file is built
    rows = min(max(0, total - query.offset), total if query.limit is None else query.limit)
    return Representation(
        media_type=media.media_type,
        body=File(
            lambda: encode_file(split, choice, media, query),
            name_download(split, query, suffix),
            size=media.file_size(rows, split.card.pixels, scaled=query.is_scaled),
            cost=choice.cost(split) + media.cost(rows, split.card.pixels, scaled=query.is_scaled),
        ),
        version=split,
    )


def encode_file(split: Split, choice: Choice, media: Format, query: FileQuery) -> Iterable[Encoded]:
    """The file in pieces, of which none holds more than a few rows; without rows, a valid file all the same."""
    everything, rows = choice.select(split), ROWS[media.text]
    chosen = everything.page(query.offset, len(everything) if query.limit is None else query.limit)
    pages = (chosen.page(start, rows) for start in range(0, max(1, len(chosen)), rows))
    batches = [page.batch(layout=query.layout, scale=query.scale) for page in pages]
    assert media.stream is not None  # noqa: S101 - every format of files streams
    return media.stream(batches)


def name_download(split: Split, query: FileQuery, suffix: str) -> str:
    """The name under which a file is saved: the split, and every parameter that differs from its default."""
    parts = [f"{name}-{_name_value(value)}" for name, value in query.canonical().items()]
    return f"{'-'.join([split.card.name, split.name, *parts])}.{suffix}"


def _name_value(value: object) -> str:
    """The value of a parameter in the name of a file: only letters, digits and hyphens."""
    if not isinstance(value, tuple):
        return str(value).replace(":", "-to-").strip("-")
    more = len(value) - MOST_NAMED
    return "-".join([*map(str, value[:MOST_NAMED]), *([f"and-{more}-more"] if more > 0 else [])])


ROUTES = (
    ApiRoute(
        f"{SPLIT}.{{suffix}}",
        download_split,
        tags=["downloads"],
        media_types=tuple(FILE_FORMATS.values()),
        file=True,
    ),
)
