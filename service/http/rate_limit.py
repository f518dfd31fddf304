"""The rate limit: how many requests each client may send, by the generic cell rate algorithm. Knows no HTTP.

The algorithm (ITU-T I.371, annex A, "virtual scheduling") is a bucket that fills at a constant rate, kept in one number
a client: the time at which the bucket will be full again.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from time import monotonic

from cachetools import LRUCache

SITE_PREFIX = 64
"""Bits that the IPv6 addresses of one subscriber have in common (RFC 6177): whoever has one has 2⁶⁴."""

LONGEST_NAME = 64
"""Characters by which clients are told apart: a trusted proxy may pass on what is no address."""

TOLERANCE = 0.001
"""Parts of a request by which a sum of times may be wrong: those of floats are not exact."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a client may still send.

    Attributes:
        is_refused: whether this request is one too many.
        remaining: requests that it may send at once.
        reset: seconds until it may send the whole quota at once, or the next request if none remains.
    """

    is_refused: bool
    remaining: int
    reset: float


class RateLimiter:
    """Allows each client `quota` requests at once, and as many again in every `window` seconds, evenly spread.

    At most `clients` are counted. The one that was not seen for longest is forgotten first, and has its whole quota
    when it returns.
    """

    def __init__(self, *, quota: int, window: float, clients: int, clock: Callable[[], float] = monotonic) -> None:
        """Begin with full quotas."""
        self.quota = quota
        self.window = window
        self._interval = window / quota
        self._clock = clock
        self._full_at: LRUCache[str, float] = LRUCache(clients)

    def take(self, client: str) -> Allowance:
        """Count a request of `client`, if it may be sent."""
        now = self._clock()
        full_at = max(now, self._full_at.get(client, now))
        is_refused = full_at + self._interval > now + self.window + self._interval * TOLERANCE
        if not is_refused:
            full_at += self._interval
        self._full_at[client] = full_at
        remaining = int((now + self.window - full_at) / self._interval + TOLERANCE)
        reset = full_at - now
        return Allowance(is_refused, remaining, reset if remaining else reset + self._interval - self.window)


def name_network(address: str) -> str:
    """What counts as one client by its address: an IPv4 address, or the IPv6 network of a subscriber."""
    if ":" not in address:
        return address[:LONGEST_NAME]
    try:
        parsed = IPv6Address(address)
    except ValueError:
        return address[:LONGEST_NAME]
    return str(parsed.ipv4_mapped or IPv6Network((int(parsed), SITE_PREFIX), strict=False))


def round_up(seconds: float) -> int:
    """Whole seconds, not less than those given by more than a float may be wrong, and at least one."""
    return max(1, math.ceil(seconds - TOLERANCE))
