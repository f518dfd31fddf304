"""The main ways through the explorer, in Chromium and in Firefox."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser import firefox
from tests.browser.chromium import BrowserPage, ChromiumPage
from tests.browser.conftest import Watched
from tests.sites import Site

Travel = Callable[[str], BrowserPage]
"""Opens the explorer at a fragment in a browser, and waits until its view is ready."""

MARK = "document.getElementById('active-sample')"
"""The frame around the active sample."""


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def window(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserPage]:
    """A page of each browser in turn."""
    if request.param == "firefox":
        with firefox.running(tmp_path_factory.mktemp("profile")) as page:
            yield page
        return
    browser: Browser = request.getfixturevalue("browser")
    watched = Watched(browser)
    yield ChromiumPage(watched.page(), watched.faults)
    watched.close()


@pytest.fixture
def travel(window: BrowserPage, live: Site) -> Iterator[Travel]:
    """The explorer at a fragment, 1440 × 900 CSS pixels; what goes wrong in it fails the test."""
    window.faults.clear()

    def at(fragment: str) -> BrowserPage:
        window.resize(1440, 900)
        window.goto("about:blank")
        window.goto(f"{live.url}/{fragment}")
        window.wait("document.querySelector('#view[data-state=ready]')")
        return window

    yield at
    assert window.faults == []


def title(page: BrowserPage, text: str) -> None:
    """Wait until the panel shows this title."""
    page.wait(f"document.querySelector('.panel h2')?.textContent === '{text}'")


def mark(page: BrowserPage, index: int) -> None:
    """Wait until the mark is on the sample of an index, and in view beside the panel."""
    page.wait(f"{MARK}.getAttribute('aria-label').startsWith('Sample {index},')")
    page.wait(
        f"""(() => {{
            const box = {MARK}.getBoundingClientRect();
            const list = document.getElementById("samples").getBoundingClientRect();
            const shown = getComputedStyle({MARK}).opacity === "1" && box.width > 0;
            return shown && box.top >= list.top && box.bottom <= list.bottom && box.right <= list.right;
        }})()"""
    )


def address(page: BrowserPage, fragment: str) -> None:
    """Wait until the address has this fragment; it follows after a moment."""
    page.wait(f"location.hash === '{fragment}'")


def test_thirty_rows_down_the_mark_is_on_the_sample_that_is_open(travel: Travel) -> None:
    page = travel("#/samples/mnist/train")
    columns = page.evaluate(
        f"""(() => {{
            const list = document.getElementById("samples");
            list.focus();
            list.dispatchEvent(new KeyboardEvent("keydown", {{ key: "ArrowDown" }}));
            return Number({MARK}.getAttribute("aria-posinset")) - 1;
        }})()"""
    )
    assert columns > 10
    page.press("ArrowDown", times=29)
    page.press("Enter")
    title(page, f"Sample {30 * columns}")
    mark(page, 30 * columns)
    for step in (1, 2):
        page.press("ArrowRight")
        title(page, f"Sample {30 * columns + step}")
        mark(page, 30 * columns + step)
    address(page, f"#/samples/mnist/train?at={30 * columns + 2}&sample={30 * columns + 2}")
    page.press("Escape")
    page.wait("document.getElementById('panel').hidden")
    mark(page, 30 * columns + 2)


@pytest.mark.parametrize("selection", ["", "?label=3&seed=7"])
def test_a_click_at_the_lower_right_opens_and_marks_the_same_sample(travel: Travel, live: Site, selection: str) -> None:
    page = travel(f"#/samples/mnist/train{selection}")
    order = live.get(f"/v1/datasets/mnist/train/order{selection or '?shuffle=false'}").json["order"]
    found: Any = page.evaluate(
        """(() => {
            const box = document.getElementById("samples").getBoundingClientRect();
            const margin = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--margin"));
            return [box.right, box.bottom, margin];
        })()"""
    )
    right, bottom, margin = found
    page.click(right - margin - 40, bottom - 110)
    page.wait("document.querySelector('.panel .facts dd')")
    position = int(page.evaluate(f"{MARK}.getAttribute('aria-posinset')")) - 1
    assert position > 30
    title(page, f"Sample {order[position]:,}")
    mark(page, order[position])
    page.press("ArrowRight")
    title(page, f"Sample {order[position + 1]:,}")
    mark(page, order[position + 1])


def test_an_address_with_a_sample_puts_the_mark_on_it(travel: Travel) -> None:
    page = travel("#/samples/mnist/train?sample=45678")
    title(page, "Sample 45,678")
    mark(page, 45_678)
    address(page, "#/samples/mnist/train?at=45678&sample=45678")


def test_a_sample_of_another_order_is_found_where_it_stands(travel: Travel, live: Site) -> None:
    order = live.get("/v1/datasets/mnist/train/order?label=3&seed=7").json["order"]
    page = travel(f"#/samples/mnist/train?label=3&seed=7&sample={order[4_321]}")
    mark(page, order[4_321])
    assert page.evaluate(f"{MARK}.getAttribute('aria-posinset')") == "4322"
    page.press("/")
    page.type(str(order[99]))
    page.press("Enter")
    title(page, f"Sample {order[99]:,}")
    mark(page, order[99])


def test_a_sample_outside_the_selection_is_never_opened_silently(travel: Travel) -> None:
    page = travel("#/samples/mnist/train?label=3&seed=7")
    page.press("/")
    page.type("5000")
    page.press("Enter")
    title(page, "Sample 5,000")
    page.wait("document.querySelector('.outside').textContent.includes('not among the 6,131 samples labelled 3')")
    assert page.evaluate(f"{MARK}.hidden")
    page.evaluate("document.querySelector('.outside button').click()")
    page.wait("document.querySelector('.outside').textContent === ''")
    mark(page, 5_000)


def test_focus_stays_where_it_is_while_the_panel_goes_on(travel: Travel) -> None:
    page = travel("#/samples/digits/all?sample=7")
    title(page, "Sample 7")
    page.wait("document.querySelector('.panel .facts dd')")
    page.evaluate("document.querySelector('.numbers').open = true")
    page.evaluate("document.querySelector('[aria-label=\"Sample after\"]').focus()")
    for index in (8, 9):
        page.press("Enter")
        title(page, f"Sample {index}")
        page.wait(f"document.querySelector('.facts').textContent.includes('Index{index}')")
        assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Sample after"
    assert page.evaluate("document.querySelector('.numbers').open")
    page.wait("document.querySelector('.neighbour')")
    page.evaluate("document.querySelector('.neighbour').focus()")
    page.press("Enter")
    page.wait("document.querySelector('.panel h2').textContent !== 'Sample 9'")
    assert page.evaluate("document.activeElement === document.querySelector('.panel h2')")


def test_the_keyboard_leads_to_samples_on_the_map(travel: Travel, live: Site) -> None:
    points = live.get("/v1/datasets/digits/all/projection?limit=2000").json["points"]
    page = travel("#/map/digits/all")
    page.evaluate("document.querySelector('.sky').focus()")
    page.press("ArrowRight")
    page.wait("document.querySelector('[role=status].unseen').textContent !== ''")
    said = page.evaluate("document.querySelector('[role=status].unseen').textContent")
    found = re.fullmatch(r"Sample ([\d,]+), label (\d)", said)
    assert found is not None
    index = int(found[1].replace(",", ""))
    assert points[index]["x"] > points[0]["x"]
    assert points[index]["label"] == int(found[2])
    page.press("Enter")
    title(page, f"Sample {index:,}")
    address(page, f"#/map/digits/all?at={index}&sample={index}")


def test_the_way_back_leads_back_to_the_same_sample(travel: Travel) -> None:
    page = travel("#/samples/mnist/test?label=8&at=40")
    page.evaluate("document.getElementById('samples').focus()")
    page.press("Enter")
    page.wait("document.querySelector('.panel h2')")
    before = page.evaluate(f"{MARK}.getAttribute('aria-label')")
    page.press("ArrowRight")
    page.wait(f"{MARK}.getAttribute('aria-posinset') === '42'")
    page.press("Escape")
    page.wait("document.getElementById('panel').hidden")
    page.evaluate("document.querySelector('.tabs a[data-view=labels]').click()")
    page.wait("document.querySelector('.view.labels[data-state=ready]')")
    page.evaluate("history.back()")
    page.wait("document.querySelector('.view.samples[data-state=ready]')")
    page.wait(f"{MARK}.getAttribute('aria-posinset') === '42'")
    assert page.evaluate("document.getElementById('panel').hidden")
    page.evaluate("history.back()")
    page.wait("!document.getElementById('panel').hidden")
    page.evaluate("history.back()")
    page.wait("document.getElementById('panel').hidden")
    page.wait(f"{MARK}.getAttribute('aria-label') === '{before}'")


def test_labels_filter_and_the_count_follows(travel: Travel) -> None:
    page = travel("#/samples/mnist/train")
    page.evaluate("document.querySelectorAll('.chip')[7].click()")
    page.wait("document.querySelector('.heading .muted').textContent === '6,265 samples labelled 7, in file order'")
    mark_label = f"{MARK}.getAttribute('aria-label') === 'Sample 15, label 7'"
    page.wait(mark_label)
    address(page, "#/samples/mnist/train?label=7")
