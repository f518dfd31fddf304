"""The pages of the cards: all datasets, a dataset, a split; and what `/` shows where no JavaScript runs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from service.api.formats import FILE_FORMATS
from service.api.links import Links, link_dataset, link_label, link_split
from service.api.pages import PAGES
from service.api.pages.sheet import Sheet, build_sheet
from service.api.schemas import DatasetCard, SplitCard
from service.data.card import Card
from service.data.dataset import Dataset
from service.data.split import Split
from service.http.request import ApiRequest

MEANINGS = {
    "rows": "flattened rows, a page at a time, in eight formats",
    "batches": "training batches, shuffled and divided among ranks",
    "plan": "how many steps and rows an epoch has",
    "order": "the order in which an epoch visits the samples",
    "labels": "count, mean and spread of every class",
    "statistics": "every pixel, and the mean and deviation that training needs",
    "grid": "many samples in one picture",
    "first_sample": "one sample as JSON, with links to its pictures and neighbours",
}
"""What the representations of a split are, by the relation of their link."""


@dataclass(frozen=True)
class SplitEntry:
    """A split in a list: number of samples, links, and the links to its files by suffix."""

    name: str
    count: int
    links: Links
    files: Mapping[str, str]


@dataclass(frozen=True)
class DatasetEntry:
    """A dataset in a list: its facts, its picture, links, and its splits."""

    card: Card
    sheet: Sheet
    links: Links
    splits: tuple[SplitEntry, ...]


def list_entries(request: ApiRequest, datasets: Iterable[Dataset]) -> Iterator[DatasetEntry]:
    """What a list of datasets shows of each."""
    for dataset in datasets:
        sheet = build_sheet(request, dataset.split(dataset.card.reference))
        splits = tuple(_describe_split(request, split) for split in dataset.splits.values())
        yield DatasetEntry(dataset.card, sheet, link_dataset(request, dataset), splits)


def _describe_split(request: ApiRequest, split: Split) -> SplitEntry:
    links = link_split(request, split)
    return SplitEntry(split.name, len(split), links, {suffix: links[suffix] for suffix in FILE_FORMATS})


def show_datasets(request: ApiRequest, datasets: Iterable[Dataset]) -> bytes:
    """The page of all datasets."""
    return PAGES.render("datasets.html", root=request.root, datasets=list_entries(request, datasets))


def show_without_scripts(request: ApiRequest, datasets: Iterable[Dataset]) -> bytes:
    """What stands on the page at `/` for a browser that runs no JavaScript."""
    return PAGES.render("without_scripts.html", root=request.root, datasets=list_entries(request, datasets))


def show_dataset(request: ApiRequest, dataset: Dataset, card: DatasetCard) -> bytes:
    """The page of a dataset."""
    sheet = build_sheet(request, dataset.split(dataset.card.reference))
    return PAGES.render("dataset.html", root=request.root, card=card, sheet=sheet)


def show_split(request: ApiRequest, split: Split, card: SplitCard) -> bytes:
    """The page of a split."""
    labels = enumerate(card.labels.items())
    return PAGES.render(
        "split.html",
        root=request.root,
        title=split.card.title,
        card=card,
        sheet=build_sheet(request, split),
        classes=[(name, count, link_label(request, split, label)) for label, (name, count) in labels],
        representations=[(relation, card.links[relation], meaning) for relation, meaning in MEANINGS.items()],
    )
