"""The state of a run: everything that determines which samples it visits and in which order."""

from collections.abc import Mapping
from typing import Any

from digits_client.connection import Value
from digits_client.errors import ChangedData, StateMismatch
from digits_client.request import BatchRequest

State = dict[str, Value]
"""Names and values, all of which JSON can hold."""


def describe_run(request: BatchRequest) -> State:
    """Return what identifies a run: runs with equal descriptions visit the same samples in the same order.

    Keys: `dataset`, `split`, `rev`, `seed`, `shuffle`, `tail`, the subset (`label`, `per_class`, `fold`, `folds`,
    `part`; None where not used), and `global_batch`, the rows per rank and step times the number of ranks. The last is
    None with the tail `partial`, since a run may then continue with another global batch and still visits every sample
    once; with `drop` and `pad` it determines which samples are left out or repeated.
    """
    subset = request.subset
    return {
        "dataset": request.encoding.dataset,
        "split": request.encoding.split,
        "rev": request.encoding.rev,
        "seed": request.seed,
        "shuffle": request.shuffle,
        "tail": request.tail,
        "global_batch": None if request.tail == "partial" else request.global_batch,
        **{name: subset.get(name) for name in ("label", "per_class", "fold", "folds")},
        "part": subset.get("part", "train") if "fold" in subset else None,
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
