"""The documents say what is true: their examples run, their tables are the code's, what they name exists."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from service import __version__
from service.app import create_app
from service.formats import FORMATS
from service.settings import Settings
from service.web.problems import KINDS
from service.web.routes import ROUTES
from service.web.routes.rows import ROWS_FORMATS
from tests.sites import ROOT, Site

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
"""Every document of the repository."""

README = (ROOT / "README.md").read_text(encoding="utf-8")

ADDRESS = "http://127.0.0.1:8000"
"""The address in examples, for which that of a running server is put."""

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

UNLOCKED = ("matplotlib", "torch")
"""Libraries that examples may use though no lock installs them; such an example is skipped where they are missing."""

CELL = re.compile(r"`([^`]*)`")


def blocks(*kinds: str) -> Iterator[tuple[str, str, str]]:
    """Place, kind and text of the fenced blocks of these kinds in all documents."""
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        for found in BLOCK.finditer(text):
            if found[1] in kinds:
                line = text.count("\n", 0, found.start()) + 1
                yield f"{path.relative_to(ROOT)}:{line}", found[1], found[2]


def rows(first: str) -> list[list[str]]:
    """The rows of README's tables whose first cell matches a pattern."""
    lines = (line.strip("|\n").split("|") for line in README.splitlines() if line.startswith("|"))
    return [[cell.strip() for cell in cells] for cells in lines if re.fullmatch(first, cells[0].strip())]


def test_the_frontend_examples_are_those_that_a_browser_runs() -> None:
    run = (ROOT / "docs" / "frontends.md").read_text(encoding="utf-8").replace("https://digits.example", ADDRESS)
    shown = [code for place, kind, code in blocks("html", "jsx", "js") if place.startswith("README")]
    assert len(shown) >= 5
    for code in shown:
        assert code in run


@pytest.mark.parametrize(("kind", "code"), [pytest.param(*one[1:], id=one[0]) for one in blocks("python", "bash")])
def test_every_example_runs(live: Site, tmp_path: Path, kind: str, code: str) -> None:
    for library in UNLOCKED:
        if re.search(rf"^import {library}", code, re.MULTILINE) and find_spec(library) is None:
            pytest.skip(f"{library} is not installed")
    (tmp_path / ".curlrc").write_text("fail-with-body\nshow-error\n")
    command = {"python": [sys.executable, "-W", "error", "-c"], "bash": ["bash", "-euo", "pipefail", "-c"]}[kind]
    there = {"PYTHONPATH": str(ROOT), "CURL_HOME": str(tmp_path), "MPLBACKEND": "agg"}
    ended = subprocess.run(
        [*command, code.replace(ADDRESS, live.url)],
        cwd=tmp_path,
        env={**os.environ, **there},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


def test_the_problem_that_is_shown_is_the_one_that_comes(live: Site) -> None:
    shown = re.findall(r"^```http\nGET (\S+)\n```\n+```json\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert shown
    for target, body in shown:
        assert live.get(target).json == json.loads(body)


def test_the_table_of_settings_is_the_settings() -> None:
    documented = {
        name.strip("`"): (default.strip("`"), meaning) for name, default, meaning in rows(r"`DIGITS_[A-Z_]+`")
    }
    assert documented == {
        f"DIGITS_{name.upper()}": (spelled(field.default), field.description)
        for name, field in Settings.model_fields.items()
    }


def spelled(default: object) -> str:
    """A default as the environment would say it."""
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return str(default).lower() if isinstance(default, bool) else str(default)


def test_the_table_of_routes_is_the_routes() -> None:
    documented = {route for cells in rows(r"`(GET|POST) /.*") for route in CELL.findall(cells[0])}
    described = {
        f"{method.upper()} {path}" for path, item in create_app().openapi()["paths"].items() for method in item
    }
    everything = {
        f"{method} {path}"
        for path, methods in ((getattr(route, "path", ""), getattr(route, "methods", ())) for route in ROUTES)
        for method in methods
    }
    assert described <= documented, "routes of the OpenAPI document that README's table lacks"
    assert documented <= everything, "routes of README's table that do not exist"


def test_the_table_of_formats_is_the_formats() -> None:
    documented = {name.strip("`"): media.strip("`") for name, media, _ in rows("|".join(f"`{one}`" for one in FORMATS))}
    assert documented == {one.name: one.media_type for one in ROWS_FORMATS}


def test_the_table_of_problems_is_the_problems() -> None:
    documented = {
        (name, status)
        for cells in rows(r"\d{3}(, \d{3})*")
        for name, status in zip(
            re.findall(r"/problems/([a-z-]+)", cells[1]),
            [int(one) for one in cells[0].split(",")] * (1 if "," in cells[0] else len(CELL.findall(cells[1]))),
            strict=True,
        )
    }
    assert documented == {(kind.name, kind.status.value) for kind in KINDS.values()}


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_every_file_that_is_named_exists(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:service|tests|docs|benchmarks|openapi|deploy|examples)/[\w./-]*", text))
    recipes = {"service/datasets/fashion.py"}
    assert {one for one in named - recipes if not (ROOT / one.rstrip(".")).exists()} == set()


def test_the_architecture_names_every_part() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    parts = {one.stem for one in (ROOT / "service").iterdir() if one.stem not in ("__init__", "__pycache__")}
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
        if anchor:
            headings = re.findall(r"^#+ (.*)$", BLOCK.sub("", there.read_text(encoding="utf-8")), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}, target


def test_the_changelog_tells_of_this_release() -> None:
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
