"""Zarr stores, version 3: a group of two arrays per dataset, whose chunks are views of the arrays in memory."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import orjson

from service.data.card import Card
from service.data.dataset import Dataset
from service.datasets import digits, mnist
from service.http.representation import Encoded, Whole
from service.mirrors.mirror import Mirror, MirrorFile, Recipe

ROOT = "/mirrors/zarr"

CHUNKED = ((mnist.CARD, 1_000), (digits.CARD, 1_797))
"""What is served, and the images in a chunk of it: they divide all images without remainder, so no chunk is padded."""

DIMENSIONS = ("sample", "row", "column")
"""The names of the dimensions; arrays that share one are aligned by it."""

JSON = "application/json"
BINARY = "application/octet-stream"


def describe_array(shape: tuple[int, ...], chunk: tuple[int, ...], **attributes: object) -> dict[str, Any]:
    """The metadata of an array of unsigned bytes, not compressed.

    Source: Zarr core specification, version 3, "Array metadata".
    """
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": shape,
        "data_type": "uint8",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0,
        "codecs": [{"name": "bytes"}],
        "attributes": attributes,
        "dimension_names": DIMENSIONS[: len(shape)],
        "storage_transformers": [],
    }


def describe_images(card: Card, rows: int) -> dict[str, Any]:
    """The metadata of the images, of which `rows` are in a chunk."""
    image = (card.height, card.width)
    return describe_array((len(card.splits["all"]), *image), (rows, *image), value_range=[0, card.peak])


def describe_labels(card: Card) -> dict[str, Any]:
    """The metadata of the labels, which are one chunk."""
    shape = (len(card.splits["all"]),)
    return describe_array(shape, shape, classes=card.classes)


def describe_group(card: Card, rows: int) -> dict[str, Any]:
    """The metadata of a dataset, with that of its arrays inline, so that a reader needs one request for all of it.

    Source: zarr-python, which writes consolidated metadata so; the specification lets other readers ignore it.
    """
    arrays = {"images": describe_images(card, rows), "labels": describe_labels(card)}
    return {
        "zarr_format": 3,
        "node_type": "group",
        "attributes": {
            "name": card.name,
            "title": card.title,
            "description": card.description,
            "splits": {name: [span.start, span.stop] for name, span in card.splits.items()},
            "classes": card.classes,
            "license": {"name": card.licence.name, "url": card.licence.url, "note": card.licence.note},
            "creators": card.creators,
            "citation": card.citation,
            "rev": card.digest[:12],
            "sha256": card.digest,
        },
        "consolidated_metadata": {"kind": "inline", "must_understand": False, "metadata": arrays},
    }


def view_images(dataset: Dataset, first: int, rows: int) -> memoryview:
    """A chunk of images without a copy."""
    return dataset.images[first : first + rows].data.cast("B")


def encode_labels(dataset: Dataset) -> bytes:
    """The one chunk of labels, a byte each."""
    return dataset.split("all").arrays["labels"].tobytes()


def _serve(card: Card, media_type: str, make: Callable[[Dataset], Encoded], *, held: bool = False) -> MirrorFile:
    return MirrorFile(
        dataset=card.name, media_type=media_type, body=lambda dataset: Whole(partial(make, dataset), held=held)
    )


def _serve_metadata(card: Card, describe: Callable[[], dict[str, Any]]) -> MirrorFile:
    return _serve(card, JSON, lambda _: orjson.dumps(describe(), option=orjson.OPT_INDENT_2))


def list_store(card: Card, rows: int) -> Iterator[tuple[str, MirrorFile]]:
    """Every key of the store of a dataset, with `rows` images in a chunk, and what is there."""
    yield "zarr.json", _serve_metadata(card, partial(describe_group, card, rows))
    yield "images/zarr.json", _serve_metadata(card, partial(describe_images, card, rows))
    yield "labels/zarr.json", _serve_metadata(card, partial(describe_labels, card))
    yield "labels/c/0", _serve(card, BINARY, encode_labels)
    for chunk, first in enumerate(card.splits["all"][::rows]):
        view = partial(view_images, first=first, rows=rows)
        yield f"images/c/{chunk}/0/0", _serve(card, BINARY, view, held=True)


PYTHON = """\
import zarr

group = zarr.open_group("{base}/mirrors/zarr/mnist.zarr", mode="r")
train = slice(*group.attrs["splits"]["train"])
images, labels = group["images"][train], group["labels"][train]
"""

OBSTORE = """\
import zarr
from obstore.store import HTTPStore
from zarr.storage import ObjectStore

store = HTTPStore("{base}/mirrors/zarr/mnist.zarr", client_options={"allow_http": True})
group = zarr.open_group(ObjectStore(store, read_only=True), mode="r")
images, labels = group["images"][:], group["labels"][:]
"""

XARRAY = """\
import xarray

digits = xarray.open_zarr("{base}/mirrors/zarr/mnist.zarr", chunks=None)
train = digits.isel(sample=slice(*digits.attrs["splits"]["train"])).load()
images, labels = train.images.values, train.labels.values
"""

TENSORSTORE = """\
import tensorstore

STORE = "{base}/mirrors/zarr/mnist.zarr"
images = tensorstore.open({"driver": "zarr3", "kvstore": f"{STORE}/images/"}, read=True).result()
labels = tensorstore.open({"driver": "zarr3", "kvstore": f"{STORE}/labels/"}, read=True).result()
x, y = images[:60_000].read().result(), labels[:60_000].read().result()
"""

ZARRITA = """\
import * as zarr from "zarrita";

const store = new zarr.FetchStore("{base}/mirrors/zarr/mnist.zarr");
const group = await zarr.open.v3(await zarr.withConsolidatedMetadata(store, { format: "v3" }), { kind: "group" });
const split = zarr.slice(...group.attrs.splits.train);
const images = await zarr.get(await zarr.open.v3(group.resolve("images"), { kind: "array" }), [split, null, null]);
const labels = await zarr.get(await zarr.open.v3(group.resolve("labels"), { kind: "array" }), [split]);
"""

MIRROR = Mirror(
    name="zarr",
    title="Zarr v3",
    summary=(
        "A group with `images` in chunks of raw bytes, and `labels`, in the order of split `all`; its attributes tell "
        "the splits, licence and citation."
    ),
    root=ROOT,
    files={f"{ROOT}/{card.name}.zarr/{key}": file for card, rows in CHUNKED for key, file in list_store(card, rows)},
    recipes=(
        Recipe(
            client="zarr-python 3.1",
            language="python",
            code=PYTHON,
            note="Needs `pip install 'zarr[remote]'`. `digits.zarr` has the split `all` alone.",
        ),
        Recipe(
            client="zarr-python 3.1 with obstore 0.12",
            language="python",
            code=OBSTORE,
            note="Needs `pip install zarr obstore`; `allow_http` is for an address that is not HTTPS.",
        ),
        Recipe(
            client="xarray 2026.9",
            language="python",
            code=XARRAY,
            note="Needs `pip install xarray 'zarr[remote]'`; leave `chunks=None` out to get Dask arrays.",
        ),
        Recipe(
            client="TensorStore 0.1.86",
            language="python",
            code=TENSORSTORE,
            note="It reads no groups, so it opens each array by itself; samples 0…59,999 are the split `train`.",
        ),
        Recipe(
            client="zarrita 0.7",
            language="javascript",
            code=ZARRITA,
            note="In Node.js and browsers; `images.data` is a Uint8Array, `images.shape` its shape.",
        ),
    ),
)
