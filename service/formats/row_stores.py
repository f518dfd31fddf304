"""The row stores of all splits: which there are, and the work that makes the next one."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType

from service.data.batch import Batch
from service.data.selection import Selection
from service.data.split import Split
from service.formats import csv, json, ndjson, png
from service.formats.format import Format
from service.formats.row_store import write_rows

log = logging.getLogger("service")

AT_ONCE = 50_000
"""Pixel values of the rows that are encoded before other threads get a turn: half a millisecond's work, as text."""

ENCODERS: Mapping[str, Callable[[Batch], list[bytes]]] = MappingProxyType(
    {json.LINES: ndjson.encode_rows, csv.LINES: csv.encode_rows, png.PLAIN: png.encode_rows}
)
"""What encodes raw rows one by one, by the name of the encoding."""


class RowStores:
    """Makes row stores, of at most `capacity` bytes together, and puts each where its split's batches find it."""

    def __init__(self, *, capacity: int, observe: Callable[[float], None] = lambda _: None) -> None:
        """Begin with none; a capacity of 0 leaves it at that. `observe` is told the seconds that each takes."""
        self._observe = observe
        self._room = self._capacity = capacity
        self._failed: set[tuple[Split, str]] = set()
        self._closed = False

    @property
    def size(self) -> int:
        """Bytes of all stores."""
        return self._capacity - self._room

    def plan(self, split: Split, media: Format) -> Callable[[], None] | None:
        """What makes the store that would serve files of this format; None if it is there or there is no room for it.

        It takes seconds, and is to be called in a thread, one at a time.
        """
        name = media.stored_as
        if name is None or name in split.encoded or not self._capacity or (split, name) in self._failed:
            return None
        return partial(self._make, split, name)

    def close(self) -> None:
        """End the work that is under way."""
        self._closed = True

    def _make(self, split: Split, name: str) -> None:
        began = time.perf_counter()
        try:
            store = write_rows(self._encode(split, name), room=self._room)
        except OSError as error:
            self._failed.add((split, name))
            log.info("no store for the rows of %s as %s: %s", split.full_name, name, error)
            return
        self._room -= len(store)
        split.encoded[name] = store
        seconds = time.perf_counter() - began
        self._observe(seconds)
        log.info("stored the rows of %s as %s: %d bytes, in %.1f s", split.full_name, name, len(store), seconds)

    def _encode(self, split: Split, name: str) -> Iterator[bytes]:
        for block in Selection.of(split).batch().blocks(AT_ONCE):
            if self._closed:
                raise OSError("the service stops")
            yield from ENCODERS[name](block)
            time.sleep(0)  # others wait for the interpreter's lock
