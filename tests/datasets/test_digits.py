"""The digits against scikit-learn's own function, which the service does without."""

import gzip
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.datasets

from service.data.dataset import Dataset
from service.datasets.digits import load_digits
from service.errors import DamagedData


@pytest.fixture(scope="module")
def original() -> Any:  # noqa: ANN401 - scikit-learn ships no types
    return sklearn.datasets.load_digits()


def test_every_array_is_load_digits_own(digits: Dataset, original: Any) -> None:  # noqa: ANN401
    assert np.array_equal(digits.images, original.images)
    assert np.array_equal(digits.images.reshape(1_797, 64), original.data)
    assert np.array_equal(digits.labels, original.target)


def test_names_and_description_are_load_digits_own(digits: Dataset, original: Any) -> None:  # noqa: ANN401
    assert list(digits.card.feature_names) == original.feature_names
    assert list(range(len(digits.card.classes))) == original.target_names.tolist()
    assert digits.notes == original.DESCR


def test_the_card_tells_what_load_digits_returns(digits: Dataset, original: Any) -> None:  # noqa: ANN401
    returns = {one.name: one for one in digits.card.loaders[0].returns}
    for name in ("data", "target", "images", "target_names"):
        array = original[name]
        assert (returns[name].shape, returns[name].dtype) == (array.shape, array.dtype.name)
        assert returns[name].range == (array.min(), array.max())
    assert returns["feature_names"].shape == (len(original.feature_names),)
    assert {*returns} == {*original} - {"frame"}


def test_there_are_as_many_of_each_digit_as_the_original_has(digits: Dataset) -> None:
    assert np.bincount(digits.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_without_scikit_learn_the_message_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(DamagedData, match="digits, is not installed; reinstall"):
        load_digits()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read .*digits.csv.gz"),
        (b"no gzip", "cannot be read"),
        (gzip.compress(b"1,2,3\n4,5\n"), "cannot be read"),
        (gzip.compress(b"0," * 64 + b"0\n"), r"expected images \(1797, 8, 8\)"),
        (gzip.compress((b"0," * 64 + b"0\n") * 1_797), "content has SHA-256 .* expected"),
    ],
    ids=["missing", "no gzip", "ragged", "too short", "other values"],
)
def test_damage_to_scikit_learns_file_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, sentence: str
) -> None:
    folder = tmp_path / "sklearn" / "datasets"
    (folder / "data").mkdir(parents=True)
    (folder / "descr").mkdir()
    (tmp_path / "sklearn" / "__init__.py").touch()
    (folder / "descr" / "digits.rst").write_text("description")
    if content is not None:
        (folder / "data" / "digits.csv.gz").write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sklearn")
    with pytest.raises(DamagedData, match=sentence):
        load_digits()
