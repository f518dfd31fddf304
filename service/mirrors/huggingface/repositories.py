"""The repositories of the mirror: which there are, their revisions, and their files."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from types import MappingProxyType

from service.data.card import Card
from service.datasets import digits, mnist
from service.http.conditions import RELEASED
from service.http.representation import File
from service.mirrors.huggingface.parquet import MEDIA_TYPE, encode_split
from service.mirrors.huggingface.readme import README, write_readme
from service.mirrors.mirror import MirrorFile

ROOT = "/mirrors/huggingface"
"""What clients are told to be the Hub (`HF_ENDPOINT`)."""

MAIN = "main"
"""The branch of every repository."""

DATE = RELEASED.strftime("%Y-%m-%dT%H:%M:%S.000Z")
"""When the files came to be, as the Hub writes it."""


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A dataset as a repository of the Hub.

    Attributes:
        name: its owner and its own name.
        alias: another name, of the time before datasets had owners.
        card: the dataset.
        commit: 40 hex digits: the one revision, which the branch `main` names as well.
        splits: the name of each split on the Hub, and on the card.
    """

    name: str
    alias: str
    card: Card
    commit: str
    splits: Mapping[str, str]

    @property
    def id(self) -> str:
        """What stands for the Hub's own number of a repository: 24 hex digits."""
        return hashlib.sha256(self.name.encode()).hexdigest()[:24]

    @property
    def revisions(self) -> tuple[str, ...]:
        """Every name of the revision; clients in JavaScript write `HEAD`."""
        return MAIN, self.commit, "HEAD"

    @cached_property
    def readme(self) -> bytes:
        """The dataset card."""
        return write_readme(self.name, self.card, self.splits)

    @cached_property
    def files(self) -> Mapping[str, MirrorFile]:
        """Every file by its path in the repository."""
        return MappingProxyType(dict(self._list_files()))

    def locate(self, path: str) -> str:
        """The path on this server of a file, on the branch `main`."""
        return f"{ROOT}/datasets/{self.name}/resolve/{MAIN}/{path}"

    def _list_files(self) -> Iterator[tuple[str, MirrorFile]]:
        name = self.card.name
        yield (
            README,
            MirrorFile(
                dataset=name,
                media_type="text/markdown; charset=utf-8",
                body=lambda _: File(lambda: [self.readme], README),
            ),
        )
        for split, source in self.splits.items():
            yield name_shard(self.card, split), self._serve_split(split, source)

    def _serve_split(self, split: str, source: str) -> MirrorFile:
        filename = name_shard(self.card, split).rpartition("/")[2]
        return MirrorFile(
            dataset=self.card.name,
            media_type=MEDIA_TYPE,
            body=lambda dataset: File(partial(encode_split, dataset.split(source)), filename),
        )


def name_shard(card: Card, split: str) -> str:
    """The path of the one file of a split, in the folder of its configuration, which has the dataset's name."""
    return f"{card.name}/{split}-00000-of-00001.parquet"


MNIST = Repository(
    name="ylecun/mnist",
    alias="mnist",
    card=mnist.CARD,
    commit="77f3279092a1c1579b2250db8eafed0ad422088c",  # the Hub's, which others have pinned
    splits=MappingProxyType({"train": "train", "test": "test"}),
)

DIGITS = Repository(
    name="scikit-learn/digits",
    alias="digits",
    card=digits.CARD,
    commit=digits.CARD.digest[:40],
    splits=MappingProxyType({"train": "all"}),  # what has no splits is all called train, and `all` is reserved
)

REPOSITORIES = (MNIST, DIGITS)
"""Every repository."""

BY_NAME: Mapping[str, Repository] = MappingProxyType(
    {name: one for one in REPOSITORIES for name in (one.name, one.alias)}
)
"""Every repository by its name and by its alias."""
