"""Drawing in the explorer: pen, keys and fingers, samples and pictures on the pad, and what the neighbours say."""

import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, Route, ViewportSize, expect

from service.api.pixels import encode_pixels
from tests.browser import strokes
from tests.browser.conftest import Opened, Watched
from tests.browser.look import find_faults
from tests.browser.test_explorer_access import INSIDE, box, phone
from tests.browser.test_explorer_faults import count_requests
from tests.sites import Site

HERE = "/v1/datasets"


def ink(page: Page) -> Locator:
    """The pad."""
    return page.locator(".ink")


def verdict(page: Page, text: str | re.Pattern[str]) -> None:
    """Wait until the neighbours say this."""
    expect(page.locator(".answer h2")).to_have_text(text)
    expect(page.locator(".answer")).not_to_have_attribute("aria-busy", "true")


def said(page: Page, text: str | re.Pattern[str]) -> None:
    """Wait until the status below the pad is this."""
    expect(page.locator(".said")).to_have_text(text)


def press(page: Page, name: str) -> None:
    """Press a button."""
    page.get_by_role("button", name=name, exact=True).click()


def draw(page: Page, stroke: strokes.Stroke) -> None:
    """Draw with the mouse."""
    ink(page).scroll_into_view_if_needed()
    points = strokes.place(stroke, box(ink(page)))
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    page.mouse.up()


def asked(page: Page) -> dict[str, Any]:
    """The answer of the request that the page shows."""
    url = page.get_by_role("link", name="Open the request").get_attribute("href")
    answer: dict[str, Any] = page.evaluate("(url) => fetch(url).then((answer) => answer.json())", url)
    return answer


def nearest(page: Page) -> list[int]:
    """The indices of the neighbours that are shown."""
    return [int(value) for value in page.locator(".nearest button").evaluate_all("all => all.map((one) => one.value)")]


def png(pixels: np.ndarray[Any, np.dtype[np.uint8]], name: str = "digit.png") -> FilePayload:
    """A picture as a file to choose."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return FilePayload(name=name, mimeType="image/png", buffer=file.getvalue())


def choose(page: Page, file: FilePayload) -> None:
    """Open a file on the pad."""
    with page.expect_file_chooser() as opened:
        press(page, "Open a picture")
    opened.value.set_files(file)


def test_keys_draw_erase_and_undo_and_say_what_they_did(opened: Opened) -> None:
    page = opened("#/draw/mnist/train")
    requests = count_requests(page, "/neighbors")
    verdict(page, "The pad is empty: draw a digit on it, or start from a sample.")
    expect(ink(page)).to_have_accessible_name("Drawing pad, 28 rows of 28 cells")
    expect(ink(page)).to_have_accessible_description(re.compile("Space inks a cell, X or Backspace erases it"))
    ink(page).focus()
    page.keyboard.press("ArrowUp")
    said(page, "Row 13, column 14: empty")
    page.keyboard.press("Space")
    said(page, "Row 13, column 14: 255")
    page.keyboard.press("Backspace")
    said(page, "Row 13, column 14: empty")
    verdict(page, re.compile("^The pad is empty"))
    for _ in range(9):
        page.keyboard.press("ArrowUp")
    assert requests == []

    # All at once, so that the pad rests only at the end.
    page.evaluate(
        """() => {
            const press = (key, shiftKey) => document.querySelector(".ink").dispatchEvent(
                new KeyboardEvent("keydown", { key, shiftKey, bubbles: true, cancelable: true }),
            );
            for (let step = 0; step < 19; step++) press("ArrowDown", true);
        }"""
    )
    said(page, "Row 23, column 14: 255")
    verdict(page, "10 of 10 say 1")
    assert len(requests) == 1
    assert asked(page)["votes"]["1"] == 10

    page.keyboard.press("Control+z")
    page.keyboard.press("x")
    said(page, "Row 23, column 14: empty")
    press(page, "Clear")
    verdict(page, re.compile("^The pad is empty"))
    expect(page.get_by_role("button", name="Clear")).to_be_focused()
    page.keyboard.press("Enter")
    said(page, "The pad is empty already.")
    page.get_by_role("button", name="Centre as MNIST does").press("Enter")
    said(page, "Draw first: there is no ink to move.")
    undo = page.get_by_role("button", name="Undo")
    while undo.get_attribute("aria-disabled") == "false":
        undo.press("Enter")
    expect(undo).to_be_focused()
    undo.press("Enter")
    said(page, "There is nothing to undo.")
    verdict(page, re.compile("^The pad is empty"))


def test_a_sample_on_the_pad_is_its_own_neighbour_wherever_it_is_moved(opened: Opened) -> None:
    page = opened("#/samples/mnist/test?sample=61")
    expect(page.locator(".panel .facts dd").first).to_be_visible()
    page.locator(".tabs a[data-view=draw]").click()
    field = page.get_by_label("Sample", exact=True)
    expect(field).to_have_value("61")  # that which was open before
    press(page, "Start from it")
    said(page, re.compile("^Sample 61 is on the pad"))
    verdict(page, re.compile("of 10 say 8$"))
    assert nearest(page)[0] == 61
    assert asked(page)["neighbors"][0]["distance"] == 0
    press(page, "Centre as MNIST does")
    said(page, "Scaled, and moved to the middle.")
    expect(page.locator(".nearest small").first).not_to_have_text("0.0")
    assert nearest(page)[0] == 61

    field.fill("10000")
    field.press("Enter")
    expect(page.locator(".pad-tools .fault")).to_have_text("An index is a whole number from 0 to 9999.")
    assert nearest(page)[0] == 61
    field.fill("7")
    field.press("Enter")
    said(page, re.compile("^Sample 7 is on the pad"))
    expect(page.locator(".nearest button").first).to_have_attribute("value", "7")
    page.locator(".nearest button").nth(2).click()
    index = nearest(page)[2]
    expect(page.locator(".panel h2")).to_have_text(f"Sample {index:,}")
    expect(page.locator(".nearest button").nth(2)).to_have_attribute("aria-current", "true")
    expect(field).to_have_value(str(index))
    press(page, "Undo")
    expect(page.locator(".nearest button").first).to_have_attribute("value", "61")
    page.locator("#view").press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    expect(ink(page)).to_be_focused()


@pytest.mark.parametrize(("split", "shape", "peak"), [("mnist/test", 28, 255), ("digits/all", 8, 16)])
def test_a_picture_becomes_a_drawing_and_the_page_says_how(
    opened: Opened, live: Site, split: str, shape: int, peak: int
) -> None:
    page = opened(f"#/draw/{split}")
    image = np.array(live.get(f"{HERE}/{split}/samples/5").json["image"])
    grey = np.round(image * 255 / peak).astype(np.uint8)
    size = f"{3 * shape} × {3 * shape} pixels was scaled to {shape} × {shape}"
    for picture, words in (
        (grey, "The picture is on the pad as it is."),
        (255 - grey, "The picture was inverted: its edge is bright, so dark became ink."),
        (np.kron(grey, np.ones((3, 3), np.uint8)), f"The picture of {size}."),
        (np.kron(255 - grey, np.ones((3, 3), np.uint8)), f"The picture of {size} and inverted"),
        (np.stack([0 * grey, 0 * grey, 0 * grey, grey], axis=-1), "The picture was inverted"),
    ):
        if page.get_by_role("button", name="Clear").get_attribute("aria-disabled") == "false":
            press(page, "Clear")
        choose(page, png(picture))
        said(page, re.compile(f"^{re.escape(words)}"))
        expect(page.locator(".nearest small").first).to_have_text("0.0")
        assert nearest(page)[0] == 5
    choose(page, FilePayload(name="notes.png", mimeType="image/png", buffer=b"no picture"))
    said(page, "“notes.png” is not a picture that this browser can read. Choose a PNG.")
    assert nearest(page)[0] == 5


def test_a_large_picture_that_is_not_square_is_fitted_into_the_pad(opened: Opened) -> None:
    page = opened("#/draw/mnist/train")
    picture = np.full((3_000, 1_500), 250, np.uint8)
    picture[300:2_700, 700:800] = 10
    choose(page, png(picture))
    said(page, re.compile("^The picture of 1500 × 3000 pixels was scaled to 28 × 28 and inverted"))
    verdict(page, "10 of 10 say 1")


def test_k_is_how_many_vote_and_what_it_cannot_be_is_told(opened: Opened, live: Site) -> None:
    image = live.get(f"{HERE}/mnist/train/samples/0").json["image"]
    pixels = encode_pixels(np.array(image, np.uint8))
    page = opened(f"#/draw/mnist/train?pixels={pixels}")
    expect(page.locator(".nearest button")).to_have_count(10)
    field = page.locator("#k")
    for wrong in ("0", "101", "x", "-3", "2.5"):
        field.fill(wrong)
        field.press("Enter")
        expect(page.locator(".amount .fault")).to_have_text("The number of neighbours is a whole number from 1 to 100.")
    field.fill("100")
    field.press("Enter")
    expect(page.locator(".nearest button")).to_have_count(100)
    answer = live.get(f"{HERE}/mnist/train/neighbors?pixels={pixels}&k=100").json
    assert nearest(page) == [one["index"] for one in answer["neighbors"]]
    shown = page.locator(".votes > div").evaluate_all(
        "all => all.map((one) => [...one.children].map((x) => x.textContent))"
    )
    assert dict(shown) == {label: str(votes) for label, votes in answer["votes"].items()}
    expect(page).to_have_url(re.compile("k=100"))
    page.get_by_role("button", name="Copy the request").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert live.get(copied.removeprefix(live.url)).json["neighbors"] == asked(page)["neighbors"]
    field.fill("1")
    field.press("Enter")
    verdict(page, "1 of 1 says 5")


def test_each_neighbour_is_shown_with_its_own_picture(opened: Opened, live: Site) -> None:
    image = live.get(f"{HERE}/digits/all/samples/3").json["image"]
    page = opened(f"#/draw/digits/all?pixels={encode_pixels(np.array(image, np.uint8))}&paper=black&k=3")
    expect(page.locator(".nearest button")).to_have_count(3)
    page.wait_for_load_state("networkidle")
    for place, index in enumerate(nearest(page)):
        picture = page.locator(".nearest .picture").nth(place)
        shown = np.asarray(Image.open(io.BytesIO(picture.screenshot())).convert("L"), int)[3::7, 3::7]
        values = np.array(live.get(f"{HERE}/digits/all/samples/{index}").json["image"])
        assert np.abs(shown - values * 255 / 16).max() <= 1, index
        name = f"Sample {index}, label"
        assert picture.get_attribute("aria-label") == name


def test_a_drawing_in_the_address_that_is_none_is_told_and_replaced(opened: Opened) -> None:
    page = opened("#/draw/digits/all?pixels=AAAA")
    requests = count_requests(page, "/neighbors")
    fault = page.locator(".drawing > .fault")
    expect(fault).to_have_text(
        "The drawing in the address was not used: it has 4 characters, and 8 × 8 pixels take 86. "
        "Draw a new one, or start from a sample."
    )
    bright = encode_pixels(np.full(64, 17, np.uint8))
    page.wait_for_function("!location.hash.includes('pixels')")
    page.goto(f"{page.url}?pixels={bright}")
    expect(fault).to_contain_text("it has 17 in row 0, column 0, and values are from 0 to 16.")
    verdict(page, re.compile("^The pad is empty"))
    assert requests == []
    draw(page, [(0.5, 0.1), (0.5, 0.9)])
    verdict(page, re.compile("10"))
    expect(fault).to_be_hidden()
    page.wait_for_function("location.hash.includes('pixels=')")


def test_a_drawing_stays_with_the_dataset_whose_size_it_has(opened: Opened) -> None:
    page = opened("#/draw/mnist/train")
    draw(page, strokes.THREE)
    verdict(page, "10 of 10 say 3")
    page.locator("input[name=split][value=test]").check()
    expect(page.locator(".heading .muted")).to_contain_text("MNIST test")
    expect(page.locator(".request-target")).to_contain_text("/mnist/test/neighbors")
    verdict(page, re.compile("say 3$"))
    page.locator(".tabs a[data-view=labels]").click()
    page.wait_for_selector(".view.labels[data-state=ready]")
    page.locator(".tabs a[data-view=draw]").click()
    verdict(page, re.compile("say 3$"))
    page.locator("input[name=dataset][value=digits]").check()
    verdict(page, re.compile("^The pad is empty"))
    expect(ink(page)).to_have_accessible_name("Drawing pad, 8 rows of 8 cells")
    expect(page.get_by_role("button", name="Fit as digits does")).to_be_visible()
    page.get_by_role("button", name="Undo").press("Enter")
    said(page, "There is nothing to undo.")
    draw(page, strokes.THREE)
    verdict(page, re.compile("10"))


def test_a_late_answer_never_takes_the_place_of_a_newer_one(opened: Opened) -> None:
    page = opened("#/draw/mnist/train")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route) if not held else route.continue_()

    page.route("**/neighbors?*", hold)
    with page.expect_request("**/neighbors?*"):
        draw(page, [(0.5, 0.15), (0.5, 0.85)])
    press(page, "Clear")
    verdict(page, re.compile("^The pad is empty"))
    draw(page, strokes.THREE)
    verdict(page, "10 of 10 say 3")
    held[0].abort()
    verdict(page, "10 of 10 say 3")
    page.unroute("**/neighbors?*")


def test_a_finger_draws_and_the_page_stays_where_it_is(watched: Watched, live: Site) -> None:
    page = phone(watched, live, "#/draw/mnist/train")
    touches = page.context.new_cdp_session(page)
    points = strokes.place(strokes.THREE, box(ink(page)))
    for place, (x, y) in enumerate(points):
        kind = "touchMove" if place else "touchStart"
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    touches.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    verdict(page, "10 of 10 say 3")
    assert page.locator("#view").evaluate("(view) => view.scrollTop") == 0
    for name in ("Undo", "Clear", "Centre as MNIST does", "Open a picture", "Start from it", "Copy the request"):
        button = page.get_by_role("button", name=name)
        button.scroll_into_view_if_needed()
        assert button.evaluate(INSIDE), name
    assert page.locator("#start").evaluate("(field) => parseFloat(getComputedStyle(field).fontSize)") >= 16
    page.locator(".nearest button").first.tap()
    expect(page.locator(".panel h2")).to_be_focused()
    page.get_by_role("button", name="Close details").tap()
    expect(ink(page)).to_be_focused()


def test_the_pad_is_whole_and_nothing_is_wider_than_the_page_at_every_size(opened: Opened, live: Site) -> None:
    image = live.get(f"{HERE}/mnist/train/samples/0").json["image"]
    page = opened(f"#/draw/mnist/train?pixels={encode_pixels(np.array(image, np.uint8))}&k=30")
    page.wait_for_selector(".nearest button")
    for width, height in [
        (1440, 900),
        (1001, 700),
        (960, 700),
        (844, 390),
        (721, 600),
        (568, 320),
        (390, 844),
        (320, 568),
    ]:
        page.set_viewport_size(ViewportSize(width=width, height=height))
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width
        assert page.locator("#view").evaluate("(view) => view.scrollWidth - view.clientWidth") <= 0, width
        ink(page).scroll_into_view_if_needed()
        pad = box(ink(page))
        assert pad["width"] == pytest.approx(pad["height"], abs=1), width
        assert pad["width"] >= 160, width
        seen = box(page.locator("#view"))
        assert pad["height"] <= seen["height"], width
        assert page.locator(".pad-tools").evaluate("(tools) => tools.scrollWidth <= tools.clientWidth"), width


def test_axe_finds_nothing_beside_a_drawing(opened: Opened, live: Site) -> None:
    image = live.get(f"{HERE}/mnist/train/samples/7").json["image"]
    page = opened("#/draw/mnist/train")
    assert find_faults(page) == []
    page.goto(f"{page.url}?pixels={encode_pixels(np.array(image, np.uint8))}&sample=7")
    page.wait_for_selector(".neighbour")
    page.wait_for_selector(".nearest [aria-current]")
    assert find_faults(page) == []
    page.emulate_media(color_scheme="dark")
    page.wait_for_selector(".nearest [aria-current]")
    assert find_faults(page) == []
    page.emulate_media(forced_colors="active")
    page.get_by_role("button", name="Close details").click()
    assert find_faults(page) == []
    outline = ink(page).evaluate("(pad) => getComputedStyle(pad.parentElement).outlineStyle")
    assert outline == "solid"
    bars = page.locator(".votes i").evaluate_all("all => all.map((bar) => getComputedStyle(bar).backgroundColor)")
    paper = page.locator("body").evaluate("(body) => getComputedStyle(body).backgroundColor")
    assert paper not in bars
