"""The application: built from values, light to import, and never started on damaged data."""

import asyncio
import logging
import re
import subprocess
import sys
import threading
from dataclasses import replace
from typing import NoReturn, cast, get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from starlette.testclient import TestClient

from service.api import ROUTES
from service.api.formats import BATCH_FORMATS, FILE_FORMATS, ROW_FORMATS, STREAM_FORMATS
from service.app import create_app, load
from service.data.dataset import Dataset, verify
from service.datasets import SOURCES
from service.datasets.source import Source
from service.errors import DamagedData
from service.formats.render import ColourMap
from service.http.server import Server, server_config
from service.settings import Settings
from tests import made, processes, sites

HERE = "/v1/datasets/made/train"

LONG = (f"{HERE}.csv", f"{HERE}/statistics", f"{HERE}/labels", HERE)
"""What is made in a thread."""

SHORT = (f"{HERE}/rows", f"{HERE}/samples/0.png", "/readyz")
"""What is made on the event loop."""

HEAVY = ("sklearn", "scipy", "pandas", "matplotlib", "torch")
"""Libraries that take longer to import than everything else together."""


def damaged() -> Source:
    images, labels = made.values()
    card = replace(made.card(images, labels), digest="0" * 64)
    return Source(card, lambda: verify(card, images, labels))


def test_an_application_is_built_of_values_and_loads_when_it_starts() -> None:
    loaded = []

    def source(name: str) -> Source:
        there = made.source(name=name)

        def load_it() -> Dataset:
            loaded.append(name)
            return there.load()

        return Source(there.card, load_it)

    app = create_app(Settings(), [source("one"), source("two")])
    assert app.openapi()
    assert loaded == []
    with sites.serving(app) as site:
        assert loaded == ["one", "two"]
        assert [card["name"] for card in site.get("/v1/datasets").json["datasets"]] == ["one", "two"]


def test_an_application_that_has_ended_leaves_no_thread_behind_whatever_has_served_it() -> None:
    before = set(threading.enumerate())
    with TestClient(create_app(Settings(), [made.source()])) as client:
        assert client.get(f"{HERE}/statistics").status_code == 200
        assert client.get("/metrics").status_code == 200
    ours = [one for one in set(threading.enumerate()) - before if one.name.startswith(("encoder", "metrics"))]
    for thread in ours:
        thread.join(10)
    assert not any(thread.is_alive() for thread in ours)


def test_a_start_that_fails_is_told_in_one_sentence(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("uvicorn"), "propagate", True)  # whatever was configured before
    settings = Settings(port=0)
    server = Server(server_config(create_app(settings, [made.source(), damaged()]), settings))
    with pytest.raises(SystemExit) as ended:
        server.run()
    assert ended.value.code
    assert not server.started
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    (sentence,) = (one for one in errors if "made" in one)
    assert re.fullmatch(r"service\.errors\.DamagedData: made: the loaded content has SHA-256 \w{64}, .+", sentence)
    assert errors == [sentence, "Application startup failed. Exiting."]
    assert "Traceback" not in caplog.text


class Broken:
    """Images whose reading fails."""

    dtype = np.dtype(np.uint8)
    shape = (made.TRAIN + made.TEST, made.HEIGHT, made.WIDTH)

    def __getitem__(self, part: object) -> NoReturn:
        raise RuntimeError("secret")


@pytest.mark.parametrize(
    ("origins", "origin", "allowed"),
    [
        (("*",), "https://a.example", "*"),
        (("https://a.example",), "https://a.example", "https://a.example"),
        (("https://a.example",), "https://b.example", None),
    ],
)
def test_a_page_may_read_a_failure_if_it_may_read_answers(
    origins: tuple[str, ...], origin: str, allowed: str | None
) -> None:
    whole = made.source().load()
    broken = Dataset(card=whole.card, images=cast("NDArray[np.uint8]", Broken()), labels=whole.labels, notes="")
    app = create_app(Settings(cors_origins=origins), [Source(whole.card, lambda: broken)])
    with sites.serving(app) as site:
        for path in ("/rows", ".csv", "/statistics", "/samples/0.png"):  # here, in a file, in the pool, from memory
            answer = site.get(f"{HERE}{path}", {"Origin": origin})
            assert (answer.status, answer["Content-Type"]) == (500, "application/problem+json")
            assert answer.headers.get("Access-Control-Allow-Origin") == allowed
            assert "X-Request-ID" in answer["Access-Control-Expose-Headers"]
            assert answer["X-Request-ID"] in answer.json["detail"]
            assert b"secret" not in answer.body


def test_two_applications_share_nothing() -> None:
    with (
        sites.serving(create_app(Settings(text_limit=1), [made.source(seed=1)])) as one,
        sites.serving(create_app(Settings(), [made.source(seed=2)])) as other,
    ):
        assert one.get(f"{HERE}/rows?limit=2").status == 422
        assert other.get(f"{HERE}/rows?limit=2").status == 200
        assert one.get(f"{HERE}/samples/0").body != other.get(f"{HERE}/samples/0").body


def test_damaged_data_stop_the_start() -> None:
    with pytest.raises(DamagedData, match=r"made: the loaded content has SHA-256 [0-9a-f]{64}, expected 0{64}"):
        load([damaged()])
    with pytest.raises(DamagedData), TestClient(create_app(Settings(), [made.source(), damaged()])):
        pass


def test_the_real_sources_are_loaded_in_their_order() -> None:
    assert [data.card.name for data in load(SOURCES)] == ["mnist", "digits"]


@pytest.mark.parametrize("module", ["service.app", "service.__main__", "service.http.openapi"])
def test_importing_stays_light(module: str) -> None:
    assert heavy_after(f"import {module}") == []


def test_starting_stays_light() -> None:
    code = "from service.app import create_app, load; from service.datasets import SOURCES; create_app(); load(SOURCES)"
    assert heavy_after(code) == []


def heavy_after(code: str) -> list[str]:
    """The heavy libraries that a new process has imported after running the code."""
    told = f"{code}; import sys; print(*[one for one in {HEAVY} if one in sys.modules])"
    run = subprocess.run([sys.executable, "-c", told], cwd=processes.ROOT, check=True, capture_output=True, text=True)
    return run.stdout.split()


async def let_others_run() -> None:
    """Let tasks that were created just now get as far as they can."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_a_full_queue_is_503_with_the_time_to_wait_and_short_work_goes_on() -> None:
    settings = Settings(encoder_threads=1, encoder_queue=1, encoder_wait_seconds=60)
    with TestClient(create_app(settings, [made.source()])) as client:
        pool, gate = client.app_state["executor"]._pool, threading.Event()
        assert client.portal is not None
        waiting = [client.portal.start_task_soon(pool.run, gate.wait) for _ in range(2)]
        try:
            client.portal.call(let_others_run)
            for path in LONG:
                answer = client.get(path)
                assert answer.status_code == 503
                assert int(answer.headers["Retry-After"]) > 0
                assert answer.headers["Cache-Control"] == "no-store"
                assert answer.json()["type"] == "/problems/unavailable"
                assert "try again" in answer.json()["detail"]
            for path in SHORT:
                assert client.get(path).status_code == 200
        finally:
            gate.set()
        assert [one.result(10) for one in waiting] == [True] * 2
        for path in (*LONG, *SHORT):
            assert client.get(path).status_code == 200


def test_many_requests_at_once_are_all_answered(site: sites.Site) -> None:
    targets = [f"{HERE}/rows?seed={seed}&format={name}" for seed in range(20) for name in ("json", "parquet", "npz")]
    targets += [f"{HERE}/samples/{index}.png?scale={scale}" for index in range(20) for scale in (1, 2)]

    async def ask() -> list[sites.Answer]:
        return await asyncio.gather(*(asyncio.to_thread(site.get, target) for target in targets))

    answers = asyncio.run(ask())
    assert {answer.status for answer in answers} == {200}
    assert [answer.body for answer in answers] == [site.get(target).body for target in targets]


# --- what a first answer waits for ------------------------------------------------------------------------------------

SERVING = """
import os, sys, threading
from service.__main__ import main

threading.Thread(target=main, args=(["serve", "--port", "0"],), daemon=True).start()
input()
before = set(sys.modules)
print("ready", flush=True)
input()
print(*sorted(set(sys.modules) - before), flush=True)
os._exit(0)  # the server still runs
"""
"""The command itself; at every line of its input it goes on, and in the end it prints what was imported meanwhile."""

DIGITS = "/v1/datasets/digits/all"

EVERYTHING = (
    *("/", "/client.js", "/client.d.ts", "/client.tgz", "/explorer/icon.svg", "/explorer/explorer.js"),
    *("/docs", "/docs/swagger-ui.css", "/docs/favicon-32x32.png", "/openapi.json"),
    *("/livez", "/readyz", "/metrics", "/problems", "/problems/unavailable"),
    *("/v1/datasets", "/v1/datasets/digits", DIGITS),
    *(f"{DIGITS}/rows?limit=3&format={media.name}" for media in ROW_FORMATS),
    *(f"{DIGITS}/rows?limit=3&seed=1&format={media.name}&scale=standard" for media in ROW_FORMATS),
    *(
        f"{DIGITS}/rows?{choice}"
        for choice in ("label=3", "fold=0&folds=3&seed=1", "per_class=2&seed=3", "offset=9999")
    ),
    *(f"{DIGITS}/batches?batch_size=4&scale=unit&format={media.name}" for media in BATCH_FORMATS),
    *(f"{DIGITS}/batches?batch_size=99&steps=all&format={media.name}" for media in STREAM_FORMATS),
    *(f"{DIGITS}/batches?batch_size=4&layout={layout}" for layout in ("flat", "image", "chw", "hwc")),
    *(f"{DIGITS}/batches/plan", f"{DIGITS}/order?format=json", f"{DIGITS}/order?format=npy"),
    *(f"{DIGITS}/samples/1", f"{DIGITS}/samples/1/neighbors", f"{DIGITS}/labels", f"{DIGITS}/statistics"),
    *(f"{DIGITS}/projection", f"{DIGITS}/projection?kind=tsne&index=5", f"{DIGITS}/grid.json?limit=9&order=oddest"),
    f"{DIGITS}/neighbors?pixels={'A' * 86}",
    *(
        f"{DIGITS}/{picture}?{look}"
        for picture in ("samples/1.png", "samples/1.webp", "samples/1.svg", "labels/3/mean.png", "labels/3/std.png")
        for look in ("", "scale=3&cmap=magma", "invert=true", "transparent=true&cmap=viridis")
    ),
    *(f"{DIGITS}/samples/1.{suffix}?caption=true" for suffix in ("png", "webp")),
    *(
        f"{DIGITS}/grid.{suffix}?limit=9&{look}"
        for suffix in ("png", "webp")
        for look in ("labels=true", "cmap=magma", "transparent=true&gap=2")
    ),
    *(f"{DIGITS}.{suffix}" for suffix in FILE_FORMATS),
    *(f"{DIGITS}.npz?scale=unit&layout=chw", f"{DIGITS}.parquet?scale=standard"),
)
"""Every route, in each of its formats, looks and layouts."""

REFUSED = ("/nowhere", f"{DIGITS}/rows?limit=0", f"{DIGITS}/rows?format=x", f"{DIGITS}/rows?rev=0", "/v1/datasets/x")
"""What is answered with a problem."""

HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"Accept-Encoding": "gzip"},
    {"Accept-Encoding": "zstd"},
    {"Range": "bytes=0-9"},
    {"If-None-Match": "*"},
    {"If-Match": '"x"'},
    {"If-Modified-Since": "Mon, 01 Jan 2125 00:00:00 GMT"},
    {"Accept": "application/json;q=0.5, */*;q=0.1", "Origin": "https://example.org"},
)


def ask_everything(site: sites.Site) -> list[int]:
    """Ask for everything once in each way, and for what is refused; returns the statuses of plain requests."""
    plain = [site.get(target).status for target in EVERYTHING]
    for target in (*EVERYTHING, *REFUSED):
        for headers in HEADERS:
            site.get(target, headers)
        site.head(target)
    site.send("OPTIONS", "/livez", {"Origin": "https://example.org", "Access-Control-Request-Method": "GET"})
    for path, kind, body in (
        ("take", "application/json", b'{"indices": [1, 0]}'),
        ("take", "application/octet-stream", bytes(16)),
        ("take", "x", b""),
        ("neighbors", "application/octet-stream", bytes(64)),
        ("neighbors", "image/png", site.get(f"{DIGITS}/samples/1.png").body),
        ("neighbors", "image/png", b"x"),
    ):
        plain.append(site.send("POST", f"{DIGITS}/{path}", {"Content-Type": kind}, body=body).status)
    return plain


def test_everything_that_is_asked_for_is_every_route() -> None:
    paths = [target.partition("?")[0] for target in EVERYTHING] + [f"{DIGITS}/take"]
    for route in ROUTES:
        assert any(route.path_regex.match(path) for path in paths), route  # type: ignore[attr-defined]


def test_nothing_is_imported_for_a_first_answer() -> None:
    command = [sys.executable, "-c", SERVING]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=processes.ROOT, text=True, **pipes) as running:  # type: ignore[call-overload]
        found = next(found for line in running.stderr if (found := processes.RUNNING.search(line)))
        running.stdin.write("\n")
        running.stdin.flush()
        assert running.stdout.readline() == "ready\n"
        statuses = ask_everything(sites.Site(found[1]))
        told, _ = running.communicate("\n", timeout=30)
    assert statuses == [200] * (len(EVERYTHING) + 2) + [415, 200, 200, 422]
    assert told.split() == []


DRAWING = """
import sys
import numpy as np
from service.formats import prepare
from service.formats.render import RenderOptions, draw

prepare()
before = set(sys.modules)
for cmap in sys.argv[1:]:
    draw(np.zeros((1, 1), np.uint8), RenderOptions(cmap=cmap), "")
print(*sorted(set(sys.modules) - before))
"""


def test_nothing_is_imported_for_a_first_colour_map() -> None:
    command = [sys.executable, "-c", DRAWING, *get_args(ColourMap)]
    run = subprocess.run(command, cwd=processes.ROOT, check=True, capture_output=True, text=True)
    assert run.stdout.split() == []
