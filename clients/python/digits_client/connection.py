"""The connection to a service: requests that are repeated until they are answered, and answers that are checked."""

import io
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import unquote, urlencode

import urllib3
from urllib3.exceptions import LocationParseError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Url, make_headers, parse_url

from digits_client.cancellation import Cancellation
from digits_client.errors import UnexpectedAnswer, Unreachable, parse_problem
from digits_client.retry import BROKEN, PatientRetry, describe_failure
from digits_client.stream import BodyReader
from digits_client.transport import create_pool, find_direct

Value = str | int | bool | None | Sequence[int]
"""What a query parameter may be; None leaves it out, a sequence repeats it."""

JSON = "application/json"

PATIENCE = 120.0
"""Seconds for which a failing request is repeated: longer than the service takes to restart."""

LONGEST_CONNECT = 10.0
"""Seconds to wait for a connection to be established, at most."""

KEY_VARIABLE = "DIGITS_API_KEY"
"""The environment variable with the key of clients that are given none."""

LONGEST_PROBLEM = 65_536
"""Bytes that are read of the body of a refusal, at most."""


@dataclass(frozen=True)
class Answer:
    """The headers (names in lower case) of a successful answer, and its body, which is yet to be read."""

    url: str
    headers: Mapping[str, str]
    body: BodyReader


class Connection:
    """A service by its address. Safe to share between threads, to fork and to pickle.

    Redirects are not followed: the answer to a batch would come from an address that nobody named.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 30.0,
        patience: float = PATIENCE,
        headers: Mapping[str, str] | None = None,
        api_key: str | None = None,
        progress: bool = False,
        connections: int = 8,
    ) -> None:
        """Prepare requests; nothing is sent yet.

        Args:
            url: the service's address; a user and a password in it are sent as `Authorization: Basic`.
            timeout: seconds to wait for the next byte of an answer.
            patience: seconds for which a failing request is repeated.
            headers: headers that every request carries; an `Authorization` among them replaces other credentials.
            api_key: the key that the operator of the service gave out; None takes that of the environment variable
                `DIGITS_API_KEY`, if there is one. An address with a password needs no key.
            progress: draw a bar for every download (needs tqdm).
            connections: idle connections to keep, at most.

        Raises:
            ValueError: the address, the key or a number cannot be used.
        """
        if not timeout > 0 or not patience >= 0:
            raise ValueError(f"timeout must be above 0 and patience at least 0, not {timeout} and {patience}.")
        address = parse_address(url)
        self.url = address._replace(auth=None).url.rstrip("/")
        self.timeout = timeout
        self.patience = patience
        self.progress = progress
        self.connections = connections
        self.headers = {"User-Agent": "digits-client", "Accept-Encoding": "identity"}
        self.headers |= authorize(address, api_key)
        if any(name.lower() == "authorization" for name in headers or {}):
            self.headers.pop("Authorization", None)
        self.headers |= headers or {}
        self._answered = False
        self._pools: dict[int, urllib3.PoolManager] = {}

    def __enter__(self) -> Self:
        """Return the connection itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the sockets of this process; a later request opens new ones."""
        pool = self._pools.pop(os.getpid(), None)
        if pool is not None:
            pool.clear()

    def get(self, path: str, *, accept: str, **parameters: Value) -> bytes:
        """Return the body of the answer to a GET, of the media type `accept`.

        Raises:
            ProblemError: the service refused.
            UnexpectedAnswer: the answer is not what was requested.
            Unreachable: there is no answer.
        """
        return self.read("GET", path, None, accept, parameters)

    def post(self, path: str, body: bytes, *, accept: str, **parameters: Value) -> bytes:
        """Return the body of the answer to a POST of bytes, which is repeated like a GET: the service changes nothing.

        Raises:
            ProblemError: the service refused.
            UnexpectedAnswer: the answer is not what was requested.
            Unreachable: there is no answer.
        """
        return self.read("POST", path, body, accept, parameters)

    def download(self, path: str, *, accept: str, **parameters: Value) -> bytes:
        """Return the body of the answer to a GET like `get`, with a bar if there are to be any."""
        return self.read("GET", path, None, accept, parameters, bar=path if self.progress else None)

    def get_json(self, path: str, **parameters: Value) -> dict[str, Any]:
        """Return the JSON object that answers a GET; raises what `get` raises."""
        content = self.get(path, accept=JSON, **parameters)
        try:
            value = json.loads(content)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise UnexpectedAnswer(f"{self.url}{path} answered with no JSON object: {content[:200]!r}")
        return value

    def read(
        self,
        method: str,
        path: str,
        body: bytes | None,
        accept: str,
        parameters: Mapping[str, Value],
        cancellation: Cancellation | None = None,
        *,
        bar: str | None = None,
    ) -> bytes:
        """Return the whole body of an answer; where it breaks off, the request is repeated. `bar` names a bar."""
        retries = self.create_retry(cancellation)
        while True:
            with self.open(path, parameters, accept=accept, retries=retries, method=method, content=body) as answer:
                try:
                    with draw_bar(bar, answer.headers.get("content-length")) as advance:
                        return answer.body.readall(advance)
                except BROKEN as error:
                    retries = retries.increment(method, answer.url, error=error)
            retries.sleep()

    def create_retry(self, cancellation: Cancellation | None = None) -> PatientRetry:
        """Return the policy for a new request."""
        return PatientRetry(patience=self.patience, cancellation=cancellation, known_host=self._answered)

    @contextmanager
    def open(
        self,
        path: str,
        parameters: Mapping[str, Value],
        *,
        accept: str,
        retries: PatientRetry,
        method: str = "GET",
        content: bytes | None = None,
    ) -> Iterator[Answer]:
        """Give an answer, its body to be read within the block; reading may raise what `BROKEN` holds.

        Raises:
            ProblemError: the service refused.
            UnexpectedAnswer: the answer is not what was requested.
            Unreachable: there is no answer.
        """
        url = self.url + path + encode_query(parameters)
        response = self._send(method, url, content, retries)
        body = BodyReader(
            response, direct=find_direct(response), timeout=self.timeout, cancellation=retries.cancellation
        )
        try:
            check_head(response, body, url, accept)
            yield Answer(url, {name.lower(): value for name, value in response.headers.items()}, body)
        finally:
            retries.cancellation.watch(None)
            if body.finished:
                response.release_conn()
            else:
                response.close()  # the rest of the body is of no use, and neither is the socket that it comes from

    def _send(self, method: str, url: str, content: bytes | None, retries: PatientRetry) -> BaseHTTPResponse:
        """Return the answer of the last attempt, its body unread."""
        headers = self.headers if content is None else {**self.headers, "Content-Type": "application/octet-stream"}
        try:
            with retries.cancellation.activate():
                response = self._pool().request(
                    method,
                    url,
                    body=content,
                    headers=headers,
                    timeout=urllib3.Timeout(connect=min(self.timeout, LONGEST_CONNECT), read=self.timeout),
                    retries=retries,
                    redirect=False,
                    preload_content=False,
                )
        except BROKEN as error:
            raise Unreachable(f"{url} cannot be requested: {describe_failure(error)}") from error
        self._answered = True
        return response

    def _pool(self) -> urllib3.PoolManager:
        """Return the pool of this process: a forked one must not use its parent's sockets."""
        pool = self._pools.get(os.getpid())
        if pool is None:
            pool = self._pools.setdefault(os.getpid(), create_pool(self.url, connections=self.connections))
        return pool

    def __getstate__(self) -> dict[str, Any]:
        """Return all but the sockets."""
        return self.__dict__ | {"_pools": {}}


def parse_address(url: str) -> Url:
    """Return the parts of the address of a service.

    Raises:
        ValueError: it is not the URL of a service.
    """
    try:
        address = parse_url(url)
    except LocationParseError:
        address = Url()
    if address.scheme not in ("http", "https") or not address.host:
        raise ValueError(f"The address of the service must be a URL such as http://127.0.0.1:8000, not {url!r}.")
    if address.query is not None or address.fragment is not None:
        raise ValueError(f"The address of the service must have neither a query nor a fragment: {url!r}.")
    return address


def find_key(api_key: str | None) -> str | None:
    """Return the key, or else that of the environment; None if there is none."""
    return os.environ.get(KEY_VARIABLE) if api_key is None else api_key


def authorize(address: Url, api_key: str | None) -> dict[str, str]:
    """Return the header with the credentials of an address, or else with a key: by default, that of the environment.

    Raises:
        ValueError: the key has characters that no key has. The message does not repeat it.
    """
    if address.auth is not None:
        return {"Authorization": make_headers(basic_auth=unquote(address.auth))["authorization"]}
    key = find_key(api_key)
    if not key:
        return {}
    if not re.fullmatch(r"[A-Za-z0-9._~+/=-]+", key):  # RFC 6750, section 2.1
        raise ValueError(
            f"api_key, or {KEY_VARIABLE}, has characters that no key has, such as a space or a line break."
        )
    return {"Authorization": f"Bearer {key}"}


def check_head(response: BaseHTTPResponse, body: BodyReader, url: str, accept: str) -> None:
    """Refuse an answer that is not 200 with the media type requested.

    Raises:
        ProblemError: the service refused.
        UnexpectedAnswer: the answer comes from something else, such as a sign-in page.
    """
    media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if response.status == HTTPStatus.OK and media_type == accept:
        return
    if HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST:
        raise UnexpectedAnswer(
            f"{url} answered {response.status}, a redirect to {response.headers.get('Location')!r}. "
            "Redirects are not followed: give connect() the address that answers itself, or the credentials it needs."
        )
    try:
        content = io.BufferedReader(body, LONGEST_PROBLEM).read(LONGEST_PROBLEM)
    except BROKEN:
        content = b""
    if response.status >= HTTPStatus.BAD_REQUEST:
        raise parse_problem(response.status, content)
    raise UnexpectedAnswer(
        f"{url} answered {response.status} with {media_type or 'no media type'} instead of 200 with {accept}: "
        f"{content[:200]!r}. Something on the way, such as a sign-in page, answers for the service."
    )


def encode_query(parameters: Mapping[str, Value]) -> str:
    """Return parameters as the query of a URL, with its question mark; nothing for none."""
    present = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in parameters.items()
        if value is not None
    }
    text = urlencode(present, doseq=True)
    return f"?{text}" if text else ""


@contextmanager
def draw_bar(name: str | None, size: str | None) -> Iterator[Callable[[int], object] | None]:
    """Draw a bar of bytes (tqdm), and give what advances it; without a name there is none."""
    if name is None:
        yield None
        return
    from tqdm.auto import tqdm  # noqa: PLC0415 - only a bar needs it

    with tqdm(total=None if size is None else int(size), desc=name, unit="B", unit_scale=True) as bar:
        yield bar.update
