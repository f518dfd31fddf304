"""Partitions in whose middle something happens, once: the task fails, its process is killed, or a replica is."""

import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from digits_client import Batch
from digits_client.partitions import RankPartition, RowPartition

Kind = Literal["raise", "kill task", "kill replica"]

SMALL = 50
"""Rows per batch of a partition with a fault."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens, and a file that is there once it did; `pid` is the replica to kill."""

    kind: Kind
    marker: Path
    pid: int = 0

    def happen_once(self) -> None:
        """Do it, unless it was done before."""
        try:
            self.marker.touch(exist_ok=False)
        except FileExistsError:
            return
        if self.kind == "raise":
            raise RuntimeError("The task fails half-way.")
        os.kill(os.getpid() if self.kind == "kill task" else self.pid, signal.SIGKILL)


def read_with_fault(batches: Iterator[Batch], number: int, fault: Fault) -> Iterator[Batch]:
    """Give batches, with a fault after so many of them, at least one."""
    assert number > 0
    for place, batch in enumerate(batches):
        if place == number:
            fault.happen_once()
        yield batch


@dataclass(frozen=True, kw_only=True)
class FaultyRankPartition(RankPartition):
    """A rank with a fault in the middle."""

    fault: Fault

    def read(self) -> Iterator[Batch]:
        """Give the batches."""
        return read_with_fault(super().read(), len(self) // self.batch_size // 2, self.fault)


@dataclass(frozen=True, kw_only=True)
class FaultyRowPartition(RowPartition):
    """A range of rows with a fault in the middle."""

    fault: Fault

    def read(self) -> Iterator[Batch]:
        """Give the batches."""
        return read_with_fault(super().read(), len(self) // self.batch_size // 2, self.fault)


def spoil_ranks(partitions: Sequence[RankPartition], fault: Fault) -> list[RankPartition]:
    """Return partitions of which the first one has a fault, and many batches."""
    first = FaultyRankPartition(**vars(partitions[0]) | {"batch_size": SMALL}, fault=fault)
    # All ranks need the same batch size: it is a part of the order.
    return [first, *(replace(one, batch_size=SMALL) for one in partitions[1:])]


def spoil_rows(partitions: Sequence[RowPartition], fault: Fault) -> list[RowPartition]:
    """Return partitions of which the first one has a fault, and many batches."""
    return [FaultyRowPartition(**vars(partitions[0]) | {"batch_size": SMALL}, fault=fault), *partitions[1:]]
