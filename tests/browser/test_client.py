"""`/client.js`: in pages of another origin, in workers, in Node, and for a compiler of types."""

import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from service.api.pixels import encode_pixels
from service.formats.render import ColourMap
from tests.browser import stage
from tests.browser.conftest import Watched
from tests.sites import Site

CLIENT = stage.HERE.parent.parent / "service" / "explorer"

CHECKS = (stage.HERE / "checks.js").read_text()
"""A function `check(module, base)` that asks the module for everything."""


def confirm(found: dict[str, Any], site: Site) -> None:
    """Hold what the module gave against what the service says."""
    here = "/v1/datasets"
    assert found["cards"] == ["mnist", "digits"]
    rows = site.get(f"{here}/mnist/test/rows?label=3&label=5&seed=2&limit=3").json["rows"]
    assert found["rows"] == [row["index"] for row in rows]
    assert found["kind"] == "Uint8Array"
    rows = site.get(f"{here}/digits/all/rows?offset=5&limit=2").json["rows"]
    assert found["pixels"] == [value for row in rows for value in row["pixels"]]
    assert found["labels"] == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    near = site.get(f"{here}/mnist/test/samples/0/neighbors?k=2").json["neighbors"]
    assert found["near"] == [one["index"] for one in near]
    drawn = site.get(
        f"{here}/digits/all/neighbors?k=3&pixels={encode_pixels(np.array(rows[0]['pixels'], np.uint8))}"
    ).json
    assert found["drawn"] == {"near": [one["index"] for one in drawn["neighbors"]], "votes": drawn["votes"]}
    assert found["drawn"]["near"][0] == 5
    assert found["unfit"] == "Pixel 0 is 0.5; the raw values of pixels are integers from 0 to 255."
    assert (found["tiles"], found["points"], found["resumed"], found["left"]) == (4, 2, 297, 3)
    assert found["stopped"] == "AbortError"
    order = site.get(f"{here}/digits/all/order?seed=9&label=1&label=2").json["order"]
    assert found["seen"] == order
    assert found["starts"] == [[0, None, 359]]
    first = site.get(f"{here}/digits/all/samples/{order[0]}").json
    assert found["first"]["shape"] == [359, 8, 8]
    assert (found["first"]["y"], found["first"]["index"], found["first"]["steps"]) == (first["label"], order[0], 1)
    assert np.allclose(found["first"]["x"], np.ravel(first["image"]) / 16)
    assert found["problem"] == {
        "known": True,
        "status": 422,
        "name": "limit",
        "message": site.get(f"{here}/mnist/test/rows?limit=0").json["detail"],
    }
    assert found["urls"] == [
        f"{site.url}{here}/mnist/train/samples/3.png?scale=2",
        f"{site.url}{here}/mnist/test/grid.webp?label=1&label=2",
        f"{site.url}{here}/digits/all/neighbors?pixels=AP8-Pw&k=2",
    ]


@pytest.fixture
def elsewhere(watched: Watched) -> Iterator[Page]:
    """A page of another origin, with a worker to start."""
    worker = f"""{CHECKS}
        onmessage = async ({{ data: base }}) => {{
            try {{ postMessage(await check(await import(`${{base}}/client.js`), undefined)); }}
            catch (error) {{ postMessage(String(error)); }}
        }};"""
    with stage.serving(
        {"/": "<!doctype html><title>Elsewhere</title><link rel=icon href=data:,>", "/worker.js": worker}
    ) as origin:
        page = watched.keep()
        page.goto(f"{origin}/")
        yield page
        page.goto("about:blank")


def test_it_works_in_a_page_of_another_origin(elsewhere: Page, live: Site, watched: Watched) -> None:
    confirm(
        elsewhere.evaluate(
            f"async (base) => {{ {CHECKS} return check(await import(`${{base}}/client.js`), base); }}", live.url
        ),
        live,
    )
    watched.faults = [fault for fault in watched.faults if "422" not in fault]  # the problem that was asked for


def test_it_works_in_a_worker(elsewhere: Page, live: Site, watched: Watched) -> None:
    found = elsewhere.evaluate(
        """(base) => new Promise((done, failed) => {
            const worker = new Worker("/worker.js", { type: "module" });
            worker.onmessage = ({ data }) => done(data);
            worker.onerror = ({ message }) => failed(message);
            worker.postMessage(base);
        })""",
        live.url,
    )
    assert isinstance(found, dict), found
    confirm(found, live)
    watched.faults = [fault for fault in watched.faults if "422" not in fault]


def test_it_works_in_node(live: Site, tmp_path: Path) -> None:
    node = stage.program("node")
    (tmp_path / "client.js").write_bytes(live.get("/client.js").body)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    program = f"""import * as client from "./client.js"; {CHECKS}
        console.log(JSON.stringify(await check(client, {json.dumps(live.url)})));"""
    (tmp_path / "main.js").write_text(program)
    done = subprocess.run([node, "main.js"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    confirm(json.loads(done.stdout), live)


WORKERS = """
const service = client.connect(BASE), subset = { range: ":1200", label: [0, 1, 2, 3], seed: 9 }, found = [];
for (const worker of [0, 1, 2]) {
    const mine = [];
    const shape = { batch_size: 50, stride: 3, start: 50 * worker, balanced: true };
    for await (const batch of service.batches("digits/all", { ...subset, ...shape })) {
        mine.push({ index: [...batch.index], steps: batch.steps, next: batch.next });
    }
    found.push(mine);
}
const page = await service.rows("digits/all", { ...subset, limit: 5 });
const map = await service.projection("digits/all", { ...subset, limit: 5 });
const url = service.gridUrl("digits/all", subset);
console.log(JSON.stringify({ workers: found, total: page.total, points: map.points.length, url }));
"""
"""Three workers that share an epoch, and other answers about the same subset."""


def test_workers_share_a_balanced_epoch_of_a_range(live: Site, tmp_path: Path) -> None:
    node = stage.program("node")
    (tmp_path / "client.js").write_bytes(live.get("/client.js").body)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    program = f'import * as client from "./client.js"; const BASE = {json.dumps(live.url)}; {WORKERS}'
    (tmp_path / "main.js").write_text(program)
    done = subprocess.run([node, "main.js"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    subset = "range=:1200&label=0&label=1&label=2&label=3&seed=9"
    order = live.get(f"/v1/datasets/digits/all/order?{subset}&balanced=true").json["order"]
    steps = [order[first : first + 50] for first in range(0, len(order), 50)]
    for worker, mine in enumerate(found["workers"]):
        expected = steps[worker::3]
        assert [batch["index"] for batch in mine] == expected
        assert [batch["steps"] for batch in mine] == list(range(len(expected), 0, -1))
        assert [batch["next"] for batch in mine] == [
            50 * (worker + 3 * number) if number < len(expected) else None for number in range(1, len(expected) + 1)
        ]
    rows = live.get(f"/v1/datasets/digits/all/rows?{subset}&limit=5").json
    assert (found["total"], found["points"]) == (rows["total"], 5)
    assert live.get(found["url"].removeprefix(live.url)).status == 200


@pytest.mark.parametrize("split", ["mnist/test", "digits/all"])
@pytest.mark.parametrize("invert", [False, True])
def test_a_canvas_shows_the_pixels_of_the_picture(elsewhere: Page, live: Site, split: str, *, invert: bool) -> None:
    peak = 255 if split == "mnist/test" else 16
    drawn = elsewhere.evaluate(
        """async ({ base, split, peak, invert, maps }) => {
            const { connect, draw } = await import(`${base}/client.js`);
            const pixels = await connect(base).pixels(split, 11, 1), canvas = new OffscreenCanvas(1, 1), drawn = {};
            for (const cmap of maps) {
                draw(canvas, pixels, { scale: 2, cmap, invert, peak });
                drawn[cmap] = [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data];
            }
            return drawn;
        }""",
        {"base": live.url, "split": split, "peak": peak, "invert": invert, "maps": list(get_args(ColourMap))},
    )
    for name in get_args(ColourMap):
        file = live.get(f"/v1/datasets/{split}/samples/11.png?scale=2&cmap={name}&invert={str(invert).lower()}").body
        picture = np.asarray(Image.open(io.BytesIO(file)).convert("RGBA"))
        assert np.array_equal(np.array(drawn[name]).reshape(picture.shape), picture), name


def test_its_types_are_what_it_is(tmp_path: Path) -> None:
    compiler = stage.package("typescript") / "bin" / "tsc"
    shutil.copy(CLIENT / "client.js", tmp_path)
    shutil.copy(CLIENT / "client.d.ts", tmp_path)
    shutil.copy(stage.HERE / "use.ts", tmp_path)
    flags = ["--strict", "--noEmit", "--target", "esnext", "--module", "nodenext", "--lib", "esnext,dom"]
    (tmp_path / "package.json").write_text('{"type": "module"}')
    done = subprocess.run([compiler, *flags, "use.ts"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_name_of_the_module_has_a_type(elsewhere: Page, live: Site) -> None:
    names, methods = elsewhere.evaluate(
        """async (base) => {
            const client = await import(`${base}/client.js`);
            return [Object.keys(client), Object.getOwnPropertyNames(client.Service.prototype)];
        }""",
        live.url,
    )
    types = (CLIENT / "client.d.ts").read_text()
    assert [name for name in names if f"function {name}(" not in types and f"class {name} " not in types] == []
    assert [name for name in methods if f"  {name}(" not in types] == []
