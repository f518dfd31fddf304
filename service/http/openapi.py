"""The OpenAPI document: what FastAPI derives from the routes, and what it cannot know."""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy, deepcopy
from threading import Lock
from types import MappingProxyType
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from service.http.problems import BY_STATUS, MEDIA_TYPE, Problem
from service.http.route import BINARY, JSON_TYPE, ApiRoute, Headers

HEADERS: Headers = {
    "ETag": ("Strong validator of these bytes.", "string"),
    "Cache-Control": ("How long the answer may be kept: for ever with `rev`.", "string"),
    "X-Request-ID": ("The request's `X-Request-ID` if it had a usable one, else a new one.", "string"),
    "Server-Timing": ("Milliseconds spent in the service.", "string"),
}
"""Headers of every successful answer."""


FILE_HEADERS: Headers = {
    "Content-Disposition": ("A file name.", "string"),
    "Repr-Digest": ("SHA-256 of the whole file (RFC 9530).", "string"),
}
"""Further headers of a file."""

PART_HEADERS: Headers = {"Content-Range": ("Which bytes these are, and of how many.", "string")}
"""Further headers of a part of an answer."""

REQUEST_HEADERS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "IfNoneMatch": ("If-None-Match", "Entity tags that the client holds: 304 where one of them is current."),
        "IfModifiedSince": ("If-Modified-Since", "A date: 304 where the file has not changed since."),
        "IfMatch": ("If-Match", "Entity tags: 412 where none of them is current."),
        "IfUnmodifiedSince": ("If-Unmodified-Since", "A date: 412 where the file has changed since."),
        "Range": ("Range", "Which bytes, such as `bytes=0-99`: 206 has them."),
        "IfRange": ("If-Range", "`Range` counts only while this entity tag is current; a date gets the whole answer."),
    }
)
"""Headers by which a request is conditional or asks for a part, by the names of their components.

They have no examples, because Swagger UI would send those.
"""

SECURITY: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "The key that the operator gave you. Where the operator gives no keys, none is read.",
        },
        "basic": {
            "type": "http",
            "scheme": "basic",
            "description": "The same key as the password, for browsers and for programs that know no tokens; any user.",
        },
    }
)
"""How a client shows its key, by the names of the components."""

OPEN = frozenset({"/livez", "/readyz", "/problems", "/problems/{name}"})
"""Paths of operations that never need a key."""

UNLIMITED = frozenset({"/livez", "/readyz"})
"""Paths of operations that are never refused for their number."""

NEVER_BUSY = frozenset({"/livez", "/metrics"})
"""Paths that are answered however much there is to do, and while the service stops."""

Schema = dict[str, Any]

ONE_AT_A_TIME = Lock()
"""FastAPI fills structures that the routes share while it describes them, so only one thread may ask it to."""


def document(
    app: FastAPI,
    names: Mapping[str, Schema] | None = None,
    links: Mapping[str, Schema] = MappingProxyType({}),
    *,
    needs_key: bool = False,
) -> Schema:
    """The OpenAPI 3.1 document of an application: of its routes below its `root_path`, the same in every process.

    `names` are facts about the schemas of components that depend on the data: their enums and examples; `links` are
    those of the answers of operations, by `operationId`. Where clients need no key, the document says that they may
    send one, so that a client that was made of it can read any service.
    """
    described = [_without_head(one) for one in app.routes if isinstance(one, ApiRoute) and one.include_in_schema]
    with ONE_AT_A_TIME:
        spec = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            routes=described,
            tags=app.openapi_tags,
            servers=[{"url": app.root_path or "/", "description": "The server that this document comes from."}],
            contact=app.contact,
            license_info=app.license_info,
        )
    spec["security"] = [*[{}] * (not needs_key), *({name: []} for name in SECURITY)]
    schemas = _add_models(spec["components"]["schemas"], described)
    for name, facts in (names or {}).items():
        schemas[name] |= facts
    for route in described:
        item = spec["paths"][route.path_format]
        for method in sorted(route.methods or ()):  # another route may have other methods of the same path
            operation = item[method.lower()]
            _finish(route, method.lower(), operation, schemas)
            if operation["operationId"] in links:
                operation["responses"]["200"]["links"] = links[operation["operationId"]]
        if route.file:
            item["head"] = describe_head(item["get"])
    spec["paths"], spec["components"] = simplify(spec["paths"]), simplify(_describe_components(spec["paths"], schemas))
    return spec


def _without_head(route: ApiRoute) -> ApiRoute:
    """A route as FastAPI describes it: it would describe HEAD as GET, under the same `operationId`."""
    documented = copy(route)
    documented.methods = (documented.methods or set()) - {"HEAD"}
    return documented


def _add_models(schemas: dict[str, Schema], routes: Sequence[ApiRoute]) -> dict[str, Schema]:
    """The schemas of FastAPI, with those of problems and of bodies, of which it does not know."""
    models = [(model, "validation") for model in (Problem, *(route.body for route in routes)) if model is not None]
    _, found = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    own = {name: schema for name, schema in schemas.items() if name not in ("HTTPValidationError", "ValidationError")}
    return dict(sorted({**own, **found["$defs"]}.items()))


def _finish(route: ApiRoute, method: str, operation: Schema, schemas: Mapping[str, Schema]) -> None:
    """Give an operation the headers that it takes and gives, and its problems."""
    data = route.path.startswith("/v1/")
    readable = data and method == "get"
    parameters = operation.setdefault("parameters", [])
    # Generated functions take the parts of a path in the order of the list, and FastAPI puts dependencies' last.
    parameters.sort(key=lambda one: route.path.find(f"{{{one['name']}}}") % len(route.path))
    for parameter in parameters:
        _finish_parameter(parameter, schemas)
    negotiated = any(parameter["name"] == "format" for parameter in parameters)
    answer = operation["responses"]["200"]
    headers = {**(HEADERS if readable else {}), **route.answer_headers, **(FILE_HEADERS if route.file else {})}
    answer["headers"] = describe_headers(headers)
    responses = {"200": answer}
    if readable:
        binary = {media: body for media, body in answer["content"].items() if body["schema"] == BINARY}
        responses["304"] = {"description": "`If-None-Match` names these bytes already."}
        if route.file or (binary and JSON_TYPE not in answer["content"]):
            # Beside JSON, a part would make the type of an answer a union in openapi-generator's TypeScript.
            part = {"description": "The part that `Range` asks for.", "content": answer["content"]}
            responses["206"] = {**part, "headers": describe_headers({**headers, **PART_HEADERS})}
        conditions = REQUEST_HEADERS if route.file else ["IfNoneMatch", *["Range", "IfRange"] * bool(binary)]
        parameters += [{"$ref": f"#/components/parameters/{name}"} for name in conditions]
    problems = ["414", "422", "431", "500", *["404"] * ("{" in route.path), *["406"] * negotiated]
    problems += [*["401"] * (route.path not in OPEN), *["429"] * (route.path not in UNLIMITED)]
    problems += ["503"] * (route.path not in NEVER_BUSY)
    if route.path in OPEN:
        operation["security"] = []
    problems += [*["409"] * data, *["412", "416"] * readable, *["413", "415"] * (method == "post")]
    responses |= {status: {"$ref": f"#/components/responses/Problem{status}"} for status in problems}
    operation["responses"] = dict(sorted(responses.items()))


def _finish_parameter(parameter: Schema, schemas: Mapping[str, Schema]) -> None:
    """Put what is said about a parameter where generators look for it.

    openapi-generator makes `Any` of a reference with anything beside it and of a union with null, so the default stands
    in the component, and description and example at the parameter. Swagger UI fills in the example.
    """
    schema = parameter["schema"]
    if "anyOf" in schema:
        schema |= next(one for one in schema.pop("anyOf") if one != {"type": "null"})
    named = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
    default, examples = schema.pop("default", None), schema.pop("examples", named.get("examples"))
    if default not in (None, []):
        named.setdefault("default", default)
    if "items" in schema:
        examples = [one] if (one := schemas[schema["items"]["$ref"].rpartition("/")[2]].get("examples")) else None
    parameter["description"] = schema.pop("description", named.get("description"))
    if examples:
        parameter["example"] = examples[0]


def describe_headers(headers: Headers) -> dict[str, Schema]:
    """Headers of an answer."""
    return {name: {"description": text, "schema": {"type": kind}} for name, (text, kind) in headers.items()}


def describe_head(get: Schema) -> Schema:
    """HEAD as an operation of its own: GET without content and parts."""
    head = deepcopy(get)
    head["operationId"] = "head_" + get["operationId"].partition("_")[2]
    head["summary"] = f"The headers of: {get['summary']}"
    for status in ("206", "416"):
        del head["responses"][status]
    del head["responses"]["200"]["content"]
    head["parameters"] = [one for one in head["parameters"] if not one.get("$ref", "").endswith("Range")]
    return head


def _describe_components(paths: Schema, schemas: Mapping[str, Schema]) -> Schema:
    """What operations have in common: schemas, the headers of requests, and the problems that one of them has."""
    operations = [operation for item in paths.values() for operation in item.values()]
    statuses = {int(status) for operation in operations for status in operation["responses"] if status >= "400"}
    parameters = {
        key: {"name": name, "in": "header", "description": text, "schema": {"type": "string"}}
        for key, (name, text) in REQUEST_HEADERS.items()
    }
    responses = {f"Problem{status}": _describe_problem(status) for status in sorted(statuses)}
    schemes = {name: dict(scheme) for name, scheme in SECURITY.items()}
    return {"schemas": schemas, "parameters": parameters, "responses": responses, "securitySchemes": schemes}


def _describe_problem(status: int) -> Schema:
    kind = BY_STATUS[status]
    # The page for browsers is left out: beside it, openapi-fetch types every error as a problem or a text.
    content = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {"description": f"{kind.title}. {kind.remedy}", "content": {MEDIA_TYPE: content}}


def simplify(part: Any) -> Any:  # noqa: ANN401 - any part of a document
    """A part of the document in those words of JSON Schema that generators understand."""
    if isinstance(part, list):
        return [simplify(one) for one in part]
    if not isinstance(part, dict):
        return part
    literal = ("default", "enum", "example", "examples")
    schema = {key: value if key in literal else simplify(value) for key, value in part.items()}
    for step in STEPS:
        step(schema)
    return schema


def prefix_names(prefix: str, values: Iterable[object]) -> dict[str, Any]:
    """Names of an enum's values in clients whose enums share one package (Go), where two have values in common."""
    return {"x-enum-varnames": [f"{prefix}_{value}".upper() for value in values]}


def drop_noise(schema: Schema) -> None:
    """openapi-python-client names a class by the title of a property, and two titles may be the same."""
    if isinstance(schema.get("title"), str):  # a property of that name is a schema
        del schema["title"]
    if schema.get("default", "") is None:  # the absence of a property, which is no value of it
        del schema["default"]


def drop_siblings(schema: Schema) -> None:
    """openapi-generator's Python makes `Any` of a reference with anything beside it."""
    if "$ref" in schema:
        for key in schema.keys() - {"$ref"}:
            del schema[key]


def write_bounds(schema: Schema) -> None:
    """Beside a validator, Pydantic leaves bounds the names that Python has for them; FastAPI makes others floats."""
    for ours, theirs in (("ge", "minimum"), ("le", "maximum")):
        if ours in schema or theirs in schema:
            schema[theirs] = int(schema.pop(ours, schema.get(theirs)))


def write_format(schema: Schema) -> None:
    """Go, Java, C# and Rust choose a type by `format`: without one, integers have 32 bits."""
    low, high = schema.get("minimum"), schema.get("maximum")
    if schema.get("type") == "integer":
        bounded = low is not None and high is not None and max(-low, high) < INT32
        schema.setdefault("format", "int32" if bounded else "int64")
        if high == INT64 - 1:
            del schema["maximum"]  # as `int64` says; Go writes it as a float, which is another number
    elif schema.get("type") == "number":
        schema.setdefault("format", "double")


def write_tuple(schema: Schema) -> None:
    """openapi-generator leaves an array untyped that has `prefixItems` without `items`; our tuples are of one type."""
    if "prefixItems" in schema:
        schema["items"] = schema.pop("prefixItems")[0]


def write_constant(schema: Schema) -> None:
    """openapi-generator ignores `const`; with a default, its Go does not compile."""
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]
        schema.pop("default", None)


def write_union(schema: Schema) -> None:
    """openapi-generator makes one class with every field of `anyOf`; of `oneOf` it makes a choice."""
    if "anyOf" in schema and {"type": "null"} not in schema["anyOf"]:
        schema["oneOf"] = schema.pop("anyOf")


INT32, INT64 = 2**31, 2**63
"""What integers of 32 and 64 bits are below."""

STEPS = (drop_noise, drop_siblings, write_bounds, write_format, write_tuple, write_constant, write_union)
"""What `simplify` does to every schema, in this order."""


def write_openapi(app: FastAPI) -> bytes:
    """The OpenAPI document as it is served and committed."""
    return orjson.dumps(app.openapi(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
