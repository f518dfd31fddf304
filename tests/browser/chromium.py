"""The machine's Chromium, behind the few commands that journeys through both browsers need."""

from typing import Any, Protocol

from playwright.sync_api import Page, ViewportSize


class BrowserPage(Protocol):
    """A page of some browser."""

    faults: list[str]

    def resize(self, width: int, height: int) -> None:
        """Give the page this size in CSS pixels."""

    def goto(self, url: str) -> None:
        """Go to an address and wait until it is loaded."""

    def evaluate(self, expression: str) -> Any:  # noqa: ANN401 - what a test expects of it, the test says
        """The value of an expression of JavaScript, as JSON can hold it; a promise is awaited."""

    def wait(self, condition: str) -> None:
        """Wait until a condition in JavaScript holds."""

    def press(self, key: str, *, times: int = 1) -> None:
        """Press and release a key."""

    def type(self, text: str) -> None:
        """Type a text."""

    def click(self, x: float, y: float) -> None:
        """Click at a point of the page, in CSS pixels."""

    def drag(self, points: list[tuple[float, float]]) -> None:
        """Press the mouse at the first point, move it along the others, and let go."""


class ChromiumPage:
    """A page that Playwright drives; `faults` is the list that its watcher fills."""

    def __init__(self, page: Page, faults: list[str]) -> None:
        """Drive a page."""
        self.page = page
        self.faults = faults

    def resize(self, width: int, height: int) -> None:
        """Give the page this size in CSS pixels."""
        self.page.set_viewport_size(ViewportSize(width=width, height=height))

    def goto(self, url: str) -> None:
        """Go to an address and wait until it is loaded."""
        self.page.goto(url)

    def evaluate(self, expression: str) -> Any:  # noqa: ANN401 - what a test expects of it, the test says
        """The value of an expression of JavaScript, as JSON can hold it; a promise is awaited."""
        return self.page.evaluate(f"async () => ({expression})")

    def wait(self, condition: str) -> None:
        """Wait until a condition in JavaScript holds."""
        self.page.wait_for_function(f"() => ({condition})")

    def press(self, key: str, *, times: int = 1) -> None:
        """Press and release a key."""
        for _ in range(times):
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type a text."""
        self.page.keyboard.type(text)

    def click(self, x: float, y: float) -> None:
        """Click at a point of the page, in CSS pixels."""
        self.page.mouse.click(x, y)

    def drag(self, points: list[tuple[float, float]]) -> None:
        """Press the mouse at the first point, move it along the others, and let go."""
        self.page.mouse.move(*points[0])
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*point)
        self.page.mouse.up()
