import io

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.data.batch import Batch
from service.data.dataset import Dataset
from service.data.scale import Scale
from service.data.selection import Selection
from service.formats.arrow import ARROW
from service.formats.arrow_file import ARROW_FILE
from service.formats.format import Format
from tests import made

NAMES = ("index", "label", "image")


def test_full_and_empty_pages_have_one_schema(tiny: Dataset) -> None:
    train = Selection.of(tiny.split("train"))
    full, empty = (pa.ipc.open_stream(ARROW.encode(train.page(offset, 4).batch(layout="image"))) for offset in (0, 100))
    assert full.schema.equals(empty.schema, check_metadata=True)


def test_the_image_is_a_tensor_of_the_layouts_shape_and_the_facts_are_metadata(tiny: Dataset) -> None:
    table = pa.ipc.open_stream(
        ARROW.encode(Selection.of(tiny.split("test")).batch(layout="chw", scale="unit"))
    ).read_all()
    kind = table.schema.field("image").type
    assert kind == pa.fixed_shape_tensor(pa.float32(), (1, tiny.card.height, tiny.card.width))
    assert table.schema.metadata[b"rev"] == tiny.rev.encode()
    assert table.schema.metadata[b"scale"] == b"unit"


def test_there_is_a_record_batch_for_every_batch_even_an_empty_one(tiny: Dataset) -> None:
    train = Selection.of(tiny.split("train"))
    assert ARROW.stream is not None
    assert ARROW_FILE.stream is not None
    parts = [train.page(start, limit).batch() for start, limit in ((0, 4), (4, 9), (40, 4), (13, 1))]
    batches = list(pa.ipc.open_stream(b"".join(ARROW.stream(parts))))
    assert [len(batch) for batch in batches] == [4, 9, 0, 1]
    file = pa.ipc.open_file(pa.BufferReader(b"".join(ARROW_FILE.stream(parts))))
    assert file.num_record_batches == 4
    assert np.array_equal(file.read_all()["index"], np.arange(14))


def write_with_pyarrow(batches: list[Batch], *, file: bool) -> bytes:
    """What pyarrow's own writer makes of batches."""
    sink, writer = io.BytesIO(), None
    for batch in batches:
        kind = pa.fixed_shape_tensor(pa.from_numpy_dtype(batch.dtype), batch.shape[1:])
        storage = pa.FixedSizeListArray.from_arrays(pa.array(batch.image.reshape(-1)), batch.height * batch.width)
        columns = [pa.array(batch.index), pa.array(batch.label), pa.ExtensionArray.from_storage(kind, storage)]
        fields = [pa.field(name, column.type, nullable=False) for name, column in zip(NAMES, columns, strict=True)]
        schema = pa.schema(fields, metadata=dict(batch.facts))
        writer = writer or (pa.ipc.new_file if file else pa.ipc.new_stream)(sink, schema)
        writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
    assert writer is not None
    writer.close()
    return sink.getvalue()


@given(st.data())
@pytest.mark.parametrize("media", [ARROW, ARROW_FILE], ids=["stream", "file"])
def test_the_bytes_are_those_of_pyarrows_own_writer(media: Format, draw: st.DataObject) -> None:
    batch = draw.draw(made.batches(layouts=media.layouts))
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(batch)), max_size=4)))
    parts = [batch[a:b] for a, b in zip([0, *cuts], [*cuts, len(batch)], strict=True)]
    assert media.stream is not None
    assert b"".join(media.stream(parts)) == write_with_pyarrow(parts, file=media is ARROW_FILE)
    assert bytes(media.encode(batch)) == write_with_pyarrow([batch], file=media is ARROW_FILE)


@pytest.mark.parametrize("scale", ["raw", "unit"])
def test_a_file_of_many_record_batches_is_pyarrows(digits: Dataset, scale: Scale) -> None:
    everything = Selection.of(digits.split("all"))
    parts = [everything.page(start, 100).batch(scale=scale) for start in range(0, len(everything), 100)]
    assert ARROW_FILE.stream is not None
    assert b"".join(ARROW_FILE.stream(parts)) == write_with_pyarrow(parts, file=True)
