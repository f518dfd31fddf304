"""A mixture: one run over several datasets, in which each source gives its share of the batches."""

import operator
from collections.abc import Generator, Iterator, Mapping, Sequence
from itertools import islice
from math import gcd
from typing import Any, Self, TypedDict

from digits_client.batch import Batch
from digits_client.batches import Batches
from digits_client.errors import StateMismatch
from digits_client.state import State


class MixtureState(TypedDict):
    """What identifies a mixture, and its position. All values are such that JSON can hold them."""

    weights: list[int]
    step: int
    """Batches that the mixture has given: it determines which source comes next."""

    runs: list[State]
    """Each source, and where it stands."""


def mix(runs: Sequence[Batches], weights: Sequence[int]) -> "Mixture":
    """Return an endless mixture of runs, of which each gives batches in proportion to its weight.

    The sequence of sources is the same on all ranks and after every interruption: smooth weighted round-robin, as
    docs/order-v1.md specifies it under "Mixed runs". Each source goes on from one of its epochs to the next, and
    visits each of its samples once in each.

    Args:
        runs: the sources, each from where it stands on. They may differ in dataset, batch size and image shape. The
            runs themselves do not advance.
        weights: an integer of at least 1 for each run.

    Raises:
        ValueError: there is no run, the weights do not fit, or a run has epochs without any batch.
    """
    return Mixture(runs, weights)


class Mixture(Iterator[tuple[int, Batch]]):
    """An endless iterator of `(source, batch)`: the number of the run that a batch comes from, and the batch.

    Each loop over it continues where the one before ended. `state_dict()` counts the batches that were received.
    A `with` block closes the connections at the end, as `close` does. It belongs to one thread.
    """

    def __init__(self, runs: Sequence[Batches], weights: Sequence[int]) -> None:
        """Begin where the runs stand; `mix` describes the arguments."""
        self._runs = tuple(runs)
        self._weights = _check_weights(weights, len(self._runs))
        self._positions = [_find_position(run.state_dict()) for run in self._runs]
        self._step = 0
        self._sources = choose_sources(self._weights)
        self._streams: dict[int, Generator[Batch]] = {}
        self._source: int | None = None
        for number, run in enumerate(self._runs):
            _check_run(number, run)

    def __enter__(self) -> Self:
        """Return the mixture itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Stop what is under way; a later loop continues from the same position, by new requests."""
        streams, self._streams = self._streams, {}
        for stream in streams.values():
            stream.close()

    def __iter__(self) -> Self:
        """Return the mixture itself, at its present position."""
        return self

    def __next__(self) -> tuple[int, Batch]:
        """Return the next batch and the number of its source. If it cannot be fetched, the position stays."""
        if self._source is None:
            self._source = next(self._sources)
        source = self._source
        try:
            batch = next(self._open(source))
        except BaseException:
            self.close()
            raise
        self._positions[source] = self._move(source)
        self._step, self._source = self._step + 1, None
        return source, batch

    def state_dict(self) -> MixtureState:
        """Return what identifies the mixture, and its position, as JSON can hold it."""
        states = [run.copy_at(*place).state_dict() for run, place in zip(self._runs, self._positions, strict=True)]
        return {"weights": list(self._weights), "step": self._step, "runs": states}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state. Another number of ranks may continue it, if each run may by its own rules.

        Raises:
            ChangedData: a run belongs to another revision of the data.
            StateMismatch: the state belongs to another mixture; the message names the difference.
        """
        positions = self._check_state(state)
        self.close()
        self._positions, self._step, self._source = positions, state["step"], None
        self._sources = choose_sources(self._weights, step=self._step)

    def _open(self, source: int) -> Generator[Batch]:
        """Return the batches of a source, which continue from its position."""
        if source not in self._streams:
            self._streams[source] = _give_forever(self._runs[source].copy_at(*self._positions[source]))
        return self._streams[source]

    def _move(self, source: int) -> tuple[int, int]:
        """Return where a source stands after its next batch: epoch, and samples of it that were consumed."""
        request, (epoch, start) = self._runs[source].request, self._positions[source]
        if not request.count_steps(start):
            epoch, start = epoch + 1, 0
        return epoch, min(request.samples, start + request.global_batch)

    def _check_state(self, state: Mapping[str, Any]) -> list[tuple[int, int]]:
        """Return where each run stands in a state that belongs to this mixture."""
        missing = sorted(MixtureState.__required_keys__ - state.keys())
        if missing:
            raise StateMismatch(f"The state lacks {', '.join(missing)}: give it all that state_dict() returned.")
        weights, step, states = list(state["weights"]), state["step"], list(state["runs"])
        if weights != list(self._weights):
            raise StateMismatch(
                f"The state belongs to another mixture, which has weights {weights} instead of {list(self._weights)}."
            )
        if type(step) is not int or step < 0 or len(states) != len(self._runs):
            raise StateMismatch(f"The state is damaged: it has step {step!r}, and {len(states)} runs.")
        return [_check_run_state(number, run, states[number]) for number, run in enumerate(self._runs)]


def choose_sources(weights: Sequence[int], *, step: int = 0) -> Iterator[int]:
    """Give the numbers of the sources of a mixture for ever, from a step on: by smooth weighted round-robin.

    In each step the credit of every source grows by its weight, and the first source with the largest credit is taken,
    whose credit falls by the sum of the weights. The sequence has the period sum(weights) / gcd(weights).
    """
    divisor = gcd(*weights)
    total = sum(weights) // divisor
    credit = [0] * len(weights)

    def give() -> Iterator[int]:
        while True:
            for source, weight in enumerate(weights):
                credit[source] += weight // divisor
            taken = credit.index(max(credit))
            credit[taken] -= total
            yield taken

    return islice(give(), step % total, None)


def _give_forever(batches: Batches) -> Generator[Batch]:
    """Give the batches of one epoch after the other."""
    with batches:
        yield from batches.forever()


def _find_position(state: State) -> tuple[int, int]:
    return state["epoch"], state["start"]


def _check_weights(weights: Sequence[int], count: int) -> tuple[int, ...]:
    """Return the weights of so many runs as plain integers.

    Raises:
        ValueError: they are none.
    """
    try:
        numbers = tuple(operator.index(weight) for weight in weights)
    except TypeError:
        raise ValueError(f"weights must be integers of at least 1, not {list(weights)}.") from None
    if not numbers or len(numbers) != count or min(numbers) < 1:
        raise ValueError(f"weights must be an integer of at least 1 for each of the {count} runs, not {list(numbers)}.")
    return numbers


def _check_run(number: int, run: Batches) -> None:
    """Refuse a run that never gives a batch.

    Raises:
        ValueError: it is one.
    """
    request = run.request
    if not request.count_steps(0):
        raise ValueError(
            f"Run {number} has no batch: an epoch has {request.samples} samples, and with tail={request.tail!r} "
            f"no global batch of {request.global_batch}. Give a smaller batch_size, or another tail."
        )


def _check_run_state(number: int, run: Batches, state: Mapping[str, Any]) -> tuple[int, int]:
    """Return where a run stands in a state that belongs to it."""
    copy = run.copy_at(0)
    try:
        copy.load_state_dict(state)
    except StateMismatch as error:
        raise StateMismatch(f"Run {number} of the mixture: {error}") from None
    return _find_position(copy.state_dict())
