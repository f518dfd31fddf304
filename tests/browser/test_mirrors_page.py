"""The page of the mirrors as a person uses it: it leads to a client's code, which one press copies."""

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Watched
from tests.browser.look import COLOUR_RULES, find_faults
from tests.browser.test_pages import SCHEMES, SIZES, load
from tests.sites import Site

CLIPBOARD = "() => navigator.clipboard.readText()"


def read(live: Site) -> list[dict[str, Any]]:
    """The mirrors as a program reads them."""
    found: list[dict[str, Any]] = live.get("/mirrors").json["mirrors"]
    return found


def open_page(watched: Watched, live: Site) -> Page:
    return load(watched, watched.keep(), f"{live.url}/mirrors")


def test_everybody_can_read_it(watched: Watched, live: Site) -> None:
    page = open_page(watched, live)
    for files in page.locator("summary").all():
        files.click()
    for width, height in SIZES:
        for scheme in SCHEMES:
            watched.keep(width=width, height=height, scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert find_faults(page, rules=() if scheme == "light" else COLOUR_RULES) == [], (width, scheme)
    watched.keep(forced=True)
    assert find_faults(page, rules=COLOUR_RULES) == []


def test_every_button_copies_its_code_or_its_address(watched: Watched, live: Site) -> None:
    page = open_page(watched, live)
    mirrors = read(live)
    expect(page.locator(".copy")).to_have_count(sum(1 + len(mirror["recipes"]) for mirror in mirrors))
    for mirror in mirrors:
        page.get_by_role("button", name=f"Copy address of {mirror['title']}", exact=True).click()
        assert page.evaluate(CLIPBOARD) == mirror["root"]
        section = page.get_by_role("region", name=mirror["title"], exact=True)
        for recipe in mirror["recipes"]:
            section.get_by_role("button", name=f"Copy code for {recipe['client']}", exact=True).click()
            expect(page.get_by_role("status")).to_have_text(f"code for {recipe['client']} copied")
            assert page.evaluate(CLIPBOARD) == recipe["code"]


def test_the_keyboard_leads_from_a_client_to_its_button(watched: Watched, live: Site) -> None:
    page = open_page(watched, live)
    mirror = read(live)[0]
    recipe = mirror["recipes"][0]
    section = page.get_by_role("region", name=mirror["title"], exact=True)
    name = section.get_by_role("heading", name=recipe["client"], exact=True)
    page.locator(f".contents a[href='#{name.get_attribute('id')}']").focus()
    page.keyboard.press("Enter")
    expect(name).to_be_in_viewport()
    page.keyboard.press("Tab")
    expect(section.get_by_role("button", name=f"Copy code for {recipe['client']}", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_be_visible()
    assert page.evaluate(CLIPBOARD) == recipe["code"]


def test_without_javascript_the_code_can_be_selected(watched: Watched, live: Site) -> None:
    page = load(watched, watched.page(scripts=False), f"{live.url}/mirrors")
    expect(page.get_by_role("button")).to_have_count(0)
    codes = page.locator("pre").all_text_contents()
    assert codes == [recipe["code"] for mirror in read(live) for recipe in mirror["recipes"]]
    page.locator("pre").first.click(click_count=3)
    assert str(page.evaluate("() => getSelection().toString()")).strip() in codes[0]


def test_the_explorer_and_every_page_lead_to_it(watched: Watched, live: Site) -> None:
    page = watched.keep()
    for path in ("/", "/v1/datasets", "/problems"):
        page.goto(f"{live.url}{path}")
        page.get_by_role("link", name="Mirrors", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Mirrors")
