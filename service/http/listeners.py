"""Listening sockets of several processes for one address, among which the system distributes connections."""

import errno
import socket
from dataclasses import dataclass

ABSENT = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""How the system answers if it lacks one of the families that a host name stands for."""


@dataclass(frozen=True)
class Address:
    """An address of this machine, and a port that was free."""

    family: socket.AddressFamily
    host: str
    port: int

    def bind(self, *, shared: bool = True) -> socket.socket:
        """A socket that is bound and does not listen yet; `::` takes IPv4, too.

        With SO_REUSEPORT, which `shared` asks for, processes of one user bind one address. On Linux each gets its
        part of the connections; elsewhere one of them may get all.

        Raises:
            OSError: the address is taken, or is none of this machine.
        """
        bound = socket.socket(self.family, socket.SOCK_STREAM)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if shared:
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if self.family == socket.AF_INET6:
                bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(self.host != "::"))
            bound.bind((self.host, self.port))
        except OSError as error:
            bound.close()
            reason = str(error.strerror).lower()
            place = (self.host, self.port)
            raise OSError(error.errno, f"error while attempting to bind on address {place}: {reason}") from None
        return bound


def find_addresses(host: str, port: int) -> tuple[Address, ...]:
    """The addresses that a host stands for, all with the same port; if it is 0, a free one.

    Raises:
        OSError: one of them is taken, or the host stands for none.
    """
    found: list[Address] = []
    absent: OSError | None = None
    for family, _, _, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE):
        address = Address(family, str(place[0]), port)
        try:
            with address.bind(shared=False) as bound:  # a shared one would not notice others that share
                port = bound.getsockname()[1]
        except OSError as error:
            if error.errno not in ABSENT:
                raise
            absent = error
        else:
            found.append(Address(family, address.host, port))
    if absent is not None and not found:
        raise absent
    return tuple(dict.fromkeys(found))
