"""Training batches for Keras 3, on any of its backends. The only module of the client that imports keras.

from digits_client.keras import RunCallback, Steps

steps = Steps(train.batches(256, seed=7, layout="hwc", scale="unit"))
model.fit(steps, epochs=3, shuffle=False, callbacks=[RunCallback(steps)])
"""

from collections.abc import Generator, Mapping
from threading import RLock
from typing import Any

import numpy as np
from keras.callbacks import Callback
from keras.utils import PyDataset
from numpy.typing import NDArray

from digits_client.batch import Batch
from digits_client.batches import Batches
from digits_client.state import State

Arrays = tuple[NDArray[Any], ...]
"""Images, labels and, where batches are padded, weights."""


class Steps(PyDataset):
    """The steps of a run, epoch after epoch, by number: images and labels.

    With `tail="pad"`, Keras gets weights as well, float32 `(n,)`: 1 for samples and 0 for padding.

    Keras asks for the length once, so every pass of `fit` has as many steps as a whole epoch. A run that is resumed
    within an epoch visits the rest of it and then the first steps of the next one in the same pass. With
    `fit(…, steps_per_epoch=n)` a pass begins where the pass before it ended. So every epoch visits every sample once.

    Give `fit` a `RunCallback`: it makes `initial_epoch` and Keras' own `BackupAndRestore` move the run, which they do
    not do without it, and it makes the state exact on every backend. Without it, another call of `fit` begins where
    the last whole pass ended; after passes of fewer steps, continue with `steps.load_state_dict(steps.state_dict())`.

    Every epoch has an order of its own already, so use `fit(…, shuffle=False)`: Keras would take the steps in an
    order that cannot be reproduced. The service streams ahead, so Keras needs no workers, which would read ahead and
    drop what they have read.
    """

    def __init__(self, batches: Batches, *, endless: bool = False) -> None:
        """Begin where `batches` would.

        Args:
            batches: the run; its position advances with each pass.
            endless: have no length; `fit` needs `steps_per_epoch` then, and no pass is shorter at the end of an epoch.
        """
        super().__init__()
        self.batches = batches
        self.endless = endless
        self._length = batches.request.count_steps(0)
        self._next = 0
        self._used: int | None = None
        self._open: Generator[Batch] | None = None
        self._lock = RLock()  # some backends read steps in a thread of their own, which an interrupted fit leaves
        self._begun = False
        self._prepared = False

    def __len__(self) -> int:
        """Return the number of steps of a whole epoch."""
        return self._length

    @property
    def num_batches(self) -> int | None:
        """Number of steps of a pass; None for an endless one."""
        return None if self.endless else self._length

    def __getitem__(self, index: int) -> Arrays:
        """Return the images and labels of a step, and the weights of its rows if it may be padded."""
        batch = self._take(index)
        if self.batches.request.tail != "pad":
            return batch.x, batch.y
        return batch.x, batch.y, (np.arange(len(batch)) < batch.valid).astype(np.float32)

    def state_dict(self, steps: int | None = None) -> State:
        """Return where the run is after the steps that were used since the last whole pass.

        A `RunCallback` counts these. Without one, steps that were read count as used; the backends of TensorFlow and
        JAX read in advance, so give the number of `steps` there.
        """
        read = self._next if self._used is None else self._used
        return self.batches.copy_at(*self._locate(read if steps is None else steps)).state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state; raises what `Batches.load_state_dict` raises."""
        self.close()
        self.batches.load_state_dict(state)
        self._next, self._used = 0, None

    def count_used(self, steps: int) -> None:
        """Note that so many more steps were used; a `RunCallback` calls this."""
        self._used = steps + (self._used or 0)

    def move(self, passes: int, steps: int) -> None:
        """Begin after so many passes of so many steps; a run that was resumed stays where it is.

        Raises:
            ValueError: the run was resumed at a place that does not belong to the next pass.
        """
        request = self.batches.request
        epoch, step = divmod(passes * steps, self._length)
        position = self.batches.state_dict()
        if (position["epoch"], position["start"]) == (0, 0):
            self.load_state_dict({**position, "epoch": epoch, "start": step * request.global_batch})
            return
        done = position["epoch"] * self._length + -(-position["start"] // request.global_batch)
        if done // steps != passes:
            raise ValueError(
                f"The run is at epoch {position['epoch']}, start {position['start']}, and fit begins with its epoch "
                f"{passes}: give initial_epoch={done // steps} to fit."
            )

    def close(self) -> None:
        """Close the connection of a pass that was interrupted; the next step that is read opens another."""
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None

    def on_epoch_begin(self) -> None:
        """Note that a pass begins."""
        self._begun = True

    def on_epoch_end(self) -> None:
        """Move the run to the end of a whole pass.

        Keras ends a pass before the first one as well, either without having begun it or after reading a few steps for
        their shapes; neither has trained anything.
        """
        done = self._next if self._used is None else self._used
        if self._begun and self._prepared and done == self.num_batches:
            self.load_state_dict(self.state_dict())
        self._begun, self._prepared = False, True

    def _take(self, index: int) -> Batch:
        """Return a step, which is the next one of the open connection unless Keras jumps."""
        with self._lock:
            if self._open is None or index != self._next:
                self.close()
                self._open = self._read(index)
            batch = next(self._open)
            self._next = index + 1
            return batch

    def _locate(self, number: int) -> tuple[int, int]:
        """Return epoch and start of a step, counted from the position of the batches."""
        request, rest = self.batches.request, len(self.batches)
        position = self.batches.state_dict()
        if number < rest or number == 0:
            return position["epoch"], position["start"] + number * request.global_batch
        passes, step = divmod(number - rest, self._length)
        return position["epoch"] + 1 + passes, step * request.global_batch

    def _read(self, number: int) -> Generator[Batch]:
        """Give the steps from a number on, without an end."""
        batches = self.batches.copy_at(*self._locate(number))
        while True:
            yield from batches


class RunCallback(Callback):
    """Connects the steps of a run with `fit`: give it in `callbacks`.

    The epoch at which `fit` begins, by `initial_epoch` or by Keras' `BackupAndRestore`, moves the run there: to the
    steps that follow so many passes of `fit`. If the run was resumed from a state, both must agree. Besides, it counts
    the steps that were used, so that `steps.state_dict()` is exact on every backend.
    """

    def __init__(self, steps: Steps) -> None:
        """Connect these steps."""
        super().__init__()
        self.steps = steps
        self._began = False
        self._counted = 0

    def on_train_begin(self, logs: object = None) -> None:
        """Note that `fit` begins."""
        del logs
        self._began = False

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Move the run to the first epoch of `fit`.

        Raises:
            ValueError: the run was resumed at a place that does not belong to this epoch.
        """
        del logs
        if not self._began:
            self.steps.move(epoch, self.params["steps"] or len(self.steps))
        self.steps.count_used(0)
        self._began, self._counted = True, 0

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        """Count the steps since the last call, which are several with `steps_per_execution`."""
        del logs
        self.steps.count_used(batch + 1 - self._counted)
        self._counted = batch + 1

    def on_train_end(self, logs: object = None) -> None:
        """Move the run to where `fit` ended."""
        del logs
        self.steps.load_state_dict(self.steps.state_dict())
