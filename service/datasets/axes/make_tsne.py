"""Makes the map by t-SNE of each dataset that is loaded without one (`make tsne`). Needs openTSNE, unlike the service.

The nearest neighbours are exact and the seed is fixed, but floating-point sums depend on the machine, and t-SNE
amplifies their differences: another machine makes another map of the same kind. So the files are kept and pinned.
Those of MNIST and digits were made with openTSNE 1.0.4, scikit-learn 1.9.1, NumPy 2.4.6 and Python 3.11 on x86-64.

Sources: L. van der Maaten, G. Hinton: Visualizing Data using t-SNE. JMLR 9:2579-2605, 2008; P. Poličar, M. Stražar,
B. Zupan: openTSNE: A Modular Python Library for t-SNE Dimensionality Reduction and Embedding. JSS 109(3), 2024.
"""

from pathlib import Path

import numpy as np
import openTSNE  # type: ignore[import-not-found] # in an environment of its own
from numpy.typing import NDArray
from openTSNE.affinity import PerplexityBasedNN  # type: ignore[import-not-found]
from openTSNE.initialization import rescale  # type: ignore[import-not-found]
from openTSNE.nearest_neighbors import PrecomputedNeighbors  # type: ignore[import-not-found]
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from service.data.axes import LONGEST
from service.data.dataset import Dataset
from service.datasets import SOURCES

COMPONENTS = 50
"""Principal components from which distances are computed, as L. van der Maaten and G. Hinton did for MNIST."""

PERPLEXITY = 30
"""About how many neighbours attract a sample; three times as many are looked at."""

SEED = 0
"""Nothing is drawn at random but what openTSNE may draw."""


def embed(dataset: Dataset) -> NDArray[np.float64]:
    """The t-SNE of all samples of a dataset, float64 `(n, 2)`: initialized with their principal components."""
    flat = dataset.images.reshape(len(dataset.images), -1) / dataset.card.peak
    components = PCA(min(COMPONENTS, dataset.card.pixels), svd_solver="covariance_eigh").fit_transform(flat)
    # A sample is its own nearest neighbour, or at distance 0 from it: leave it out.
    distances, near = NearestNeighbors(algorithm="brute").fit(components).kneighbors(n_neighbors=3 * PERPLEXITY)
    affinities = PerplexityBasedNN(knn_index=PrecomputedNeighbors(near, distances), perplexity=PERPLEXITY, n_jobs=-1)
    tsne = openTSNE.TSNE(random_state=SEED, n_jobs=-1, verbose=True)
    return np.asarray(tsne.fit(affinities=affinities, initialization=rescale(components[:, :2], inplace=False)))


def quantize(places: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Coordinates as integers: the smallest become 0, and the longer side of the map `LONGEST`."""
    least = places.min(axis=0)
    scale = LONGEST / float((places - least).max())
    quantized: NDArray[np.uint16] = np.rint((places - least) * scale).astype(np.uint16)
    return quantized


if __name__ == "__main__":
    for source in SOURCES:
        data = source.load()
        if data.tsne is None:
            np.save(Path(__file__).parent / f"{data.card.name}-tsne.npy", quantize(embed(data)), allow_pickle=False)
