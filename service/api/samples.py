"""One sample: as JSON, as a picture, and what is near it."""

from math import sqrt
from typing import Annotated

import orjson
from fastapi import Query as InQuery
from fastapi import Response

from service.data.neighbors import neighbors
from service.data.selection import Selection
from service.errors import Refused
from service.formats.format import Format
from service.formats.json import JSON
from service.formats.look import size
from service.formats.png import caption, png
from service.formats.svg import svg
from service.formats.webp import webp
from service.web.answers import respond
from service.web.paths import DATASETS, DatasetName, Index, SplitName, sample_links
from service.web.queries import NeighborsQuery, PictureQuery, Pin, SampleQuery
from service.web.route import Asked, Route
from service.web.schemas import Neighbor, NeighborList, Sample

HERE = f"{DATASETS}/{{dataset}}/{{split}}/samples/{{index}}"


async def picture_png(
    asked: Asked, dataset: DatasetName, split: SplitName, index: Index, query: Annotated[SampleQuery, InQuery()]
) -> Response:
    """One sample as a PNG whose pixels are the data: 8-bit grey, or RGB with a colour map."""
    return await _picture(asked, dataset, split, index, query, png(query.look))


async def picture_webp(
    asked: Asked, dataset: DatasetName, split: SplitName, index: Index, query: Annotated[SampleQuery, InQuery()]
) -> Response:
    """One sample as lossless WebP: the same pixels as the PNG."""
    return await _picture(asked, dataset, split, index, query, webp(query.look))


async def picture_svg(
    asked: Asked, dataset: DatasetName, split: SplitName, index: Index, query: Annotated[PictureQuery, InQuery()]
) -> Response:
    """One sample as SVG, for print: one rectangle a run of equal pixels, `scale` is its natural size."""
    return await _picture(asked, dataset, split, index, query, svg(query.look))


async def _picture(asked: Asked, dataset: str, split: str, index: int, query: PictureQuery, media: Format) -> Response:
    data = asked.catalog[dataset]
    selection = Selection.of(data, split).one(index)
    look = query.look
    text = caption(int(selection.labels[0])) if look.captioned else ""
    pixels = bounded_pixels(asked, *size(data.card.height, data.card.width, look, text))
    return await respond(
        asked, data, media, lambda: media.encode(selection.batch(layout="image")), quick=pixels <= media.quick
    )


async def sample(asked: Asked, dataset: DatasetName, split: SplitName, index: Index, query: Pin) -> Response:
    """One sample: index, label, and the image as rows of integers."""
    data = asked.catalog[dataset]
    selection = Selection.of(data, split).one(index)
    return await respond(asked, data, JSON, lambda: _sample_json(asked, selection, index))


def _sample_json(asked: Asked, selection: Selection, index: int) -> bytes:
    data, label = selection.dataset, int(selection.labels[0])
    body = {
        "dataset": data.card.name,
        "split": selection.split,
        "index": index,
        "label": label,
        "name": data.card.classes[label],
        "rev": data.rev,
        "image": selection.images[0],
        "links": sample_links(asked, data, selection.split, index),
    }
    return orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)


async def near(
    asked: Asked, dataset: DatasetName, split: SplitName, index: Index, query: Annotated[NeighborsQuery, InQuery()]
) -> Response:
    """The samples of the split that are nearest: exact Euclidean distance on raw pixels, ties by lower index."""
    data = asked.catalog[dataset]
    selection = Selection.of(data, split).one(index)
    return await respond(asked, data, JSON, lambda: _near_json(asked, selection, index, query.k), quick=False)


def _near_json(asked: Asked, selection: Selection, index: int, k: int) -> bytes:
    data, split = selection.dataset, selection.split
    labels = Selection.of(data, split).labels
    found = neighbors(data, split, index, k)
    body = NeighborList(
        dataset=data.card.name,
        split=split,
        index=index,
        label=int(labels[index]),
        rev=data.rev,
        neighbors=[
            Neighbor(
                index=near,
                label=int(labels[near]),
                distance=sqrt(squared),
                links=sample_links(asked, data, split, near),
            )
            for near, squared in zip(found.index.tolist(), found.squared.tolist(), strict=True)
        ],
        links=sample_links(asked, data, split, index),
    )
    return body.model_dump_json().encode()


def bounded_pixels(asked: Asked, height: int, width: int, *, blamed: str = "scale") -> int:
    """The number of pixels of a picture, whose size the parameter `blamed` decides.

    Raises:
        Refused: a picture of that size is more than the settings allow.
    """
    most = asked.kept["settings"].picture_pixels
    if height * width > most:
        raise Refused(blamed, f"makes a picture of {width}×{height} pixels; at most {most} are drawn")
    return height * width


ROUTES = (
    Route(f"{HERE}.png", picture_png, tags=["pictures"], responses={200: {"content": {"image/png": {}}}}),
    Route(f"{HERE}.webp", picture_webp, tags=["pictures"], responses={200: {"content": {"image/webp": {}}}}),
    Route(f"{HERE}.svg", picture_svg, tags=["pictures"], responses={200: {"content": {"image/svg+xml": {}}}}),
    Route(f"{HERE}/neighbors", near, tags=["samples"], responses={200: {"model": NeighborList}}),
    Route(HERE, sample, tags=["samples"], responses={200: {"model": Sample}}),
)
