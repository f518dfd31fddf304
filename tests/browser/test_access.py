"""What a browser does with a service that needs a key, behind a real proxy that shows it under a path."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, HttpCredentials, Page, expect

from service.app import create_app
from service.credentials import write_api_key
from service.settings import Settings
from tests import sites
from tests.browser import stage
from tests.browser.conftest import PATIENCE
from tests.http.proxy import PREFIX, proxy

KEY = "digits_of-the-course"

READ = """
async ([module, base, key]) => {
  const { connect } = await import(module);
  const read = async (service) => {
    try {
      return (await service.cards({ retries: 0 })).length;
    } catch (error) {
      return [error.status, error.type];
    }
  };
  return [await read(connect(base, { key })), await read(connect(base, { key: "wrong" })), await read(connect(base))];
}
"""


SEND = """
async ([module, base, key, addresses]) => {
  const { connect } = await import(module);
  await Promise.all(addresses.map((one) => connect(base, { key }).fetch(one, { retries: 0 }).catch(() => null)));
}
"""


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service that needs a key."""
    settings = Settings(root_path=PREFIX, api_keys=(write_api_key("course", KEY),))
    with (
        sites.serving(create_app(settings), settings) as behind,
        proxy(behind.url, tmp_path_factory.mktemp("nginx")) as site,
    ):
        yield site.url + PREFIX


def open_page(browser: Browser, password: str | None) -> tuple[Page, list[Any]]:
    """A page of a person who types this password when the browser asks, and the answers that it gets."""
    credentials = HttpCredentials(username="anyone", password=password) if password is not None else None
    page = browser.new_context(http_credentials=credentials).new_page()
    page.set_default_timeout(PATIENCE)
    answers: list[Any] = []
    page.on("response", lambda answer: answers.append((urlsplit(answer.url).path, answer.status)))
    return page, answers


@pytest.mark.parametrize("view", ["", "#/mnist/train?view=statistics", "#/digits/all?view=map"])
def test_the_explorer_works_when_its_reader_has_typed_the_key(browser: Browser, locked: str, view: str) -> None:
    page, answers = open_page(browser, KEY)
    faults: list[str] = []
    page.on("console", lambda told: faults.append(told.text) if told.type == "error" else None)
    page.goto(f"{locked}/{view}")
    page.wait_for_selector("#view[data-state=ready]")
    page.context.close()
    assert len(answers) > 10
    assert all(path.startswith(f"{PREFIX}/") for path, _ in answers)
    # The browser has asked once; from then on it sends the key by itself, for pictures and scripts, too.
    assert {status for _, status in answers} <= {200, 304, 401}
    assert [path for path, status in answers if status == 401] in ([], [f"{PREFIX}/"])
    assert [one for one in faults if "401" not in one] == []


def test_with_a_wrong_key_there_is_a_page_that_says_so_in_its_usual_look(browser: Browser, locked: str) -> None:
    page, answers = open_page(browser, "wrong")
    page.goto(f"{locked}/")
    expect(page.get_by_role("heading", level=1)).to_have_text("A key is needed")
    page.context.close()
    assert {path: status for path, status in answers if status != 401}.keys() >= {f"{PREFIX}/explorer/pages.css"}


def test_a_page_of_another_origin_reads_with_the_module_and_a_key(browser: Browser, locked: str) -> None:
    page, answers = open_page(browser, None)
    with stage.serving({"/": "<!doctype html><title>Another origin</title>"}) as elsewhere:
        page.goto(elsewhere)
        read = page.evaluate(READ, [f"{locked}/client.js", locked, KEY])
        sent: dict[str, str | None] = {}
        page.on("request", lambda request: sent.update({request.url: request.headers.get("authorization")}))
        page.evaluate(SEND, [f"{locked}/client.js", locked, KEY, [f"{locked}/livez", f"{elsewhere}/other"]])
    page.context.close()
    refused = [401, f"{PREFIX}/problems/unauthorized"]
    assert read == [2, refused, refused]
    assert (f"{PREFIX}/v1/datasets", 401) in answers
    assert sent[f"{locked}/livez"] == f"Bearer {KEY}"
    assert sent[f"{elsewhere}/other"] is None  # the key is for nobody else
