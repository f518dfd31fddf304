"""The same epochs by Arrow Flight: `python -m benchmarks.flight PORT`. Data and order are the service's own."""

import json
import sys
from collections.abc import Iterator

import pyarrow as pa
from pyarrow import flight

from service.data.dataset import Dataset
from service.data.selection import Selection
from service.datasets import SOURCES


class Epochs(flight.FlightServerBase):  # type: ignore[misc]  # pyarrow ships no types
    """Shuffled epochs of a split, a record batch a training batch."""

    def __init__(self, location: str, data: Dataset) -> None:
        """Listen at a location."""
        super().__init__(location)
        self.data = data

    def do_get(self, _: flight.ServerCallContext, ticket: flight.Ticket) -> flight.RecordBatchStream:
        """One epoch; the ticket is JSON: batch_size, seed, epoch."""
        asked = json.loads(ticket.ticket)
        order = Selection.of(self.data.split("train")).shuffled(asked["seed"], asked["epoch"])
        size = int(asked["batch_size"])
        return flight.GeneratorStream(
            schema(self.data), (record_batch(order.page(start, size)) for start in range(0, len(order), size))
        )


def schema(data: Dataset) -> pa.Schema:
    """Columns `index`, `label` and `image`, as in the service's Arrow streams."""
    tensor = pa.fixed_shape_tensor(pa.uint8(), (data.card.height, data.card.width))
    fields = {"index": pa.int64(), "label": pa.int64(), "image": tensor}
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in fields.items()])


def record_batch(samples: Selection) -> pa.RecordBatch:
    """The samples as one record batch over the memory of one gather."""
    batch = samples.batch(layout="image")
    columns = schema(samples.split.dataset)
    pixels = batch.image
    values = pa.Array.from_buffers(pa.uint8(), pixels.size, [None, pa.py_buffer(pixels)])
    storage = pa.FixedSizeListArray.from_arrays(values, batch.height * batch.width)
    image = pa.ExtensionArray.from_storage(columns.field("image").type, storage)
    return pa.RecordBatch.from_arrays([pa.array(batch.index), pa.array(batch.label), image], schema=columns)


def epoch(port: int, *, batch_size: int, number: int) -> Iterator[pa.RecordBatch]:
    """The record batches of one epoch, as a client reads them."""
    ticket = json.dumps({"batch_size": batch_size, "seed": 0, "epoch": number}).encode()
    with flight.connect(f"grpc://127.0.0.1:{port}") as client:
        for chunk in client.do_get(flight.Ticket(ticket)):
            yield chunk.data


def main(port: int) -> None:
    """Serve until ended."""
    mnist = next(source for source in SOURCES if source.card.name == "mnist")
    with Epochs(f"grpc://127.0.0.1:{port}", mnist.load()) as server:
        server.serve()


if __name__ == "__main__":
    main(int(sys.argv[1]))
