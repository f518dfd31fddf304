"""Collects what is promised: names that stay, and digests of bytes and values that never change.

python -m tests.stability.promise      # prints the record of now; `make promise` writes it
"""

import hashlib
import inspect
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import digits_client
from digits_client.order import order_v1
from service.http.problems import KINDS
from service.mirrors import FILES
from service.settings import Settings
from tests.http.document import DOCUMENT, OPERATIONS, Operation, list_parameters, resolve
from tests.processes import ROOT
from tests.sites import Site, process

RECORD = Path(__file__).with_name("v1.json")
"""The promise of version 1."""

TYPES = ROOT / "service" / "explorer" / "client.d.ts"
"""The types of the JavaScript module."""

ORDERS = [(n, seed, epoch) for n in (0, 1, 10, 1_797, 60_000) for seed in (0, 7, 2**64 - 1) for epoch in (0, 2**32 - 1)]
"""Arguments of order v1."""

ROWS = "/v1/datasets/mnist/test/rows?limit=50&format=npy"
BATCHES = "/v1/datasets/mnist/train/batches?batch_size=32&format=npy"
BYTES = (
    *(f"{ROWS}&seed=7&scale={scale}" for scale in ("raw", "unit", "standard")),
    *(f"{ROWS}&layout={layout}" for layout in ("flat", "image", "chw", "hwc")),
    *(f"{ROWS}&{choice}" for choice in ("label=3", "seed=1&fold=1&folds=4", "seed=1&per_class=5", "order=oddest")),
    *(f"{BATCHES}&epoch=3&seed=7&{tail}" for tail in ("start=59990&tail=pad", "start=59990", "balanced=true")),
    f"{BATCHES}&world_size=3&rank=2&stride=2&range=100:200&start=6",
    "/v1/datasets/mnist/train/order?seed=7&epoch=2&format=npy",
    "/v1/datasets/digits/all/order?seed=7&balanced=true&fold=0&folds=5&format=npy",
    "/mirrors/npy/digits-images.npy",
    "/mirrors/zarr/mnist.zarr/images/c/69/0/0",
    "/mirrors/zarr/mnist.zarr/labels/c/0",
    "/mirrors/mnist/train-images-idx3-ubyte.gz",
    "/mirrors/mnist/train-labels-idx1-ubyte.gz",
    "/mirrors/mnist/t10k-images-idx3-ubyte.gz",
    "/mirrors/mnist/t10k-labels-idx1-ubyte.gz",
    "/mirrors/tfjs/mnist_labels_uint8",
    "/mirrors/uci/optdigits.tes",
)
"""Answers whose bytes never change: NPY of pixels and of orders, and mirrored files that have one encoding only."""

KERAS = "/mirrors/keras/mnist.npz"
"""The same, but not served where zlib compresses otherwise than the original."""

COMMANDS = ("serve", "check", "openapi", "checksums")

Record = dict[str, Any]


def collect(site: Site) -> Record:
    """Everything that is promised, as it is now; bytes are those that `site` serves."""
    return {
        "routes": dict(sorted(_describe_routes())),
        "fields": dict(sorted(_describe_fields())),
        "problems": {name: int(kind.status) for name, kind in sorted(KINDS.items())},
        "mirrors": sorted(FILES),
        "settings": sorted(f"DIGITS_{name.upper()}" for name in Settings.model_fields),
        "metrics": sorted(set(re.findall(r"^# TYPE (digits_\w+)", site.get("/metrics").body.decode(), re.MULTILINE))),
        "commands": list(COMMANDS),
        "client": {name: _describe(getattr(digits_client, name)) for name in sorted(digits_client.__all__)},
        "module": sorted(
            re.findall(r"^export (?:declare )?\w+ (\w+)", TYPES.read_text(encoding="utf-8"), re.MULTILINE)
        ),
        "order v1": {
            f"n={n} seed={seed} epoch={epoch}": _digest(order_v1(n, seed=seed, epoch=epoch).astype("<i8").tobytes())
            for n, seed, epoch in ORDERS
        },
        "bytes": {target: _digest(site.get(target).body) for target in BYTES},
    }


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _describe_routes() -> Iterator[tuple[str, Record]]:
    for operation in OPERATIONS.values():
        yield f"{operation.method.upper()} {operation.path}", _describe_route(operation)


def _describe_route(operation: Operation) -> Record:
    answer = resolve(operation.part["responses"]["200"])
    parameters = list_parameters(operation.part, "path", "query")
    return {
        "media types": sorted(answer.get("content", {})),
        "headers": sorted(answer.get("headers", {})),
        "parameters": {one["name"]: _describe_parameter(one) for one in parameters},
    }


def _describe_parameter(parameter: Record) -> Record:
    schema = parameter["schema"]
    facts = {"in": parameter["in"], "type": schema.get("type"), "required": parameter.get("required", False)}
    known = {name: schema[name] for name in ("default", "enum") if name in schema}
    return {**facts, **known}


def _describe_fields() -> Iterator[tuple[str, list[str]]]:
    """The fields of every object in JSON; names of schemas are no part of the interface, but tell them apart."""
    for name, schema in DOCUMENT["components"]["schemas"].items():
        if "properties" in schema:
            yield name, sorted(schema["properties"])


def _describe(public: object) -> Record:
    """The parameters of a function or of a class, and its public members."""
    facts: Record = {}
    if not (inspect.isclass(public) and issubclass(public, Exception)):
        facts["parameters"] = _list_parameters(public)
    if inspect.isclass(public):
        names = {*vars(public), *getattr(public, "__annotations__", {})}
        facts["members"] = sorted(name for name in names if not name.startswith("_"))
        facts["methods"] = {
            name: _list_parameters(getattr(public, name))
            for name in facts["members"]
            if inspect.isfunction(getattr(public, name, None))
        }
    return facts


def _list_parameters(function: Any) -> list[str]:  # noqa: ANN401 - whatever can be called
    return [name for name in inspect.signature(function).parameters if name != "self"]


def find_losses(promised: object, now: object, place: str = "") -> list[str]:
    """Where something promised is missing or different; objects and lists may have more than was promised."""
    match promised:
        case Mapping():
            assert isinstance(now, Mapping)
            lost = [f"{place}/{name} is missing" for name in promised if name not in now]
            kept = [name for name in promised if name in now]
            return lost + [one for name in kept for one in find_losses(promised[name], now[name], f"{place}/{name}")]
        case str():
            pass
        case Sequence():
            assert isinstance(now, Sequence)
            return [f"{place}: {one!r} is missing" for one in promised if one not in now]
    return [] if promised == now else [f"{place} is {now!r}, and {promised!r} was promised"]


def find_demands(promised: Record, now: Record) -> list[str]:
    """Parameters of promised routes that are required now and were not known, so that old requests would fail."""
    return [
        f"{route} requires {name}"
        for route, facts in promised["routes"].items()
        for name, parameter in now["routes"].get(route, {}).get("parameters", {}).items()
        if parameter["required"] and name not in facts["parameters"]
    ]


if __name__ == "__main__":
    with process() as running:
        sys.stdout.write(json.dumps(collect(running), indent=1) + "\n")
