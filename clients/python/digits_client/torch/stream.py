"""The batches of an epoch as an iterable dataset of PyTorch."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch.utils.data import IterableDataset, get_worker_info

from digits_client.batch import Batch
from digits_client.batches import Batches
from digits_client.columns import DEFAULT, Columns, check_columns
from digits_client.errors import StateMismatch
from digits_client.state import State, check_state
from digits_client.torch.parcel import Item, Parcel, to_item

EPOCH, START, PASS_EPOCH, PASS_START, MOVES, BEGUN = range(6)
"""What the shared position holds: where the next pass begins, where the latest one began, how often the position was
set, and how often it had been set when the latest pass began."""

FORGOTTEN = (
    "This would visit the same epoch again: workers cannot move a stream to its next epoch. Call set_epoch(epoch) "
    "before each pass, or use digits_client.torch.Loader(batches, num_workers=…), which advances by itself."
)

PREPARED = (
    "Accelerate's prepare() divides what a stream gives among the processes, and counts epochs from 0; the batches of "
    "a stream are those of one rank and one position already. Use digits_client.torch.Loader(batches) with rank and "
    "world_size of the process, which prepare() returns as it is."
)


class Stream(IterableDataset[Item]):
    """The batches of an epoch as tensors, for a DataLoader with `batch_size=None`.

    Of n workers, worker w fetches the steps w, w + n, …, and the DataLoader takes from them in turn, so the order is
    the same for any number of workers.

    Without workers, each pass is another epoch: the position advances when a pass has ended. With workers, call
    `set_epoch` before each pass; without it, a second pass raises RuntimeError. `Loader` needs neither. torchdata's
    `StatefulDataLoader` saves and restores the position itself, with the same number of workers.
    """

    def __init__(self, batches: Batches, *, columns: Columns = DEFAULT) -> None:
        """Begin where `batches` would, and give these columns: see `digits_client.columns`.

        Raises:
            ValueError: a column is unknown, or padding could not be told from samples.
        """
        state = batches.state_dict()
        self.batches = batches
        self.columns = check_columns(columns, batches)
        self._advances = True
        self._prepared = False
        self._position = torch.zeros(6, dtype=torch.int64).share_memory_()
        self.move(state["epoch"], state["start"])

    def __len__(self) -> int:
        """Return the number of steps in the next pass, of all workers together."""
        return self.batches.request.count_steps(self.start)

    def __iter__(self) -> "StreamIterator":
        """Give the batches of this worker."""
        self._refuse_accelerate()
        return StreamIterator(self)

    @property
    def epoch(self) -> int:
        """Epoch of the next pass."""
        return int(self._position[EPOCH])

    @property
    def start(self) -> int:
        """Samples of that epoch that all ranks have consumed before the next pass."""
        return int(self._position[START])

    def set_epoch(self, epoch: int) -> None:
        """Visit this epoch in the next pass: from its beginning, or, if it is the one at hand, from where that begins.

        So the loop `for epoch in range(state["epoch"], n): stream.set_epoch(epoch)` continues a resumed epoch.
        """
        self._refuse_accelerate()
        self.move(epoch, self.start if epoch == self.epoch else 0)

    def state_dict(self, steps: int = 0) -> State:
        """Return where the run is after so many steps of the pass that began last; without any, where the next begins.

        The caller counts the steps, because workers run ahead.
        """
        request, epoch, start = self.batches.request, self.epoch, self.start
        if steps:
            epoch, start = int(self._position[PASS_EPOCH]), int(self._position[PASS_START])
        start = min(request.samples, start + steps * request.global_batch)
        return {**self.batches.state_dict(), "epoch": epoch, "start": start}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state in the next pass.

        Raises:
            ChangedData: the state belongs to another revision of the data.
            StateMismatch: it belongs to a run with other samples or another order; the message names the difference.
        """
        self.move(*check_state(state, self.batches.request))

    def move(self, epoch: int, start: int) -> None:
        """Begin the next pass at this position, in all workers."""
        self._position[: PASS_START + 1] = torch.tensor([epoch, start, epoch, start])
        self._position[MOVES] += 1

    @property
    def moves(self) -> int:
        """How often the position was set."""
        return int(self._position[MOVES])

    def begin(self, moves: int, *, in_worker: bool) -> None:
        """Note that a pass begins, at the position that was set the `moves`-th time.

        Raises:
            RuntimeError: it would repeat a pass, because nobody has moved the position since that began.
        """
        if self._position[BEGUN] == moves and self.batches.request.shuffle and (in_worker or not self._advances):
            raise RuntimeError(FORGOTTEN)
        self._position[PASS_EPOCH : PASS_START + 1] = self._position[: START + 1]
        self._position[BEGUN] = moves

    def end(self, epoch: int) -> None:
        """Note that this process, which reads all batches of a pass over an epoch, has taken the last one."""
        if self._advances:
            self._position[: START + 1] = torch.tensor([epoch + 1, 0])

    @property
    def total_dataset_length(self) -> int:
        """Number of steps. Only a loader that Accelerate has prepared asks for it, just before each pass."""
        self._prepared = True
        return len(self)

    @property
    def generator(self) -> None:
        """Nothing: Accelerate asks for it in order to divide a dataset among processes; raises RuntimeError."""
        raise RuntimeError(PREPARED)

    def _refuse_accelerate(self) -> None:
        if self._prepared:
            raise RuntimeError(PREPARED)


class StreamIterator(Iterator[Item | Parcel]):
    """One pass of one worker. Its state lets torchdata's `StatefulDataLoader` continue within an epoch."""

    def __init__(self, stream: Stream) -> None:
        """Begin at the position that all workers share."""
        worker = get_worker_info()
        self._in_worker = worker is not None
        self._worker: int = 0 if worker is None else worker.id
        self._workers: int = 1 if worker is None else worker.num_workers
        self._stream = stream
        self._moves = stream.moves
        self._batches = stream.batches.copy_at(stream.epoch, stream.start)
        self._taken = 0
        self._steps = 0  # of the pass, once it has begun
        self._ended = False
        self._open: Iterator[Batch] | None = None

    def __next__(self) -> Item | Parcel:
        """Return the next step of this worker: packed, if it has to go to another process."""
        if self._open is None:
            self._steps = len(self._batches)
            if self._worker == 0 and self._first < self._steps:
                self._stream.begin(self._moves, in_worker=self._in_worker)
            self._open = self._fetch()
        batch = next(self._open, None)
        self._taken += batch is not None
        if not self._in_worker and not self._ended and self._taken >= self._steps:
            self._ended = True
            self._stream.end(self._pass_state["epoch"])
        if batch is None:
            raise StopIteration
        return self._pack(batch) if self._in_worker else to_item(batch, self._stream.columns)

    def state_dict(self) -> dict[str, Any]:
        """Return the position of the pass, and how many steps this worker has taken of it."""
        steps = {"steps": self._taken, "worker": self._worker, "workers": self._workers}
        return {**self._pass_state, **steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state of the same worker. If that has no step left, the shared position is the next epoch.

        Raises:
            ChangedData: the state belongs to another revision of the data.
            StateMismatch: it belongs to another run or to another number of workers.
        """
        workers = f"{state['worker']} of {state['workers']}"
        if workers != f"{self._worker} of {self._workers}":
            raise StateMismatch(f"The state belongs to worker {workers}, not to {self._worker} of {self._workers}.")
        epoch, start = check_state(state, self._batches.request)
        self._batches = self._batches.copy_at(epoch, start)
        self._taken = int(state["steps"])
        self._open = None
        if self._first >= len(self._batches):
            self._stream.move(epoch + 1, 0)

    @property
    def _pass_state(self) -> State:
        return self._batches.state_dict()

    @property
    def _first(self) -> int:
        """Number of the next step of this worker, counted from where the pass begins."""
        return self._worker + self._taken * self._workers

    def _fetch(self) -> Iterator[Batch]:
        """Give the rest of this worker's steps."""
        if self._in_worker:
            return self._batches.split_steps(self._worker, self._workers, taken=self._taken)
        request, begin = self._batches.request, self._pass_state
        start = min(request.samples, begin["start"] + self._first * request.global_batch)
        return iter(self._batches.copy_at(begin["epoch"], start))

    def _pack(self, batch: Batch) -> Parcel:
        encoding = self._batches.request.encoding
        return Parcel(batch, scale=encoding.scale, intensities=encoding.intensities, columns=self._stream.columns)


def to_tensors(batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images and labels (int64) of a batch, as tensors over the same memory."""
    return torch.from_numpy(batch.x), torch.from_numpy(batch.y)
