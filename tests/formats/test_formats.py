"""The contract of every format: a file is the batch, for every reader that people have."""

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.data.batch import Batch, Pixels
from service.data.dataset import Dataset
from service.data.scale import Scale
from service.data.selection import Selection
from service.formats import ENCODERS, FORMATS
from service.formats.format import PIECE, Format
from tests import made, readers

Reader = Callable[[bytes], readers.Arrays]
FORMAT_READERS = [(media, reader) for name, media in FORMATS.items() for reader in readers.READERS[name]]


def paired(pairs: list[tuple[Format, Reader]]) -> pytest.MarkDecorator:
    """Run a test for every pair of a format and a reader of it."""
    names = [f"{media.name}-{getattr(reader, '__name__', '')}" for media, reader in pairs]
    return pytest.mark.parametrize(("media", "reader"), pairs, ids=names)


STREAMS = [media for media in FORMATS.values() if media.stream]
STREAMING = pytest.mark.parametrize("media", STREAMS, ids=lambda one: str(one.name))
EVERY = pytest.mark.parametrize("media", FORMATS.values(), ids=list(FORMATS))


def assert_same(found: readers.Arrays, batch: Batch, media: Format) -> None:
    """Every array that a reader gives is the batch's, bit for bit; and its dtype, where the format has dtypes."""
    index, label, image = found
    if image.size or media.name not in readers.UNTYPED:
        assert image.reshape(batch.image.shape).astype(batch.image.dtype).tobytes() == batch.image.tobytes()
    assert len(image) == len(batch)
    for array, expected in ((index, batch.index), (label, batch.label)):
        assert array is None or array.tolist() == expected.tolist()
    if media.name not in readers.UNTYPED:
        assert image.dtype == batch.image.dtype
        assert all(array is None or array.dtype == np.int64 for array in (index, label))


@paired(FORMAT_READERS)
@given(st.data())
def test_what_is_read_is_what_was_written(media: Format, reader: Reader, draw: st.DataObject) -> None:
    batch = draw.draw(made.batches(layouts=media.layouts))
    assert_same(reader(bytes(media.encode(batch))), batch, media)


@paired(FORMAT_READERS)
def test_no_rows_are_a_valid_file(media: Format, reader: Reader, tiny: Dataset) -> None:
    empty = Selection.of(tiny.split("train")).page(made.TRAIN, 100)
    for batch in (empty.batch(), empty.batch(scale="unit")):
        assert_same(reader(bytes(media.encode(batch))), batch, media)


@EVERY
@given(st.data())
def test_the_same_batch_gives_the_same_bytes(media: Format, draw: st.DataObject) -> None:
    batch = draw.draw(made.batches(layouts=media.layouts))
    again = Batch.of(
        index=batch.index.copy(),
        label=batch.label.copy(),
        image=batch.image.copy(),
        height=batch.height,
        width=batch.width,
        peak=batch.peak,
        facts=dict(batch.facts),
    )
    assert bytes(media.encode(batch)) == bytes(media.encode(again))


@paired([pair for pair in FORMAT_READERS if pair[0].stream])
@given(st.data())
def test_a_stream_of_parts_is_read_like_the_whole(media: Format, reader: Reader, draw: st.DataObject) -> None:
    batch = draw.draw(made.batches(layouts=media.layouts))
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(batch)), max_size=3)))
    parts = [batch[a:b] for a, b in zip([0, *cuts], [*cuts, len(batch)], strict=True)]
    assert media.stream is not None
    assert_same(reader(b"".join(media.stream(parts))), batch, media)


@STREAMING
@pytest.mark.parametrize("scale", ["raw", "standard"])
def test_pieces_of_a_stream_are_small(media: Format, scale: Scale, mnist: Dataset) -> None:
    assert media.stream is not None
    pieces = [len(piece) for piece in media.stream([Selection.of(mnist.split("test")).page(0, 700).batch(scale=scale)])]
    assert max(pieces) <= PIECE
    assert sum(pieces) > 2 * PIECE or media.name == "parquet"


@pytest.mark.parametrize(
    "media", [FORMATS[name] for name in ("arrow", "arrow-file", "ndjson", "csv", "npz")], ids=lambda one: one.name
)
def test_no_stream_gathers_a_whole_batch(media: Format, mnist: Dataset) -> None:
    batch, most = Selection.of(mnist.split("test")).page(0, 700).batch(scale="unit"), 0

    def gather(part: slice) -> Pixels:
        nonlocal most
        rows = batch.gather(part)
        most = max(most, rows.nbytes)
        return rows

    assert media.stream is not None
    assert b"".join(media.stream([replace(batch, gather=gather)])) == b"".join(media.stream([batch]))
    assert 0 < most <= PIECE


@EVERY
def test_the_estimated_cost_grows_with_rows_and_pixels(media: Format) -> None:
    one, rows, pixels = (media.cost(n, size, scaled=False) for n, size in ((1, 64), (1_000, 64), (1_000, 784)))
    assert 0 < one < rows < pixels < media.cost(1_000, 784, scaled=True)


def test_the_encoders_are_named_with_their_versions() -> None:
    found = dict(one.rsplit(" ", 1) for one in ENCODERS.split(";"))
    assert list(found) == ["numpy", "pyarrow", "orjson", "pillow", "zlib", "cmap"]
    assert all(found[name] == version(name) for name in found if name != "zlib")


@EVERY
def test_a_gathered_batch_is_written_like_a_contiguous_one(media: Format, tiny: Dataset) -> None:
    order = np.arange(made.TRAIN)
    gathered = Selection.of(tiny.split("train")).take(order).batch()
    assert bytes(media.encode(gathered)) == bytes(media.encode(Selection.of(tiny.split("train")).batch()))


def test_names_media_types_and_suffixes_are_each_one_formats_own() -> None:
    for fact in ("name", "media_type", "suffix"):
        assert len({getattr(media, fact) for media in FORMATS.values()}) == len(FORMATS)
    assert all(name == media.name for name, media in FORMATS.items())


def test_the_formats_are_those_of_the_contract() -> None:
    assert {name: media.media_type for name, media in FORMATS.items()} == {
        "json": "application/json",
        "ndjson": "application/x-ndjson",
        "csv": "text/csv",
        "npy": "application/x-npy",
        "npz": "application/x-npz",
        "arrow": "application/vnd.apache.arrow.stream",
        "arrow-file": "application/vnd.apache.arrow.file",
        "parquet": "application/vnd.apache.parquet",
        "safetensors": "application/vnd.safetensors",
    }


IN_PIECES = [media for media in FORMATS.values() if media.pieces]


@pytest.mark.parametrize("media", IN_PIECES, ids=lambda one: str(one.name))
@pytest.mark.parametrize("rows", [0, 1, 700])
@pytest.mark.parametrize("scale", ["raw", "standard"])
@pytest.mark.parametrize("valid", [None, 1])
def test_a_body_in_pieces_is_the_whole_one_and_as_long_as_was_told(
    media: Format, rows: int, scale: Scale, valid: int | None, mnist: Dataset
) -> None:
    everything = Selection.of(mnist.split("train"))
    batch = everything.page(5, rows).batch(scale=scale, valid=valid, envelope=lambda: {"valid": valid, "rows": None})
    assert media.pieces is not None
    pieces = [bytes(piece) for piece in media.pieces(batch)]
    whole = bytes(media.encode(batch))
    assert b"".join(pieces) == whole
    assert max(map(len, pieces), default=0) <= PIECE
    if media.length is not None:
        assert media.length(everything.page(0, 0).batch(scale=scale, valid=valid), rows) == len(whole)


@pytest.mark.parametrize("media", FORMATS.values(), ids=list(FORMATS))
@pytest.mark.parametrize("scale", ["raw", "unit", "standard"])
def test_a_file_is_not_larger_than_its_estimate(media: Format, scale: Scale, mnist: Dataset) -> None:
    split = mnist.split("train")
    for rows in (0, 1, 300):
        size = len(media.encode(Selection.of(split).page(0, rows).batch(scale=scale)))
        assert size <= media.size(rows, split.card.pixels, scaled=scale != "raw")
