"""A split that several replicas of the service hold: where one of them fails, another continues.

Every answer depends on its URL alone, and the URL names the revision of the data. So all replicas give the same
answers.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlencode

from digits_client.batch import Batch
from digits_client.client import Client, connect
from digits_client.connection import PATIENCE, find_key
from digits_client.datasets import Split
from digits_client.errors import ChangedData, Unreachable

logger = logging.getLogger("digits_client")

SHORT_PATIENCE = 1.0
"""Seconds for which a request is repeated at one replica, in the second round of attempts."""


@dataclass(frozen=True, kw_only=True)
class Replicas:
    """Addresses of services that hold the same data, and how to send requests to them. A value: it can be pickled."""

    urls: tuple[str, ...] = field(repr=False)  # they may contain a password
    timeout: float = 30.0
    patience: float = PATIENCE
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)

    def __len__(self) -> int:
        """Return the number of replicas."""
        return len(self.urls)

    def connect(self, number: int, patience: float) -> Client:
        """Return a client of the replica of this number, modulo how many there are."""
        url = self.urls[number % len(self)]
        return connect(url, timeout=self.timeout, patience=patience, headers=self.headers, api_key=self.api_key)

    def list_patiences(self) -> list[float]:
        """Return the patience of each attempt, in seconds.

        Each replica is tried once, so that one of them answers soon if any can; then each for a moment; then each for
        its share of the whole patience.
        """
        rounds = (0.0, min(SHORT_PATIENCE, self.patience), self.patience / len(self))
        return [patience for patience in rounds for _ in self.urls]


@dataclass(frozen=True, kw_only=True)
class ReplicatedSplit:
    """A split of one revision of the data, and the replicas that hold it. A value: it can be pickled."""

    replicas: Replicas
    dataset: str
    name: str
    rev: str
    count: int
    """Number of samples."""

    height: int
    width: int

    def __len__(self) -> int:
        """Return the number of samples."""
        return self.count

    def path(self, route: str, **query: object) -> str:
        """Return the path and the query of a request for Arrow streams of this revision."""
        text = urlencode({**query, "format": "arrow", "rev": self.rev})
        return f"/v1/datasets/{self.dataset}/{self.name}/{route}?{text}"

    def read(self, first: int, open_at: Callable[[Split, int], Iterable[Batch]]) -> Iterator[Batch]:
        """Give the batches that a function opens, each once; where a replica fails, the next one continues.

        Args:
            first: number of the replica to begin with, modulo how many there are.
            open_at: returns the batches of a split, without so many of the first.

        Raises:
            ChangedData: a replica holds another revision of the data.
            Unreachable: no replica answers.
        """
        done, number, patiences = 0, first, self.replicas.list_patiences()
        while True:
            try:
                with self.replicas.connect(number, patiences.pop(0)) as client:
                    split = select_split(client, self.dataset, self.name, rev=self.rev)
                    for batch in open_at(split, done):
                        done, patiences = done + 1, self.replicas.list_patiences()
                        yield batch
            except Unreachable as error:
                if not patiences:
                    raise Unreachable(f"None of {len(self.replicas)} replicas answers. {error}") from error
                logger.warning("A replica failed after %d batches; the next one continues: %s", done, error)
                number += 1
            else:
                return


def find_split(
    urls: Sequence[str],
    *,
    dataset: str,
    split: str,
    rev: str | None = None,
    timeout: float = 30.0,
    patience: float = PATIENCE,
    headers: Mapping[str, str] | None = None,
    api_key: str | None = None,
) -> ReplicatedSplit:
    """Return a split that replicas hold. Those that do not answer now may come back later.

    Args:
        urls: addresses of the replicas, at least one.
        dataset: name of the dataset.
        split: name of the split.
        rev: the revision that the replicas must hold; by default, that of the first one that answers.
        timeout: seconds to wait for the next byte of an answer.
        patience: seconds for which a request is repeated, at all replicas together, while none answers.
        headers: headers that every request carries; an `Authorization` among them replaces other credentials.
        api_key: the key for all replicas; None takes that of the environment variable `DIGITS_API_KEY` of this process,
            if there is one, for the processes that read the partitions, too.

    Raises:
        ChangedData: a replica holds another revision.
        ProblemError: there is no such dataset.
        Unreachable: no replica answers.
        ValueError: `urls` names no replica, or there is no such split.
    """
    if isinstance(urls, str) or not urls:
        raise ValueError(f"urls must be a list of at least one address, not {urls!r}.")
    replicas = Replicas(
        urls=tuple(urls), timeout=timeout, patience=patience, headers=headers, api_key=find_key(api_key)
    )
    found: Split | None = None
    failure: Unreachable | None = None
    for number, limit in enumerate(replicas.list_patiences()):
        if found is not None and number >= len(urls):
            break
        try:
            with replicas.connect(number, limit) as client:
                found = select_split(client, dataset, split, rev=rev)
                rev = found.rev
        except Unreachable as error:
            failure = error
            logger.warning("A replica does not answer and is left out for now: %s", error)
    if found is None:
        raise Unreachable(f"None of {len(replicas)} replicas answers. {failure}") from failure
    count, height, width = found.card["shape"]
    return ReplicatedSplit(
        replicas=replicas, dataset=dataset, name=split, rev=found.rev, count=count, height=height, width=width
    )


def select_split(client: Client, dataset: str, name: str, *, rev: str | None) -> Split:
    """Return a split as one replica has it, of the revision `rev`, or of any if that is None.

    Raises:
        ChangedData: the replica holds another revision of the data.
        ValueError: there is no such split.
    """
    splits = client.dataset(dataset)
    one: Split = next(iter(splits.values()))
    if rev is not None and one.rev != rev:
        raise ChangedData(
            HTTPStatus.CONFLICT,
            "changed-data",
            f"{client.connection.url} has revision {one.rev} of {dataset}, and {rev} was expected: "
            "all replicas must hold the same data.",
        )
    if name not in splits:
        raise ValueError(f"The splits of {dataset} are {', '.join(splits)}; there is no {name!r}.")
    return splits[name]
