"""Classes: how many samples each has, and what its images have in common."""

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Query as InQuery
from fastapi import Response

from service.data.dataset import Dataset
from service.data.statistics import class_sums, label_frame
from service.errors import Unknown
from service.formats import png as png_file
from service.formats.json import JSON
from service.formats.look import drawn, grey
from service.web.answers import respond
from service.web.paths import DATASETS, DatasetName, LabelNumber, SplitName, label_links, split_links
from service.web.queries import PictureQuery, Pin
from service.web.route import Asked, Route
from service.web.routes.samples import bounded_pixels
from service.web.schemas import Labels, LabelStatistics

if TYPE_CHECKING:
    import pandas as pd

HERE = f"{DATASETS}/{{dataset}}/{{split}}/labels"


async def labels(asked: Asked, dataset: DatasetName, split: SplitName, query: Pin) -> Response:
    """Per class: number, share, mean and deviation of intensity, share of inked pixels, and links to its pictures."""
    data = asked.catalog[dataset]
    data.span(split)
    return await respond(asked, data, JSON, lambda: _labels_json(asked, data, split), quick=False)


def _labels_json(asked: Asked, data: Dataset, split: str) -> bytes:
    frame = label_frame(data, split)
    body = Labels(
        dataset=data.card.name,
        split=split,
        rev=data.rev,
        total=int(frame["count"].sum()),
        labels=[
            LabelStatistics(
                label=label, name=data.card.classes[label], links=label_links(asked, data, split, label), **facts
            )
            for label, facts in _records(frame)
        ],
        links=split_links(asked, data, split),
    )
    return body.model_dump_json().encode()


def _records(frame: "pd.DataFrame") -> list[tuple[int, dict[str, Any]]]:
    """The rows of a frame of classes as dictionaries; a class without samples has no first index."""
    whole = frame.astype(object).where(frame.notna(), None)
    rows = ({str(name): fact for name, fact in row.items()} for row in whole.to_dict("records"))
    return list(zip(whole.index.tolist(), rows, strict=True))


async def mean(
    asked: Asked, dataset: DatasetName, split: SplitName, label: LabelNumber, query: Annotated[PictureQuery, InQuery()]
) -> Response:
    """The mean image of a class: round(mean · 255 / peak), never stretched."""
    return await _picture(asked, dataset, split, label, query, "mean")


async def std(
    asked: Asked, dataset: DatasetName, split: SplitName, label: LabelNumber, query: Annotated[PictureQuery, InQuery()]
) -> Response:
    """The standard deviation of each pixel over a class: round(deviation · 255 / peak), never stretched."""
    return await _picture(asked, dataset, split, label, query, "std")


async def _picture(asked: Asked, dataset: str, split: str, label: int, query: PictureQuery, which: str) -> Response:
    data = asked.catalog[dataset]
    data.span(split)
    count = len(data.card.classes)
    if not 0 <= label < count:
        raise Unknown("label", label, f"one from 0 to {count - 1}", where=data.card.name)
    bounded_pixels(asked, data.card.height * query.scale, data.card.width * query.scale)

    def make() -> bytes:
        sums = class_sums(data, split)
        values = sums.mean(label) if which == "mean" else sums.std(label)
        return png_file.encode(drawn(grey(values, data.card.peak), query.look))

    return await respond(asked, data, png_file.png(query.look), make, quick=False)


ROUTES = (
    Route(f"{HERE}/{{label}}/mean.png", mean, tags=["labels"], responses={200: {"content": {"image/png": {}}}}),
    Route(f"{HERE}/{{label}}/std.png", std, tags=["labels"], responses={200: {"content": {"image/png": {}}}}),
    Route(HERE, labels, tags=["labels"], responses={200: {"model": Labels}}),
)
