"""The modules of the explorer that know nothing of the page, in Node; and the bounds that all its files keep."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.browser import stage

EXPLORER = stage.HERE.parent.parent / "service" / "explorer"
TESTS = stage.HERE / "modules"

LONGEST = 80
"""Lines of a function."""

MEASURE = """
import { readFileSync } from "node:fs";
import { parse } from "acorn";
const found = [];
function visit(node, file) {
    if (Array.isArray(node)) return node.forEach((one) => visit(one, file));
    if (typeof node?.type !== "string") return;
    const { start, end } = node.loc;
    if (/Function/.test(node.type)) found.push([end.line - start.line + 1, file, start.line]);
    for (const child of Object.values(node)) if (child && typeof child === "object") visit(child, file);
}
for (const file of process.argv.slice(1))
    visit(parse(readFileSync(file, "utf8"), { ecmaVersion: "latest", sourceType: "module", locations: true }), file);
console.log(JSON.stringify(found));
"""
"""A program that prints [lines, file, first line] of every function in files."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The explorer and its tests in a folder whose files are modules to Node, as they are to a browser."""
    folder = tmp_path_factory.mktemp("modules")
    shutil.copytree(EXPLORER, folder / "explorer")
    shutil.copy(EXPLORER / "client.js", folder)
    shutil.copytree(TESTS, folder / "tests")
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


@pytest.mark.parametrize("name", sorted(path.name for path in TESTS.glob("*.test.js")))
def test_modules_keep_their_laws(folder: Path, name: str) -> None:
    command = [stage.program("node"), "--test", f"tests/{name}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout
    assert "# pass 0" not in done.stdout


def test_no_function_of_the_explorer_is_longer_than_one_can_read_at_once() -> None:
    stage.package("acorn")
    files = [str(path) for path in sorted(EXPLORER.glob("*.js"))]
    command = [stage.program("node"), "--input-type=module", "--eval", MEASURE, *files]
    done = subprocess.run(command, cwd=stage.HERE, capture_output=True, text=True, check=True)
    functions = json.loads(done.stdout)
    assert len(functions) > 200
    assert [(lines, file, line) for lines, file, line in functions if lines > LONGEST] == []
