"""The main ways through the explorer, in Chromium and in Firefox."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser import firefox, strokes
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


def test_a_three_that_is_drawn_is_called_a_three_and_the_address_holds_it(travel: Travel, live: Site) -> None:
    page = travel("#/draw/mnist/train")
    box = page.evaluate("document.querySelector('.ink').getBoundingClientRect().toJSON()")
    page.drag(strokes.place(strokes.THREE, box))
    page.wait("document.querySelector('.answer h2').textContent === '10 of 10 say 3'")
    page.wait("location.hash.includes('pixels=')")
    request = page.evaluate("document.querySelector('.request-tools a').href")
    pixels = page.evaluate("location.hash.split('pixels=')[1]")
    assert f"pixels={pixels}&" in request
    assert live.get(request.removeprefix(live.url)).json["votes"]["3"] == 10
    ink = "document.querySelector('.ink').toDataURL()"
    drawn = page.evaluate(ink)
    page.evaluate("document.querySelector('.nearest button').click()")
    page.wait("document.querySelector('.panel .facts dd')?.textContent === '3'")
    travel(page.evaluate("location.hash"))
    page.wait("document.querySelector('.nearest [aria-current]')")
    assert page.evaluate(ink) == drawn
    page.press("Escape")
    page.wait("document.getElementById('panel').hidden")
    assert page.evaluate("document.activeElement.className") == "ink"
    page.press("x")
    page.wait("document.querySelector('.said').textContent.startsWith('Row 14, column 14: ')")
    page.evaluate(
        "[...document.querySelectorAll('.pad-tools button')].find((one) => one.textContent === 'Clear').click()"
    )
    page.wait("document.querySelector('.answer h2').textContent.startsWith('The pad is empty')")
    page.wait("!location.hash.includes('pixels=')")


def test_picked_samples_are_shown_alone_and_the_oddest_come_first(travel: Travel, live: Site) -> None:
    order = [
        row["index"] for row in live.get("/v1/datasets/mnist/train/rows?order=oddest&label=4&limit=3").json["rows"]
    ]
    page = travel("#/samples/mnist/train?label=4&order=oddest")
    page.evaluate("document.getElementById('samples').focus()")
    page.press("p")
    page.press("ArrowRight", times=2)
    page.wait(f"{MARK}.getAttribute('aria-label').startsWith('Sample {order[2]},')")
    page.press("p")
    address(page, f"#/samples/mnist/train?label=4&index={order[0]}&index={order[2]}&order=oddest&at=2")
    page.evaluate("document.querySelector('.picked + .toggle').click()")
    page.wait("document.querySelector('.heading .muted').textContent.startsWith('2 picked samples')")
    page.evaluate("document.getElementById('samples').focus()")
    page.press("End")
    page.wait(f"{MARK}.getAttribute('aria-label') === 'Sample {order[2]}, label 4, picked'")
    page.press("Enter")
    title(page, f"Sample {order[2]:,}")


def test_a_lasso_on_the_map_picks_what_it_surrounds(travel: Travel, live: Site) -> None:
    points = live.get("/v1/datasets/digits/all/projection?kind=tsne&limit=2000").json["points"]
    page = travel("#/map/digits/all?kind=tsne")
    page.evaluate("[...document.querySelectorAll('.zoom button')].find((one) => one.textContent === 'Lasso').click()")
    box = page.evaluate("document.querySelector('.sky').getBoundingClientRect().toJSON()")
    left, middle = box["x"] + 8, box["x"] + box["width"] / 2
    top, bottom = box["y"] + 8, box["y"] + box["height"] * 0.45
    page.drag([(left, top), (middle, top), (middle, bottom), (left, bottom)])
    across, down = [point["x"] for point in points], [point["y"] for point in points]
    unit = 0.9 * min(box["width"] / (max(across) - min(across)), box["height"] / (max(down) - min(down)))
    right = (max(across) + min(across)) / 2
    low = (max(down) + min(down)) / 2 + 0.05 * box["height"] / unit
    inside = {point["index"] for point in points if point["x"] < right and point["y"] > low}
    assert len(inside) > 50
    page.wait("location.hash.includes('index=')")
    found = set(map(int, re.findall(r"index=(\d+)", page.evaluate("location.hash"))))
    assert len(found ^ inside) < 0.03 * len(inside)  # what is on the line
    page.press("Escape")
    page.wait("!document.querySelector('.stage').classList.contains('with-lasso')")


def test_the_request_behind_a_view_unfolds_and_a_view_stands_alone(travel: Travel) -> None:
    page = travel("#/labels/digits/all")
    page.evaluate("document.querySelector('.request-line button').focus()")
    page.press("Enter")
    page.wait("document.querySelector('#request .code pre')?.textContent.includes('/digits/all/labels?rev=')")
    page.evaluate("(location.hash = '#/map/digits/all')")
    page.wait("document.querySelector('#request .code pre')?.textContent.includes('/digits/all/projection?')")
    page.press("Escape")
    page.wait("document.getElementById('request-all').hidden")
    page = travel("#/samples/digits/all?embed=true")
    hidden = "['.top', '#filters', '#request'].every((part) => !document.querySelector(part).checkVisibility())"
    assert page.evaluate(hidden)
    page.press("ArrowRight")
    page.press("Enter")
    title(page, "Sample 1")
    address(page, "#/samples/digits/all?at=1&sample=1&embed=true")
    whole = page.evaluate("document.getElementById('whole').href")
    assert whole.endswith("/#/samples/digits/all?at=1&sample=1")
