"""Cards: what a person asks before using a dataset."""

import hashlib
from functools import lru_cache

import numpy as np
from fastapi import Response

from service.data.dataset import Dataset
from service.data.selection import Selection
from service.data.statistics import intensities
from service.formats.json import JSON
from service.formats.look import WHITE
from service.web.answers import respond
from service.web.links import link_header
from service.web.paths import DATASETS, DatasetName, SplitName, dataset_links, split_links
from service.web.queries import Pin
from service.web.route import Asked, Route
from service.web.schemas import DatasetCard, Datasets, SplitCard


async def datasets(asked: Asked, query: Pin) -> Response:
    """The cards of all datasets."""

    def make() -> bytes:
        cards = [_dataset_card(asked, data) for data in asked.catalog]
        return Datasets(datasets=cards, links={"self": asked.link(DATASETS)}).model_dump_json().encode()

    return await respond(asked, asked.catalog, JSON, make, quick=False, headers=licence(*asked.catalog))


async def dataset(asked: Asked, dataset: DatasetName, query: Pin) -> Response:
    """One card: shapes, ranges, classes, splits with digests, licence, citation, and what the dataset is good for."""
    data = asked.catalog[dataset]
    return await respond(
        asked,
        data,
        JSON,
        lambda: _dataset_card(asked, data).model_dump_json().encode(),
        quick=False,
        headers=licence(data),
    )


async def split(asked: Asked, dataset: DatasetName, split: SplitName, query: Pin) -> Response:
    """The card of a split: number of samples, labels, digests, and links to every representation."""
    data = asked.catalog[dataset]
    data.span(split)
    return await respond(
        asked,
        data,
        JSON,
        lambda: _split_card(asked, data, split).model_dump_json().encode(),
        quick=False,
        headers=licence(data),
    )


def licence(*datasets: Dataset) -> dict[str, str]:
    """The header that leads to the datasets' licences."""
    return {"Link": ", ".join(link_header({"license": data.card.licence.url}) for data in datasets)}


def _dataset_card(asked: Asked, data: Dataset) -> DatasetCard:
    card = data.card
    unit = intensities(data, card.reference).unit
    return DatasetCard(
        name=card.name,
        title=card.title,
        summary=card.summary,
        description=card.description,
        rev=data.rev,
        digest=data.digest,
        count=len(card.splits["all"]),
        image_shape=(card.height, card.width),
        range=(0, card.peak),
        picture="the pixels are the data" if card.peak == WHITE else f"round(v · {WHITE} / {card.peak})",
        classes=list(card.classes),
        target_names=list(range(len(card.classes))),
        feature_names=list(card.feature_names),
        splits={name: _split_card(asked, data, name) for name in card.splits},
        standard={"split": card.reference, "mean": unit.mean, "std": unit.std},
        suits=list(card.suits),
        unsuited=list(card.unsuited),
        licence=card.licence,
        creators=list(card.creators),
        year=card.year,
        citation=card.citation,
        sources=list(card.sources),
        loaders=list(card.loaders),
        notes=data.notes,
        links=dataset_links(asked, data),
    )


def _split_card(asked: Asked, data: Dataset, name: str) -> SplitCard:
    span, card = data.span(name), data.card
    counts = np.bincount(Selection.of(data, name).labels, minlength=len(card.classes))
    return SplitCard(
        dataset=card.name,
        split=name,
        rev=data.rev,
        count=len(span),
        first=span.start,
        shape=(len(span), card.height, card.width),
        range=(0, card.peak),
        labels=dict(zip(card.classes, counts.tolist(), strict=True)),
        digests=_digests(data, name),
        links=split_links(asked, data, name),
    )


@lru_cache(maxsize=64)
def _digests(data: Dataset, split: str) -> dict[str, str]:
    """SHA-256 of a split's arrays, as uint8 in C order: what a client that loaded them can check."""
    selection = Selection.of(data, split)
    arrays = {"images": selection.images, "labels": selection.labels.astype(np.uint8)}
    return {name: hashlib.sha256(np.ascontiguousarray(array).data).hexdigest() for name, array in arrays.items()}


ROUTES = (
    Route(DATASETS, datasets, tags=["cards"], responses={200: {"model": Datasets}}),
    Route(f"{DATASETS}/{{dataset}}", dataset, tags=["cards"], responses={200: {"model": DatasetCard}}),
    Route(f"{DATASETS}/{{dataset}}/{{split}}", split, tags=["cards"], responses={200: {"model": SplitCard}}),
)
