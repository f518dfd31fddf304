"""A ByteSink: a file that a writer writes into and a generator empties, so that no whole file is in memory."""

import io


class ByteSink(io.RawIOBase):
    """A write-only file that stores what is written until it is taken."""

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        """Tell writers that they may write."""
        return True

    def write(self, data: object) -> int:
        """Store a copy of the bytes of `data`, because writers reuse their buffers."""
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        return len(piece)

    def take(self) -> list[bytes]:
        """The pieces that were written since the last call."""
        taken, self._pieces = self._pieces, []
        return taken
