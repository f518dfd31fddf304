"""webdataset reads the shards as it comes: by curl, from the network or by its cache, alone and with PyTorch."""

from pathlib import Path

import numpy as np
import pytest
import webdataset

from tests.loaders.access_log import AccessLog, Request
from tests.loaders.originals import Originals, Samples, hash_samples
from tests.loaders.recipes import run_recipe

ROOT = "/mirrors/webdataset"

TRAIN = f"{ROOT}/mnist-train-{{000000..000005}}.tar"
TEST = f"{ROOT}/mnist-test-000000.tar"


def read(source: str, **options: object) -> tuple[Samples, list[str]]:
    """All samples of shards, in their order, and their keys."""
    dataset = webdataset.WebDataset(source, shardshuffle=False, **options).decode("l8")
    keys, images, labels = zip(*dataset.to_tuple("__key__", "png", "cls"), strict=True)
    return Samples(np.stack(images), np.array(labels, np.uint8)), list(keys)


def test_six_shards_are_the_training_split(url: str, originals: Originals, access_log: AccessLog) -> None:
    samples, keys = read(url + TRAIN)
    assert samples.images.shape == (60_000, 28, 28)
    assert samples.digest == originals.train.digest
    assert keys == [f"{index:06}" for index in range(60_000)]
    shards = [f"{ROOT}/mnist-train-{number:06}.tar" for number in range(6)]
    assert access_log.read() == [Request("GET", shard, 200) for shard in shards]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves files of its cache open
def test_the_cache_downloads_a_shard_once(
    url: str, tmp_path: Path, originals: Originals, access_log: AccessLog
) -> None:
    for _ in range(2):
        samples, _ = read(url + TEST, cache_dir=str(tmp_path))
        assert samples.digest == originals.test.digest
    assert access_log.read() == [Request("GET", TEST, 200)]


def test_the_recipe_without_torch_gives_samples_in_another_order(url: str, originals: Originals) -> None:
    names = run_recipe(url, "webdataset", "webdataset 1.0")
    image, label = names["image"], names["label"]
    assert (image.shape, image.dtype, type(label)) == ((28, 28), np.uint8, int)
    matching = (originals.train.images == image).all(axis=(1, 2))
    assert label in originals.train.labels[matching]


def test_the_recipe_with_torch_gives_the_first_batch(url: str, originals: Originals) -> None:
    names = run_recipe(url, "webdataset", "webdataset 1.0 with PyTorch")
    images, labels = names["images"].numpy(), names["labels"].numpy()
    assert (images.shape, images.dtype, labels.dtype) == ((64, 28, 28), np.uint8, np.int64)
    assert hash_samples(images, labels) == originals.test[:64].digest


def test_tarfile_reads_while_it_comes(url: str, access_log: AccessLog) -> None:
    names = run_recipe(url, "webdataset", "Python's tarfile")
    assert (names["member"].name, names["content"]) == ("009999.cls", b"6")
    assert [one for one in access_log.read() if one.path != "/mirrors"] == [Request("GET", TEST, 200)]
