"""The types of the JavaScript module (`client.d.ts`) are those of the OpenAPI document."""

import re
from typing import Any

import pytest

from tests.http.document import DOCUMENT, OPERATIONS, list_parameters, resolve
from tests.processes import ROOT

TYPES = (ROOT / "service" / "explorer" / "client.d.ts").read_text(encoding="utf-8")

SCHEMAS = DOCUMENT["components"]["schemas"]

INTERFACE = re.compile(r"^export interface (\w+)(?: extends ([\w, ]+))? \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"^    (\w+)(\??): (.*?);$", re.MULTILINE)

OTHER_NAMES = {"ProjectionPage": "Projection"}
"""Names in the module of what the document names otherwise."""

OF_DATA = {"DatasetName": "string", "SplitName": "string"}
"""Types whose values depend on which datasets are served."""

ANSWERS = (
    "FileCard", "SplitCard", "Standardization", "Licence", "Reference", "Returned", "Loader", "DatasetCard", "Row",
    "RowsPage", "Sample", "Neighbor", "LabelStatistics", "Tile", "SheetMap", "Point", "ProjectionPage", "Moments",
    "LabelColumn", "PixelColumn", "Column", "PixelStatistics", "Statistics", "EpochPlan",
)  # fmt: skip
"""Answers that functions of the module return."""

OWN = {"signal", "retries", "type"}
"""Options of the module that are no parameters of the service."""

FIXED = {"format"}
"""Parameters that the module sets itself."""

OPTIONS = {
    "list rows": (["Choice", "Waiting"], "get_rows", {"offset", "limit", "scale", "layout"}),
    "projection": (["MapOptions"], "get_projection", set()),
    "sheet": (["SheetOptions"], "get_grid_png", set()),
    "picture": (["PictureOptions"], "get_sample_png", set()),
    "batches": (["BatchOptions"], "get_batches", set()),
    "plan": (["EpochOptions"], "get_epoch_plan", {"scale", "layout", "steps"}),
    "take": (["TakeOptions"], "take_rows", set()),
}
"""Interfaces of options, the operation that they are of, and its parameters that are told elsewhere or of no use."""


def read_interfaces() -> dict[str, dict[str, str]]:
    """The fields of each interface with their types, inherited ones included."""
    found: dict[str, dict[str, str]] = {}
    for name, parents, body in INTERFACE.findall(TYPES):
        inherited = [found[parent.strip()] for parent in parents.split(",") if parent]
        own = {field: kind + (" | undefined" if optional else "") for field, optional, kind in FIELD.findall(body)}
        found[name] = {key: value for fields in (*inherited, own) for key, value in fields.items()}
    return found


INTERFACES = read_interfaces()


def write_type(schema: dict[str, Any]) -> str:  # noqa: PLR0911 - one for each kind of schema
    """A schema of the document as TypeScript has it."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name in OF_DATA:
            return OF_DATA[name]
        named = SCHEMAS[name]
        return write_type(named) if named.get("type") != "object" else OTHER_NAMES.get(name, name)
    if "enum" in schema:
        return " | ".join(f'"{value}"' for value in schema["enum"])
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return " | ".join(write_type(one) for one in schema[word])
    match schema["type"]:
        case "integer" | "number":
            return "number"
        case "array":
            item = write_type(schema["items"])
            fixed = schema.get("minItems")
            return f"[{', '.join([item] * fixed)}]" if fixed and fixed == schema.get("maxItems") else f"{item}[]"
        case "object":
            return f"Record<string, {write_type(schema['additionalProperties'])}>"
    return str(schema["type"])


def expand(kind: str) -> str:
    """A type with its short names written out."""
    return re.sub(
        r"\bLinks\b", "Record<string, string>", re.sub(r"\bPageLinks\b", "Record<string, string | null>", kind)
    )


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_has_the_fields_and_types_of_the_document(name: str) -> None:
    described = {field: write_type(schema) for field, schema in SCHEMAS[name]["properties"].items()}
    declared = {field: expand(kind) for field, kind in INTERFACES[OTHER_NAMES.get(name, name)].items()}
    assert declared == described


def test_no_type_of_an_answer_is_left_open() -> None:
    assert "unknown;" not in "".join(body for _, _, body in INTERFACE.findall(TYPES))


@pytest.mark.parametrize("name", OPTIONS)
def test_options_are_the_parameters_of_the_operation(name: str) -> None:
    interfaces, operation, elsewhere = OPTIONS[name]
    declared = {field for one in interfaces for field in INTERFACES[one]}
    parameters = {one["name"] for one in list_parameters(OPERATIONS[operation].part, "query")}
    assert elsewhere <= parameters
    assert declared - OWN == parameters - elsewhere - FIXED


def test_values_of_options_are_those_of_the_document() -> None:
    pairs = {
        "Part": ("Subset", "part"),
        "Tail": ("EpochOptions", "tail"),
        "Scale": ("Encoding", "scale"),
        "Layout": ("Encoding", "layout"),
    }
    for schema, (interface, field) in pairs.items():
        declared = set(re.findall(r'"(\w+)"', INTERFACES[interface][field]))
        assert declared == set(SCHEMAS[schema]["enum"])
    maps = re.search(r"type ColourMap = ([^;]*);", TYPES)
    assert maps is not None
    assert set(re.findall(r'"(\w+)"', maps[1])) == set(resolve({"$ref": "#/components/schemas/ColorMap"})["enum"])
