"""Nothing is imported or opened for the first time while the service answers: whatever it needs, it has at the start.

A process without a free file descriptor can do neither, and an import that failed once may fail for ever.
"""

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from service.api.explorer import list_names
from service.api.operations import ASSETS
from service.mirrors import FILES
from tests.http.document import OPERATIONS, list_parameters, write_values
from tests.http.test_openapi import BODIES, ask, fill
from tests.http.wire import connect
from tests.processes import SERVE, run_server
from tests.sites import Answer, Site

SMALL = {"dataset": "digits", "split": "all"}
"""Names of which every representation is made quickly."""

TOGETHER = (
    "batches?balanced=true&batch_size=100",
    "batches?steps=3&format=arrow",
    "batches?steps=3&format=ndjson&scale=standard",
    "grid.png?labels=true&limit=4&transparent=true&cmap=magma",
    "rows?fold=1&folds=4&seed=1",
    "rows?order=oddest",
    "rows?per_class=3&seed=1",
    "rows?scale=standard&format=parquet&layout=flat",
    "rows?scale=unit&format=arrow&layout=chw",
    "samples/3.webp?caption=true&scale=4&cmap=viridis",
)
"""Requests of which no single parameter has its own code."""

MISTAKES = ("/nowhere", "/nowhere?format=html", "/v1/datasets/digits/all/rows?limit=x", "/v1/datasets?format=xml")

DESCRIPTORS = 256
"""As many file descriptors as a process may have in the test; 300 connections take them all."""


def list_targets() -> Iterator[str]:
    """What a GET asks for: every route, every value of its parameters, every small file for other loaders."""
    for operation in OPERATIONS.values():
        if operation.method == "get":
            target = fill(operation, SMALL)
            yield target
            for parameter in list_parameters(operation.part, "query"):
                yield from (
                    target + write_values({parameter["name"]: one}) for one in parameter["schema"].get("enum", ())
                )
    yield from (f"/v1/datasets/digits/all/{one}" for one in TOGETHER)
    yield from (
        path for path, file in FILES.items() if file.dataset == "digits" or path.endswith(("-ubyte.gz", ".json"))
    )
    yield from ("/", "/client.js", "/client.d.ts", "/client.tgz", "/docs", "/openapi.json")
    yield from (f"/explorer/{name}" for name in sorted(list_names()))
    yield from (f"/docs/{name}" for name in ASSETS)
    yield from MISTAKES


def ask_everything(site: Site) -> dict[str, int]:
    """The status of the answer to each target, and to each POST that the OpenAPI document has an example of."""
    coding = {"Accept-Encoding": "zstd"}
    statuses = {target: site.get(target, coding).status for target in list_targets()}
    statuses["gzip"] = site.get("/v1/datasets/digits/all/rows", {"Accept-Encoding": "gzip"}).status
    statuses["html"] = site.get("/nowhere", {"Accept": "text/html"}).status
    statuses["delete"] = site.send("DELETE", "/v1/datasets").status
    for name in BODIES:
        operation = OPERATIONS[name]
        statuses[name] = ask(site, operation, fill(operation, SMALL)).status
    return statuses


def is_expected(name: object) -> bool:
    """Whether what was opened is the temporary directory, or what the system tells of the process, for metrics."""
    return name == tempfile.gettempdir() or str(name).startswith("/proc/self/")


def test_nothing_is_imported_or_opened_after_the_start(tmp_path: Path) -> None:
    log = tmp_path / "opened"
    with run_server([sys.executable, "-m", "tests.recorded", log, *SERVE[2:]]) as running:
        site = Site(running.url)
        assert site.get("/readyz").status == 200
        started = log.stat().st_size
        statuses = ask_everything(site)
    assert {status for status in statuses.values() if status >= 500} == set()
    assert sum(status == 200 for status in statuses.values()) > 200
    lines = log.read_bytes()[started:].splitlines()
    events = [(event, name) for event, name in map(json.loads, lines) if not is_expected(name)]
    assert events == []


@pytest.fixture
def confined() -> Iterator[Site]:
    """A server that may open few files and connections."""
    limit = ["sh", "-c", f'ulimit -n {DESCRIPTORS} && exec "$0" "$@"']
    with run_server([*limit, sys.executable, *SERVE]) as running:
        yield Site(running.url)


def is_reached(site: Site) -> bool:
    """Whether a new connection is answered."""
    try:
        return site.get("/readyz").status == 200
    except OSError:
        return False


PATIENCE = 100_000
"""Connections that are tried before a server is taken for one that answers no more."""


class KeptSite(Site):
    """A server, asked over one connection that stays open; over another one if the server has closed it."""

    def __init__(self, site: Site, connection: HTTPConnection) -> None:
        """Use a connection to `site`."""
        super().__init__(site.url)
        self.__dict__["connection"] = connection

    def send(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, *, body: bytes | None = None
    ) -> Answer:
        """Send a request and read its answer."""
        connection: HTTPConnection = self.__dict__["connection"]
        for _ in range(PATIENCE):
            try:
                connection.request(method, target, body, dict(headers or {}))
                answer = connection.getresponse()
                return Answer(answer.status, answer.headers, answer.read())
            except ConnectionError:  # it closes those that are idle for the longest time, and refuses what is too much
                connection.close()
        raise AssertionError("the server takes no connection")


def test_no_answer_fails_for_want_of_descriptors_and_none_fails_afterwards(confined: Site) -> None:
    with ExitStack() as connections:
        first = connections.enter_context(closing(HTTPConnection(confined.url.removeprefix("http://"), timeout=60)))
        kept = KeptSite(confined, first)
        assert kept.get("/readyz").status == 200
        for _ in range(DESCRIPTORS + 44):
            connections.enter_context(connect(confined))
        meanwhile = ask_everything(kept)
    assert {target: status for target, status in meanwhile.items() if status >= 500 and status != 503} == {}
    while not is_reached(confined):
        pass  # the server has not noticed yet that connections were closed
    afterwards = ask_everything(confined)
    assert {target: status for target, status in afterwards.items() if status >= 500} == {}
