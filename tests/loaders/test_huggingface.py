"""Hugging Face's libraries and command, pointed here by HF_ENDPOINT alone: datasets, huggingface_hub, pandas, polars.

This module also runs with older generations of datasets. They read the environment when they are imported, so every
test starts a program of its own.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from shutil import which
from typing import Any
from urllib.request import urlopen

import pytest

from tests.loaders.access_log import AccessLog
from tests.loaders.guard import sitecustomize
from tests.loaders.originals import Originals, join
from tests.processes import ROOT

HUB = "/mirrors/huggingface"

RECIPES = "/mirrors"
"""Where the page with the recipes is."""

COMMIT = "77f3279092a1c1579b2250db8eafed0ad422088c"

DIGITS_DIGEST = "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"
"""The SHA-256 of the digits, for environments without scikit-learn; a test of the service compares it with that."""

GENERATION = int(version("datasets").partition(".")[0])

TOLD = """
import json, os
import numpy as np
from tests.loaders.originals import hash_samples

def restore(pictures, peak):
    return np.rint(np.stack([np.asarray(picture) for picture in pictures]) * (peak / 255))

def hash_split(split, peak=255):
    return hash_samples(restore(split["image"], peak), split["label"])

def hash_stream(split, peak=255):
    samples = list(split)
    return hash_samples(restore([one["image"] for one in samples], peak), [one["label"] for one in samples])

def name_error(function, *arguments, **options):
    try:
        function(*arguments, **options)
    except Exception as error:
        return [one.__name__ for one in type(error).__mro__]
    return []

def tell(value):
    print("told", json.dumps(value))
"""
"""What the programs use: pixels of pictures, intensities again, and a line for this test."""


@pytest.fixture(autouse=True)
def dataset_viewer(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lets datasets ask for the host of the Hub's viewer, whose name it makes of the endpoint; it does without."""
    attempts = home / "attempts-of-programs"
    monkeypatch.setenv(sitecustomize.ATTEMPTS, str(attempts))
    yield
    tried = attempts.read_text().splitlines() if attempts.exists() else []
    assert {line.rpartition(" ")[2] for line in tried} <= {"datasets-server.127.0.0.1"}


def run(url: str, command: list[str], folder: Path) -> str:
    """What a command prints, with the service as its Hub."""
    paths = os.pathsep.join([str(ROOT), os.environ["PYTHONPATH"]])
    environment = {**os.environ, "HF_ENDPOINT": url + HUB, "PYTHONPATH": paths}
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=110, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def tell(url: str, folder: Path, code: str) -> Any:
    """What a program tells."""
    output = run(url, [sys.executable, "-c", TOLD + code], folder)
    return json.loads(next(line[5:] for line in output.splitlines() if line.startswith("told ")))


def find_recipe(url: str, client: str) -> str:
    """The code of a recipe as it stands on the page."""
    with urlopen(url + RECIPES) as answer:
        mirrors = json.load(answer)["mirrors"]
    recipes = next(one["recipes"] for one in mirrors if one["name"] == "huggingface")
    return str(next(one["code"] for one in recipes if one["client"] == client)) + "\n"


def expect_mnist(originals: Originals) -> list[str]:
    return [originals.train.digest, originals.test.digest]


def test_load_dataset_reads_all_samples(url: str, tmp_path: Path, originals: Originals, access_log: AccessLog) -> None:
    check = """
tell([hash_split(mnist["train"]), hash_split(mnist["test"]), hash_split(digits["train"], 16),
      list(mnist), list(digits), mnist["test"].features["label"].names, mnist["train"][0]["image"].mode])
"""
    *found, names, splits, labels, mode = tell(url, tmp_path, find_recipe(url, "datasets") + check)
    assert found == [*expect_mnist(originals), DIGITS_DIGEST]
    assert (names, splits) == (["train", "test"], ["train"])
    assert (labels, mode) == ([str(digit) for digit in range(10)], "L")
    asked = [one.path for one in access_log.read()]
    assert all(path.startswith(f"{HUB}/") for path in asked if path != RECIPES)


def test_load_dataset_streams_all_samples(
    url: str, tmp_path: Path, originals: Originals, access_log: AccessLog
) -> None:
    check = """
tell([hash_stream(load_dataset("ylecun/mnist", split=one, streaming=True)) for one in ("train", "test")]
     + [hash_stream(load_dataset("scikit-learn/digits", split="train", streaming=True), 16)])
"""
    found = tell(url, tmp_path, find_recipe(url, "datasets, streaming") + check)
    assert found == [*expect_mnist(originals), DIGITS_DIGEST]
    assert {one.status for one in access_log.read() if one.path.endswith(".parquet")} == {206}


@pytest.mark.skipif(GENERATION >= 5, reason="datasets 5 takes names with an owner only")
def test_old_names_are_known(url: str, tmp_path: Path, originals: Originals) -> None:
    check = """
from datasets import load_dataset
tell([hash_split(load_dataset("mnist", split="test")), hash_split(load_dataset("digits", split="train"), 16)])
"""
    assert tell(url, tmp_path, check) == [originals.test.digest, DIGITS_DIGEST]


def test_a_pinned_commit_and_a_part_of_a_split_are_read(url: str, tmp_path: Path, originals: Originals) -> None:
    check = f"""
from datasets import load_dataset
tell(hash_split(load_dataset("ylecun/mnist", "mnist", split="test[100:200]", revision="{COMMIT}")))
"""
    assert tell(url, tmp_path, check) == originals.test[100:200].digest


def test_splits_and_features_are_known_without_a_download(url: str, tmp_path: Path, access_log: AccessLog) -> None:
    check = """
from datasets import get_dataset_config_names, get_dataset_split_names, load_dataset_builder
tell([get_dataset_config_names("ylecun/mnist"), get_dataset_split_names("ylecun/mnist"),
      get_dataset_split_names("scikit-learn/digits"), list(load_dataset_builder("ylecun/mnist").info.features)])
"""
    assert tell(url, tmp_path, check) == [["mnist"], ["train", "test"], ["train"], ["image", "label"]]
    assert not [one for one in access_log.read() if one.path.endswith(".parquet")]


def test_what_is_missing_raises_the_errors_of_datasets(url: str, tmp_path: Path) -> None:
    check = """
from datasets import load_dataset
tell([name_error(load_dataset, "no/no"), name_error(load_dataset, "ylecun/mnist", revision="none")])
"""
    expected = "DatasetNotFoundError" if GENERATION > 2 else "FileNotFoundError"  # so before release 2.15
    for found in tell(url, tmp_path, check):
        assert expected in found


def test_huggingface_hub_downloads_what_the_tree_tells(url: str, tmp_path: Path) -> None:
    check = """
import hashlib
from pathlib import Path
from huggingface_hub import HfApi

wrong = [name for root, repo in ((folder, "ylecun/mnist"), (Path(file).parents[1], "scikit-learn/digits"))
         for one in HfApi().dataset_info(repo, files_metadata=True).siblings if one.lfs
         for name in [one.rfilename]
         if hashlib.sha256((Path(root) / name).read_bytes()).hexdigest() != one.lfs["sha256"]]
tell([wrong, sorted(one.relative_to(folder).as_posix() for one in Path(folder).rglob("*.*")), Path(folder).name])
"""
    found = tell(url, tmp_path, find_recipe(url, "huggingface_hub") + check)
    files = ["README.md", "mnist/test-00000-of-00001.parquet", "mnist/train-00000-of-00001.parquet"]
    assert found == [[], files, COMMIT]


def test_what_is_missing_raises_the_errors_of_huggingface_hub(url: str, tmp_path: Path) -> None:
    check = """
from huggingface_hub import HfApi, hf_hub_download

def download(repo, file, revision=None):
    return name_error(hf_hub_download, repo, file, revision=revision, repo_type="dataset")

tell([download("no/no", "README.md"), name_error(hf_hub_download, "ylecun/mnist", "README.md"),
      name_error(HfApi().dataset_info, "no/no"),
      download("mnist", "README.md", "none"), download("mnist", "README.md", "refs/convert/parquet"),
      name_error(HfApi().dataset_info, "ylecun/mnist", revision="refs/pr/1"),
      download("mnist", "none.txt"), download("mnist", "none/none.txt")])
"""
    errors = ["RepositoryNotFoundError"] * 3 + ["RevisionNotFoundError"] * 3 + ["EntryNotFoundError"] * 2
    for error, found in zip(errors, tell(url, tmp_path, check), strict=True):
        assert error in found


def test_the_api_of_huggingface_hub_is_answered(url: str, tmp_path: Path) -> None:
    check = """
from huggingface_hub import HfApi

api, mnist = HfApi(), {"repo_id": "ylecun/mnist", "repo_type": "dataset"}
tell([api.list_repo_refs(**mnist).branches[0].target_commit,
      [one.commit_id for one in api.list_repo_commits(**mnist)], api.repo_exists(**mnist),
      api.repo_exists("no/no", repo_type="dataset"), api.file_exists(**mnist, filename="README.md"),
      api.file_exists(**mnist, filename="none")])
"""
    branch, history, *exist = tell(url, tmp_path, check)
    assert (branch, history) == (COMMIT, [COMMIT])
    assert exist == [True, False, True, False]


@pytest.mark.skipif(GENERATION == 2, reason="these methods came with huggingface_hub 0.20")
def test_trees_and_paths_are_told_with_their_commits(url: str, tmp_path: Path) -> None:
    check = """
from huggingface_hub import HfApi

api, mnist = HfApi(), {"repo_id": "ylecun/mnist", "repo_type": "dataset"}
paths = api.get_paths_info(**mnist, paths=["README.md", "none", "mnist"], expand=True)
tree = list(api.list_repo_tree(**mnist, recursive=True, expand=True))
tell([[one.path for one in found] for found in (paths, tree)] + [[one.last_commit.oid for one in (*paths, *tree)],
      name_error(lambda: list(api.list_repo_tree(**mnist, path_in_repo="none/none")))])
"""
    paths, tree, commits, error = tell(url, tmp_path, check)
    assert sorted(paths) == ["README.md", "mnist"]
    assert set(paths) < set(tree)
    assert len(tree) == 4
    assert set(commits) == {COMMIT}
    assert "EntryNotFoundError" in error


def test_the_file_system_finds_files_and_tells_what_is_missing(url: str, tmp_path: Path) -> None:
    check = """
place = "datasets/ylecun/mnist"
tell([files.glob(place + "/**/*.parquet"), readme[:3], files.info(place + "/README.md")["type"],
      files.info(place + "/mnist")["type"], files.exists(place + "/none"), files.exists("datasets/no/no/README.md"),
      name_error(files.read_bytes, place + "/none")])
"""
    shards, readme, file, folder, *exist, error = tell(url, tmp_path, find_recipe(url, "HfFileSystem") + check)
    assert [one.rpartition("/")[2][:5] for one in shards] == ["test-", "train"]
    assert (readme, file, folder, exist) == ("---", "file", "directory", [False, False])
    assert ("FileNotFoundError" if GENERATION > 2 else "EntryNotFoundError") in error


def test_pandas_reads_the_address_of_the_hub(url: str, tmp_path: Path, originals: Originals) -> None:
    found = tell(url, tmp_path, find_recipe(url, "pandas, hf://") + "tell(hash_samples(images, labels))")
    assert found == originals.train.digest


def test_polars_reads_a_file_by_its_url(url: str, tmp_path: Path, originals: Originals) -> None:
    pytest.importorskip("polars")
    check = """
import io
from PIL import Image
pictures = [Image.open(io.BytesIO(one["bytes"])) for one in train["image"]]
tell([hash_samples(restore(pictures, 255), train["label"].to_numpy()), labels["label"].to_list()])
"""
    digest, labels = tell(url, tmp_path, find_recipe(url, "polars, a file of the Hub") + check)
    assert digest == originals.train.digest
    assert labels == originals.test.labels.tolist()


def test_the_command_downloads_and_verifies(url: str, tmp_path: Path) -> None:
    command = which("hf", path=Path(sys.executable).parent)
    if command is None:
        pytest.skip("the command is of huggingface_hub 0.34 and later")
    code = find_recipe(url, "hf, the command").replace("\nhf ", f"\n{command} ")
    run(url, ["/bin/sh", "-ec", code], tmp_path)
    files = {one.relative_to(tmp_path).as_posix() for one in tmp_path.rglob("*.*") if ".cache" not in one.parts}
    assert files == {
        "mnist/README.md",
        "mnist/mnist/train-00000-of-00001.parquet",
        "mnist/mnist/test-00000-of-00001.parquet",
        "digits/README.md",
        "digits/digits/train-00000-of-00001.parquet",
    }
    if "cache verify" in run(url, [command, "cache", "--help"], tmp_path):
        options = ["--repo-type", "dataset", "ylecun/mnist", "--local-dir", "mnist"]
        assert "match" in run(url, [command, "cache", "verify", *options], tmp_path)


def test_the_digest_of_digits_is_that_of_scikit_learn(originals: Originals) -> None:
    pytest.importorskip("sklearn")
    assert originals.digits.digest == DIGITS_DIGEST
    assert join(originals.train, originals.test).digest.startswith("c2069063c110")
