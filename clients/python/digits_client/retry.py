"""When a failed request is repeated: a policy for urllib3 that is bounded by time, not by a number of attempts."""

import logging
import random
import re
import ssl
import sys
import time
from http import HTTPStatus
from http.client import HTTPException
from math import inf
from types import TracebackType
from typing import Any, Self

from urllib3 import Retry
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import HTTPError, InvalidHeader, NameResolutionError, ProxyError, SSLError
from urllib3.response import BaseHTTPResponse

from digits_client.cancellation import Cancellation
from digits_client.errors import Unreachable

logger = logging.getLogger("digits_client")

BROKEN = (HTTPError, HTTPException, OSError)
"""What urllib3, http.client and sockets raise when a connection fails."""

LONGEST_PAUSE = 10.0
"""Seconds between two attempts, at most, unless the service asks for more."""

LONGEST_WAIT = 3600.0
"""Seconds between two attempts, at most, if the service asks for more and the patience has no end."""

RETRIED = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
        520,
    }
)
"""Statuses after which a later attempt may succeed; 520 is a gateway's for an answer that it could not read."""

TRANSIENT_TLS = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
"""Failures of TLS that come from the connection; all others come from the certificate or the configuration."""


class PatientRetry(Retry):
    """Repeats a request until it has failed for `patience` seconds, counted from the first failure.

    Pauses grow exponentially and are random ("full jitter"), so that many clients do not return at the same moment;
    where the service sends `Retry-After`, the pause is at least as long. If it asks for more time than is left, the
    request fails at once. Every retry is logged as a warning to the logger `digits_client`.
    """

    def __init__(
        self,
        *,
        patience: float,
        cancellation: Cancellation | None = None,
        known_host: bool = False,
        deadline: float | None = None,
        **options: Any,  # noqa: ANN401 - those of urllib3.Retry
    ) -> None:
        """Begin without a failure; with a `known_host`, a name that cannot be resolved is retried as well."""
        defaults: dict[str, Any] = {
            "total": None,
            "allowed_methods": None,  # answers depend on the request alone, so a POST may be repeated, too
            "status_forcelist": RETRIED,
        }
        if hasattr(Retry, "DEFAULT_RETRY_AFTER_MAX"):  # urllib3 before 2.7 has no bound
            defaults["retry_after_max"] = sys.maxsize
        super().__init__(**(defaults | options))
        self.patience = patience
        self.cancellation = cancellation or Cancellation()
        self.known_host = known_host
        self.deadline = deadline
        self.pause = 0.0

    def new(self, **options: Any) -> Self:  # noqa: ANN401 - those of urllib3.Retry
        """Return a copy with other options."""
        kept = {name: getattr(self, name) for name in ("patience", "cancellation", "known_host", "deadline")}
        return super().new(**(kept | options))

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        """Return the policy after one more failure.

        Raises:
            Cancelled: nobody waits for the answer.
            Unreachable: the patience is over, or another attempt would fail in the same way.
        """
        self.cancellation.check()
        permanent = None if error is None else explain_permanent(error, known_host=self.known_host)
        if permanent is not None:
            raise Unreachable(permanent) from error
        now = time.monotonic()
        following = super().increment(method, url, response, error, _pool, _stacktrace)
        following.deadline = now + self.patience if self.deadline is None else self.deadline
        place = format_url(url, _pool)
        reason = f"status {response.status}" if response is not None else describe_failure(error)
        requested = (self.get_retry_after(response) or 0.0) if response is not None else 0.0
        if response is not None:
            response.close()  # its body may never end
        left = following.deadline - now
        if left <= 0 or requested > left:
            raise Unreachable(following.explain(place, reason, requested)) from error
        following.pause = min(left, requested + choose_backoff(len(following.history)), LONGEST_WAIT)
        logger.warning("%s %s failed: %s; next attempt in %.1f s", method, place, reason, following.pause)
        return following

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:  # noqa: ARG002 - urllib3's signature
        """Pause before the next attempt."""
        self.cancellation.sleep(self.pause)

    def parse_retry_after(self, retry_after: str) -> float:
        """Return seconds (RFC 9110, section 10.2.3); 0 for what cannot be read, infinity for what no clock can hold."""
        try:
            return float(super().parse_retry_after(retry_after))
        except InvalidHeader:
            return 0.0
        except (ValueError, OverflowError):
            return inf

    def explain(self, url: str, reason: str, requested: float) -> str:
        """Return the sentence that ends the attempts."""
        times = f"{len(self.history)} times" if len(self.history) > 1 else "once"
        wish = f", and the service asks to wait {requested:.0f} seconds" if requested else ""
        return (
            f"{url} failed {times}, most recently with: {reason}{wish}. "
            f"The client repeats a request for {self.patience:g} seconds; connect(…, patience=…) sets another time."
        )


def choose_backoff(failures: int) -> float:
    """Return the seconds to wait after so many failures in a row (at least 1)."""
    longest = min(LONGEST_PAUSE, 0.1 * 2.0 ** min(failures - 1, 30))
    return random.uniform(0.0, longest)  # noqa: S311 - spreads clients


def format_url(target: str | None, pool: ConnectionPool | None) -> str:
    """Return the URL of a request; to a proxy and between requests the target is one already."""
    if target is None or pool is None or "://" in target:
        return str(target)
    return f"{pool.scheme}://{pool.host}:{pool.port}{target}"


def describe_failure(error: Exception | None) -> str:
    """Return what an exception of urllib3 says, without the objects that it names first."""
    text = str(error.args[-1] if error is not None and error.args else error)
    return re.sub(r"^(?:\w+\(host=.*?, port=.*?\)|<.*?>): ", "", text)  # urllib3 before 2.6 has the latter


def explain_permanent(error: Exception, *, known_host: bool) -> str | None:
    """Return why another attempt would fail in the same way; None if it may succeed."""
    if isinstance(error, ProxyError):
        explained = explain_permanent(error.original_error, known_host=False)
        return None if explained is None else f"The proxy of the environment cannot be used: {explained}"
    if isinstance(error, NameResolutionError) and not known_host:
        return f"The host name cannot be resolved: check the address of the service. ({describe_failure(error)})"
    if isinstance(error, SSLError | ssl.SSLError):
        cause = error.args[0] if isinstance(error, SSLError) and error.args else error
        if not isinstance(cause, TRANSIENT_TLS):
            reason = describe_failure(error)
            return f"The secure connection failed: check the certificate of the service and the scheme. ({reason})"
    return None
