"""What the explorer says and does when something is wrong, hidden, or asked for too often."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Page, Request, Route, expect

from service.data.dataset import Dataset
from tests.browser.conftest import Opened, Watched
from tests.sites import Site

AS_SAFARI = """
    for (const name of ["pushState", "replaceState"]) {
        const write = history[name].bind(history), times = [];
        history[name] = (...what) => {
            const now = Date.now();
            while (times.length && times[0] < now - 30_000) times.shift();
            if (times.push(now) > 100) throw new DOMException("too many calls to history", "SecurityError");
            return write(...what);
        };
    }
"""
"""Safari's limit: the hundred-and-first call within 30 seconds throws."""

HOLD = """
    async ({ key, times }) => {
        const list = document.getElementById("samples");
        for (let time = 0; time < times; time++) {
            list.dispatchEvent(new KeyboardEvent("keydown", { key, repeat: time > 0 }));
            await new Promise(requestAnimationFrame);
        }
    }
"""
"""A key that is held: an event a frame."""


def count_requests(page: Page, part: str) -> list[str]:
    """A list that grows by the URL of every request whose path contains a part."""
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url) if part in urlsplit(request.url).path else None)
    return seen


def test_the_statistics_of_test_say_what_the_scale_standard_does(opened: Opened, live: Site) -> None:
    page = opened("#/statistics/mnist/test")
    assert page.locator(".figure dd:first-of-type").all_inner_texts()[1] == "0.1325"
    expect(page.locator(".normalise")).to_contain_text("the mean and deviation of train, not those of test")
    page.get_by_role("button", name="Copy normalisation").click()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    mean, deviation = (float(found) for found in re.findall(r"[\d.]+(?=,\))", copied))
    rows = live.get("/v1/datasets/mnist/test/rows?limit=1&scale=standard").json["rows"][0]["pixels"]
    raw = live.get("/v1/datasets/mnist/test/rows?limit=1").json["rows"][0]["pixels"]
    assert np.allclose(rows, (np.array(raw) / 255 - mean) / deviation, atol=1e-5)


def test_the_map_says_which_samples_it_draws_and_the_code_takes_these(
    opened: Opened, live: Site, real: dict[str, Dataset]
) -> None:
    page = opened("#/map/mnist/train")
    expect(page.locator(".heading .muted")).to_contain_text("2,000 of 60,000 samples, drawn with seed 1")
    expect(page.get_by_role("radio", name="File order")).to_be_hidden()
    expect(page.locator("#seed")).to_have_value("1")
    page.get_by_role("button", name="Use this selection").click()
    expect(page.locator(".lead")).to_contain_text("2,000 of 60,000 samples, drawn with seed 1")
    page.get_by_role("button", name="NumPy", exact=True).click()
    page.get_by_role("button", name="Copy code").click()
    code = page.evaluate("() => navigator.clipboard.readText()")
    points = live.get("/v1/datasets/mnist/train/projection?seed=1&limit=2000").json["points"]
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - our own
    drawn = [point["index"] for point in points]
    assert np.array_equal(np.asarray(names["x"]), real["mnist"].images[drawn].reshape(2_000, -1))
    sheet = page.get_by_role("link", name="Contact sheet").get_attribute("href")
    assert sheet is not None
    assert parse_qs(urlsplit(sheet).query)["limit"] == ["2000"]


def test_a_map_that_holds_all_samples_draws_none(opened: Opened) -> None:
    page = opened("#/map/digits/all")
    expect(page.locator(".heading .muted")).to_contain_text("1,797 samples, in file order")
    expect(page.locator("#seed")).to_be_hidden()


@pytest.mark.parametrize("view", ["labels", "statistics"])
def test_a_label_that_a_view_does_not_show_does_not_choose_there(opened: Opened, view: str) -> None:
    page = opened(f"#/{view}/mnist/train?label=3&seed=7")
    page.get_by_role("button", name="Use this selection").click()
    expect(page.locator(".lead")).to_contain_text("60,000 samples, in file order")
    assert "label=" not in page.locator(".use .code pre").inner_text()


def refuse(query: Callable[[str], str]) -> Callable[[Route], None]:
    """Ask the service for something else than the page did: what it answers is its own."""
    return lambda route: route.continue_(url=query(route.request.url))


@pytest.mark.parametrize(
    ("query", "said", "remedy"),
    [
        (lambda url: re.sub(r"rev=\w+", "rev=000000000000", url), "revision", "Reload the page"),
        (lambda url: re.sub(r"limit=\d+", "limit=0", url), "limit", "Show all samples"),
    ],
    ids=["409", "422"],
)
def test_what_the_service_refuses_is_not_asked_again(
    watched: Watched, live: Site, query: Callable[[str], str], said: str, remedy: str
) -> None:
    page = watched.page()
    page.clock.install()
    seen = count_requests(page, "grid.json")
    page.route("**/grid.*", refuse(query))
    page.goto(f"{live.url}/#/samples/mnist/train")
    page.clock.run_for(1_000)
    expect(page.get_by_role("alert")).to_contain_text(said)
    expect(page.get_by_role("alert").get_by_text(remedy)).to_be_visible()
    asked = len(seen)
    page.locator("#samples").hover(position={"x": 100, "y": 500})  # which draws the page anew
    page.clock.run_for(300_000)
    page.locator("#samples").hover(position={"x": 200, "y": 500})
    page.clock.run_for(1_000)
    assert len(seen) == asked == 1
    watched.faults = [fault for fault in watched.faults if "409" not in fault and "422" not in fault]


def pass_time(page: Page, holds: Callable[[], bool]) -> None:
    """Let ten minutes pass for the page, or less if something holds before.

    It passes in steps: a pause of the page begins only when the answer to its request has come, in true time.
    """
    for _ in range(200):
        page.clock.run_for(3_000)
        if holds():
            return
    pytest.fail("Ten minutes have passed in vain.")


def test_a_service_that_is_gone_is_asked_again(watched: Watched, live: Site) -> None:
    page = watched.page()
    page.clock.install()
    seen = count_requests(page, "grid.json")
    page.route("**/grid.*", lambda route: route.abort())
    page.goto(f"{live.url}/#/samples/mnist/train")
    page.clock.run_for(1_000)
    expect(page.get_by_role("alert")).to_contain_text("The service does not answer")
    asked = len(seen)
    pass_time(page, lambda: len(seen) > asked)
    page.unroute("**/grid.*")
    pass_time(page, page.get_by_role("alert").is_hidden)
    watched.faults = [fault for fault in watched.faults if "ERR_FAILED" not in fault]


@pytest.mark.parametrize("text", ["-1", "18446744073709551616", "seven"])
def test_the_seed_field_says_what_is_wrong(opened: Opened, text: str) -> None:
    page = opened("#/samples/digits/all?seed=5")
    page.locator("#seed").fill(text)
    page.keyboard.press("Enter")
    expect(page.locator("#seed-fault")).to_have_text("A seed is a whole number from 0 to 18,446,744,073,709,551,615.")
    expect(page.locator("#seed")).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".heading .muted")).to_contain_text("shuffled with seed 5")
    page.locator("#seed").fill("12")
    expect(page.locator("#seed-fault")).to_have_text("")


def test_the_largest_seed_is_taken(opened: Opened) -> None:
    page = opened("#/samples/digits/all?seed=5")
    page.locator("#seed").fill("18446744073709551615")
    page.keyboard.press("Enter")
    expect(page.locator(".heading .muted")).to_contain_text("shuffled with seed 18446744073709551615")
    page.wait_for_selector("#view[data-state=ready]")


def test_what_an_address_asks_for_in_vain_is_said(opened: Opened) -> None:
    page = opened("#/samples/mnist/validation?seed=seven&sample=60000")
    expect(page.locator("#warning")).to_contain_text("seed=seven in the address was ignored")
    expect(page.locator("#warning")).to_contain_text("There is no split of mnist “validation”. This is train.")
    expect(page.locator("#warning")).to_contain_text("There is no sample 60000. The indices are 0 to 59999.")
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator("#warning")).to_have_text("")


def test_a_held_key_stays_within_the_limit_of_safari_and_the_address_follows(watched: Watched, live: Site) -> None:
    page = watched.page()
    page.add_init_script(AS_SAFARI)
    page.goto(f"{live.url}/#/samples/mnist/train?sample=7")
    page.wait_for_selector("#view[data-state=ready]")
    page.evaluate(HOLD, {"key": "ArrowRight", "times": 120})
    page.wait_for_url("**/#/samples/mnist/train?at=127&sample=127")


def test_pointing_at_a_picture_that_has_not_come_yet_says_nothing(opened: Opened) -> None:
    page = opened("#/samples/mnist/train")
    sample = re.compile(r"/samples/7($|\?)")
    page.route(sample, lambda _: None)
    page.locator("#jump").fill("7")
    page.keyboard.press("Enter")
    canvas = page.locator("canvas.large")
    canvas.hover(position={"x": 30, "y": 30})
    expect(canvas).to_have_accessible_name("Picture of the sample")
    page.unroute(sample)  # which lets those go on that are held
    expect(canvas).to_have_accessible_name("Picture of sample 7, a 3")
    canvas.hover(position={"x": 31, "y": 31})
    expect(page.locator(".panel .readout b")).to_have_text("0")


def test_neighbours_are_looked_for_after_a_rest_only(opened: Opened) -> None:
    page = opened("#/samples/mnist/train?sample=7")
    page.wait_for_selector(".neighbour")
    seen = count_requests(page, "/neighbors")
    page.evaluate(HOLD, {"key": "ArrowRight", "times": 60})
    expect(page.locator(".panel h2")).to_have_text("Sample 67")
    page.wait_for_selector(".neighbour")
    assert [urlsplit(url).path.split("/")[-2] for url in seen] == ["67"]


def test_the_cold_page_is_small(watched: Watched, live: Site) -> None:
    page = watched.page()
    finished: list[Request] = []
    page.on("requestfinished", lambda request: finished.append(request))  # noqa: PLW0108 - Playwright marks what it calls
    page.goto(live.url)
    page.wait_for_selector("#view[data-state=ready]")
    page.wait_for_load_state("networkidle")
    sizes = [request.sizes() for request in finished]
    assert len(finished) <= 30, [request.url for request in finished]
    assert sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes) <= 300_000


def test_every_module_of_the_first_view_is_preloaded(watched: Watched, live: Site) -> None:
    page = watched.page()
    page.goto(live.url)
    page.wait_for_selector("#view[data-state=ready]")
    loaded = page.evaluate(
        "() => performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.endsWith('.js'))"
    )
    preloaded = page.evaluate(
        "() => [...document.querySelectorAll('[rel=modulepreload], script')].map((it) => it.href ?? it.src)"
    )
    assert sorted(loaded) == sorted(preloaded)
