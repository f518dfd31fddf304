"""A real browser. Whatever a page does besides what it should (errors, other hosts) fails its test."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.browser import stage
from tests.sites import Site

PATIENCE = 20_000
"""Milliseconds for a page to become what is expected: other tests run at the same time."""

expect.set_options(timeout=PATIENCE)

Opened = Callable[..., Page]
"""Opens a page of the explorer at a fragment, and waits until its view is ready."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's Chromium; for a module, because while it runs no other event loop can."""
    path = stage.program("chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(stage.FLAGS))
        yield running
        running.close()


class Watched:
    """Pages of one test, and what went wrong in them."""

    def __init__(self, browser: Browser) -> None:
        """Begin without a page."""
        self.browser = browser
        self.faults: list[str] = []

    def page(
        self, *, width: int = 1440, height: int = 900, scheme: str = "light", touch: bool = False, scripts: bool = True
    ) -> Page:
        """A new page in a context of its own; without `scripts`, one that runs no JavaScript."""
        context = self.browser.new_context(
            viewport=ViewportSize(width=width, height=height),
            color_scheme="dark" if scheme == "dark" else "light",
            has_touch=touch,
            java_script_enabled=scripts,
            permissions=["clipboard-read", "clipboard-write"],
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda told: self._hear(told.type, told.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda request: self._look(request.url))
        return page

    def _hear(self, kind: str, text: str) -> None:
        reading = "Canvas2D: Multiple readback" in text  # a test reads pixels, which a page does not
        if kind in ("error", "warning") and not reading:
            self.faults.append(text)

    def _look(self, url: str) -> None:
        if urlsplit(url).hostname not in ("127.0.0.1", None):
            self.faults.append(f"a request left this machine: {url}")

    def close(self) -> None:
        """Close every page."""
        for context in self.browser.contexts:
            context.close()


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    """Pages that are held to account."""
    watching = Watched(browser)
    yield watching
    watching.close()
    assert watching.faults == []


@pytest.fixture
def opened(watched: Watched, live: Site) -> Opened:
    """The explorer at a fragment of its address."""

    def at(fragment: str = "", *, width: int = 1440, height: int = 900, scheme: str = "light") -> Page:
        page = watched.page(width=width, height=height, scheme=scheme)
        page.goto(f"{live.url}/{fragment}")
        page.wait_for_selector("#view[data-state=ready]")
        return page

    return at
