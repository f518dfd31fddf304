"""The page /docs in a real browser: every operation can be tried out by pressing Execute, without writing anything."""

from collections.abc import Iterator

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
    page = watched.page()
    page.goto(f"{live.url}/docs")
    yield page
    watched.close()
    assert set(watched.faults) <= {NO_WIDGET}


def open_operation(page: Page, name: str) -> Locator:
    """The part of the page about an operation, unfolded."""
    part = page.locator(f".opblock[id$='-{name}']")
    part.locator("button.opblock-summary-control").click()
    expect(part.locator("button.execute")).to_be_visible()
    return part


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_first_press_of_execute_is_answered(page: Page, name: str) -> None:
    part = open_operation(page, name)
    for field in part.locator("input[type=file]").all():  # the page has no example of a file
        field.set_input_files(DRAWING)
    part.locator("button.execute").click()
    expect(part.locator(".live-responses-table .response-col_status").nth(1)).to_have_text("200", timeout=20_000)
    part.locator("button.opblock-summary-control").click()


def test_names_are_chosen_from_lists_of_which_an_example_is_chosen(page: Page) -> None:
    part = open_operation(page, "get_rows")
    for name, value in {"dataset": "mnist", "split": "all", "format": "json", "scale": "raw", "layout": "flat"}.items():
        expect(part.locator(f"tr[data-param-name={name}] select")).to_have_value(value)
    options = part.locator("tr[data-param-name=dataset] select option").all_text_contents()
    assert options == ["mnist", "digits"]
