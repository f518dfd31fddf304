"""How each client is generated and built: functions that fill an empty folder and return the command of the caller."""

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.openapi_clients.tools import CALLERS, DOCUMENT, NODE_MODULES, PROGRAMS, generate, run

Command = list[str | Path]

STRICT = ("--strict", "--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext", "--types", "node")
"""How TypeScript checks and compiles."""

VALIDATOR = "gopkg.in/validator.v2"
"""The one module that generated Go imports. It checks tags that the document asks for nowhere, so a stand-in does."""

GO_FILES = {
    # A generated client says int64; these say that seeds are more.
    "seeds.go": "package digits\n\ntype Seed = uint64\ntype EpochSeed = uint64\ntype UsedSeed = uint64\n",
    "validator/go.mod": f"module {VALIDATOR}\n\ngo 1.23\n",
    "validator/validator.go": "package validator\n\nfunc Validate(any) error { return nil }\n",
}


def build_openapi_python_client(folder: Path) -> Command:
    """Attrs and httpx, by openapi-python-client."""
    output = folder / "digits_attrs"
    config = DOCUMENT.with_name("openapi-python-client.yaml")
    options = ("--meta", "none", "--config", config, "--fail-on-warning")
    run(
        PROGRAMS / "openapi-python-client",
        "generate",
        "--path",
        DOCUMENT,
        "--output-path",
        output,
        *options,
        folder=folder,
    )
    return check_python(folder, "openapi_python_client.py")


def build_openapi_generator_python(folder: Path) -> Command:
    """Pydantic and urllib3, by openapi-generator."""
    generate("python", folder, "--additional-properties=packageName=digits_pydantic")
    return check_python(folder, "openapi_generator_python.py")


def build_openapi_generator_typescript(folder: Path) -> Command:
    """The Fetch API, by openapi-generator."""
    generate("typescript-fetch", folder / "generated", "--additional-properties=importFileExtension=.js")
    return compile_typescript(folder, "openapi_generator_typescript.ts")


def build_openapi_typescript(folder: Path) -> Command:
    """The Fetch API, by openapi-typescript and openapi-fetch."""
    (folder / "generated").mkdir()
    types = folder / "generated" / "schema.d.ts"
    run(NODE_MODULES / ".bin" / "openapi-typescript", DOCUMENT, "--output", types, folder=folder)
    return compile_typescript(folder, "openapi_typescript.ts")


def build_openapi_generator_go(folder: Path) -> Command:
    """The standard library, by openapi-generator."""
    seeds = "--schema-mappings=Seed=Seed,EpochSeed=EpochSeed,UsedSeed=UsedSeed"
    generate("go", folder, "--additional-properties=packageName=digits,withGoMod=true", seeds)
    for name, text in GO_FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    (folder / "call").mkdir()
    shutil.copy(CALLERS / "openapi_generator_go.go", folder / "call" / "main.go")
    run("go", "mod", "edit", "-module=digits.test/digits", f"-replace={VALIDATOR}=./validator", folder=folder)
    run("go", "vet", ".", "./call", folder=folder)
    run("go", "build", "-o", "caller", "./call", folder=folder)
    return [folder / "caller"]


def check_python(folder: Path, caller: str) -> Command:
    """Check the types of a caller in Python, strictly, and return its command."""
    program = folder / f"call_{caller}"
    shutil.copy(CALLERS / caller, program)
    run(PROGRAMS / "mypy", "--strict", "--follow-imports=silent", program, folder=folder)
    return [PROGRAMS / "python", "-W", "error", program]


def compile_typescript(folder: Path, caller: str) -> Command:
    """Compile a caller in TypeScript with its client, strictly, and return its command."""
    (folder / "node_modules").symlink_to(NODE_MODULES)
    (folder / "package.json").write_text('{"type": "module"}')
    shutil.copy(CALLERS / caller, folder / "call.ts")
    run(NODE_MODULES / ".bin" / "tsc", *STRICT, "--outDir", "built", "call.ts", folder=folder)
    return ["node", folder / "built" / "call.js"]


BUILD: dict[str, Callable[[Path], Command]] = {
    "openapi-python-client": build_openapi_python_client,
    "openapi-generator python": build_openapi_generator_python,
    "openapi-generator typescript-fetch": build_openapi_generator_typescript,
    "openapi-generator go": build_openapi_generator_go,
    "openapi-typescript": build_openapi_typescript,
}
"""Clients by their generator."""
