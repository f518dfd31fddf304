"""The program of a Trainer: `python -m benchmarks.reading URL DIRECTORY` reads batches, as told by its standard input.

A line of input is an order in JSON, and a line of output what was measured. The first line tells which of OPTIONAL the
environment has. Imports nothing of the service.
"""

import json
import sys
import time
from importlib.util import find_spec
from itertools import chain, islice, pairwise

from benchmarks.loops import Images, Loops, Task

OPTIONAL = ("torch", "torchvision")
"""Packages that an environment may lack."""

SHAPE, DTYPES = (1, 28, 28), ("float32", "torch.float32")
"""What an image must be."""


def main(url: str, directory: str) -> None:
    """Carry out orders until there are no more."""
    tell([name for name in OPTIONAL if find_spec(name)])
    loops = Loops(url, directory)
    for line in sys.stdin:
        order = json.loads(line)
        task = Task(**order["task"])
        if order["gap"]:
            tell(measure_gap(loops, task, forever=order["forever"]))
        else:
            tell(read(loops, task))


def read(loops: Loops, task: Task) -> int:
    """The number of samples; like a training loop, it holds a batch until it has the next one."""
    samples = 0
    for images in loops.read(task):
        samples += count(images)
    return samples


def measure_gap(loops: Loops, task: Task, *, forever: bool) -> float:
    """How much longer than for a mean batch the loop waits for the first of an epoch, at most, in mean batches.

    The client's passes show that they will go on when the second one begins, so the time before that does not count.
    """
    with loops.run(task) as run:
        steps = len(run)
        batches = run.forever() if forever else chain.from_iterable(iter(run) for _ in range(task.epochs))
        arrivals = [time.perf_counter() for _ in islice(batches, task.epochs * steps)]
    first = 0 if forever else steps
    waits = [later - earlier for earlier, later in pairwise(arrivals[first:])]
    return max(waits[steps - 1 :: steps]) * len(waits) / sum(waits) - 1


def count(images: Images) -> int:
    """The number of images.

    Raises:
        ValueError: they are not what a network takes.
    """
    samples, *shape = images.shape
    if tuple(shape) != SHAPE or str(images.dtype) not in DTYPES:
        raise ValueError(f"A batch has images of the shape {shape} and the dtype {images.dtype}.")
    return samples


def tell(values: object) -> None:
    """Write a line."""
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
