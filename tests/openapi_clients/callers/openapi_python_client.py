"""Calls every kind of operation with openapi-python-client's client, and prints the facts that it got."""

import json
import sys
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from typing import TypeVar

from digits_attrs import Client, models
from digits_attrs.api.batches import get_batches, get_epoch_order, get_epoch_plan
from digits_attrs.api.cards import get_dataset, get_split, list_datasets
from digits_attrs.api.downloads import download_split, head_split
from digits_attrs.api.grids import get_grid_map, get_grid_png
from digits_attrs.api.labels import get_label_mean_png, get_labels
from digits_attrs.api.pictures import get_sample_png, get_sample_svg
from digits_attrs.api.projection import get_projection
from digits_attrs.api.rows import get_rows, take_rows
from digits_attrs.api.samples import get_neighbors, get_sample
from digits_attrs.api.statistics import get_statistics
from digits_attrs.types import File

Fact = str | int | float | list[int] | list[str]
T = TypeVar("T")

MNIST, DIGITS = models.DatasetName.MNIST, models.DatasetName.DIGITS
TEST, ALL = models.SplitName.TEST, models.SplitName.ALL


def fine(answer: T | models.Problem | None) -> T:
    """Give the answer, which must be no problem."""
    assert answer is not None
    assert not isinstance(answer, models.Problem), answer
    return answer


def digest(file: File) -> str:
    """Give the SHA-256 of a file's bytes."""
    return sha256(file.payload.read()).hexdigest()


def describe(client: Client) -> Iterator[tuple[str, Fact]]:
    """Cards and statistics, as typed objects."""
    yield "datasets", [card.name for card in fine(list_datasets.sync(client=client)).datasets]
    card = fine(get_dataset.sync(MNIST, client=client))
    yield "image_shape", card.image_shape
    yield "standard_mean", card.standard.mean
    yield "split_count", fine(get_split.sync(MNIST, TEST, client=client)).count
    yield "label_counts", [label.count for label in fine(get_labels.sync(MNIST, TEST, client=client)).labels]
    statistics = fine(get_statistics.sync(DIGITS, ALL, client=client))
    yield "unit_mean", statistics.pixels.unit.mean
    yield "columns", [type(column.column_statistics).__name__ for column in statistics.statistics[:2]]
    yield "point_x", fine(get_projection.sync(DIGITS, ALL, client=client, limit=1)).points[0].x


def read_rows(client: Client) -> Iterator[tuple[str, Fact]]:
    """Rows as typed objects, as bytes and as text."""
    page = fine(get_rows.sync(DIGITS, ALL, client=client, label=[models.Label.LABEL_3], limit=2, seed=7))
    yield "row_index", page.rows[0].index
    yield "row_label", page.rows[0].label
    yield "row_pixels", sum(page.rows[0].pixels)
    # Its typed call reads the first media type alone, JSON.
    raw = client.get_httpx_client()
    for form in (models.RowFormat.NPZ, models.RowFormat.PARQUET):
        request = get_rows._get_kwargs(DIGITS, ALL, limit=5, format_=form)
        yield f"rows_{form.value}", sha256(raw.request(**request).content).hexdigest()
    yield "rows_csv", raw.request(**get_rows._get_kwargs(DIGITS, ALL, limit=5, format_=models.RowFormat.CSV)).text
    wanted = [2, 0, 2]
    taken = fine(take_rows.sync(DIGITS, ALL, client=client, body=models.Indices(indices=wanted)))
    yield "taken", [row.index for row in taken.rows]
    octets = File(payload=BytesIO(b"".join(index.to_bytes(8, "little") for index in wanted)))
    yield "taken_octets", [row.index for row in fine(take_rows.sync(DIGITS, ALL, client=client, body=octets)).rows]


def draw(client: Client) -> Iterator[tuple[str, Fact]]:
    """Samples and pictures."""
    yield "sample_label", fine(get_sample.sync(MNIST, TEST, 0, client=client)).label
    yield "neighbors", [one.index for one in fine(get_neighbors.sync(DIGITS, ALL, 0, client=client, k=3)).neighbors]
    yield "png", digest(fine(get_sample_png.sync(MNIST, TEST, 0, client=client, scale=2)))
    yield "svg", fine(get_sample_svg.sync(MNIST, TEST, 0, client=client))
    yield "grid", digest(fine(get_grid_png.sync(DIGITS, ALL, client=client, limit=4)))
    yield "grid_map", [tile.index for tile in fine(get_grid_map.sync(DIGITS, ALL, client=client, limit=4)).tiles]
    yield "label_mean", digest(fine(get_label_mean_png.sync(DIGITS, ALL, models.Label.LABEL_3, client=client)))


def train(client: Client) -> Iterator[tuple[str, Fact]]:
    """Batches, plans and orders, with seeds of more than 31 and 63 bits."""
    chw, flat = models.BatchLayout.BATCH_CHW, models.BatchLayout.BATCH_FLAT
    json_, npz = models.BatchFormat.BATCH_JSON, models.BatchFormat.BATCH_NPZ
    page = fine(get_batches.sync(DIGITS, ALL, client=client, batch_size=2, layout=chw, seed=2**64 - 1, format_=json_))
    yield "batch_seed", str(page.seed)
    yield "batch_indices", [row.index for row in page.rows]
    pixels = page.to_dict()["rows"][0]["pixels"]
    yield "batch_shape", [len(pixels), len(pixels[0]), len(pixels[0][0])]
    page = fine(get_batches.sync(DIGITS, ALL, client=client, batch_size=2, layout=flat, format_=json_))
    yield "batch_pixels", sum(page.to_dict()["rows"][0]["pixels"])
    request = get_batches._get_kwargs(DIGITS, ALL, batch_size=2, format_=npz)
    yield "batch_npz", sha256(client.get_httpx_client().request(**request).content).hexdigest()
    yield "plan", fine(get_epoch_plan.sync(MNIST, TEST, client=client, batch_size=64)).epoch_steps
    yield "order", fine(get_epoch_order.sync(DIGITS, ALL, client=client)).order[:10]
    for name, seed in (("order_33_bits", 5_000_000_000), ("order_64_bits", 2**64 - 1)):
        yield name, fine(get_epoch_order.sync(DIGITS, ALL, client=client, seed=seed)).order[:10]


def download(client: Client) -> Iterator[tuple[str, Fact]]:
    """A file, its headers, a part of it, and a problem."""
    npz = models.FileSuffix.FILE_NPZ
    yield "file", digest(fine(download_split.sync(DIGITS, ALL, npz, client=client)))
    yield "file_size", int(head_split.sync_detailed(DIGITS, ALL, npz, client=client).headers["Content-Length"])
    part = fine(download_split.sync(DIGITS, ALL, npz, client=client, range_header="bytes=0-3"))
    yield "file_part", part.payload.read().hex()
    problem = get_sample.sync(MNIST, TEST, 999_999, client=client)
    if isinstance(problem, models.Problem):
        yield "problem", [problem.type_, str(problem.status)]


with Client(sys.argv[1], raise_on_unexpected_status=True) as client:
    parts = (describe, read_rows, draw, train, download)
    print(json.dumps({name: fact for part in parts for name, fact in part(client)}))
