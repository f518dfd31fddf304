"""The batches of a run, epoch after epoch, resumable from a state."""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from operator import index
from typing import Any, Self

from digits_client.ahead import Lookahead
from digits_client.batch import Batch
from digits_client.cancellation import Cancellation
from digits_client.request import BatchRequest, Fetched
from digits_client.state import State, check_state, describe_run

SAMPLES_AHEAD = 10_000
"""The next epoch is requested when so many samples of the present one are left: a hundredth of a second or more."""


class Batches:
    """An iterable of the batches of an epoch; each pass over it is one epoch, and the next pass is the next epoch.

    An epoch is one request, whose answer is read as far as the loop takes batches: the service and the connection
    hold what comes next. When one pass has followed another, the next epoch is requested before the present one ends,
    so that there is no gap between them.

    `state_dict()` within a loop counts the batches that the loop has received; a pass after `load_state_dict()`
    continues from there, on any number of ranks. A `with` block closes the connection at the end, as `close` does.
    """

    def __init__(
        self,
        request: BatchRequest,
        *,
        epoch: int = 0,
        start: int = 0,
        progress: bool = False,
        lookahead: Lookahead[Fetched] | None = None,
    ) -> None:
        """Begin at a position; `progress` draws a bar (tqdm). Copies share a `lookahead`."""
        self.request = request
        self.progress = progress
        self._epoch = index(epoch)
        self._begin = self._done = index(start)
        self._lookahead: Lookahead[Fetched] = Lookahead() if lookahead is None else lookahead

    def __enter__(self) -> Self:
        """Return the batches themselves."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close them."""
        self.close()

    def close(self) -> None:
        """Drop what was requested ahead; a later pass requests it again."""
        self._lookahead.close()

    @property
    def epoch(self) -> int:
        """The epoch of the present pass, or of the next one between passes."""
        return self._epoch

    def __len__(self) -> int:
        """Return the number of batches in the next pass."""
        return self.request.count_steps(self._begin)

    def set_epoch(self, epoch: int) -> None:
        """Visit this epoch in the next pass: from its beginning, or, if it is the one at hand, from where that begins.

        So the loop `for epoch in range(state["epoch"], n): batches.set_epoch(epoch)` continues a resumed epoch.
        """
        if epoch != self._epoch:
            self._epoch, self._begin = index(epoch), 0
        self._done = self._begin

    def state_dict(self) -> State:
        """Return where the run is, as JSON can hold it.

        `epoch` and `start` (samples of it that all ranks have consumed) are the position; the rest identifies the run:
        see `describe_run`.
        """
        return {**describe_run(self.request), "epoch": self._epoch, "start": self._done}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state in the next pass.

        Raises:
            ChangedData: the state belongs to another revision of the data.
            StateMismatch: it belongs to a run with other samples or another order; the message names the difference.
        """
        self._epoch, self._begin = check_state(state, self.request)
        self._done = self._begin

    def __iter__(self) -> Iterator[Batch]:
        """Give the batches of one pass, in order."""
        repeated = self._lookahead.is_expected(self._key(self._epoch, self._begin))
        yield from self._pass(ahead=repeated)

    def forever(self) -> Iterator[Batch]:
        """Give the batches of one epoch after the other, without an end; `state_dict` tells where the run is.

        Raises:
            ValueError: an epoch has no batch.
        """
        if not self.request.count_steps(0):
            raise ValueError("An epoch of this run has no batch: give a smaller batch_size, or another tail.")
        while True:
            yield from self._pass(ahead=True)

    def split_steps(self, worker: int, workers: int, *, taken: int = 0) -> Iterator[Batch]:
        """Give the steps of the next pass that one of several workers of a rank fetches: worker, worker + workers, ….

        The workers together give every step once. Images are raw, whatever the scale of the run: who receives them
        scales them. The position of the run does not advance.

        Args:
            worker: number of the worker, from 0.
            workers: how many there are.
            taken: steps that this worker has given before.

        Raises:
            ValueError: there is no such worker.
        """
        if not 0 <= worker < workers:
            raise ValueError(f"worker must be from 0 to {workers - 1}, not {worker}.")
        start = self._begin + (worker + taken * workers) * self.request.global_batch
        return self.request.fetch(self._epoch, start, stride=workers, raw=True)

    def step(self, number: int) -> Batch:
        """Return one batch of the next pass, counted from 0: for loaders that ask by number.

        Raises:
            IndexError: the pass has fewer steps.
        """
        if not 0 <= number < len(self):
            raise IndexError(f"The pass has steps 0 to {len(self) - 1}, and none at {number}.")
        start = self._begin + number * self.request.global_batch
        (batch,) = self.request.fetch(self._epoch, start, steps=1)
        return batch

    def copy_at(self, epoch: int, start: int = 0) -> "Batches":
        """Return the same run at another position."""
        return Batches(self.request, epoch=epoch, start=start, progress=self.progress, lookahead=self._lookahead)

    def on_rank(self, rank: int, world_size: int) -> "Batches":
        """Return the same run as another rank sees it."""
        request = replace(self.request, rank=rank, world_size=world_size)
        return Batches(request, epoch=self._epoch, start=self._begin, progress=self.progress)

    def _pass(self, *, ahead: bool) -> Iterator[Batch]:
        """Give the batches of one pass, and move to the next one; with `ahead`, request that before this one ends."""
        request, steps = self.request, len(self)
        batches = self._open(self._epoch, self._begin)
        self._done = self._begin
        with closing(self._draw_bar(batches, steps) if self.progress else batches) as shown:
            for batch in shown:
                self._done = min(request.samples, self._done + request.global_batch)
                if ahead and request.samples - self._done < SAMPLES_AHEAD:
                    ahead = False
                    self._open_ahead(self._epoch + 1)
                yield batch
        self._epoch, self._begin, self._done = self._epoch + 1, 0, 0
        self._lookahead.expect(self._key(self._epoch, 0))

    def _open(self, epoch: int, start: int) -> Generator[Batch]:
        """Give the batches from a position on, which may have been requested ahead."""
        begun = self._lookahead.take(self._key(epoch, start))
        return self.request.build_batches(self.request.fetch_rows(epoch, start) if begun is None else begun)

    def _open_ahead(self, epoch: int) -> None:
        """Request an epoch from its beginning."""
        cancellation = Cancellation()
        rows = self.request.fetch_rows(epoch, 0, cancellation=cancellation)
        self._lookahead.begin(self._key(epoch, 0), rows, cancel=cancellation.cancel)

    def _key(self, epoch: int, start: int) -> object:
        return self.request, epoch, start

    def _draw_bar(self, batches: Generator[Batch], steps: int) -> Generator[Batch]:
        from tqdm.auto import tqdm  # noqa: PLC0415 - only a progress bar needs it

        bar: Callable[..., Iterator[Batch]] = tqdm
        with closing(batches):
            yield from bar(batches, total=steps, desc=f"epoch {self._epoch}", unit="batch")
