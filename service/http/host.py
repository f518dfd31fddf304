"""The rules of the `Host` header field, and of targets that name a host themselves. Knows no dataset and no server."""

import re
from functools import lru_cache
from urllib.parse import unquote

from starlette.types import Scope

HOST = re.compile(
    rb"(?:\[[0-9A-Fa-f:.]++(?:%[A-Za-z0-9._~-]++)?\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})++)(?::[0-9]*+)?"
)
"""`uri-host [":" port]` (RFC 9110, section 7.2; RFC 3986, section 3.2.2); possessive, so that it takes linear time."""


@lru_cache(maxsize=256)
def is_valid(host: bytes) -> bool:
    """Whether the value of a `Host` header field is valid."""
    return HOST.fullmatch(host.strip(b" \t")) is not None


def find_host_fault(hosts: list[bytes], version: str) -> str | None:
    """A sentence that says what is wrong with the `Host` header fields of a request in a version of HTTP, or None.

    RFC 9112, section 3.2: a request of HTTP/1.1 has one valid `Host`; one of HTTP/1.0 may have none.
    """
    if len(hosts) == 1:
        if is_valid(hosts[0]):
            return None
        return "The Host header field is not a host name or address with an optional port."
    if hosts:
        return f"The request has {len(hosts)} Host header fields; send one."
    if version == "1.0":
        return None
    return "The request has no Host header field; send the host and port of the URL in it."


ABSOLUTE_FORM = re.compile(rb"(https?)://([^/?#]*+)([^?]*+)", re.IGNORECASE)
"""Scheme, host and path of a target in absolute form (RFC 9112, section 3.2.2), which has lost its query."""


def split_absolute_target(scope: Scope) -> Scope:
    """The scope of a request whose target is a whole URL as if it were a path; of any other, the same scope.

    Scheme and host of the target replace those of the connection and of a valid `Host` field (RFC 9112, section 3.2.2);
    an empty path is `/` (RFC 9110, section 4.2.3). A root path that the server has put before the target stays.
    """
    root, target = scope.get("root_path", "").encode(), scope["raw_path"]
    found = ABSOLUTE_FORM.fullmatch(target.removeprefix(root))
    if found is None:
        return scope
    scheme, host, path = found.groups()
    raw_path = (root if target.startswith(root) else b"") + (path or b"/")
    headers = scope["headers"]
    if find_host_fault([value for name, value in headers if name == b"host"], scope["http_version"]) is None:
        headers = [(b"host", host), *(field for field in headers if field[0] != b"host")]
    decoded = {"raw_path": raw_path, "path": unquote(raw_path.decode("ascii")), "headers": headers}
    return {**scope, **decoded, "scheme": scheme.decode().lower()}
