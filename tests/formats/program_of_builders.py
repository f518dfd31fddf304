"""A program whose processes share a row file; some of them are killed. It fails if the others notice."""

import os
import signal
from collections.abc import Callable, Iterator

import numpy as np

from service.formats.row_file import RowFile, round_up

ROWS = [bytes([number]) * 1_000 for number in range(100)]
OTHERS = [row * 2 for row in ROWS]
CAPACITY = 1_000_000


def run_child(work: Callable[[], object]) -> int:
    """Do the work in a child, and return the signal that has ended it, or 0."""
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def add(file: RowFile, number: int, rows: list[bytes], *, killed_after: int | None = None) -> None:
    def write() -> Iterator[bytes]:
        for position, row in enumerate(rows):
            if position == killed_after:
                os.kill(os.getpid(), signal.SIGKILL)
            yield row

    with file.locked():
        file.add(number, write(), count=len(rows))
    os._exit(0)


def check_row(file: RowFile, number: int, rows: list[bytes]) -> None:
    store = file.find(number)
    assert store is not None
    assert store.read(np.arange(len(rows))) == b"".join(rows)
    assert store.read(np.array([7, 3])) == rows[7] + rows[3]


def is_locked(file: RowFile) -> bool:
    try:
        with file.locked():
            return False
    except BlockingIOError:
        return True


def hold_lock_over_a_child(file: RowFile) -> None:
    """A child of the process that has the lock does not have it, and does not release it when it ends."""
    with file.locked():
        assert run_child(lambda: os._exit(is_locked(file))) == 1
        assert run_child(lambda: os._exit(is_locked(file))) == 1


def check_lock_of_a_killed_process(file: RowFile) -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        with file.locked():
            os.write(writing, b"!")
            signal.pause()
    assert os.read(reading, 1)
    assert is_locked(file)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert not is_locked(file)


def main() -> None:
    file = RowFile(count=3, capacity=CAPACITY)
    hold_lock_over_a_child(file)
    check_lock_of_a_killed_process(file)
    assert run_child(lambda: add(file, 0, ROWS)) == 0
    check_row(file, 0, ROWS)
    length, size = os.fstat(file._descriptor).st_size, file.size
    assert run_child(lambda: add(file, 2, OTHERS, killed_after=70)) == -signal.SIGKILL
    assert (os.fstat(file._descriptor).st_size > length, file.size) == (True, size)
    assert (file.find(2), file.is_open(2)) == (None, True)
    assert run_child(lambda: add(file, 1, ROWS[:50])) == 0
    assert os.fstat(file._descriptor).st_size == round_up(length) + 51 * 8 + 50_000
    assert run_child(lambda: add(file, 2, OTHERS)) == 0
    for number, rows in ((0, ROWS), (1, ROWS[:50]), (2, OTHERS)):
        check_row(file, number, rows)
    assert os.fstat(file._descriptor).st_size <= CAPACITY


if __name__ == "__main__":
    main()
