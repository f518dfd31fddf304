from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.data.dataset import Dataset
from service.data.order import order_v1
from service.data.selection import Selection
from service.data.split import Split
from service.data.subset import Subset
from service.errors import Refused
from tests import made

seeds = st.integers(0, 2**64 - 1)


def indices(selection: Selection) -> list[int]:
    return list(map(int, selection.indices))


@st.composite
def subsets(draw: st.DrawFn) -> Subset:
    """Subsets of all kinds, possible and impossible ones."""
    return Subset(
        span=draw(st.none() | st.sampled_from([range(1), range(1, 2)])),
        labels=tuple(draw(st.lists(st.integers(-1, 4), max_size=4))),
        fold=draw(st.none() | st.integers(0, 4)),
        folds=draw(st.none() | st.integers(1, 5)),
        part=draw(st.sampled_from(["train", "holdout"])),
        per_class=draw(st.none() | st.integers(1, 5)),
        seed=draw(st.none() | st.integers(0, 3)),
    )


def count_or_refuse(count: Callable[[], list[int]]) -> list[int] | str:
    """The counts, or the sentence of the refusal."""
    try:
        return count()
    except Refused as error:
        return str(error)


@given(made.datasets(), st.sampled_from(["train", "test", "all"]), subsets())
def test_counting_gives_what_selecting_gives_and_refuses_what_it_refuses(
    data: Dataset, split_name: str, subset: Subset
) -> None:
    split, classes = data.split(split_name), len(made.CLASSES)

    def select() -> list[int]:
        labels = subset.select(Selection.of(split)).labels
        return [int((labels == label).sum()) for label in range(classes)]

    assert count_or_refuse(lambda: subset.counts(split).tolist()) == count_or_refuse(select)


def test_counting_touches_no_sample(tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    split = tiny.split("train")
    expected = Subset(labels=(0, 1), fold=1, folds=2, per_class=1, seed=3).counts(split).tolist()
    monkeypatch.setattr(Split, "labels", None)
    monkeypatch.setattr(Split, "images", None)
    assert Subset(labels=(0, 1), fold=1, folds=2, per_class=1, seed=3).counts(split).tolist() == expected


@given(made.datasets(), st.data())
def test_a_range_keeps_the_indices_in_it_and_all_else_applies_to_what_it_keeps(
    data: Dataset, draw: st.DataObject
) -> None:
    split = data.split("all")
    first = draw.draw(st.integers(0, len(split) - 1))
    span = range(first, draw.draw(st.integers(first + 1, len(split))))
    kept = Subset(span=span).select(Selection.of(split))
    assert indices(kept) == list(span)
    labels = draw.draw(st.lists(st.integers(0, 3), max_size=2))
    seed = draw.draw(st.none() | st.integers(0, 3))
    found = Subset(span=span, labels=tuple(labels), seed=seed).select(Selection.of(split))
    expected = [index for index in span if not labels or data.labels[index] in labels]
    order = order_v1(len(expected), seed=seed).tolist() if seed is not None else range(len(expected))
    assert indices(found) == [expected[place] for place in order]
    assert Subset(span=span, labels=tuple(labels), seed=seed).count(split) == len(expected)


def test_the_counts_of_a_range_are_computed_once(mnist: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    split, subset = mnist.split("train"), Subset(span=range(50_000, 60_000), labels=(1, 7), per_class=3, seed=1)
    assert subset.counts(split).tolist() == [0, 3, 0, 0, 0, 0, 0, 3, 0, 0]
    expected = Subset(span=range(50_000, 60_000)).counts(split).tolist()
    assert expected == np.bincount(split.labels[50_000:]).tolist()
    monkeypatch.setattr(Split, "labels", None)
    assert subset.counts(split).tolist() == [0, 3, 0, 0, 0, 0, 0, 3, 0, 0]
    assert Subset(span=range(50_000, 60_000)).counts(split).tolist() == expected


def test_a_range_of_mnist_selects_a_view_that_costs_nothing(mnist: Dataset) -> None:
    split, subset = mnist.split("train"), Subset(span=range(50_000, 60_000))
    assert subset.cost(split) == 0
    assert np.shares_memory(subset.select(Selection.of(split)).images, split.images)
    shuffled = (Subset(span=span, seed=31_337) for span in (None, range(30_000)))
    whole, half = (one.cost(split) for one in shuffled)
    assert half == pytest.approx(whole / 2)


def test_counts_of_a_split_stay_as_they_are(tiny: Dataset) -> None:
    split = tiny.split("train")
    before = split.class_counts.tolist()
    Subset(labels=(0,), fold=0, folds=1, part="train").counts(split)
    assert split.class_counts.tolist() == before
    for counts in (split.class_counts, Subset(span=range(3)).counts(split)):
        with pytest.raises(ValueError, match="read-only"):
            counts[0] = 1


@pytest.mark.parametrize(
    ("subset", "everything", "decided"),
    [
        (Subset(), True, False),
        (Subset(seed=1), True, False),
        (Subset(labels=(1,)), False, False),
        (Subset(span=range(2)), False, False),
        (Subset(fold=0, folds=2), False, True),
        (Subset(per_class=1), False, True),
    ],
)
def test_a_subset_says_whether_it_is_everything_and_whether_the_seed_decides(
    subset: Subset, *, everything: bool, decided: bool
) -> None:
    assert (subset.is_everything, subset.decided_by_seed) == (everything, decided)


def test_selecting_costs_more_the_more_there_is_to_do(mnist: Dataset) -> None:
    split = mnist.split("train")
    assert Subset().cost(split) == 0
    assert Subset(labels=(1,)).cost(split) > 0
    assert Subset(seed=987_654).cost(split) > 1
    Subset(seed=987_654).select(Selection.of(split))
    assert Subset(seed=987_654).cost(split) == 0


@given(made.datasets(), st.integers(2, 6), st.none() | seeds)
def test_folds_partition_the_samples_and_are_stratified(data: Dataset, folds: int, seed: int | None) -> None:
    everything = Selection.of(data.split("all"))
    sizes = np.bincount(data.labels, minlength=len(made.CLASSES))
    if folds > sizes[sizes > 0].min():
        with pytest.raises(Refused, match="folds must be at most"):
            Subset(fold=0, folds=folds, seed=seed).select(everything)
        return
    held_out = [Subset(fold=fold, folds=folds, part="holdout", seed=seed).select(everything) for fold in range(folds)]
    assert sorted(index for part in held_out for index in indices(part)) == list(range(len(everything)))
    counts = np.array([np.bincount(part.labels, minlength=len(sizes)) for part in held_out])
    assert np.ptp(counts, axis=0).max() <= 1
    assert np.ptp(counts.sum(axis=1)) <= 1
    for fold, part in enumerate(held_out):
        rest = Subset(fold=fold, folds=folds, part="train", seed=seed).select(everything)
        assert sorted(indices(rest) + indices(part)) == list(range(len(everything)))


@given(made.datasets(), st.integers(1, 6), st.none() | seeds)
def test_a_few_of_each_class_are_the_first_of_each_in_the_order_of_the_seed(
    data: Dataset, count: int, seed: int | None
) -> None:
    everything = Selection.of(data.split("all"))
    shuffled = indices(everything) if seed is None else order_v1(len(everything), seed=seed).tolist()
    classes = sorted(set(data.labels.tolist()))
    of_each = {label: [index for index in shuffled if data.labels[index] == label] for label in classes}
    if count > min(map(len, of_each.values())):
        with pytest.raises(Refused, match="per_class must be at most"):
            Subset(per_class=count, seed=seed).select(everything)
        return
    few = Subset(per_class=count, seed=seed).select(everything)
    wanted = {index for mine in of_each.values() for index in mine[:count]}
    assert indices(few) == [index for index in shuffled if index in wanted]
