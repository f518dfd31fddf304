import hashlib
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from service.data.dataset import Dataset, content_digest, verify
from service.errors import DamagedData
from tests import made


def test_a_verified_dataset_holds_what_it_was_given() -> None:
    images, labels = made.values()
    data = made.dataset(images.copy(), labels.copy())
    assert data.images.dtype == np.uint8
    assert data.labels.dtype == np.int64
    assert np.array_equal(data.images, images)
    assert np.array_equal(data.labels, labels)


def test_the_digest_is_of_the_images_then_the_labels(tiny: Dataset) -> None:
    images, labels = made.values()
    assert tiny.digest == hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    assert tiny.rev == tiny.digest[:12]


def test_the_digest_does_not_depend_on_how_the_arrays_lie_in_memory() -> None:
    images, labels = made.values()
    assert content_digest(np.asfortranarray(images), labels) == content_digest(images, labels)


@pytest.mark.parametrize("array", ["images", "labels"])
def test_nobody_can_write_into_a_dataset(tiny: Dataset, array: str) -> None:
    with pytest.raises(ValueError, match="read-only"):
        getattr(tiny, array)[0] = 1
    with pytest.raises(FrozenInstanceError):
        setattr(tiny, array, None)


def test_one_changed_pixel_is_damage_and_the_message_names_both_digests() -> None:
    images, labels = made.values()
    card = made.card(images, labels)
    images[-1, -1, -1] ^= 1
    with pytest.raises(DamagedData, match=f"made.*{content_digest(images, labels)}.*{card.digest}.*reinstall"):
        verify(card, images, labels)


def test_one_changed_label_is_damage() -> None:
    images, labels = made.values()
    card = made.card(images, labels)
    labels[0] ^= 1
    with pytest.raises(DamagedData):
        verify(card, images, labels)


def test_arrays_of_another_shape_are_damage_even_where_the_bytes_are_the_same() -> None:
    images, labels = made.values()
    card = made.card(images, labels)
    with pytest.raises(DamagedData, match="expected images"):
        verify(card, images.reshape(-1, made.WIDTH, made.HEIGHT), labels)
    with pytest.raises(DamagedData, match="expected images"):
        verify(replace(card, splits={"all": range(5)}), images, labels)


@pytest.mark.parametrize("shape", [(30, 2), (31, 3), (31,)])
def test_a_map_of_another_shape_is_damage(shape: tuple[int, ...]) -> None:
    images, labels = made.values()
    with pytest.raises(DamagedData, match=r"expected a map \(31, 2\)"):
        verify(made.card(images, labels), images, labels, tsne=np.zeros(shape, np.uint16))
