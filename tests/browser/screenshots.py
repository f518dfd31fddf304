"""Takes the pictures of the explorer that the documents show: `python -m tests.browser.screenshots FOLDER`."""

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests import sites
from tests.browser import stage, strokes

SHOTS = {
    "samples": ("#/samples/mnist/train?sample=7&at=7", 1440, "light"),
    "samples-dark": ("#/samples/mnist/test?label=2&label=3&seed=5&cmap=magma&size=l", 1440, "dark"),
    "labels": ("#/labels/mnist/train", 1440, "light"),
    "statistics": ("#/statistics/mnist/train", 1440, "light"),
    "oddest": ("#/samples/mnist/train?order=oddest", 1440, "light"),
    "map": ("#/map/mnist/train?kind=tsne&sample=5", 1440, "dark"),
    "draw": ("#/draw/mnist/train", 1440, "light"),
    "compare": ("#/compare/mnist/train", 1440, "light"),
    "phone": ("#/samples/mnist/train", 390, "light"),
    "phone-sample": ("#/samples/digits/all?sample=12&at=12", 390, "dark"),
}
"""What is shown, how wide, in which colours of the page; by name of the file."""

HEIGHTS = {1440: 900, 390: 844}


def take(folder: Path) -> None:
    """Take every picture, packed as tightly as PNG can."""
    folder.mkdir(parents=True, exist_ok=True)
    path = stage.program("chromium", "chromium-browser", "google-chrome")
    with sites.process() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(stage.FLAGS))
        for name, (fragment, width, scheme) in SHOTS.items():
            page = browser.new_page(
                viewport=ViewportSize(width=width, height=HEIGHTS[width]),
                color_scheme="dark" if scheme == "dark" else "light",
            )
            page.goto(f"{site.url}/{fragment}")
            page.wait_for_selector("#view[data-state=ready]")
            if name == "draw":
                draw_three(page)
            page.wait_for_load_state("networkidle")
            Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(folder / f"{name}.png", optimize=True)
            page.close()
        browser.close()


def draw_three(page: Page) -> None:
    """Draw a three with the mouse, and wait for its neighbours."""
    (first, *others) = strokes.place(
        strokes.THREE, page.locator(".ink").evaluate("ink => ink.getBoundingClientRect().toJSON()")
    )
    page.mouse.move(*first)
    page.mouse.down()
    for x, y in others:
        page.mouse.move(x, y)
    page.mouse.up()
    page.wait_for_function("() => document.querySelector('.answer h2').textContent.endsWith('say 3')")


if __name__ == "__main__":
    take(Path(sys.argv[1]))
