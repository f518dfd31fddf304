"""The maps that are part of the package: what was altered is refused."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest

from service.datasets import SOURCES, axes
from service.errors import DamagedData

FILES = sorted(path.name for path in axes.FOLDER.iterdir() if path.suffix in (".json", ".npy"))
NAMES = [source.card.name for source in SOURCES]


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copies of the files, read in place of the files."""
    for name in FILES:
        shutil.copy(axes.FOLDER / name, tmp_path)
    monkeypatch.setattr(axes, "FOLDER", tmp_path)
    return tmp_path


def test_every_file_belongs_to_a_dataset() -> None:
    assert sorted(f"{name}{ending}" for name in NAMES for ending in (".json", "-tsne.npy")) == FILES


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_was_altered_keeps_the_dataset_from_loading(copies: Path, file: str) -> None:
    source = next(one for one in SOURCES if file.startswith(one.card.name))
    source.load()
    content = bytearray((copies / file).read_bytes())
    content[-1] ^= 1
    (copies / file).write_bytes(content)
    with pytest.raises(DamagedData, match=rf"{file} is damaged: SHA-256 \w+, expected \w+; reinstall the package"):
        source.load()
    (copies / file).unlink()
    with pytest.raises(DamagedData, match=f"{file} cannot be read"):
        source.load()


def test_a_map_of_another_dtype_is_refused(copies: Path) -> None:
    np.save(copies / "digits-tsne.npy", np.zeros((3, 2)))
    sha256 = hashlib.sha256((copies / "digits-tsne.npy").read_bytes()).hexdigest()
    with pytest.raises(DamagedData, match="holds float64 instead of uint16"):
        axes.load_tsne("digits", sha256=sha256)
