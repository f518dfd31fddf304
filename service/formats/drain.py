"""A Drain: the file that a writer fills and a generator empties, so that a file is made without being held."""

import io


class Drain(io.RawIOBase):
    """A write-only file that keeps what was written until it is taken."""

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self._kept: list[bytes] = []

    def writable(self) -> bool:
        """Tell writers that they may write."""
        return True

    def write(self, data: object) -> int:
        """Keep a copy of the bytes of `data`, because writers reuse their buffers."""
        piece = bytes(data)  # type: ignore[call-overload]
        self._kept.append(piece)
        return len(piece)

    def take(self) -> bytes:
        """What was written since the last call."""
        taken, self._kept = b"".join(self._kept), []
        return taken
