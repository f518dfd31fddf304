"""Cards: what a person asks before using a dataset."""

from collections.abc import Callable
from functools import partial
from typing import Annotated

from fastapi import Query

from service.api.answer_headers import LICENCE
from service.api.checksums import find_checksum
from service.api.dependencies import CatalogState, DatasetPath, SplitPath
from service.api.formats import FILE_FORMATS
from service.api.links import DATASETS, SPLIT, link_dataset, link_split, split_path
from service.api.pages.cards import show_dataset, show_datasets, show_split
from service.api.schemas import DatasetCard, Datasets, FileCard, SplitCard, Standardization
from service.data.dataset import Dataset
from service.data.split import Split
from service.data.statistics import intensities
from service.formats.render import WHITE
from service.http.documents import CardQuery, ChosenFormat, M, represent_document
from service.http.links import write_link_header
from service.http.negotiation import DocumentFormat
from service.http.representation import Representation, Versioned
from service.http.request import ApiRequest
from service.http.route import ApiRoute

COST = 100.0
"""Milliseconds that a card may take the first time, when the arrays are hashed and summed."""


def list_datasets(
    request: ApiRequest, catalog: CatalogState, query: Annotated[CardQuery, Query()], media: ChosenFormat
) -> Representation:
    """The cards of all datasets."""

    def build() -> Datasets:
        cards = [build_dataset_card(request, dataset) for dataset in catalog]
        return Datasets(datasets=cards, links={"self": request.link(DATASETS), "mirrors": request.link("/mirrors")})

    return _represent(media, build, lambda _: show_datasets(request, catalog), catalog, *catalog)


def get_dataset(
    request: ApiRequest, dataset: DatasetPath, query: Annotated[CardQuery, Query()], media: ChosenFormat
) -> Representation:
    """One card: shapes, ranges, classes, splits with digests, licence, citation, and what the dataset is good for."""
    build = partial(build_dataset_card, request, dataset)
    return _represent(media, build, partial(show_dataset, request, dataset), dataset, dataset)


def get_split(
    request: ApiRequest, split: SplitPath, query: Annotated[CardQuery, Query()], media: ChosenFormat
) -> Representation:
    """The card of a split: number of samples, labels, digests, files, and links to every representation."""
    build = partial(build_split_card, request, split)
    return _represent(media, build, partial(show_split, request, split), split, split.dataset)


def _represent(
    media: DocumentFormat, build: Callable[[], M], show: Callable[[M], bytes], version: Versioned, *datasets: Dataset
) -> Representation:
    """A card with links to the licences of its datasets."""
    licences = [write_link_header({"license": dataset.card.licence.url}) for dataset in datasets]
    headers = {"Link": ", ".join(licences)}
    return represent_document(media, build, show, version=version, cost=COST, headers=headers)


def build_dataset_card(request: ApiRequest, dataset: Dataset) -> DatasetCard:
    """The card of a dataset as JSON has it."""
    card = dataset.card
    unit = intensities(dataset.split(card.reference)).unit
    return DatasetCard(
        name=card.name,
        title=card.title,
        summary=card.summary,
        description=card.description,
        rev=dataset.rev,
        digest=dataset.digest,
        count=len(card.splits["all"]),
        image_shape=(card.height, card.width),
        range=(0, card.peak),
        picture="the pixels are the data" if card.peak == WHITE else f"round(v · {WHITE} / {card.peak})",
        classes=list(card.classes),
        target_names=list(range(len(card.classes))),
        feature_names=list(card.feature_names),
        splits={name: build_split_card(request, split) for name, split in dataset.splits.items()},
        standard=Standardization(split=card.reference, mean=unit.mean, std=unit.std),
        intended_uses=list(card.intended_uses),
        limitations=list(card.limitations),
        licence=card.licence,
        creators=list(card.creators),
        year=card.year,
        citation=card.citation,
        sources=list(card.sources),
        loaders=list(card.loaders),
        notes=dataset.notes,
        links=link_dataset(request, dataset),
    )


def build_split_card(request: ApiRequest, split: Split) -> SplitCard:
    """The card of a split as JSON has it."""
    card = split.card
    return SplitCard(
        dataset=card.name,
        split=split.name,
        rev=split.rev,
        count=len(split),
        first=split.span.start,
        shape=(len(split), card.height, card.width),
        range=(0, card.peak),
        labels=dict(zip(card.classes, split.class_counts.tolist(), strict=True)),
        digests=dict(split.digests),
        files={suffix: build_file_card(request, split, suffix) for suffix in FILE_FORMATS},
        links=link_split(request, split),
    )


def build_file_card(request: ApiRequest, split: Split, suffix: str) -> FileCard:
    """What to check a download against."""
    return FileCard(
        url=request.link(f"{split_path(split)}.{suffix}", rev=split.rev),
        media_type=FILE_FORMATS[suffix].media_type,
        sha256=find_checksum(split, suffix),
    )


ROUTES = tuple(
    ApiRoute(path, endpoint, tags=["cards"], model=model, media_types=("text/html",), answer_headers=LICENCE)
    for path, endpoint, model in (
        (DATASETS, list_datasets, Datasets),
        (f"{DATASETS}/{{dataset}}", get_dataset, DatasetCard),
        (SPLIT, get_split, SplitCard),
    )
)
