"""The batches of a run, epoch after epoch: prefetched over several connections, and resumable from a state."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from operator import index
from typing import Any

from digits_client.batch import Batch
from digits_client.cancellation import Cancellation
from digits_client.prefetch import Prefetcher
from digits_client.request import BatchRequest
from digits_client.state import State, check_state, describe_run

RUN_BYTES = 16_000_000
"""Bytes of images that one request asks for: many steps at once, so that a request costs little beside its answer."""

GROUP_BYTES = 1_000_000
"""Bytes of images that the thread of a connection hands over at once."""

GROUPS_AHEAD = 8
"""Groups that each connection keeps ready while the trainer is busy."""


class Batches:
    """An iterable of the batches of an epoch; each pass over it is one epoch, and the next pass is the next epoch.

    `state_dict()` within a loop counts the batches that the loop has received, not those that were prefetched; a pass
    after `load_state_dict()` continues from there, on any number of ranks.
    """

    def __init__(
        self,
        request: BatchRequest,
        *,
        epoch: int = 0,
        start: int = 0,
        connections: int = 2,
        progress: bool = False,
    ) -> None:
        """Fetch over so many `connections` at once; `progress` draws a bar (tqdm)."""
        self.request = request
        self.connections = connections
        self.progress = progress
        self._epoch = index(epoch)
        self._begin = self._done = index(start)

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
        steps = self.request.count_steps(self._begin)
        batches = self._draw_bar(self._prefetch(steps), steps) if self.progress else self._prefetch(steps)
        self._done = self._begin
        for batch in batches:
            self._done = min(self.request.samples, self._done + self.request.global_batch)
            yield batch
        self._epoch, self._begin, self._done = self._epoch + 1, 0, 0

    def step(self, number: int, cancellation: Cancellation | None = None) -> Batch:
        """Return one batch of the next pass, counted from 0: for loaders that ask by number.

        Raises:
            IndexError: the pass has fewer steps.
        """
        if not 0 <= number < len(self):
            raise IndexError(f"The pass has steps 0 to {len(self) - 1}, and none at {number}.")
        start = self._begin + number * self.request.global_batch
        (batch,) = self.request.fetch(self._epoch, start, 1, cancellation)
        return batch

    def copy_at(self, epoch: int, start: int = 0) -> "Batches":
        """Return the same run at another position."""
        return Batches(self.request, epoch=epoch, start=start, connections=self.connections, progress=self.progress)

    def on_rank(self, rank: int, world_size: int) -> "Batches":
        """Return the same run as another rank sees it."""
        request = replace(self.request, rank=rank, world_size=world_size)
        return Batches(
            request, epoch=self._epoch, start=self._begin, connections=self.connections, progress=self.progress
        )

    def _prefetch(self, steps: int) -> Iterator[Batch]:
        """Give the batches of a pass: by long requests, several of them at once, in the order of the pass."""
        request, epoch, begin = self.request, self._epoch, self._begin
        run = max(1, RUN_BYTES // request.batch_bytes)
        group_size = max(1, GROUP_BYTES // request.batch_bytes)
        firsts = iter(range(0, steps, run))
        _ = request.pool  # is fetched once, not by every thread

        def begin_run(first: int) -> Prefetcher[Batch]:
            cancellation = Cancellation()
            start = begin + first * request.global_batch
            batches = request.fetch(epoch, start, min(run, steps - first), cancellation)
            return Prefetcher(batches, group_size=group_size, max_groups=GROUPS_AHEAD, cancel=cancellation.cancel)

        under_way = deque(begin_run(first) for first in islice(firsts, self.connections))
        try:
            while under_way:
                yield from under_way[0]
                under_way.popleft()
                under_way.extend(begin_run(first) for first in islice(firsts, 1))
        finally:
            for one in under_way:
                one.close()

    def _draw_bar(self, batches: Iterator[Batch], steps: int) -> Iterator[Batch]:
        from tqdm.auto import tqdm  # noqa: PLC0415 - only a progress bar needs it

        bar: Callable[..., Iterator[Batch]] = tqdm
        return iter(bar(batches, total=steps, desc=f"epoch {self._epoch}", unit="batch"))
