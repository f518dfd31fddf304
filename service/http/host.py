"""The rules of the `Host` header field. Knows no dataset and no server."""

import re

from starlette.types import Scope

HOST = re.compile(
    rb"(?:\[[0-9A-Fa-f:.]++(?:%[A-Za-z0-9._~-]++)?\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})++)(?::[0-9]*+)?"
)
"""`uri-host [":" port]` (RFC 9110, section 7.2; RFC 3986, section 3.2.2); possessive, so that it takes linear time."""


def find_host_fault(scope: Scope) -> str | None:
    """A sentence that says what is wrong with the `Host` header field of a request, or None.

    RFC 9112, section 3.2: a request of HTTP/1.1 has one valid `Host`; one of HTTP/1.0 may have none.
    """
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(hosts) == 1:
        if HOST.fullmatch(hosts[0].strip(b" \t")):
            return None
        return "The Host header field is not a host name or address with an optional port."
    if hosts:
        return f"The request has {len(hosts)} Host header fields; send one."
    if scope["http_version"] in ("0.9", "1.0"):
        return None
    return "The request has no Host header field; send the host and port of the URL in it."
