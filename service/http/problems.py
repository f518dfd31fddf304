"""Problems: the one shape of every error (RFC 9457), and the one table from exception to status."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from service.errors import EndOfEpoch, Refused, ServiceError, Unknown, quote
from service.http import pages
from service.http.accept import prefers_html

MEDIA_TYPE = "application/problem+json"
"""RFC 9457, section 3."""


class Fault(BaseModel):
    """One thing wrong with a request: where it stands, what it is called, and what would be right."""

    model_config = ConfigDict(populate_by_name=True)

    place: str = Field(alias="in", description="`query`, `path`, `header` or `body`", examples=["query"])
    name: str = Field(examples=["limit"])
    reason: str = Field(examples=["must be an integer of at least 1, not '0'"])


class Problem(BaseModel):
    """Why a request was not answered, and what to do (RFC 9457)."""

    type: str = Field(description="path of the page that explains this kind", examples=["/problems/invalid-request"])
    title: str = Field(examples=["The request is malformed"])
    status: int = Field(examples=[422])
    detail: str = Field(description="a sentence that says what to do", examples=["limit must be at least 1."])
    instance: str = Field(description="the path that was asked for", examples=["/v1/datasets/mnist/train/rows"])
    errors: list[Fault] | SkipJsonSchema[None] = Field(None, description="with status 422: every fault that was found")


@dataclass(frozen=True)
class Kind:
    """A kind of problem: its name in `/problems/{name}`, status, title, and what to do about it."""

    name: str
    status: HTTPStatus
    title: str
    remedy: str


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            Kind(
                "bad-request",
                HTTPStatus.BAD_REQUEST,
                "The request is not valid HTTP",
                "The message breaks a rule of HTTP/1.1 (RFC 9112); `detail` names it. Most HTTP libraries never send "
                "such a request, so look for code that writes header fields itself, or for a broken proxy.",
            ),
            Kind(
                "invalid-request",
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "The request is malformed",
                "A parameter is unknown, repeated, missing or out of range. `errors` names each one, where it stands, "
                "and what would be accepted. Nothing is ever rounded or cut to fit.",
            ),
            Kind(
                "unauthorized",
                HTTPStatus.UNAUTHORIZED,
                "A key is needed",
                "The operator of this service gives keys to its clients. Send yours as `Authorization: Bearer KEY`, or "
                "as the password of Basic authentication, with any user.",
            ),
            Kind(
                "unknown-resource",
                HTTPStatus.NOT_FOUND,
                "There is no such thing",
                "The path names a dataset, split, index, label or page that does not exist. `detail` lists those that "
                "do; `/v1/datasets` is the place to begin.",
            ),
            Kind(
                "end-of-epoch",
                HTTPStatus.NOT_FOUND,
                "The epoch has ended",
                "`start` is so far on that no step is left. Go on with the next `epoch`, from `start` 0.",
            ),
            Kind(
                "method-not-allowed",
                HTTPStatus.METHOD_NOT_ALLOWED,
                "The method is not allowed here",
                "The service is read-only: use a method that the `Allow` header lists.",
            ),
            Kind(
                "not-acceptable",
                HTTPStatus.NOT_ACCEPTABLE,
                "There is no such representation",
                "Neither `?format=` nor the `Accept` header names a format of this resource; `detail` lists them.",
            ),
            Kind(
                "request-timeout",
                HTTPStatus.REQUEST_TIMEOUT,
                "The request was not received in time",
                "The connection was too slow, or the client stopped within the request. Send it again on a new "
                "connection.",
            ),
            Kind(
                "changed-data",
                HTTPStatus.CONFLICT,
                "The data is not the revision asked for",
                "The URL pins a revision of the data with `rev`, and this service holds another. Read the dataset's "
                "card for its present `rev`, and decide whether to go on with it; leave `rev` out to take whatever is "
                "here.",
            ),
            Kind(
                "precondition-failed",
                HTTPStatus.PRECONDITION_FAILED,
                "The precondition does not hold",
                "`If-Match` names another entity tag, or `If-Unmodified-Since` an earlier date, than the "
                "representation has now. Fetch it again from the beginning.",
            ),
            Kind(
                "too-large",
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "The request's body is too large",
                "Ask for less at a time: `detail` names the limit.",
            ),
            Kind(
                "uri-too-long",
                HTTPStatus.REQUEST_URI_TOO_LONG,
                "The URL is too long",
                "Shorten the URL: no resource here needs so long a one.",
            ),
            Kind(
                "unsupported-media-type",
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                "The body's media type is not supported",
                "Send the body as one of the media types in `detail`, name it in `Content-Type`, and do not compress "
                "it.",
            ),
            Kind(
                "range-not-satisfiable",
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                "The range lies outside the file",
                "Ask for `bytes=first-last`, `bytes=first-` or `bytes=-length` within the size that `Content-Range` "
                "gives.",
            ),
            Kind(
                "too-many-requests",
                HTTPStatus.TOO_MANY_REQUESTS,
                "Too many requests",
                "You have sent more requests than a client may; try again after the seconds that `Retry-After` gives. "
                "`RateLimit-Policy` tells the quota and its seconds, `RateLimit` what is left of it.",
            ),
            Kind(
                "headers-too-large",
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                "The request's headers are too large",
                "Send fewer or shorter headers; the service needs none.",
            ),
            Kind(
                "unsupported-version",
                HTTPStatus.HTTP_VERSION_NOT_SUPPORTED,
                "This version of HTTP is not supported",
                "The request line names a version other than HTTP/1.0 and HTTP/1.1, or none, as HTTP/0.9 had it. Send "
                "HTTP/1.1; a proxy before the service can speak HTTP/2 and HTTP/3.",
            ),
            Kind(
                "internal-error",
                HTTPStatus.INTERNAL_SERVER_ERROR,
                "The service failed",
                "This is a fault of the service. Try again; if it happens again, report it with the `X-Request-ID`.",
            ),
            Kind(
                "unavailable",
                HTTPStatus.SERVICE_UNAVAILABLE,
                "The service cannot answer just now",
                "It is starting or has more to do than it can; try again after the seconds that `Retry-After` gives.",
            ),
        )
    }
)
"""Every kind of problem, by name."""

BY_STATUS: Mapping[int, Kind] = MappingProxyType({kind.status: kind for kind in reversed(tuple(KINDS.values()))})
"""The kind to use where only a status is known: the first of that status."""


class Malformed(ServiceError):
    """Several faults of one request."""

    def __init__(self, faults: Sequence[Refused]) -> None:
        """Collect the faults; the message joins their sentences."""
        super().__init__(" ".join(str(fault) for fault in faults))
        self.faults = faults


class NotAcceptable(ServiceError):
    """No representation of the resource fits what the client accepts."""


class ChangedData(ServiceError):
    """The data is of another revision than the URL pins."""


class PreconditionFailed(ServiceError):
    """The representation is not the one that the request is conditional on."""


class Overloaded(ServiceError):
    """The service has more to do than it can, or no room; `seconds` is when a client may try again, as estimated."""

    def __init__(self, message: str, *, seconds: float = 1.0) -> None:
        """Say what there is too much of."""
        super().__init__(message)
        self.seconds = max(1, ceil(seconds))


class BodyTooLarge(ServiceError):
    """The body of a request is larger than the service reads, or asks for more than it answers.

    `unread` is set where a part of the body has not been read: the connection cannot be used again.
    """

    def __init__(self, message: str, *, unread: bool = False) -> None:
        """Say what the bound is."""
        super().__init__(message)
        self.unread = unread


class UnsupportedBody(ServiceError):
    """The body of a request has a media type or a content coding that the service does not read."""


class Declined(ServiceError):
    """A refusal as a foreign protocol has it; without a body of its own it is a problem document with more headers."""

    def __init__(
        self,
        message: str,
        *,
        status: HTTPStatus,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        media_type: str | None = None,
    ) -> None:
        """Say what is missing, to people; `status`, `headers` and `content` say it to the client of the protocol."""
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.content = content
        self.media_type = media_type


class OutsideFile(ServiceError):
    """The byte range is malformed or lies outside a representation of `size` bytes."""

    def __init__(self, text: str, size: int) -> None:
        """Blame the range `text`."""
        super().__init__(
            f"The range {quote(text)} cannot be satisfied; ask for bytes=first-last, bytes=first- or bytes=-length "
            f"within {size} bytes."
        )
        self.size = size


KIND_OF: Mapping[type[ServiceError], str] = MappingProxyType(
    {
        EndOfEpoch: "end-of-epoch",
        Unknown: "unknown-resource",
        Refused: "invalid-request",
        Malformed: "invalid-request",
        NotAcceptable: "not-acceptable",
        ChangedData: "changed-data",
        PreconditionFailed: "precondition-failed",
        Overloaded: "unavailable",
        OutsideFile: "range-not-satisfiable",
        BodyTooLarge: "too-large",
        UnsupportedBody: "unsupported-media-type",
    }
)
"""The one table from an exception to a kind of problem; a subclass is what its nearest ancestor here is."""


async def handle_service_error(request: Request, error: Exception) -> Response:
    """The response to an exception that the service raised on purpose."""
    if isinstance(error, Declined):
        if error.content is None:
            return respond(request, BY_STATUS[error.status], str(error), headers=error.headers)
        return Response(error.content, error.status, {**error.headers, "Cache-Control": "no-store"}, error.media_type)
    name = next((KIND_OF[one] for one in type(error).__mro__ if one in KIND_OF), "internal-error")
    faults = error.faults if isinstance(error, Malformed) else [error] if isinstance(error, Refused) else None
    headers = {}
    if isinstance(error, Overloaded):
        headers["Retry-After"] = str(error.seconds)
    if isinstance(error, BodyTooLarge) and error.unread:
        headers["Connection"] = "close"
    if isinstance(error, OutsideFile):
        headers["Content-Range"] = f"bytes */{error.size}"
    return respond(request, KINDS[name], str(error), faults=faults, headers=headers)


async def handle_http_exception(request: Request, error: Exception) -> Response:
    """The response to an exception of the framework: no route fits the path, or the route does not take the method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    path = find_client_path(request.scope)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = list_methods(request)
        if request.method == "OPTIONS":
            return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": allowed})
        detail = f"{quote(path)} does not take {quote(request.method)}; use {allowed}."
        return respond(request, BY_STATUS[error.status_code], detail, headers={"Allow": allowed})
    detail = str(error.detail)
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"Nothing is at {quote(path)}; {_advise(path)}, or see /docs for every path."
    return respond(request, BY_STATUS.get(error.status_code, KINDS["internal-error"]), detail, headers=error.headers)


def _advise(path: str) -> str:
    """What to do about a path that does not exist."""
    bare = path.rstrip("/")
    return f"write it without the slash at the end, {quote(bare)}" if path != bare and bare else "begin at /v1/datasets"


def list_methods(request: Request) -> str:
    """The methods that the path of a request takes, by any of its routes, with OPTIONS, which every path takes."""
    path = find_route_path(request.scope)
    routes = [one for one in request.app.routes if isinstance(one, Route) and one.path_regex.match(path)]
    return ", ".join(sorted({"OPTIONS"}.union(*(route.methods or () for route in routes))))


def find_client_path(scope: Scope) -> str:
    """The path as the client wrote it, also where a proxy has removed the root path."""
    return str(scope.get("root_path", "")) + find_route_path(scope)


def find_route_path(scope: Scope) -> str:
    """The path without the root path, whether or not a proxy has removed it."""
    root, path = str(scope.get("root_path", "")), str(scope["path"])
    return path[len(root) :] if root and (path == root or path.startswith(f"{root}/")) else path


def respond(
    request: Request,
    kind: Kind,
    detail: str,
    *,
    faults: Sequence[Refused] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem as a response that no cache may keep; its `instance` is the path as the client knows it.

    It is a page where `Accept` likes HTML better than JSON, as that of a browser does that shows it to a person.
    """
    root: str = request.scope.get("root_path", "")
    request.scope["problem"] = kind.name  # for whoever counts requests by it
    problem = Problem(
        type=f"{root}/problems/{kind.name}",
        title=kind.title,
        status=kind.status,
        detail=detail,
        instance=find_client_path(request.scope),
        errors=None if faults is None else [Fault(place=one.place, name=one.name, reason=one.reason) for one in faults],
    )
    fixed = {**(headers or {}), "Cache-Control": "no-store", "Vary": "Accept"}
    if prefers_html(", ".join(request.headers.getlist("accept")), MEDIA_TYPE, "application/json"):
        page = pages.PROBLEM_PAGES.render("problem.html", root=root, problem=problem, kind=kind)
        return Response(page, kind.status, {**fixed, **pages.HEADERS}, pages.MEDIA_TYPE)
    return Response(problem.model_dump_json(by_alias=True, exclude_none=True), kind.status, fixed, MEDIA_TYPE)
