"""The contract of every dataset: it is what its card says."""

import numpy as np
import pytest

from service.data.dataset import Dataset, content_digest
from service.data.selection import Selection
from service.datasets import SOURCES
from service.datasets.source import Source

EVERY = pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.card.name))


@pytest.fixture
def data(source: Source, real: dict[str, Dataset]) -> Dataset:
    return real[source.card.name]


@EVERY
def test_the_arrays_have_the_cards_shape_and_nobody_can_write_into_them(data: Dataset) -> None:
    card = data.card
    n = len(card.splits["all"])
    assert data.images.dtype == np.uint8
    assert data.images.shape == (n, card.height, card.width)
    assert data.labels.dtype == np.int64
    assert data.labels.shape == (n,)
    assert data.images.flags.c_contiguous
    assert not data.images.flags.writeable
    assert not data.labels.flags.writeable


@EVERY
def test_the_digest_is_of_the_content(data: Dataset) -> None:
    assert content_digest(data.images, data.labels.astype(np.uint8)) == data.digest == data.card.digest


@EVERY
def test_intensities_reach_from_0_to_the_peak_and_every_class_occurs(data: Dataset) -> None:
    assert (data.images.min(), data.images.max()) == (0, data.card.peak)
    assert np.unique(data.labels).tolist() == list(range(len(data.card.classes)))


@EVERY
def test_the_splits_tile_all(source: Source) -> None:
    card = source.card
    parts = [span for name, span in card.splits.items() if name != "all"] or [card.splits["all"]]
    assert [i for span in parts for i in span] == list(card.splits["all"])
    assert card.reference in card.splits


@EVERY
def test_standard_scale_has_mean_0_and_deviation_1_over_the_reference_split(data: Dataset) -> None:
    pixels = Selection.of(data.split(data.card.reference)).batch(scale="standard").image
    assert pixels.dtype == np.float32
    assert pixels.mean(dtype=np.float64) == pytest.approx(0, abs=1e-6)
    assert pixels.std(dtype=np.float64) == pytest.approx(1, abs=1e-6)


@EVERY
def test_the_card_answers_what_a_person_asks(source: Source) -> None:
    card = source.card
    for text in (card.title, card.summary, card.description, card.citation, card.licence.name):
        assert text.strip() == text
        assert "  " not in text
        assert text
    assert card.intended_uses
    assert card.limitations
    assert card.licence.url.startswith("https://")
    assert card.sources
    assert card.loaders


def test_every_dataset_has_a_name_of_its_own_that_suits_a_path() -> None:
    names = [source.card.name for source in SOURCES]
    assert names == ["mnist", "digits"]
    assert all(name.isidentifier() for name in names)


def test_loading_twice_gives_two_datasets_that_are_equal() -> None:
    one, other = (SOURCES[1].load() for _ in range(2))
    assert one is not other
    assert np.array_equal(one.images, other.images)
