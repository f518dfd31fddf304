"""A Route: FastAPI's, which documents what an endpoint's signature says, with one strict reading of the request.

FastAPI resolves every parameter on its own, which costs more than drawing a digit; here the path is matched once
and the query string validated once, by the same models that FastAPI documents.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, get_type_hints

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from service.web.catalog import Catalog, Kept
from service.web.negotiation import coding
from service.web.parameters import Parameters, integer, query_text, read


def template(scope: Scope) -> str:
    """The path template of the route that took a request; empty where none did."""
    return getattr(scope.get("route"), "path", "")


class Asked(Request):
    """A request whose parameters are known: the canonical resource, and what its representation depends on."""

    path: str
    """Canonical path, without the root path: integers without leading zeros."""

    given: Mapping[str, Any]
    """The canonical query: parameters that differ from their defaults, without `rev`."""

    rev: str | None
    """The revision that the URL pins."""

    @property
    def kept(self) -> Kept:
        """What the application keeps."""
        return self.scope["state"]  # type: ignore[no-any-return]

    @property
    def catalog(self) -> Catalog:
        """The datasets."""
        return self.kept["catalog"]

    @property
    def root(self) -> str:
        """The path under which a proxy shows the service."""
        return self.scope.get("root_path", "")  # type: ignore[no-any-return]

    @property
    def target(self) -> str:
        """The canonical URL: path and query, without root path and `rev`."""
        return self.path + query_text(self.given)

    @property
    def coding(self) -> str:
        """The content coding that a text representation is to have."""
        return coding(self.header(b"accept-encoding"))

    def header(self, name: bytes) -> str:
        """A header's value, its lines joined; empty where it is not there. `name` is in lower case."""
        return ", ".join([value.decode("latin-1") for key, value in self.scope["headers"] if key == name])

    def link(self, path: str, **parameters: object) -> str:
        """A path-absolute link to another resource."""
        return self.root + path + query_text(parameters)


class Route(APIRoute):
    """A route whose endpoint takes the Asked, the path's parameters, and (last, if at all) a `query` model."""

    def __init__(self, path: str, endpoint: Callable[..., Awaitable[Response]], **facts: Any) -> None:  # noqa: ANN401
        """Document the endpoint by its docstring and signature, and by what FastAPI's routes take besides."""
        summary = re.split(r"[.:;\n]", endpoint.__doc__ or "")[0]
        super().__init__(path, endpoint, **{"response_class": Response, "summary": summary, **facts})
        hints = get_type_hints(endpoint)
        self.takes_query = "query" in hints
        self.model: type[Parameters] = hints.get("query", Parameters)
        self.integers = frozenset(name for name, kind in hints.items() if kind is int)
        self.app = self.answer

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read a request strictly, call the endpoint, and send what it gives."""
        values: dict[str, Any] = dict(scope["path_params"])
        for name in self.integers:
            values[name] = integer(name, values[name])
        query = read(self.model, scope["query_string"])
        asked = Asked(scope, receive)
        asked.path = self.path_format.format_map(values)
        asked.given, asked.rev = query.given(), getattr(query, "rev", None)
        if self.takes_query:
            values["query"] = query
        response: Response = await self.endpoint(asked, **values)
        await response(scope, receive, send)
