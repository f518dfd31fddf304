"""Every parser of the service and of its Python client as a function of bytes, which refuses only as it documents."""

import gzip
import hashlib
import io
import struct
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from digits_client.arrow import StreamType, TruncatedStream, read_stream
from digits_client.errors import DigitsError, parse_problem
from digits_client.order import read_order
from service.api.epoch_queries import BatchesQuery, OrderQuery
from service.api.index_range import read_range
from service.api.picture_queries import GridQuery, PictureQuery, SampleQuery
from service.api.pixels import decode_pixels
from service.api.queries import DrawingQuery, FileQuery, NeighborsQuery, ProjectionQuery, RowsQuery, TakeQuery
from service.api.take import parse_json, parse_octets
from service.data.split import Split
from service.datasets import mnist
from service.datasets.idx import IdxFile
from service.datasets.idx import read as read_idx
from service.errors import ServiceError
from service.formats import FORMATS, png
from service.formats.grey_png import read_grey_png
from service.http.accept import parse_weights, prefers_html
from service.http.conditions import is_unmodified, select_range
from service.http.host import find_host_fault, split_absolute_target
from service.http.negotiation import choose_coding, find_by_accept
from service.http.parameters import Parameters, read, read_integer, write_query
from service.mirrors.openml.endpoints import read_filters
from service.mirrors.openml.notations import NOTATIONS
from tests import made

REFUSALS = (ServiceError, DigitsError, TruncatedStream)
"""What a parser may raise."""


@dataclass(frozen=True)
class Target:
    """A parser, examples of what it reads, and tokens that mean something to it."""

    parse: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    tokens: tuple[bytes, ...] = ()

    def run(self, content: bytes) -> None:
        """Parse, and take a refusal for an answer."""
        try:
            self.parse(content)
        except REFUSALS:
            return


def text(parse: Callable[[str], object]) -> Callable[[bytes], object]:
    """A parser of the text of a header field or a path, whose bytes are latin-1."""
    return lambda content: parse(content.decode("latin-1"))


def field(name: bytes) -> Callable[[bytes], object]:
    """The conditions and ranges of a request with one header field."""
    more = [(b"range", b"bytes=0-1")] if name == b"if-range" else []

    def parse(content: bytes) -> None:
        headers = [*more, (name, content)]
        is_unmodified(headers, '"tag"')
        part = select_range(headers, '"tag"', 1_000)
        assert part is None or 0 <= part.start < part.stop <= 1_000

    return parse


def query(model: type[Parameters]) -> Callable[[bytes], object]:
    """A query string, whose canonical form means the same."""

    def parse(content: bytes) -> None:
        found = read(model, content)
        canonical = found.canonical()
        again = read(model, write_query(canonical).removeprefix("?").encode("latin-1"))
        assert again.canonical() == canonical

    return parse


@cache
def find_split() -> Split:
    """A small split."""
    return made.source().load().split("train")


def parse_range(content: str) -> None:
    """The `range` of a query."""
    found = read_range(content, find_split())
    assert found is None or 0 <= found.start < found.stop <= len(find_split())


def parse_idx(content: bytes) -> None:
    """A file of MNIST, its bytes before gzip; the array has all of them, after the header."""
    packed = gzip.compress(content, 1, mtime=0)
    with tempfile.NamedTemporaryFile(suffix=".gz") as file:
        file.write(packed)
        file.flush()
        array = read_idx(IdxFile(Path(file.name), hashlib.sha256(packed).hexdigest()))
    assert content.endswith(array.tobytes())


def parse_accept(content: str) -> None:
    """`Accept`, as formats and as pages read it."""
    prefers_html(content, "application/json")
    assert find_by_accept(tuple(FORMATS.values()), content) in FORMATS.values()


def parse_target(content: bytes) -> None:
    """A target that may be a whole URL, with a `Host` beside it."""
    scope = {"raw_path": content, "path": "", "root_path": "", "http_version": "1.1", "headers": [(b"host", b"h")]}
    try:
        split_absolute_target(scope)
    except UnicodeDecodeError:  # httptools passes on no such path
        assert not content.isascii()


def parse_stream(content: bytes) -> None:
    """A stream of batches, as the Python client reads it."""
    for rows in read_stream(Bytes(content), StreamType(shape=(3, 5), facts={"dataset": "made"})):
        assert len(rows.index) == len(rows.label) == len(rows.image)


class Bytes:
    """Bytes that are read as those of a connection are."""

    def __init__(self, content: bytes) -> None:
        """Begin at the start."""
        self._file = io.BytesIO(content)

    def readinto(self, buffer: memoryview, /) -> int:
        """Read what there is."""
        return self._file.readinto(buffer)


def make_stream(*sizes: int) -> bytes:
    """A stream such as the service sends."""
    schema = pa.schema(
        [
            pa.field("index", pa.int64(), nullable=False),
            pa.field("label", pa.int64(), nullable=False),
            pa.field("image", pa.list_(pa.uint8(), 15), nullable=False),
        ],
        {"dataset": "made"},
    )
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, schema) as writer:
        for size in sizes:
            numbers = pa.array(range(size), pa.int64())
            images = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(size * 15, np.uint8)), 15)
            writer.write_batch(pa.record_batch([numbers, numbers, images], schema=schema))
    return sink.getvalue()


def make_npy(array: object) -> bytes:
    """A file of NumPy."""
    sink = io.BytesIO()
    np.save(sink, np.asarray(array))
    return sink.getvalue()


IDX = struct.pack(">HBB3I", 0, 8, 3, 2, 3, 4) + bytes(24)
"""Two images of 3×4 pixels."""

DEEP = struct.pack(">HBB65I", 0, 8, 65, *[1] * 65) + b"\x07"
"""One byte in more dimensions than an array of NumPy has."""

CHOICE = b"label=3&label=1&seed=7&offset=2&limit=5&range=1:20&fold=1&folds=5&part=train&per_class=2"
BATCHES = b"batch_size=8&world_size=2&rank=1&seed=18446744073709551615&epoch=3&shuffle=true&start=16&steps=all&tail=pad"
WORDS = tuple(f"{name}=".encode() for model in (RowsQuery, BatchesQuery, GridQuery) for name in model.model_fields)
VALUES = (b"&", b"%00", b"%F0", b"+", b"-1", b"0", b"00", b"9" * 30, b"true", b"all", b":", b"json", b"unit", b"chw")
LISTS = (b",", b";", b"q=", b"q=0", b"q=1.0005", b"*", b"*/*", b'"', b"W/", b" ", b"\t", b"=", b"-", b"bytes=")

TARGETS: Mapping[str, Target] = {
    **{
        f"query of {model.__name__}": Target(query(model), (CHOICE, BATCHES, b"rev=a&format=csv", b""), WORDS + VALUES)
        for model in (
            *(RowsQuery, BatchesQuery, OrderQuery, GridQuery, PictureQuery, SampleQuery, FileQuery, ProjectionQuery),
            *(NeighborsQuery, DrawingQuery, TakeQuery, Parameters),
        )
    },
    **{
        name: Target(
            field(name.encode()), (b"bytes=0-99", b'"a", W/"b"', b"*", b"Sun, 06 Nov 1994 08:49:37 GMT"), LISTS
        )
        for name in ("range", "if-range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since")
    },
    "accept": Target(text(parse_accept), (b"text/html,application/json;q=0.9,*/*;q=0.8", b"text/csv"), LISTS),
    "accept-encoding": Target(
        lambda content: choose_coding([(b"accept-encoding", content)]), (b"gzip, zstd;q=0.5, *;q=0",), LISTS
    ),
    "weights": Target(text(parse_weights), (b"a;q=0.5,b;q=1",), LISTS),
    "host": Target(lambda content: find_host_fault([content], "1.1"), (b"h:80", b"[::1]:8000", b"a.example"), LISTS),
    "absolute target": Target(parse_target, (b"http://h:80/a%2Fb?c", b"https://[::1]/"), (b"://", b"@", b"%", b"?")),
    "integer": Target(text(lambda content: read_integer("index", content)), (b"0", b"-12", b"00012"), VALUES),
    "range of indices": Target(text(parse_range), (b"1:5", b":5", b"3:", b":"), VALUES),
    "pixels": Target(text(lambda content: decode_pixels(content, mnist.CARD)), (b"A" * 1_046,), (b"=", b"-", b"_")),
    "take as JSON": Target(parse_json, (b'{"indices": [1, 2, 3]}', b"[]"), (b"1e400", b"-0", b"9" * 30, b"[" * 99)),
    "take as octets": Target(parse_octets, (bytes(16),)),
    "drawing as PNG": Target(
        lambda content: read_grey_png(content, height=2, width=3),
        (bytes(png.encode(np.zeros((2, 3), np.uint8))),),
        (b"IDAT", b"IEND", b"tEXt", b"\x00\x00\x00\x00"),
    ),
    "filters of OpenML": Target(
        text(lambda content: read_filters(content, NOTATIONS["json"])), (b"data_name/mnist_784/limit/2/",)
    ),
    "IDX": Target(parse_idx, (IDX, DEEP, struct.pack(">HBBI", 0, 8, 1, 5) + bytes(5)), (b"\x00\x00\x08", b"\x00" * 4)),
    "stream of the client": Target(parse_stream, (make_stream(2, 3), make_stream()), (b"\xff" * 4, b"\x00" * 4)),
    "order of the client": Target(
        read_order, (make_npy(np.arange(5)), make_npy([[1.5]])), (b"}", b"'<i8'", b"(", b"99")
    ),
    "problem of the client": Target(
        lambda content: parse_problem(422, content), (b'{"type":"/problems/a","detail":"b"}',), (b"null", b"[" * 2_000)
    ),
}
"""Every parser by its name."""


@st.composite
def inputs(draw: st.DrawFn, target: Target) -> bytes:
    """What a target may be given: its examples, changed in a few places; or anything."""
    if draw(st.integers(0, 7)) == 0:
        return draw(st.binary(max_size=64))
    content = draw(st.sampled_from(target.seeds))
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, len(content)))
        size = draw(st.integers(0, 8))
        between = draw(st.sampled_from((*target.tokens, b"")) | st.binary(max_size=4))
        content = content[:place] + between * draw(st.integers(1, 3)) + content[place + size :]
    return content
