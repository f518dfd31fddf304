import io
import struct
from contextlib import suppress
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digits_client import UnexpectedAnswer
from digits_client.arrow import Rows, StreamType, TruncatedStream, read_stream

FACTS = {"dataset": "made", "split": "all", "rev": "0123456789ab", "layout": "image", "scale": "raw"}
"""What streams state."""

SHAPE = (3, 5)
"""Of an image."""


@dataclass(frozen=True, eq=False)
class Columns:
    """The values of a stream: what is written, and what must be read."""

    index: NDArray[np.int64]
    label: NDArray[np.int64]
    image: NDArray[Any]


def make(rows: int, dtype: str = "u1", shape: tuple[int, ...] = SHAPE) -> Columns:
    """Columns of so many rows, all different."""
    image = np.arange(rows * prod(shape), dtype=dtype).reshape(rows, *shape)
    return Columns(np.arange(rows) * 7 - 2**40, np.arange(rows) % 10, image)


def write_stream(columns: Columns, sizes: list[int]) -> bytes:
    """A stream of record batches of so many rows each, from the front, as pyarrow writes it."""
    image = columns.image
    tensor = pa.fixed_shape_tensor(pa.from_numpy_dtype(image.dtype), image.shape[1:])
    fields = [("index", pa.int64()), ("label", pa.int64()), ("image", tensor)]
    schema = pa.schema([pa.field(name, kind, nullable=False) for name, kind in fields], metadata=FACTS)
    sink, start = pa.BufferOutputStream(), 0
    with pa.ipc.new_stream(sink, schema) as writer:
        for size in sizes:
            part = slice(start, start + size)
            pixels = pa.FixedSizeListArray.from_arrays(image[part].reshape(-1), prod(image.shape[1:]))
            values = [pa.array(columns.index[part]), pa.array(columns.label[part])]
            batch = [*values, pa.ExtensionArray.from_storage(tensor, pixels)]
            writer.write_batch(pa.record_batch(batch, schema=schema))
            start += size
    return bytes(sink.getvalue())


def read(content: bytes, dtype: str, shape: tuple[int, ...], **facts: str) -> list[Rows]:
    return list(read_stream(io.BytesIO(content), StreamType(dtype=np.dtype(dtype), shape=shape, facts=facts)))


@given(
    sizes=st.lists(st.integers(0, 9), min_size=1, max_size=5),
    dtype=st.sampled_from(["u1", "<f4"]),
    shape=st.sampled_from([(15,), (3, 5), (1, 3, 5), (3, 5, 1)]),
)
def test_what_is_read_is_what_pyarrow_wrote(sizes: list[int], dtype: str, shape: tuple[int, ...]) -> None:
    columns, start = make(sum(sizes), dtype, shape), 0
    found = read(write_stream(columns, sizes), dtype, shape)
    assert len(found) == len(sizes)
    for size, rows in zip(sizes, found, strict=True):
        part = slice(start, start + size)
        expected = (columns.index[part], columns.label[part], columns.image[part])
        for mine, theirs in zip((rows.index, rows.label, rows.image), expected, strict=True):
            assert (mine.dtype, mine.shape) == (theirs.dtype, theirs.shape)
            assert mine.tobytes() == theirs.tobytes()
            assert mine.flags.writeable
        start += size


@given(st.data())
@settings(max_examples=200)
def test_half_a_stream_is_no_stream_wherever_it_ends(draw: st.DataObject) -> None:
    whole = write_stream(make(7), [3, 3, 1])
    end = draw.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(TruncatedStream):
        read(whole[:end], "u1", SHAPE)


def test_other_bytes_are_no_stream() -> None:
    with pytest.raises(TruncatedStream, match="no Arrow stream"):
        read(b"<!doctype html><html></html>", "u1", SHAPE)
    with pytest.raises(TruncatedStream):
        read(struct.pack("<Ii", 0xFFFFFFFF, 8) + bytes(8), "u1", SHAPE)


def test_rows_outlive_the_stream_and_one_another() -> None:
    found = read(write_stream(make(8), [4, 4]), "u1", SHAPE)
    before = found[1].image.copy()
    found[0].image[:] = 99
    assert np.array_equal(found[1].image, before)


def test_a_stream_states_what_it_holds() -> None:
    content = write_stream(make(3), [3])
    assert len(read(content, "u1", SHAPE, **FACTS)) == 1
    assert len(read(content, "u1", SHAPE, other="is not stated")) == 1
    for name, value in {"rev": "000000000000", "split": "test", "scale": "unit"}.items():
        with pytest.raises(UnexpectedAnswer, match=f"has {name} '.*', and '{value}' was requested"):
            read(content, "u1", SHAPE, **{name: value})


@given(st.data())
@settings(max_examples=300)
def test_a_damaged_stream_is_read_or_refused_but_never_an_accident(draw: st.DataObject) -> None:
    content = bytearray(write_stream(make(4), [3, 1]))
    for _ in range(draw.draw(st.integers(1, 4))):
        content[draw.draw(st.integers(0, len(content) - 1))] = draw.draw(st.integers(0, 255))
    with suppress(TruncatedStream):
        read(bytes(content), "u1", SHAPE)
