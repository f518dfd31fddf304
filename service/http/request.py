"""An ApiRequest: what a route has read from a request, and the links that its answer may carry."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from service.http.parameters import Parameters, write_query

Headers = list[tuple[bytes, bytes]]
"""Names in lower case, and values, as ASGI has them."""


class ApiRequest(Request):
    """A request whose path and query have been read.

    Attributes:
        path: the canonical path, without the root path: integers without leading zeros.
        query: the validated query parameters.
        canonical_query: the parameters that differ from their defaults, except `rev`.
        negotiated: whether `Accept` decided about the representation.
    """

    path: str
    query: Parameters
    canonical_query: Mapping[str, Any]
    negotiated: bool = False

    @property
    def root(self) -> str:
        """The path under which a proxy shows the service."""
        return self.scope.get("root_path", "")  # type: ignore[no-any-return]

    @property
    def address(self) -> str:
        """The address of the service as the client has used it, `http://host:port` with the root path."""
        host = self.header(b"host") or "{}:{}".format(*self.scope["server"])
        return f"{self.scope['scheme']}://{host}{self.root}"

    @property
    def rev(self) -> str | None:
        """The revision that the URL pins."""
        return getattr(self.query, "rev", None)

    @property
    def canonical_url(self) -> str:
        """Path and query of the resource, without root path and `rev`: equal for all ways to write them."""
        return self.path + write_query(self.canonical_query)

    def header(self, name: bytes) -> str:
        """The value of a header, its lines joined; empty where there is none. `name` is in lower case."""
        return read_header(self.scope["headers"], name)

    def link(self, path: str, **parameters: object) -> str:
        """A path-absolute link to another resource."""
        return self.root + path + write_query(parameters)

    def link_here(self, **changes: object) -> str:
        """A path-absolute link to this resource with some parameters changed."""
        return self.link(self.path, **{**self.canonical_query, **changes})


def read_header(headers: Headers, name: bytes) -> str:
    """The value of a header, its lines joined; empty where there is none. `name` is in lower case."""
    return ", ".join([value.decode("latin-1") for key, value in headers if key == name])
