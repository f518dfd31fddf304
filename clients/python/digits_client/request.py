"""The requests of a run: what its batches depend on, and how they are fetched and checked."""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from digits_client.arrow import MEDIA_TYPE, Rows, TruncatedStream, read_stream
from digits_client.batch import Batch, Encoding, check_indices
from digits_client.cancellation import Cancellation
from digits_client.connection import Answer, Connection, Value
from digits_client.errors import UnexpectedAnswer
from digits_client.order import order_v1, read_order
from digits_client.retry import BROKEN, PatientRetry
from digits_client.subset import EVERYTHING, Subset

Tail = Literal["partial", "drop", "pad"]

Fetched = tuple[Rows, int]
"""The rows of a batch, valid until the next ones are read, and how many of them are real."""


@dataclass(frozen=True, kw_only=True)
class BatchRequest:
    """What the batches of a run depend on, except for the epoch, and the service that gives them."""

    connection: Connection
    path: str
    count: int
    """Samples of the split."""

    encoding: Encoding
    batch_size: int
    seed: int = 0
    shuffle: bool = True
    rank: int = 0
    world_size: int = 1
    tail: Tail = "partial"
    balanced: bool = False
    subset: Subset = EVERYTHING

    @property
    def global_batch(self) -> int:
        """Samples that all ranks take in one step."""
        return self.batch_size * self.world_size

    @property
    def parameters(self) -> dict[str, Value]:
        """The query that all requests of the run share."""
        return {
            "batch_size": self.batch_size,
            "world_size": self.world_size,
            "rank": self.rank,
            "seed": self.seed,
            "shuffle": self.shuffle,
            "tail": self.tail,
            "balanced": self.balanced or None,
            **self.subset.parameters,
            "rev": self.encoding.rev,
        }

    @cached_property
    def samples(self) -> int:
        """Number of samples in an epoch.

        Raises:
            UnexpectedAnswer: the service counts other samples than the split has.
        """
        path, subset = f"{self.path}/batches/plan", self.subset.parameters
        samples = self.connection.get_json(path, **self.parameters).get("epoch_samples")
        whole = not subset and not self.balanced
        if not isinstance(samples, int) or samples > self.count or (samples != self.count and whole):
            raise UnexpectedAnswer(f"{path} counts {samples} samples in an epoch of a split of {self.count}.")
        return samples

    @cached_property
    def pool(self) -> NDArray[np.int64]:
        """The samples that epochs choose from, in file order, as indices within the split: int64 `(n,)`.

        Raises:
            UnexpectedAnswer: the service lists other samples than it counts.
        """
        if not self.subset.parameters:
            return np.arange(self.count)
        pool = self._fetch_order(shuffle=False)
        if (np.diff(pool, prepend=-1, append=self.count) <= 0).any() or (
            len(pool) != self.samples and not self.balanced
        ):
            raise UnexpectedAnswer(f"{self.path}/order does not list the {self.samples} samples of an epoch.")
        return pool

    def count_steps(self, start: int) -> int:
        """Return the number of steps from `start` to the end of an epoch."""
        left = max(0, self.samples - start)
        return left // self.global_batch if self.tail == "drop" else -(-left // self.global_batch)

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Return the samples of an epoch in the order in which it visits them: int64 `(samples,)`.

        It is computed here. Only a balanced order comes from the service, because it depends on the labels, too.
        """
        if self.balanced:
            return self._fetch_balanced(epoch)
        if not self.shuffle:
            return self.pool
        order = order_v1(self.samples, seed=self.seed, epoch=epoch)
        return self.pool[order] if self.subset.parameters else order

    def _fetch_balanced(self, epoch: int) -> NDArray[np.int64]:
        """Return a balanced order of an epoch.

        Raises:
            UnexpectedAnswer: the service lists a sample twice, or one that does not belong to the epoch.
        """
        order = self._fetch_order(shuffle=self.shuffle, epoch=epoch, balanced=True)
        if len(order) != self.samples or len(np.intersect1d(order, self.pool)) != self.samples:
            raise UnexpectedAnswer(f"{self.path}/order does not list {self.samples} different samples of an epoch.")
        return order

    def _fetch_order(self, **parameters: Value) -> NDArray[np.int64]:
        """Return what the service lists as an order: indices within the split."""
        query = {"seed": self.seed, **self.subset.parameters, "rev": self.encoding.rev, **parameters}
        content = self.connection.get(f"{self.path}/order", accept="application/x-npy", format="npy", **query)
        return read_order(content)

    def count_valid(self, start: int) -> int:
        """Return the number of real rows that the rank gets in the step at `start`."""
        return len(range(start, min(self.samples, start + self.global_batch))[self.rank :: self.world_size])

    def select(self, order: NDArray[np.int64], start: int) -> NDArray[np.int64]:
        """Return the indices that the rank gets in the step at `start`; padding comes from the start of the order."""
        mine = order[start : start + self.global_batch][self.rank :: self.world_size]
        if self.tail != "pad":
            return mine
        missing = np.arange(len(mine), self.batch_size) * self.world_size + self.rank + start - self.samples
        return np.concatenate([mine, order[missing % self.samples]])

    def fetch(
        self, epoch: int, start: int, *, stride: int = 1, steps: int | None = None, raw: bool = False
    ) -> Generator[Batch]:
        """Give batches of an epoch as they arrive; takes and raises what `fetch_rows` does.

        With `raw` the images stay raw, whatever the scale.
        """
        return self.build_batches(self.fetch_rows(epoch, start, stride=stride, steps=steps), raw=raw)

    def build_batches(self, fetched: Generator[Fetched], *, raw: bool = False) -> Generator[Batch]:
        """Give what `fetch_rows` gives as batches; closing this generator closes the other one."""
        with closing(fetched):
            for rows, valid in fetched:
                yield self.encoding.build_batch(rows, valid, raw=raw)

    def fetch_rows(
        self,
        epoch: int,
        start: int,
        *,
        stride: int = 1,
        steps: int | None = None,
        cancellation: Cancellation | None = None,
    ) -> Generator[Fetched]:
        """Give the rows of batches of an epoch as they arrive; where an answer breaks off, request the rest.

        Args:
            epoch: number of the epoch.
            start: samples of it before the first batch.
            stride: steps from one batch to the next.
            steps: number of batches, at least 1; None for all that are left.
            cancellation: interrupts it.

        Raises:
            Cancelled: nobody waits for them.
            ChangedData: the service holds other data than when the run began.
            ProblemError: it refuses for another reason.
            UnexpectedAnswer: it gives other samples than the order has.
            Unreachable: there is no answer, or none that goes further than the one before.
        """
        order, advance = self.order(epoch), stride * self.global_batch
        left = -(-self.count_steps(start) // stride)
        wanted = range(start, start + (left if steps is None else min(left, steps)) * advance, advance)
        fresh = self.connection.create_retry(cancellation)
        retries, url = fresh, f"{self.connection.url}{self.path}/batches"
        while wanted:
            try:
                for rows in self._read_answer(order, epoch, wanted, retries):
                    valid = self.count_valid(wanted.start)
                    wanted, retries = wanted[1:], fresh
                    yield rows, valid
            except BROKEN as error:
                retries = retries.increment("GET", f"{url} (epoch {epoch}, start {wanted.start})", error=error)
                retries.sleep()

    def _read_answer(
        self, order: NDArray[np.int64], epoch: int, starts: range, retries: PatientRetry
    ) -> Iterator[Rows]:
        """Give the rows of the batches of one answer, which begin at `starts`.

        Raises:
            TruncatedStream: the answer ends before the last of them.
        """
        query: dict[str, Value] = {
            **self.parameters,
            **self.encoding.parameters,
            "epoch": epoch,
            "start": starts.start,
            "steps": len(starts),
            "stride": None if starts.step == self.global_batch else starts.step // self.global_batch,
        }
        left = len(starts)
        with self.connection.open(f"{self.path}/batches", query, accept=MEDIA_TYPE, retries=retries) as answer:
            self._check_headers(answer, starts.stop)
            for rows in read_stream(answer.body, self.encoding.stream_type):
                if not left:
                    raise UnexpectedAnswer(f"{answer.url} answered with more than the {len(starts)} batches requested.")
                start = starts[-left]
                check_indices(rows, self.select(order, start), answer.url)
                yield rows
                left -= 1
            answer.body.skip()
        if left:
            raise TruncatedStream(f"The answer ends {left} batches early.")

    def _check_headers(self, answer: Answer, end: int) -> None:
        """Compare what an answer says of itself with what was requested.

        Raises:
            UnexpectedAnswer: they differ.
        """
        expected = {"epoch-samples": str(self.samples), "next-start": str(min(self.samples, end))}
        for name, value in expected.items():
            if answer.headers.get(name, value) != value:
                raise UnexpectedAnswer(
                    f"{answer.url} answered with {name.title()} {answer.headers[name]}, and {value} was expected: "
                    "a cache or proxy on the way may ignore a part of the URL."
                )
