"""Training batches for Grain, the data loader of JAX. The only module of the client that imports grain.

from digits_client.grain import BatchesDataset

iterator = iter(BatchesDataset(train.batches(256, seed=7, layout="hwc", scale="unit"), epochs=3))
for x, y in iterator: ...
state = iterator.get_state()
"""

from typing import Any

import grain

from digits_client.batch import Batch
from digits_client.batches import Batches
from digits_client.columns import DEFAULT, Columns, check_columns, select_columns
from digits_client.state import State


class BatchesDataset(grain.IterDataset):
    """The batches of a run, epoch after epoch, as elements: tuples or dictionaries of arrays.

    The state of its iterators is that of `Batches`, so a run may continue on another number of ranks: give `batches`
    `rank=jax.process_index()` and `world_size=jax.process_count()`. Transformations that keep one element for each
    (`map`, `random_map`) leave the state exact, and so do Grain's prefetching threads. Its prefetching processes are
    refused: the service already prepares what comes next.
    """

    def __init__(self, batches: Batches, *, columns: Columns = DEFAULT, epochs: int | None = None) -> None:
        """Begin where `batches` would.

        Args:
            batches: the run of this rank.
            columns: what to give of a batch, see `digits_client.columns`.
            epochs: the iterator ends before the epoch of this number; None for an iterator without an end.

        Raises:
            ValueError: a column is unknown, padding could not be told from samples, or an epoch has no batch.
        """
        super().__init__()
        if batches.request.count_steps(0) == 0:
            raise ValueError("An epoch of this run has no batch: give a smaller batch_size, or another tail.")
        self.batches = batches
        self.columns = check_columns(columns, batches)
        self.epochs = epochs

    def __iter__(self) -> "BatchesIterator":
        """Return an iterator of its own position."""
        return BatchesIterator(self)

    def set_slice(self, sl: slice, sequential_slice: bool = False) -> None:  # noqa: FBT001, FBT002 - Grain's signature
        """Refuse to be divided among worker processes: raises ValueError."""
        del sl, sequential_slice
        raise ValueError(
            "Batches of the service cannot be divided among Grain's worker processes: leave out mp_prefetch. "
            "For several ranks, give rank and world_size to the batches."
        )


class BatchesIterator(grain.DatasetIterator):
    """An iterator over epochs; its state can be kept by Grain's checkpoint handlers and by Orbax."""

    def __init__(self, dataset: BatchesDataset) -> None:
        """Begin where the batches of the dataset would."""
        super().__init__()
        state = dataset.batches.state_dict()
        self._dataset = dataset
        self._batches = dataset.batches.copy_at(state["epoch"], state["start"])
        self._open: Any = None

    def __next__(self) -> Any:  # noqa: ANN401 - what the columns say
        """Return the next element, which may belong to the next epoch."""
        while self._dataset.epochs is None or self._batches.epoch < self._dataset.epochs:
            if self._open is None:
                self._open = iter(self._batches)
            batch: Batch | None = next(self._open, None)
            if batch is not None:
                return select_columns(batch, self._dataset.columns)
            self._open = None
        raise StopIteration

    def get_state(self) -> State:
        """Return where the run is after the elements that were taken; JSON can hold it."""
        return self._batches.state_dict()

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue from a state.

        Raises:
            ChangedData: the state belongs to another revision of the data.
            StateMismatch: it belongs to a run with other samples or another order; the message names the difference.
        """
        self._batches.load_state_dict(state)
        if self._open is not None:
            self._open.close()
            self._open = None
