import numpy as np
import pyarrow as pa

from service.data.dataset import Dataset
from service.data.selection import Selection
from service.formats.arrow import ARROW, ARROW_FILE


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
