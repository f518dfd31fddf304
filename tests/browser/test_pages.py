"""Cards, problems, and the page at / without JavaScript, as a person sees them."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Scheme, Watched
from tests.browser.look import COLOUR_RULES, find_faults, measure_ink
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

SIZES = ((1280, 900), (390, 844))
"""Of a desktop and of a phone."""

SCHEMES: tuple[Scheme, ...] = ("light", "dark")


def load(watched: Watched, page: Page, url: str, status: int = 200) -> Page:
    """The page at an address, loaded whole; only the status of the answer may be a fault."""
    answer = page.goto(url)
    assert answer is not None
    assert answer.status == status
    page.wait_for_load_state("networkidle")
    watched.faults = [fault for fault in watched.faults if f"status of {status}" not in fault]
    return page


@pytest.mark.parametrize("path", PAGES)
def test_everybody_can_read_a_page(watched: Watched, live: Site, path: str) -> None:
    page = load(watched, watched.keep(), live.url + path, PAGES[path])
    for width, height in SIZES:
        for scheme in SCHEMES:
            watched.keep(width=width, height=height, scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            # In the dark the page has the same elements, names and sizes.
            assert find_faults(page, rules=() if scheme == "light" else COLOUR_RULES) == [], (width, scheme)
            if (scheme == "dark") == (width < 600):
                continue  # each size and each scheme is looked at once
            for picture in page.locator("main img").all():
                assert measure_ink(picture) > 0.01, (picture.get_attribute("src"), width, scheme)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_without_javascript_the_home_page_shows_the_data(watched: Watched, live: Site, scheme: Scheme) -> None:
    page = load(watched, watched.page(scripts=False, scheme=scheme), f"{live.url}/")
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
    page = load(watched, watched.keep(), f"{live.url}/v1/datasets")
    page.get_by_role("link", name="Explorer").click()
    page.wait_for_selector("#view[data-state=ready]")
    found = page.evaluate("async () => (await (await fetch('/v1/datasets')).json()).datasets.length")
    assert found == 2
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Datasets")


def test_the_colours_of_the_explorer_are_those_of_the_pages(watched: Watched, live: Site) -> None:
    page = load(watched, watched.keep(), f"{live.url}/v1/datasets/mnist")
    paper = "() => getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_role("button", name="Colours of the page").click(click_count=2)
    assert page.evaluate(paper) != light
    assert measure_ink(page.locator(".sheet img")) > 0.01
    page.goto(f"{live.url}/problems")
    assert page.evaluate(paper) != light
