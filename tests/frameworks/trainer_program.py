"""A program for several processes: Lightning or Hugging Face's Trainer trains, and each process writes its visits."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from digits_client import Split, connect
from digits_client.torch import Loader
from tests.frameworks.law import VISITS, run

EPOCHS = 3
"""Of the whole run."""


def train_by_lightning(split: Split, chosen: argparse.Namespace) -> tuple[int, list[list[int]]]:
    """Train by Lightning, with a checkpoint at the step at which the run is interrupted."""
    import lightning  # noqa: PLC0415 - the other trainer is not needed

    from tests.frameworks.test_lightning import Recorder, fit  # noqa: PLC0415

    class RankRecorder(Recorder):
        def train_dataloader(self) -> Loader:
            ranks = {"rank": self.trainer.global_rank, "world_size": self.trainer.world_size}
            return Loader(run(split, chosen.batch_size, **ranks), columns=VISITS)

    model = RankRecorder(interrupt_after=chosen.interrupt_after)
    saved = [str(path) for path in chosen.folder.glob("step=*.ckpt")]
    every = chosen.interrupt_after or 1_000
    options: dict[str, Any] = {"devices": chosen.processes, "use_distributed_sampler": False, "max_epochs": EPOCHS}
    if chosen.processes > 1:
        options["strategy"] = lightning.pytorch.strategies.DDPStrategy(process_group_backend="gloo")
    resume = saved[0] if saved else None
    stop = attempt(lambda: fit(model, None, chosen.folder, resume=resume, save_every=every, **options))
    assert stop == (chosen.interrupt_after is not None)
    return model.trainer.global_rank, model.visited


def train_by_transformers(split: Split, chosen: argparse.Namespace) -> tuple[int, list[list[int]]]:
    """Train by Hugging Face's Trainer, with a checkpoint at the step at which the run is interrupted."""
    from digits_client.transformers import EpochCallback  # noqa: PLC0415 - the other trainer is not needed
    from tests.frameworks.test_transformers import (  # noqa: PLC0415
        COLUMNS,
        LoaderTrainer,
        Recorder,
        arguments,
    )

    model, saved = Recorder(chosen.interrupt_after), any(chosen.folder.glob("checkpoint-*"))
    options = arguments(chosen.folder, save_steps=chosen.interrupt_after or 10_000, num_train_epochs=EPOCHS)
    ranks = {"rank": options.process_index, "world_size": options.world_size}
    trainer = LoaderTrainer(model, options, callbacks=[EpochCallback()])
    trainer.loader = Loader(run(split, chosen.batch_size, **ranks), columns=COLUMNS)
    stop = attempt(lambda: trainer.train(resume_from_checkpoint=saved))
    assert stop == (chosen.interrupt_after is not None)
    return options.process_index, model.visited


def attempt(train: Callable[[], Any]) -> bool:
    """Train, and return whether the run was interrupted."""
    try:
        train()
    except InterruptedError:
        return True
    return False


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("folder", type=Path)
    parser.add_argument("trainer", choices=("lightning", "transformers"))
    parser.add_argument("--processes", type=int)
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--interrupt-after", type=int)
    chosen = parser.parse_args()

    split = connect(chosen.url).dataset("digits")["all"]
    train = {"lightning": train_by_lightning, "transformers": train_by_transformers}[chosen.trainer]
    rank, visited = train(split, chosen)
    (chosen.folder / f"{rank}.json").write_text(json.dumps(visited))


if __name__ == "__main__":
    main()
