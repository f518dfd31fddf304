"""Lightning in one process: epochs, checkpoints anywhere, workers, and what is refused."""

from pathlib import Path
from typing import Any

import lightning
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch.utils.data import DataLoader

from digits_client import Split
from digits_client.torch import Loader, Stream
from tests.frameworks.law import STEPS, VISITS, run, steps, workers_for

pytestmark = [
    pytest.mark.filterwarnings("ignore:The '.*' does not have many workers:UserWarning"),
    pytest.mark.filterwarnings("ignore:Your `IterableDataset` has `__len__` defined:UserWarning"),
    pytest.mark.filterwarnings("ignore:The number of training batches .* is smaller than the logging:UserWarning"),
    pytest.mark.filterwarnings("ignore:.isinstance.treespec, LeafSpec.. is deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists and is not empty:UserWarning"),
]


class Recorder(lightning.LightningModule):
    """A model that notes what it is trained on, and that may be interrupted."""

    def __init__(self, interrupt_after: int | None = None) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(64, 10)
        self.visited: list[list[int]] = []
        self.interrupt_after = interrupt_after

    def training_step(self, batch: Any) -> torch.Tensor:
        x, y, index = batch
        if len(self.visited) == self.interrupt_after:
            raise InterruptedError
        self.visited.append(index.tolist())
        return torch.nn.functional.cross_entropy(self.layer(x.flatten(1)), y)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.01)


def fit(
    model: Recorder,
    loader: Any,
    folder: Path,
    *,
    resume: str | None = None,
    save_every: int = 1_000,
    **options: Any,
) -> ModelCheckpoint:
    """Train on CPUs, with a checkpoint after every so many steps."""
    saver = ModelCheckpoint(folder, every_n_train_steps=save_every, save_top_k=-1, filename="{step}")
    trainer = lightning.Trainer(
        accelerator="cpu",
        callbacks=[saver],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
        **{"devices": 1, "max_epochs": 4, **options},
    )
    trainer.fit(model, loader, ckpt_path=resume)
    return saver


@pytest.mark.parametrize("workers", [0, 2])
def test_every_epoch_has_an_order_of_its_own(digits: Split, tmp_path: Path, workers: int) -> None:
    model = Recorder()
    fit(model, Loader(run(digits), columns=VISITS, **workers_for(workers)), tmp_path, max_epochs=3)
    assert model.visited == steps(0, 1, 2)


@pytest.mark.parametrize(
    ("taken", "workers"), [(1, 0), (17, 0), (18, 0), (19, 0), (2 * STEPS + 7, 2), (3 * STEPS, 0), (4 * STEPS - 1, 0)]
)
def test_a_run_continues_from_a_checkpoint_anywhere(digits: Split, tmp_path: Path, taken: int, workers: int) -> None:
    before = Recorder(interrupt_after=taken)
    with pytest.raises(InterruptedError):
        fit(
            before,
            Loader(run(digits), columns=VISITS, **workers_for(workers)),
            tmp_path,
            save_every=taken,
        )
    after = Recorder()
    loader = Loader(run(digits), columns=VISITS, **workers_for(workers))
    fit(after, loader, tmp_path, save_every=taken, resume=str(tmp_path / f"step={taken}.ckpt"))
    assert before.visited + after.visited == steps(0, 1, 2, 3)


def test_passes_that_lightning_shortens_belong_to_different_epochs(digits: Split, tmp_path: Path) -> None:
    model = Recorder()
    fit(model, Loader(run(digits), columns=VISITS), tmp_path, max_epochs=3, limit_train_batches=4)
    assert model.visited == steps(0)[:4] + steps(1)[:4] + steps(2)[:4]


def test_a_plain_data_loader_over_a_stream_advances_without_workers(digits: Split, tmp_path: Path) -> None:
    model = Recorder()
    fit(model, DataLoader(Stream(run(digits), columns=VISITS), batch_size=None), tmp_path, max_epochs=2)
    assert model.visited == steps(0, 1)


def test_a_plain_data_loader_with_workers_is_refused_in_the_second_epoch(digits: Split, tmp_path: Path) -> None:
    model = Recorder()
    loader = DataLoader(Stream(run(digits), columns=VISITS), batch_size=None, num_workers=2)
    with pytest.raises(RuntimeError, match="Call set_epoch"):
        fit(model, loader, tmp_path, max_epochs=2)
    assert model.visited == steps(0)
