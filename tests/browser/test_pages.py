"""Cards, problems, and the page at / without JavaScript, as a person sees them."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import stage
from tests.browser.conftest import Watched
from tests.browser.look import measure_ink
from tests.sites import Site

PAGES = {
    "/v1/datasets": 200,
    "/v1/datasets/mnist": 200,
    "/v1/datasets/digits": 200,
    "/v1/datasets/mnist/train": 200,
    "/problems": 200,
    "/problems/too-large": 200,
    "/v1/datasets/iris": 404,
    "/v1/datasets/mnist/train/rows?limit=0&%3Cscript%3E=1": 422,
}
"""Addresses and the status of their answers."""

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


def open_page(watched: Watched, url: str, status: int = 200, **options: object) -> Page:
    """A page at an address, loaded whole; only the status of the answer may be a fault."""
    page = watched.page(**options)  # type: ignore[arg-type]
    answer = page.goto(url)
    assert answer is not None
    assert answer.status == status
    page.wait_for_load_state("networkidle")
    watched.faults = [fault for fault in watched.faults if f"status of {status}" not in fault]
    return page


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_everybody_can_read_a_page(watched: Watched, live: Site, path: str, scheme: str, size: str) -> None:
    width, height = SIZES[size]
    page = open_page(watched, live.url + path, PAGES[path], width=width, height=height, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate((stage.package("axe-core") / "axe.min.js").read_text())
    found = page.evaluate("() => axe.run().then(({ violations }) => violations)")
    assert [(fault["id"], [node["html"] for node in fault["nodes"]][:3]) for fault in found] == []
    for picture in page.locator("main img").all():
        assert measure_ink(picture) > 0.01, picture.get_attribute("src")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_javascript_the_home_page_shows_the_data(watched: Watched, live: Site, scheme: str) -> None:
    page = open_page(watched, f"{live.url}/", scripts=False, scheme=scheme)
    expect(page.get_by_role("heading", level=1)).to_have_text("Handwritten digits over HTTP")
    expect(page.get_by_role("button")).to_have_count(0)
    pictures = page.locator("main img").all()
    assert len(pictures) == 2
    for picture in pictures:
        assert measure_ink(picture) > 0.01
    page.get_by_role("link", name="MNIST database").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("MNIST database of handwritten digits")
    page.get_by_role("link", name="train", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("mnist/train")
    page.get_by_role("link", name="This page as JSON").click()
    assert '"split":"train"' in page.content()
    page.close()
    watched.faults = [fault for fault in watched.faults if "404" not in fault]  # the icon that JSON does not name


def test_with_javascript_the_home_page_asks_for_no_such_picture(watched: Watched, live: Site) -> None:
    page = watched.page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{live.url}/")
    page.wait_for_selector("#view[data-state=ready]")
    assert not any("pages.css" in url or "transparent=true" in url for url in asked)
    expect(page.get_by_text("needs JavaScript")).to_have_count(0)


def test_a_card_that_was_read_as_a_page_is_still_json_for_the_explorer(watched: Watched, live: Site) -> None:
    page = open_page(watched, f"{live.url}/v1/datasets")
    page.get_by_role("link", name="Explorer").click()
    page.wait_for_selector("#view[data-state=ready]")
    found = page.evaluate("async () => (await (await fetch('/v1/datasets')).json()).datasets.length")
    assert found == 2
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Datasets")


def test_the_colours_of_the_explorer_are_those_of_the_pages(watched: Watched, live: Site) -> None:
    page = open_page(watched, f"{live.url}/v1/datasets/mnist")
    paper = "() => getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_role("button", name="Colours of the page").click(click_count=2)
    assert page.evaluate(paper) != light
    assert measure_ink(page.locator(".sheet img")) > 0.01
    page.goto(f"{live.url}/problems")
    assert page.evaluate(paper) != light
