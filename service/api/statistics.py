"""Statistics of every column of a split, and the numbers that training needs."""

from fastapi import Response

from service.data.dataset import Dataset
from service.data.statistics import Spread, column_frame, intensities, label_frame
from service.formats.json import JSON
from service.web.answers import respond
from service.web.paths import DATASETS, DatasetName, SplitName, split_links
from service.web.queries import Pin
from service.web.route import Asked, Route
from service.web.schemas import Column, LabelColumn, Moments, PixelColumn, PixelStatistics, Statistics


async def statistics(asked: Asked, dataset: DatasetName, split: SplitName, query: Pin) -> Response:
    """Per column what it holds, and of all pixels together mean, deviation and histogram; nothing is rounded."""
    data = asked.catalog[dataset]
    data.span(split)
    return await respond(asked, data, JSON, lambda: _statistics_json(asked, data, split), quick=False)


def _statistics_json(asked: Asked, data: Dataset, split: str) -> bytes:
    counts = label_frame(data, split)["count"]
    label = LabelColumn(
        n_unique=int((counts > 0).sum()),
        frequencies={name: int(count) for name, count in zip(data.card.classes, counts, strict=True)},
    )
    columns = [Column(column_name="label", column_type="class_label", column_statistics=label)]
    for name, facts in column_frame(data, split).to_dict("index").items():
        pixel = PixelColumn.model_validate(facts)
        columns.append(Column(column_name=str(name), column_type="int", column_statistics=pixel))
    pixels = intensities(data, split)
    body = Statistics(
        dataset=data.card.name,
        split=split,
        rev=data.rev,
        num_examples=int(counts.sum()),
        statistics=columns,
        pixels=PixelStatistics(
            raw=_moments(pixels.raw),
            unit=_moments(pixels.unit),
            nonzero=pixels.nonzero,
            histogram=pixels.histogram.tolist(),
        ),
        links=split_links(asked, data, split),
    )
    return body.model_dump_json().encode()


def _moments(spread: Spread) -> Moments:
    return Moments(mean=spread.mean, std=spread.std)


ROUTES = (
    Route(
        f"{DATASETS}/{{dataset}}/{{split}}/statistics",
        statistics,
        tags=["statistics"],
        responses={200: {"model": Statistics}},
    ),
)
