"""The package `mnist` reads the original files, also as if they were still where they were published first."""

from pathlib import Path

import mnist
import pytest

from tests.loaders.access_log import AccessLog
from tests.loaders.originals import Originals, Samples

PUBLISHED = "http://yann.lecun.com/exdb/mnist/"
"""The address that the package has, and that has answered 403 and 503 for years."""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the files of a test in its own folder."""
    monkeypatch.setattr(mnist, "temporary_dir", lambda: tmp_path)


def load() -> list[Samples]:
    """Return the samples to train and to test with."""
    return [Samples(mnist.train_images(), mnist.train_labels()), Samples(mnist.test_images(), mnist.test_labels())]


@pytest.mark.parametrize("path", ["/mirrors/mnist/", "/exdb/mnist/"])
def test_the_arrays_are_the_originals(
    url: str, path: str, originals: Originals, monkeypatch: pytest.MonkeyPatch, access_log: AccessLog
) -> None:
    monkeypatch.setattr(mnist, "datasets_url", url + path)
    assert [one.digest for one in load()] == [originals.train.digest, originals.test.digest]
    asked = access_log.read()
    assert [(one.method, one.status) for one in asked] == [("GET", 200)] * 4
    assert {one.path.rpartition("/")[0] + "/" for one in asked} == {path}


def test_old_code_needs_no_change_if_the_service_is_its_proxy(
    url: str, originals: Originals, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mnist.datasets_url == PUBLISHED
    monkeypatch.setenv("http_proxy", url)
    monkeypatch.setattr("urllib.request._opener", None)  # has kept the proxies of the first request of this process
    assert [one.digest for one in load()] == [originals.train.digest, originals.test.digest]
