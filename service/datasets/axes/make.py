"""Makes the axes anew, by scikit-learn's PCA of each dataset's reference split (`make axes`)."""

import json
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA

from service.data.dataset import Dataset
from service.data.projection import UNIT
from service.data.selection import Selection
from service.datasets import SOURCES


def made(dataset: Dataset) -> str:
    """The first two principal components of a dataset as JSON; signs are scikit-learn's, which fixes them."""
    card = dataset.card
    images = Selection.of(dataset, card.reference).images.reshape(-1, card.pixels)
    pca = PCA(2, svd_solver="covariance_eigh").fit(images.astype(np.float64))
    directions = np.rint(pca.components_ * UNIT).astype(np.int64)
    total = images.sum(axis=0, dtype=np.int64)
    facts = {
        "split": card.reference,
        "explained": [round(float(share), 6) for share in pca.explained_variance_ratio_],
        "centre": [round(int(direction @ total) / len(images)) for direction in directions],
        "directions": directions.tolist(),
    }
    return json.dumps(facts, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    for source in SOURCES:
        (Path(__file__).parent / f"{source.card.name}.json").write_text(made(source.load()))
