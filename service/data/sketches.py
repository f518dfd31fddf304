"""Sketches: a short vector for each image of a dataset, which bounds the distance of any two images from below.

An image b, flattened, has the coordinates p = Pᵀb along a few directions P, and the remainder r = √(|b|² - |p|²). If no
vector grows under Pᵀ, I - PPᵀ has no negative eigenvalue, and the inequality of Cauchy and Schwarz holds for it:
a·b - p(a)·p(b) ≤ r(a)·r(b). So the product of two sketches (p, r) is at least that of the images, and

    |a - b|² = |a|² + |b|² - 2·a·b ≥ |a|² + |b|² - 2·sketch(a)·sketch(b)

for any such P. The bound is close if P has most of the images' lengths, as principal directions do.

With u = 2⁻²⁴, the unit roundoff of float32, n pixels and d directions, whatever the order of summation (N. J. Higham,
Accuracy and Stability of Numerical Algorithms, 3.1), and less terms of u²:

- a coordinate is wrong by at most n·u·|Pᵢ|·|b|, so that p is by η·|b|, η = √d·n·u, and p(a)·p(b) by (2η + η²)·|a|·|b|;
- r², computed in float64 from that p, is too small by at most (2η + η²)·|b|²;
- the product of two sketches is wrong by (d + 1)·u·|a|·|b|, and rounding P and r to float32 adds some √d·u to that.

What is added to r², `compute_slack` times |b|², is about twice the sum of all. An addition of s·|b|² raises the product
of two remainders by at least s·|a|·|b|, by the same inequality. So the bound holds for what is computed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.cancellation import checkpoint
from service.data.cache import compute_once, is_computed
from service.data.dataset import Dataset

DIRECTIONS = 47
"""Directions of a sketch, which has one number more: 192 bytes, three lines of a processor's cache."""

SAMPLE = 2_048
"""About how many images the directions are computed from."""

ROUNDS = 4
"""Rounds of orthogonal iteration: the directions then have 88.2 % of the squared lengths of MNIST, of 88.4 at best."""

BLOCK = 512
"""Images a block: widened to float32 they (1.6 MB of MNIST) stay within a processor's cache."""

NANOSECONDS = 4.0
"""Measured time for each pixel of all images."""


@dataclass(frozen=True, eq=False)
class Sketches:
    """The sketch of each image of a dataset, float32 `(n, d + 1)`, and |b|², int64 `(n,)`; all arrays are read-only.

    `directions` is float32 `(pixels, d)`.
    """

    directions: NDArray[np.float32]
    vectors: NDArray[np.float32]
    lengths: NDArray[np.int64]

    def bound_squares(self, span: range, own: NDArray[np.uint8]) -> NDArray[np.float64]:
        """For each image in `span` at most its squared distance to another image, float64: a little less, or far less.

        `own` is uint8 `(pixels,)`.
        """
        part = slice(span.start, span.stop)
        vectors, lengths = sketch(own.astype(np.float32)[None], self.directions)
        bounds: NDArray[np.float64] = self.lengths[part] + lengths - 2 * (self.vectors[part] @ vectors[0])
        return bounds


@compute_once
def compute_sketches(dataset: Dataset) -> Sketches:
    """The sketches of a dataset, which are stored."""
    images = dataset.images.reshape(len(dataset.images), -1)
    directions = find_directions(images[:: max(1, len(images) // SAMPLE)].astype(np.float32))
    vectors = np.empty((len(images), directions.shape[1] + 1), np.float32)
    lengths = np.empty(len(images), np.int64)
    for start in range(0, len(images), BLOCK):
        checkpoint()
        block = slice(start, start + BLOCK)
        vectors[block], lengths[block] = sketch(images[block].astype(np.float32), directions)
    for array in (directions, vectors, lengths):
        array.flags.writeable = False
    return Sketches(directions, vectors, lengths)


def sketches_cost(dataset: Dataset) -> float:
    """Estimated milliseconds that `compute_sketches` takes: 0 if they are stored."""
    if is_computed(compute_sketches, dataset):
        return 0.0
    return len(dataset.card.splits["all"]) * dataset.card.pixels * NANOSECONDS / 1e6


def find_directions(sample: NDArray[np.float32]) -> NDArray[np.float32]:
    """Nearly the principal directions of a sample of flattened images, not centred; float32 `(pixels, d)`.

    Orthogonal iteration from the first images takes a tenth of the time of an eigendecomposition.
    """
    moments = (sample.T @ sample).astype(np.float64)
    vectors = sample[:DIRECTIONS].T.astype(np.float64)
    for _ in range(ROUNDS):
        vectors = np.linalg.qr(moments @ vectors)[0]
    return contract(vectors)


def contract(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    """Vectors `(pixels, d)` divided by a bound of their norm, so that no image grows, whatever they are.

    The largest sum of absolute values in a row of PᵀP is at least |P|², and 1 if they are orthonormal.
    """
    norm = np.sqrt(np.abs(vectors.T @ vectors).sum(axis=1).max())
    return np.ascontiguousarray(vectors / norm, np.float32)


def sketch(
    images: NDArray[np.float32], directions: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Sketches of flattened images, float32 `(n, d + 1)`, and their |b|², float64 `(n,)`, exact."""
    coordinates = images @ directions
    lengths = np.einsum("ij,ij->i", images, images, dtype=np.float64)
    seen = np.einsum("ij,ij->i", coordinates, coordinates, dtype=np.float64)
    remainders = np.sqrt(lengths * (1 + compute_slack(*directions.shape)) - seen)
    return np.column_stack([coordinates, remainders.astype(np.float32)]), lengths


def compute_slack(pixels: int, directions: int) -> float:
    """What is added to r², as a share of |b|²: about twice what rounding can take away."""
    return float(8 * np.sqrt(directions) * (pixels + directions) * 2.0**-24)
