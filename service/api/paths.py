"""Where things are: the parameters of paths, and the links that answers carry. Links to data pin its revision."""

from typing import Annotated

from fastapi import Path

from service.data.dataset import Dataset
from service.formats import FORMATS
from service.web.parameters import LARGEST
from service.web.route import Asked
from service.web.schemas import Links

DatasetName = Annotated[str, Path(description="name of a dataset: `mnist` or `digits`", examples=["mnist"])]
SplitName = Annotated[str, Path(description="`train`, `test` or `all` for mnist; `all` for digits", examples=["test"])]
Index = Annotated[int, Path(description="position within the split, from 0", ge=0, le=LARGEST, examples=[0])]
LabelNumber = Annotated[int, Path(description="number of a class, from 0", ge=0, le=LARGEST, examples=[3])]

DATASETS = "/v1/datasets"
"""Where everything about the data begins."""

FILES = {
    one.suffix: one for one in map(FORMATS.__getitem__, ("parquet", "arrow-file", "arrow", "npz", "csv", "ndjson"))
}
"""The formats in which a whole split can be downloaded, by suffix."""


def dataset_links(asked: Asked, data: Dataset) -> Links:
    """What there is about a dataset."""
    here = f"{DATASETS}/{data.card.name}"
    splits = {split: asked.link(f"{here}/{split}", rev=data.rev) for split in data.card.splits}
    return {"self": asked.link(here, rev=data.rev), **splits, "datasets": asked.link(DATASETS)}


def split_links(asked: Asked, data: Dataset, split: str) -> Links:
    """Every representation of a split."""
    here = f"{DATASETS}/{data.card.name}/{split}"
    files = {suffix: asked.link(f"{here}.{suffix}", rev=data.rev) for suffix in FILES}
    parts = ("rows", "batches", "batches/plan", "order", "labels", "statistics")
    return {
        "self": asked.link(here, rev=data.rev),
        **{part.rpartition("/")[2]: asked.link(f"{here}/{part}", rev=data.rev) for part in parts},
        "grid": asked.link(f"{here}/grid.png", rev=data.rev),
        "first_sample": asked.link(f"{here}/samples/0", rev=data.rev),
        **files,
        "dataset": asked.link(f"{DATASETS}/{data.card.name}", rev=data.rev),
    }


def sample_links(asked: Asked, data: Dataset, split: str, index: int) -> Links:
    """What there is about a sample."""
    here = f"{DATASETS}/{data.card.name}/{split}/samples/{index}"
    return {
        "self": asked.link(here, rev=data.rev),
        "png": asked.link(f"{here}.png", rev=data.rev),
        "webp": asked.link(f"{here}.webp", rev=data.rev),
        "svg": asked.link(f"{here}.svg", rev=data.rev),
        "neighbors": asked.link(f"{here}/neighbors", rev=data.rev),
        "row": asked.link(f"{DATASETS}/{data.card.name}/{split}/rows", offset=index, limit=1, rev=data.rev),
        "split": asked.link(f"{DATASETS}/{data.card.name}/{split}", rev=data.rev),
    }


def label_links(asked: Asked, data: Dataset, split: str, label: int) -> Links:
    """What there is about a class of a split."""
    here = f"{DATASETS}/{data.card.name}/{split}"
    return {
        "rows": asked.link(f"{here}/rows", label=label, rev=data.rev),
        "mean": asked.link(f"{here}/labels/{label}/mean.png", rev=data.rev),
        "std": asked.link(f"{here}/labels/{label}/std.png", rev=data.rev),
    }
