"""The files of a dataset: ARFF, as the University of Waikato's Weka reads it, and Parquet, a column for each pixel."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from service.data.arrow_array import to_arrow, to_arrow_text
from service.data.dataset import Dataset
from service.data.split import Split
from service.formats.byte_sink import ByteSink
from service.formats.format import Encoded, split_pieces
from service.http.representation import File
from service.mirrors.mirror import MirrorFile
from service.mirrors.openml.entries import TARGET, Entry

LINES = 80
"""Rows of ARFF that are written at a time: half a millisecond's work."""

ROWS = 10_000
"""Rows of a group of Parquet."""


def write_arff(entry: Entry, split: Split) -> Iterator[bytes]:
    """The names and types of the columns, then a line a sample, whose class stands in quotes.

    Source: Weka's "Attribute-Relation File Format", and OpenML's `mnist_784.arff`.
    """
    classes = [f"'{name}'" for name in entry.card.classes]
    columns = [f"@ATTRIBUTE {name} real" for name in entry.pixels]
    header = [f"@RELATION {entry.name}", "", *columns, f"@ATTRIBUTE {TARGET} {{{','.join(classes)}}}", "", "@DATA", ""]
    yield "\n".join(header).encode()
    ends = [f",{name}\n".encode() for name in classes]
    images = split.images.reshape(len(split), entry.card.pixels)
    for start in range(0, len(split), LINES):
        rows = zip(images[start : start + LINES], split.labels[start : start + LINES].tolist(), strict=True)
        yield b"".join(
            [orjson.dumps(image, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1] + ends[label] for image, label in rows]
        )


def write_parquet(entry: Entry, split: Split) -> Iterator[Encoded]:
    """Pixels as uint8, and the class as a dictionary of texts, which pandas reads as a category."""
    classes = to_arrow_text(entry.card.classes)
    kind = pa.dictionary(pa.int8(), pa.string())
    schema = pa.schema([*((name, pa.uint8()) for name in entry.pixels), (TARGET, kind)])
    sink, images = ByteSink(), split.images.reshape(len(split), entry.card.pixels)
    with pq.ParquetWriter(sink, schema, compression="zstd", use_dictionary=[TARGET], write_statistics=False) as out:
        for start in range(0, len(split), ROWS):
            pixels = np.ascontiguousarray(images[start : start + ROWS].T)
            labels = to_arrow(split.labels[start : start + ROWS].astype(np.int8))
            columns = [*map(to_arrow, pixels), pa.DictionaryArray.from_arrays(labels, classes)]
            out.write_table(pa.Table.from_arrays(columns, schema=schema))
            yield from split_pieces(sink.take())
    yield from split_pieces(sink.take())


def serve_arff(entry: Entry) -> MirrorFile:
    """The file as ARFF."""

    def find_body(dataset: Dataset) -> File:
        return File(partial(write_arff, entry, dataset.split("all")), f"{entry.name}.arff")

    return MirrorFile(dataset=entry.card.name, media_type="text/plain; charset=utf-8", body=find_body)


def serve_parquet(entry: Entry) -> MirrorFile:
    """The file as Parquet."""

    def find_body(dataset: Dataset) -> File:
        return File(partial(write_parquet, entry, dataset.split("all")), f"dataset_{entry.number}.pq")

    return MirrorFile(dataset=entry.card.name, media_type="application/vnd.apache.parquet", body=find_body)
