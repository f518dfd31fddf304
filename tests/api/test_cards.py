"""Cards over HTTP: everything that a person asks before using a dataset, and it is true."""

import hashlib

import numpy as np
import pytest

from service.data.dataset import Dataset
from service.data.selection import Selection
from tests import made, sites


def test_all_cards_come_in_the_order_of_the_sources(live: sites.Site) -> None:
    answer = live.get("/v1/datasets").json
    assert [card["name"] for card in answer["datasets"]] == ["mnist", "digits"]
    for card in answer["datasets"]:
        assert card == live.get(f"/v1/datasets/{card['name']}").json


@pytest.mark.parametrize("name", ["mnist", "digits"])
def test_a_card_tells_what_the_data_are(live: sites.Site, real: dict[str, Dataset], name: str) -> None:
    data, card = real[name], live.get(f"/v1/datasets/{name}").json
    assert card["count"] == len(data.labels)
    assert card["image_shape"] == list(data.images.shape[1:])
    assert (card["dtype"], card["range"]) == ("uint8", [0, int(data.images.max())])
    assert (card["rev"], card["digest"]) == (data.rev, data.digest)
    content = data.images.tobytes() + data.labels.astype(np.uint8).tobytes()
    assert card["digest"] == hashlib.sha256(content).hexdigest()
    assert card["classes"] == [str(digit) for digit in range(10)]
    assert card["feature_names"][:2] == ["pixel_0_0", "pixel_0_1"]
    assert len(card["feature_names"]) == data.images[0].size
    assert card["licence"]["name"] == data.card.licence.name
    for told in (
        "title",
        "summary",
        "description",
        "citation",
        "intended_uses",
        "limitations",
        "sources",
        "loaders",
        "creators",
    ):
        assert card[told]


@pytest.mark.parametrize("name", ["mnist", "digits"])
def test_the_digests_of_every_split_are_those_of_its_arrays(
    live: sites.Site, real: dict[str, Dataset], name: str
) -> None:
    for split, card in live.get(f"/v1/datasets/{name}").json["splits"].items():
        selection = Selection.of(real[name].split(split))
        assert card["count"] == len(selection)
        assert card["shape"] == list(selection.images.shape)
        assert card["digests"]["images"] == hashlib.sha256(selection.images.tobytes()).hexdigest()
        assert card["digests"]["labels"] == hashlib.sha256(selection.labels.astype(np.uint8).tobytes()).hexdigest()
        assert sum(card["labels"].values()) == card["count"]
        served = live.get(f"/v1/datasets/{name}/{split}").json
        assert {**served, "links": None} == {**card, "links": None}


def test_the_card_of_mnist_tells_what_keras_documents(live: sites.Site) -> None:
    card = live.get("/v1/datasets/mnist").json
    assert {name: split["count"] for name, split in card["splits"].items()} == {
        "train": 60_000,
        "test": 10_000,
        "all": 70_000,
    }
    loader = next(loader for loader in card["loaders"] if loader["library"] == "Keras")
    assert {one["name"]: (one["shape"], one["dtype"]) for one in loader["returns"]} == {
        "x_train": ([60_000, 28, 28], "uint8"),
        "y_train": ([60_000], "uint8"),
        "x_test": ([10_000, 28, 28], "uint8"),
        "y_test": ([10_000], "uint8"),
    }
    assert card["standard"]["split"] == "train"
    assert card["standard"]["mean"] == pytest.approx(0.1306604763, abs=5e-11)


def test_the_card_of_the_digits_tells_what_scikit_learn_documents(live: sites.Site, digits: Dataset) -> None:
    card = live.get("/v1/datasets/digits").json
    assert list(card["splits"]) == ["all"]
    assert card["target_names"] == list(range(10))
    assert card["notes"] == digits.notes
    assert ".. _digits_dataset:" in card["notes"]


@pytest.mark.parametrize("path", ["", "/train", "/test", "/all"])
def test_every_link_of_a_card_leads_somewhere_and_pins_the_revision(site: sites.Site, tiny: Dataset, path: str) -> None:
    links = site.get(f"/v1/datasets/made{path}").json["links"]
    for relation, link in links.items():
        assert site.get(link).status == 200, relation
        assert link == "/v1/datasets" or link.endswith(f"rev={tiny.rev}")


def test_a_card_links_to_the_licence(live: sites.Site) -> None:
    for path in ("mnist", "mnist/test"):
        answer = live.get(f"/v1/datasets/{path}")
        assert answer["Link"] == '<https://creativecommons.org/licenses/by-sa/3.0/>; rel="license"'


def test_names_of_classes_need_not_be_digits(site: sites.Site, tiny: Dataset) -> None:
    card = site.get("/v1/datasets/made").json
    assert card["classes"] == list(made.CLASSES)
    assert card["splits"]["test"]["labels"]["dog"] == 0
    assert card["notes"] == tiny.notes == "Made for tests."
