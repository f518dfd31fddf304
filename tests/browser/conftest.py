"""A real browser. Whatever a page does besides what it should (errors, other hosts) fails its test."""

from collections.abc import Callable, Iterator
from typing import Literal, TypedDict, Unpack
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from tests.browser import stage
from tests.sites import Site

PATIENCE = 20_000
"""Milliseconds for a page to become what is expected: other tests run at the same time."""

expect.set_options(timeout=PATIENCE)

Scheme = Literal["light", "dark"]
"""What a person prefers."""


class Options(TypedDict, total=False):
    """How a page that is kept is shown."""

    width: int
    height: int
    scheme: Scheme
    forced: bool
    touch: bool


Opened = Callable[..., Page]
"""Opens a page of the explorer at a fragment, and waits until its view is ready."""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The machine's Chromium; for this folder, because while it runs no other event loop can."""
    path = stage.program("chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(stage.FLAGS))
        yield running
        running.close()


class Watched:
    """Pages, and what went wrong in them.

    A new context costs the browser several times what a page in one costs: a test that needs nothing fresh takes a
    kept page (`keep`), and finds it as a new one would be, except for what the browser has in its cache.
    """

    def __init__(self, browser: Browser) -> None:
        """Begin without a page."""
        self.browser = browser
        self.faults: list[str] = []
        self.contexts: list[BrowserContext] = []
        self.kept: dict[bool, Page] = {}

    def page(
        self,
        *,
        width: int = 1440,
        height: int = 900,
        scheme: Scheme = "light",
        touch: bool = False,
        scripts: bool = True,
    ) -> Page:
        """A new page in a context of its own; without `scripts`, one that runs no JavaScript."""
        context = self.browser.new_context(
            viewport=ViewportSize(width=width, height=height),
            color_scheme=scheme,
            has_touch=touch,
            java_script_enabled=scripts,
            permissions=["clipboard-read", "clipboard-write"],
        )
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda told: self._hear(told.type, told.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda request: self._look(request.url))
        return page

    def keep(
        self,
        *,
        width: int = 1440,
        height: int = 900,
        scheme: Scheme = "light",
        forced: bool = False,
        touch: bool = False,
    ) -> Page:
        """The page that tests share, of this size and these colours; it is emptied after each of them."""
        if touch not in self.kept:
            self.kept[touch] = self.page(touch=touch)
        page = self.kept[touch]
        page.set_viewport_size(ViewportSize(width=width, height=height))
        page.emulate_media(color_scheme=scheme, forced_colors="active" if forced else "none")
        return page

    def _hear(self, kind: str, text: str) -> None:
        reading = "Canvas2D: Multiple readback" in text  # a test reads pixels, which a page does not
        if kind in ("error", "warning") and not reading:
            self.faults.append(text)

    def _look(self, url: str) -> None:
        if urlsplit(url).hostname not in ("127.0.0.1", None):
            self.faults.append(f"a request left this machine: {url}")

    def clean(self) -> None:
        """Close what is fresh, and empty what is kept."""
        kept = [page.context for page in self.kept.values()]
        for context in self.contexts:
            if context not in kept:
                context.close()
        self.contexts = kept
        for touch, page in list(self.kept.items()):
            if page.url == "about:blank":
                continue
            try:
                page.mouse.move(0, 0)  # where nothing is pointed at
                page.evaluate("() => localStorage.clear()")
                page.goto("about:blank")
            except PlaywrightError:  # such a page may not spoil the next test
                self.kept.pop(touch).context.close()

    def close(self) -> None:
        """Close every page."""
        self.kept.clear()
        self.clean()


@pytest.fixture(scope="package")
def _watching(browser: Browser) -> Iterator[Watched]:
    watching = Watched(browser)
    yield watching
    watching.close()


@pytest.fixture
def watched(_watching: Watched) -> Iterator[Watched]:
    """Pages that are held to account."""
    _watching.faults.clear()
    yield _watching
    _watching.clean()
    assert _watching.faults == []


@pytest.fixture
def opened(watched: Watched, live: Site) -> Opened:
    """The explorer at a fragment of its address, in the page that tests share."""

    def at(fragment: str = "", **options: Unpack[Options]) -> Page:
        page = watched.keep(**options)
        page.goto("about:blank")  # so that the next address is loaded, even if only the fragment is another
        page.goto(f"{live.url}/{fragment}")
        page.wait_for_selector("#view[data-state=ready]")
        return page

    return at
