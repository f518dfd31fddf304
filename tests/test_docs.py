"""The documents say what is true: their examples run, their tables match the code, and what they name exists."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from service import __version__
from service.settings import Settings
from tests.browser import stage
from tests.documents import ADDRESS, BLOCK, DOCUMENTS, find_blocks, needs_framework, needs_loader
from tests.processes import ROOT
from tests.sites import Site

PAGES = sorted(ROOT.glob("docs/*.md"))
"""The pages of the documentation."""

CLIENT = ROOT / "clients" / "python"
"""Where the Python client is imported from, if it is not installed."""

COMMANDS = {
    "python": [sys.executable, "-W", "error"],
    "bash": ["bash", "-euo", "pipefail"],
    "r": ["Rscript", "--vanilla"],
}
"""The programs that run examples, by the kind of block."""

IN_BROWSER = ("html", "js", "jsx")
"""Kinds of blocks that tests/browser/test_frontends.py runs."""

LONG_LINE = 60
"""Characters from which a line of prose says enough to be found twice."""


def read_page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def find_rows(page: str, first: str) -> list[list[str]]:
    """The rows of a page's tables whose first cell matches a pattern."""
    lines = (line.strip("|\n").split("|") for line in read_page(page).splitlines() if line.startswith("|"))
    return [[cell.strip() for cell in cells] for cells in lines if re.fullmatch(first, cells[0].strip())]


EXAMPLES = [
    pytest.param(kind, code, id=place)
    for place, kind, code in find_blocks(*COMMANDS)
    if not (needs_framework(code) or needs_loader(code))
]
"""Kind and text of the examples; `make test-frameworks` and `make test-loaders` run the others."""


@pytest.mark.parametrize(("kind", "code"), EXAMPLES)
def test_every_example_runs(live: Site, tmp_path: Path, kind: str, code: str) -> None:
    if kind == "r":
        stage.program(COMMANDS[kind][0])
    program = tmp_path / f"example.{kind}"
    program.write_text(code.replace(ADDRESS, live.url), encoding="utf-8")
    (tmp_path / ".curlrc").write_text("fail-with-body\nshow-error\n")
    path = os.pathsep.join([str(CLIENT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "CURL_HOME": str(tmp_path), "MPLBACKEND": "agg"}
    ended = subprocess.run(
        [*COMMANDS[kind], program.name],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


def test_examples_for_a_browser_stand_where_the_browser_tests_look_for_them() -> None:
    pages = {place.partition(":")[0] for place, _, _ in find_blocks(*IN_BROWSER)}
    assert pages == {"README.md", "docs/frontends.md"}


def test_no_example_stands_twice() -> None:
    examples = Counter(code for _, _, code in find_blocks(*COMMANDS, *IN_BROWSER, "console"))
    assert [code for code, number in examples.items() if number > 1] == []


def test_no_line_of_prose_stands_twice() -> None:
    lines = Counter(
        line.strip()
        for path in DOCUMENTS
        for line in BLOCK.sub("", path.read_text(encoding="utf-8")).splitlines()
        if len(line) >= LONG_LINE
    )
    assert [line for line, number in lines.items() if number > 1] == []


def test_the_problem_in_the_reference_is_the_one_that_is_sent(live: Site) -> None:
    page = read_page("docs/reference.md")
    examples = re.findall(r"^```http\nGET (\S+)\n```\n+```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert examples
    for target, body in examples:
        assert live.get(target).json == json.loads(body)


def test_every_setting_stands_in_the_page_for_operators() -> None:
    documented = {
        name.strip("`"): (default.strip("`"), meaning)
        for name, default, meaning in find_rows("docs/operating.md", r"`DIGITS_[A-Z_]+`")
    }
    assert documented == {
        f"DIGITS_{name.upper()}": (spell(field.default), field.description)
        for name, field in Settings.model_fields.items()
    }


def spell(default: object) -> str:
    """A default as it is written in the environment."""
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return str(default).lower() if isinstance(default, bool) else str(default)


def test_every_route_stands_in_the_reference(live: Site) -> None:
    documented = {
        route
        for cells in find_rows("docs/reference.md", r"`(GET|POST) /.*")
        for route in re.findall(r"`([^`]*)`", cells[0])
    }
    described = {
        f"{method.upper()} {path}"
        for path, item in read_openapi()["paths"].items()
        for method in item
        if method in ("get", "post")
    }
    assert described <= documented, "routes of the OpenAPI document that the reference lacks"
    for route in documented - described:
        assert live.get(route.removeprefix("GET ")).status == 200, route


def read_openapi() -> Any:  # noqa: ANN401 - JSON
    return json.loads(read_page("openapi/openapi.json"))


def test_every_format_of_rows_stands_in_the_reference(live: Site) -> None:
    documented = {
        cells[0].strip("`"): cells[1].strip("`")
        for cells in find_rows("docs/reference.md", r"`[a-z]+`")
        if cells[1].startswith(("`application/", "`text/"))
    }
    rows = "/v1/datasets/{dataset}/{split}/rows"
    offered = read_openapi()["paths"][rows]["get"]["responses"]["200"]["content"]
    assert set(documented.values()) == set(offered)
    for name, media in documented.items():
        assert live.get(f"/v1/datasets/digits/all/rows?limit=1&format={name}")["Content-Type"] == media


def test_every_problem_stands_in_the_reference(live: Site) -> None:
    documented = {
        kind.strip("`").removeprefix("/problems/"): int(status)
        for status, kind, _ in find_rows("docs/reference.md", r"[45]\d\d")
    }
    known = live.get("/problems/unknown").json["detail"].partition(" one of ")[2].rstrip(".").split(", ")
    assert documented == {name: live.get(f"/problems/{name}").json["status"] for name in known}


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_every_file_that_is_named_exists(name: str) -> None:
    folders = "service|tests|docs|benchmarks|openapi|deploy|examples|clients"
    named = set(re.findall(rf"\b(?:{folders})/[\w./-]*", read_page(name)))
    recipes = {"service/datasets/fashion.py"}
    assert {file for file in named - recipes if not (ROOT / file.rstrip(".")).exists()} == set()


def test_the_architecture_names_every_part() -> None:
    text = read_page("ARCHITECTURE.md")
    parts = {path.stem for path in (ROOT / "service").iterdir() if path.stem not in ("__init__", "__pycache__")}
    assert {part for part in parts if part not in text} == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_within_the_repository_leads_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", BLOCK.sub("", text)):
        if target.startswith(("http:", "https:")):
            continue
        file, _, anchor = target.partition("#")
        there = path.parent / file if file else path
        assert there.exists(), target
        assert not anchor or anchor in find_anchors(there), target


def find_anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", BLOCK.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("index", ["README.md", "docs/README.md"])
def test_every_page_is_linked_from_both_indexes(index: str) -> None:
    here = (ROOT / index).parent
    linked = {(here / target).resolve() for target in re.findall(r"\]\(([^)#\s]+)\)", read_page(index))}
    assert {page.name for page in PAGES if page.resolve() not in linked} <= {"README.md"}


def test_the_changelog_has_this_release() -> None:
    assert f"## [{__version__}]" in read_page("CHANGELOG.md")
