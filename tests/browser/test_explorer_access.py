"""The explorer for everybody: without a mouse, by touch, on small pages, in forced colours."""

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import FloatRect, Locator, Page, ViewportSize, expect

from tests.browser import stage
from tests.browser.conftest import Opened, Options, Watched
from tests.browser.look import COLOUR_RULES, find_faults
from tests.sites import Site

INSIDE = """
    (node) => {
        const box = node.getBoundingClientRect();
        const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        return box.x >= 0 && box.y >= 0 && box.right <= innerWidth && box.bottom <= innerHeight && node.contains(top);
    }
"""
"""Whether an element is on the page as it is, and nothing lies over it."""


def box(place: Locator) -> FloatRect:
    """Where an element is."""
    found = place.bounding_box()
    assert found is not None
    return found


def phone(watched: Watched, live: Site, fragment: str, *, width: int = 390, height: int = 844) -> Page:
    """The explorer on a phone."""
    page = watched.keep(width=width, height=height, touch=True)
    page.goto("about:blank")
    page.goto(f"{live.url}/{fragment}")
    page.wait_for_selector("#view[data-state=ready]")
    return page


@pytest.mark.parametrize("view", stage.VIEWS)
def test_axe_finds_nothing(opened: Opened, watched: Watched, view: str) -> None:
    page = opened(f"#/{view}/mnist/train?seed=5&sample=7")
    page.wait_for_selector(".neighbour")
    assert find_faults(page) == []
    # In other colours the page has the same elements, names and sizes, so only the rules about colours are asked.
    for options in (Options(scheme="dark"), Options(forced=True)):
        watched.keep(**options)
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        page.wait_for_selector(".neighbour")  # the panel is drawn anew
        assert find_faults(page, rules=COLOUR_RULES) == [], options
    watched.keep()
    page.get_by_role("button", name="Close details").click()
    assert find_faults(page) == []


def test_axe_finds_nothing_where_one_chooses_on_a_phone(watched: Watched, live: Site) -> None:
    page = phone(watched, live, "#/samples/mnist/train?label=3&seed=5&use=true")
    expect(page.locator(".use .code pre")).to_be_visible()
    assert find_faults(page) == []
    page.get_by_role("button", name="Filters").tap()
    assert find_faults(page) == []


def test_on_a_phone_the_filters_say_how_many_samples_they_leave(watched: Watched, live: Site) -> None:
    page = phone(watched, live, "#/samples/mnist/train")
    opener = page.get_by_role("button", name="Filters")
    opener.tap()
    expect(opener).to_have_attribute("aria-expanded", "true")
    assert page.locator("#view").evaluate("(view) => view.inert")
    page.get_by_role("button", name="3", exact=True).tap()
    done = page.get_by_role("button", name="Show 6,131 samples")
    assert done.evaluate(INSIDE)
    done.tap()
    expect(page.locator("#filters")).to_be_hidden()
    assert not page.locator("#view").evaluate("(view) => view.inert")
    expect(page.locator(".heading .muted")).to_have_text("6,131 samples labelled 3, in file order")
    assert page.evaluate("document.activeElement.textContent") == "Filters"


def test_on_a_phone_what_the_panel_covers_takes_no_focus(watched: Watched, live: Site) -> None:
    page = phone(watched, live, "#/samples/mnist/train")
    page.locator("#samples").tap(position={"x": 40, "y": 30})
    expect(page.locator(".panel h2")).to_be_focused()
    assert page.locator("#view").evaluate("(view) => view.inert")
    for _ in range(80):
        page.keyboard.press("Tab")
        assert not page.evaluate("document.getElementById('view').contains(document.activeElement)")
    page.get_by_role("button", name="Close details").tap()
    assert page.evaluate("document.activeElement.id") == "samples"


def test_fields_are_large_enough_that_a_phone_does_not_enlarge_the_page(watched: Watched, live: Site) -> None:
    page = phone(watched, live, "#/samples/mnist/train?seed=5")
    page.get_by_role("button", name="Filters").tap()
    for field in ("#seed", "#jump"):
        size = page.locator(field).evaluate("(field) => parseFloat(getComputedStyle(field).fontSize)")
        assert size >= 16


def test_a_finger_reads_pixels_bars_and_counts(watched: Watched, live: Site) -> None:
    page = phone(watched, live, "#/samples/mnist/train?sample=0")
    image = live.get("/v1/datasets/mnist/train/samples/0").json["image"]
    canvas = page.locator("canvas.large")
    expect(page.locator(".panel .facts dd").first).to_be_visible()
    side = box(canvas)["width"] / 28
    canvas.tap(position={"x": 15.5 * side, "y": 5.5 * side})
    expect(page.locator(".panel .readout b")).to_have_text(str(image[5][15]))
    page.get_by_role("button", name="Close details").tap()

    page.locator(".tabs a[data-view=statistics]").tap()
    counts = live.get("/v1/datasets/mnist/train/statistics").json["pixels"]["histogram"]
    page.locator(".histogram svg").tap(position={"x": 0.5, "y": 100})
    expect(page.locator(".chart .readout b")).to_have_text(f"{counts[0]:,}")

    page.locator(".tabs a[data-view=labels]").tap()
    bars = page.locator(".bars")
    bars.tap(position={"x": box(bars)["width"] * 0.35, "y": 100})
    expect(page.locator(".chart .readout")).to_have_text("label 3train 6,131test 1,010")


def test_a_finger_opens_a_sample_on_the_map(watched: Watched, live: Site) -> None:
    page = phone(watched, live, "#/map/digits/all")
    sky = page.locator(".sky")
    size = box(sky)
    points = live.get("/v1/datasets/digits/all/projection?limit=2000").json["points"]
    across, down = [point["x"] for point in points], [point["y"] for point in points]
    scale = 0.9 * min(size["width"] / (max(across) - min(across)), size["height"] / (max(down) - min(down)))
    most = max(points, key=lambda point: point["x"])
    x = size["width"] / 2 + (most["x"] - (max(across) + min(across)) / 2) * scale
    y = size["height"] / 2 - (most["y"] - (max(down) + min(down)) / 2) * scale
    sky.tap(position={"x": x, "y": y})
    expect(page.locator(".panel h2")).to_have_text(f"Sample {most['index']:,}")


@pytest.mark.parametrize("fragment", ["#/map/mnist/train", "#/map/digits/all?label=1&seed=5"])
def test_on_a_phone_on_its_side_every_button_of_the_map_can_be_reached(
    watched: Watched, live: Site, fragment: str
) -> None:
    page = phone(watched, live, fragment, width=844, height=390)
    for name in ("Enlarge", "Reduce", "Whole map"):
        assert page.get_by_role("button", name=name).evaluate(INSIDE), name
    assert box(page.locator(".stage"))["height"] > 150


@pytest.mark.parametrize("size", [(1440, 900), (1001, 700), (960, 700), (844, 390), (721, 600), (390, 844), (320, 568)])
def test_nothing_is_wider_than_the_page_and_the_panel_covers_no_sample(opened: Opened, size: tuple[int, int]) -> None:
    width, height = size
    page = opened("#/samples/mnist/train", width=width, height=height)
    page.set_viewport_size(ViewportSize(width=width, height=height))
    page.locator("#samples").click(position={"x": box(page.locator("#samples"))["width"] - 60, "y": 40})
    expect(page.locator(".panel .facts dd").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width > 720:
        assert page.locator("#active-sample").evaluate(INSIDE.replace("node.contains(top)", "!panel.contains(top)"))
    page.wait_for_selector(".neighbour")
    wide = page.locator("#panel").evaluate("(panel) => panel.scrollWidth - panel.clientWidth")
    assert wide <= 0


def test_code_in_the_panel_is_not_clipped(opened: Opened) -> None:
    page = opened("#/samples/mnist/train?label=3&seed=7&use=true")
    for tool in ("curl", "pandas", "NumPy", "Keras", "torch"):
        page.get_by_role("button", name=tool, exact=True).click()
        code = page.locator(".use .code pre")
        fits = "(pre) => pre.scrollWidth <= pre.clientWidth && pre.scrollHeight <= pre.clientHeight"
        assert code.evaluate(fits), tool
        assert page.locator(".use .code-head").evaluate("(head) => head.scrollWidth <= head.clientWidth"), tool


def colours(page: Page, place: Locator) -> set[tuple[int, ...]]:
    """The colours besides greys that an element has on a picture of the page."""
    picture = Image.open(io.BytesIO(page.screenshot(clip=box(place)))).convert("RGB")
    pixels = np.asarray(picture, np.int16).reshape(-1, 3)
    return {tuple(map(int, pixel)) for pixel in pixels[np.ptp(pixels, axis=1) > 30]}


@pytest.mark.parametrize(
    ("fragment", "marked", "other"),
    [
        ("#/labels/mnist/train", ".bar .fill.series-0 >> nth=0", ".card.chart h2"),
        ("#/samples/mnist/train?label=3", ".chip[aria-pressed=true]", ".chip[aria-pressed=false] >> nth=0"),
        ("#/samples/mnist/train", "input[value=mnist] + span", "input[value=digits] + span"),
    ],
)
def test_forced_colours_show_what_is_chosen(opened: Opened, fragment: str, marked: str, other: str) -> None:
    page = opened(fragment, forced=True)
    assert colours(page, page.locator(marked)) != set()
    assert colours(page, page.locator(other)) == set()


def test_forced_colours_show_the_mark_the_colour_map_and_the_view(opened: Opened) -> None:
    page = opened("#/samples/mnist/train?sample=40", forced=True)
    page.wait_for_selector(".neighbour")
    for place in ("#active-sample", ".swatch input:checked ~ canvas"):
        style = page.locator(place).evaluate(
            """(node) => {
                const { outlineStyle, outlineWidth, opacity } = getComputedStyle(node);
                return [outlineStyle, outlineWidth, opacity];
            }"""
        )
        assert style == ["solid", "2px", "1"], place
    lines = page.locator(".tabs a").evaluate_all("(tabs) => tabs.map((tab) => getComputedStyle(tab).borderBottomColor)")
    assert lines[0] not in lines[1:]
    assert len(set(lines[1:])) == 1
