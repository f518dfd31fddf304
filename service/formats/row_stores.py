"""The row stores of all splits: which there are, and the work that makes the next one."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import product
from types import MappingProxyType

from service.cancellation import Cancelled
from service.data.batch import Batch
from service.data.selection import Selection
from service.data.split import Split
from service.formats import csv, json, ndjson, png
from service.formats.format import Format
from service.formats.row_file import RowFile

log = logging.getLogger("service")

AT_ONCE = 50_000
"""Pixel values of the rows that are encoded before other threads get a turn: half a millisecond's work, as text."""

ENCODERS: Mapping[str, Callable[[Batch], list[bytes]]] = MappingProxyType(
    {json.LINES: ndjson.encode_rows, csv.LINES: csv.encode_rows, png.PLAIN: png.encode_rows}
)
"""What encodes raw rows one by one, by the name of the encoding."""


class RowStores:
    """Makes row stores, and puts each where its split's batches find it. Processes that share a file share them all."""

    def __init__(
        self, splits: Iterable[str], *, capacity: int, observe: Callable[[float], None] = lambda _: None
    ) -> None:
        """Begin without a file, and so without stores, for splits of these full names.

        The stores take at most `capacity` bytes together. `observe` is told the seconds that each takes.
        """
        self._observe = observe
        self._capacity = capacity
        self._numbers = {key: number for number, key in enumerate(product(splits, ENCODERS))}
        self._file: RowFile | None = None
        self._closed = False

    def open(self) -> None:
        """Make the file; with a capacity of 0, or where there is no room for it, there will be no stores."""
        try:
            self._file = RowFile(count=len(self._numbers), capacity=self._capacity) if self._capacity else None
        except OSError as error:
            log.info("no stores for rows: %s", error)

    @property
    def size(self) -> int:
        """Bytes of all stores, whichever process has made them."""
        return self._file.size if self._file else 0

    def plan(self, split: Split, media: Format) -> Callable[[], None] | None:
        """What makes the store that would serve files of this format; None if it is there or there is no room for it.

        A store that is there serves from now on. Making one takes seconds, and is to be called in a thread, one at a
        time. It does nothing if another process is making one, so this one may have to make it later.
        """
        name, file = media.stored_as, self._file
        if name is None or name in split.encoded or file is None:
            return None
        number = self._numbers[split.full_name, name]
        if file.is_open(number):
            return partial(self._make, file, number, split, name)
        with suppress(OSError):  # it cannot be mapped now
            store = file.find(number)
            if store is not None:
                split.encoded[name] = store
        return None

    def close(self) -> None:
        """End the work that is under way."""
        self._closed = True

    def _make(self, file: RowFile, number: int, split: Split, name: str) -> None:
        began = time.perf_counter()
        try:
            with file.locked():
                if not file.is_open(number):
                    return
                size = file.add(number, self._encode(split, name), count=len(split))
        except (BlockingIOError, Cancelled):
            return
        except OSError as error:
            log.info("no store for the rows of %s as %s: %s", split.full_name, name, error)
            return
        seconds = time.perf_counter() - began
        self._observe(seconds)
        log.info("stored the rows of %s as %s: %d bytes, in %.1f s", split.full_name, name, size, seconds)

    def _encode(self, split: Split, name: str) -> Iterator[bytes]:
        for block in Selection.of(split).batch().blocks(AT_ONCE):
            if self._closed:
                raise Cancelled
            yield from ENCODERS[name](block)
            time.sleep(0)  # others wait for the interpreter's lock
