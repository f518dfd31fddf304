"""Choices: counted without being made, and made as they were counted."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.data.choice import Choice
from service.data.dataset import Dataset
from service.data.oddness import measure_oddness
from service.data.selection import Selection
from service.data.split import Split
from service.errors import Refused
from tests import made
from tests.data.test_subset import subsets

SPLITS = st.sampled_from(["train", "test", "all"])


def choose_or_refuse(choose: Callable[[], Selection]) -> list[int] | str:
    """The indices, or the sentence of the refusal."""
    try:
        return list(map(int, choose().indices))
    except Refused as error:
        return str(error)


def count_or_refuse(choice: Choice, split: Split) -> int | str:
    try:
        return choice.count(split)
    except Refused as error:
        return str(error)


@given(made.datasets(), SPLITS, subsets(), st.booleans())
def test_a_choice_has_the_members_of_its_subset_and_counts_them(
    data: Dataset, name: str, subset: object, oddest_first: bool
) -> None:
    split = data.split(name)
    choice = Choice(subset=subset, oddest_first=oddest_first)  # type: ignore[arg-type] # a strategy of subsets
    found = choose_or_refuse(lambda: choice.select(split))
    members = choose_or_refuse(lambda: choice.subset.select(Selection.of(split)))
    if isinstance(found, str) or isinstance(members, str):
        assert found == members == count_or_refuse(choice, split)
        return
    oddness = measure_oddness(split).tolist()
    expected = sorted(members, key=lambda index: (-oddness[index], index)) if oddest_first else members
    assert found == expected
    assert choice.count(split) == len(found)


@given(made.datasets(), SPLITS, st.data())
def test_indices_are_kept_in_their_order_with_repeats(data: Dataset, name: str, draw: st.DataObject) -> None:
    split = data.split(name)
    wanted = draw.draw(st.lists(st.integers(0, len(split) - 1), max_size=50).map(tuple))
    choice = Choice(indices=wanted)
    assert tuple(map(int, choice.select(split).indices)) == wanted
    assert choice.select(split).labels.tolist() == [split.labels[index] for index in wanted]
    assert choice.count(split) == len(wanted)
    assert choice.cost(split) == 0


@pytest.mark.parametrize("oddest_first", [False, True])
def test_only_what_has_to_be_sorted_costs_something(mnist: Dataset, oddest_first: bool) -> None:
    assert (Choice(oddest_first=oddest_first).cost(mnist.split("train")) > 0) == oddest_first
