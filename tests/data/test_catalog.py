import hashlib

import pytest

from service.data.catalog import Catalog
from service.data.dataset import Dataset
from service.errors import Unknown


def test_a_catalog_gives_datasets_by_name_and_names_those_it_has(tiny: Dataset, digits: Dataset) -> None:
    catalog = Catalog({"made": tiny, "digits": digits})
    assert catalog["made"] is tiny
    assert list(catalog) == [tiny, digits]
    with pytest.raises(Unknown, match="no dataset 'iris'; ask for one of made, digits"):
        catalog["iris"]


def test_the_digest_of_all_depends_on_every_one_and_on_their_order(tiny: Dataset, digits: Dataset) -> None:
    catalog = Catalog({"made": tiny, "digits": digits})
    assert catalog.digest == hashlib.sha256((tiny.digest + digits.digest).encode()).hexdigest()
    assert catalog.rev == catalog.digest[:12]
    assert len({catalog.digest, Catalog({"made": tiny}).digest, Catalog({"d": digits, "m": tiny}).digest}) == 3
