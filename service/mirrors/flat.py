"""Splits as tables under plain names, a row a sample, for whatever reads CSV, Parquet or Arrow by URL."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from service.data.arrow_array import to_arrow
from service.data.split import Split
from service.formats.byte_sink import ByteSink
from service.http.representation import Encoded, File
from service.mirrors.mirror import Mirror, MirrorFile, Recipe

ROOT = "/mirrors/flat"

SPLITS = (("mnist", "train"), ("mnist", "test"), ("digits", "all"))
"""The datasets and splits that there are tables of."""

ROWS = 1_000
"""Rows of a row group or record batch, so that a reader of a few rows fetches some 230 kB of Parquet.

Ten times as many would make the file of MNIST's training split no smaller.
"""

LINES = 80
"""Rows of CSV that are written at a time: half a millisecond's work."""


def write_csv(split: Split) -> Iterator[bytes]:
    """A header `label,1x1,1x2,…`, then a line a sample, each ended by a newline.

    Source: `mnist_train.csv` and `mnist_test.csv`, as they are known from Kaggle.
    """
    yield ",".join(["label", *_name_pixels(split)]).encode() + b"\n"
    images = _flatten(split)
    for start in range(0, len(split), LINES):
        rows = zip(split.labels[start : start + LINES].tolist(), images[start : start + LINES], strict=True)
        yield b"".join([b"%d,%b\n" % (label, _write_numbers(image)) for label, image in rows])


def _write_numbers(values: NDArray[np.uint8]) -> bytes:
    return orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]


def _name_pixels(split: Split) -> Iterable[str]:
    height, width = split.images.shape[1:]
    return (f"{row}x{column}" for row in range(1, height + 1) for column in range(1, width + 1))


def write_parquet(split: Split) -> Iterator[bytes]:
    """Row groups of `ROWS` samples.

    They are compressed by Snappy, which every reader knows; a reader in a browser need not add anything.
    """
    sink = ByteSink()
    with pq.ParquetWriter(sink, _make_schema(split), compression="snappy", write_statistics=["label"]) as writer:
        for batch in _read_batches(split):
            writer.write_batch(batch)
            yield from sink.take()
    yield from sink.take()


def write_arrow_file(split: Split) -> Iterator[bytes]:
    """Arrow IPC as a file, of record batches of `ROWS` samples."""
    return _write_arrow(split, pa.ipc.new_file)


def write_arrow_stream(split: Split) -> Iterator[bytes]:
    """Arrow IPC as a stream, of record batches of `ROWS` samples."""
    return _write_arrow(split, pa.ipc.new_stream)


def _write_arrow(
    split: Split, open_writer: Callable[[ByteSink, pa.Schema], pa.ipc.RecordBatchStreamWriter]
) -> Iterator[bytes]:
    sink = ByteSink()
    with open_writer(sink, _make_schema(split)) as writer:
        for batch in _read_batches(split):
            writer.write_batch(batch)
            yield from sink.take()
    yield from sink.take()


def _make_schema(split: Split) -> pa.Schema:
    """Columns `label`, uint8, and `pixels`, a list of height·width uint8, row by row."""
    return pa.schema([("label", pa.uint8()), ("pixels", pa.list_(pa.uint8(), split.card.pixels))])


def _read_batches(split: Split) -> Iterator[pa.RecordBatch]:
    """All samples as record batches, whose pixels are those in memory, not copied."""
    schema, images, labels = _make_schema(split), _flatten(split), split.arrays["labels"]
    for start in range(0, len(split), ROWS):
        pixels = to_arrow(images[start : start + ROWS].reshape(-1))
        columns = [
            to_arrow(labels[start : start + ROWS]),
            pa.FixedSizeListArray.from_arrays(pixels, split.card.pixels),
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _flatten(split: Split) -> NDArray[np.uint8]:
    return split.images.reshape(len(split), split.card.pixels)


WRITERS: Mapping[str, tuple[str, Callable[[Split], Iterator[Encoded]]]] = {
    "csv": ("text/csv", write_csv),
    "parquet": ("application/vnd.apache.parquet", write_parquet),
    "arrow": ("application/vnd.apache.arrow.file", write_arrow_file),
    "arrows": ("application/vnd.apache.arrow.stream", write_arrow_stream),
}
"""Media type and encoder by suffix."""


def _serve(dataset: str, split: str, suffix: str) -> MirrorFile:
    media_type, write = WRITERS[suffix]
    filename = f"{dataset}_{split}.{suffix}"
    return MirrorFile(
        dataset=dataset,
        media_type=media_type,
        body=lambda found: File(partial(write, found.split(split)), filename),
    )


RECIPES = (
    Recipe(
        client="pandas 3.1",
        language="python",
        code="""\
import pandas as pd

train = pd.read_csv("{base}/mirrors/flat/mnist_train.csv")
labels, images = train["label"].to_numpy(), train.iloc[:, 1:].to_numpy("uint8").reshape(-1, 28, 28)""",
        note="The columns are those of Kaggle's mnist_train.csv; digits_all.csv has 1x1 to 8x8.",
    ),
    Recipe(
        client="polars 2.1",
        language="python",
        code="""\
import polars as pl

train = pl.scan_parquet("{base}/mirrors/flat/mnist_train.parquet")
sevens = train.filter(pl.col("label") == 7).head(100).collect()
images = sevens["pixels"].to_numpy().reshape(-1, 28, 28)""",
        note="It asks for the end of the file first, and then only for what the query needs.",
    ),
    Recipe(
        client="pyarrow 26 and fsspec",
        language="python",
        code="""\
import fsspec  # with aiohttp, which its files over HTTP need
import pyarrow.parquet as pq

with fsspec.open("{base}/mirrors/flat/mnist_train.parquet") as file:
    table = pq.read_table(file)
labels = table["label"].to_numpy()
images = table["pixels"].combine_chunks().flatten().to_numpy().reshape(-1, 28, 28)""",
    ),
    Recipe(
        client="DuckDB 1.5",
        language="sql",
        code="""\
INSTALL httpfs;
LOAD httpfs;
SELECT label, count(*) FROM '{base}/mirrors/flat/mnist_train.parquet' GROUP BY label ORDER BY label;""",
        note="The first line downloads DuckDB's extension for HTTP, once.",
    ),
    Recipe(
        client="DuckDB by way of pyarrow 26",
        language="python",
        code="""\
import duckdb
import fsspec  # with aiohttp, which its files over HTTP need
import pyarrow.dataset

url = "{base}/mirrors/flat/mnist_train.parquet"
train = pyarrow.dataset.dataset(url, filesystem=fsspec.filesystem("http"))
print(duckdb.sql("SELECT label, count(*) FROM train GROUP BY label ORDER BY label"))""",
        note="For a machine that reaches this service and not the place of DuckDB's extensions; as lazy as httpfs.",
    ),
    Recipe(
        client="base R",
        language="r",
        code="""\
train <- read.csv("{base}/mirrors/flat/mnist_train.csv", check.names = FALSE)
image(t(matrix(as.numeric(train[1, -1]), 28, byrow = TRUE)[28:1, ]), col = gray(0:255 / 255), main = train$label[1])""",
    ),
    Recipe(
        client="hyparquet 1.33",
        language="javascript",
        code="""\
import { asyncBufferFromUrl, parquetReadObjects } from "hyparquet";

const file = await asyncBufferFromUrl({ url: "{base}/mirrors/flat/mnist_test.parquet" });
const rows = await parquetReadObjects({ file, rowStart: 0, rowEnd: 100 });
console.log(rows[0].label, rows[0].pixels.length);""",
        note="In Node, and in pages of any origin; it fetches only the groups of 1,000 rows that it needs.",
    ),
    Recipe(
        client="Arrow for JavaScript 21.2",
        language="javascript",
        code="""\
import { tableFromIPC } from "apache-arrow";

const table = await tableFromIPC(fetch("{base}/mirrors/flat/mnist_test.arrows"));
console.log(table.numRows, table.get(0).label, table.get(0).pixels.toArray());""",
    ),
    Recipe(
        client="a spreadsheet",
        language="shell",
        code="curl --output digits_all.csv {base}/mirrors/flat/digits_all.csv",
        note="It opens as 1,797 rows of 65 columns. Of MNIST take mnist_test.csv: 10,000 rows of 785 columns.",
    ),
)

MIRROR = Mirror(
    name="flat",
    title="Tables: CSV, Parquet and Arrow",
    summary="A row a sample, in the order of the split: the label, then the pixels, row by row, not scaled.",
    root=ROOT,
    files={
        f"{ROOT}/{dataset}_{split}.{suffix}": _serve(dataset, split, suffix)
        for dataset, split in SPLITS
        for suffix in WRITERS
    },
    recipes=RECIPES,
)
