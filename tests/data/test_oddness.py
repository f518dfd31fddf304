"""Oddness against its formula in Python's own integers, and the oddities of the real data."""

from fractions import Fraction
from math import floor, isqrt, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.data.dataset import Dataset
from service.data.oddness import STEPS, measure_oddness, oddness_cost, order_by_oddness
from service.data.split import Split
from tests import made

SPLITS = st.sampled_from(["train", "test", "all"])


def compute_by_formula(split: Split) -> list[int]:
    """The oddness of each sample as the reference defines it."""
    rows = split.images.reshape(len(split), -1).tolist()
    labels = split.labels.tolist()
    means = {}
    for label in set(labels):
        members = [row for row, own in zip(rows, labels, strict=True) if own == label]
        means[label] = [
            floor(Fraction(STEPS * sum(column), len(members)) + Fraction(1, 2)) for column in zip(*members, strict=True)
        ]
    found = []
    for row, label in zip(rows, labels, strict=True):
        far = {
            one: isqrt(sum((STEPS * value - middle) ** 2 for value, middle in zip(row, mean, strict=True)))
            for one, mean in means.items()
        }
        own = far.pop(label)
        found.append(own - min(far.values(), default=0))
    return found


@given(made.datasets(), SPLITS)
def test_oddness_is_that_of_the_formula(data: Dataset, name: str) -> None:
    split = data.split(name)
    assert measure_oddness(split).tolist() == compute_by_formula(split)


@given(made.datasets(), SPLITS)
def test_the_order_falls_and_ties_are_in_file_order(data: Dataset, name: str) -> None:
    split = data.split(name)
    oddness, order = measure_oddness(split).tolist(), order_by_oddness(split)
    assert order.tolist() == sorted(range(len(split)), key=lambda index: (-oddness[index], index))
    assert order is order_by_oddness(split)
    assert not order.flags.writeable


def test_equal_samples_are_in_file_order() -> None:
    images = np.array([[[0]], [[10]], [[0]], [[10]]], np.uint8)
    split = made.dataset(images, np.array([0, 0, 1, 1], np.uint8)).split("all")
    assert order_by_oddness(split).tolist() == [0, 1, 2, 3]


def test_nothing_is_subtracted_where_all_samples_are_of_one_class() -> None:
    images = np.array([[[0]], [[0]], [[9]]], np.uint8)
    split = made.dataset(images, np.full(3, 2, np.uint8)).split("all")
    assert measure_oddness(split).tolist() == [3 * STEPS, 3 * STEPS, 6 * STEPS]


@pytest.mark.parametrize(("name", "split_name"), [("digits", "all"), ("mnist", "test")])
def test_oddness_is_the_difference_of_euclidean_distances(real: dict[str, Dataset], name: str, split_name: str) -> None:
    split = real[name].split(split_name)
    flat, labels = split.images.reshape(len(split), -1).astype(np.float64), split.labels
    means = np.array([flat[labels == label].mean(axis=0) for label in range(10)])
    oddness = measure_oddness(split)
    for index in range(0, len(split), 97):
        distances = np.sqrt(((flat[index] - means) ** 2).sum(axis=1))
        expected = distances[labels[index]] - np.delete(distances, labels[index]).min()
        assert abs(oddness[index] / STEPS - expected) < sqrt(split.card.pixels) / STEPS


def test_it_is_exact_at_the_largest_values() -> None:
    images = np.full((4, 28, 28), 255, np.uint8)
    images[1], images[2, 0, 0], images[3] = 0, 254, 1
    split = made.dataset(images, np.array([0, 0, 1, 2], np.uint8), peak=255).split("all")
    assert measure_oddness(split).tolist() == compute_by_formula(split)


ODDEST = {
    ("mnist", "train"): [28357, 24798, 38374, 8729, 57076, 8449, 21066, 39327, 45143, 45185],
    ("mnist", "test"): [1500, 4886, 2135, 9009, 2016, 1681, 9905, 1181, 2189, 6651],
    ("mnist", "all"): [28357, 24798, 61500, 38374, 8729, 57076, 8449, 21066, 39327, 45143],
    ("digits", "all"): [1660, 1611, 1662, 5, 1628, 1495, 275, 746, 1118, 1514],
}
"""The first indices of each split, which stay the same in every release."""


@pytest.mark.parametrize(("name", "split_name"), ODDEST)
def test_the_oddest_samples_are_the_same_for_ever(real: dict[str, Dataset], name: str, split_name: str) -> None:
    split = real[name].split(split_name)
    assert order_by_oddness(split)[:10].tolist() == ODDEST[name, split_name]
    assert np.array_equal(np.sort(order_by_oddness(split)), np.arange(len(split)))


def test_only_large_splits_cost_more_than_the_event_loop_may_wait(mnist: Dataset, digits: Dataset) -> None:
    assert oddness_cost(digits.split("all")) < 2
    assert oddness_cost(mnist.split("test")) > 2
