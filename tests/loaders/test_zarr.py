"""Readers of Zarr open the stores by their address: zarr-python in two ways, xarray and TensorStore."""

import json
from pathlib import Path
from urllib.request import urlopen

import fsspec
import numpy as np
import pytest
import zarr

from tests.loaders.access_log import AccessLog, Request
from tests.loaders.originals import Originals, Samples, join
from tests.loaders.recipes import run_recipe

MNIST = "/mirrors/zarr/mnist.zarr"
DIGITS = "/mirrors/zarr/digits.zarr"

CHUNKS = {f"{MNIST}/images/c/{chunk}/0/0" for chunk in range(70)}

OLDER = (".zarray", ".zattrs", ".zgroup", ".zmetadata")
"""What zarr-python looks for where it has not been told the version of the format."""


def test_zarr_python_reads_all_of_mnist(url: str, originals: Originals, access_log: AccessLog) -> None:
    group = zarr.open_group(url + MNIST, mode="r")
    images, labels = group["images"], group["labels"]
    assert images.metadata.dimension_names == ("sample", "row", "column")
    assert Samples(images[:], labels[:]).digest == join(originals.train, originals.test).digest
    asked = [one for one in access_log.read() if one.path.rpartition("/")[2] not in OLDER]
    assert asked[0] == Request("GET", f"{MNIST}/zarr.json", 200)  # that of the arrays is in it
    assert {one.path for one in asked[1:]} == CHUNKS | {f"{MNIST}/labels/c/0"}
    assert all((one.method, one.status) == ("GET", 200) for one in asked)


def test_the_splits_are_slices_that_the_attributes_tell(url: str, originals: Originals, access_log: AccessLog) -> None:
    group = zarr.open_group(url + MNIST, mode="r")
    access_log.read()
    for name, samples in (("train", originals.train), ("test", originals.test)):
        span = slice(*group.attrs["splits"][name])
        assert Samples(group["images"][span], group["labels"][span]).digest == samples.digest
    asked = [one.path for one in access_log.read()]
    assert len(asked) == len(CHUNKS) + 2  # no chunk of images is of both splits


def test_zarr_python_reads_digits_in_three_requests(url: str, originals: Originals, access_log: AccessLog) -> None:
    group = zarr.open(url + DIGITS, zarr_format=3, mode="r")
    assert Samples(group["images"][:], group["labels"][:]).digest == originals.digits.digest
    asked = [one.path.removeprefix(DIGITS) for one in access_log.read() if one.status == 200]
    assert sorted(set(asked)) == ["/images/c/0/0/0", "/labels/c/0", "/zarr.json"]


def test_an_array_opens_by_its_own_address(url: str, originals: Originals, access_log: AccessLog) -> None:
    labels = zarr.open_array(f"{url}{MNIST}/labels", mode="r", zarr_format=3)
    assert np.array_equal(labels[60_000:], originals.test.labels)
    assert [one.path for one in access_log.read()] == [f"{MNIST}/labels/zarr.json", f"{MNIST}/labels/c/0"]


@pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not part")
def test_the_metadata_is_what_zarr_python_writes(url: str, tmp_path: Path) -> None:
    written = zarr.open_group(tmp_path, mode="w", zarr_format=3)
    served = zarr.open_group(url + MNIST, mode="r")
    written.attrs.update(served.attrs.asdict())
    for name in ("images", "labels"):
        array = served[name]
        written.create_array(
            name,
            shape=array.shape,
            chunks=array.chunks,
            dtype=array.dtype,
            compressors=None,
            dimension_names=array.metadata.dimension_names,
            attributes=array.attrs.asdict(),
        )
    zarr.consolidate_metadata(tmp_path)
    for key in ("zarr.json", "images/zarr.json", "labels/zarr.json"):
        with urlopen(f"{url}{MNIST}/{key}") as answer:
            assert json.load(answer) == json.loads((tmp_path / key).read_bytes())


@pytest.mark.parametrize("name", ["images/c/70/0/0", "pixels"])
def test_what_is_missing_is_missing(url: str, name: str) -> None:
    with pytest.raises(FileNotFoundError):
        zarr.open_array(f"{url}{MNIST}/{name}", mode="r", zarr_format=3)


def test_a_part_of_a_chunk_is_read_by_its_range(url: str, originals: Originals) -> None:
    found = fsspec.filesystem("http").cat_file(f"{url}{MNIST}/images/c/60/0/0", start=784, end=2 * 784)
    assert found == originals.test.images[1].tobytes()


def test_the_recipe_of_zarr_python_gives_the_training_split(url: str, originals: Originals) -> None:
    names = run_recipe(url, "zarr", "zarr-python 3.1")
    assert Samples(names["images"], names["labels"]).digest == originals.train.digest


def test_the_recipe_with_obstore_gives_all(url: str, originals: Originals) -> None:
    names = run_recipe(url, "zarr", "zarr-python 3.1 with obstore 0.12")
    assert Samples(names["images"], names["labels"]).digest == join(originals.train, originals.test).digest


def test_the_recipe_of_xarray_gives_the_training_split(url: str, originals: Originals) -> None:
    names = run_recipe(url, "zarr", "xarray 2026.9")
    assert names["digits"]["images"].dtype == np.uint8
    assert names["digits"]["images"].dims == ("sample", "row", "column")
    assert Samples(names["images"], names["labels"]).digest == originals.train.digest


def test_the_recipe_of_tensorstore_gives_the_training_split(
    url: str, originals: Originals, access_log: AccessLog
) -> None:
    names = run_recipe(url, "zarr", "TensorStore 0.1.86")
    assert names["images"].domain.labels == ("sample", "row", "column")
    assert Samples(names["x"], names["y"]).digest == originals.train.digest
    assert all((one.method, one.status) == ("GET", 200) for one in access_log.read())
