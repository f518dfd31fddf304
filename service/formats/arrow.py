"""Arrow IPC as a stream: columns `index`, `label`, and `image` as `arrow.fixed_shape_tensor`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa

from service.data.arrow_array import to_arrow
from service.data.batch import Batch
from service.formats.format import (
    BLOCK,
    PIECE,
    Cost,
    Encoded,
    Format,
    join_pieces,
    read_pixels,
    split_pieces,
)

END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""A continuation mark and a length of zero."""


@dataclass(frozen=True, eq=False)
class Template:
    """A record batch message of a certain number of rows, in which only values are missing.

    All messages with as many rows begin with the same metadata and have the same buffers in the same places, so a batch
    costs no more than copying its values: `head` up to the image, with room for index and label, then the image itself,
    then `tail`. The first `metadata` bytes are metadata, whose length stands in the footer of a file.

    Source: Arrow columnar format, "Serialization and Interprocess Communication (IPC)".
    """

    metadata: int
    head: bytes
    index: int
    label: int
    tail: bytes

    def size(self, pixels: int) -> int:
        """The length of the message when its images take `pixels` bytes."""
        return len(self.head) + pixels + len(self.tail)

    def fill(self, batch: Batch, size: int) -> Iterator[Encoded]:
        """The message that carries a batch, whose image is gathered so many bytes at a time."""
        yield self._fill_head(batch)
        yield from read_pixels(batch, size)
        yield self.tail

    def _fill_head(self, batch: Batch) -> memoryview:
        """The beginning of the message that carries a batch."""
        rows, head = len(batch), bytearray(self.head)
        np.frombuffer(head, np.int64, rows, self.index)[:] = batch.index
        np.frombuffer(head, np.int64, rows, self.label)[:] = batch.label
        return memoryview(head)


@dataclass(frozen=True, eq=False)
class Kind:
    """What batches of a kind have in common: their schema, the message of it, and the dtype of their pixels."""

    schema: pa.Schema
    message: bytes
    dtype: np.dtype[np.uint8] | np.dtype[np.float32]


def encode(batch: Batch) -> memoryview:
    """The batch as a stream of one record batch."""
    return join_pieces(stream_size(batch, {len(batch): 1}), _write([batch], BLOCK))


def stream(batches: Iterable[Batch]) -> Iterator[Encoded]:
    """The schema, one record batch a batch, and the end."""
    return split_pieces(_write(batches, PIECE))


def _write(batches: Iterable[Batch], size: int) -> Iterator[Encoded]:
    """A stream whose images are gathered so many bytes at a time."""
    kind = None
    for batch in batches:
        if kind is None:
            kind = describe_kind(batch)
            yield kind.message
        yield from make_template(kind, len(batch)).fill(batch, size)
    yield END_OF_STREAM


def stream_size(batch: Batch, batches: Mapping[int, int]) -> int:
    """The length of the stream of so many batches (values) of so many rows (keys), all of the kind of one batch."""
    kind = describe_kind(batch)
    width = batch.width * batch.height * batch.dtype.itemsize
    messages = sum(number * make_template(kind, rows).size(rows * width) for rows, number in batches.items())
    return len(kind.message) + messages + len(END_OF_STREAM)


def describe_kind(batch: Batch) -> Kind:
    """The kind of a batch; its facts are the schema's metadata."""
    return _make_kind(batch.dtype, batch.shape[1:], tuple(batch.facts.items()))


@lru_cache(maxsize=64)
def _make_kind(
    dtype: np.dtype[np.uint8] | np.dtype[np.float32], shape: tuple[int, ...], facts: tuple[tuple[str, str], ...]
) -> Kind:
    tensor = pa.fixed_shape_tensor(pa.from_numpy_dtype(dtype), shape)
    columns = (("index", pa.int64()), ("label", pa.int64()), ("image", tensor))
    schema = pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns], metadata=dict(facts))
    return Kind(schema, schema.serialize().to_pybytes(), dtype)


@lru_cache(maxsize=64)
def make_template(kind: Kind, rows: int) -> Template:
    """The message of so many rows, with the places of its buffers as pyarrow lays them out."""
    image = kind.schema.field("image").type
    width = image.storage_type.list_size
    zeros = to_arrow(np.zeros(rows, np.int64))
    values = to_arrow(np.empty(rows * width, kind.dtype))
    storage = pa.FixedSizeListArray.from_arrays(values, width)
    arrays = [zeros, zeros, pa.ExtensionArray.from_storage(image, storage)]
    whole = _serialize(pa.RecordBatch.from_arrays(arrays, schema=kind.schema), len(kind.message))
    message = pa.ipc.read_message(whole)
    metadata = whole.size - message.body.size
    if rows == 0:
        return Template(metadata, whole.to_pybytes(), 0, 0, b"")
    read = pa.ipc.read_record_batch(message, kind.schema)
    begin = metadata - message.body.address
    index, label = (begin + read.column(name).buffers()[1].address for name in ("index", "label"))
    pixels = read.column("image").storage.flatten().buffers()[1]
    first = begin + pixels.address
    return Template(metadata, whole[:first].to_pybytes(), index, label, whole[first + values.nbytes :].to_pybytes())


def _serialize(batch: pa.RecordBatch, start: int) -> pa.Buffer:
    """The message of a record batch, which begins a stream behind a schema of `start` bytes.

    It is written to numpy's memory (see `join_pieces`); pyarrow's own takes ten times as long for many megabytes.
    """
    size = pa.ipc.get_record_batch_size(batch)
    memory = pa.py_buffer(np.empty(start + size + len(END_OF_STREAM), np.uint8))
    with pa.ipc.new_stream(pa.FixedSizeBufferWriter(memory), batch.schema) as stream:
        stream.write_batch(batch)
    return memory[start : start + size]


ARROW = Format(
    name="arrow",
    media_type="application/vnd.apache.arrow.stream",
    suffix="arrows",
    encode=encode,
    stream=stream,
    stream_size=stream_size,
    pieces=lambda batch: stream([batch]),
    length=lambda kind, rows: stream_size(kind, {rows: 1}),
    costs=Cost(call=20, raw=0.15, scaled=0.8),
)
