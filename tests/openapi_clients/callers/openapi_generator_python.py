"""Calls every kind of operation with openapi-generator's Python client, and prints the facts that it got."""

import json
import sys
from collections.abc import Iterator
from hashlib import sha256

import digits_pydantic as digits
from digits_pydantic.exceptions import NotFoundException

Fact = str | int | float | list[int] | list[str]

MNIST, DIGITS = digits.DatasetName.MNIST, digits.DatasetName.DIGITS
TEST, ALL = digits.SplitName.TEST, digits.SplitName.ALL


def describe(client: digits.ApiClient) -> Iterator[tuple[str, Fact]]:
    """Cards and statistics, as typed objects."""
    cards = digits.CardsApi(client)
    yield "datasets", [card.name for card in cards.list_datasets().datasets]
    card = cards.get_dataset(MNIST)
    yield "image_shape", card.image_shape
    yield "standard_mean", card.standard.mean
    yield "split_count", cards.get_split(MNIST, TEST).count
    yield "label_counts", [label.count for label in digits.LabelsApi(client).get_labels(MNIST, TEST).labels]
    statistics = digits.StatisticsApi(client).get_statistics(DIGITS, ALL)
    yield "unit_mean", statistics.pixels.unit.mean
    columns = [column.column_statistics.actual_instance for column in statistics.statistics[:2]]
    yield "columns", [type(column).__name__ for column in columns]
    point = digits.ProjectionApi(client).get_projection(DIGITS, ALL, limit=1).points[0]
    yield "point_x", point.x


def read_rows(client: digits.ApiClient) -> Iterator[tuple[str, Fact]]:
    """Rows as typed objects, as bytes and as text."""
    api = digits.RowsApi(client)
    page = api.get_rows(DIGITS, ALL, label=[digits.Label.LABEL_3], limit=2, seed=7)
    yield "row_index", page.rows[0].index
    yield "row_label", page.rows[0].label
    yield "row_pixels", sum(page.rows[0].pixels)
    for form in (digits.RowFormat.NPZ, digits.RowFormat.PARQUET):
        raw = api.get_rows_without_preload_content(DIGITS, ALL, limit=5, format=form)
        yield f"rows_{form.value}", sha256(raw.data).hexdigest()
    text = api.get_rows_without_preload_content(DIGITS, ALL, limit=5, format=digits.RowFormat.CSV)
    yield "rows_csv", text.data.decode()
    taken = api.take_rows(DIGITS, ALL, digits.Indices(indices=[2, 0, 2]))
    yield "taken", [row.index for row in taken.rows]


def draw(client: digits.ApiClient) -> Iterator[tuple[str, Fact]]:
    """Samples and pictures."""
    yield "sample_label", digits.SamplesApi(client).get_sample(MNIST, TEST, 0).label
    near = digits.SamplesApi(client).get_neighbors(DIGITS, ALL, 0, k=3)
    yield "neighbors", [one.index for one in near.neighbors]
    pictures = digits.PicturesApi(client)
    yield "png", sha256(pictures.get_sample_png(MNIST, TEST, 0, scale=2)).hexdigest()
    # Its typed call takes no text but `text/…`.
    yield "svg", pictures.get_sample_svg_without_preload_content(MNIST, TEST, 0).data.decode()
    yield "grid", sha256(digits.GridsApi(client).get_grid_png(DIGITS, ALL, limit=4)).hexdigest()
    yield "grid_map", [tile.index for tile in digits.GridsApi(client).get_grid_map(DIGITS, ALL, limit=4).tiles]
    mean = digits.LabelsApi(client).get_label_mean_png(DIGITS, ALL, digits.Label.LABEL_3)
    yield "label_mean", sha256(mean).hexdigest()


def train(client: digits.ApiClient) -> Iterator[tuple[str, Fact]]:
    """Batches, plans and orders, with seeds of more than 31 and 63 bits."""
    api = digits.BatchesApi(client)
    page = api.get_batches(DIGITS, ALL, batch_size=2, layout=digits.BatchLayout.BATCH_CHW, seed=2**64 - 1)
    row = page.rows[0].actual_instance
    assert isinstance(row, digits.ChannelRow)
    yield "batch_seed", str(page.seed)
    yield "batch_indices", [one.actual_instance.index for one in page.rows if one.actual_instance is not None]
    yield "batch_shape", [len(row.pixels), len(row.pixels[0]), len(row.pixels[0][0])]
    flat = api.get_batches(DIGITS, ALL, batch_size=2, layout=digits.BatchLayout.BATCH_FLAT).rows[0].actual_instance
    assert isinstance(flat, digits.Row)
    yield "batch_pixels", sum(flat.pixels)
    npz = api.get_batches_without_preload_content(DIGITS, ALL, batch_size=2, format=digits.BatchFormat.BATCH_NPZ)
    yield "batch_npz", sha256(npz.data).hexdigest()
    yield "plan", api.get_epoch_plan(MNIST, TEST, batch_size=64).epoch_steps
    yield "order", api.get_epoch_order(DIGITS, ALL).order[:10]
    for name, seed in (("order_33_bits", 5_000_000_000), ("order_64_bits", 2**64 - 1)):
        yield name, api.get_epoch_order(DIGITS, ALL, seed=seed).order[:10]


def download(client: digits.ApiClient) -> Iterator[tuple[str, Fact]]:
    """A file, its headers, a part of it, and a problem."""
    api = digits.DownloadsApi(client)
    yield "file", sha256(api.download_split(DIGITS, ALL, digits.FileSuffix.FILE_NPZ)).hexdigest()
    headers = api.head_split_with_http_info(DIGITS, ALL, digits.FileSuffix.FILE_NPZ).headers
    yield "file_size", int((headers or {})["content-length"])
    yield "file_part", bytes(api.download_split(DIGITS, ALL, digits.FileSuffix.FILE_NPZ, range2="bytes=0-3")).hex()
    try:
        digits.SamplesApi(client).get_sample(MNIST, TEST, 999_999)
    except NotFoundException as error:
        if isinstance(error.data, digits.Problem):
            yield "problem", [error.data.type, str(error.data.status)]


with digits.ApiClient(digits.Configuration(host=sys.argv[1])) as client:
    parts = (describe, read_rows, draw, train, download)
    print(json.dumps({name: fact for part in parts for name, fact in part(client)}))
