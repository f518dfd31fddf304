"""Hugging Face's Trainer: epochs, checkpoints anywhere, single samples, and what is refused."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import StackDataset
from transformers import Trainer, TrainingArguments

from digits_client import Split
from digits_client.torch import Loader, OrderSampler, Samples, Stream
from digits_client.transformers import EpochCallback
from tests.frameworks.law import BATCH_SIZE, STEPS, run, steps, workers_for

pytestmark = [
    # PyTorch warns where there is no accelerator, and of how the trainer saves its generators.
    pytest.mark.filterwarnings("ignore:'pin_memory' argument is set as true:UserWarning"),
]

COLUMNS = {"pixel_values": "x", "labels": "y", "index": "index"}
"""Names under which the model takes its arguments."""


class Recorder(torch.nn.Module):
    """A model that notes what it is trained on, and that may be interrupted."""

    def __init__(self, interrupt_after: int | None = None) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(64, 10)
        self.visited: list[list[int]] = []
        self.interrupt_after = interrupt_after

    def forward(self, pixel_values: torch.Tensor, labels: torch.Tensor, index: torch.Tensor) -> dict[str, torch.Tensor]:
        if len(self.visited) == self.interrupt_after:
            raise InterruptedError
        self.visited.append(index.tolist())
        logits = self.layer(pixel_values.flatten(1))
        return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}


class LoaderTrainer(Trainer):
    """Takes whole batches from a loader."""

    loader: Loader

    def get_train_dataloader(self) -> Any:
        return self.loader


class SampleTrainer(Trainer):
    """Takes single samples in order v1."""

    sampler: OrderSampler

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        del train_dataset
        return self.sampler


def collate(samples: list[Any]) -> dict[str, torch.Tensor]:
    x, y, index = zip(*((*sample, index) for sample, index in samples), strict=True)
    return {"pixel_values": torch.stack(x), "labels": torch.stack(y), "index": torch.tensor(index)}


def arguments(folder: Path, **options: Any) -> TrainingArguments:
    return TrainingArguments(
        folder,
        **{
            "num_train_epochs": 3,
            "per_device_train_batch_size": BATCH_SIZE,
            "save_steps": 1,
            "report_to": "none",
            "use_cpu": True,
            "disable_tqdm": True,
            "logging_strategy": "no",
            "remove_unused_columns": False,
            "dataloader_pin_memory": False,
            **options,
        },
    )


def train(split: Split, model: Recorder, folder: Path, *, workers: int = 0, resume: Any = None, **options: Any) -> None:
    callbacks = options.pop("callbacks", [EpochCallback()])
    trainer = LoaderTrainer(model, arguments(folder, **options), callbacks=callbacks)
    trainer.loader = Loader(run(split), columns=COLUMNS, **workers_for(workers))
    trainer.train(resume_from_checkpoint=resume)


@pytest.mark.parametrize("workers", [0, 2])
def test_every_epoch_has_an_order_of_its_own(digits: Split, tmp_path: Path, workers: int) -> None:
    model = Recorder()
    train(digits, model, tmp_path, workers=workers, save_strategy="no")
    assert model.visited == steps(0, 1, 2)


@pytest.mark.parametrize(("taken", "workers"), [(1, 0), (17, 0), (18, 0), (19, 0), (2 * STEPS + 7, 2)])
def test_a_run_continues_from_a_checkpoint_anywhere(digits: Split, tmp_path: Path, taken: int, workers: int) -> None:
    before = Recorder(interrupt_after=taken)
    with pytest.raises(InterruptedError):
        train(digits, before, tmp_path, workers=workers, save_steps=taken)
    after = Recorder()
    train(digits, after, tmp_path, workers=workers, save_strategy="no", resume=True)
    assert before.visited + after.visited == steps(0, 1, 2)


def test_steps_that_accumulate_gradients_are_skipped_as_well(digits: Split, tmp_path: Path) -> None:
    before = Recorder(interrupt_after=STEPS + 9)
    options = {"gradient_accumulation_steps": 3}
    with pytest.raises(InterruptedError):
        train(digits, before, tmp_path, save_steps=9, **options)
    after = Recorder()
    train(digits, after, tmp_path, save_strategy="no", resume=True, **options)
    assert before.visited + after.visited == steps(0, 1, 2)


def test_resuming_without_the_callback_is_refused(digits: Split, tmp_path: Path) -> None:
    with pytest.raises(InterruptedError):
        train(digits, Recorder(interrupt_after=STEPS + 5), tmp_path, save_steps=STEPS + 5)
    with pytest.raises(RuntimeError, match="Call set_epoch"):
        train(digits, Recorder(), tmp_path, save_strategy="no", resume=True, callbacks=[])


def test_repeating_the_batches_before_the_checkpoint_is_refused(digits: Split, tmp_path: Path) -> None:
    with pytest.raises(InterruptedError):
        train(digits, Recorder(interrupt_after=STEPS + 5), tmp_path, save_steps=STEPS + 5)
    with pytest.raises(ValueError, match="ignore_data_skip"):
        train(digits, Recorder(), tmp_path, resume=True, ignore_data_skip=True)


@pytest.mark.parametrize("taken", [STEPS, STEPS + 5])
def test_single_samples_come_in_order_and_continue(digits: Split, tmp_path: Path, taken: int) -> None:
    def start(model: Recorder, resume: Any = None) -> None:
        dataset: Any = StackDataset(Samples(digits, scale="unit"), range(len(digits)))
        trainer = SampleTrainer(
            model, arguments(tmp_path, save_steps=taken), train_dataset=dataset, data_collator=collate
        )
        trainer.sampler = OrderSampler(run(digits))
        trainer.train(resume_from_checkpoint=resume)

    before, after = Recorder(interrupt_after=taken), Recorder()
    with pytest.raises(InterruptedError):
        start(before)
    start(after, resume=True)
    assert before.visited + after.visited == steps(0, 1, 2)


def test_a_stream_that_the_trainer_would_batch_again_is_refused(digits: Split, tmp_path: Path) -> None:
    trainer = Trainer(Recorder(), arguments(tmp_path, max_steps=3), train_dataset=Stream(run(digits)))
    with pytest.raises(RuntimeError, match=r"Use digits_client\.torch\.Loader"):
        trainer.train()
