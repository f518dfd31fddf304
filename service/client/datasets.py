"""What a client sees: datasets, their splits, and the loaders of Keras and scikit-learn in terms of them."""

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike, NDArray

from service.client.batches import Batch, Batches, Layout, Plan, Scale, Tail
from service.client.cache import kept
from service.client.connection import Connection, Value

Images = NDArray[np.uint8]
Labels = NDArray[np.uint8]

TAKEN_AT_ONCE = 10_000
"""Rows of one `take` request: the service's own limit; longer lists are asked for in parts."""


class DamagedDownload(ValueError):
    """What arrived is not what the card says."""


def connect(url: str, *, cache: str | Path | None = None, timeout: float = 30.0, attempts: int = 8) -> "Client":
    """A client of the service at `url`.

    Args:
        url: where the service is, for example `http://127.0.0.1:8000`.
        cache: a directory to keep whole arrays in; without one they are fetched anew by every process.
        timeout: seconds to wait for the next byte of an answer.
        attempts: how often to ask, when the service cannot be reached or is too busy.
    """
    return Client(Connection(url, timeout=timeout, attempts=attempts), None if cache is None else Path(cache))


class Client:
    """A service and what it has."""

    def __init__(self, connection: Connection, cache: Path | None) -> None:
        """Ask over `connection`, and keep whole arrays in `cache`."""
        self.connection = connection
        self.cache = cache

    @property
    def datasets(self) -> list[str]:
        """Names of the datasets."""
        return [card["name"] for card in self.connection.json("/v1/datasets")["datasets"]]

    def dataset(self, name: str) -> "Dataset":
        """A dataset; its card is read now.

        Raises:
            ProblemError: there is none of this name.
        """
        return Dataset(self, self.connection.json(f"/v1/datasets/{name}"))

    def load_data(self) -> tuple[tuple[Images, Labels], tuple[Images, Labels]]:
        """MNIST as `keras.datasets.mnist.load_data()` gives it: `(x_train, y_train), (x_test, y_test)`, all uint8."""
        mnist = self.dataset("mnist")
        train, test = mnist["train"], mnist["test"]
        return (train.images, train.labels), (test.images, test.labels)

    def load_digits(
        self,
        *,
        n_class: int = 10,
        return_X_y: bool = False,  # noqa: N803 - scikit-learn's name
        as_frame: bool = False,
    ) -> Any:  # noqa: ANN401 - as scikit-learn's, what it returns depends on the arguments
        """The digits as `sklearn.datasets.load_digits()` gives them.

        Args:
            n_class: keep classes 0…n_class-1, 1…10.
            return_X_y: return `(data, target)` alone.
            as_frame: give pandas objects, and a `frame` of both.

        Returns:
            A Bunch (scikit-learn's where it is installed) of `data` float64 (n, 64), `target` int64 (n,), `images`
            float64 (n, 8, 8), `target_names`, `feature_names`, `frame` and `DESCR`; or data and target.

        Raises:
            ValueError: `n_class` is out of range.
        """
        if not 1 <= n_class <= 10:
            raise ValueError(f"n_class must be from 1 to 10, not {n_class}.")
        digits = self.dataset("digits")
        whole = digits["all"]
        mine = whole.labels < n_class
        images, target = whole.images[mine].astype(np.float64), whole.labels[mine].astype(np.int64)
        names: list[str] = digits.card["feature_names"]
        data: Any = images.reshape(len(images), -1)
        frame: Any = None
        answer: Any = target
        if as_frame:
            import pandas as pd  # noqa: PLC0415 - only who asks for frames needs it

            frame = pd.DataFrame(data, columns=names, copy=True)
            frame["target"] = target
            data, answer = frame[names], frame["target"]
        if return_X_y:
            return data, answer
        return _bunch()(
            data=data,
            target=answer,
            frame=frame,
            feature_names=names,
            target_names=np.arange(10),
            images=images,
            DESCR=digits.card["notes"],
        )


class Dataset(Mapping[str, "Split"]):
    """A dataset: its card, and its splits by name."""

    def __init__(self, client: Client, card: dict[str, Any]) -> None:
        """Know a dataset by its card."""
        self.client = client
        self.card = card

    def __getitem__(self, split: str) -> "Split":
        """Return a split; raises KeyError where there is none."""
        return Split(self, self.card["splits"][split])

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the splits."""
        return iter(self.card["splits"])

    def __len__(self) -> int:
        """Return the number of splits."""
        return len(self.card["splits"])


class Split:
    """The samples of a split: whole, by rows, by pictures, by any indices, by training batches."""

    def __init__(self, dataset: Dataset, card: dict[str, Any]) -> None:
        """Know a split by its card."""
        self.dataset = dataset
        self.card = card
        self.connection = dataset.client.connection
        self.rev: str = card["rev"]
        self.path = f"/v1/datasets/{card['dataset']}/{card['split']}"

    def __len__(self) -> int:
        """Return the number of samples."""
        return int(self.card["count"])

    @property
    def images(self) -> Images:
        """All images, uint8 `(n, height, width)`, verified against the card."""
        return self._arrays[0]

    @property
    def labels(self) -> Labels:
        """All labels, uint8 `(n,)`, verified against the card."""
        return self._arrays[1]

    @cached_property
    def _arrays(self) -> tuple[Images, Labels]:
        cache = self.dataset.client.cache
        name = f"{self.card['dataset']}-{self.card['split']}-{self.rev}.npz"
        if cache is None:
            return self._verified(self._download())
        return kept(cache / name, self._download, self._verified)

    def _download(self) -> bytes:
        return self.connection.get(f"{self.path}.npz", rev=self.rev).body

    def _verified(self, content: bytes) -> tuple[Images, Labels]:
        """The arrays in an archive, if they are what the card says."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as archive:
                images = archive["x"].reshape(self.card["shape"])
                labels = archive["y"].astype(np.uint8)
        except (ValueError, OSError, KeyError, EOFError, BadZipFile) as error:
            raise DamagedDownload(f"The whole of {self.path} is damaged: {error}.") from None
        for name, array in (("images", images), ("labels", labels)):
            found, expected = hashlib.sha256(array.data).hexdigest(), self.card["digests"][name]
            if found != expected:
                raise DamagedDownload(f"The {name} of {self.path} have SHA-256 {found}, the card says {expected}.")
        return images, labels

    def rows(
        self,
        offset: int = 0,
        limit: int = 100,
        *,
        seed: int | None = None,
        layout: Layout = "image",
        scale: Scale = "raw",
        **members: Value,
    ) -> Batch:
        """A page of rows; `members` are `label`, `per_class`, `fold`, `folds`, `part`.

        Raises:
            ProblemError: a parameter cannot be honoured.
        """
        answer = self.connection.get(
            f"{self.path}/rows",
            offset=offset,
            limit=limit,
            seed=seed,
            layout=layout,
            scale=scale,
            format="npz",
            rev=self.rev,
            **members,
        )
        return read_npz(answer.body)

    def take(self, indices: ArrayLike, *, layout: Layout = "image", scale: Scale = "raw") -> Batch:
        """The samples at any indices, in that order, repeats kept; long lists are fetched in parts.

        Raises:
            ProblemError: an index is out of range.
        """
        wanted = np.asarray(indices)
        if wanted.size and wanted.dtype.kind not in "iu":
            raise TypeError(f"indices must be integers, not {wanted.dtype}.")
        wanted = wanted.astype("<i8").reshape(-1)
        parts = [
            read_npz(
                self.connection.post(
                    f"{self.path}/take",
                    wanted[first : first + TAKEN_AT_ONCE].tobytes(),
                    layout=layout,
                    scale=scale,
                    format="npz",
                    rev=self.rev,
                ).body
            )
            for first in range(0, max(1, len(wanted)), TAKEN_AT_ONCE)
        ]
        if len(parts) == 1:
            return parts[0]
        x, y, index = (np.concatenate([getattr(part, name) for part in parts]) for name in ("x", "y", "index"))
        return Batch(x, y, index, len(index))

    def picture(self, index: int, *, suffix: str = "png", **look: Value) -> bytes:
        """One sample as a picture file; `look` is `scale`, `cmap`, `invert`, `caption`.

        Raises:
            ProblemError: the index or the look cannot be honoured.
        """
        return self.connection.get(f"{self.path}/samples/{index}.{suffix}", rev=self.rev, **look).body

    def order(self, *, seed: int = 0, epoch: int = 0, **members: Value) -> NDArray[np.int64]:
        """The order in which an epoch visits its samples, as indices within the split."""
        answer = self.connection.get(
            f"{self.path}/order", seed=seed, epoch=epoch, format="npy", rev=self.rev, **members
        )
        order: NDArray[np.int64] = np.load(io.BytesIO(answer.body), allow_pickle=False)
        return order

    def batches(  # noqa: PLR0913 - the parameters of a run
        self,
        batch_size: int = 64,
        *,
        seed: int = 0,
        epoch: int = 0,
        start: int = 0,
        shuffle: bool = True,
        rank: int = 0,
        world_size: int = 1,
        tail: Tail = "partial",
        layout: Layout = "image",
        scale: Scale = "raw",
        label: Sequence[int] | int | None = None,
        per_class: int | None = None,
        fold: int | None = None,
        folds: int | None = None,
        part: str | None = None,
        connections: int = 2,
        progress: bool = False,
    ) -> Batches:
        """The batches of one rank, epoch after epoch: see `Batches`.

        Args:
            batch_size: rows per rank and step.
            seed: of order v1.
            epoch: the first epoch.
            start: samples of it that all ranks have consumed before.
            shuffle: order v1, or the order of the file.
            rank: this rank, below `world_size`.
            world_size: number of ranks.
            tail: what becomes of samples that do not fill a global batch.
            layout: shape of one sample.
            scale: `raw` uint8, `unit` float32 0…1, `standard` float32 of mean 0 and deviation 1.
            label: keep these classes only.
            per_class: keep the first so many of each class.
            fold: number of a stratified fold, of `folds`.
            folds: number of folds.
            part: `train` or `holdout`.
            connections: requests under way at once.
            progress: draw a bar (needs tqdm).
        """
        members: dict[str, Value] = {
            "label": label,
            "per_class": per_class,
            "fold": fold,
            "folds": folds,
            "part": part,
        }
        height, width = self.card["shape"][1:]
        plan = Plan(
            connection=self.connection,
            path=self.path,
            rev=self.rev,
            shape=(height, width),
            batch_size=batch_size,
            seed=seed,
            shuffle=shuffle,
            rank=rank,
            world_size=world_size,
            tail=tail,
            layout=layout,
            scale=scale,
            members=members,
        )
        return Batches(plan, epoch=epoch, start=start, connections=connections, progress=progress)


def read_npz(content: bytes) -> Batch:
    """The batch in an NPZ answer."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return Batch(archive["x"], archive["y"], archive["index"], len(archive["index"]))


def _bunch() -> type[dict[str, Any]]:
    """scikit-learn's Bunch where there is one, else a dictionary whose keys are attributes, too."""
    if find_spec("sklearn") is not None:
        from sklearn.utils import Bunch  # noqa: PLC0415 - three seconds that only load_digits is worth

        bunch: type[dict[str, Any]] = Bunch
        return bunch
    return _Bunch


class _Bunch(dict[str, Any]):
    """A dictionary whose keys are attributes, too."""

    def __getattr__(self, key: str) -> Any:  # noqa: ANN401
        try:
            return self[key]
        except KeyError:
            raise AttributeError(key) from None
