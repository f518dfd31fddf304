"""What `/client.js` does when a request fails, and which addresses of a service it takes."""

import json
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from service.app import create_app
from service.settings import Settings
from tests import made, sites
from tests.browser import npm, stage
from tests.browser.conftest import Watched
from tests.sites import Site

LOST = 0
"""Stands for a connection that ends without an answer."""

Answer = tuple[int, dict[str, str]]


@dataclass
class Failing:
    """A server that gives these answers one after the other, and then `{"status": "ready"}`."""

    answers: list[Answer]
    url: str = ""
    asked: list[str] = field(default_factory=list)


@contextmanager
def failing(*answers: Answer) -> Iterator[Failing]:
    """A server that fails so."""
    server = Failing(list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append(self.path)
            status, headers = server.answers.pop(0) if server.answers else (200, {})
            if status == LOST:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                return
            body = b'{"status":"ready"}' if status == 200 else b'{"detail":"Not now.","title":"Busy"}'
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

        def handle(self) -> None:
            try:
                super().handle()
            except (OSError, ValueError):
                return  # the connection that was lost on purpose

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.handle_error = lambda *_: None  # type: ignore[method-assign] # likewise
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        try:
            server.url = f"http://127.0.0.1:{listening.server_address[1]}"
            yield server
        finally:
            listening.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def module(live: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the module as it is served."""
    folder = tmp_path_factory.mktemp("module")
    (folder / "client.mjs").write_bytes(live.get("/client.js").body)
    return folder


def evaluate(module: Path, program: str, *values: object, haste: int = 20) -> Any:  # noqa: ANN401 - JSON
    """What an asynchronous function of the module and some values returns, in Node; pauses are divided by `haste`."""
    script = f"""import * as client from "./client.mjs";
        const later = setTimeout;
        globalThis.setTimeout = (call, pause, ...rest) => later(call, pause / {haste}, ...rest);
        const told = (error) => ({{ name: error.name, message: error.message, status: error.status }});
        const found = await (async () => ({program})(client, ...{json.dumps(values)}))().catch(told);
        console.log(JSON.stringify(found ?? null));"""
    return json.loads(npm.run(stage.program("node"), "--input-type=module", "--eval", script, folder=module))


READ = "({ connect }, url, options, own) => connect(url, options).json('readyz', {}, own)"

BUSY = (503, {"Retry-After": "0"})


REFUSED = (400, 404, 405, 406, 409, 412, 413, 415, 416, 422)
"""Statuses after which another attempt would fail in the same way."""


def test_what_passes_is_tried_again(module: Path) -> None:
    faults: list[Any] = [(status, {}) for status in (LOST, 408, 425, 429, 500, 502, 503, 504)]
    with failing(*faults) as server:
        assert evaluate(module, READ, server.url, {"retries": len(faults)}) == {"status": "ready"}
        assert len(server.asked) == len(faults) + 1


def test_what_is_refused_is_never_tried_again(module: Path) -> None:
    program = """async ({ connect }, url, times) => {
        const found = [];
        for (let n = 0; n < times; n++) found.push(await connect(url).json("readyz").catch(({ status }) => status));
        return found;
    }"""
    with failing(*[(status, {"Retry-After": "0"}) for status in REFUSED]) as server:
        assert evaluate(module, program, server.url, len(REFUSED)) == list(REFUSED)
        assert len(server.asked) == len(REFUSED)


def test_a_refusal_is_a_problem_with_the_words_of_the_service(module: Path) -> None:
    with failing((409, {})) as server:
        assert evaluate(module, READ, server.url) == {"name": "Problem", "message": "Not now.", "status": 409}


@pytest.mark.parametrize(
    ("options", "own", "times"),
    [({}, {}, 5), ({"retries": 1}, {}, 2), ({"retries": 0}, {}, 1), ({"retries": 0}, {"retries": 2}, 3)],
)
def test_there_are_so_many_attempts_and_no_more(
    module: Path, options: dict[str, int], own: dict[str, int], times: int
) -> None:
    with failing(*[BUSY] * 20) as server:
        assert evaluate(module, READ, server.url, options, own)["status"] == 503
        assert len(server.asked) == times


def test_a_pause_is_as_long_as_the_service_asks(module: Path) -> None:
    program = """async ({ connect }, url) => {
        const began = performance.now();
        await connect(url).json("readyz");
        return performance.now() - began;
    }"""
    with failing((503, {"Retry-After": "1"})) as server:
        assert evaluate(module, program, server.url, haste=1) >= 990


@pytest.mark.parametrize("wait", ["61", "86400", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_service_that_asks_for_a_longer_pause_is_not_waited_for(module: Path, wait: str) -> None:
    with failing((503, {"Retry-After": wait})) as server:
        assert evaluate(module, READ, server.url)["status"] == 503
        assert len(server.asked) == 1


@pytest.mark.parametrize("wait", ["Fri, 31 Dec 1999 23:59:59 GMT", "soon", "-5", ""])
def test_a_pause_that_is_over_or_makes_no_sense_is_short(module: Path, wait: str) -> None:
    with failing((503, {"Retry-After": wait})) as server:
        assert evaluate(module, READ, server.url) == {"status": "ready"}


def test_a_signal_ends_a_pause(module: Path) -> None:
    program = """async ({ connect }, url) => {
        const stop = new AbortController();
        const asked = connect(url).json("readyz", {}, { signal: stop.signal });
        const found = asked.catch((error) => error.name);
        while (!(await (await fetch(url + "/asked")).text())); // an answer, so the first attempt is over as well
        stop.abort();
        return found;
    }"""
    with failing((503, {"Retry-After": "50"})) as server:
        assert evaluate(module, program, server.url) == "AbortError"


@pytest.mark.parametrize("retries", [-1, 1.5, "many", None])
def test_retries_are_a_number_of_times(module: Path, retries: object) -> None:
    found = evaluate(module, READ, "http://127.0.0.1:9", {"retries": retries})
    assert found["name"] == "RangeError"
    assert "retries must be an integer of at least 0" in found["message"]


def test_an_epoch_goes_on_after_failures(module: Path, live: Site) -> None:
    program = """async ({ connect, Service }, url) => {
        const real = globalThis.fetch;
        let calls = 0;
        globalThis.fetch = (...asked) => {
            calls++;
            if (calls % 2) return Promise.resolve(new Response("{}", { status: 503, headers: { "Retry-After": "0" } }));
            return real(...asked);
        };
        const seen = [];
        const batches = connect(url).batches("digits/all", { batch_size: 500, seed: 3 });
        for await (const { index } of batches) seen.push(...index);
        return [seen, calls];
    }"""
    seen, calls = evaluate(module, program, live.url)
    assert seen == live.get("/v1/datasets/digits/all/order?seed=3").json["order"]
    assert calls == 8


def test_steps_end_an_epoch_and_the_next_begins_where_it_ended(module: Path, live: Site) -> None:
    program = """async ({ connect }, url) => {
        const service = connect(url), real = globalThis.fetch, asked = [], seen = [];
        globalThis.fetch = (...request) => { asked.push(request[0]); return real(...request); };
        let start = 0;
        for (const steps of [1, 3, 100])
            for await (const batch of service.batches("digits/all", { batch_size: 300, seed: 1, start, steps })) {
                seen.push(...batch.index);
                start = batch.next;
            }
        const { epoch_steps } = await service.plan("digits/all", { batch_size: 300, start: 600 });
        return { seen, start, asked: asked.length, epoch_steps };
    }"""
    found = evaluate(module, program, live.url)
    assert found == {
        "seen": live.get("/v1/datasets/digits/all/order?seed=1").json["order"],
        "start": None,
        "asked": 7,
        "epoch_steps": 4,
    }


@pytest.mark.parametrize("steps", [0, -1, 1.5, "all"])
def test_steps_are_a_number_of_batches(module: Path, live: Site, steps: object) -> None:
    program = '({ connect }, url, steps) => connect(url).batches("digits/all", { steps }).next()'
    found = evaluate(module, program, live.url, steps)
    assert found["name"] == "RangeError"
    assert "steps must be an integer of at least 1" in found["message"]


def test_samples_are_taken_by_any_indices(module: Path, live: Site) -> None:
    program = """async ({ connect }, url, indices) => {
        const { x, shape, y, index } = await connect(url).take("digits/all", indices, { scale: "raw" });
        return { x: [...x], shape, y: [...y], index: [...index] };
    }"""
    found = evaluate(module, program, live.url, [1796, 0, 1796])
    samples = [live.get(f"/v1/datasets/digits/all/samples/{index}").json for index in (1796, 0, 1796)]
    assert found == {
        "x": [value for one in samples for row in one["image"] for value in row],
        "shape": [3, 8, 8],
        "y": [one["label"] for one in samples],
        "index": [1796, 0, 1796],
    }
    assert evaluate(module, program, live.url, [])["shape"] == [0, 8, 8]
    assert evaluate(module, program, live.url, [1797])["status"] == 422
    assert evaluate(module, program, live.url, [1.5])["name"] == "RangeError"


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ("/", "is no absolute address"),
        ("../api", "is no absolute address"),
        ("", "is no absolute address"),
        ("localhost:8000", "is no address of a service"),
        ("file:///tmp", "is no address of a service"),
        ("https://digits.example?rev=1", "is no address of a service"),
        ("https://digits.example#x", "is no address of a service"),
    ],
)
def test_an_address_that_cannot_be_one_is_refused_with_an_example(module: Path, base: str, words: str) -> None:
    found = evaluate(module, "async ({ connect }, base) => connect(base).base", base)
    assert found["name"] == "TypeError"
    assert words in found["message"]
    assert '"https://digits.example"' in found["message"]


def test_a_module_that_came_from_no_service_asks_for_an_address(module: Path) -> None:
    found = evaluate(module, "async ({ connect }) => connect().base")
    assert found["name"] == "TypeError"
    assert 'connect("https://digits.example")' in found["message"]


@pytest.mark.parametrize("base", ["https://digits.example/a", "https://digits.example/a/"])
def test_an_address_may_end_with_a_slash_or_without(module: Path, base: str) -> None:
    found = evaluate(module, "async ({ connect }, base) => connect(new URL(base)).url('v1/datasets')", base)
    assert found == "https://digits.example/a/v1/datasets"


@pytest.fixture(scope="module")
def below() -> Iterator[Site]:
    """A service below a path."""
    with sites.serving(create_app(Settings(root_path="/api"), [made.source()])) as running:
        yield running


@pytest.mark.parametrize(
    ("page", "base", "found"),
    [
        ("/api/problems", "/api", "/api/"),
        ("/api/problems/too-large", "../../api/", "/api/"),
        ("/api/problems/too-large", "..", "/api/"),
        ("/api/problems", "../api", "/api/"),
        ("/api/problems", None, "/api/"),
        ("/problems", "/", "/"),
    ],
)
def test_an_address_may_be_relative_to_the_page(
    watched: Watched, below: Site, page: str, base: Sequence[str] | None, found: str
) -> None:
    opened = watched.page()
    # The policy of the pages of the service lets them ask nobody, so this one is made of their address alone.
    opened.route(below.url + page, lambda route: route.fulfill(body="<title>Page</title>", content_type="text/html"))
    opened.goto(below.url + page)
    names, address = opened.evaluate(
        """async (base) => {
            const service = (await import("/api/client.js")).connect(base ?? undefined);
            return [(await service.cards()).map(({ name }) => name), service.base];
        }""",
        base,
    )
    opened.close()
    assert names == ["made"]
    assert address == below.url + found
    watched.faults = [fault for fault in watched.faults if "404" not in fault]  # the icon that a page has not
