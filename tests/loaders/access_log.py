"""What loaders asked of a service, by its access log."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from queue import SimpleQueue
from urllib.error import HTTPError
from urllib.request import urlopen

REQUESTS = "service.requests"
"""The logger of lines for requests."""

SECONDS = 30
"""How long a line may take from the service to here."""


@dataclass(frozen=True)
class Request:
    """A request that was answered; the log has its path without a query."""

    method: str
    path: str
    status: int


class AccessLog:
    """The requests to a service that writes a line for each of them."""

    def __init__(self, url: str, lines: SimpleQueue[str]) -> None:
        """Read the lines of the service at `url`."""
        self._url = url
        self._lines = lines
        self._ends = 0

    def read(self) -> list[Request]:
        """Return the requests since the last call, in the order of their answers.

        A line may come later than its answer, so a request of our own marks the end.
        """
        end = self._mark_end()
        found: list[Request] = []
        while True:
            line = json.loads(self._lines.get(timeout=SECONDS))
            if line["logger"] == REQUESTS:
                if line["path"] == end:
                    return found
                found.append(Request(line["method"], line["path"], line["status"]))

    def _mark_end(self) -> str:
        """Ask for something that there is not, and return its path."""
        self._ends += 1
        path = f"/end-of-requests/{self._ends}"
        try:
            urlopen(self._url + path, timeout=SECONDS)
        except HTTPError as error:
            assert error.code == HTTPStatus.NOT_FOUND  # noqa: PT017 - urlopen raises for every such status
            error.close()
        return path
