"""The generators and compilers: all come from the locks beside this file, and none sends anything anywhere."""

import os
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
CALLERS = HERE / "callers"
DOCUMENT = HERE.parent.parent / "openapi" / "openapi.json"
PROGRAMS = HERE / ".venv" / "bin"
NODE_MODULES = HERE / "node_modules"

ENVIRONMENT = {
    "GOCACHE": str(HERE / ".venv" / "go-cache"),
    "GOFLAGS": "-mod=mod",
    "GOPROXY": "off",
    "GOTELEMETRY": "off",
    "GOTOOLCHAIN": "local",
}
"""Keeps Go from fetching modules and other versions of itself, and from sending counters."""

CODE_ONLY = "models,apis,supportingFiles,apiTests=false,modelTests=false,apiDocs=false,modelDocs=false"
"""Keeps openapi-generator from writing tests and documents."""


def run(*command: str | Path, folder: Path) -> str:
    """Run a program to its end, which must be a success, and return what it printed.

    The locked programs come first on PATH.
    """
    path = os.pathsep.join([str(PROGRAMS), os.environ["PATH"]])
    finished = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **ENVIRONMENT, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, f"{command[0]} failed:\n{finished.stdout}\n{finished.stderr}"
    return finished.stdout


def generate(generator: str, folder: Path, *options: str) -> None:
    """Make a client with openapi-generator."""
    command = ("generate", "-i", DOCUMENT, "-g", generator, "-o", folder, f"--global-property={CODE_ONLY}")
    run(PROGRAMS / "openapi-generator-cli", *command, *options, folder=folder.parent)
