"""mlcroissant validates the documents, and reads the records that they describe."""

import json
import logging
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import mlcroissant
import numpy as np
import pytest

from tests.loaders.access_log import AccessLog, Request
from tests.loaders.originals import Originals, Samples

ROOT = "/mirrors/croissant"

pytestmark = [
    # rdflib, which mlcroissant reads JSON-LD with, warns about a class of its own,
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning"),
    # and pandas about how mlcroissant calls it.
    pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.reset_index is deprecated"),
]


def list_recipes(url: str, language: str) -> list[str]:
    """The recipes in a language as they stand on the page."""
    with urlopen(f"{url}/mirrors") as answer:
        mirrors = json.load(answer)["mirrors"]
    recipes = next(one["recipes"] for one in mirrors if one["name"] == "croissant")
    return [one["code"] for one in recipes if one["language"] == language]


@pytest.mark.parametrize("name", ["mnist", "digits"])
def test_the_documents_have_neither_errors_nor_warnings(url: str, name: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        metadata = mlcroissant.Dataset(f"{url}{ROOT}/{name}.json").metadata
    assert caplog.messages == []
    assert metadata.ctx.issues.errors == metadata.ctx.issues.warnings == set()
    assert metadata.name == name
    assert metadata.license[0].startswith("https://creativecommons.org/licenses/")
    assert metadata.cite_as
    assert metadata.creators
    assert metadata.date_published.year == 1998


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_pictures_of_mnist_are_the_originals(
    url: str, split: str, originals: Originals, access_log: AccessLog
) -> None:
    dataset = mlcroissant.Dataset(f"{url}{ROOT}/mnist.json")
    records = list(dataset.records(split))
    images = np.stack([np.asarray(record[f"{split}/image"]) for record in records])
    labels = np.array([record[f"{split}/label"] for record in records])
    assert Samples(images, labels).digest == getattr(originals, split).digest
    file = next(one for one in dataset.metadata.file_objects if one.name.startswith(split))
    asked = access_log.read()
    assert asked[0] == Request("GET", f"{ROOT}/mnist.json", 200)
    assert asked[1:] in ([], [Request("GET", file.content_url.removeprefix(url), 200)])  # [] if it was kept


def test_the_numbers_of_digits_are_the_originals(url: str, originals: Originals) -> None:
    records = list(mlcroissant.Dataset(f"{url}{ROOT}/digits.json").records("all"))
    images = np.array([record["all/pixels"] for record in records])
    labels = np.array([record["all/label"] for record in records])
    assert Samples(images, labels).digest == originals.digits.digest


def test_classes_and_splits_are_records_too(url: str) -> None:
    dataset = mlcroissant.Dataset(f"{url}{ROOT}/mnist.json")
    assert list(dataset.records("classes")) == [{"classes/label": n, "classes/name": str(n)} for n in range(10)]
    assert list(dataset.records("splits")) == [{"splits/name": "train"}, {"splits/name": "test"}]


def test_a_file_of_another_content_is_refused(url: str) -> None:
    with urlopen(f"{url}{ROOT}/digits.json") as answer:
        document: dict[str, Any] = json.load(answer)
    document["distribution"][0]["sha256"] = 64 * "0"
    with pytest.raises(Exception, match="Download") as raised:
        list(mlcroissant.Dataset(document).records("all"))
    assert "not identical with the reference" in str(raised.value.__cause__)


def test_the_recipes_in_python_give_the_originals(url: str, originals: Originals) -> None:
    found = []
    for code in list_recipes(url, "python"):
        names: dict[str, Any] = {}
        exec(code, names)  # noqa: S102 - our own code
        found.append(Samples(names["images"], names["labels"]).digest)
    assert found == [originals.test.digest, originals.digits.digest]


def test_the_commands_of_the_recipes_succeed(url: str) -> None:
    recipes = list_recipes(url, "shell")
    assert len(recipes) == 2
    for code in recipes:
        program, *arguments = shlex.split(code)
        command = [str(Path(sys.executable).with_name(program)), *arguments]
        ended = subprocess.run(command, capture_output=True, text=True, check=True)
        assert "Done." in ended.stdout + ended.stderr
        assert "WARNING" not in ended.stderr.upper()
