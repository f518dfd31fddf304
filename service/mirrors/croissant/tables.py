"""The tables that Croissant describes: files that other mirrors serve."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from service.data.card import Card
from service.datasets import digits
from service.mirrors import flat
from service.mirrors.huggingface.repositories import MNIST, Repository, name_shard
from service.mirrors.mirror import MirrorFile


@dataclass(frozen=True, kw_only=True)
class Table:
    """The table of a split: columns `label` and another one with the pixels.

    Attributes:
        split: the split.
        path: where another mirror serves the file.
        file: the file, as that mirror has it.
        column: the column of the pixels, which names their field as well.
        values: the type of the field in terms of Croissant.
        transform: what makes a value of the field of one of the column, if not the same.
        explain: a sentence about the field.
    """

    split: str
    path: str
    file: MirrorFile
    column: str
    values: Mapping[str, Any]
    transform: Mapping[str, str] | None = None
    explain: str

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.path.rpartition("/")[2]


def _find_pictures(repository: Repository) -> Iterator[Table]:
    """The tables of a repository of Hugging Face: a picture is one value, which readers decode when it is needed."""
    card = repository.card
    for name, split in repository.splits.items():
        shard = name_shard(card, name)
        yield Table(
            split=split,
            path=repository.locate(shard),
            file=repository.files[shard],
            column="image",
            values={"dataType": "sc:ImageObject"},
            transform={"jsonPath": "bytes"},
            explain=f"A grey picture of {card.width}×{card.height} pixels, whose greys are the original values.",
        )


def _find_numbers(card: Card, split: str) -> Table:
    """A table of numbers, which are the original values also where these are no greys of a picture."""
    path = f"{flat.ROOT}/{card.name}_{split}.parquet"
    return Table(
        split=split,
        path=path,
        file=flat.MIRROR.files[path],
        column="pixels",
        values={"dataType": "cr:UInt8", "repeated": True},
        explain=f"{card.height}×{card.width} values of 0…{card.peak}, row by row.",
    )


TABLES: Mapping[str, tuple[Table, ...]] = MappingProxyType(
    {"mnist": tuple(_find_pictures(MNIST)), "digits": (_find_numbers(digits.CARD, "all"),)}
)
"""The tables that are described. mlcroissant converts numbers one by one: those of MNIST would take it minutes."""
