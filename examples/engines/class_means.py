"""What the three programs have in common: their arguments, sums by class, and what they print."""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CLASSES = 10


@dataclass(frozen=True, eq=False)
class ClassSums:
    """Samples of each class, int64 `(10,)`, and the sums of their pixels, int64 `(10, pixels)`. They can be added."""

    counts: NDArray[np.int64]
    sums: NDArray[np.int64]

    def __add__(self, other: "ClassSums") -> "ClassSums":
        """Return the sums of both."""
        return ClassSums(self.counts + other.counts, self.sums + other.sums)

    @property
    def means(self) -> NDArray[np.float64]:
        """The mean image of each class, float64 `(10, pixels)`; NaN where a class has no sample."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.sums / self.counts[:, np.newaxis])


def sum_by_class(labels: NDArray[np.int64], images: NDArray[np.uint8]) -> ClassSums:
    """Return the sums of labels `(n,)` and raw images `(n, …)`; float64 holds them exactly."""
    members = np.eye(CLASSES)[labels]
    sums = members.T @ images.reshape(len(labels), -1).astype(np.float64)
    return ClassSums(members.sum(axis=0).astype(np.int64), sums.astype(np.int64))


def parse_arguments(description: str | None) -> argparse.Namespace:
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("replicas", nargs="*", default=["http://127.0.0.1:8000"], help="addresses of the service")
    parser.add_argument("--dataset", default="mnist", help="name of the dataset")
    parser.add_argument("--split", default="train", help="name of the split")
    parser.add_argument("--partitions", type=int, default=8, help="how many are read independently of one another")
    parser.add_argument("--save", type=Path, help="file (.npy) for the mean images, float64 (10, pixels)")
    return parser.parse_args()


def report(counts: NDArray[np.int64], means: NDArray[np.float64], *, save: Path | None) -> None:
    """Print how many samples each class has and the mean of their pixels, and save the mean images."""
    print("counts", *counts)
    print("means", *(f"{mean:.3f}" for mean in means.mean(axis=1)))
    if save is not None:
        np.save(save, means)
