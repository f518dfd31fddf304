"""How much of what was sent over TCP the other side has not acknowledged: the progress of a slow reader."""

import array
import asyncio
import fcntl
import termios

UNKNOWN = -1
"""Where the system does not tell; then only the buffer of the transport shows progress."""


def count_unacknowledged(transport: asyncio.BaseTransport) -> int:
    """Bytes in the system's send buffer (`SIOCOUTQ` of tcp(7), the same number as `TIOCOUTQ`).

    A steady reader of a kilobyte a second changes it every minute at the latest, even over loopback with its large
    segments, while the buffer of a transport shrinks only when a third of the system's is free: a megabyte.
    """
    connection = transport.get_extra_info("socket")
    waiting = array.array("i", [0])
    try:
        fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, waiting)
    except OSError:
        return UNKNOWN
    return waiting[0]
