"""The page /docs in a real browser: every operation can be tried out by pressing Execute, without writing anything."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from tests.browser.conftest import Watched
from tests.http.document import OPERATIONS
from tests.sites import Site

NO_WIDGET = "Could not find component: JsonSchema_integer_int64"
"""What Swagger UI says when it takes its usual field for a number."""

DRAWING = FilePayload(name="drawing", mimeType="application/octet-stream", buffer=bytes(28 * 28))
"""A file to choose: a body of `find_drawing_neighbors`."""


@pytest.fixture(scope="module")
def page(browser: Browser, live: Site) -> Iterator[Page]:
    """The page, opened once."""
    watched = Watched(browser)
    page = watched.page(width=800, height=500)  # a large page takes longer to draw
    page.goto(f"{live.url}/docs")
    yield page
    watched.close()
    assert set(watched.faults) <= {NO_WIDGET}


@contextmanager
def unfolded(page: Page, name: str) -> Iterator[Locator]:
    """The part of the page about an operation; of unfolded ones the page draws each anew after every change."""
    part = page.locator(f".opblock[id$='-{name}']")
    part.locator("button.opblock-summary-control").click()
    expect(part.locator("button.execute")).to_be_visible()
    yield part
    part.locator("button.opblock-summary-control").click()


def test_the_page_lists_every_operation(page: Page, live: Site) -> None:
    paths = live.get("/openapi.json").json["paths"]
    expect(page.locator(".opblock")).to_have_count(sum(len(operations) for operations in paths.values()))


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_first_press_of_execute_is_answered(page: Page, name: str) -> None:
    with unfolded(page, name) as part:
        for field in part.locator("input[type=file]").all():  # the page has no example of a file
            field.set_input_files(DRAWING)
        part.locator("button.execute").click()
        expect(part.locator(".live-responses-table .response-col_status").nth(1)).to_have_text("200", timeout=20_000)


def test_names_are_chosen_from_lists_of_which_an_example_is_chosen(page: Page) -> None:
    chosen = {"dataset": "mnist", "split": "all", "format": "json", "scale": "raw", "layout": "flat"}
    with unfolded(page, "get_rows") as part:
        for name, value in chosen.items():
            expect(part.locator(f"tr[data-param-name={name}] select")).to_have_value(value)
        options = part.locator("tr[data-param-name=dataset] select option").all_text_contents()
        assert options == ["mnist", "digits"]
