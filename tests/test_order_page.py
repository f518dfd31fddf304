"""docs/order-v1.md is a specification: its reference implementation gives its test vectors, and so does the service."""

import hashlib
import io
import re
from itertools import islice, product
from typing import Any
from urllib.parse import parse_qs, urlencode

import numpy as np
import pytest

from digits_client.order import order_v1, sample_seeds
from tests.processes import ROOT
from tests.sites import Site

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
    """The pool of a query of the page, as arguments of the reference implementation."""
    texts = {name: found for name, found in parse_qs(query).items() if name not in ("epoch", "shuffle", "balanced")}
    span = texts.pop("range", None)
    values = {name: found if name == "part" else list(map(int, found)) for name, found in texts.items()}
    choice: dict[str, Any] = {name: found if name == "label" else found[0] for name, found in values.items()}
    return choice if span is None else {**choice, "span": read_span(span[0], 12)}


def read_span(text: str, n: int) -> tuple[int, int]:
    """Both bounds of a range of indices of `n` samples."""
    first, _, end = text.partition(":")
    return int(first or 0), int(end or n)


def read_labels() -> list[int]:
    """The labels of the made-up split of the page."""
    found = re.search(r"labels are, in file order, `([\d ]+)`", PAGE)
    assert found
    return list(map(int, found[1].split()))


def visit(labels: list[int], pool: list[int], **choice: Any) -> list[int]:  # noqa: ANN401 - as the page defines them
    """The indices within the split that an epoch visits, by the reference implementation."""
    return [pool[place] for place in REFERENCE["visit"]([labels[index] for index in pool], **choice)]


@pytest.fixture(scope="module")
def labels(live: Site) -> list[int]:
    """The labels of the digits, in file order."""
    pages = (f"/v1/datasets/digits/all/rows?offset={offset}&limit=1000" for offset in (0, 1000))
    return [row["label"] for page in pages for row in live.get(page).json["rows"]]


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
    assert REFERENCE["pool"](read_labels(), **read_choice(query.strip("`"))) == list(map(int, members.split()))


@pytest.mark.parametrize(("query", "order"), read_table("Balanced orders"))
def test_balanced_orders_are_those_of_the_page(query: str, order: str) -> None:
    values, labels = parse_qs(query.strip("`")), read_labels()
    pool = REFERENCE["pool"](labels, **read_choice(query.strip("`")))
    choice = {name: int(values[name][0]) for name in ("seed", "epoch") if name in values}
    found = visit(labels, pool, balanced=True, shuffle="shuffle" not in values, **choice)
    assert found == list(map(int, order.split()))


@pytest.mark.parametrize(("n", "size", "ranks", "start", "tail", "step", "rank", "rows"), read_table("Batches"))
def test_batches_are_those_of_the_page(
    n: str, size: str, ranks: str, start: str, tail: str, step: str, rank: str, rows: str
) -> None:
    batches = list(
        REFERENCE["batches"](
            REFERENCE["order_v1"](int(n), 0),
            batch_size=int(size),
            world_size=int(ranks),
            rank=int(rank),
            start=int(start),
            tail=tail.strip("`"),
        )
    )
    assert batches[int(step)] == [int(row.strip("()")) for row in rows.removeprefix("none").split()]


@pytest.mark.parametrize(("ranks", "start", "stride", "tail", "rank", "expected"), read_table("Strided batches"))
def test_strided_batches_are_those_of_the_page(
    ranks: str, start: str, stride: str, tail: str, rank: str, expected: str
) -> None:
    numbers = {"world_size": int(ranks), "rank": int(rank), "start": int(start), "stride": int(stride)}
    batches = list(REFERENCE["batches"](REFERENCE["order_v1"](10, 0), batch_size=2, tail=tail.strip("`"), **numbers))
    assert batches == [list(map(int, batch.split())) for batch in expected.split("/")]


@pytest.mark.parametrize(("seed", "epoch", "index", "expected"), read_table("Seeds of samples"))
def test_seeds_of_samples_are_those_of_the_page_and_of_the_client(
    seed: str, epoch: str, index: str, expected: str
) -> None:
    assert f"{REFERENCE['sample_seed'](int(seed), int(epoch), int(index)):016x}" == expected
    (found,) = sample_seeds(np.array([int(index)]), seed=int(seed), epoch=int(epoch))
    assert f"{found:016x}" == expected


def test_seeds_come_in_the_shape_of_the_indices_and_differ_by_sample_epoch_and_seed() -> None:
    index = np.arange(60_000).reshape(200, 300)
    seeds = sample_seeds(index, seed=5, epoch=2)
    assert (str(seeds.dtype), seeds.shape) == ("uint64", (200, 300))
    assert int(seeds[1, 2]) == int(sample_seeds(np.array(302), seed=5, epoch=2)) == REFERENCE["sample_seed"](5, 2, 302)
    others = [sample_seeds(index, seed=5, epoch=3), sample_seeds(index, seed=6, epoch=2)]
    assert len(np.unique(np.stack([seeds, *others]))) == 3 * 60_000
    assert len(sample_seeds(np.array([], np.int64), seed=5, epoch=2)) == 0


def test_seeds_do_not_follow_the_order_of_the_epoch() -> None:
    seeds = sample_seeds(order_v1(60_000, seed=5, epoch=2), seed=5, epoch=2).astype(np.float64)
    assert abs(np.corrcoef(seeds, np.arange(60_000))[0, 1]) < 0.02


@pytest.mark.parametrize("index", [[-1], [0.0], [True], ["1"]])
def test_seeds_of_what_is_no_index_are_refused(index: list[Any]) -> None:
    with pytest.raises(ValueError, match="integers of at least 0"):
        sample_seeds(np.array(index))


@pytest.mark.parametrize("choice", [{"seed": -1}, {"seed": 2**64}, {"epoch": -1}, {"epoch": 2**32}])
def test_seeds_of_what_is_no_seed_or_epoch_are_refused(choice: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"must be from 0 to 2\^(64|32)-1, not"):
        sample_seeds(np.array([0]), **choice)


def test_the_constant_of_the_seeds_is_the_one_that_the_page_describes() -> None:
    found = re.search(r"\^ (0x[0-9A-F]{16})\)\n", PAGE)
    assert found
    constant = int(found[1], 16)

    def is_below(value: int) -> bool:
        """Whether value ≤ 2^64 / x for x^4 = x + 1, x > 1: whether y^4 ≥ y + 1 for y = 2^64 / value; in integers."""
        return 2**64 * value**3 + value**4 <= 2**256

    assert is_below(constant)
    assert not is_below(constant + 1)


@pytest.mark.parametrize(("weights", "expected"), read_table("Sources of mixed runs"))
def test_sources_of_mixed_runs_are_those_of_the_page(weights: str, expected: str) -> None:
    numbers = list(map(int, expected.split()))
    assert list(islice(REFERENCE["sources"](list(map(int, weights.split()))), len(numbers))) == numbers


@pytest.mark.parametrize(
    "query",
    [
        "seed=7&per_class=5",
        "seed=7&fold=1&folds=5",
        "seed=8&fold=1&folds=5&part=holdout&per_class=9",
        "label=3",
        "seed=7&range=1000:",
        "seed=7&range=:1200&label=3&label=8&fold=1&folds=5&per_class=9",
    ],
)
@pytest.mark.parametrize("balanced", [False, True])
def test_the_service_has_the_pools_and_orders_of_the_reference(
    live: Site, labels: list[int], query: str, *, balanced: bool
) -> None:
    split, seed = "/v1/datasets/digits/all", int(parse_qs(query).get("seed", ["0"])[0])
    choice = read_choice(query)
    if "span" in choice:
        choice["span"] = read_span(parse_qs(query)["range"][0], len(labels))
    pool = REFERENCE["pool"](labels, **choice)
    for shuffle in (False, True):
        expected = visit(labels, pool, seed=seed, epoch=5, shuffle=shuffle, balanced=balanced)
        words = urlencode({"epoch": 5, "shuffle": str(shuffle).lower(), "balanced": str(balanced).lower()})
        assert live.get(f"{split}/order?{query}&{words}").json["order"] == expected


@pytest.mark.parametrize(("tail", "start", "rank"), [*product(["partial", "drop", "pad"], [0, 500], [0, 2])])
@pytest.mark.parametrize(("balanced", "stride"), [(False, 1), (True, 1), (False, 2), (True, 3)])
def test_the_service_has_the_batches_of_the_reference(
    live: Site, labels: list[int], tail: str, start: int, rank: int, *, balanced: bool, stride: int
) -> None:
    shape: dict[str, Any] = {"batch_size": 100, "world_size": 3, "rank": rank, "stride": stride, "tail": tail}
    order: dict[str, Any] = {"seed": 7, "epoch": 3, "balanced": balanced}
    batches = list(REFERENCE["batches"](REFERENCE["visit"](labels, **order), **shape, start=start))
    assert batches
    query = {**shape, **order, "balanced": str(balanced).lower()}
    for step, batch in enumerate(batches):
        here = urlencode({**query, "start": start + step * stride * 300})
        answer = live.get(f"/v1/datasets/digits/all/batches?{here}&format=json")
        assert [row["index"] for row in answer.json["rows"]] == batch
    ended = urlencode({**query, "start": start + len(batches) * stride * 300})
    assert live.get(f"/v1/datasets/digits/all/batches?{ended}").status == 404
