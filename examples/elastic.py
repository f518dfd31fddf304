"""Softmax regression on several ranks, which may be killed at any moment and go on, on another number of ranks.

    python -m examples.elastic --world-size 2 --rank 0 --batch-size 128 &
    python -m examples.elastic --world-size 2 --rank 1 --batch-size 128
    # killed in mid-epoch, it goes on from the last checkpoint, on one rank:
    python -m examples.elastic --world-size 1 --rank 0 --batch-size 256

The weights at the end are the same, bit by bit, as those of a run that nobody killed. Two things make it so: with the
global batch fixed, the service gives the same global batches to any number of ranks; and all that ranks add up are
whole numbers below 2^53, which float64 holds exactly, so that the order of addition does not matter.
"""

import argparse
import hashlib
import json
import time
from collections.abc import Callable
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digits_client import Batch, Batches, connect

Numbers = NDArray[np.float64]
"""Whole numbers, all below 2^53."""

WEIGHT = 2.0**20
"""Units of a weight."""

ERROR = 2.0**16
"""Units of a probability."""

RATE = 0.5
"""Learning rate."""


def gradient(weights: Numbers, batch: Batch) -> Numbers:
    """The sum over the samples of pixel times error: (784, 10), in units of 1 / (255 · ERROR)."""
    x = batch.x.astype(np.float64)
    logits = x @ weights / (255 * WEIGHT)
    likely = np.exp(logits - logits.max(axis=1, keepdims=True))
    error = likely / likely.sum(axis=1, keepdims=True) - np.eye(10)[batch.y]
    total: Numbers = x.T @ np.rint(error * ERROR)
    return total


def meet(place: Path, rank: int, world_size: int) -> Callable[[Numbers], Numbers]:
    """A function that adds up what all ranks have: rank 0 waits for the others at `place`."""
    if rank == 0:
        place.unlink(missing_ok=True)
        with Listener(str(place)) as door:
            others = [door.accept() for _ in range(world_size - 1)]
        return lambda mine: _summed(mine, others)
    zero = _arrive(place)

    def summed(mine: Numbers) -> Numbers:
        zero.send(mine)
        answer: Numbers = zero.recv()
        return answer

    return summed


def _summed(mine: Numbers, others: list[Connection]) -> Numbers:
    total: Numbers = sum((other.recv() for other in others), start=mine)
    for other in others:
        other.send(total)
    return total


def _arrive(place: Path) -> Connection:
    """The way to rank 0, which may start later."""
    while True:
        try:
            return Client(str(place))
        except (FileNotFoundError, ConnectionRefusedError):
            time.sleep(0.02)


def save(file: Path, weights: Numbers, batches: Batches) -> None:
    """Keep weights and place together, in a file that is never half written."""
    part = file.with_suffix(".part.npz")
    np.savez(part, weights=weights, state=json.dumps(batches.state_dict()))
    part.replace(file)


def load(file: Path, batches: Batches) -> Numbers:
    """The weights of the last checkpoint, and the batches where it stood; nothing learnt without one."""
    if not file.exists():
        return np.zeros((784, 10))
    with np.load(file) as kept:
        batches.load_state_dict(json.loads(str(kept["state"])))
        weights: Numbers = kept["weights"]
    return weights


def main() -> None:
    """Train one rank; rank 0 keeps checkpoints, and tells the accuracy and the digest of the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the service is")
    parser.add_argument("--rank", type=int, default=0, help="number of this rank")
    parser.add_argument("--world-size", type=int, default=1, help="number of ranks")
    parser.add_argument("--batch-size", type=int, default=256, help="samples per rank and step")
    parser.add_argument("--seed", type=int, default=7, help="of the order")
    parser.add_argument("--epochs", type=int, default=1, help="passes over the training split")
    parser.add_argument("--every", type=int, default=25, help="steps between two checkpoints")
    parser.add_argument("--checkpoint", type=Path, default=Path("elastic.npz"), help="where rank 0 keeps them")
    chosen = parser.parse_args()

    mnist = connect(chosen.url).dataset("mnist")
    batches = mnist["train"].batches(
        chosen.batch_size, seed=chosen.seed, rank=chosen.rank, world_size=chosen.world_size, layout="flat"
    )
    weights = load(chosen.checkpoint, batches)
    add_up = meet(chosen.checkpoint.with_suffix(".socket"), chosen.rank, chosen.world_size)
    rate = RATE * WEIGHT / (255 * ERROR * batches.request.global_batch)
    while batches.epoch < chosen.epochs:
        for step, batch in enumerate(batches, start=1):
            weights -= np.rint(rate * add_up(gradient(weights, batch)))
            if chosen.rank == 0 and step % chosen.every == 0:
                save(chosen.checkpoint, weights, batches)
                print("checkpoint", json.dumps(batches.state_dict()), flush=True)

    if chosen.rank == 0:
        save(chosen.checkpoint, weights, batches)
        test = mnist["test"].rows(limit=10_000, layout="flat")
        right = np.mean((test.x.astype(np.float64) @ weights).argmax(axis=1) == test.y)
        print(f"accuracy {right:.4f}")
        print("weights", hashlib.sha256(weights.tobytes()).hexdigest())


if __name__ == "__main__":
    main()
