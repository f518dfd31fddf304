"""NPY files that numpy reads and maps as they are."""

import io
from pathlib import Path

import numpy as np
import pytest

from service.data.dataset import Dataset
from service.mirrors import npy
from tests.sites import Site

FILES = {
    "train-images": ("mnist", "train", "images", (60_000, 28, 28)),
    "train-labels": ("mnist", "train", "labels", (60_000,)),
    "test-images": ("mnist", "test", "images", (10_000, 28, 28)),
    "test-labels": ("mnist", "test", "labels", (10_000,)),
    "digits-images": ("digits", "all", "images", (1_797, 8, 8)),
    "digits-labels": ("digits", "all", "labels", (1_797,)),
}
"""Dataset, split, array and shape by the name of the file."""

every_file = pytest.mark.parametrize("name", FILES)


def test_there_are_images_and_labels_of_every_split() -> None:
    assert set(npy.MIRROR.files) == {f"/mirrors/npy/{name}.npy" for name in FILES}


@every_file
def test_numpy_loads_the_array(live: Site, real: dict[str, Dataset], name: str) -> None:
    dataset, split, array, shape = FILES[name]
    answer = live.get(f"/mirrors/npy/{name}.npy")
    loaded = np.load(io.BytesIO(answer.body), allow_pickle=False)
    expected = real[dataset].split(split)
    assert (loaded.shape, loaded.dtype) == (shape, np.uint8)
    assert np.array_equal(loaded, expected.images if array == "images" else expected.labels)
    assert answer["Content-Type"] == "application/x-npy"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}.npy"'


@every_file
def test_the_header_is_of_version_1_0_and_aligned(live: Site, name: str) -> None:
    head = io.BytesIO(live.get(f"/mirrors/npy/{name}.npy", {"Range": "bytes=0-1023"}).body)
    assert np.lib.format.read_magic(head) == (1, 0)
    assert np.lib.format.read_array_header_1_0(head) == (FILES[name][-1], False, np.dtype(np.uint8))
    assert head.tell() % 64 == 0


def test_it_is_the_file_that_numpy_saves(live: Site, mnist: Dataset) -> None:
    saved = io.BytesIO()
    np.save(saved, mnist.split("test").images)
    assert live.get("/mirrors/npy/test-images.npy").body == saved.getvalue()


def test_it_can_be_mapped_into_memory(live: Site, mnist: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "test-images.npy"
    file.write_bytes(live.get("/mirrors/npy/test-images.npy").body)
    assert np.array_equal(np.load(file, mmap_mode="r")[-1], mnist.images[-1])


def test_an_image_can_be_fetched_alone(live: Site, mnist: Dataset) -> None:
    start = 128 + 41 * 784
    part = live.get("/mirrors/npy/train-images.npy", {"Range": f"bytes={start}-{start + 783}"})
    assert part.status == 206
    assert part.body == mnist.images[41].tobytes()


def test_images_are_not_copied(mnist: Dataset) -> None:
    _, pixels = npy.write_array(mnist, "train", "images")
    assert np.shares_memory(np.asarray(pixels), mnist.images)


@pytest.mark.parametrize("name", ["train-images", "all-images.npy", "digits.npy", "train-images.npz", ""])
def test_what_is_missing_is_404(live: Site, name: str) -> None:
    assert live.get(f"/mirrors/npy/{name}").status == 404


def test_without_the_datasets_there_are_no_files(site: Site) -> None:
    for path in npy.MIRROR.files:
        assert site.get(path).status == 404
