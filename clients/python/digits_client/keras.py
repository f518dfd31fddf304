"""Training batches for Keras 3, on any of its backends. The only module of the client that imports keras.

from digits_client.keras import Steps

model.fit(Steps(train.batches(256, seed=7, layout="hwc", scale="unit")), epochs=3, shuffle=False)
"""

from collections.abc import Generator

import numpy as np
from keras.utils import PyDataset
from numpy.typing import NDArray

from digits_client.batch import Batch
from digits_client.batches import Batches
from digits_client.state import State

Arrays = tuple[NDArray[np.uint8] | NDArray[np.float32], NDArray[np.int64]]
"""Images and labels."""


class Steps(PyDataset):
    """The steps of a run, epoch after epoch, by number.

    Keras asks for the length once, so every pass of `fit` has as many steps as a whole epoch. A run that is resumed
    within an epoch visits the rest of it and then the first steps of the next one in the same pass. With
    `fit(…, steps_per_epoch=n)` a pass begins where the pass before it ended. So every epoch visits every sample once.

    Another call of `fit` begins where the last whole pass ended; after passes of fewer steps, continue with
    `steps.load_state_dict(steps.state_dict())`.

    Every epoch has an order of its own already, so use `fit(…, shuffle=False)`: Keras would take the steps in an
    order that cannot be reproduced. The client prefetches, so Keras needs no workers, which would read ahead and drop
    what they have read. `initial_epoch` does not move the run: give its epoch to `batches`.
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
        self._open: Generator[Batch] | None = None
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
        """Return the images and labels of a step."""
        if self._open is None or index != self._next:
            self._close()
            self._open = self._read(index)
        batch = next(self._open)
        self._next = index + 1
        return batch.x, batch.y

    def state_dict(self, steps: int | None = None) -> State:
        """Return where the run is after the steps that were read since the last whole pass.

        TensorFlow's backend reads steps in advance: give the number of `steps` that were used.
        """
        return self.batches.copy_at(*self._locate(self._next if steps is None else steps)).state_dict()

    def load_state_dict(self, state: State) -> None:
        """Continue from a state; raises what `Batches.load_state_dict` raises."""
        self._close()
        self.batches.load_state_dict(state)
        self._next = 0

    def on_epoch_begin(self) -> None:
        """Note that a pass begins."""
        self._begun = True

    def on_epoch_end(self) -> None:
        """Move the run to the end of a whole pass.

        Keras ends a pass before the first one as well, either without having begun it or after reading a few steps for
        their shapes; neither has trained anything.
        """
        if self._begun and self._prepared and self._next == self.num_batches:
            self.load_state_dict(self.state_dict())
        self._begun, self._prepared = False, True

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

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None
