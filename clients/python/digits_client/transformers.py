"""Training batches for the Trainer of Hugging Face's transformers. The only module of the client that imports it.

class DigitsTrainer(Trainer):
    def get_train_dataloader(self):
        return Loader(train.batches(64, seed=7, layout="chw"), columns={"pixel_values": "x", "labels": "y"})

DigitsTrainer(model, arguments, callbacks=[EpochCallback()]).train(resume_from_checkpoint=True)
"""

from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from digits_client.torch import Loader


class EpochCallback(TrainerCallback):
    """Tells a `Loader` which epoch begins.

    A Trainer that resumes a run skips the batches of the epoch that were trained, but it does not name the epoch to a
    loader that it skips in. A loader without this callback refuses that.
    """

    def on_epoch_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        train_dataloader: Any = None,  # noqa: ANN401 - whatever the trainer loads from
        **_: Any,  # noqa: ANN401
    ) -> None:
        """Move the loader to the epoch of the trainer.

        Raises:
            ValueError: `ignore_data_skip` is set, which would visit the first batches of the epoch again.
        """
        del control
        if not isinstance(train_dataloader, Loader):
            return
        epoch = int(state.epoch or 0)
        if args.ignore_data_skip and (state.epoch or 0) != epoch:
            raise ValueError(
                "ignore_data_skip=True repeats the batches of the epoch that were trained before the checkpoint: "
                "leave it out."
            )
        train_dataloader.set_epoch(epoch)
