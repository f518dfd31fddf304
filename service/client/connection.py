"""The Connection: requests that are repeated until they are answered, and problems as exceptions."""

import json
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

T = TypeVar("T")

Value = str | int | bool | None | Sequence[int]
"""What a query parameter may be; None leaves it out, a sequence repeats it."""

LONGEST_PAUSE = 10.0
"""Seconds between two attempts, at most, unless the service asks for more."""

BROKEN = (HTTPError, OSError)
"""What a broken connection raises."""

RETRIED = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""Statuses that another attempt may mend; every request here may be repeated, since answers depend on the URL alone."""


class ProblemError(Exception):
    """The service refused a request; the message says why and what to do (RFC 9457)."""

    def __init__(self, status: int, kind: str, detail: str) -> None:
        """Keep the status, the name of the kind of problem, and the sentence."""
        super().__init__(detail)
        self.status = status
        self.kind = kind


class ChangedData(ProblemError):
    """The service holds another revision of the data than the one this client began with."""


class Unreachable(Exception):
    """The service did not answer, in any of the attempts."""


@dataclass(frozen=True)
class Answer:
    """The headers (names in lower case) and the body of a successful answer."""

    headers: Mapping[str, str]
    body: bytes


class Connection:
    """Where a service is, and how often to ask it. Safe to share between threads, to fork and to pickle."""

    def __init__(self, url: str, *, timeout: float = 30.0, attempts: int = 8, connections: int = 8) -> None:
        """Ask the service at `url`; wait `timeout` seconds for its next byte, and try `attempts` times."""
        self.url = url.rstrip("/")
        self.timeout = timeout
        self.attempts = attempts
        self.connections = connections
        self._pools = _Pools()

    def get(self, path: str, **parameters: Value) -> Answer:
        """The answer to a GET.

        Raises:
            ProblemError: the service refused.
            Unreachable: it could not be asked.
        """
        return self._persist(path, lambda: _whole(self._head("GET", path, parameters, None)))

    def post(self, path: str, body: bytes, **parameters: Value) -> Answer:
        """The answer to a POST of bytes; as safe to repeat as a GET, because the service changes nothing.

        Raises:
            ProblemError: the service refused.
            Unreachable: it could not be asked.
        """
        return self._persist(path, lambda: _whole(self._head("POST", path, parameters, body)))

    def json(self, path: str, **parameters: Value) -> Any:  # noqa: ANN401 - JSON is whatever it is
        """The answer to a GET as JSON."""
        return json.loads(self.get(path, **parameters).body)

    @contextmanager
    def open(self, path: str, **parameters: Value) -> Iterator[BaseHTTPResponse]:
        """The answer to a GET, its body to be read from; reading may raise what `BROKEN` holds.

        Raises:
            ProblemError: the service refused.
            Unreachable: it could not be asked.
        """
        answer = self._persist(path, lambda: self._head("GET", path, parameters, None))
        try:
            yield answer
        except BaseException:
            answer.close()  # the rest of the body is of no use, and neither is the socket it would come from
            raise
        answer.drain_conn()
        answer.release_conn()

    def wait(self, path: str, failures: int, reason: object, retry_after: str | None = None) -> None:
        """Pause after so many failures in a row.

        Raises:
            Unreachable: they were too many.
        """
        if failures >= self.attempts:
            raise Unreachable(f"{self.url}{path} failed {failures} times, at last with: {reason}.")
        time.sleep(pause(failures - 1, retry_after))

    def _head(self, method: str, path: str, parameters: Mapping[str, Value], body: bytes | None) -> BaseHTTPResponse:
        """A successful answer, its body unread.

        Raises:
            ProblemError: the service refused.
            _Busy: it might not, if asked again.
        """
        headers = {"Accept-Encoding": "identity"}
        if body is not None:
            headers["Content-Type"] = "application/octet-stream"
        answer = self._pools.mine(self.connections).request(
            method,
            self.url + path + query(parameters),
            body=body,
            headers=headers,
            timeout=self.timeout,
            retries=False,
            redirect=False,
            preload_content=False,
        )
        if answer.status < HTTPStatus.BAD_REQUEST:
            return answer
        content = answer.data
        if answer.status in RETRIED:
            raise _Busy(answer.status, answer.headers.get("Retry-After"))
        raise problem(answer.status, content)

    def _persist(self, path: str, attempt: Callable[[], T]) -> T:
        """What an attempt gives, once it succeeds."""
        failures = 0
        while True:
            failures += 1
            try:
                return attempt()
            except _Busy as busy:
                self.wait(path, failures, busy, busy.retry_after)
            except BROKEN as error:
                self.wait(path, failures, error)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the sockets behind."""
        return {name: value for name, value in self.__dict__.items() if name != "_pools"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin without sockets."""
        self.__dict__.update(state)
        self._pools = _Pools()


class _Busy(Exception):
    """The service cannot answer now."""

    def __init__(self, status: int, retry_after: str | None) -> None:
        super().__init__(f"status {status}")
        self.retry_after = retry_after


class _Pools:
    """A pool of sockets for each process: a fork must not share those of its parent."""

    def __init__(self) -> None:
        self._by_process: dict[int, urllib3.PoolManager] = {}

    def mine(self, size: int) -> urllib3.PoolManager:
        return self._by_process.setdefault(os.getpid(), urllib3.PoolManager(maxsize=size))


def _whole(answer: BaseHTTPResponse) -> Answer:
    """An answer with its body."""
    return Answer({name.lower(): value for name, value in answer.headers.items()}, answer.data)


def query(parameters: Mapping[str, Value]) -> str:
    """Parameters as the query of a URL, with its question mark; nothing for none."""
    given = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in parameters.items()
        if value is not None
    }
    text = urlencode(given, doseq=True)
    return f"?{text}" if text else ""


def pause(attempt: int, retry_after: str | None) -> float:
    """Seconds to wait after a failed attempt (counted from 0).

    What the service asks for, else a random part of an exponentially growing time, so that many clients do not come
    back all at once ("full jitter").
    """
    backoff = random.uniform(0.0, min(LONGEST_PAUSE, 0.1 * 2.0**attempt))  # noqa: S311 - spreads clients
    if retry_after is None:
        return backoff
    if retry_after.isdigit():
        return float(retry_after) + backoff
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time()) + backoff
    except ValueError:
        return backoff


def problem(status: int, body: bytes) -> ProblemError:
    """The exception for an error's status and body."""
    try:
        told = json.loads(body)
        kind, detail = told["type"].rpartition("/")[2], told["detail"]
    except (ValueError, KeyError, TypeError, AttributeError):
        kind, detail = "unknown", f"The service answered {status}: {body[:200]!r}"
    error = ChangedData if status == HTTPStatus.CONFLICT else ProblemError
    return error(status, kind, detail)
