"""Cases: what is asked of the service, and how much of the bare application's rate is expected."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.load import Ask

TRAIN = "/v1/datasets/mnist/train"

PAGE = f"{TRAIN}/rows?offset={{59900}}"
"""A page of 100 rows at a random offset."""

ANYTHING: Mapping[str, str] = {"If-None-Match": "*"}
"""What every answer matches."""


@dataclass(frozen=True)
class Case:
    """One row of the table: a request, and the least ratio to the bare application (None: no target is set)."""

    name: str
    ask: Ask
    target: float | None = None
    quick: bool = field(default=False, kw_only=True)
    """Whether it is measured in a quick run, too."""


FRESH = (
    Case("PNG of one sample", Ask(f"{TRAIN}/samples/{{60000}}.png"), 0.35, quick=True),
    Case("PNG, scale 8, viridis, caption", Ask(f"{TRAIN}/samples/{{60000}}.png?scale=8&cmap=viridis&caption=true")),
    Case("PNG of one sample, HEAD, one connection", Ask(f"{TRAIN}/samples/{{60000}}.png", "HEAD")),
    Case("PNG of one sample, 304", Ask(f"{TRAIN}/samples/{{60000}}.png", headers=ANYTHING)),
    Case("JSON of one sample", Ask(f"{TRAIN}/samples/{{60000}}")),
    Case("100 rows, JSON", Ask(PAGE), 0.40, quick=True),
    Case("100 rows, JSON, shuffled", Ask(f"{PAGE}&seed=7"), 0.25, quick=True),
    Case("100 rows, JSON, gzip", Ask(PAGE, headers={"Accept-Encoding": "gzip"})),
    Case("100 rows, JSON, zstd", Ask(PAGE, headers={"Accept-Encoding": "zstd"})),
    Case("100 rows, JSON, 304", Ask(PAGE, headers=ANYTHING)),
    Case("100 rows, NDJSON", Ask(f"{PAGE}&format=ndjson"), 0.40, quick=True),
    Case("100 rows, CSV", Ask(f"{PAGE}&format=csv"), 0.40, quick=True),
    Case("100 rows, NPY", Ask(f"{PAGE}&format=npy"), 0.35, quick=True),
    Case("100 rows, NPZ", Ask(f"{PAGE}&format=npz")),
    Case("100 rows, safetensors", Ask(f"{PAGE}&format=safetensors"), 0.35),
    Case("100 rows, Arrow", Ask(f"{PAGE}&format=arrow"), 0.35),
    Case("100 rows, Parquet", Ask(f"{PAGE}&format=parquet")),
)
"""Random URLs: hardly any is asked twice."""

REPEATED = (
    Case("PNG of one sample", Ask(f"{TRAIN}/samples/7.png"), 0.60, quick=True),
    Case("PNG of one sample, HEAD, one connection", Ask(f"{TRAIN}/samples/7.png", "HEAD")),
    Case("PNG of one sample, 304", Ask(f"{TRAIN}/samples/7.png", headers=ANYTHING)),
    Case("100 rows, JSON", Ask(f"{TRAIN}/rows"), 0.50, quick=True),
    Case("100 rows, JSON, zstd", Ask(f"{TRAIN}/rows", headers={"Accept-Encoding": "zstd"})),
    Case("Labels", Ask(f"{TRAIN}/labels")),
    Case("Statistics", Ask(f"{TRAIN}/statistics")),
    Case("Card of a dataset", Ask("/v1/datasets/mnist")),
)
"""One URL, asked again and again."""

WHOLE = (
    Case("Parquet", Ask(f"{TRAIN}.parquet"), 0.80, quick=True),
    Case("NPZ", Ask(f"{TRAIN}.npz"), 0.80, quick=True),
    Case("mirror: original .gz", Ask("/mirrors/mnist/train-images-idx3-ubyte.gz"), 0.90),
    Case("mirror: Keras' mnist.npz", Ask("/mirrors/keras/mnist.npz"), 0.90),
    Case(
        "mirror: Parquet of Hugging Face",
        Ask("/mirrors/huggingface/datasets/ylecun/mnist/resolve/main/mnist/train-00000-of-00001.parquet"),
        0.90,
    ),
)
"""Whole files, from the second time on; compared in bytes a second."""
