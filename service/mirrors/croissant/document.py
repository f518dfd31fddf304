"""The document of a dataset: JSON-LD, of its facts, of the finished files, and of the records in them."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from service.data.card import Card
from service.http.representation import Finished
from service.mirrors.croissant.tables import TABLES, Table

Node = dict[str, Any]
"""An object of JSON-LD."""

PARQUET = "application/x-parquet"
"""What Croissant calls the encoding; it came before the registered media type."""

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"

LABEL = ("sc:Integer", "cr:Label")
"""A number that stands for a class."""

VERSION = "1.0.0"
"""The version of a dataset since it was published; the revision follows as build metadata."""

CONTEXT: Mapping[str, Any] = MappingProxyType(
    {
        "@language": "en",
        "@vocab": "https://schema.org/",
        "citeAs": "cr:citeAs",
        "column": "cr:column",
        "conformsTo": "dct:conformsTo",
        "cr": "http://mlcommons.org/croissant/",
        "data": {"@id": "cr:data", "@type": "@json"},
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        "dct": "http://purl.org/dc/terms/",
        "equivalentProperty": "cr:equivalentProperty",
        "examples": {"@id": "cr:examples", "@type": "@json"},
        "extract": "cr:extract",
        "field": "cr:field",
        "fileObject": "cr:fileObject",
        "fileProperty": "cr:fileProperty",
        "fileSet": "cr:fileSet",
        "format": "cr:format",
        "includes": "cr:includes",
        "isLiveDataset": "cr:isLiveDataset",
        "jsonPath": "cr:jsonPath",
        "key": "cr:key",
        "md5": "cr:md5",
        "parentField": "cr:parentField",
        "path": "cr:path",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "recordSet": "cr:recordSet",
        "references": "cr:references",
        "regex": "cr:regex",
        "repeated": "cr:repeated",
        "replace": "cr:replace",
        "samplingRate": "cr:samplingRate",
        "sc": "https://schema.org/",
        "separator": "cr:separator",
        "source": "cr:source",
        "subField": "cr:subField",
        "transform": "cr:transform",
    }
)
"""The context of Croissant 1.0, the same in every document; readers warn about any other."""


def describe_dataset(card: Card, address: str, finished: Mapping[str, Finished]) -> Node:
    """The document of a dataset on a server at `address`; `finished` has the finished file of each path.

    Source: Croissant Format Specification 1.0; Google Search Central, "Dataset structured data".
    """
    page, tables = f"{address}/v1/datasets/{card.name}", TABLES[card.name]
    return {
        "@context": dict(CONTEXT),
        "@type": "sc:Dataset",
        "@id": page,
        "name": card.name,
        "alternateName": card.title,
        "description": f"{card.summary} {card.description}",
        "conformsTo": CONFORMS_TO,
        "url": page,
        "sameAs": [source.url for source in card.sources],
        "license": card.licence.url,
        "citeAs": card.citation,
        "creator": [{"@type": "sc:Person", "name": name} for name in card.creators],
        "datePublished": f"{card.year}-01-01",
        "version": f"{VERSION}+{card.digest[:12]}",
        "keywords": ["handwritten digits", "image classification", card.name],
        "isAccessibleForFree": True,
        "rai:dataUseCases": card.intended_uses,
        "rai:dataLimitations": card.limitations,
        "distribution": [describe_file(table, address, finished[table.path]) for table in tables],
        "recordSet": [
            describe_classes(card),
            describe_splits(tables),
            *(describe_samples(table, len(card.splits[table.split])) for table in tables),
        ],
    }


def describe_file(table: Table, address: str, file: Finished) -> Node:
    """The file of a table, by its finished bytes."""
    return {
        "@type": "cr:FileObject",
        "@id": table.name,
        "name": table.name,
        "contentUrl": address + table.path,
        "contentSize": f"{len(file)} B",
        "encodingFormat": PARQUET,
        "sha256": file.sha256,
    }


def describe_classes(card: Card) -> Node:
    """The record set of the classes, which stand in the document."""
    return {
        "@type": "cr:RecordSet",
        "@id": "classes",
        "name": "classes",
        "description": "The class of each label.",
        "dataType": "sc:Enumeration",
        "key": {"@id": "classes/label"},
        "field": [
            {"@type": "cr:Field", "@id": "classes/label", "name": "label", "dataType": "sc:Integer"},
            {"@type": "cr:Field", "@id": "classes/name", "name": "name", "dataType": ["sc:Text", "sc:name"]},
        ],
        "data": [{"classes/label": label, "classes/name": name} for label, name in enumerate(card.classes)],
    }


def describe_splits(tables: Iterable[Table]) -> Node:
    """The record set of the splits: each names a record set of samples."""
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "description": "The splits; the samples of each are the record set of the same name.",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [{"@type": "cr:Field", "@id": "splits/name", "name": "name", "dataType": "sc:Text"}],
        "data": [{"splits/name": table.split} for table in tables],
    }


def describe_samples(table: Table, count: int) -> Node:
    """The record set of the `count` samples of a split.

    That a record is of this split cannot be a field of it: no column tells, and Croissant 1.0 has no constants.
    """
    pixels = {"description": table.explain, **table.values}
    label = {"description": "The class.", "dataType": LABEL, "references": {"field": {"@id": "classes/label"}}}
    return {
        "@type": "cr:RecordSet",
        "@id": table.split,
        "name": table.split,
        "description": f"The {count:,} samples of the split, in their order.",
        "field": [
            describe_column(table, table.column, pixels, transform=table.transform),
            describe_column(table, "label", label, transform=None),
        ],
    }


def describe_column(table: Table, column: str, facts: Node, *, transform: Mapping[str, str] | None) -> Node:
    """A field that is a column of a table, or what `transform` makes of its values; `facts` are about the field."""
    source: Node = {"fileObject": {"@id": table.name}, "extract": {"column": column}}
    if transform is not None:
        source["transform"] = transform
    return {"@type": "cr:Field", "@id": f"{table.split}/{column}", "name": column, **facts, "source": source}
