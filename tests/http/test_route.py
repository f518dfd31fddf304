"""A route reads a request strictly, in the order of the signature, and documents what it reads."""

import gc
import json
import warnings
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

import pytest
from annotated_types import Ge
from fastapi import Depends, FastAPI, Path, Query
from starlette.exceptions import HTTPException

from service.api import ROUTES as API_ROUTES
from service.api.answer_headers import TOTAL
from service.errors import Refused, ServiceError, Unknown
from service.http import openapi
from service.http.body import read_body
from service.http.encoder_pool import EncoderPool
from service.http.executor import Executor
from service.http.file_store import FileStore
from service.http.negotiation import Negotiation
from service.http.parameters import Integer, Parameters
from service.http.problems import handle_http_exception, handle_service_error
from service.http.representation import Representation, Whole
from service.http.request import ApiRequest
from service.http.response_cache import ResponseCache
from service.http.route import ApiRoute, Endpoint, compile_signature, find_integers, find_waiting
from service.mirrors import ROUTES as MIRROR_ROUTES
from tests import sites
from tests.http.document import OPERATIONS, Operation, list_parameters

ROUTES = (*API_ROUTES, *MIRROR_ROUTES)


@dataclass(frozen=True)
class Media:
    """A format that has a name and a media type, and encodes nothing."""

    name: str
    media_type: str


FORMATS = (Media("json", "application/json"), Media("text", "text/plain"))


class SizeQuery(Parameters):
    """One bounded parameter, and the format."""

    size: Annotated[Integer, Ge(1)] = 3
    format: str | None = None


ThingName = Annotated[str, Path(description="name of a thing")]
Number = Annotated[int, Path(description="any integer")]


def find_thing(request: ApiRequest, name: ThingName) -> str:
    """The thing that a path names; the request has no query yet, because this comes first."""
    assert not hasattr(request, "query")
    if name != "apple":
        raise Unknown("thing", name, ["apple"])
    return name


def find_owner(thing: Annotated[str, Depends(find_thing)], owner: Annotated[int, Path()]) -> str:
    """A dependency that has a dependency, and an integer of the path of its own."""
    return f"{thing} of {owner}"


async def read_text(request: ApiRequest) -> str:
    """The body; a coroutine, because it waits for the client."""
    return (await read_body(request, most=10, advice="send less")).decode()


def tell(**values: object) -> Representation:
    """The values that an endpoint was called with, as JSON."""
    return Representation(
        media_type="application/json", body=Whole(lambda: json.dumps(values).encode()), version=None, storable=False
    )


def get_thing(
    request: ApiRequest,
    thing: Annotated[str, Depends(find_thing)],
    number: Number,
    query: Annotated[SizeQuery, Query()],
    media: Annotated[Media, Depends(Negotiation(FORMATS))],
) -> Representation:
    """A thing with everything that can be read; and more."""
    return tell(path=request.path, thing=thing, number=number, size=query.size, media=media.name)


def get_owner(owned: Annotated[str, Depends(find_owner)]) -> Representation:
    """An owner."""
    return tell(owned=owned)


def put_thing(
    thing: Annotated[str, Depends(find_thing)],
    query: Annotated[SizeQuery, Query()],
    text: Annotated[str, Depends(read_text)],
) -> Representation:
    """A thing with a body."""
    if text == "wrong":
        raise Refused("body", "must be right", place="body")
    return tell(thing=thing, size=query.size, text=text)


def get_nothing() -> Representation:
    """What takes nothing."""
    return tell()


ENDPOINTS = (
    ApiRoute("/things/{name}/{number}", get_thing, media_types=FORMATS, answer_headers=TOTAL),
    ApiRoute("/things/{name}/owners/{owner}", get_owner),
    ApiRoute("/things/{name}", put_thing, methods=["POST"]),
    ApiRoute("/nothing", get_nothing),
)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, object]]:
    pool = EncoderPool(threads=1, queue=1)
    files = FileStore(capacity=0, pool=pool)
    yield {"executor": Executor(release="1", cache=ResponseCache(capacity=0), files=files, pool=pool)}


def build(routes: Sequence[ApiRoute] = ENDPOINTS) -> FastAPI:
    """An application of some routes."""
    handlers = {ServiceError: handle_service_error, HTTPException: handle_http_exception}
    return FastAPI(routes=list(routes), lifespan=lifespan, exception_handlers=handlers)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def things() -> Iterator[sites.Site]:
    """A server of the routes above."""
    with sites.serving(build()) as running:
        yield running


def test_each_argument_is_read_from_its_place(things: sites.Site) -> None:
    told = things.get("/things/apple/7?size=5", {"Accept": "text/plain"}).json
    assert told == {"path": "/things/apple/7", "thing": "apple", "number": 7, "size": 5, "media": "text"}
    assert things.get("/things/apple/7?format=text").json["media"] == "text"
    assert things.get("/things/apple/owners/3").json == {"owned": "apple of 3"}


def test_the_path_of_a_request_has_its_integers_without_zeros(things: sites.Site) -> None:
    for number, canonical in (("007", "7"), ("-0", "0"), ("-07", "-7"), ("%37", "7"), ("9" * 30, "9" * 30)):
        assert things.get(f"/things/apple/{number}").json["path"] == f"/things/apple/{canonical}"


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/things/pear/x?size=0&format=png", 422),  # the path itself
        ("/things/pear/7?size=0&format=png", 404),  # what it names
        ("/things/apple/7?size=0&format=png", 422),  # the query
        ("/things/apple/7?format=png", 406),  # the representation
    ],
)
def test_the_first_fault_in_the_order_of_the_signature_is_the_answer(
    things: sites.Site, target: str, status: int
) -> None:
    for headers in ({}, {"Accept": "image/png"}):
        assert things.get(target, headers).status == status
    names = [name for name, _ in compile_signature(get_thing)]
    assert names == ["request", "thing", "number", "query", "media"]


@pytest.mark.parametrize("text", ["x", "1.0", "1e3", "+1", "%201", "1%20", "--1", "1_0", "0x1", "%D9%A3", "9" * 4_001])
def test_what_is_no_integer_is_refused_wherever_a_path_has_one(things: sites.Site, text: str) -> None:
    for path, name in ((f"/things/apple/{text}", "number"), (f"/things/apple/owners/{text}", "owner")):
        answer = things.get(path)
        assert answer.status == 422
        (fault,) = answer.json["errors"]
        assert (fault["in"], fault["name"]) == ("path", name)
        assert fault["reason"].startswith("must be an integer, not '")


@pytest.mark.parametrize("path", ["/nothing", "/things/apple/owners/3"])
def test_an_endpoint_without_a_query_model_takes_no_parameters(things: sites.Site, path: str) -> None:
    assert things.get(path).status == 200
    assert things.get(f"{path}?").status == 200
    answer = things.get(f"{path}?size=3")
    assert answer.status == 422
    assert "size is not a parameter here; there are none" in answer.json["detail"]


def test_an_unknown_name_comes_before_parameters_that_nobody_takes(things: sites.Site) -> None:
    assert things.get("/things/pear/owners/3?size=3").status == 404


def test_a_body_is_read_after_the_path_and_the_query(things: sites.Site) -> None:
    assert things.send("POST", "/things/apple?size=4", body=b"text").json == {
        "thing": "apple",
        "size": 4,
        "text": "text",
    }
    long = b"x" * 11
    assert things.send("POST", "/things/pear?size=0", body=long).status == 404
    assert things.send("POST", "/things/apple?size=0", body=long).status == 422
    assert things.send("POST", "/things/apple", body=long).status == 413
    assert things.send("POST", "/things/apple", body=b"wrong").status == 422
    assert find_waiting(put_thing) == ["text"]
    assert find_waiting(get_thing) == []


def put_before(text: Annotated[str, Depends(read_text)], query: Annotated[SizeQuery, Query()]) -> Representation:
    """The body first."""
    return tell(text=text, size=query.size)


def put_alone(text: Annotated[str, Depends(read_text)]) -> Representation:
    """Nothing but a body."""
    return tell(text=text)


@pytest.mark.parametrize("endpoint", [put_before, put_alone])
def test_a_request_with_a_body_that_is_refused_for_its_query_leaves_nothing_behind(endpoint: Endpoint) -> None:
    app = build([ApiRoute("/put", endpoint, methods=["POST"])])
    with warnings.catch_warnings(record=True) as caught, sites.serving(app) as site:
        warnings.simplefilter("always")
        assert site.send("POST", "/put?no_such=1", body=b"text").status == 422
        gc.collect()
    assert [str(one.message) for one in caught] == []


def test_get_and_head_are_taken_and_no_other_method(things: sites.Site) -> None:
    for path in ("/things/apple/7", "/nothing"):
        head, get = things.head(path), things.get(path)
        assert (head.status, head.body, head["Content-Length"]) == (200, b"", get["Content-Length"])
        answer = things.send("POST", path)
        assert (answer.status, answer["Allow"]) == (405, "GET, HEAD, OPTIONS")
    for method in ("GET", "HEAD"):
        assert things.send(method, "/things/apple").status == 405


def test_a_route_documents_what_its_endpoint_reads_and_gives() -> None:
    document = openapi.document(FastAPI(routes=list(ENDPOINTS)))
    operation = document["paths"]["/things/{name}/{number}"]["get"]
    told = {one["name"]: (one["in"], one["required"]) for one in operation["parameters"]}
    assert told == {
        "name": ("path", True),
        "number": ("path", True),
        "size": ("query", False),
        "format": ("query", False),
    }
    assert operation["summary"] == "A thing with everything that can be read"
    assert operation["description"] == get_thing.__doc__
    assert "text/plain" in operation["responses"]["200"]["content"]
    owners = document["paths"]["/things/{name}/owners/{owner}"]["get"]
    assert {one["name"] for one in owners["parameters"]} == {"name", "owner"}
    assert ENDPOINTS[0].answer_headers is TOTAL


# --- the routes of the service ----------------------------------------------------------------------------------------

WORDS = {"dataset": "made", "split": "train", "index": "0", "label": "0", "suffix": "csv", "name": "unavailable"}
every_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)


@every_operation
def test_the_parameters_that_are_documented_are_those_that_are_known(site: sites.Site, operation: Operation) -> None:
    documented = {one["name"] for one in list_parameters(operation.part, "query")}
    method = "GET" if operation.method == "head" else operation.method.upper()  # the answer to HEAD names nothing
    answer = site.send(method, f"{operation.path.format_map(WORDS)}?no_such=1")
    assert answer.status == 422, answer.body
    *missing, fault = answer.json["errors"]
    required = {one["name"] for one in list_parameters(operation.part, "query") if one.get("required")}
    assert {one["name"] for one in missing} == required
    assert (fault["in"], fault["name"]) == ("query", "no_such")
    known = fault["reason"].partition("known are ")[2]
    assert set(known.split(", ") if known else ()) == documented


@every_operation
def test_the_integers_of_a_path_that_are_documented_are_read_as_integers(operation: Operation) -> None:
    parameters = list_parameters(operation.part, "path")
    documented = {one["name"] for one in parameters if one["schema"]["type"] == "integer"}
    routes = [one for one in ROUTES if isinstance(one, ApiRoute) and one.path == operation.path]
    (route,) = (one for one in routes if operation.method.upper() in one.accepted)
    assert find_integers(route.endpoint) == documented


def test_no_two_routes_answer_the_same_requests() -> None:
    taken = [(route.path, method) for route in ROUTES if isinstance(route, ApiRoute) for method in route.accepted]
    assert len(taken) == len(set(taken))
