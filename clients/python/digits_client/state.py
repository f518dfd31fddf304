"""The state of a run: everything that determines which samples it visits and in which order."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from digits_client.errors import ChangedData, StateMismatch
from digits_client.request import BatchRequest


class Run(TypedDict):
    """What identifies a run: runs that are equal in all of it visit the same samples in the same order."""

    dataset: str
    split: str
    rev: str
    """The revision of the data."""

    seed: int
    shuffle: bool
    tail: str
    global_batch: int | None
    """Rows per rank and step times the number of ranks, if the tail is `drop` or `pad`, where it determines which
    samples are left out or repeated. None with `partial`: a run may continue with any, and visits every sample once."""

    balanced: bool
    range: str | None
    label: Sequence[int] | None
    per_class: int | None
    fold: int | None
    folds: int | None
    part: str | None


class State(Run):
    """A run and a position in it. All values are such that JSON can hold them."""

    epoch: int
    start: int
    """Samples of the epoch that all ranks have consumed."""


def describe_run(request: BatchRequest) -> Run:
    """Return what identifies the run of a request."""
    subset = request.subset
    return {
        "dataset": request.encoding.dataset,
        "split": request.encoding.split,
        "rev": request.encoding.rev,
        "seed": request.seed,
        "shuffle": request.shuffle,
        "tail": request.tail,
        "global_batch": None if request.tail == "partial" else request.global_batch,
        "balanced": request.balanced,
        "range": subset.range,
        "label": subset.label,
        "per_class": subset.per_class,
        "fold": subset.fold,
        "folds": subset.folds,
        "part": subset.part,
    }


def check_state(state: Mapping[str, Any], request: BatchRequest) -> tuple[int, int]:
    """Return `epoch` and `start` of a state that belongs to a run.

    Raises:
        ChangedData: the state belongs to another revision of the same data.
        StateMismatch: it belongs to another run, is incomplete, or its position is outside the epoch.
    """
    expected = describe_run(request)
    missing = sorted({*expected, "epoch", "start"} - state.keys())
    if missing:
        raise StateMismatch(f"The state lacks {', '.join(missing)}: give it all that state_dict() returned.")
    differences = [
        f"{name} {state[name]!r} instead of {value!r}"
        for name, value in expected.items()
        if name != "rev" and state[name] != value
    ]
    if differences:
        raise StateMismatch(f"The state belongs to another run, which has {'; '.join(differences)}.")
    if state["rev"] != expected["rev"]:
        detail = f"The state belongs to revision {state['rev']} of the data, and the service has {expected['rev']}."
        raise ChangedData(409, "changed-data", detail)
    epoch, start = int(state["epoch"]), int(state["start"])
    if epoch < 0 or not 0 <= start <= request.samples:
        raise StateMismatch(f"The state is at epoch {epoch}, start {start}; an epoch has {request.samples} samples.")
    return epoch, start
