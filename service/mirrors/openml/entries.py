"""What OpenML says of the datasets: numbers, names, features and qualities, as values of JSON. Knows no request."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from service.data.card import Card
from service.datasets.digits import CARD as DIGITS
from service.datasets.mnist import CARD as MNIST

TARGET = "class"
"""The column that is to be predicted, the last one."""

Values = Mapping[str, object]
"""An object of JSON, or an element of XML: its members are texts, objects, and lists of these."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A dataset as OpenML numbers and names it, in one version.

    `number` is the identifier of the dataset, `file_number` that of its file; `pixels` are the names of its columns
    but for the last. The samples are those of split `all`, in its order.
    """

    card: Card
    number: int
    file_number: int
    name: str
    pixels: tuple[str, ...]
    version: int = 1

    @property
    def samples(self) -> int:
        """Number of rows."""
        return len(self.card.splits["all"])

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns."""
        return (*self.pixels, TARGET)

    def summarize(self) -> Values:
        """What a list has of it."""
        return {
            "did": self.number,
            "name": self.name,
            "version": self.version,
            "status": "active",
            "format": "ARFF",
            "file_id": self.file_number,
        }

    def describe(self, *, arff: str, parquet: str, md5: str) -> Values:
        """What describes it: where its files are, and the MD5 of the one as ARFF."""
        card = self.card
        return {
            "id": str(self.number),
            "name": self.name,
            "version": str(self.version),
            "description": f"{card.title}. {card.summary} {card.description}",
            "format": "ARFF",
            "creator": list(card.creators),
            "collection_date": str(card.year),
            "language": "English",
            "licence": card.licence.name,
            "url": arff,
            "parquet_url": parquet,
            "file_id": str(self.file_number),
            "default_target_attribute": TARGET,
            "citation": card.citation,
            "visibility": "public",
            "original_data_url": card.sources[0].url,
            "minio_url": parquet,
            "status": "active",
            "md5_checksum": md5,
        }

    def list_features(self) -> Iterable[Values]:
        """What it says of each column."""
        common = {"is_ignore": "false", "is_row_identifier": "false", "number_of_missing_values": "0"}
        for index, name in enumerate(self.pixels):
            yield {"index": str(index), "name": name, "data_type": "numeric", "is_target": "false", **common}
        yield {
            "index": str(len(self.pixels)),
            "name": TARGET,
            "data_type": "nominal",
            "nominal_value": list(self.card.classes),
            "is_target": "true",
            **common,
        }

    def list_qualities(self) -> Iterable[Values]:
        """Numbers that describe it: of rows, of columns, of classes."""
        numbers = {
            "NumberOfInstances": self.samples,
            "NumberOfFeatures": len(self.columns),
            "NumberOfClasses": len(self.card.classes),
            "NumberOfNumericFeatures": len(self.pixels),
            "NumberOfSymbolicFeatures": 1,
            "NumberOfMissingValues": 0,
            "NumberOfInstancesWithMissingValues": 0,
        }
        return ({"name": name, "value": f"{number:.1f}"} for name, number in numbers.items())


ENTRIES: Mapping[int, Entry] = MappingProxyType(
    {
        entry.number: entry
        for entry in (
            Entry(
                card=MNIST,
                number=554,
                file_number=52_667,
                name="mnist_784",
                pixels=tuple(f"pixel{number}" for number in range(1, 785)),
            ),
            Entry(
                card=DIGITS,
                number=1_000_001,
                file_number=1_000_001,
                name="digits",
                pixels=tuple(f"pixel{number}" for number in range(1, 65)),
            ),
        )
    }
)
"""Datasets by number. That of the digits is none of OpenML's, whose `optdigits` has other samples as well."""
