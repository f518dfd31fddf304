"""What generators of clients need of the OpenAPI document, as laws over all of it."""

import json
import re

import pytest

from service.api import ROUTES as API_ROUTES
from service.api.open_paths import is_health, is_open
from service.app import create_app
from service.http.openapi import document, simplify
from service.http.route import BINARY, ApiRoute
from service.mirrors import ROUTES as MIRROR_ROUTES
from service.settings import Settings
from tests.http.document import DOCUMENT, OPERATIONS, Part, list_parameters, list_schemas, resolve, walk

SCHEMAS = DOCUMENT["components"]["schemas"]

ENUMS = {
    "DatasetName", "SplitName", "Label", "Part", "Scale", "Layout", "BatchLayout", "ColorMap", "Tail", "RowFormat",
    "BatchFormat", "OrderFormat", "FileSuffix", "DType", "DocumentFormatName", "RowOrder", "MapKind",
}  # fmt: skip


def test_the_document_says_where_it_comes_from_and_that_a_key_may_be_sent_but_is_not_needed() -> None:
    assert DOCUMENT["servers"][0]["url"] == "/"
    assert DOCUMENT["security"] == [{}, {"bearer": []}, {"basic": []}]
    assert document(create_app(Settings(api_keys=(f"a:{0:064}",))), needs_key=True)["security"] == [
        {"bearer": []},
        {"basic": []},
    ]
    assert DOCUMENT["info"]["contact"]["name"]
    assert DOCUMENT["info"]["license"]["name"] == "MIT"


def test_operations_say_whether_they_need_no_key_and_are_never_refused_for_their_number() -> None:
    for operation in OPERATIONS.values():
        assert (operation.part.get("security") == []) == is_open(operation.path), operation.path
        assert ("401" in operation.part["responses"]) != is_open(operation.path)
        assert ("429" in operation.part["responses"]) != is_health(operation.path)


def test_every_schema_has_a_type() -> None:
    untyped = [one for one in list_schemas() if not {"type", "$ref", "oneOf", "anyOf"} & set(one)]
    assert untyped == []


def test_every_number_has_a_format() -> None:
    numbers = [one for one in list_schemas() if one.get("type") in ("integer", "number")]
    assert len(numbers) > 100
    for number in numbers:
        formats = ("int32", "int64") if number["type"] == "integer" else ("float", "double")
        assert number["format"] in formats
        if number["format"] == "int32":
            assert -(2**31) <= number["minimum"] <= number["maximum"] < 2**31
        assert number.get("maximum", 0) != 2**63 - 1
        assert all(isinstance(number.get(bound, 0), int) for bound in ("minimum", "maximum"))


def test_no_word_of_json_schema_is_used_that_a_generator_does_not_know() -> None:
    for schema in list_schemas():
        assert not {"prefixItems", "const", "title", "ge", "le"} & set(schema), schema
        assert schema.get("type") != "array" or "items" in schema
        assert "anyOf" not in schema or {"type": "null"} in schema["anyOf"]
        assert schema.get("default", "") is not None


def test_nothing_stands_beside_a_reference() -> None:
    assert all(set(one) == {"$ref"} for one in walk(DOCUMENT) if "$ref" in one)


def test_every_enum_of_a_parameter_is_a_component_and_a_bare_reference() -> None:
    for operation in OPERATIONS.values():
        for parameter in operation.part.get("parameters", []):
            schema = resolve(parameter)["schema"]
            assert "enum" not in schema
            assert "anyOf" not in schema
            assert schema.get("default", "") != []
            assert schema.get("items", {"$ref": ""}).keys() == {"$ref"}
    assert {name for name, schema in SCHEMAS.items() if "enum" in schema} == ENUMS


def test_datasets_splits_labels_formats_and_suffixes_have_an_enum_and_an_example_of_it() -> None:
    for operation in OPERATIONS.values():
        for parameter in list_parameters(operation.part, "path", "query"):
            if parameter["name"] in ("dataset", "split", "label", "format", "suffix"):
                values = resolve(parameter["schema"].get("items", parameter["schema"]))["enum"]
                example = parameter["example"]
                assert set(example if isinstance(example, list) else [example]) <= set(values)


def test_names_of_enum_values_are_unique_in_the_document() -> None:
    """Go's constants share one package."""
    names: list[str] = []
    for name in ENUMS:
        values = SCHEMAS[name]["enum"]
        named = SCHEMAS[name].get("x-enum-varnames", [str(value).upper() for value in values])
        assert len(named) == len(values)
        names += named
    assert len(set(names)) == len(names)


def test_json_comes_first_where_it_is_offered() -> None:
    for one in walk(DOCUMENT):
        content = one.get("content", {})
        if "application/json" in content:
            assert next(iter(content)) == "application/json"


def test_bodies_are_models_text_or_binary() -> None:
    text = re.compile(r"text/.*|application/openmetrics-text|image/svg\+xml|application/x-ndjson")
    for one in walk(DOCUMENT):
        for media, body in one.get("content", {}).items():
            if media.endswith("json") and media != "application/x-ndjson":
                assert set(body["schema"]) == {"$ref"}
            else:
                assert body["schema"] == ({"type": "string"} if text.fullmatch(media) else BINARY), media


def test_every_component_is_used() -> None:
    written = json.dumps(DOCUMENT)
    for kind, components in DOCUMENT["components"].items():
        for name in components:
            if kind != "securitySchemes":  # those are named without a reference
                assert f'"#/components/{kind}/{name}"' in written, name
    assert [name for one in DOCUMENT["security"] for name in one] == list(DOCUMENT["components"]["securitySchemes"])


def test_names_of_operations_are_short_and_those_of_the_endpoints() -> None:
    endpoints = {
        (route.path_format, method.lower()): route.endpoint.__name__
        for route in [*API_ROUTES, *MIRROR_ROUTES]
        if isinstance(route, ApiRoute)
        for method in route.accepted
    }
    assert len(OPERATIONS) == sum(len(methods) for methods in DOCUMENT["paths"].values())
    for name, operation in OPERATIONS.items():
        assert re.fullmatch(r"(get|list|take|find|download|head)(_[a-z]+){1,3}", name), name
        assert operation.method == "head" or name == endpoints[operation.path, operation.method]


def test_files_say_that_they_take_head_ranges_and_conditions() -> None:
    headers = {one["name"] for one in list_parameters(OPERATIONS["download_split"].part, "header")}
    ranges, dates = {"Range", "If-Range"}, {"If-Modified-Since", "If-Unmodified-Since"}
    assert headers == ranges | dates | {"If-None-Match", "If-Match"}
    head = OPERATIONS["head_split"].part
    assert {one["name"] for one in list_parameters(head, "header")} == headers - ranges
    assert "206" not in head["responses"]
    assert not any("content" in answer for answer in head["responses"].values())


def test_data_says_that_it_takes_conditions_and_binary_data_that_it_takes_ranges() -> None:
    for operation in OPERATIONS.values():
        if operation.path.startswith("/v1") and operation.method == "get":
            headers = {one["name"] for one in list_parameters(operation.part, "header")}
            content = operation.part["responses"]["200"]["content"]
            binary = any(body["schema"] == BINARY for body in content.values())
            assert "If-None-Match" in headers
            assert ("Range" in headers) == binary
            assert ("206" in operation.part["responses"]) == (binary and "application/json" not in content)


def test_parts_that_are_no_paths_of_their_own_are_told_apart_by_the_names_of_splits() -> None:
    assert all("." not in name for name in SCHEMAS["SplitName"]["enum"])
    assert all("/" not in name for name in SCHEMAS["FileSuffix"]["enum"])


def test_seeds_are_unsigned_integers_of_64_bits() -> None:
    for name in ("Seed", "EpochSeed"):
        assert (SCHEMAS[name]["minimum"], SCHEMAS[name]["maximum"]) == (0, 2**64 - 1)
    assert "maximum" not in SCHEMAS["UsedSeed"]


@pytest.mark.parametrize(
    ("schema", "simple"),
    [
        ({"type": "integer", "title": "N"}, {"type": "integer", "format": "int64"}),
        ({"type": "integer", "ge": 0, "le": 9}, {"type": "integer", "minimum": 0, "maximum": 9, "format": "int32"}),
        ({"type": "integer", "minimum": 0.0}, {"type": "integer", "minimum": 0, "format": "int64"}),
        ({"type": "integer", "maximum": 2**63 - 1}, {"type": "integer", "format": "int64"}),
        ({"type": "array", "prefixItems": [{"type": "string"}]}, {"type": "array", "items": {"type": "string"}}),
        ({"type": "string", "const": "a", "default": "a"}, {"type": "string", "enum": ["a"]}),
        ({"anyOf": [{"$ref": "A"}, {"type": "null"}]}, {"anyOf": [{"$ref": "A"}, {"type": "null"}]}),
        ({"anyOf": [{"$ref": "A"}, {"$ref": "B"}]}, {"oneOf": [{"$ref": "A"}, {"$ref": "B"}]}),
        ({"$ref": "A", "default": 1}, {"$ref": "A"}),
        ({"default": {"title": "kept"}, "type": "object"}, {"default": {"title": "kept"}, "type": "object"}),
        ({"properties": {"title": {"type": "string"}}}, {"properties": {"title": {"type": "string"}}}),
    ],
)
def test_a_schema_is_written_in_words_that_generators_understand(schema: Part, simple: Part) -> None:
    assert simplify(schema) == simple
