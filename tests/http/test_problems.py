"""Bad input over HTTP: one shape for every error, the right status, and a sentence that says what to do."""

import asyncio
import json
import re
from http import HTTPStatus
from typing import cast

import pytest
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from service.api import ROUTES
from service.api.drawings import NEIGHBORS
from service.data.dataset import Dataset
from service.errors import ServiceError
from service.http.problems import BY_STATUS, KIND_OF, KINDS, Declined, handle_service_error
from tests import made, sites
from tests.http.expect import assert_problem

HERE = "/v1/datasets/made/train"

WORDS = {"dataset": "made", "split": "train", "index": "0", "label": "0", "suffix": "csv"}
"""What stands for the parts of a path, where it is to be a good one."""

DATA_ROUTES = [
    route.path
    for route in cast("tuple[APIRoute, ...]", ROUTES)
    if "GET" in (route.methods or ()) and route.path.startswith("/v1/datasets") and route.path != NEIGHBORS
]
"""Every route about data that needs no parameter; `tests/api/test_drawings.py` tests the one that does."""

OTHER_PATHS = [
    "/livez",
    "/readyz",
    "/metrics",
    "/problems",
    "/problems/unavailable",
    "/client.tgz",
    "/openapi.json",
    "/docs",
    "/docs/swagger-ui.css",
]

every_route = pytest.mark.parametrize("template", DATA_ROUTES)
every_path = pytest.mark.parametrize("path", [path.format_map(WORDS) for path in DATA_ROUTES] + OTHER_PATHS)


def test_every_good_path_is_good(site: sites.Site) -> None:
    for path in [path.format_map(WORDS) for path in DATA_ROUTES] + OTHER_PATHS:
        assert site.get(path).status == 200, path


@every_path
def test_an_unknown_parameter_is_named_and_so_are_the_known_ones(site: sites.Site, path: str) -> None:
    problem = assert_problem(site.get(f"{path}?colour=red"), "invalid-request")
    assert [fault["name"] for fault in problem["errors"]] == ["colour"]
    assert re.search(r"known are [a-z_, ]+|there are none", problem["detail"])


@every_path
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
def test_another_method_is_405_and_allow_lists_the_right_ones(site: sites.Site, path: str, method: str) -> None:
    answer = site.send(method, path, body=b"" if method == "POST" else None)
    problem = assert_problem(answer, "method-not-allowed")
    assert answer["Allow"] == "GET, HEAD, OPTIONS"
    assert "GET, HEAD, OPTIONS" in problem["detail"]


@every_route
def test_the_revision_is_given_once_or_not_at_all(site: sites.Site, tiny: Dataset, template: str) -> None:
    path = template.format_map(WORDS)
    problem = assert_problem(site.get(f"{path}?rev={tiny.rev}&rev={tiny.rev}"), "invalid-request")
    assert problem["errors"] == [{"in": "query", "name": "rev", "reason": "is given more than once; give it once"}]


@every_route
def test_another_revision_is_409_and_the_present_one_is_named(site: sites.Site, tiny: Dataset, template: str) -> None:
    path = template.format_map(WORDS)
    for wrong in ("000000000000", tiny.rev[:-1], tiny.rev.upper(), tiny.digest, "", "%00", "a" * 500):
        problem = assert_problem(site.get(f"{path}?rev={wrong}"), "changed-data")
        if "{dataset}" in template:
            assert tiny.rev in problem["detail"]


@every_route
def test_404_and_422_come_before_409_and_409_before_304(site: sites.Site, template: str) -> None:
    path = template.format_map(WORDS)
    assert_problem(site.get(f"{path}?rev=wrong&colour=red"), "invalid-request")
    assert_problem(site.get(f"{path}?rev=wrong", {"If-None-Match": "*"}), "changed-data")
    if "{dataset}" in template:
        assert_problem(site.get(template.format_map({**WORDS, "dataset": "no"}) + "?rev=wrong"), "unknown-resource")
    if "{index}" in template:
        assert_problem(site.get(template.format_map({**WORDS, "index": "99"}) + "?rev=wrong"), "unknown-resource")
        assert_problem(site.get(template.format_map({**WORDS, "index": "x"}) + "?rev=wrong"), "invalid-request")


@pytest.mark.parametrize("template", [path for path in DATA_ROUTES if "{dataset}" in path])
@pytest.mark.parametrize(
    "name", ["iris", "MADE", "made%20", "%F0%9F%90%9C", "%FF", "a" * 3_000, "..", "%2e%2e", "made%00"]
)
def test_an_unknown_dataset_is_404_and_the_known_ones_are_listed(site: sites.Site, template: str, name: str) -> None:
    problem = assert_problem(site.get(template.format_map({**WORDS, "dataset": name})), "unknown-resource")
    assert "made" in problem["detail"]


@pytest.mark.parametrize("template", [path for path in DATA_ROUTES if "{split}" in path])
@pytest.mark.parametrize("split", ["valid", "Train", "0", "%0A", "..", "train%20"])
def test_an_unknown_split_is_404_and_the_known_ones_are_listed(site: sites.Site, template: str, split: str) -> None:
    problem = assert_problem(site.get(template.format_map({**WORDS, "split": split})), "unknown-resource")
    assert "train, test, all" in problem["detail"]


@pytest.mark.parametrize("template", [path for path in DATA_ROUTES if "{index}" in path])
@pytest.mark.parametrize("index", [str(made.TRAIN), "-1", "99999999999999999999", "9" * 500, "-" + "9" * 50])
def test_a_sample_that_is_not_there_is_404_and_the_bounds_are_named(
    site: sites.Site, template: str, index: str
) -> None:
    problem = assert_problem(site.get(template.format_map({**WORDS, "index": index})), "unknown-resource")
    assert "from 0 to 22" in problem["detail"]


@pytest.mark.parametrize("template", [path for path in DATA_ROUTES if "{label}" in path])
@pytest.mark.parametrize("label", ["4", "-1", "99999999999999999999"])
def test_a_class_that_is_not_there_is_404_and_the_bounds_are_named(site: sites.Site, template: str, label: str) -> None:
    problem = assert_problem(site.get(template.format_map({**WORDS, "label": label})), "unknown-resource")
    assert "from 0 to 3" in problem["detail"]


@pytest.mark.parametrize("template", [path for path in DATA_ROUTES if "{index}" in path or "{label}" in path])
@pytest.mark.parametrize("number", ["x", "1.5", "1e3", "+1", "%201", "0x1", "1_0", "%D9%A1", "NaN", "--1", "1%00"])
def test_what_is_no_integer_is_422_in_a_path(site: sites.Site, template: str, number: str) -> None:
    problem = assert_problem(
        site.get(template.format_map({**WORDS, "index": number, "label": number})), "invalid-request"
    )
    assert [fault["in"] for fault in problem["errors"]] == ["path"]
    assert "must be an integer" in problem["detail"]


INTEGERS = {
    "rows": ("limit", "offset", "seed", "label"),
    "samples/0.png": ("scale",),
    "samples/0.webp": ("scale",),
    "samples/0/neighbors": ("k",),
    "labels/0/mean.png": ("scale",),
    "labels/0/std.png": ("scale",),
}
NUMBERS = [(path, name) for path, names in INTEGERS.items() for name in names]


@pytest.mark.parametrize(("path", "name"), NUMBERS)
@pytest.mark.parametrize(
    "value", ["", "x", "1.5", "1e3", "+1", "%201", "0x1", "1_0", "-1", "9" * 41, "9" * 6_000, "%D9%A1", "NaN", "null"]
)
def test_what_is_no_integer_in_bounds_is_422_in_a_query(site: sites.Site, path: str, name: str, value: str) -> None:
    problem = assert_problem(site.get(f"{HERE}/{path}?{name}={value}"), "invalid-request")
    assert [(fault["in"], fault["name"]) for fault in problem["errors"]] == [("query", name)]
    assert re.search(r"must be (an integer|a class)", problem["detail"])


@pytest.mark.parametrize(("path", "name"), [pair for pair in NUMBERS if pair[1] != "label"])
def test_what_may_be_given_once_is_not_given_twice(site: sites.Site, path: str, name: str) -> None:
    problem = assert_problem(site.get(f"{HERE}/{path}?{name}=1&{name}=1"), "invalid-request")
    assert problem["errors"][0]["reason"] == "is given more than once; give it once"


@pytest.mark.parametrize(
    ("query", "name", "reason"),
    [
        ("rows?limit=0", "limit", "must be an integer of at least 1, not '0'"),
        ("rows?limit=1001", "limit", "must be an integer from 1 to 1000 in json, not '1001'"),
        ("rows?offset=9223372036854775808", "offset", "must be an integer from 0 to 9223372036854775807"),
        ("rows?seed=18446744073709551616", "seed", "must be an integer from 0 to 18446744073709551615"),
        ("rows?label=4", "label", "must be a class of made, 0 to 3, not 4"),
        ("rows?label=0&label=4", "label", "must be a class of made, 0 to 3, not 4"),
        ("rows?scale=log", "scale", "must be one of raw, unit, standard, not 'log'"),
        ("rows?layout=tall", "layout", "must be one of flat, image, chw, hwc, not 'tall'"),
        ("rows?layout=image", "layout", "must be flat in json, not image"),
        ("rows?layout=image&format=csv", "layout", "must be flat in csv, not image"),
        ("rows?layout=hwc&format=parquet", "layout", "must be flat in parquet, not hwc"),
        ("samples/0.png?scale=0", "scale", "must be an integer from 1 to 32, not '0'"),
        ("samples/0.png?scale=33", "scale", "must be an integer from 1 to 32, not '33'"),
        ("samples/0.png?cmap=jet", "cmap", "must be one of gray, viridis, magma, inferno, plasma, cividis, not 'jet'"),
        ("samples/0.webp?invert=1", "invert", "must be true or false, not '1'"),
        ("samples/0.png?caption=", "caption", "must be true or false, not ''"),
        ("samples/0/neighbors?k=101", "k", "must be an integer from 1 to 100, not '101'"),
    ],
)
def test_the_reason_names_the_bound_or_the_known_names(site: sites.Site, query: str, name: str, reason: str) -> None:
    problem = assert_problem(site.get(f"{HERE}/{query}"), "invalid-request")
    assert [fault["name"] for fault in problem["errors"]] == [name]
    assert reason in problem["errors"][0]["reason"]


def test_all_faults_of_a_request_are_told_at_once(site: sites.Site) -> None:
    problem = assert_problem(
        site.get(f"{HERE}/rows?limit=0&offset=x&scale=log&colour=red&seed=1&seed=2"), "invalid-request"
    )
    assert {fault["name"] for fault in problem["errors"]} == {"limit", "offset", "scale", "colour", "seed"}


@pytest.mark.parametrize("name", ["", "xml", "JSON", "arrow-file", "png", "a" * 500, "%00"])
def test_an_unknown_format_is_406_and_the_known_ones_are_listed(site: sites.Site, name: str) -> None:
    problem = assert_problem(site.get(f"{HERE}/rows?format={name}"), "not-acceptable")
    assert "json, ndjson, csv, npy, npz, arrow, parquet, safetensors" in problem["detail"]


@pytest.mark.parametrize("accept", ["image/png", "image/*", "*/*;q=0", "nonsense", ",", ";;;", "application/json;q=x"])
def test_an_accept_that_nothing_fits_is_406_and_lists_what_would(site: sites.Site, accept: str) -> None:
    problem = assert_problem(site.get(f"{HERE}/rows", {"Accept": accept}), "not-acceptable")
    assert "application/json, application/x-ndjson, text/csv" in problem["detail"]


def test_routes_with_one_representation_ignore_accept(site: sites.Site) -> None:
    for path in ("", "/samples/0", "/samples/0.png", "/labels", "/statistics", ".csv"):
        assert site.get(HERE + path, {"Accept": "audio/ogg"}).status == 200


@pytest.mark.parametrize("suffix", ["xml", "CSV", "json", "gz", "%20", "npy"])
def test_an_unknown_suffix_is_404_and_the_known_ones_are_listed(site: sites.Site, suffix: str) -> None:
    problem = assert_problem(site.get(f"{HERE}.{suffix}"), "unknown-resource")
    assert "parquet, arrow, arrows, npz, csv, ndjson" in problem["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1",
        "/v1/",
        "/v2/datasets",
        "/v1/datasets/",
        "//v1/datasets",
        "/v1//datasets",
        "/v1/datasets/made/",
        "/v1/datasets/made/train/",
        "/v1/datasets/made/train/rows/",
        "/v1/datasets/made/train/rows/0",
        "/v1/datasets/made/../made/train",
        "/v1/datasets/./made",
        "/v1/datasets/made/train/../../../../etc/passwd",
        "/docs/../service/app.py",
        "/docs/%2e%2e/app.py",
        "/problems/none",
        "/problems/",
        "/favicon.ico",
        "/.env",
        "/%00",
    ],
)
def test_what_is_not_there_is_404_and_the_detail_leads_on(site: sites.Site, path: str) -> None:
    problem = assert_problem(site.get(path), "unknown-resource")
    assert re.search(r"begin at /v1/datasets|ask for|without the slash", problem["detail"])


@pytest.mark.parametrize("path", ["/v1/datasets", "/v1/datasets/made", HERE, f"{HERE}/rows", "/docs", "/livez"])
def test_a_slash_too_many_is_answered_with_the_path_without_it(site: sites.Site, path: str) -> None:
    for slashes in ("/", "//"):
        detail = assert_problem(site.get(path + slashes), "unknown-resource")["detail"]
        assert f"without the slash at the end, '{path}'" in detail
    assert site.get(path).status == 200


@pytest.mark.parametrize("known", KIND_OF)
def test_a_subclass_of_a_known_exception_is_answered_as_its_ancestor(known: type[ServiceError]) -> None:
    def build(cls: type[ServiceError]) -> ServiceError:
        error = cls.__new__(cls)
        ServiceError.__init__(error, "Something is wrong.")
        for name, value in {
            "name": "x",
            "reason": "y",
            "place": "query",
            "faults": [],
            "size": 7,
            "unread": False,
            "seconds": 1,
        }.items():
            setattr(error, name, value)
        return error

    child = type("Child", (type("Between", (known,), {}),), {})
    request = Request({"type": "http", "path": "/", "headers": [], "method": "GET"})
    one, other = (asyncio.run(handle_service_error(request, build(cls))) for cls in (known, child))
    assert (one.status_code, one.body, one.raw_headers) == (other.status_code, other.body, other.raw_headers)
    assert one.status_code == KINDS[KIND_OF[known]].status


def test_an_exception_that_nobody_knows_is_a_failure_of_the_service() -> None:
    request = Request({"type": "http", "path": "/", "headers": [], "method": "GET"})
    assert asyncio.run(handle_service_error(request, ServiceError("No."))).status_code == 500


@pytest.mark.parametrize("query", ["a&" * 900, "&".join(f"p{n}" for n in range(1_000)), "a&" * 4_000, "%00=%FF&" * 900])
@pytest.mark.parametrize("path", ["/rows", "/batches", "/grid.png", "", "/samples/0"])
def test_a_problem_is_short_whatever_was_sent(site: sites.Site, path: str, query: str) -> None:
    answer = site.get(f"{HERE}{path}?{query[:8_000]}")
    problem = assert_problem(answer, "invalid-request")
    assert len(answer.body) < 10_000
    assert len(problem["errors"]) <= 21


def test_so_many_faults_are_listed_and_the_rest_is_counted(site: sites.Site) -> None:
    errors = site.get(f"{HERE}/rows?" + "&".join(f"p{number}" for number in range(25))).json["errors"]
    assert [error["name"] for error in errors[:-1]] == [f"p{number}" for number in range(20)]
    assert errors[-1] == {"in": "query", "name": "query", "reason": "has 5 more faults"}


@pytest.mark.parametrize(
    "path", ["/v1/datasets/made%2Ftrain", "/v1%2fdatasets", f"{HERE}/samples/0%2F.png", "/docs/..%2Fapp.py"]
)
def test_an_encoded_slash_is_no_slash(site: sites.Site, path: str) -> None:
    problem = assert_problem(site.get(path), "unknown-resource")
    assert "encoded slash" in problem["detail"]


def test_encoded_letters_are_letters(site: sites.Site) -> None:
    assert site.get("/v1/datasets/m%61de").body == site.get("/v1/datasets/made").body


@pytest.mark.parametrize("target", [f"{HERE}/rows?seed=" + "1" * 8_200, "/" + "a" * 8_200])
def test_a_target_that_is_too_long_is_414_and_the_bound_is_named(site: sites.Site, target: str) -> None:
    assert "at most 8192" in assert_problem(site.get(target), "uri-too-long")["detail"]
    assert site.get(target[:8_192]).status in (404, 422)


def test_headers_that_are_too_large_are_431_and_the_bound_is_named(site: sites.Site) -> None:
    assert site.get(HERE, {"X-Padding": "a" * 30_000}).status == 200
    problem = assert_problem(site.get(HERE, {"X-Padding": "a" * 40_000}), "headers-too-large")
    assert "at most 32768" in problem["detail"]


@given(st.text(st.characters(codec="ascii", exclude_characters="#\\", exclude_categories=["Cc", "Zs"]), max_size=60))
def test_no_path_is_too_strange_for_an_answer_in_words(site: sites.Site, path: str) -> None:
    answer = site.get(f"/{path}")
    assert answer.status < 500
    if answer.status >= 400:
        assert_problem(answer, BY_STATUS[answer.status].name)


@given(
    names=st.lists(
        st.sampled_from(["limit", "offset", "label", "seed", "scale", "layout", "format", "rev", "x", ""]), max_size=6
    ),
    values=st.lists(
        st.sampled_from(
            ["0", "1", "-1", "7", "1000", "99999999999", "", "raw", "unit", "flat", "chw", "csv", "npz", "%00", "é"]
        ),
        min_size=6,
        max_size=6,
    ),
)
def test_no_query_is_answered_by_a_failure_or_in_another_shape(
    site: sites.Site, names: list[str], values: list[str]
) -> None:
    query = "&".join(f"{name}={value}" for name, value in zip(names, values, strict=False)).replace("é", "%C3%A9")
    answer = site.get(f"{HERE}/rows?{query}")
    assert answer.status in (200, 406, 409, 422)
    if answer.status != 200:
        assert_problem(answer, BY_STATUS[answer.status].name)


def test_the_table_of_kinds_is_whole() -> None:
    assert set(KIND_OF.values()) <= set(KINDS)
    assert all(name == kind.name for name, kind in KINDS.items())
    assert {kind.status.value for kind in KINDS.values()} >= {
        404,
        405,
        406,
        409,
        412,
        413,
        414,
        415,
        416,
        422,
        431,
        500,
        503,
    }


# --- refusals as foreign protocols have them ---


def answer_to(error: ServiceError, *headers: tuple[bytes, bytes]) -> Response:
    """What is answered where an endpoint raises `error`."""
    scope = {"type": "http", "method": "GET", "path": "/mirrors/a", "query_string": b"", "headers": list(headers)}
    return asyncio.run(handle_service_error(Request(scope), error))


def test_a_refusal_without_a_body_is_a_problem_with_the_headers_of_the_protocol() -> None:
    error = Declined("There is no such entry.", status=HTTPStatus.NOT_FOUND, headers={"X-Error-Code": "EntryNotFound"})
    answer = answer_to(error)
    problem = json.loads(bytes(answer.body))
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert (answer.headers["x-error-code"], answer.headers["cache-control"]) == ("EntryNotFound", "no-store")
    assert problem["type"] == "/problems/unknown-resource"
    assert (problem["detail"], problem["instance"]) == ("There is no such entry.", "/mirrors/a")
    page = answer_to(error, (b"accept", b"text/html"))
    assert (page.status_code, page.headers["x-error-code"]) == (404, "EntryNotFound")
    assert page.headers["content-type"].startswith("text/html")


def test_a_refusal_with_a_body_is_that_body_whatever_is_accepted() -> None:
    error = Declined(
        "There are no results.",
        status=HTTPStatus.PRECONDITION_FAILED,
        headers={"X-Code": "372"},
        content=b"<oml:error/>",
        media_type="application/xml",
    )
    for accepted in (b"", b"text/html", b"application/json"):
        answer = answer_to(error, (b"accept", accepted))
        assert (answer.status_code, answer.body) == (412, b"<oml:error/>")
        assert answer.headers["content-type"] == "application/xml"
        assert (answer.headers["x-code"], answer.headers["cache-control"]) == ("372", "no-store")


def test_an_empty_body_is_a_body() -> None:
    answer = answer_to(Declined("Nothing.", status=HTTPStatus.NOT_FOUND, content=b""))
    assert (answer.status_code, answer.body) == (404, b"")


@pytest.mark.parametrize("name", KINDS)
def test_a_refusal_of_any_status_is_a_problem_of_a_kind(name: str) -> None:
    status = KINDS[name].status
    answer = answer_to(Declined("No.", status=status))
    assert answer.status_code == status
    assert json.loads(bytes(answer.body))["type"] == f"/problems/{BY_STATUS[status].name}"
