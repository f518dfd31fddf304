"""The list of the mirrors: its addresses are those of whoever asks, and its recipes can be used as they are."""

import ast
import os
import re
import subprocess
from contextlib import closing
from html import unescape
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from service.app import create_app
from service.http.representation import Whole
from service.mirrors import FILES, MIRRORS
from service.mirrors.listing import BASE, FAMILY, Mirrors, list_contents, summarize_files
from service.mirrors.mirror import MirrorFile, Recipe
from service.settings import Settings
from tests import made, sites
from tests.browser import stage
from tests.http.expect import assert_problem, stable_headers
from tests.http.test_accept import BROWSERS
from tests.processes import ROOT
from tests.sites import Answer, Site

BROWSER = {"Accept": BROWSERS[0]}

RECIPES = [
    pytest.param(recipe, id=f"{mirror.name}-{recipe.client}")
    for mirror in MIRRORS.values()
    for recipe in mirror.recipes
]

LARGEST = 50_000
"""Bytes of the answer, whatever the number of files."""

CHECKS = {
    "shell": ("bash", "-n"),
    "javascript": ("node", "--check"),
    "r": ("Rscript", "--vanilla", "-e", "invisible(parse(commandArgs(TRUE)))"),
}
"""Programs that tell whether a file is a program of a language, by the language."""

SUFFIXES = {"javascript": "mjs"}


def ask(site: Site, headers: dict[str, str], method: str = "GET") -> Answer:
    """What a server answers to a request whose headers may name another host."""
    with closing(HTTPConnection(urlsplit(site.url).netloc, timeout=60)) as connection:
        connection.request(method, "/mirrors", headers=headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


def read(site: Site, headers: dict[str, str] | None = None) -> Mirrors:
    """The list as its model describes it."""
    answer = ask(site, headers or {})
    assert (answer.status, answer["Content-Type"]) == (200, "application/json")
    return Mirrors.model_validate_json(answer.body, strict=True)


def test_every_mirror_is_listed_with_all_its_files_and_recipes(site: Site) -> None:
    listed = {card.name: card for card in read(site).mirrors}
    assert list(listed) == list(MIRRORS)
    for name, mirror in MIRRORS.items():
        card = listed[name]
        assert (card.title, card.summary, card.root) == (mirror.title, mirror.summary, site.url + mirror.root)
        assert sum(file.count for file in card.files) == len(mirror.files)
        for file in card.files:
            for url in (file.url, file.last or file.url):
                assert FILES[url.removeprefix(site.url)].media_type == file.media_type
        assert [one.code for one in card.recipes] == [one.code.replace(BASE, site.url) for one in mirror.recipes]


def test_the_list_is_short(site: Site) -> None:
    assert len(site.get("/mirrors").body) < LARGEST


def test_files_that_differ_in_numbers_only_are_one_entry_if_they_are_many() -> None:
    def represent(media_type: str) -> MirrorFile:
        return MirrorFile(dataset="made", media_type=media_type, body=lambda _: Whole(lambda: b""))

    several = {f"/few/{number}.bin": represent("a/b") for number in range(FAMILY - 1)}
    many = {f"/c/{number}/0/0": represent("a/b") for number in range(FAMILY)}
    others = {"/c/x/0/0": represent("a/b"), "/c/99/0/0": represent("text/plain")}
    found = [
        (one.url, one.last, one.count)
        for one in summarize_files({**several, **many, **others}, "http://host")
        if one.url not in {f"http://host{path}" for path in several}
    ]
    assert found == [
        ("http://host/c/0/0/0", f"http://host/c/{FAMILY - 1}/0/0", FAMILY),
        ("http://host/c/x/0/0", None, 1),
        ("http://host/c/99/0/0", None, 1),
    ]


def test_the_addresses_are_those_of_whoever_asks_and_nobody_gets_the_answer_to_another(site: Site) -> None:
    hosts = ["digits.example", "digits.example:8443", "[2001:db8::1]:8000"]
    tags: dict[tuple[str, ...], str] = {}
    for _ in range(2):
        for host in hosts:
            for kind in ({}, BROWSER):
                answer = ask(site, {"Host": host, **kind})
                assert f"http://{host}{MIRRORS['idx'].root}" in unescape(answer.body.decode())
                others = [f"http://{other}/mirrors" for other in hosts if other != host]
                assert [other for other in others if other in answer.body.decode()] == []
                assert tags.setdefault((host, *kind), answer["ETag"]) == answer["ETag"]
    assert len(set(tags.values())) == len(tags)
    for (host, *accept), tag in tags.items():
        conditions = {**(BROWSER if accept else {}), "If-None-Match": tag}
        assert [ask(site, {**conditions, "Host": other}).status for other in hosts] == [
            304 if other == host else 200 for other in hosts
        ]


def test_behind_a_proxy_the_addresses_are_those_of_the_proxy() -> None:
    settings = Settings(root_path="/digits", trusted_proxies=("127.0.0.1",))
    forwarded = {"Host": "data.example", "X-Forwarded-Proto": "https"}
    with sites.serving(create_app(settings, [made.source()]), settings) as proxied:
        listed = read(proxied, forwarded)
        page = ask(proxied, {**forwarded, **BROWSER}).body.decode()
    assert listed.links == {"self": "/digits/mirrors", "datasets": "/digits/v1/datasets"}
    for card in listed.mirrors:
        urls = [card.root, *(file.url for file in card.files)]
        assert [url for url in urls if not url.startswith("https://data.example/digits/")] == []
        assert [one.client for one in card.recipes if "https://data.example/digits" not in one.code] == []
    targets = re.findall(r'(?:href|src)="(/[^"]*)"', page)
    assert [target for target in targets if not target.startswith("/digits/")] == []


def test_what_no_trusted_proxy_says_changes_nothing(site: Site) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "elsewhere.example", "Forwarded": "proto=https"}
    assert ask(site, forwarded).body == ask(site, {}).body


@pytest.mark.parametrize("host", ["a'b", "x$(id)", "x`id`", "a;b", "a&b", "(a)", "a'+b*!,="])
def test_no_host_changes_what_the_code_of_a_recipe_does(site: Site, host: str) -> None:
    answer = ask(site, {"Host": host})
    if answer.status == 400:  # no host at all, by RFC 3986
        return
    for card in Mirrors.model_validate_json(answer.body).mirrors:
        address = card.root.removesuffix(MIRRORS[card.name].root)
        assert re.fullmatch(r"http://[A-Za-z0-9.%+_~-]+", address)
        for recipe, written in zip(MIRRORS[card.name].recipes, card.recipes, strict=True):
            assert written.code == recipe.code.replace(BASE, address)


def test_the_page_has_every_recipe_under_the_name_of_its_client(site: Site) -> None:
    listed = read(site)
    page = site.get("/mirrors", BROWSER).body.decode()
    names = re.findall(r' id="([^"]*)"', page)
    assert len(names) == len(set(names))
    text = unescape(re.sub(r"</?code>", "", page))
    for card in listed.mirrors:
        assert card.name in names
        for fact in (card.title, card.summary.replace("`", ""), card.root):
            assert fact in text
        for recipe in card.recipes:
            for fact in (f">{recipe.client}</h3>", recipe.note.replace("`", ""), f"<pre>{recipe.code}</pre>"):
                assert fact in text
        for file in card.files:
            assert f'href="{file.url.removeprefix(site.url)}"' in page
    contents = re.findall(r'<li><a href="#([^"]*)">([^<]*)</a>', page)
    assert [(anchor, unescape(client)) for anchor, client in contents] == [
        (anchor, client) for client, _, anchor in list_contents(listed.mirrors)
    ]
    assert {anchor for anchor, _ in contents} <= set(names)
    clients = [client.casefold() for _, client in contents]
    assert clients == sorted(clients)


def test_the_page_has_no_code_and_no_style_within(site: Site) -> None:
    page = site.get("/mirrors", BROWSER)
    assert page["Content-Security-Policy"].startswith("default-src 'none'")
    outside = re.sub(rb"<pre>.*?</pre>", b"", page.body, flags=re.DOTALL)
    assert re.findall(rb"<style|style=| on\w+=|javascript:|<script(?! (?:type=\"module\" )?src)", outside) == []
    targets = re.findall(r'<(?:script|link)[^>]*(?:href|src)="([^"]*)"', page.body.decode())
    assert [target for target in targets if site.get(target).status != 200] == []


def test_programs_get_json_and_browsers_a_page(site: Site) -> None:
    for accept in ("*/*", "application/json", "audio/ogg", "application/json, text/html;q=0.9"):
        assert site.get("/mirrors", {"Accept": accept})["Content-Type"] == "application/json"
    page = site.get("/mirrors", BROWSER)
    assert page["Content-Type"] == "text/html; charset=utf-8"
    assert page["Vary"] == "Accept, Accept-Encoding"
    assert site.get("/mirrors?format=html").body == page.body
    assert site.get("/mirrors?format=json", BROWSER).body == site.get("/mirrors").body
    assert "json, html" in assert_problem(site.get("/mirrors?format=xml"), "not-acceptable")["detail"]
    assert_problem(site.get("/mirrors?limit=1"), "invalid-request")


@pytest.mark.parametrize("headers", [{}, BROWSER, {"Accept-Encoding": "gzip"}, {**BROWSER, "Accept-Encoding": "zstd"}])
def test_head_and_conditional_requests_are_those_of_get(site: Site, headers: dict[str, str]) -> None:
    get, head = site.get("/mirrors", headers), site.head("/mirrors", headers)
    assert (head.status, head.body, stable_headers(head)) == (200, b"", stable_headers(get))
    again = site.get("/mirrors", {**headers, "If-None-Match": get["ETag"]})
    assert (again.status, again.body, again["ETag"]) == (304, b"", get["ETag"])


def test_other_methods_are_refused(site: Site) -> None:
    refused = site.send("POST", "/mirrors", body=b"")
    assert_problem(refused, "method-not-allowed")
    assert refused["Allow"] == "GET, HEAD, OPTIONS"


def test_the_list_of_datasets_links_to_it(site: Site) -> None:
    links = site.get("/v1/datasets").json["links"]
    assert site.get(links["mirrors"]).json["links"] == {"self": links["mirrors"], "datasets": links["self"]}
    assert f'href="{links["mirrors"]}"'.encode() in site.get("/v1/datasets", BROWSER).body
    assert f'href="{links["mirrors"]}"'.encode() in site.get("/").body


def test_the_document_names_every_mirror_and_no_other() -> None:
    text = (ROOT / "docs" / "mirrors.md").read_text(encoding="utf-8")
    named = {path.rstrip("/") for path in re.findall(r"`(/mirrors/[^`]*)`", text)}
    roots = {mirror.root.rstrip("/") for mirror in MIRRORS.values()}
    assert {root for root in roots if not any(f"{path}/".startswith(f"{root}/") for path in named)} == set()
    assert {path for path in named if not any(f"{path}/".startswith(f"{root}/") for root in roots)} == set()


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_code_of_a_recipe_is_a_program_that_names_this_service(recipe: Recipe, tmp_path: Path) -> None:
    assert BASE in recipe.code
    code = recipe.code.replace(BASE, "http://127.0.0.1:8000")
    if recipe.language == "python":
        ast.parse(code)
    if recipe.language in CHECKS:
        name, *arguments = CHECKS[recipe.language]
        program = tmp_path / f"recipe.{SUFFIXES.get(recipe.language, recipe.language)}"
        program.write_text(code, encoding="utf-8")
        command = [stage.program(name), *arguments, str(program)]
        told = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=False)
        assert told.returncode == 0, told.stderr
