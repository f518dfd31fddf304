"""Training batches for Keras 3, on any of its backends. The only module of the client that imports keras.

from digits_client.keras import Steps

model.fit(Steps(train.batches(256, seed=7, layout="hwc", scale="unit"), workers=2), epochs=3, shuffle=False)
"""

import numpy as np
from keras.utils import PyDataset
from numpy.typing import NDArray

from digits_client.batches import Batches

Arrays = tuple[NDArray[np.uint8] | NDArray[np.float32], NDArray[np.int64]]
"""Images and labels."""


class Steps(PyDataset):
    """The steps of an epoch by number; at its end the next one begins.

    Every epoch has an order of its own already, so use `fit(…, shuffle=False)`: Keras would take the steps in an
    order that cannot be reproduced.
    """

    def __init__(
        self, batches: Batches, *, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ) -> None:
        """Begin where `batches` would; Keras prefetches with so many `workers`."""
        super().__init__(workers=workers, use_multiprocessing=use_multiprocessing, max_queue_size=max_queue_size)
        self.batches = batches
        self._begun = False
        self._tried = False

    def __len__(self) -> int:
        """Return the number of steps from here to the end of the epoch."""
        return len(self.batches)

    def __getitem__(self, index: int) -> Arrays:
        """Return the images and labels of a step."""
        batch = self.batches.step(index)
        return batch.x, batch.y

    def on_epoch_begin(self) -> None:
        """Note that a pass begins."""
        self._begun = True

    def on_epoch_end(self) -> None:
        """Continue with the next epoch.

        Keras ends a pass before the first one as well, either without having begun it or after reading a few steps for
        their shapes; neither has visited the epoch.
        """
        if self._begun and self._tried:
            self.batches.set_epoch(self.batches.epoch + 1)
        self._begun, self._tried = False, True
