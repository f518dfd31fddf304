"""Reads MNIST and scikit-learn's digits from a running digits-service, and keeps a trainer supplied with batches.

    from digits_client import connect

    client = connect("http://127.0.0.1:8000")
    (x_train, y_train), (x_test, y_test) = client.load_data()
    for batch in client.dataset("mnist")["train"].batches(256, seed=7):
        step(batch.x, batch.y)

It needs NumPy, urllib3 and filelock, and nothing of the service. Retries and problems with the cache are logged to the
logger `digits_client`.
"""

from digits_client.batch import Batch
from digits_client.batches import Batches
from digits_client.client import Client, connect
from digits_client.datasets import Dataset, Split
from digits_client.errors import (
    ChangedData,
    DamagedDownload,
    DigitsError,
    ProblemError,
    StateMismatch,
    UnexpectedAnswer,
    Unreachable,
)
from digits_client.mix import Mixture, mix
from digits_client.order import sample_seeds

__version__ = "1.0.0"

__all__ = [
    "Batch",
    "Batches",
    "ChangedData",
    "Client",
    "DamagedDownload",
    "Dataset",
    "DigitsError",
    "Mixture",
    "ProblemError",
    "Split",
    "StateMismatch",
    "UnexpectedAnswer",
    "Unreachable",
    "connect",
    "mix",
    "sample_seeds",
]
