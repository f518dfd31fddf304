"""Classes: how many samples each has, and what its images have in common."""

from collections.abc import Callable
from typing import Annotated

import numpy as np
from fastapi import Path, Query
from numpy.typing import NDArray

from service.api.dependencies import SettingsState, SplitPath
from service.api.limits import check_picture_size
from service.api.links import SPLIT, link_label, link_split
from service.api.named_types import Label
from service.api.picture_queries import PictureQuery
from service.api.schemas import Labels, LabelStatistics
from service.data.split import Split
from service.data.statistics import Sums, class_statistics, class_sums
from service.errors import Unknown
from service.formats import png as png_file
from service.formats.render import RenderOptions, draw, measure, to_grey
from service.http.parameters import RevisionQuery
from service.http.representation import Representation, Whole
from service.http.request import ApiRequest
from service.http.route import ApiRoute
from service.settings import Settings

COST = 150.0
"""Milliseconds that statistics may take the first time."""


def get_labels(request: ApiRequest, split: SplitPath, query: Annotated[RevisionQuery, Query()]) -> Representation:
    """Per class: number, share, mean and deviation of intensity, share of non-zero pixels, links to its pictures."""

    def make() -> bytes:
        classes = class_statistics(split)
        columns = zip(
            split.card.classes,
            classes.count.tolist(),
            classes.share.tolist(),
            classes.first_index,
            classes.mean.tolist(),
            classes.std.tolist(),
            classes.nonzero.tolist(),
            strict=True,
        )
        labels = [
            LabelStatistics(
                label=label,
                name=name,
                count=count,
                share=share,
                first_index=first,
                mean=mean,
                std=std,
                nonzero=nonzero,
                links=link_label(request, split, label),
            )
            for label, (name, count, share, first, mean, std, nonzero) in enumerate(columns)
        ]
        body = Labels(
            dataset=split.card.name,
            split=split.name,
            rev=split.rev,
            total=len(split),
            labels=labels,
            links=link_split(request, split),
        )
        return body.model_dump_json().encode()

    return Representation(media_type="application/json", body=Whole(make, COST), version=split)


def get_label_mean_png(
    settings: SettingsState, split: SplitPath, label: Annotated[Label, Path()], query: Annotated[PictureQuery, Query()]
) -> Representation:
    """The mean image of a class: round(mean · 255 / peak), never stretched."""
    return draw_class(settings, split, label, query.options, Sums.mean)


def get_label_std_png(
    settings: SettingsState, split: SplitPath, label: Annotated[Label, Path()], query: Annotated[PictureQuery, Query()]
) -> Representation:
    """The standard deviation of each pixel over a class: round(deviation · 255 / peak), never stretched."""
    return draw_class(settings, split, label, query.options, Sums.std)


def draw_class(
    settings: Settings,
    split: Split,
    label: int,
    options: RenderOptions,
    summarize: Callable[[Sums, int], NDArray[np.float64]],
) -> Representation:
    """What the images of a class have in common, as a picture.

    Raises:
        Unknown: there is no such class.
        Refused: the picture would be too large.
    """
    card = split.card
    if not 0 <= label < len(card.classes):
        raise Unknown("label", label, f"one from 0 to {len(card.classes) - 1}", where=card.name)
    check_picture_size(settings, measure(card.height, card.width, options))

    def make() -> bytes:
        values = summarize(class_sums(split), label)
        return png_file.encode(draw(to_grey(values, card.peak), options))

    return Representation(media_type="image/png", body=Whole(make, COST), version=split)


ROUTES = (
    ApiRoute(f"{SPLIT}/labels/{{label}}/mean.png", get_label_mean_png, tags=["labels"], media_types=("image/png",)),
    ApiRoute(f"{SPLIT}/labels/{{label}}/std.png", get_label_std_png, tags=["labels"], media_types=("image/png",)),
    ApiRoute(f"{SPLIT}/labels", get_labels, tags=["labels"], model=Labels),
)
