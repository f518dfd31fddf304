"""Datasets and their splits: whole arrays, rows, pictures, any samples, and training batches."""

import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from operator import index
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digits_client.ahead import run_ahead
from digits_client.arrow import MEDIA_TYPE as ARROW
from digits_client.batch import Batch, Encoding, Layout, check_indices
from digits_client.batches import Batches
from digits_client.cache import load_cached
from digits_client.cancellation import Cancellation
from digits_client.connection import Connection, Value
from digits_client.errors import DamagedDownload, UnexpectedAnswer
from digits_client.order import order_v1, read_order
from digits_client.request import BatchRequest, Tail
from digits_client.scale import Intensities, Scale
from digits_client.subset import Subset

Images = NDArray[np.uint8]
Labels = NDArray[np.uint8]

TAKEN_AT_ONCE = 10_000
"""Rows of one `take` request: the service's own limit; longer lists are requested in parts."""

PICTURES = {"png": "image/png", "webp": "image/webp", "svg": "image/svg+xml"}
"""Media types of pictures by suffix."""


class Dataset(Mapping[str, "Split"]):
    """A dataset: its card, and its splits by name."""

    def __init__(self, connection: Connection, cache: Path | None, card: dict[str, Any]) -> None:
        """Describe a dataset by its card."""
        self.connection = connection
        self.cache = cache
        self.card = card

    def __getitem__(self, split: str) -> "Split":
        """Return a split; raises KeyError where there is none."""
        return Split(self.connection, self.cache, self.card["splits"][split], self._intensities)

    @property
    def _intensities(self) -> Intensities:
        standard = self.card["standard"]
        return Intensities(peak=self.card["range"][1], mean=standard["mean"], std=standard["std"])

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the splits."""
        return iter(self.card["splits"])

    def __len__(self) -> int:
        """Return the number of splits."""
        return len(self.card["splits"])


class Split:
    """The samples of a split: whole, by rows, by pictures, by any indices, by training batches."""

    def __init__(
        self, connection: Connection, cache: Path | None, card: dict[str, Any], intensities: Intensities
    ) -> None:
        """Describe a split by its card, and by what raw pixels of its dataset mean."""
        self.connection = connection
        self.cache = cache
        self.card = card
        self.intensities = intensities
        self.rev: str = card["rev"]
        self.path = f"/v1/datasets/{card['dataset']}/{card['split']}"

    def __len__(self) -> int:
        """Return the number of samples."""
        return int(self.card["count"])

    @property
    def images(self) -> Images:
        """All images, uint8 `(n, height, width)`, verified against the digests of the card."""
        return self._arrays[0]

    @property
    def labels(self) -> Labels:
        """All labels, uint8 `(n,)`, verified against the digests of the card."""
        return self._arrays[1]

    @cached_property
    def _arrays(self) -> tuple[Images, Labels]:
        name = f"{self.card['dataset']}-{self.card['split']}-{self.rev}.npz"
        path = None if self.cache is None else self.cache / name
        return load_cached(path, self._download, self._parse_archive)

    def _download(self) -> bytes:
        return self.connection.download(f"{self.path}.npz", accept="application/x-npz", rev=self.rev)

    def _parse_archive(self, content: bytes) -> tuple[Images, Labels]:
        """Return the arrays of an archive, if they have the digests of the card."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as archive:
                images = archive["x"].reshape(self.card["shape"])
                labels = archive["y"].astype(np.uint8)
        except (ValueError, OSError, KeyError, EOFError, BadZipFile) as error:
            raise DamagedDownload(f"The download of {self.path} is damaged: {error}.") from None
        for name, array in (("images", images), ("labels", labels)):
            found, expected = hashlib.sha256(array.data).hexdigest(), self.card["digests"][name]
            if found != expected:
                raise DamagedDownload(f"The {name} of {self.path} have SHA-256 {found}, the card states {expected}.")
        return images, labels

    def rows(
        self,
        offset: int = 0,
        limit: int = 100,
        *,
        seed: int | None = None,
        layout: Layout = "image",
        scale: Scale = "raw",
        **subset: Value,
    ) -> Batch:
        """Return a page of rows, in file order, or in order v1 of `seed`.

        Args:
            offset: rows before the page.
            limit: rows of the page, at most.
            seed: of order v1.
            layout: shape of one sample.
            scale: `raw` uint8, `unit` float32 0…1, `standard` float32 of mean 0 and deviation 1.
            subset: `range`, `label`, `per_class`, `fold`, `folds`, `part`, and other parameters of `rows`.

        Raises:
            ProblemError: the service refuses a parameter.
            UnexpectedAnswer: the answer holds other rows.
        """
        subset = {name: value for name, value in subset.items() if value is not None}
        encoding = self._encode(layout, scale)
        query: dict[str, Value] = {"offset": offset, "limit": limit, "seed": seed, **subset}
        page = self._read_batch("GET", f"{self.path}/rows", None, encoding, query)
        if not subset:
            order = np.arange(len(self)) if seed is None else order_v1(len(self), seed=seed)
            check_indices(page, order[offset : offset + limit], f"{self.path}/rows")
        elif len(page) > limit:
            raise UnexpectedAnswer(f"{self.path}/rows answered with {len(page)} rows, and {limit} were requested.")
        return page

    def take(self, indices: ArrayLike, *, layout: Layout = "image", scale: Scale = "raw") -> Batch:
        """Return the samples at any indices, in that order, repeats kept; long lists are requested in parts.

        Raises:
            ProblemError: an index is out of range.
            UnexpectedAnswer: the answer holds other samples.
        """
        wanted = to_indices(indices)
        encoding = self._encode(layout, scale)
        parts = [
            self._take(wanted[first : first + TAKEN_AT_ONCE], encoding)
            for first in range(0, max(1, len(wanted)), TAKEN_AT_ONCE)
        ]
        if len(parts) == 1:
            return parts[0]
        x, y, index = (np.concatenate([getattr(part, name) for part in parts]) for name in ("x", "y", "index"))
        return Batch(x, y, index, len(index))

    def take_batches(
        self,
        batches: Iterable[ArrayLike],
        *,
        ahead: int = 4,
        layout: Layout = "image",
        scale: Scale = "raw",
    ) -> Iterator[Batch]:
        """Give the samples of one list of indices after the other, for samplers of your own.

        Args:
            batches: lists of at most 10,000 indices; may have no end.
            ahead: requests under way while the caller is busy.
            layout: shape of one sample.
            scale: as for `take`.

        Raises:
            ProblemError: an index is out of range.
            UnexpectedAnswer: an answer holds other samples.
        """
        encoding = self._encode(layout, scale)
        return run_ahead((partial(self._take, to_indices(one), encoding) for one in batches), ahead=ahead)

    def _take(self, indices: NDArray[np.int64], encoding: Encoding, cancellation: Cancellation | None = None) -> Batch:
        batch = self._read_batch("POST", f"{self.path}/take", indices.tobytes(), encoding, {}, cancellation)
        check_indices(batch, indices, f"{self.path}/take")
        return batch

    def _encode(self, layout: Layout, scale: Scale) -> Encoding:
        """Return how images of this layout and scale arrive."""
        card, (height, width) = self.card, self.card["shape"][1:]
        return Encoding(
            dataset=card["dataset"],
            split=card["split"],
            rev=self.rev,
            height=height,
            width=width,
            intensities=self.intensities,
            layout=layout,
            scale=scale,
        )

    def _read_batch(
        self,
        method: str,
        path: str,
        body: bytes | None,
        encoding: Encoding,
        query: Mapping[str, Value],
        cancellation: Cancellation | None = None,
    ) -> Batch:
        parameters = {**query, **encoding.parameters}
        return encoding.read_batch(self.connection.read(method, path, body, ARROW, parameters, cancellation))

    def picture(self, index: int, *, suffix: str = "png", **options: Value) -> bytes:
        """Return one sample as a picture file; `options` are `scale`, `cmap`, `invert`, `caption`.

        Raises:
            ProblemError: the service refuses the index or an option.
        """
        path = f"{self.path}/samples/{index}.{suffix}"
        return self.connection.get(path, accept=PICTURES.get(suffix, f"image/{suffix}"), rev=self.rev, **options)

    def order(self, *, seed: int = 0, epoch: int = 0, **subset: Value) -> NDArray[np.int64]:
        """Return the order in which an epoch visits its samples, as indices within the split: int64 `(n,)`.

        Raises:
            UnexpectedAnswer: it is not order v1.
        """
        path, query = f"{self.path}/order", {"seed": seed, "epoch": epoch, **subset, "rev": self.rev}
        content = self.connection.get(path, accept="application/x-npy", format="npy", **query)
        order = read_order(content)
        if not any(value is not None for value in subset.values()) and not np.array_equal(
            order, order_v1(len(self), seed=seed, epoch=epoch)
        ):
            raise UnexpectedAnswer(f"{path} answered with another order than order v1 of seed {seed}, epoch {epoch}.")
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
        balanced: bool = False,
        range: str | None = None,  # noqa: A002 - the service's name
        label: Sequence[int] | int | None = None,
        per_class: int | None = None,
        fold: int | None = None,
        folds: int | None = None,
        part: str | None = None,
        progress: bool | None = None,
    ) -> Batches:
        """Return the batches of one rank, epoch after epoch: see `Batches`.

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
            balanced: every class equally often in every global batch whose size is a multiple of the number of classes;
                an epoch then has as many samples of each class as the smallest one has.
            range: keep the samples `first:end` of the split, as a Python slice is written, for example `:55000`.
            label: keep these classes only.
            per_class: keep the first so many of each class.
            fold: number of a stratified fold, of `folds`.
            folds: number of folds.
            part: `train` or `holdout`.
            progress: draw a bar (needs tqdm); None as `connect` was told.
        """
        request = BatchRequest(
            connection=self.connection,
            path=self.path,
            count=len(self),
            encoding=self._encode(layout, scale),
            batch_size=index(batch_size),
            seed=index(seed),
            shuffle=bool(shuffle),
            rank=index(rank),
            world_size=index(world_size),
            tail=tail,
            balanced=bool(balanced),
            subset=Subset.choose(
                len(self), range=range, label=label, per_class=per_class, fold=fold, folds=folds, part=part
            ),
        )
        bar = self.connection.progress if progress is None else progress
        return Batches(request, epoch=epoch, start=start, progress=bar)


def to_indices(indices: ArrayLike) -> NDArray[np.int64]:
    """Return indices as `take` sends them: little-endian int64 `(n,)`.

    Raises:
        TypeError: they are no integers.
    """
    wanted = np.asarray(indices)
    if wanted.size and wanted.dtype.kind not in "iu":
        raise TypeError(f"indices must be integers, not {wanted.dtype}.")
    return wanted.astype("<i8").reshape(-1)
