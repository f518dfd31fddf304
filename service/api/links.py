"""The links that answers carry. Links to data pin its revision."""

from service.api.formats import FILE_FORMATS
from service.data.dataset import Dataset
from service.data.split import Split
from service.http.request import ApiRequest

Links = dict[str, str]
"""Path-absolute links by relation."""

DATASETS = "/v1/datasets"
"""Where everything about the data begins."""

SPLIT = f"{DATASETS}/{{dataset}}/{{split}}"
"""The template of a split's path."""


def split_path(split: Split) -> str:
    """The path of a split."""
    return f"{DATASETS}/{split.full_name}"


def link_dataset(request: ApiRequest, dataset: Dataset) -> Links:
    """What there is about a dataset."""
    here = f"{DATASETS}/{dataset.card.name}"
    splits = {name: request.link(f"{here}/{name}", rev=dataset.rev) for name in dataset.splits}
    return {"self": request.link(here, rev=dataset.rev), **splits, "datasets": request.link(DATASETS)}


def link_split(request: ApiRequest, split: Split) -> Links:
    """Every representation of a split."""
    here = split_path(split)
    parts = ("rows", "batches", "batches/plan", "order", "labels", "statistics")
    return {
        "self": request.link(here, rev=split.rev),
        **{part.rpartition("/")[2]: request.link(f"{here}/{part}", rev=split.rev) for part in parts},
        "grid": request.link(f"{here}/grid.png", rev=split.rev),
        "first_sample": request.link(f"{here}/samples/0", rev=split.rev),
        **{suffix: request.link(f"{here}.{suffix}", rev=split.rev) for suffix in FILE_FORMATS},
        "dataset": request.link(f"{DATASETS}/{split.card.name}", rev=split.rev),
    }


def link_sample(request: ApiRequest, split: Split, index: int) -> Links:
    """What there is about a sample."""
    here = f"{split_path(split)}/samples/{index}"
    pictures = {suffix: request.link(f"{here}.{suffix}", rev=split.rev) for suffix in ("png", "webp", "svg")}
    return {
        "self": request.link(here, rev=split.rev),
        **pictures,
        "neighbors": request.link(f"{here}/neighbors", rev=split.rev),
        "row": request.link(f"{split_path(split)}/rows", offset=index, limit=1, rev=split.rev),
        "split": request.link(split_path(split), rev=split.rev),
    }


def link_label(request: ApiRequest, split: Split, label: int) -> Links:
    """What there is about a class of a split."""
    here = split_path(split)
    return {
        "rows": request.link(f"{here}/rows", label=label, rev=split.rev),
        "mean": request.link(f"{here}/labels/{label}/mean.png", rev=split.rev),
        "std": request.link(f"{here}/labels/{label}/std.png", rev=split.rev),
    }
