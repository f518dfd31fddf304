"""What may be asked: one frozen model a route, composed by inheritance. Turns parameters into a Selection or a Look."""

from dataclasses import replace
from functools import cached_property
from math import isqrt
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le
from fastapi import Query as InQuery
from pydantic import AfterValidator, Field

from service.data.batch import Layout
from service.data.dataset import Dataset
from service.data.epoch import Epoch, Subset, Tail, order, pool
from service.data.scale import Scale
from service.data.selection import Part, Selection
from service.errors import Refused
from service.formats.look import ColourMap, Look
from service.web.parameters import LARGEST, Boolean, Integer, Query

Pin = Annotated[Query, InQuery()]
"""The query of a route that takes nothing but `rev`."""

Seed = Annotated[Integer, Ge(0), Le(2**64 - 1)]


class Members(Query):
    """Which samples: some classes, one side of a fold, a few of each class."""

    several: ClassVar[frozenset[str]] = frozenset({"label"})

    label: Annotated[
        tuple[Integer, ...],
        AfterValidator(lambda labels: tuple(sorted(set(labels)))),
        Field(description="keep these classes only; repeat it for several", examples=[[3]]),
    ] = ()
    per_class: Annotated[
        Annotated[Integer, Ge(1)] | None,
        Field(description="keep the first so many of each class, in the order of `seed`", examples=[5]),
    ] = None
    fold: Annotated[
        Annotated[Integer, Ge(0)] | None,
        Field(description="number of a stratified fold, from 0; goes with `folds`", examples=[0]),
    ] = None
    folds: Annotated[
        Annotated[Integer, Ge(2)] | None, Field(description="number of stratified folds", examples=[5])
    ] = None
    part: Annotated[Part, Field(description="`holdout` is the fold, `train` is everything else")] = "train"

    def subset(self, seed: int | None) -> Subset:
        """The parameters as a Subset whose members `seed` decides.

        Raises:
            Refused: `fold`, `folds` and `part` do not go together.
        """
        if (self.fold is None) != (self.folds is None):
            missing = "fold" if self.fold is None else "folds"
            raise Refused(missing, "must be given as well: fold and folds go together")
        if self.fold is None and "part" in self.model_fields_set:
            raise Refused("part", "needs fold and folds, which say what it is a part of")
        return Subset(
            labels=self.label,
            fold=self.fold,
            folds=self.folds,
            part=self.part,
            per_class=self.per_class,
            seed=seed,
        )


class Choice(Members):
    """Which samples, in which order."""

    seed: Annotated[
        Seed | None, Field(description="shuffle by order v1 with this seed; without it, file order", examples=[7])
    ] = None

    def select(self, dataset: Dataset, split: str) -> Selection:
        """The samples of a split that the parameters choose.

        Raises:
            Unknown: there is no such split.
            Refused: a label is no class of the dataset, a class is too small, or parameters do not go together.
        """
        return self.subset(self.seed).of(Selection.of(dataset, split))


class Paged(Choice):
    """A page of a choice."""

    offset: Annotated[Integer, Ge(0), Le(LARGEST), Field(description="rows to pass over", examples=[200])] = 0
    limit: Annotated[
        Integer,
        Ge(1),
        Field(description="rows a page: at most 1,000 in text formats and 10,000 in binary ones", examples=[10]),
    ] = 100


class Valued(Query):
    """What numbers stand for the pixels, and how they are arranged."""

    scale: Annotated[
        Scale,
        Field(description="`raw` uint8; `unit` float32 0…1; `standard` float32 of mean 0 and deviation 1"),
    ] = "raw"
    layout: Annotated[
        Layout,
        Field(
            description="`flat` (n, h·w), `image` (n, h, w), `chw` (n, 1, h, w), `hwc` (n, h, w, 1); tables are flat"
        ),
    ] = "flat"


class RowsQuery(Valued, Paged):
    """Flattened rows, a page at a time."""

    format: Annotated[str | None, Field(description="name of a format; wins over `Accept`", examples=["csv"])] = None


class TakeQuery(Valued):
    """The rows of a list of indices."""

    format: Annotated[str | None, Field(description="name of a format; wins over `Accept`", examples=["npz"])] = None


class OrderQuery(Members):
    """The order of an epoch."""

    seed: Annotated[Seed, Field(description="of order v1", examples=[7])] = 0
    epoch: Annotated[Integer, Ge(0), Le(2**32 - 1), Field(description="number of the epoch", examples=[1])] = 0
    shuffle: Annotated[Boolean, Field(description="`true` is order v1, `false` the order of the file")] = True
    format: Annotated[str | None, Field(description="name of a format; wins over `Accept`", examples=["npy"])] = None

    def pool(self, dataset: Dataset, split: str) -> Selection:
        """The samples that the epoch visits, in file order.

        Raises:
            Unknown: there is no such split.
            Refused: a label is no class of the dataset, a class is too small, or parameters do not go together.
        """
        subset = self.subset(self.seed)
        return pool(dataset, split, subset if subset.decided_by_seed else replace(subset, seed=None))


class BatchesQuery(OrderQuery):
    """Consecutive batches of one rank in one epoch."""

    batch_size: Annotated[Integer, Ge(1), Le(8192), Field(description="B: rows per rank and step", examples=[4])] = 64
    world_size: Annotated[Integer, Ge(1), Le(65_536), Field(description="W: number of ranks")] = 1
    rank: Annotated[Integer, Ge(0), Le(65_535), Field(description="r: this rank, below `world_size`")] = 0
    start: Annotated[
        Integer, Ge(0), Le(LARGEST), Field(description="samples of the epoch that all ranks have consumed before")
    ] = 0
    steps: Annotated[
        Annotated[Integer, Ge(1), Le(LARGEST)] | Literal["all"],
        Field(description="batches in this answer, `all` to the end of the epoch; several need a streaming format"),
    ] = 1
    tail: Annotated[
        Tail,
        Field(description="`partial` never loses nor repeats, `drop` gives whole batches, `pad` fills the last one"),
    ] = "partial"
    layout: Annotated[
        Layout, Field(description="`image` (n, h, w), `flat` (n, h·w), `chw` (n, 1, h, w), `hwc` (n, h, w, 1)")
    ] = "image"
    scale: Annotated[
        Scale, Field(description="`raw` uint8; `unit` float32 0…1; `standard` float32 of mean 0 and deviation 1")
    ] = "raw"

    def epoch_of(self, dataset: Dataset, split: str) -> Epoch:
        """The epoch that the parameters describe.

        Raises:
            Unknown: there is no such split.
            Refused: the parameters do not go together.
        """
        if self.rank >= self.world_size:
            raise Refused("rank", f"must be below world_size, from 0 to {self.world_size - 1}, not {self.rank}")
        samples = self.pool(dataset, split)
        return Epoch(
            pool=samples,
            order=order(len(samples), seed=self.seed, epoch=self.epoch, shuffle=self.shuffle),
            batch_size=self.batch_size,
            world_size=self.world_size,
            start=self.start,
            tail=self.tail,
        )


class FileQuery(Valued):
    """A whole split as one file."""


class PictureQuery(Query):
    """How a picture is drawn."""

    scale: Annotated[Integer, Ge(1), Le(32), Field(description="pixels of the picture per pixel of the sample")] = 1
    cmap: Annotated[ColourMap, Field(description="colour map; `gray` keeps the picture grey")] = "gray"
    invert: Annotated[Boolean, Field(description="dark ink on light paper")] = False
    transparent: Annotated[Boolean, Field(description="no paper: the ink's intensity is its alpha")] = False

    @cached_property
    def look(self) -> Look:
        """The parameters as the formats take them."""
        return Look(scale=self.scale, cmap=self.cmap, invert=self.invert, transparent=self.transparent)


class SampleQuery(PictureQuery):
    """How the picture of one sample is drawn."""

    caption: Annotated[Boolean, Field(description="write the label under the digit")] = False

    @cached_property
    def look(self) -> Look:
        """The parameters as the formats take them."""
        return replace(super().look, captioned=self.caption)


class GridQuery(PictureQuery, Paged):
    """A contact sheet: which samples, how they are drawn, and how they are laid out."""

    limit: Annotated[Integer, Ge(1), Le(10_000), Field(description="samples on the sheet")] = 100
    columns: Annotated[
        Integer | None,
        Ge(1),
        Le(1_000),
        Field(description="cells a row; without it, the root of `limit`, rounded up", examples=[20]),
    ] = None
    gap: Annotated[Integer, Ge(0), Le(64), Field(description="pixels between cells")] = 0
    labels: Annotated[Boolean, Field(description="write each sample's label below it")] = False

    @property
    def across(self) -> int:
        """Cells a row: as asked, else as many as make a full sheet about square."""
        return self.columns or 1 + isqrt(self.limit - 1)


class ProjectionQuery(Paged):
    """Which samples lie on the map."""

    limit: Annotated[Integer, Ge(1), Le(10_000), Field(description="samples on the map")] = 1_000


class NeighborsQuery(Query):
    """How many neighbours."""

    k: Annotated[Integer, Ge(1), Le(100), Field(description="number of nearest samples")] = 10
