import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from service.data.dataset import Dataset
from service.data.scale import Scale
from service.data.selection import Selection
from service.formats.parquet import PARQUET


def test_columns_are_named_and_typed_and_the_facts_are_metadata(tiny: Dataset) -> None:
    train = Selection.of(tiny.split("train"))
    for batch, kind in ((train.batch(), pa.uint8()), (train.batch(scale="standard"), pa.float32())):
        schema = pq.read_schema(pa.BufferReader(bytes(PARQUET.encode(batch))))
        assert schema.names == ["index", "label", *tiny.card.feature_names]
        assert schema.types == [pa.int64(), pa.int64(), *[kind] * tiny.card.pixels]
        assert schema.metadata[b"scale"] == batch.facts["scale"].encode()


def test_a_stream_has_a_row_group_for_every_batch_that_has_rows(tiny: Dataset) -> None:
    train = Selection.of(tiny.split("train"))
    assert PARQUET.stream is not None
    parts = [train.page(start, limit).batch() for start, limit in ((0, 4), (40, 4), (4, 9))]
    file = pq.ParquetFile(pa.BufferReader(b"".join(PARQUET.stream(parts))))
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [4, 9]


def test_readers_can_skip_row_groups_by_label_and_index(tiny: Dataset) -> None:
    body = bytes(PARQUET.encode(Selection.of(tiny.split("train")).batch()))
    group = pq.ParquetFile(pa.BufferReader(body)).metadata.row_group(0)
    assert (group.column(0).statistics.min, group.column(0).statistics.max) == (0, 22)
    assert group.column(1).statistics.has_min_max


@pytest.mark.parametrize("scale", ["raw", "unit"])
def test_every_pixel_has_the_statistics_of_each_row_group(tiny: Dataset, scale: Scale) -> None:
    train = Selection.of(tiny.split("train"))
    parts = [train.page(start, 10).batch(scale=scale) for start in (0, 10)]
    assert PARQUET.stream is not None
    metadata = pq.ParquetFile(pa.BufferReader(b"".join(PARQUET.stream(parts)))).metadata
    for group, part in enumerate(parts):
        found = [metadata.row_group(group).column(2 + pixel).statistics for pixel in range(tiny.card.pixels)]
        assert [one.min for one in found] == part.flat.min(axis=0).tolist()
        assert [one.max for one in found] == part.flat.max(axis=0).tolist()
        assert {one.null_count for one in found} == {0}
