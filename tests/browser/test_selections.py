"""Which samples are looked at: the oddest first, a basket of picked ones, a lasso, and the kinds of maps."""

import math
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Opened, Watched
from tests.browser.look import find_faults, read_picture
from tests.browser.test_explorer_access import INSIDE, box, phone
from tests.sites import Site

MARK = "#active-sample"

ACCENT = {"light": (47, 79, 198), "dark": (155, 178, 255)}
"""The colour of marks."""


def indices(live: Site, query: str, *, split: str = "mnist/train") -> list[int]:
    """The indices of the samples of a page, by the interface."""
    return [tile["index"] for tile in live.get(f"/v1/datasets/{split}/grid.json?columns=50&{query}").json["tiles"]]


def basket(page: Page, number: int) -> list[int]:
    """The picked samples that the address names, once there are so many."""
    page.wait_for_function("(number) => location.hash.split('index=').length - 1 === number", arg=number)
    return [int(one) for one in parse_qs(urlsplit(page.url).fragment.partition("?")[2]).get("index", [])]


def told(page: Page) -> Locator:
    """What the page says for a moment."""
    return page.locator("#toast")


def shade(page: Page, place: Locator) -> float:
    """The share of an element that has the colour of marks."""
    return shade_at(page, **box(place))


def shade_at(page: Page, *, x: float, y: float, width: float, height: float) -> float:
    """The share of a part of the page that has the colour of marks."""
    picture = read_picture(page.screenshot(clip={"x": x, "y": y, "width": width, "height": height}))
    return float((np.abs(picture.astype(int) - ACCENT["light"]).max(axis=-1) < 24).mean())


def test_the_oddest_come_first_of_all_and_of_a_label(opened: Opened, live: Site) -> None:
    page = opened("#/samples/mnist/train")
    page.get_by_role("radio", name="Oddest").check(force=True)
    facts, mark = page.locator(".heading .muted"), page.locator(MARK)
    expect(facts).to_have_text("60,000 samples, the oddest first")
    order = indices(live, "order=oddest&limit=7000")
    page.locator("#samples").focus()
    expect(mark).to_have_attribute("aria-label", re.compile(rf"^Sample {order[0]}, "))
    page.keyboard.press("ArrowRight")
    expect(mark).to_have_attribute("aria-label", re.compile(rf"^Sample {order[1]}, "))
    page.keyboard.press("/")
    page.keyboard.type(str(order[6_789]))  # which has not been shown
    page.keyboard.press("Enter")
    expect(mark).to_have_attribute("aria-posinset", "6790")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="4", exact=True).click()
    expect(facts).to_have_text("5,842 samples labelled 4, the oddest first")
    expect(mark).to_have_attribute("aria-label", f"Sample {indices(live, 'order=oddest&label=4&limit=1')[0]}, label 4")
    page.get_by_role("radio", name="Shuffled").check(force=True)
    expect(facts).to_have_text("5,842 samples labelled 4, shuffled with seed 0")
    page.get_by_role("radio", name="Oddest").check(force=True)
    expect(page.locator("#seed")).to_be_hidden()
    page.get_by_role("radio", name="File order").check(force=True)
    page.wait_for_url("**/#/samples/mnist/train?label=4")


def test_the_map_takes_the_oddest_and_says_so(opened: Opened) -> None:
    page = opened("#/map/mnist/train")
    page.get_by_role("radio", name="Oddest").check(force=True)
    expect(page.locator(".heading .muted")).to_contain_text("2,000 of 60,000 samples, the oddest of them")
    expect(page.locator(".group .hint", has_text="2,000 of 60,000, the oddest of them")).to_be_visible()
    page.get_by_role("radio", name="Shuffled").check(force=True)
    expect(page.locator(".heading .muted")).to_contain_text("2,000 of 60,000 samples, drawn with seed 1")


def test_samples_are_picked_by_key_by_click_and_in_the_panel(opened: Opened, live: Site) -> None:
    page = opened("#/samples/mnist/train?label=3")
    shown = indices(live, "label=3&limit=40")
    grid, mark, group = page.locator("#samples"), page.locator(MARK), page.get_by_role("group", name="Basket")
    grid.focus()
    page.keyboard.press("ArrowRight")
    expect(mark).to_have_attribute("aria-label", f"Sample {shown[1]}, label 3")
    assert shade(page, mark) < 0.02
    page.keyboard.press("p")
    expect(told(page)).to_have_text(f"Sample {shown[1]} picked. 1 in the basket.")
    expect(mark).to_have_attribute("aria-label", f"Sample {shown[1]}, label 3, picked")
    assert shade(page, mark) > 0.02  # its check mark; the frame is around it
    grid.click(position={"x": 60, "y": 30}, modifiers=["Control"])
    expect(told(page)).to_have_text(f"Sample {shown[0]} picked. 2 in the basket.")
    grid.click(position={"x": 264, "y": 30}, modifiers=["Shift"])
    last = int(mark.get_attribute("aria-posinset") or 0)
    assert last > 2
    expect(group).to_contain_text(f"{last} picked")
    expect(page.locator("#panel")).to_be_hidden()
    grid.focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Pick", exact=True).click()
    expect(page.get_by_role("button", name="Picked", exact=True)).to_have_attribute("aria-pressed", "true")
    final = indices(live, "label=3&limit=1&offset=6130")[0]
    assert basket(page, last + 1) == [shown[1], shown[0], *shown[2:last], final]
    page.get_by_role("button", name="Picked", exact=True).click()
    assert basket(page, last) == [shown[1], shown[0], *shown[2:last]]


def test_the_basket_is_shown_alone_in_the_order_of_picking_and_used_so(opened: Opened) -> None:
    picked = [59_999, 7, 30_000, 12]
    page = opened(f"#/samples/mnist/train?label=3&{'&'.join(f'index={index}' for index in picked)}&sample=30000")
    grid, mark, group = page.locator("#samples"), page.locator(MARK), page.get_by_role("group", name="Basket")
    facts, only = page.locator(".heading .muted"), group.get_by_role("button", name="Show only these")
    only.click()
    expect(facts).to_have_text("4 picked samples, in the order of picking")
    expect(only).to_have_attribute("aria-pressed", "true")
    for name in ("Label", "Order"):
        expect(page.get_by_role("group", name=name, exact=True)).to_be_hidden()
    expect(group).to_contain_text("Labels and order do not apply to these.")
    expect(mark).to_have_attribute("aria-posinset", "3")  # the open sample is still the active one
    page.get_by_role("button", name="Use this selection").click()
    expect(page.locator(".use .lead")).to_contain_text("4 picked samples, in the order of picking")
    code = page.get_by_role("region", name="Code", exact=True)
    expect(code).to_contain_text("&".join(f"index={index}" for index in picked))
    page.keyboard.press("Escape")
    grid.focus()
    page.keyboard.press("Home")
    page.keyboard.press("p")  # which takes it away at once
    expect(mark).to_have_attribute("aria-label", "Sample 7, label 3, picked")
    page.keyboard.press("/")
    page.keyboard.type("59999")
    page.keyboard.press("Enter")
    expect(page.locator(".outside")).to_contain_text("Sample 59,999 is not among the 3 samples that are picked.")
    page.get_by_role("button", name="Show all samples").click()
    expect(facts).to_have_text("6,131 samples labelled 3, in file order")
    page.keyboard.press("Escape")
    group.get_by_role("button", name="Clear").click()
    assert basket(page, 0) == []
    back = group.get_by_role("button", name="Bring back 3")
    expect(back).to_be_focused()
    back.click()
    assert basket(page, 3) == picked[1:]


def test_to_go_back_from_a_sample_takes_nothing_out_of_the_basket(opened: Opened) -> None:
    page = opened("#/samples/digits/all?index=8")
    page.locator("#samples").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Pick", exact=True).click()
    page.wait_for_url("**index=0**")
    page.go_back()
    expect(page.locator("#panel")).to_be_hidden()
    expect(page.get_by_role("group", name="Basket")).to_contain_text("2 picked")
    page.wait_for_url("**/#/samples/digits/all?index=8&index=0")
    page.get_by_role("radio", name="MNIST").check(force=True)
    page.wait_for_url("**/#/samples/mnist/all")
    page.get_by_role("radio", name="digits").check(force=True)
    page.get_by_role("button", name="Bring back 2").click()
    page.wait_for_url("**/#/samples/digits/all?index=8&index=0")


def test_a_pick_asks_for_nothing_again_and_the_panel_stays(opened: Opened) -> None:
    page = opened("#/samples/mnist/train?sample=7")
    page.wait_for_selector(".neighbour")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("button", name="Pick", exact=True).click()
    expect(page.get_by_role("button", name="Picked", exact=True)).to_be_focused()
    page.wait_for_url("**index=7**")
    href = page.get_by_role("link", name="This view").get_attribute("href")
    assert href is not None
    assert "index=7" in href
    expect(page.locator(".neighbour")).to_have_count(12)
    assert asked == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("index=4&index=1797&only=true", "Of the picked samples, 1 does not exist. The indices are 0 to 1796."),
        ("only=true", "The basket is empty, so there is nothing to show."),
        (
            "&".join(f"index={at}" for at in range(602)),
            "The basket holds at most 600 samples. The last 2 in the address",
        ),
        ("seed=4&order=oddest", "order=oddest in the address was ignored. A seed shuffles the samples"),
    ],
    ids=["beyond", "empty", "full", "both"],
)
def test_a_choice_in_an_address_that_cannot_be_is_said(opened: Opened, query: str, said: str) -> None:
    page = opened(f"#/samples/digits/all?{query}")
    expect(page.locator("#warning")).to_contain_text(said)
    assert page.evaluate("location.hash.length") < 8_000


Points = list[dict[str, Any]]

Place = Callable[[dict[str, Any]], tuple[float, float]]


def place_on(page: Page, points: Points) -> Place:
    """Where points are on the page, on a whole map of all of these."""
    stage = box(page.locator(".sky"))
    across, down = [point["x"] for point in points], [point["y"] for point in points]
    unit = 0.9 * min(stage["width"] / (max(across) - min(across)), stage["height"] / (max(down) - min(down)))
    middle = (max(across) + min(across)) / 2, (max(down) + min(down)) / 2

    def place(point: dict[str, Any]) -> tuple[float, float]:
        x = stage["x"] + stage["width"] / 2 + (point["x"] - middle[0]) * unit
        return x, stage["y"] + stage["height"] / 2 - (point["y"] - middle[1]) * unit

    return place


def corners(x: float, y: float, radius: float) -> Iterator[tuple[float, float]]:
    """A circle of a lasso around a point of the page."""
    for step in range(49):
        angle = 2 * math.pi * step / 48
        yield x + radius * math.cos(angle), y + radius * math.sin(angle)


def count_picked(page: Page) -> int:
    """How many samples the page says that it picked, all that are in the basket."""
    picked = re.compile(r"(\d+) samples picked. \1 in the basket.")
    expect(told(page)).to_have_text(picked)
    return int(page.locator(".picked").inner_text().split()[0])


AROUND = ((0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99))
"""A loop around everything, in shares of the stage."""


def draw(page: Page, x: float, y: float, radius: float) -> None:
    """Draw a circle with the mouse."""
    trace(page, list(corners(x, y, radius)))


def trace(page: Page, path: list[tuple[float, float]]) -> None:
    """Draw a path with the mouse."""
    first, *rest = path
    page.mouse.move(*first)
    page.mouse.down()
    for corner in rest:
        page.mouse.move(*corner)
    page.mouse.up()


def surely_inside(points: Points, place: Place, x: float, y: float, radius: float) -> tuple[set[int], set[int]]:
    """The samples that a circle holds, and those on its line, which it may hold."""
    away = {point["index"]: math.dist(place(point), (x, y)) for point in points}
    return {at for at, far in away.items() if far < radius - 2}, {
        at for at, far in away.items() if abs(far - radius) <= 2
    }


def test_the_lasso_picks_what_it_surrounds_and_puts_it_back(opened: Opened, live: Site) -> None:
    page = opened("#/map/digits/all?kind=tsne")
    points = live.get("/v1/datasets/digits/all/projection?kind=tsne&limit=2000").json["points"]
    place = place_on(page, points)
    x, y = place(points[0])
    lasso = page.get_by_role("button", name="Lasso")
    lasso.click()
    expect(lasso).to_have_attribute("aria-pressed", "true")
    draw(page, x, y, 40)
    found = set(basket(page, count_picked(page)))
    inside, edge = surely_inside(points, place, x, y, 40)
    assert inside <= found <= inside | edge
    assert len(found) > 5
    expect(page.locator("#panel")).to_be_hidden()  # and the map did not move under the lasso
    draw(page, x, y, 40)
    expect(told(page)).to_have_text(f"{len(found)} samples are no longer picked. 0 in the basket.")
    draw(page, box(page.locator(".sky"))["x"] + 30, y, 12)
    expect(told(page)).to_have_text("No sample is inside the loop.")
    stage = box(page.locator(".sky"))
    trace(
        page, [(stage["x"] + across * stage["width"], stage["y"] + down * stage["height"]) for across, down in AROUND]
    )
    expect(told(page)).to_have_text(re.compile("The basket holds at most 600 samples.* 1,797 more do not fit"))
    assert basket(page, 0) == []
    page.keyboard.press("Escape")
    expect(lasso).to_have_attribute("aria-pressed", "false")
    # A tap opens also while the lasso is on; Escape ends the lasso first, and then the panel.
    lasso.click()
    page.mouse.click(x, y)
    expect(page.locator("#panel")).to_be_visible()
    for hidden in (False, True):
        page.keyboard.press("Escape")
        assert page.locator("#panel").is_hidden() == hidden
    # By keyboard, one after the other.
    page.locator(".sky").focus()
    page.keyboard.press("p")
    expect(told(page)).to_have_text(re.compile(r"Sample [\d,]+ picked. 1 in the basket."))


def test_a_finger_draws_the_lasso(watched: Watched, live: Site) -> None:
    page = phone(watched, live, "#/map/digits/all?kind=tsne")
    points = live.get("/v1/datasets/digits/all/projection?kind=tsne&limit=2000").json["points"]
    lasso = page.get_by_role("button", name="Lasso")
    assert lasso.evaluate(INSIDE)
    lasso.tap()
    x, y = place_on(page, points)(points[0])
    touch = page.context.new_cdp_session(page)
    kinds = ["touchStart", *["touchMove"] * 48]
    for kind, (left, top) in zip(kinds, corners(x, y, 30), strict=True):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": left, "y": top}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    inside, edge = surely_inside(points, place_on(page, points), x, y, 30)
    assert inside <= set(basket(page, count_picked(page))) <= inside | edge
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_each_kind_of_map_says_what_it_is_and_the_legend_chooses_labels(opened: Opened, live: Site) -> None:
    page = opened("#/map/digits/all")
    facts = page.locator(".heading .muted")
    expect(facts).to_contain_text("along the two directions in which the data differ most (principal components; 14.9")
    page.get_by_role("radio", name="t-SNE").check(force=True)
    expect(facts).to_contain_text("placed by t-SNE, which was run on all of digits.")
    page.wait_for_url("**/#/map/digits/all?kind=tsne")
    legend = page.locator(".heading .legend")
    three, eight = (legend.get_by_role("button", name=f"Label {label}") for label in (3, 8))
    for number, button in ((183, three), (357, eight)):
        button.click()
        expect(facts).to_contain_text(f"{number} samples labelled 3")
        expect(button).to_be_focused()
        expect(button).to_have_attribute("aria-pressed", "true")
    page.wait_for_selector("#view[data-state=ready]")
    points = live.get("/v1/datasets/digits/all/projection?kind=tsne&label=3&label=8&limit=2000").json["points"]
    page.mouse.move(*place_on(page, points)(max(points, key=lambda point: float(point["y"]))))
    expect(page.locator(".tip")).to_contain_text(f"#{max(points, key=lambda point: float(point['y']))['index']}")
    legend.get_by_role("button", name="All labels").click()
    expect(facts).to_contain_text("1,797 samples, in file order")
    expect(legend.get_by_role("button", name="All labels")).to_be_hidden()
    page.go_back()
    page.wait_for_url("**label=3&label=8&kind=tsne")
    expect(three).to_have_attribute("aria-pressed", "true")


FRAMED = """
    ([x, y]) => {
        const canvas = document.querySelector(".sky"), from = canvas.getBoundingClientRect();
        const { data } = canvas.getContext("2d").getImageData(x - from.x - 14, y - from.y - 12, 3, 24);
        const blue = (row) => [0, 1, 2].some((at) => data[12 * row + 4 * at + 2] > 60 + data[12 * row + 4 * at]);
        return [...Array(24).keys()].filter(blue).length > 11;
    }
"""
"""Whether the left edge of a frame is drawn around a point of the map."""


def test_the_open_sample_and_its_neighbours_are_marked_also_where_the_map_does_not_draw_them(
    opened: Opened, live: Site
) -> None:
    drawn = live.get("/v1/datasets/mnist/train/projection?seed=1&limit=2000&kind=tsne").json["points"]
    outside = next(index for index in range(60_000) if index not in {point["index"] for point in drawn})
    page = opened("#/map/mnist/train?kind=tsne")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/neighbors" in request.url else None)
    page.keyboard.press("/")
    page.keyboard.type(str(outside))
    with page.expect_request(lambda request: "projection" in request.url and request.url.count("index=") > 6):
        page.keyboard.press("Enter")
    expect(page.locator(".neighbour")).to_have_count(12)
    near = live.get(f"/v1/datasets/mnist/train/samples/{outside}/neighbors?k=12").json["neighbors"]
    query = "&".join(f"index={index}" for index in (outside, *(one["index"] for one in near)))
    marked = live.get(f"/v1/datasets/mnist/train/projection?kind=tsne&{query}").json["points"]
    place = place_on(page, drawn)
    for point in marked:
        page.wait_for_function(FRAMED, arg=place(point))
    assert len(asked) == 1
    x, y = place(marked[0])
    page.mouse.move(x, y)
    expect(page.locator(".tip")).to_contain_text(f"#{outside}")


@pytest.mark.parametrize("scheme", ["light", "forced"])
def test_axe_finds_nothing_among_picks_and_on_a_map_that_is_chosen_from(opened: Opened, scheme: str) -> None:
    page = opened("#/samples/digits/all?index=3&index=5&only=true&sample=5")
    if scheme == "forced":
        page.emulate_media(forced_colors="active")
    page.wait_for_selector(".neighbour")
    assert find_faults(page) == []
    page.get_by_role("button", name="Close details").click()
    page.goto(page.url.partition("#")[0] + "#/map/digits/all?kind=tsne&label=3&index=3&order=oddest")
    page.wait_for_selector(".view.map[data-state=ready]")
    page.get_by_role("button", name="Lasso").click()
    assert find_faults(page) == []
