"""What endpoints depend on: names in a path become values, or a sentence that lists the known ones."""

import pytest

from service.api.dependencies import find_catalog, find_dataset, find_settings, find_split
from service.data.catalog import Catalog
from service.data.dataset import Dataset
from service.errors import Unknown
from service.http.request import ApiRequest
from service.settings import Settings


@pytest.fixture
def request_with_data(tiny: Dataset, digits: Dataset) -> ApiRequest:
    """A request to an application that serves two datasets."""
    state = {"catalog": Catalog({"made": tiny, "digits": digits}), "settings": Settings(text_limit=7)}
    return ApiRequest({"type": "http", "method": "GET", "path": "/", "headers": [], "state": state})


def test_a_request_finds_what_the_application_loaded(request_with_data: ApiRequest, tiny: Dataset) -> None:
    assert find_catalog(request_with_data)["made"] is tiny
    assert find_settings(request_with_data).text_limit == 7


def test_names_in_a_path_are_a_dataset_and_a_split(request_with_data: ApiRequest, tiny: Dataset) -> None:
    assert find_dataset(request_with_data, "made") is tiny
    for name in ("train", "test", "all"):
        assert find_split(request_with_data, "made", name) is tiny.split(name)


@pytest.mark.parametrize("name", ["", "Made", "made ", "mnist", "../made", "x" * 1_000])
def test_an_unknown_dataset_is_told_with_the_known_ones(request_with_data: ApiRequest, name: str) -> None:
    for ask in (
        lambda: find_dataset(request_with_data, name),
        lambda: find_split(request_with_data, name, "no such split either"),
    ):
        with pytest.raises(Unknown, match=r"no dataset '.*ask for one of made, digits") as error:
            ask()
        assert len(str(error.value)) < 200


@pytest.mark.parametrize(("dataset", "known"), [("made", "train, test, all"), ("digits", "all")])
@pytest.mark.parametrize("name", ["", "Train", "validation"])
def test_an_unknown_split_is_told_with_the_known_ones(
    request_with_data: ApiRequest, dataset: str, known: str, name: str
) -> None:
    with pytest.raises(Unknown, match=f"no split '{name}' in {dataset}; ask for one of {known}"):
        find_split(request_with_data, dataset, name)
