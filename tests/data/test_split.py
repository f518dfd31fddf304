import hashlib

import numpy as np
import pytest

from service.data.dataset import Dataset
from service.errors import Unknown
from tests import made


def test_a_split_is_a_range_of_the_dataset(tiny: Dataset) -> None:
    split = tiny.split("test")
    assert (split.full_name, split.span, len(split)) == ("made/test", range(made.TRAIN, made.TRAIN + made.TEST), 8)
    assert np.array_equal(split.images, tiny.images[made.TRAIN :])
    assert np.array_equal(split.labels, tiny.labels[made.TRAIN :])
    assert (split.card, split.digest, split.rev) == (tiny.card, tiny.digest, tiny.rev)


def test_there_is_one_object_for_each_name(tiny: Dataset) -> None:
    assert list(tiny.splits) == ["train", "test", "all"]
    assert all(tiny.split(name) is split is tiny.split(name) for name, split in tiny.splits.items())
    assert made.source().load().split("all") is not tiny.split("all")


def test_an_unknown_split_names_the_known_ones(tiny: Dataset) -> None:
    with pytest.raises(Unknown, match="no split 'valid' in made; ask for one of train, test, all"):
        tiny.split("valid")


def test_nobody_can_write_into_a_split(tiny: Dataset) -> None:
    split = tiny.split("train")
    for array in (split.images, split.labels, split.class_counts):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(TypeError):
        split.digests["images"] = ""  # type: ignore[index]


def test_class_counts_have_an_entry_for_every_class(tiny: Dataset) -> None:
    split = tiny.split("test")
    assert split.class_counts.dtype == np.int64
    assert split.class_counts.tolist() == [int((split.labels == label).sum()) for label in range(4)]
    assert split.class_counts[3] == 0


def test_digests_are_those_of_the_arrays_as_bytes(tiny: Dataset) -> None:
    images, labels = made.values()
    assert tiny.split("test").digests == {
        "images": hashlib.sha256(images[made.TRAIN :].tobytes()).hexdigest(),
        "labels": hashlib.sha256(labels[made.TRAIN :].tobytes()).hexdigest(),
    }
