"""How an answer leads to further operations, for tools that follow the OpenAPI document instead of links in answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

DATASET = {"path.dataset": "$request.path.dataset"}
SPLIT = {**DATASET, "path.split": "$request.path.split"}
"""The same dataset, the same split."""

REV = {"query.rev": "$response.body#/rev"}
"""The revision of an answer."""


@dataclass(frozen=True)
class OperationLink:
    """A link of an answer as JSON: the operation that it leads to, and where its parameters come from.

    Source: OpenAPI 3.1, Link Object and Runtime Expressions.
    """

    name: str
    operation: str
    description: str
    parameters: Mapping[str, str]

    def describe(self) -> dict[str, Any]:
        """The link as the document has it."""
        return {
            "operationId": self.operation,
            "description": self.description,
            "parameters": dict(self.parameters),
        }


def link_sample(place: str) -> OperationLink:
    """A link to the sample whose index is at a place of an answer."""
    parameters = {**SPLIT, "path.index": f"$response.body#/{place}", **REV}
    return OperationLink("sample", "get_sample", "The first of these samples.", parameters)


def link_split(name: str, operation: str, description: str) -> OperationLink:
    """A link to something about the same split."""
    return OperationLink(name, operation, description, {**SPLIT, **REV})


LINKS: Mapping[str, tuple[OperationLink, ...]] = MappingProxyType(
    {
        "list_datasets": (
            OperationLink(
                "dataset",
                "get_dataset",
                "The card of the first dataset.",
                {"path.dataset": "$response.body#/datasets/0/name", "query.rev": "$response.body#/datasets/0/rev"},
            ),
        ),
        "get_dataset": (
            OperationLink(
                "split", "get_split", "The card of the whole dataset.", {**DATASET, "path.split": "all", **REV}
            ),
        ),
        "get_split": (
            link_split("rows", "get_rows", "Its rows, a page at a time."),
            link_split("labels", "get_labels", "Statistics of its labels."),
            link_split("statistics", "get_statistics", "Statistics of its columns."),
            link_split("plan", "get_epoch_plan", "What an epoch of it will be."),
            link_split("batches", "get_batches", "Its first batch."),
        ),
        "get_rows": (link_sample("rows/0/index"),),
        "get_grid_map": (link_sample("tiles/0/index"),),
        "get_projection": (link_sample("points/0/index"),),
        "get_drawing_neighbors": (link_sample("neighbors/0/index"),),
        "find_drawing_neighbors": (link_sample("neighbors/0/index"),),
        "get_neighbors": (link_sample("neighbors/0/index"),),
        "get_sample": tuple(
            OperationLink(name, operation, text, {**SPLIT, "path.index": "$response.body#/index", **REV})
            for name, operation, text in (
                ("neighbors", "get_neighbors", "The samples that are nearest to it."),
                ("picture", "get_sample_png", "It as a picture."),
            )
        ),
        "get_labels": tuple(
            OperationLink(name, operation, text, {**SPLIT, "path.label": "$response.body#/labels/0/label", **REV})
            for name, operation, text in (
                ("mean", "get_label_mean_png", "The mean picture of the first label."),
                ("spread", "get_label_std_png", "The spread of the first label as a picture."),
            )
        ),
    }
)
"""Links by the operation whose answer has them."""

DESCRIBED_LINKS = {name: {link.name: link.describe() for link in links} for name, links in LINKS.items()}
"""The same as the document has them."""
