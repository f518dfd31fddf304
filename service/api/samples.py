"""One sample: as JSON, as a picture, and what is near it."""

from dataclasses import replace
from typing import Annotated

import orjson
from fastapi import Query

from service.api.dependencies import RowStoresState, SampleIndex, SettingsState, SplitPath, plan_store
from service.api.limits import check_picture_size
from service.api.links import SPLIT, link_sample
from service.api.nearest import describe_neighbors, neighbors_cost
from service.api.picture_queries import PictureQuery, SampleQuery
from service.api.queries import NeighborsQuery
from service.api.schemas import NeighborList, Sample
from service.data.neighbors import neighbors
from service.data.selection import Selection
from service.data.split import Split
from service.formats.format import Format
from service.formats.png import caption, png
from service.formats.render import RenderOptions, measure
from service.formats.svg import svg
from service.formats.webp import webp
from service.http.parameters import RevisionQuery
from service.http.representation import Representation, Whole
from service.http.request import ApiRequest
from service.http.route import ApiRoute
from service.settings import Settings

SAMPLE = f"{SPLIT}/samples/{{index}}"


def get_sample_png(
    settings: SettingsState,
    stores: RowStoresState,
    split: SplitPath,
    index: SampleIndex,
    query: Annotated[SampleQuery, Query()],
) -> Representation:
    """One sample as a PNG whose pixels are the data: 8-bit grey, or RGB with a colour map."""
    media = png(query.options)
    drawn = draw_sample(settings, split, index, query.options, media)
    improvement = plan_store(stores, split, media)
    return drawn if improvement is None else replace(drawn, improvement=improvement)


def get_sample_webp(
    settings: SettingsState, split: SplitPath, index: SampleIndex, query: Annotated[SampleQuery, Query()]
) -> Representation:
    """One sample as lossless WebP: the same pixels as the PNG."""
    return draw_sample(settings, split, index, query.options, webp(query.options))


def get_sample_svg(
    settings: SettingsState, split: SplitPath, index: SampleIndex, query: Annotated[PictureQuery, Query()]
) -> Representation:
    """One sample as SVG, for print: one rectangle a run of equal pixels, `scale` is its natural size."""
    return draw_sample(settings, split, index, query.options, svg(query.options))


def draw_sample(settings: Settings, split: Split, index: int, options: RenderOptions, media: Format) -> Representation:
    """One sample as a picture.

    Raises:
        Unknown: there is no such sample.
        Refused: the picture would be too large.
    """
    selection = Selection.of(split).one(index)
    text = caption(int(selection.labels[0])) if options.captioned else ""
    check_picture_size(settings, measure(split.card.height, split.card.width, options, text))
    return Representation(
        media_type=media.media_type,
        body=Whole(
            lambda: media.encode(selection.batch()),
            media.cost(1, split.card.pixels, scaled=False),
            media.size(1, split.card.pixels, scaled=False),
        ),
        version=split,
    )


def get_sample(
    request: ApiRequest, split: SplitPath, index: SampleIndex, query: Annotated[RevisionQuery, Query()]
) -> Representation:
    """One sample: index, label, and the image as rows of integers."""
    selection = Selection.of(split).one(index)

    def make() -> bytes:
        label = int(selection.labels[0])
        body = {
            "dataset": split.card.name,
            "split": split.name,
            "index": index,
            "label": label,
            "name": split.card.classes[label],
            "rev": split.rev,
            "image": selection.images[0],
            "links": link_sample(request, split, index),
        }
        return orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)

    return Representation(media_type="application/json", body=Whole(make), version=split)


def get_neighbors(
    request: ApiRequest, split: SplitPath, index: SampleIndex, query: Annotated[NeighborsQuery, Query()]
) -> Representation:
    """The samples of the split that are nearest: exact Euclidean distance on raw pixels, ties by lower index."""
    Selection.of(split).one(index)

    def make() -> bytes:
        body = NeighborList(
            dataset=split.card.name,
            split=split.name,
            index=index,
            label=int(split.labels[index]),
            rev=split.rev,
            neighbors=describe_neighbors(request, split, neighbors(split, index, query.k)),
            links=link_sample(request, split, index),
        )
        return body.model_dump_json().encode()

    return Representation(media_type="application/json", body=Whole(make, neighbors_cost(split)), version=split)


ROUTES = (
    ApiRoute(f"{SAMPLE}.png", get_sample_png, tags=["pictures"], media_types=("image/png",)),
    ApiRoute(f"{SAMPLE}.webp", get_sample_webp, tags=["pictures"], media_types=("image/webp",)),
    ApiRoute(f"{SAMPLE}.svg", get_sample_svg, tags=["pictures"], media_types=("image/svg+xml",)),
    ApiRoute(f"{SAMPLE}/neighbors", get_neighbors, tags=["samples"], model=NeighborList),
    ApiRoute(SAMPLE, get_sample, tags=["samples"], model=Sample),
)
