"""The documents of the repository, and the examples in them. Imports nothing but the standard library."""

import re
from collections.abc import Iterator

from tests.processes import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("clients/*/README.md")])
"""Every document."""

ADDRESS = "http://127.0.0.1:8000"
"""The address in examples, which is replaced by that of a running server."""

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""A fenced block: its kind and its text."""

FRAMEWORKS = ("accelerate", "grain", "jax", "keras", "lightning", "tensorflow", "torch", "torchdata", "transformers")
"""Libraries of examples that `make test-frameworks` runs, because their installation takes long."""

LOADERS = ("datasets", "torchvision")
"""Libraries of examples that `make test-loaders` runs, for the same reason."""

ADAPTER = re.compile(r"^from digits_client\.(?:torch|keras|grain|transformers) ", re.MULTILINE)
"""An import of a module of the client that imports such a library."""


def find_blocks(*kinds: str) -> Iterator[tuple[str, str, str]]:
    """Place, kind and text of the fenced blocks of these kinds in all documents."""
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        for found in BLOCK.finditer(text):
            if found[1] in kinds:
                line = text.count("\n", 0, found.start()) + 1
                yield f"{path.relative_to(ROOT)}:{line}", found[1], found[2]


def find_imports(code: str) -> set[str]:
    """The packages that a Python example imports."""
    return set(re.findall(r"^(?:import|from) (\w+)", code, re.MULTILINE))


def needs_framework(code: str) -> bool:
    """Whether an example belongs to `make test-frameworks`."""
    return ADAPTER.search(code) is not None or not find_imports(code).isdisjoint(FRAMEWORKS)


def needs_loader(code: str) -> bool:
    """Whether an example belongs to `make test-loaders`."""
    return not find_imports(code).isdisjoint(LOADERS)
