"""The OpenAPI document as tests read it."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

from service.app import create_app
from service.http.openapi import write_openapi

Part = dict[str, Any]

DOCUMENT: Part = json.loads(write_openapi(create_app()))


class Operation(NamedTuple):
    """What the document says of one method of a path."""

    path: str
    method: str
    part: Part


OPERATIONS: dict[str, Operation] = {
    part["operationId"]: Operation(path, method, part)
    for path, methods in DOCUMENT["paths"].items()
    for method, part in methods.items()
}
"""Every operation by its name."""


def resolve(part: Part, document: Part = DOCUMENT) -> Part:
    """A part of the document, or what it refers to."""
    while "$ref" in part:
        found: Any = document
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def list_parameters(operation: Part, *places: str) -> list[Part]:
    """The parameters of an operation with all references resolved, of all places or some: path, query, header."""
    found = [resolve(one) for one in operation.get("parameters", ())]
    return [{**one, "schema": resolve(one["schema"])} for one in found if one["in"] in places or not places]


def walk(part: object) -> Iterator[Part]:
    """Every object of the document that is no example and no default."""
    if isinstance(part, dict):
        yield part
        for key, value in part.items():
            if key not in ("default", "enum", "example", "examples"):
                yield from walk(value)
    elif isinstance(part, list):
        for one in part:
            yield from walk(one)


def list_schemas() -> list[Part]:
    """Every schema of the document, those inside schemas included."""
    keys = ("items", "schema", "additionalProperties")
    found = [one[key] for one in walk(DOCUMENT) for key in keys if isinstance(one.get(key), dict)]
    found += [part for one in walk(DOCUMENT) for key in ("oneOf", "anyOf") for part in one.get(key, ())]
    found += [
        part for one in walk(DOCUMENT) if one.get("type") == "object" for part in one.get("properties", {}).values()
    ]
    return found + list(DOCUMENT["components"]["schemas"].values())


def write_values(values: Part) -> str:
    """Values of parameters as a query with its question mark."""
    return "?" + urlencode(
        {name: str(one).lower() if isinstance(one, bool) else one for name, one in values.items()}, doseq=True
    )
