"""docs/order-v1.md is a specification: its reference implementation gives its test vectors, and so does the service."""

import hashlib
import io
import re
from itertools import product
from typing import Any
from urllib.parse import parse_qs, urlencode

import numpy as np
import pytest

from tests.sites import ROOT, Site

PAGE = (ROOT / "docs" / "order-v1.md").read_text(encoding="utf-8")


def run_reference() -> dict[str, Any]:
    """The names that the reference implementation defines."""
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - a page of this repository
    return names


REFERENCE = run_reference()


def read_table(heading: str) -> list[list[str]]:
    """The rows of the table under a heading, without its head."""
    part = PAGE.split(f"\n### {heading}\n", 1)[1].split("\n#", 1)[0]
    lines = [line for line in part.splitlines() if line.startswith("|")][2:]
    assert lines, heading
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def read_choice(query: str) -> dict[str, Any]:
    """A query of the page as arguments of the reference implementation."""
    values = {name: texts if name == "part" else list(map(int, texts)) for name, texts in parse_qs(query).items()}
    return {name: found if name == "label" else found[0] for name, found in values.items()}


@pytest.mark.parametrize(("seed", "epoch", "state", "first", "second"), read_table("States and keys"))
def test_states_and_keys_are_those_of_the_page(seed: str, epoch: str, state: str, first: str, second: str) -> None:
    s = REFERENCE["state"](int(seed), int(epoch))
    assert [f"{value:016x}" for value in (s, REFERENCE["key"](s, 0), REFERENCE["key"](s, 1))] == [state, first, second]


@pytest.mark.parametrize(("n", "seed", "epoch", "order"), read_table("Short orders"))
def test_short_orders_are_those_of_the_page(n: str, seed: str, epoch: str, order: str) -> None:
    assert REFERENCE["order_v1"](int(n), int(seed), int(epoch)) == list(map(int, order.split()))


@pytest.mark.parametrize(("n", "seed", "epoch", "first", "digest"), read_table("Long orders"))
def test_long_orders_are_those_of_the_page_and_of_the_service(
    live: Site, n: str, seed: str, epoch: str, first: str, digest: str
) -> None:
    split = {"1797": "digits/all", "60000": "mnist/train"}[n]
    answer = live.get(f"/v1/datasets/{split}/order?seed={seed}&epoch={epoch}&format=npy")
    served = np.load(io.BytesIO(answer.body))
    for order in (served, np.array(REFERENCE["order_v1"](int(n), int(seed), int(epoch)))):
        assert order[:5].tolist() == list(map(int, first.split()))
        assert hashlib.sha256(order.astype("<i8").tobytes()).hexdigest() == digest


@pytest.mark.parametrize(("query", "members"), read_table("Pools"))
def test_pools_are_those_of_the_page(query: str, members: str) -> None:
    found = re.search(r"labels are, in file order, `([\d ]+)`", PAGE)
    assert found
    pool = REFERENCE["pool"](list(map(int, found[1].split())), **read_choice(query.strip("`")))
    assert pool == list(map(int, members.split()))


@pytest.mark.parametrize(("n", "size", "ranks", "start", "tail", "step", "rank", "rows"), read_table("Batches"))
def test_batches_are_those_of_the_page(
    n: str, size: str, ranks: str, start: str, tail: str, step: str, rank: str, rows: str
) -> None:
    batches = list(
        REFERENCE["batches"](
            int(n),
            batch_size=int(size),
            world_size=int(ranks),
            rank=int(rank),
            start=int(start),
            tail=tail.strip("`"),
        )
    )
    assert batches[int(step)] == [int(row.strip("()")) for row in rows.removeprefix("none").split()]


@pytest.mark.parametrize(
    "query",
    ["seed=7&per_class=5", "seed=7&fold=1&folds=5", "seed=8&fold=1&folds=5&part=holdout&per_class=9", "label=3"],
)
def test_the_service_has_the_pools_of_the_reference(live: Site, query: str) -> None:
    split = "/v1/datasets/digits/all"
    rows = [live.get(f"{split}/rows?offset={offset}&limit=1000").json["rows"] for offset in (0, 1000)]
    pool = REFERENCE["pool"]([row["label"] for page in rows for row in page], **read_choice(query))
    assert live.get(f"{split}/order?{query}&shuffle=false").json["order"] == pool


@pytest.mark.parametrize(("tail", "start", "rank"), [*product(["partial", "drop", "pad"], [0, 500], [0, 2])])
def test_the_service_has_the_batches_of_the_reference(live: Site, tail: str, start: int, rank: int) -> None:
    query = {"seed": 7, "epoch": 3, "batch_size": 300, "world_size": 3, "rank": rank, "start": start, "tail": tail}
    batches = list(REFERENCE["batches"](1797, **query))
    assert batches
    for step, batch in enumerate(batches):
        here = urlencode({**query, "start": start + step * 900})
        answer = live.get(f"/v1/datasets/digits/all/batches?{here}&format=json")
        assert [row["index"] for row in answer.json["rows"]] == batch
    ended = urlencode({**query, "start": start + len(batches) * 900})
    assert live.get(f"/v1/datasets/digits/all/batches?{ended}").status == 404
