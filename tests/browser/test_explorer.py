"""The explorer, as people use it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from service.data.dataset import Dataset
from tests import sites
from tests.browser import stage
from tests.browser.conftest import Opened, Watched
from tests.sites import Site


def tile(page: Page) -> NDArray[np.uint8]:
    """The pixels that the page shows for the active sample, RGB."""
    shown: dict[str, Any] = page.evaluate(
        """() => {
            const canvas = document.querySelector("canvas.sheet"), from = canvas.getBoundingClientRect();
            const box = document.getElementById("active-sample").getBoundingClientRect();
            const [x, y, width, height] = [box.x - from.x, box.y - from.y, box.width, box.height].map(Math.round);
            const { data } = canvas.getContext("2d").getImageData(x, y, width, height);
            return { width, height, data: [...data] };
        }"""
    )
    return np.array(shown["data"], np.uint8).reshape(shown["height"], shown["width"], 4)[..., :3]


def test_the_grid_shows_the_true_digits(opened: Opened, live: Site) -> None:
    page = opened("#/samples/mnist/test?label=3&label=8&seed=4&paper=black")
    rows = live.get("/v1/datasets/mnist/test/rows?label=3&label=8&seed=4&limit=8").json["rows"]
    page.locator("#samples").focus()
    for row in rows:
        image = np.array(row["pixels"], np.uint8).reshape(28, 28).repeat(2, axis=0).repeat(2, axis=1)
        assert np.array_equal(tile(page), np.broadcast_to(image[..., None], (56, 56, 3)))
        expect(page.locator("#active-sample")).to_have_attribute(
            "aria-label", f"Sample {row['index']}, label {row['label']}"
        )
        page.keyboard.press("ArrowRight")
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_the_page_shows_pictures_within_a_second_and_nothing_moves(watched: Watched, live: Site) -> None:
    shown = []
    for _ in range(3):  # the best of three: a busy machine is no fault of the page
        page = watched.page()
        page.goto(f"{live.url}/")
        page.wait_for_selector("#view[data-state=ready]")
        shown.append(
            page.evaluate(
                "() => performance.getEntriesByType('resource').find((it) => it.name.includes('grid.png')).responseEnd"
            )
        )
        moved = page.evaluate(
            """() => new Promise((done) => new PerformanceObserver((list) => done(
                list.getEntries().reduce((sum, { value }) => sum + value, 0)
            )).observe({ type: "layout-shift", buffered: true }) || setTimeout(() => done(0), 200))"""
        )
        assert moved < 0.01
    assert min(shown) < 1_000


def test_a_link_restores_the_view(opened: Opened) -> None:
    page = opened("#/samples/digits/all?label=4&label=9&seed=12&cmap=viridis&size=l&at=200&sample=31")
    expect(page.get_by_role("heading", level=1)).to_have_text("digits all")
    expect(page.locator(".heading .muted")).to_have_text("361 samples labelled 4 or 9, shuffled with seed 12")
    expect(page.locator(".panel h2")).to_have_text("Sample 31")
    for name, value in (("dataset", "digits"), ("split", "all"), ("order", "seed"), ("cmap", "viridis"), ("size", "l")):
        expect(page.locator(f'input[name="{name}"][value="{value}"]')).to_be_checked()
    expect(page.locator("#seed")).to_have_value("12")
    assert page.locator(".chip[aria-pressed=true]").all_inner_texts() == ["4", "9"]
    # The sample decides where the mark is, and not the position, which belonged to something else.
    expect(page.locator("#active-sample")).to_have_attribute("aria-label", "Sample 31, label 9")
    expect(page.locator("#active-sample")).to_have_attribute("aria-posinset", "82")
    assert page.locator("#samples").evaluate("(list) => list.scrollTop") > 500


def test_the_way_back_leads_back(opened: Opened) -> None:
    page = opened()
    page.get_by_role("link", name="Labels").click()
    page.wait_for_selector(".view.labels[data-state=ready]")
    page.go_back()
    page.wait_for_selector(".view.samples[data-state=ready]")
    expect(page.get_by_role("heading", level=1)).to_have_text("MNIST train")


def test_the_first_tab_leads_past_the_header(opened: Opened) -> None:
    page = opened("#/samples/digits/all?label=2")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "samples"
    expect(page.locator(".heading .muted")).to_have_text("177 samples labelled 2, in file order")


def test_the_keyboard_goes_everywhere(opened: Opened) -> None:
    page = opened()
    page.keyboard.press("/")
    page.keyboard.type("59999")
    page.keyboard.press("Enter")
    expect(page.locator(".panel h2")).to_have_text("Sample 59,999")
    page.locator("#samples").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".panel h2")).to_have_text("Sample 59,998")
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    assert page.evaluate("document.activeElement.id") == "samples"
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#active-sample")).to_have_attribute("aria-label", "Sample 1, label 0")
    page.keyboard.press("Enter")
    expect(page.locator(".panel h2")).to_have_text("Sample 1")


def test_an_index_that_does_not_exist_is_refused_in_words(opened: Opened) -> None:
    page = opened("#/samples/digits/all")
    page.keyboard.press("/")
    page.keyboard.type("1797")
    page.keyboard.press("Enter")
    message = page.locator("#jump").evaluate("(field) => field.validationMessage")
    assert message == "An index is a whole number from 0 to 1796."
    expect(page.locator("#jump-fault")).to_have_text(message)
    expect(page.locator("#panel")).to_be_hidden()


def test_labels_filter(opened: Opened) -> None:
    page = opened()
    page.get_by_role("button", name="7", exact=True).click()
    expect(page.locator(".heading .muted")).to_have_text("6,265 samples labelled 7, in file order")
    page.wait_for_selector("#view[data-state=ready]")
    expect(page.locator("#active-sample")).to_have_attribute("aria-label", "Sample 15, label 7")
    page.wait_for_url("**/#/samples/mnist/train?label=7")


def test_a_click_shows_the_sample_and_its_pixels(opened: Opened, live: Site) -> None:
    page = opened()
    page.locator("#samples").click(position={"x": 60, "y": 30})
    expect(page.locator(".panel h2")).to_have_text("Sample 0")
    image = live.get("/v1/datasets/mnist/train/samples/0").json["image"]
    canvas = page.locator("canvas.large")
    expect(canvas).to_have_accessible_name("Picture of sample 0, a 5")
    canvas.hover(position={"x": 12 * 15 + 6, "y": 12 * 5 + 6})
    expect(page.locator(".panel .readout b")).to_have_text(str(image[5][15]))
    page.get_by_text("The row as numbers").click()
    numbers = page.get_by_role("region", name="Pixel values").inner_text().split()
    assert list(map(int, numbers)) == [value for row in image for value in row]
    near = live.get("/v1/datasets/mnist/train/samples/0/neighbors?k=12").json["neighbors"]
    expect(page.locator(".neighbour")).to_have_count(12)
    page.locator(".neighbour").first.click()
    expect(page.locator(".panel h2")).to_have_text(f"Sample {near[0]['index']:,}")


@pytest.mark.parametrize(
    ("split", "choice"), [("digits/all", "label=4&seed=3"), ("mnist/train", "label=3&label=8&seed=7")]
)
def test_snippets_fetch_exactly_the_selection(
    opened: Opened, live: Site, real: dict[str, Dataset], tmp_path: Path, split: str, choice: str
) -> None:
    page = opened(f"#/samples/{split}?{choice}&use=true")
    order = live.get(f"/v1/datasets/{split}/order?{choice}").json["order"]
    data = real[split.partition("/")[0]]
    seen = {}
    for tool in ("curl", "pandas", "NumPy", "Keras", "torch"):
        page.get_by_role("button", name=tool, exact=True).click()
        page.get_by_role("button", name="Copy code").click()
        seen[tool] = page.evaluate("() => navigator.clipboard.readText()")
        if tool != "curl":
            compile(seen[tool], tool, "exec")
    subprocess.run(seen["curl"], shell=True, check=True, cwd=tmp_path, capture_output=True)  # noqa: S602 - our own
    (file,) = tmp_path.iterdir()
    lines = file.read_text().splitlines()
    found = (
        [json.loads(line)["index"] for line in lines]
        if file.suffix == ".ndjson"
        else [int(line.partition(",")[0]) for line in lines[1:]]
    )
    assert found == order
    for tool in ("pandas", "NumPy"):
        names: dict[str, Any] = {}
        exec(seen[tool], names)  # noqa: S102 - our own
        assert np.array_equal(np.asarray(names["x"]), data.images[order].reshape(len(order), -1))
        assert np.array_equal(names["y"], data.labels[order])


def test_labels_are_counted_and_pictured(opened: Opened) -> None:
    page = opened("#/labels/mnist/train")
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="5"))
    assert "5,421" in row.inner_text()
    expect(row.get_by_role("img")).to_have_count(2)
    row.get_by_role("button").click()
    expect(page.locator(".heading .muted")).to_have_text("5,421 samples labelled 5, in file order")


def test_statistics_are_those_that_training_needs(opened: Opened, live: Site) -> None:
    zeros = live.get("/v1/datasets/mnist/train/statistics").json["pixels"]["histogram"][0]
    page = opened("#/statistics/mnist/train")
    assert page.locator(".figure dd:first-of-type").all_inner_texts() == ["60,000", "0.1307", "0.3081", "19.1\u00a0%"]
    page.get_by_role("button", name="Copy normalisation").click()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied == "Normalize((0.1306604762738429,), (0.3081078038564627,))"
    page.locator(".histogram svg").hover(position={"x": 2, "y": 100})
    expect(page.locator(".chart .readout b")).to_have_text(f"{zeros:,}")


def test_the_map_opens_the_sample_that_one_points_at(opened: Opened, live: Site) -> None:
    page = opened("#/map/digits/all?seed=1")
    points = live.get("/v1/datasets/digits/all/projection?seed=1&limit=2000").json["points"]
    assert len(points) == 1797
    most = max(points, key=lambda point: point["x"])
    box = page.locator(".sky").bounding_box()
    assert box is not None
    left, right = min(point["x"] for point in points), most["x"]
    low, high = min(point["y"] for point in points), max(point["y"] for point in points)
    scale = 0.9 * min(box["width"] / (right - left), box["height"] / (high - low))
    x = box["x"] + box["width"] / 2 + (most["x"] - (left + right) / 2) * scale
    y = box["y"] + box["height"] / 2 - (most["y"] - (low + high) / 2) * scale
    page.mouse.move(x, y)
    expect(page.locator(".tip")).to_contain_text(f"#{most['index']}")
    page.mouse.click(x, y)
    expect(page.locator(".panel h2")).to_have_text(f"Sample {most['index']:,}")


def test_both_datasets_stand_side_by_side(opened: Opened) -> None:
    page = opened("#/compare/mnist/train")
    assert page.locator(".dataset h2").all_inner_texts() == ["MNIST", "digits"]
    expect(page.get_by_role("heading", name="Good for")).to_have_count(2)
    page.get_by_role("button", name="See digits").click()
    expect(page.locator(".heading .muted")).to_have_text("1,797 samples, in file order")


def test_when_the_server_stops_the_page_says_so_and_recovers(watched: Watched) -> None:
    page = watched.page()
    with sites.process() as first:
        port = first.url.rpartition(":")[2]
        page.goto(first.url)
        page.wait_for_selector("#view[data-state=ready]")
    page.locator("#samples").focus()
    page.keyboard.press("End")
    expect(page.get_by_role("alert")).to_contain_text("The service does not answer")
    with sites.process("--port", port):
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("alert")).to_be_hidden()
        expect(page.locator("#active-sample")).to_have_attribute("aria-label", "Sample 59999, label 8")
    assert all("ERR_CONNECTION" in fault for fault in watched.faults)
    watched.faults.clear()


@pytest.mark.parametrize("view", stage.VIEWS)
def test_a_phone_is_wide_enough(opened: Opened, view: str) -> None:
    page = opened(f"#/{view}/mnist/test", width=390, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    if view != "samples":
        return
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("button", name="3", exact=True).click()
    page.get_by_role("button", name="Filters").click()
    expect(page.locator(".heading .muted")).to_have_text("1,010 samples labelled 3, in file order")
    page.wait_for_selector("#view[data-state=ready]")
    page.locator("#samples").click(position={"x": 40, "y": 30})
    expect(page.locator("#panel")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_colours_of_the_page_are_chosen_and_kept(opened: Opened) -> None:
    page = opened()
    button = page.get_by_role("button", name="Colours of the page")
    paper = "() => getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(paper)
    button.click()
    assert page.evaluate(paper) == light
    button.click()
    assert page.evaluate(paper) != light
    page.reload()
    assert page.evaluate(paper) != light


def test_scrolling_through_all_of_mnist_never_keeps_the_page_waiting(opened: Opened) -> None:
    page = opened()
    tracing = page.context.new_cdp_session(page)
    events: list[dict[str, Any]] = []
    tracing.on("Tracing.dataCollected", lambda data: events.extend(data["value"]))
    tracing.send("Tracing.start", {"categories": "toplevel,disabled-by-default-devtools.timeline,__metadata"})
    travelled = page.evaluate(
        """async () => {
            const list = document.getElementById("samples"), step = list.scrollHeight / 200;
            for (let frame = 0; frame < 200; frame++) {
                list.scrollTop += frame % 3 ? step / 10 : step * 2.8;
                await new Promise(requestAnimationFrame);
            }
            await new Promise((done) => setTimeout(done, 300));
            return list.scrollTop / (list.scrollHeight - list.clientHeight);
        }"""
    )
    ended = False

    def end(_: object) -> None:
        nonlocal ended
        ended = True

    tracing.on("Tracing.tracingComplete", end)
    tracing.send("Tracing.end")
    while not ended:
        page.wait_for_timeout(20)
    assert travelled > 0.9
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    # In the thread's own time: what other processes take of a busy machine is no fault of the page.
    tasks = [
        event.get("tdur", event["dur"]) / 1_000
        for event in events
        if event.get("ph") == "X" and event["name"].endswith("RunTask") and (event["pid"], event["tid"]) in main
    ]
    assert tasks
    assert max(tasks) < 50
