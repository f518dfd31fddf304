"""A loader of training batches that knows where the run is, for PyTorch and the trainers that are made of it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from torch.utils.data import DataLoader, default_convert

from digits_client.batches import Batches
from digits_client.columns import DEFAULT, Columns
from digits_client.state import State, check_state
from digits_client.torch.parcel import Item, Parcel
from digits_client.torch.stream import Stream


class LoaderStream(Stream):
    """A stream that its loader moves; other loaders of it must move it themselves."""

    def __init__(self, batches: Batches, *, columns: Columns) -> None:
        """Wait for the loader."""
        super().__init__(batches, columns=columns)
        self._advances = False
        self.begin(self.moves, in_worker=False)


class Loader:
    """The batches of a run, epoch after epoch: each pass is one epoch, and the next pass is the next epoch.

    It counts what the loop has received, whatever the number of workers, so its state is exact at any time, and has
    the form of `Batches.state_dict()`: a run may continue with another number of workers, on another number of ranks,
    or with another framework.

    - Lightning calls `set_epoch`, and keeps the state in its checkpoints.
    - Accelerate's `prepare()` returns it as it is: give `batches` the rank and the number of processes, and move the
      tensors to the device yourself. `register_for_checkpointing(loader)` keeps its state in Accelerate's checkpoints.
    - For Hugging Face's `Trainer` see `digits_client.transformers`.
    """

    def __init__(self, batches: Batches, *, columns: Columns = DEFAULT, **options: Any) -> None:  # noqa: ANN401
        """Begin where `batches` would.

        Args:
            batches: the run of this rank.
            columns: what to give of a batch, see `digits_client.columns`.
            options: of PyTorch's DataLoader, such as `pin_memory`, or `collate_fn` and `num_workers`. Workers are
                started only for a `collate_fn`, a `worker_init_fn` or `pin_memory`: without these, they would only make
                batches late.

        Raises:
            ValueError: a column is unknown, padding could not be told from samples, or PyTorch refuses an option.
        """
        self.dataset = LoaderStream(batches, columns=columns)
        self._loader: DataLoader[Item] = DataLoader(self.dataset, batch_size=None, **options)
        state = batches.state_dict()
        self._epoch, self._start, self._taken = state["epoch"], state["start"], 0
        self._reading: object = None  # the pass that is under way

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any option
        """Return an option of the DataLoader, such as `num_workers`: trainers copy them into a loader that skips."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._loader, name)

    @property
    def sampler(self) -> "Loader":
        """Where Lightning calls `set_epoch`."""
        return self

    def __len__(self) -> int:
        """Return the number of steps of a whole epoch, as trainers expect that count the steps of a resumed one."""
        return self.dataset.batches.request.count_steps(0)

    def __iter__(self) -> Iterator[Item]:
        """Give the batches of one pass; a pass that was not read to its last batch begins again."""
        epoch, self._reading = self._epoch, None  # an earlier pass may have been left open
        self._move(epoch, self._start)
        steps, mine = len(self.dataset), object()
        self._reading = mine
        try:
            for taken, item in enumerate(self._open(), start=1):
                if taken < steps:
                    self._taken = taken
                else:
                    self._move(epoch + 1, 0)  # now, because trainers that know the length do not ask for the end
                yield item
            if steps == 0:
                self._move(epoch + 1, 0)
        finally:
            if self._reading is mine:
                self._reading = None

    def _open(self) -> Iterable[Item]:
        """Return the items of a pass: as the DataLoader gives them, but not through it if that would only take time.

        A batch is fetched in less time than a process needs to hand it over: workers are for functions of the caller.
        """
        loader = self._loader
        useful = loader.collate_fn is not default_convert or (loader.num_workers and loader.worker_init_fn)
        return loader if useful or loader.pin_memory else map(convert, self.dataset)

    def set_epoch(self, epoch: int) -> None:
        """Visit this epoch in the next pass: from its beginning, or from where the present one begins."""
        self._move(epoch, self._start if epoch == self._epoch else 0)

    def state_dict(self) -> State:
        """Return where the run is after the batches that the loop has received; JSON can hold it."""
        request = self.dataset.batches.request
        start = min(request.samples, self._start + self._taken * request.global_batch)
        return {**self.dataset.batches.state_dict(), "epoch": self._epoch, "start": start}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state in the next pass.

        Raises:
            ChangedData: the state belongs to another revision of the data.
            StateMismatch: it belongs to a run with other samples or another order; the message names the difference.
        """
        self._move(*check_state(state, self.dataset.batches.request))

    def _move(self, epoch: int, start: int) -> None:
        """Begin the next pass at this position.

        During a pass the dataset stays where that began: a worker that starts late reads the position only then.
        """
        self._epoch, self._start, self._taken = epoch, start, 0
        if self._reading is None:
            self.dataset.move(epoch, start)


def convert(item: Item | Parcel) -> Item:
    """Return an item as a DataLoader gives it."""
    return item if isinstance(item, dict) else list(item)
