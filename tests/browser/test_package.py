"""The npm package at `/client.tgz`: installed, compiled, bundled and run, as programs of others do."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service import __version__
from tests.browser import npm, stage
from tests.browser.conftest import Watched
from tests.processes import ROOT
from tests.sites import Site

USE = stage.HERE / "package_use.ts"

CHECK = ("--strict", "--target", "esnext", "--lib", "esnext,dom,dom.iterable", "--types", "")
"""How programs are compiled."""

RESOLUTIONS = {"nodenext": "nodenext", "bundler": "esnext"}
"""Ways of TypeScript to find a package, and the kind of module that goes with each."""

BUNDLE = """
import { createRequire } from "node:module";
const webpack = createRequire(process.argv[2])("webpack");
const compiler = webpack({
    mode: "production", context: process.cwd(), entry: "./" + process.argv[3], devtool: false,
    experiments: { outputModule: true },
    output: { path: process.cwd() + "/bundled", filename: process.argv[3], library: { type: "module" } },
});
compiler.run((error, stats) => {
    if (error || stats.hasErrors() || stats.hasWarnings()) {
        console.error(error ?? stats.toString());
        process.exit(1);
    }
});
"""
"""Bundles a program with webpack 5; whatever it warns of is a failure."""


@pytest.fixture(scope="module")
def installed(live: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the package is installed."""
    folder = tmp_path_factory.mktemp("program")
    npm.install(live, folder)
    return folder


@pytest.fixture
def program(installed: Path, tmp_path: Path) -> Path:
    """A folder of a test's own with the package."""
    shutil.copytree(installed, tmp_path, dirs_exist_ok=True)
    return tmp_path


def compile_types(folder: Path, *files: str, resolution: str = "nodenext", emit: bool = False) -> None:
    """Compile programs strictly."""
    compiler = stage.package("typescript") / "bin" / "tsc"
    kinds = ("--module", RESOLUTIONS[resolution], "--moduleResolution", resolution)
    npm.run("node", compiler, *CHECK, *kinds, *(() if emit else ("--noEmit",)), *files, folder=folder)


def confirm(found: dict[str, Any], site: Site) -> None:
    """Hold what the program of `package_use.ts` found against the service."""
    card = site.get("/v1/datasets/digits").json
    order = site.get("/v1/datasets/digits/all/rows?label=3&seed=7&limit=2").json
    assert found == {
        "names": ["mnist", "digits"],
        "licences": " ".join(card["licence"][part] for part in ("name", "url", "note")).strip(),
        "std": card["standard"]["std"],
        "shape": card["loaders"][0]["returns"][0]["shape"],
        "features": 64,
        "total": 183,
        "rows": [row["index"] for row in order["rows"]],
        "pixels": True,
        "colours": 17,
        "label": 0,
        "near": 3,
        "shared": f"{site.url}/v1/datasets/digits/all/neighbors?pixels=AQ&k=3",
        "drawn": [0, 3, "AQ"],
        "labels": 10,
        "columns": 65,
        "histogram": 17,
        "points": 3,
        "tiles": 4,
        "url": f"{site.url}/v1/datasets/digits/all/samples/1.webp?scale=2&cmap=magma",
        "sheet": f"{site.url}/v1/datasets/digits/all/grid.png?limit=1",
        "plan": 4,
        "taken": [5, 1],
        "taken_shape": [2, 64],
        "starts": [500, 500, 1000, 500],
        "members": ["x", "y", "index"],
        "status": "ready",
        "refused": "limit",
    }


def test_it_is_installed_by_its_url_alone_and_again_from_its_lock(program: Path, live: Site) -> None:
    facts = json.loads((program / "package.json").read_text())
    assert facts["dependencies"] == {"digits-client": f"{live.url}/client.tgz"}
    lock = json.loads((program / "package-lock.json").read_text())["packages"]["node_modules/digits-client"]
    assert lock["version"] == __version__
    assert lock["integrity"].startswith("sha512-")
    shutil.rmtree(program / "node_modules")
    shutil.rmtree(program / ".npm")
    npm.run(stage.program("npm"), "ci", folder=program)
    assert (program / "node_modules" / "digits-client" / "client.js").read_bytes() == live.get("/client.js").body


def test_other_bytes_than_those_of_the_lock_are_refused_by_npm(program: Path) -> None:
    lock = program / "package-lock.json"
    lock.write_text(
        re.sub(r"sha512-.", lambda found: "sha512-" + ("A" if found[0][-1] != "A" else "B"), lock.read_text())
    )
    shutil.rmtree(program / "node_modules")
    shutil.rmtree(program / ".npm")
    with pytest.raises(AssertionError, match="EINTEGRITY"):
        npm.run(stage.program("npm"), "ci", folder=program)


def test_the_program_uses_everything_that_the_package_has(live: Site) -> None:
    types, used = live.get("/client.d.ts").body.decode(), USE.read_text()
    names = re.findall(r"^export (?:function|class) (\w+)", types, re.MULTILINE)
    body = types.partition("export class Service {")[2].partition("\n}")[0]
    methods = set(re.findall(r"^    (\w+)\(", body, re.MULTILINE)) - {"constructor"}
    assert len(methods) > 15
    assert [name for name in names if not re.search(rf"\b{name}\b", used)] == []
    assert [name for name in methods if f"service.{name}(" not in used] == []


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_typescript_finds_its_types(program: Path, resolution: str) -> None:
    shutil.copy(USE, program)
    compile_types(program, USE.name, resolution=resolution)


def test_node_runs_what_typescript_makes_of_a_program(program: Path, live: Site) -> None:
    shutil.copy(USE, program)
    compile_types(program, USE.name, emit=True)
    (program / "main.js").write_text(
        f'import {{ use }} from "./package_use.js"; console.log(JSON.stringify(await use({json.dumps(live.url)})));'
    )
    confirm(json.loads(npm.run("node", "main.js", folder=program)), live)


@pytest.fixture
def bundled(program: Path) -> Path:
    """The program, compiled and bundled by webpack."""
    shutil.copy(USE, program)
    compile_types(program, USE.name, emit=True)
    (program / "bundle.js").write_text(BUNDLE)
    npm.run("node", "bundle.js", stage.package("webpack") / "package.json", "package_use.js", folder=program)
    return program / "bundled" / "package_use.js"


def test_webpack_bundles_a_program_that_runs_in_a_page(bundled: Path, live: Site, watched: Watched) -> None:
    with stage.serving(
        {"/": "<!doctype html><title>Bundle</title><link rel=icon href=data:,>", "/app.js": bundled.read_text()}
    ) as origin:
        page = watched.page()
        page.goto(f"{origin}/")
        found = page.evaluate("async (base) => (await import('/app.js')).use(base)", live.url)
        page.close()
    confirm(found, live)
    watched.faults = [fault for fault in watched.faults if "422" not in fault]  # the problem that was asked for


def read_blocks(kind: str) -> Iterator[str]:
    """The examples of a kind in the part of the documentation about the package."""
    page = (ROOT / "docs" / "frontends.md").read_text(encoding="utf-8")
    part = page.split("\n## The package\n", 1)[1].split("\n## ", 1)[0]
    return iter(re.findall(rf"^```{kind}\n(.*?)^```", part, re.MULTILINE | re.DOTALL))


def test_the_example_of_the_package_compiles_and_runs(program: Path, live: Site) -> None:
    (program / "example.ts").write_text(next(read_blocks("ts")).replace("https://digits.example", live.url))
    compile_types(program, "example.ts", emit=True)
    told = npm.run("node", "example.js", folder=program)
    card = live.get("/v1/datasets/mnist").json
    assert told.splitlines()[0] == f"{card['licence']['name']} {card['citation']}"
    assert "2352 [ 3, 28, 28, 1 ] Int32Array(3) [ 3, 5, 3 ]" in told
    assert told.splitlines()[-2:] == ["500", "1000"]


def test_webpack_and_typescript_leave_the_url_of_the_module_alone_where_they_are_told_to(
    program: Path, live: Site, watched: Watched
) -> None:
    text = next(read_blocks("js"))
    (program / "tsconfig.json").write_text(
        json.dumps(
            {
                "compilerOptions": {
                    **json.loads(next(read_blocks("json")))["compilerOptions"],
                    "strict": True,
                    "target": "esnext",
                    "module": "nodenext",
                    "lib": ["esnext", "dom"],
                    "types": [],
                },
                "files": ["typed.ts"],
            }
        )
    )
    (program / "typed.ts").write_text(
        text + "\n// @ts-expect-error: a row has no colour\nrows[0].colour;\nexport {};\n"
    )
    npm.run("node", stage.package("typescript") / "bin" / "tsc", "--noEmit", folder=program)
    (program / "main.js").write_text(text.replace("https://digits.example", live.url))
    (program / "bundle.js").write_text(BUNDLE)
    npm.run("node", "bundle.js", stage.package("webpack") / "package.json", "main.js", folder=program)
    script = (program / "bundled" / "main.js").read_text()
    with stage.serving(
        {"/": '<link rel=icon href=data:,><script type="module" src="/main.js"></script>', "/main.js": script}
    ) as origin:
        page = watched.page()
        page.goto(f"{origin}/")
        rows = live.get("/v1/datasets/digits/all/rows?label=4&limit=3").json["rows"]
        page.wait_for_function("(title) => document.title === title", arg=" ".join(str(row["index"]) for row in rows))
        page.close()
