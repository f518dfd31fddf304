import io
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digits_client import UnexpectedAnswer
from digits_client.arrow import WINDOW_BYTES, Rows, StreamType, TruncatedStream, Window, read_stream

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


def make(rows: int, shape: tuple[int, ...] = SHAPE) -> Columns:
    """Columns of so many rows, all different."""
    image = np.arange(rows * prod(shape)).astype(np.uint8).reshape(rows, *shape)
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


class Trickle(io.RawIOBase):
    """A stream that arrives in pieces of at most so many bytes."""

    def __init__(self, content: bytes, most: int) -> None:
        """Give the content from the front."""
        self.content = io.BytesIO(content)
        self.most = most

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self.content.readinto(buffer[: self.most])


def copy(rows: Rows) -> Rows:
    """Rows that outlive the next ones."""
    return Rows(rows.index.copy(), rows.label.copy(), rows.image.copy())


def read(
    content: bytes,
    shape: tuple[int, ...] = SHAPE,
    *,
    most: int = 1 << 30,
    facts: Mapping[str, str] = MappingProxyType({}),
) -> list[Rows]:
    return [copy(rows) for rows in read_stream(Trickle(content, most), StreamType(shape=shape, facts=facts))]


def check(columns: Columns, sizes: list[int], found: list[Rows]) -> None:
    """Compare what was read with what was written."""
    start = 0
    assert len(found) == len(sizes)
    for size, rows in zip(sizes, found, strict=True):
        part = slice(start, start + size)
        for mine, theirs in (
            (rows.index, columns.index[part]),
            (rows.label, columns.label[part]),
            (rows.image, columns.image[part]),
        ):
            assert (mine.dtype, mine.shape) == (theirs.dtype, theirs.shape)
            assert mine.tobytes() == theirs.tobytes()
        start += size


@given(
    sizes=st.lists(st.integers(0, 9), min_size=1, max_size=5),
    shape=st.sampled_from([(15,), (3, 5), (1, 3, 5), (3, 5, 1)]),
    most=st.sampled_from([1, 7, 100, 10_000]),
)
def test_what_is_read_is_what_pyarrow_wrote(sizes: list[int], shape: tuple[int, ...], most: int) -> None:
    columns = make(sum(sizes), shape)
    check(columns, sizes, read(write_stream(columns, sizes), shape, most=most))


@pytest.mark.parametrize("sizes", [[300] * 9 + [7], [7, 300, 40], [10, 9_000, 10, 30_000, 5], [18_000] * 3 + [1]])
@pytest.mark.parametrize("most", [1_000, 65_536, 1 << 30])
def test_messages_of_every_size_pass_through_the_window(sizes: list[int], most: int) -> None:
    columns = make(sum(sizes))
    check(columns, sizes, read(write_stream(columns, sizes), most=most))


def test_hardly_anything_is_moved_within_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    moved: list[int] = []
    move = Window._move

    def count(self: Window, size: int) -> None:
        moved.append(self._end - self._start)
        move(self, size)

    monkeypatch.setattr(Window, "_move", count)
    for rows in (300, 5_000, 40_000):  # many messages in a window, a few, and less than one
        moved.clear()
        content = write_stream(make(10 * rows), [rows] * 10)
        assert len(read(content)) == 10
        assert sum(moved) < WINDOW_BYTES + len(content) / 100


@given(st.data())
@settings(max_examples=200)
def test_half_a_stream_is_no_stream_wherever_it_ends(draw: st.DataObject) -> None:
    whole = write_stream(make(7), [3, 3, 1])
    end = draw.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(TruncatedStream):
        read(whole[:end])


def test_other_bytes_are_no_stream() -> None:
    with pytest.raises(TruncatedStream, match="no Arrow stream"):
        read(b"<!doctype html><html></html>")
    with pytest.raises(TruncatedStream):
        read(struct.pack("<Ii", 0xFFFFFFFF, 8) + bytes(8))


def test_a_stream_states_what_it_holds() -> None:
    content = write_stream(make(3), [3])
    assert len(read(content, facts=FACTS)) == 1
    assert len(read(content, facts={"other": "is not stated"})) == 1
    for name, value in {"rev": "000000000000", "split": "test", "scale": "unit"}.items():
        with pytest.raises(UnexpectedAnswer, match=f"has {name} '.*', and '{value}' was requested"):
            read(content, facts={name: value})


@given(st.data())
@settings(max_examples=300)
def test_a_damaged_stream_is_read_or_refused_but_never_an_accident(draw: st.DataObject) -> None:
    content = bytearray(write_stream(make(4), [3, 1]))
    for _ in range(draw.draw(st.integers(1, 4))):
        content[draw.draw(st.integers(0, len(content) - 1))] = draw.draw(st.integers(0, 255))
    with suppress(TruncatedStream):
        read(bytes(content))
