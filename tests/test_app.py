"""The application: built from values, light to import, and never started on damaged data."""

import asyncio
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from service.app import create_app, load
from service.data.dataset import Dataset, verify
from service.datasets import SOURCES
from service.datasets.source import Source
from service.errors import DamagedData
from service.settings import Settings
from tests import made, sites

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
    run = subprocess.run([sys.executable, "-c", told], cwd=Path(sites.ROOT), check=True, capture_output=True, text=True)
    return run.stdout.split()


async def let_others_run() -> None:
    """Let tasks that were created just now get as far as they can."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_a_full_queue_is_503_with_the_time_to_wait_and_short_work_goes_on() -> None:
    with TestClient(create_app(Settings(encoder_threads=1, encoder_queue=2), [made.source()])) as client:
        pool, gate = client.app_state["executor"]._pool, threading.Event()
        assert client.portal is not None
        waiting = [client.portal.start_task_soon(pool.run, gate.wait) for _ in range(3)]
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
        assert [one.result(10) for one in waiting] == [True] * 3
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
