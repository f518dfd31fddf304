"""A program for several processes that Accelerate connects: it trains on the digits, and each writes its visits."""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator, DataLoaderConfiguration
from torch.utils.data import DataLoader

from digits_client import Split, connect
from digits_client.torch import Loader, OrderSampler, Samples, Stream
from tests.frameworks.law import VISITS, run, workers_for

EPOCHS = 3
"""Of the whole run."""


def train(accelerator: Accelerator, split: Split, chosen: argparse.Namespace) -> list[list[int]]:
    """Train on the steps of this process, and save a checkpoint where the run is interrupted."""
    ranks = {"rank": accelerator.process_index, "world_size": accelerator.num_processes}
    loader = Loader(run(split, chosen.batch_size, **ranks), columns=VISITS, **workers_for(chosen.workers))
    model = torch.nn.Linear(64, 10)
    prepared: Any = accelerator.prepare(model, torch.optim.SGD(model.parameters(), lr=0.1), loader)
    model, optimizer, loader = prepared
    accelerator.register_for_checkpointing(loader)
    if chosen.resume:
        accelerator.load_state(str(chosen.folder / "checkpoint"))
    visited: list[list[int]] = []
    for epoch in range(loader.state_dict()["epoch"], EPOCHS):
        loader.set_epoch(epoch)
        for x, y, index in loader:
            visited.append(index.tolist())
            loss = torch.nn.functional.cross_entropy(model(x.flatten(1)), y, reduction="sum")
            accelerator.backward(loss)
            optimizer.step()
            optimizer.zero_grad()
            if len(visited) == chosen.interrupt_after:
                accelerator.save_state(str(chosen.folder / "checkpoint"))
                return visited
    return visited


def prepare(accelerator: Accelerator, split: Split, chosen: argparse.Namespace) -> str:
    """Return the error of a stream of this rank that Accelerate is to divide again."""
    ranks = {"rank": accelerator.process_index, "world_size": accelerator.num_processes}
    try:
        loader = accelerator.prepare(DataLoader(Stream(run(split, chosen.batch_size, **ranks)), batch_size=None))
        next(iter(loader))
    except RuntimeError as error:
        return str(error)
    return "no error"


def sample(accelerator: Accelerator, split: Split, chosen: argparse.Namespace) -> list[list[int]]:
    """Return the samples that a prepared loader with an order sampler gives to this process."""
    numbers: Any = torch.utils.data.StackDataset(Samples(split), range(len(split)))
    loader = DataLoader(numbers, batch_size=chosen.batch_size, sampler=OrderSampler(run(split)))
    return [index.tolist() for _, index in accelerator.prepare(loader)]


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("folder", type=Path)
    parser.add_argument("how", choices=("train", "prepare", "prepare-shards", "sampler"))
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--interrupt-after", type=int)
    parser.add_argument("--resume", action="store_true")
    chosen = parser.parse_args()

    dispatch = False if chosen.how == "prepare-shards" else None
    options = DataLoaderConfiguration(even_batches=False, dispatch_batches=dispatch)
    accelerator = Accelerator(cpu=True, dataloader_config=options)
    split = connect(chosen.url).dataset("digits")["all"]
    do = {"train": train, "sampler": sample}.get(chosen.how, prepare)
    visited = do(accelerator, split, chosen)
    (chosen.folder / f"{accelerator.process_index}.json").write_text(json.dumps(visited))
    accelerator.end_training()


if __name__ == "__main__":
    main()
