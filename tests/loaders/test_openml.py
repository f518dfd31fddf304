"""openml-python and scikit-learn get `mnist_784` and the digits by their recipes."""

from pathlib import Path

import numpy as np
import openml
import pytest
from sklearn.datasets import _openml as scikit_learn

from tests.loaders.access_log import AccessLog
from tests.loaders.originals import Originals, Samples, join
from tests.loaders.recipes import run_recipe

API = "/mirrors/openml/api/v1/xml"


@pytest.fixture(autouse=True)
def _point_here(url: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openml.config, "server", url + API)
    openml.config.set_root_cache_directory(str(home / "openml"))


def test_openml_python_gets_mnist_in_four_requests(url: str, originals: Originals, access_log: AccessLog) -> None:
    names = run_recipe(url, "openml", "openml-python 0.15")
    images, labels = names["table"].to_numpy(), names["labels"].astype(int).to_numpy()
    assert (
        Samples(images.reshape(-1, 28, 28), labels.astype(np.uint8)).digest
        == join(originals.train, originals.test).digest
    )
    asked = [(one.method, one.path) for one in access_log.read() if one.path != "/mirrors"]
    assert [path.rpartition("/")[2] for _, path in asked] == ["0", "554", "dataset_554.pq", "dataset_554.pq"]
    assert [method for method, _ in asked] == ["GET", "GET", "HEAD", "GET"]


def test_openml_python_gets_the_digits_with_features_and_qualities(originals: Originals) -> None:
    dataset = openml.datasets.get_dataset(
        1_000_001, download_data=True, download_features_meta_data=True, download_qualities=True
    )
    table, labels, categorical, _ = dataset.get_data(target="class")
    assert not any(categorical)
    samples = Samples(table.to_numpy().reshape(-1, 8, 8), labels.astype(int).to_numpy().astype(np.uint8))
    assert samples.digest == originals.digits.digest
    assert dataset.features[64].nominal_values == list("0123456789")
    assert dataset.qualities["NumberOfInstances"] == 1_797


def test_openml_python_tells_what_is_missing() -> None:
    with pytest.raises(openml.exceptions.OpenMLServerException, match="Unknown dataset"):
        openml.datasets.get_dataset(28)
    assert list(openml.datasets.list_datasets(output_format="dataframe")["name"]) == ["mnist_784", "digits"]


@pytest.mark.parametrize("where", ["any program", "one program"])
def test_scikit_learn_gets_mnist(
    url: str, originals: Originals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("_SEARCH_NAME", "_DATA_INFO", "_DATA_FEATURES", "_DATA_QUALITIES"):
        monkeypatch.setattr(scikit_learn, name, getattr(scikit_learn, name))  # put back after the recipe
    releases = "1.7 to 1.9" if where == "any program" else "1.0 to 1.9"
    names = run_recipe(url, "openml", f"scikit-learn {releases}, fetch_openml in {where}")
    samples = Samples(names["images"].reshape(-1, 28, 28).astype(np.uint8), names["labels"].astype(np.uint8))
    assert samples.digest == join(originals.train, originals.test).digest
