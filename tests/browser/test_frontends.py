"""The examples of docs/frontends.md and README.md, each run in a real browser (or Node) against a live service."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect

from tests.browser import npm, stage
from tests.browser.conftest import Watched
from tests.browser.look import measure_ink
from tests.processes import ROOT
from tests.sites import Site

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


ADDRESSES = {"docs/frontends.md": "https://digits.example", "README.md": "http://127.0.0.1:8000"}
"""The address that stands for the service, by page."""


def example(heading: str, site: Site, *, number: int = 0, page: str = "docs/frontends.md") -> str:
    """An example under a heading of a page, with the address of the live service."""
    text = (ROOT / page).read_text(encoding="utf-8")
    part = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return str(BLOCK.findall(part)[number][1]).replace(ADDRESSES[page], site.url)


@contextmanager
def shown(watched: Watched, body: str, **scripts: str) -> Iterator[Page]:
    """A page of another origin with this body."""
    files = {"/": f"<!doctype html><title>Example</title><link rel=icon href=data:,>{body}"}
    with stage.serving(files | {f"/{name}.js": text for name, text in scripts.items()}) as origin:
        page = watched.keep()
        page.goto(f"{origin}/")
        yield page
        page.goto("about:blank")


def assert_seen(page: Page) -> None:
    """Assert that every picture of a page differs from the page around it."""
    pictures = page.locator("img, canvas").all()
    assert pictures
    assert [picture.evaluate("one => one.outerHTML") for picture in pictures if measure_ink(picture) < 0.05] == []


def test_the_page_of_the_readme_shows_a_picture_and_a_canvas(watched: Watched, live: Site) -> None:
    body = example("Show digits in a web page", live, page="README.md")
    with shown(watched, body) as page:
        page.wait_for_function("() => document.querySelector('canvas').width === 112")
        page.wait_for_function("() => document.images[0].naturalWidth === 112")
        corner = page.evaluate("() => [...digit.getContext('2d').getImageData(0, 0, 1, 1).data]")
        assert corner == [68, 1, 84, 255]  # viridis' darkest
        assert_seen(page)


def test_images_are_drawn(watched: Watched, live: Site) -> None:
    with shown(watched, example("An image", live) + example("An image", live, number=1)) as page:
        page.wait_for_function("() => [...document.images].every((image) => image.complete)")
        sizes = page.evaluate("() => [...document.images].map((image) => [image.naturalWidth, image.naturalHeight])")
        assert sizes == [[224, 224], [12 * 28 + 11 * 4, 5 * 28 + 4 * 4]]
        assert_seen(page)


def test_a_canvas_is_drawn(watched: Watched, live: Site) -> None:
    with shown(watched, example("A canvas", live)) as page:
        page.wait_for_function("() => document.querySelector('canvas').width === 224")
        corner = page.evaluate("() => [...digit.getContext('2d').getImageData(0, 0, 1, 1).data]")
        assert corner == [0, 0, 4, 255]  # magma's darkest
        assert_seen(page)


def test_an_element_of_its_own_shows_the_sample_of_its_attributes(watched: Watched, live: Site) -> None:
    with shown(watched, example("A web component", live)) as page:
        digit = page.get_by_role("img")
        expect(digit).to_have_accessible_name("a handwritten 2")
        read = "() => [...document.querySelector('digit-sample').shadowRoot.firstChild.getContext('2d')"
        read += ".getImageData(0, 0, 112, 112).data]"
        image = live.get("/v1/datasets/mnist/train/samples/5").json["image"]
        assert np.array_equal(np.array(page.evaluate(read)).reshape(112, 112, 4)[::4, ::4, 0], image)
        assert measure_ink(digit) > 0.05
        set_attribute = "([name, value]) => document.querySelector('digit-sample').setAttribute(name, value)"
        page.evaluate(set_attribute, ["index", "7"])
        expect(digit).to_have_accessible_name("a handwritten 3")
        for name, value in (("dataset", "digits"), ("split", "all"), ("index", "1797")):
            page.evaluate(set_attribute, [name, value])
        expect(digit).to_have_accessible_name(re.compile("from 0 to 1796"))
        page.evaluate(set_attribute, ["index", "1796"])
        expect(digit).to_have_accessible_name("a handwritten 8")
        assert page.evaluate("() => document.querySelector('digit-sample').shadowRoot.firstChild.width") == 32
        page.evaluate("() => document.querySelector('digit-sample').remove()")
    watched.faults = [fault for fault in watched.faults if "404" not in fault]  # the index that is past the end


def test_react_draws_a_digit(watched: Watched, live: Site) -> None:
    program = stage.bundled(example("React", live), loader="jsx")
    with shown(watched, '<div id="root"></div><script type="module" src="/app.js"></script>', app=program) as page:
        expect(page.locator("figcaption")).to_have_text("3")
        data = page.evaluate(
            "() => [...document.querySelector('canvas').getContext('2d').getImageData(0, 0, 112, 112).data]"
        )
        image = live.get("/v1/datasets/mnist/train/samples/7").json["image"]
        assert np.array_equal(np.array(data).reshape(112, 112, 4)[::4, ::4, 0], image)


def test_tensorflow_learns(watched: Watched, live: Site) -> None:
    told: list[str] = []
    program = stage.bundled(example("TensorFlow.js", live)) + "\nconsole.log('done');"
    with shown(watched, '<script type="module" src="/app.js"></script>', app=program) as page:
        page.on("console", lambda message: told.append(message.text))
        page.wait_for_event("console", lambda message: message.text == "done", timeout=30_000)
    lines = [line for line in told if line.startswith("after")]
    accuracy = [float(line.rpartition(" ")[2]) for line in lines]
    assert len(lines) >= 20
    assert np.mean(accuracy[-3:]) > 0.4
    watched.faults = [fault for fault in watched.faults if "webgl" not in fault.lower()]  # a machine without one


def test_node_reads_and_writes(live: Site, tmp_path: Path) -> None:
    npm.install(live, tmp_path)
    (tmp_path / "main.js").write_text(example("Node", live))
    told = npm.run(stage.program("node"), "main.js", folder=tmp_path)
    rows = live.get("/v1/datasets/digits/all/rows?label=4&limit=3").json["rows"]
    assert told == ", ".join(f"{row['index']}: 4" for row in rows) + "\n"
    assert (tmp_path / "sheet.png").read_bytes() == live.get("/v1/datasets/digits/all/grid.png?limit=50").body
