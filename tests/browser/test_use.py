"""What one takes away from the explorer: the request behind a view, code, files, and the view in another page."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from service.api.formats import FILE_FORMATS
from service.api.pixels import draw_stroke, encode_pixels
from service.app import create_app
from service.data.dataset import Dataset
from service.datasets import digits
from service.settings import Settings
from tests import sites
from tests.browser import stage
from tests.browser.conftest import Opened, Watched
from tests.browser.look import measure_ink
from tests.readers import READERS
from tests.sites import Site

STROKE = encode_pixels(draw_stroke(digits.CARD))

VIEWS = {
    "samples": ("rows", ""),
    "labels": ("labels", ""),
    "statistics": ("statistics", ""),
    "map": ("points", "&kind=tsne"),
    "draw": ("neighbors", f"&k=3&pixels={STROKE}"),
    "compare": ("datasets", ""),
}
"""Of each view, the list in the answer to the request behind it, and what its address has besides."""

ASKED = """(url) => [url, url.replace(/[?&]rev=[^&]*/, "")].some(
    (one) => performance.getEntriesByName(one).length > 0)"""
"""Whether the page has sent a request, with the revision or without."""

CHOICES = {
    "#/samples/digits/all": "",
    "#/samples/digits/all?label=4&label=9": "label=4&label=9",
    "#/samples/digits/all?seed=18446744073709551615": "seed=18446744073709551615",
    "#/samples/digits/all?label=3&order=oddest": "label=3&order=oddest",
    "#/samples/digits/all?index=5&index=1796&index=0&only=true": "index=5&index=1796&index=0",
    "#/map/mnist/train": "seed=1&limit=2000",
}
"""Selections by the addresses of their views, and how the interface writes them."""


def go(page: Page, fragment: str) -> None:
    """Follow a link within the page, and wait until its view is ready."""
    view = fragment.removeprefix("#/").partition("/")[0]
    page.evaluate("(fragment) => { location.hash = fragment }", fragment)
    page.wait_for_selector(f"#view.{view}[data-state=ready]")


def read_code(page: Page, place: str) -> dict[str, str]:
    """Every snippet of a place, by tool."""
    block = page.locator(f"{place} .code").first
    expect(block).to_be_visible()
    found = {}
    for tool in block.locator(".tab").all_inner_texts():
        block.get_by_role("button", name=tool, exact=True).click()
        found[tool] = str(block.locator("pre").text_content())
    return found


def run_javascript(code: str, shown: str) -> Any:  # noqa: ANN401 - whatever it shows
    """What an expression is at the end of a module, in Node."""
    command = [stage.program("node"), "--input-type=module", "--eval", f"{code}\nconsole.log(JSON.stringify({shown}));"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)


def run_python(code: str) -> dict[str, Any]:
    """The variables of a program at its end."""
    names: dict[str, Any] = {}
    exec(compile(code, "snippet", "exec"), names)  # noqa: S102 - our own
    return names


def run_curl(code: str, folder: Path) -> bytes:
    """What a command writes, into a file of an empty folder or to the terminal."""
    folder.mkdir()
    done = subprocess.run(code, shell=True, check=True, cwd=folder, capture_output=True)  # noqa: S602 - our own
    return b"".join(file.read_bytes() for file in folder.iterdir()) or done.stdout


def run_r(code: str, shown: str) -> list[int] | None:
    """Integers that a program of R shows; None where R, or jsonlite, is not installed and need not be."""
    if shutil.which("Rscript") is None and not os.environ.get("CI"):
        return None
    command = ["Rscript", "--vanilla", "-e", f'if (requireNamespace("jsonlite")) {{\n{code}\ncat({shown})\n}}']
    shows = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [int(text) for text in shows.split()] or None


def test_every_view_shows_the_request_behind_it_and_code_that_sends_it(
    opened: Opened, live: Site, tmp_path: Path
) -> None:
    page = opened("#/samples/digits/all?label=4&seed=7")
    page.get_by_role("button", name="Request", exact=True).click()
    for view, (member, more) in VIEWS.items():
        go(page, f"#/{view}/digits/all?label=4&seed=7{more}")
        place = page.locator("#request")
        url = str(place.get_by_role("link", name="Open the request", exact=True).get_attribute("href"))
        assert place.locator(".request-target").inner_text() == f"GET {url.removeprefix(live.url)}"
        place.get_by_role("button", name="Copy the request", exact=True).click()
        page.wait_for_function("async (url) => (await navigator.clipboard.readText()) === url", arg=url)
        others = [str(one.get_attribute("href")) for one in place.get_by_role("link", name="the request for").all()]
        # The grid shows sheets of the rows; what the labels show of one class, they show of each in another size.
        for one in {"samples": others, "labels": [url]}.get(view, [url, *others]):
            page.wait_for_function(ASKED, arg=one)
        assert all(live.head(one.removeprefix(live.url)).status == 200 for one in others)
        answer = live.get(url.removeprefix(live.url)).json
        code = read_code(page, "#request")
        assert set(code) == {"curl", "Python", "JavaScript", "R", *(["HTML"] if view in ("samples", "labels") else [])}
        assert json.loads(run_curl(code["curl"], tmp_path / view)) == answer
        assert run_javascript(code["JavaScript"], member) == answer[member]
        assert len(run_python(code["Python"])[member]) == len(answer[member])
        assert run_r(code["R"], f"NROW({member})") in (None, [len(answer[member])])


def test_the_line_of_the_request_folds_and_follows_the_view(opened: Opened) -> None:
    page = opened("#/samples/digits/all?label=4")
    target, button = page.locator(".request-target"), page.get_by_role("button", name="Request", exact=True)
    expect(target).to_contain_text("rows?label=4&rev=")
    page.get_by_role("button", name="9", exact=True).click()
    expect(target).to_contain_text("rows?label=4&label=9&rev=")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    picture = page.locator(".requests li", has_text="Picture").locator("code")
    expect(picture).to_contain_text("offset=0&limit=500")
    page.locator("#request .code pre").focus()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(page.locator("#request-all")).to_be_hidden()
    go(page, "#/draw/digits/all")
    expect(target).to_have_text("Nothing is asked for yet")
    expect(page.get_by_role("link", name="Open the request", exact=True)).to_be_hidden()


def test_a_sample_shows_the_request_behind_it(opened: Opened, live: Site) -> None:
    page = opened("#/samples/digits/all?sample=31")
    link = page.get_by_role("link", name="Open the request for this sample")
    url = str(link.get_attribute("href")).removeprefix(live.url)
    assert live.get(url).json["index"] == 31
    expect(page.locator(".panel .requests code")).to_have_text(f"GET {url}")
    code = read_code(page, ".sample")
    pixels = live.get("/v1/datasets/digits/all/rows?offset=31&limit=1").json["rows"][0]["pixels"]
    assert run_python(code["NumPy"])["x"].tolist() == [pixels]
    assert run_javascript(code["JavaScript"], "samples.map(({ pixels }) => pixels)") == [pixels]


def test_code_and_files_are_exactly_the_selection(
    opened: Opened, live: Site, real: dict[str, Dataset], tmp_path: Path
) -> None:
    page = opened("#/samples/digits/all?use=true")
    for number, (fragment, query) in enumerate(CHOICES.items()):
        go(page, f"{fragment}{'&' if '?' in fragment else '?'}use=true")
        expect(page.locator(".panel h2")).to_have_text("Use this selection")
        split = "/".join(fragment.removeprefix("#/").partition("?")[0].split("/")[1:])
        index = _indices(live.get(f"/v1/datasets/{split}.npz?{query}").body, "npz")
        data = real[split.partition("/")[0]]
        x, y = data.images[index].reshape(len(index), -1), data.labels[index]
        code = read_code(page, ".use")
        assert list(code) == ["curl", "pandas", "NumPy", "Keras", "torch", "JavaScript", "HTML", "R"]
        for tool in ("pandas", "NumPy"):
            names = run_python(code[tool])
            assert np.array_equal(np.asarray(names["x"]), x)
            assert np.array_equal(names["y"], y)
        for tool in ("Keras", "torch"):
            compile(code[tool], tool, "exec")
        assert _indices(run_curl(code["curl"], tmp_path / str(number)), "csv") == index
        assert run_javascript(code["JavaScript"], "samples.map(({ index }) => index)") == index
        assert run_r(code["R"], "frame$index") in (None, index)
        for name in ("CSV", "Parquet", "NPZ", "Arrow", "NDJSON"):
            link = page.locator(".panel").get_by_role("link", name=name, exact=True)
            answer = live.get(str(link.get_attribute("href")).removeprefix(live.url))
            assert _indices(answer.body, name.lower()) == index
            assert f'filename="{split.replace("/", "-")}' in answer["Content-Disposition"]


def _indices(file: bytes, suffix: str) -> list[int]:
    """The indices in a file."""
    index, _, _ = READERS[FILE_FORMATS[suffix].name][0](file)
    assert index is not None
    return list(map(int, index.tolist()))


def test_a_file_is_saved_under_a_name_that_says_what_it_is(opened: Opened) -> None:
    page = opened("#/samples/digits/all?label=3&order=oddest&use=true")
    with page.expect_download() as waiting:
        page.locator(".panel").get_by_role("link", name="CSV", exact=True).click()
    assert waiting.value.suggested_filename == "digits-all-label-3-order-oddest.csv"
    assert waiting.value.path().read_text().startswith("index,label,pixel_0_0,")


def test_code_of_labels_and_statistics_reads_those(opened: Opened, watched: Watched, live: Site) -> None:
    page = opened("#/samples/digits/all?label=4&cmap=viridis&use=true")
    pictures = {read_code(page, ".use")["HTML"]: 1}
    go(page, "#/labels/digits/all?use=true")
    code = read_code(page, ".use")
    expected = [one["count"] for one in live.get("/v1/datasets/digits/all/labels").json["labels"]]
    assert run_python(code["Python"])["labels"]["count"].tolist() == expected
    pictures[code["HTML"]] = 10
    go(page, "#/statistics/digits/all?use=true")
    expect(page.locator(".use .code pre").first).to_contain_text("/statistics?")
    assert len(run_python(read_code(page, ".use")["Python"])["statistics"]) == 65
    _look_at_pictures(watched.page(), pictures)


def _look_at_pictures(page: Page, pictures: dict[str, int]) -> None:
    """Every picture in HTML comes, and has the size that the HTML says."""
    for code, number in pictures.items():
        page.set_content(code)
        page.wait_for_function("() => [...document.images].every((image) => image.complete)")
        sizes = "[...document.images].map((it) => [[it.naturalWidth, it.naturalHeight], [it.width, it.height]])"
        found = page.evaluate(sizes)
        assert len(found) == number
        assert all(real == shown and min(real) > 50 for real, shown in found)


@pytest.fixture
def course() -> Iterator[tuple[str, dict[str, str]]]:
    """A page of another origin: its address, and its files by path."""
    files = {"/favicon.ico": ""}
    with stage.serving(files) as url:
        yield url, files


def embed(page: Page, watched: Watched, course: tuple[str, dict[str, str]]) -> Page:
    """The page of another origin with the frame that the explorer gives."""
    url, files = course
    page.get_by_role("button", name="Copy iframe").click()
    code = page.get_by_role("region", name="Code of the frame").text_content()
    page.wait_for_function("async (code) => (await navigator.clipboard.readText()) === code", arg=code)
    files["/"] = f"<!doctype html><html lang=en><title>Course</title><h1>A course</h1>{code}"
    foreign = watched.page()
    foreign.goto(url)
    return foreign


def test_a_view_stands_alone_in_a_page_of_another_origin(watched: Watched, course: tuple[str, dict[str, str]]) -> None:
    settings = Settings(frame_ancestors=(course[0],))
    with sites.serving(create_app(settings, [digits.SOURCE]), settings) as site:
        page = watched.page()
        page.goto(f"{site.url}/#/samples/digits/all?label=4&seed=7&use=true")
        expect(page.locator(".panel .hint").last).to_contain_text(f"Pages of {course[0]} may show it in a frame")
        foreign = embed(page, watched, course)
        frame = foreign.frame_locator("iframe")
        expect(frame.locator("#view[data-state=ready]")).to_be_visible()
        expect(frame.get_by_role("heading", level=1)).to_have_text("digits all")
        expect(frame.locator(".heading .muted")).to_have_text("181 samples labelled 4, shuffled with seed 7")
        for part in (".top", "#filters", "#request", ".skip"):
            expect(frame.locator(part)).to_be_hidden()
        assert measure_ink(foreign.locator("iframe")) > 0.05
        _use_keys(foreign)
        _follow_links(foreign)
        foreign.frames[1].evaluate("() => { location.hash = '#/samples/digits/all?label=4' }")
        with foreign.expect_popup() as opening:
            frame.get_by_role("link", name="Digits").click()
        whole = opening.value
        expect(whole.locator(".top")).to_be_visible()
        expect(whole.locator(".chip[aria-pressed=true]")).to_have_text("4")
        assert whole.url == f"{site.url}/#/samples/digits/all?label=4"


def test_a_view_stands_alone_before_anything_is_known(watched: Watched, live: Site) -> None:
    page = watched.page()
    page.route("**/v1/datasets", lambda _: None)  # never answers
    page.goto(f"{live.url}/#/samples/digits/all?embed=true")
    expect(page.get_by_text("Loading…")).to_be_visible()
    expect(page.locator(".top")).to_be_hidden()


def _use_keys(foreign: Page) -> None:
    """Arrow keys, the panel and Escape do what they do in the whole page."""
    frame = foreign.frame_locator("iframe")
    frame.locator("#samples").focus()
    foreign.keyboard.press("ArrowRight")
    expect(frame.locator("#active-sample")).to_have_attribute("aria-posinset", "2")
    foreign.keyboard.press("Enter")
    index = str(frame.locator("#active-sample").get_attribute("aria-label")).split()[1].rstrip(",")
    expect(frame.locator(".panel h2")).to_have_text(f"Sample {int(index):,}")
    expect(frame.locator("#view")).to_be_visible()
    foreign.keyboard.press("Escape")
    expect(frame.locator("#panel")).to_be_hidden()


def _follow_links(foreign: Page) -> None:
    """Wherever links and keys within the frame lead, the view stays alone; and so it does on the way back."""
    frame = foreign.frames[1]
    for view in ("map", "labels"):
        frame.evaluate("(view) => { location.hash = `#/${view}/digits/all` }", view)
        frame.wait_for_selector(f"#view.{view}[data-state=ready]")
        assert not frame.locator(".top").is_visible()
        frame.wait_for_function("() => location.hash.endsWith('embed=true')")
    frame.locator("#view").focus()
    foreign.keyboard.press("/")  # would open the filters, of the samples
    assert frame.evaluate("location.hash") == "#/labels/digits/all?embed=true"
    frame.evaluate("() => history.back()")
    frame.wait_for_selector("#view.map[data-state=ready]")
    assert not frame.locator(".top").is_visible()


def test_a_service_that_allows_no_frame_is_not_shown_in_one_and_says_so(
    opened: Opened, watched: Watched, course: tuple[str, dict[str, str]]
) -> None:
    page = opened("#/samples/digits/all?use=true")
    expect(page.locator(".panel .hint").last).to_contain_text("This service lets no page show it in a frame")
    foreign = embed(page, watched, course)
    foreign.wait_for_load_state("networkidle")
    assert foreign.frame_locator("iframe").locator("#view").count() == 0
    assert len(watched.faults) == 1
    assert "frame-ancestors 'none'" in watched.faults.pop()
