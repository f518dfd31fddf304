"""Statistics of every column of a split, and the numbers that training needs."""

from typing import Annotated

from fastapi import Query

from service.api.dependencies import SplitPath
from service.api.links import SPLIT, link_split
from service.api.schemas import Column, LabelColumn, Moments, PixelColumn, PixelStatistics, Statistics
from service.data.split import Split
from service.data.statistics import Spread, column_statistics, intensities
from service.http.parameters import RevisionQuery
from service.http.representation import Representation, Whole
from service.http.request import ApiRequest
from service.http.route import ApiRoute

COST = 200.0
"""Milliseconds that statistics may take the first time."""


def get_statistics(request: ApiRequest, split: SplitPath, query: Annotated[RevisionQuery, Query()]) -> Representation:
    """Per column its statistics, and of all pixels together mean, deviation and histogram; nothing is rounded."""

    def make() -> bytes:
        pixels = intensities(split)
        body = Statistics(
            dataset=split.card.name,
            split=split.name,
            rev=split.rev,
            num_examples=len(split),
            statistics=[describe_label(split), *describe_pixels(split)],
            pixels=PixelStatistics(
                raw=_to_moments(pixels.raw),
                unit=_to_moments(pixels.unit),
                nonzero=pixels.nonzero,
                histogram=pixels.histogram.tolist(),
            ),
            links=link_split(request, split),
        )
        return body.model_dump_json().encode()

    return Representation(media_type="application/json", body=Whole(make, COST), version=split)


def describe_label(split: Split) -> Column:
    """Statistics of the column `label`."""
    counts = split.class_counts.tolist()
    label = LabelColumn(
        n_unique=sum(count > 0 for count in counts), frequencies=dict(zip(split.card.classes, counts, strict=True))
    )
    return Column(column_name="label", column_type="class_label", column_statistics=label)


def describe_pixels(split: Split) -> list[Column]:
    """Statistics of the columns of pixels."""
    columns = column_statistics(split)
    names = ("min", "max", "mean", "std", "nonzero")
    values = zip(*(getattr(columns, name).tolist() for name in names), strict=True)
    pixels = (PixelColumn(**dict(zip(names, one, strict=True))) for one in values)
    return [
        Column(column_name=name, column_type="int", column_statistics=pixel)
        for name, pixel in zip(columns.name, pixels, strict=True)
    ]


def _to_moments(spread: Spread) -> Moments:
    return Moments(mean=spread.mean, std=spread.std)


ROUTES = (ApiRoute(f"{SPLIT}/statistics", get_statistics, tags=["statistics"], model=Statistics),)
