"""Parquet as the Hub stores pictures: columns `image` (a PNG, and the path that it had) and `label`.

Source: the `Image` and `ClassLabel` features of Hugging Face's library datasets, whose Parquet files are so.
"""

from collections.abc import Iterator

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from service.data.arrow_array import to_arrow
from service.data.batch import Batch
from service.data.card import Card
from service.data.selection import Selection
from service.data.split import Split
from service.formats.byte_sink import ByteSink
from service.formats.format import Encoded, split_pieces
from service.formats.png import PLAIN, encode_rows

ROW_GROUP = 1_000
"""Rows of a group: what a reader that streams has to fetch before its first row, about 200 kB of MNIST."""

MEDIA_TYPE = "application/vnd.apache.parquet"

PICTURE = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
"""The storage of the feature `Image`."""


def encode_split(split: Split) -> Iterator[Encoded]:
    """A split in pieces of at most `PIECE` bytes: each sample as a grey PNG of its pixels, and its label, int64.

    zstd takes 4 % of the time and saves a fifth of the room, because the pictures have their headers in common.
    """
    sink, schema = ByteSink(), _make_schema(split.card)
    with pq.ParquetWriter(sink, schema, compression="zstd", use_dictionary=["label"]) as out:
        for block in Selection.of(split).batch().blocks(ROW_GROUP * split.card.pixels):
            columns = [_draw_pictures(block), to_arrow(np.ascontiguousarray(block.label))]
            out.write_table(pa.Table.from_arrays(columns, schema=schema))
            yield from split_pieces(sink.take())
    yield from split_pieces(sink.take())


def _make_schema(card: Card) -> pa.Schema:
    label = {"names": card.classes, "_type": "ClassLabel"}
    facts = {"info": {"features": {"image": {"_type": "Image"}, "label": label}}}
    columns = [pa.field("image", PICTURE), pa.field("label", pa.int64())]
    return pa.schema(columns, metadata={"huggingface": orjson.dumps(facts)})


def _draw_pictures(batch: Batch) -> pa.StructArray:
    """Pictures without paths."""
    stored = batch.encoded.get(PLAIN)
    if stored is not None:
        pictures = _to_binary(stored.read(batch.index), stored.ends(batch.index))
    else:
        drawn = encode_rows(batch)
        pictures = _to_binary(b"".join(drawn), np.cumsum([*map(len, drawn)], dtype=np.int64))
    return pa.StructArray.from_arrays([pictures, pa.nulls(len(batch), pa.string())], fields=list(PICTURE))


def _to_binary(values: Encoded, ends: NDArray[np.int64]) -> pa.BinaryArray:
    """Values that lie one after the other, each up to its end, int64 `(n,)`; without a copy of them.

    `pyarrow.array` would import pandas, as `to_arrow` tells.
    """
    offsets = np.concatenate([np.zeros(1, np.int32), ends.astype(np.int32)])
    return pa.Array.from_buffers(pa.binary(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(values)])
