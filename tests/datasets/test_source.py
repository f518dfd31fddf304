import hashlib
from pathlib import Path

import pytest

from service.datasets.source import pinned_bytes
from service.errors import DamagedData


def test_the_pinned_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.gz"
    file.write_bytes(b"content")
    assert pinned_bytes(file, hashlib.sha256(b"content").hexdigest()) == b"content"


def test_another_file_is_damage_and_both_digests_are_named(tmp_path: Path) -> None:
    file = tmp_path / "a.gz"
    file.write_bytes(b"other")
    expected, found = (hashlib.sha256(content).hexdigest() for content in (b"content", b"other"))
    with pytest.raises(DamagedData, match=f"a.gz is damaged: SHA-256 {found}, expected {expected}; reinstall"):
        pinned_bytes(file, expected)


def test_a_missing_file_is_damage_and_is_named(tmp_path: Path) -> None:
    with pytest.raises(DamagedData, match=r"a\.gz cannot be read .No such file.*expected SHA-256 0f.*reinstall"):
        pinned_bytes(tmp_path / "a.gz", "0f")
    with pytest.raises(DamagedData, match="Is a directory"):
        pinned_bytes(tmp_path, "0f")
