"""A client in Python: whole arrays, rows, pictures, and training batches that keep a trainer fed.

Stands beside the floors of the service and imports none of them: numpy and urllib3 are all it needs.

    from service.client import connect

    client = connect("http://127.0.0.1:8000")
    (x_train, y_train), (x_test, y_test) = client.load_data()
    for batch in client.dataset("mnist")["train"].batches(256, seed=7):
        step(batch.x, batch.y)
"""

from service.client.batches import Batch, Batches
from service.client.connection import ChangedData, ProblemError, Unreachable
from service.client.datasets import Client, Dataset, Split, connect

__all__ = [
    "Batch",
    "Batches",
    "ChangedData",
    "Client",
    "Dataset",
    "ProblemError",
    "Split",
    "Unreachable",
    "connect",
]
