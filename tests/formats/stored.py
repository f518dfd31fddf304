"""Rows in a row store of their own."""

from collections.abc import Sequence

from service.formats.row_file import RowFile
from service.formats.row_store import RowStore


def store_rows(rows: Sequence[bytes]) -> RowStore:
    """A store of these rows, in a file of its own."""
    file = RowFile(count=1, capacity=10_000_000)
    with file.locked():
        file.add(0, rows, count=len(rows))
    store = file.find(0)
    assert store is not None
    return store
