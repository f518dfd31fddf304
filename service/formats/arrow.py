"""Arrow IPC, as a stream and as a file: columns `index`, `label`, and `image` as `arrow.fixed_shape_tensor`."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np
import pyarrow as pa

from service.data.batch import Batch
from service.formats.drain import Drain
from service.formats.format import Format

Writer = Callable[[Drain, pa.Schema], pa.ipc.RecordBatchStreamWriter]


def encode(batch: Batch, *, writer: Writer) -> bytes:
    """The batch as one record batch; none at all for no rows."""
    return b"".join(stream([batch], writer=writer))


def stream(batches: Iterable[Batch], *, writer: Writer) -> Iterator[bytes]:
    """One record batch a batch (empty ones are left out), between the schema and the end-of-stream mark."""
    sink, out = Drain(), None
    for batch in batches:
        out = out or writer(sink, schema_of(batch))
        if len(batch):
            out.write_batch(_record_batch(batch))
        yield sink.take()
    if out is not None:
        out.close()
    yield sink.take()


def schema_of(batch: Batch) -> pa.Schema:
    """The schema of all batches of this kind; the batch's facts are its metadata."""
    tensor = pa.fixed_shape_tensor(pa.from_numpy_dtype(batch.image.dtype), batch.image.shape[1:])
    return pa.schema(
        [
            pa.field("index", pa.int64(), nullable=False),
            pa.field("label", pa.int64(), nullable=False),
            pa.field("image", tensor, nullable=False),
        ],
        metadata=dict(batch.facts),
    )


def _record_batch(batch: Batch) -> pa.RecordBatch:
    """One record batch over the batch's own memory."""
    schema, flat = schema_of(batch), np.ascontiguousarray(batch.flat)
    values = pa.Array.from_buffers(pa.from_numpy_dtype(flat.dtype), flat.size, [None, pa.py_buffer(flat)])
    storage = pa.FixedSizeListArray.from_arrays(values, flat.shape[1])
    image = pa.ExtensionArray.from_storage(schema.field("image").type, storage)
    return pa.RecordBatch.from_arrays([pa.array(batch.index), pa.array(batch.label), image], schema=schema)


ARROW = Format(
    name="arrow",
    media_type="application/vnd.apache.arrow.stream",
    suffix="arrows",
    encode=partial(encode, writer=pa.ipc.new_stream),
    stream=partial(stream, writer=pa.ipc.new_stream),
    quick=4_000_000,
)

ARROW_FILE = Format(
    name="arrow-file",
    media_type="application/vnd.apache.arrow.file",
    suffix="arrow",
    encode=partial(encode, writer=pa.ipc.new_file),
    stream=partial(stream, writer=pa.ipc.new_file),
    quick=4_000_000,
)
