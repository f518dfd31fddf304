"""The pixel cache: the same dataset with and without it, whatever is or happens in its directory."""

import errno
import hashlib
import logging
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import IO, NoReturn

import numpy as np
import pytest
from numpy.typing import NDArray

from service.data.dataset import Dataset, verify
from service.datasets import SOURCES, mnist
from service.datasets.pixel_cache import load_through_cache
from service.datasets.source import Source
from service.errors import DamagedData
from tests import made


class Loads:
    """A source that counts how often its originals are unpacked."""

    def __init__(self) -> None:
        self.number = 0
        self.whole = made.source()
        self.source = Source(self.whole.card, self.load, self.restore)

    def load(self) -> Dataset:
        self.number += 1
        return self.whole.load()

    def restore(self, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> Dataset:
        return verify(self.whole.card, images, labels)


@pytest.fixture
def loads() -> Loads:
    return Loads()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "not" / "there"


def file_of(folder: Path, source: Source) -> Path:
    return folder / f"{source.card.name}-{source.card.digest}.raw"


def assert_equal(one: Dataset, other: Dataset) -> None:
    assert one.card == other.card
    np.testing.assert_array_equal(one.images, other.images)
    np.testing.assert_array_equal(one.labels, other.labels)
    assert one.images.dtype == np.uint8
    assert one.labels.dtype == np.int64
    assert not one.images.flags.writeable
    assert not one.labels.flags.writeable
    assert one.images.flags.c_contiguous


def is_mapped(dataset: Dataset) -> bool:
    lowest = dataset.images.__array_interface__["data"][0]
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        start, _, stop = line.partition(" ")[0].partition("-")
        if int(start, 16) <= lowest < int(stop, 16):
            return line.endswith(".raw")
    raise AssertionError("The images are nowhere.")


def test_the_file_is_made_once_and_mapped_from_then_on(loads: Loads, folder: Path) -> None:
    for _ in range(3):
        dataset = load_through_cache(loads.source, folder)
        assert_equal(dataset, loads.whole.load())
        assert is_mapped(dataset)
    assert loads.number == 1


def test_the_digest_of_the_file_is_that_of_the_card_and_nobody_else_may_read_it(loads: Loads, folder: Path) -> None:
    load_through_cache(loads.source, folder)
    (file,) = folder.iterdir()
    assert hashlib.sha256(file.read_bytes()).hexdigest() == loads.source.card.digest
    assert file == file_of(folder, loads.source)
    assert (file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(b"\xff" + file.read_bytes()[1:]),
        lambda file: file.write_bytes(file.read_bytes()[:-1]),
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(file.read_bytes() + b"1"),
        lambda file: file.chmod(0o666),
        lambda file: (file.rename(file.with_suffix(".old")), file.symlink_to(file.with_suffix(".old"))),
    ],
    ids=["altered", "cut", "empty", "longer", "writable by others", "a link"],
)
def test_a_damaged_file_is_made_anew(
    loads: Loads, folder: Path, damage: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    kept = load_through_cache(loads.source, folder)
    damage(file_of(folder, loads.source))
    caplog.clear()
    dataset = load_through_cache(loads.source, folder)
    assert_equal(dataset, loads.whole.load())
    assert is_mapped(dataset)
    (message,) = caplog.messages
    assert f"{loads.source.card.digest}.raw is not used: " in message
    assert loads.number == 2
    load_through_cache(loads.source, folder)
    assert loads.number == 2
    del kept


def test_without_a_directory_or_a_reason_there_is_no_file(loads: Loads, tmp_path: Path) -> None:
    assert not is_mapped(load_through_cache(loads.source, None))
    assert not is_mapped(load_through_cache(loads.whole, tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_made_leaves_private_memory_and_one_message(
    loads: Loads, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    dataset = load_through_cache(loads.source, tmp_path / "file" / "folder")
    assert_equal(dataset, loads.whole.load())
    assert not is_mapped(dataset)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "are held in memory of this process: " in record.getMessage()


def test_a_full_disk_leaves_private_memory_and_no_file(
    loads: Loads, folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_real = os.fdopen

    def open_full(descriptor: int, mode: str) -> IO[bytes]:
        os.close(descriptor)
        return open_real(os.open("/dev/full", os.O_WRONLY), mode)

    monkeypatch.setattr(os, "fdopen", open_full)
    dataset = load_through_cache(loads.source, folder)
    assert_equal(dataset, loads.whole.load())
    assert os.strerror(errno.ENOSPC) in caplog.text
    assert list(folder.iterdir()) == []


def test_a_directory_that_may_only_be_read_is_read(
    loads: Loads, folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_through_cache(loads.source, folder)

    def refuse(**_: object) -> NoReturn:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    assert is_mapped(load_through_cache(loads.source, folder))
    assert caplog.messages == []
    file_of(folder, loads.source).unlink()
    assert not is_mapped(load_through_cache(loads.source, folder))
    assert os.strerror(errno.EROFS) in caplog.text


def test_many_that_start_at_once_all_have_the_file(loads: Loads, folder: Path) -> None:
    with ThreadPool(8) as pool:
        datasets = pool.map(lambda _: load_through_cache(loads.source, folder), range(16))
    assert all(map(is_mapped, datasets))  # the file that has a name now, not one that was replaced
    assert [file.name for file in folder.iterdir()] == [file_of(folder, loads.source).name]


def test_what_killed_writers_have_left_is_removed(loads: Loads, folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in (".left.tmp", "other"):
        (folder / name).touch()
    load_through_cache(loads.source, folder)
    assert {file.name for file in folder.iterdir()} == {"other", file_of(folder, loads.source).name}


def test_a_file_that_another_user_could_change_is_not_used(
    loads: Loads, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_through_cache(loads.source, folder)
    owner = file_of(folder, loads.source).stat().st_uid
    os.chown(file_of(folder, loads.source), 12_345, -1) if owner == 0 else monkeypatch.setattr(
        os, "geteuid", lambda: owner + 1
    )
    load_through_cache(loads.source, folder)
    assert loads.number == 2


def test_mnist_is_the_same_with_a_file_and_its_originals_are_verified_all_the_same(
    real: dict[str, Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        dataset = load_through_cache(mnist.SOURCE, tmp_path)
        assert is_mapped(dataset)
        assert_equal(dataset, real["mnist"])
        np.testing.assert_array_equal(dataset.tsne, real["mnist"].tsne)
        assert dataset.axes is not None
    labels = replace(mnist.TEST.labels, path=tmp_path / "missing.gz")
    monkeypatch.setattr(mnist, "TEST", replace(mnist.TEST, labels=labels))
    with pytest.raises(DamagedData, match=r"missing.gz cannot be read"):
        load_through_cache(mnist.SOURCE, tmp_path)


def test_only_mnist_is_large_enough() -> None:
    assert [source.card.name for source in SOURCES if source.restore] == ["mnist"]
