"""An ApiRoute: FastAPI's route, with one strict reading of the request and the executor behind it.

An endpoint is declared as in any FastAPI application (`Depends`, `Query`, `Path`), and FastAPI documents it from that.
FastAPI's own resolving of a query model costs more than drawing a digit, so the declaration is compiled once, and the
query string validated once by the same model. A dependency may take the request and parameters of the path.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar, get_type_hints

from fastapi import params
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.http.executor import Executor
from service.http.parameters import Parameters, read, read_integer, unwrap
from service.http.representation import TEXT_TYPES, MediaFormat, Representation
from service.http.request import ApiRequest

Endpoint = Callable[..., Representation]
"""A pure, synchronous function from the values of a request to a Representation."""

T = TypeVar("T")

JSON_TYPE = "application/json"
"""The media type whose schema is a route's model."""

TEXT = {"type": "string"}
BINARY = {"type": "string", "format": "binary"}
"""How a document describes bodies that are not JSON: a generated client decodes text, and keeps binary bytes."""

Resolve = Callable[[ApiRequest], Any]
"""What gives the argument for one parameter of an endpoint; a coroutine where it has to wait."""


Headers = Mapping[str, tuple[str, str]]
"""Headers of an answer as the OpenAPI document describes them: a sentence and a type of JSON Schema, by name."""


class ApiRoute(APIRoute):
    """A route whose endpoint returns a Representation. It takes GET and HEAD, or the `methods` given.

    Attributes:
        answer_headers: headers that its answers have, besides those of all answers.
        file: whether its answers are files, whose HEAD is an operation of its own in the OpenAPI document.
        body: the model of a request's body as JSON, where it takes one.
    """

    def __init__(
        self,
        path: str,
        endpoint: Endpoint,
        *,
        model: type[BaseModel] | None = None,
        media_types: Iterable[str | MediaFormat] = (),
        body: type[BaseModel] | None = None,
        body_types: Iterable[str] = (),
        answer_headers: Headers = MappingProxyType({}),
        file: bool = False,
        **facts: Any,  # noqa: ANN401 - FastAPI's own
    ) -> None:
        """Document an endpoint by its name, signature and docstring, and by what its answer and its body can be.

        `model` is an answer as JSON and `media_types` are others; `body` and `body_types` likewise.
        """
        names = [one if isinstance(one, str) else one.media_type for one in media_types]
        answer = {"content": describe_content(names, None if model is None else {})}
        defaults = {
            "methods": ["GET", "HEAD"],
            "operation_id": getattr(endpoint, "__name__", None),
            "response_class": Response,
            "response_model": None,
            "responses": {200: answer if model is None else {"model": model, **answer}},
            "summary": re.split(r"[.:;\n]", endpoint.__doc__ or "")[0],
        }
        if body is not None:
            content = describe_content(body_types, {"$ref": f"#/components/schemas/{body.__name__}"})
            defaults["openapi_extra"] = {"requestBody": {"required": True, "content": content}}
        self.answer_headers, self.file, self.body = answer_headers, file, body
        super().__init__(path, endpoint, **{**defaults, **facts})
        self.ending = path.rpartition("}")[2]
        self.accepted = frozenset(self.methods or ())
        self.integers = find_integers(endpoint)
        self.steps = compile_signature(endpoint)
        self.waiting = find_waiting(endpoint)
        # FastAPI's hook for this, `get_route_handler`, runs in two exit stacks and takes 7 % of a small answer.
        self.app = self.answer

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read a request strictly, call the endpoint, and send what the executor makes of its representation."""
        request = ApiRequest(scope, receive)
        values = scope["path_params"]
        for name in self.integers:
            values[name] = read_integer(name, values[name])
        request.path = self.path_format.format_map(values)
        arguments = await self._wait_for_arguments(request) if self.waiting else self._resolve(request)
        arguments.pop(NAMELESS, None)
        executor: Executor = scope["state"]["executor"]
        response = await executor.execute(request, self.endpoint(**arguments))
        await response(scope, receive, send)

    def _resolve(self, request: ApiRequest) -> dict[str, Any]:
        """The arguments of the endpoint."""
        return {name: resolve(request) for name, resolve in self.steps}

    async def _wait_for_arguments(self, request: ApiRequest) -> dict[str, Any]:
        """The arguments of the endpoint, of which some have to be waited for; each in its turn."""
        arguments = {}
        for name, resolve in self.steps:
            arguments[name] = await resolve(request) if name in self.waiting else resolve(request)
        return arguments


def describe_content(media_types: Iterable[str], json: dict[str, str] | None) -> dict[str, dict[str, Any]]:
    """Bodies by media type, with JSON of the schema `json` first: openapi-generator's clients ask for the first one."""
    content = {} if json is None else {JSON_TYPE: {"schema": json} if json else {}}
    for media in media_types:
        content.setdefault(media, {"schema": dict(TEXT if media.partition(";")[0] in TEXT_TYPES else BINARY)})
    return content


NAMELESS = ""
"""The name of a step that gives no argument."""


def compile_signature(endpoint: Endpoint) -> list[tuple[str, Resolve]]:
    """How to get each argument of an endpoint, in the order of its signature: the order in which requests are refused.

    An endpoint without a query model takes no query parameters; a step without a name makes sure of that.
    """
    hints = get_type_hints(endpoint, include_extras=True)
    steps = [(name, _compile_parameter(name, hints[name])) for name in inspect.signature(endpoint).parameters]
    if not any(_find(hint, params.Query) for hint in hints.values()):
        steps.append((NAMELESS, partial(_read_query, Parameters)))
    return steps


def _compile_parameter(name: str, hint: Any) -> Resolve:  # noqa: ANN401 - an annotation
    """How to get one argument, by its annotation."""
    dependency = _find_dependency(hint)
    if dependency is not None:
        return _compile_dependency(dependency)
    if _find(hint, params.Query):
        return partial(_read_query, hint.__origin__)
    if isinstance(hint, type) and issubclass(hint, ApiRequest):
        return lambda request: request
    return lambda request: request.path_params[name]


def _compile_dependency(dependency: Callable[..., Any]) -> Resolve:
    """How to call a dependency."""
    hints = _find_hints(dependency)
    if len(hints) == 1 and all(isinstance(hint, type) and issubclass(hint, ApiRequest) for hint in hints.values()):
        return dependency
    arguments = [(name, _compile_parameter(name, hint)) for name, hint in hints.items()]
    return lambda request: dependency(**{name: resolve(request) for name, resolve in arguments})


def _read_query(model: type[Parameters], request: ApiRequest) -> Parameters:
    text = request.scope["query_string"]
    request.query = query = read(model, text)
    request.canonical_query = query.canonical() if text else {}
    return query


def find_waiting(endpoint: Endpoint) -> list[str]:
    """The parameters whose dependency is a coroutine function, such as one that reads the body."""
    found = ((name, _find_dependency(hint)) for name, hint in _find_hints(endpoint).items())
    return [name for name, dependency in found if inspect.iscoroutinefunction(dependency)]


def find_integers(endpoint: Callable[..., Any]) -> frozenset[str]:
    """The parameters of the path that are integers, of an endpoint and its dependencies."""
    found: set[str] = set()
    for name, hint in _find_hints(endpoint).items():
        dependency = _find_dependency(hint)
        if dependency is not None:
            found |= find_integers(dependency)
        elif _find(hint, params.Path) and unwrap(hint) is int:
            found.add(name)
    return frozenset(found)


def _find_hints(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotations of a function's, or a callable object's, parameters."""
    target = function if inspect.isfunction(function) else type(function).__call__
    hints = get_type_hints(target, include_extras=True)
    return {name: hint for name, hint in hints.items() if name != "return"}


def _find_dependency(hint: Any) -> Callable[..., Any] | None:  # noqa: ANN401 - an annotation
    """The dependency that an annotation declares, if it does."""
    depends = _find(hint, params.Depends)
    return None if depends is None else depends.dependency


def _find(hint: Any, kind: type[T]) -> T | None:  # noqa: ANN401 - an annotation
    """What FastAPI's `kind` of declaration an annotation carries."""
    return next((one for one in getattr(hint, "__metadata__", ()) if isinstance(one, kind)), None)
