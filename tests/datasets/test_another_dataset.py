"""Another dataset (Fashion-MNIST, say) is one Source, and everything works for it over HTTP."""

import hashlib
from pathlib import Path

import numpy as np

from service.app import create_app
from service.settings import Settings
from tests import readers, sites
from tests.datasets.test_idx import CLOTHES, make_fashion


def test_another_dataset_is_one_source_and_everything_works_over_http(tmp_path: Path) -> None:
    source, images, labels = make_fashion(tmp_path)
    base = "/v1/datasets/fashion"
    with sites.serving(create_app(Settings(), [source])) as site:
        card = site.get(base).json
        assert (card["title"], card["count"], card["image_shape"]) == ("Fashion-MNIST", 70, [28, 28])
        assert card["classes"] == list(CLOTHES)
        assert card["splits"]["test"]["count"] == 20
        assert card["digest"] == hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
        counted = site.get(f"{base}/train/labels").json["labels"]
        assert {one["name"]: one["count"] for one in counted} == {
            name: int((labels[:50] == label).sum()) for label, name in enumerate(CLOTHES)
        }
        index, label, pixels = readers.with_pandas_csv(site.get(f"{base}/test/rows?format=csv&limit=20").body)
        assert index is not None
        assert label is not None
        assert index.tolist() == list(range(20))
        assert label.tolist() == labels[50:].tolist()
        assert pixels.astype(np.uint8).tobytes() == images[50:].tobytes()
        for suffix, reader in (("parquet", readers.with_pandas_parquet), ("npz", readers.with_numpy_archive)):
            assert reader(site.get(f"{base}/all.{suffix}").body)[2].tobytes() == images.tobytes()
        assert site.get(f"{base}/train/samples/49.png")["Content-Type"] == "image/png"
        assert site.get(f"{base}/train/statistics").json["num_examples"] == 50
        assert site.get("/v1/datasets/mnist").status == 404
