"""What may be asked: one frozen model a route, composed by inheritance."""

from dataclasses import replace
from functools import cached_property
from math import isqrt
from typing import Annotated, ClassVar

from annotated_types import Ge, Le
from pydantic import AfterValidator, Field

from service.api.named_types import (
    BatchFormat,
    BatchLayout,
    ColorMap,
    EpochSeed,
    Label,
    Layout,
    OrderFormat,
    Part,
    RowFormat,
    Scale,
    Seed,
    Steps,
    Tail,
)
from service.data.epoch import Epoch
from service.data.split import Split
from service.data.subset import Subset
from service.errors import Refused
from service.formats.format import FLAT, Format
from service.formats.render import RenderOptions
from service.http.parameters import LARGEST, Boolean, Integer, RevisionQuery


class SubsetQuery(RevisionQuery):
    """Which samples: some classes, one side of a fold, a few of each class."""

    repeatable: ClassVar[frozenset[str]] = frozenset({"label"})

    label: Annotated[
        tuple[Label, ...],
        AfterValidator(lambda labels: tuple(sorted(set(labels)))),
        Field(description="keep these classes only; repeat it for several"),
    ] = ()
    per_class: Annotated[
        Annotated[Integer, Ge(1)] | None,
        Field(description="keep the first so many of each class, in the order of `seed`"),
    ] = None
    fold: Annotated[
        Annotated[Integer, Ge(0)] | None,
        Field(description="number of a stratified fold, from 0; goes with `folds`"),
    ] = None
    folds: Annotated[Annotated[Integer, Ge(2)] | None, Field(description="number of stratified folds")] = None
    part: Part = "train"

    def build_subset(self, seed: int | None) -> Subset:
        """The parameters as a Subset; `seed` shuffles the samples, and so decides about folds and few-shot subsets.

        Raises:
            Refused: `fold`, `folds` and `part` do not go together.
        """
        if (self.fold is None) != (self.folds is None):
            missing = "fold" if self.fold is None else "folds"
            raise Refused(missing, "must be given as well: fold and folds go together")
        if self.fold is None and self.part != "train":
            raise Refused("part", "needs fold and folds, which say what it is a part of")
        return Subset(
            labels=self.label,
            fold=self.fold,
            folds=self.folds,
            part=self.part,
            per_class=self.per_class,
            seed=seed,
        )


class SelectionQuery(SubsetQuery):
    """Which samples, in which order."""

    seed: Annotated[
        Seed | None, Field(description="shuffle by order v1 with this seed; without it, file order", examples=[7])
    ] = None


class PageQuery(SelectionQuery):
    """A page of a selection."""

    offset: Annotated[Integer, Ge(0), Le(LARGEST), Field(description="rows to pass over")] = 0
    limit: Annotated[
        Integer,
        Ge(1),
        Field(description="rows a page: at most 1,000 in text formats and 10,000 in binary ones", examples=[10]),
    ] = 100


class EncodingQuery(RevisionQuery):
    """What numbers stand for the pixels, and how they are arranged."""

    scale: Scale = "raw"
    layout: Layout = "flat"

    @property
    def is_scaled(self) -> bool:
        """Whether pixels are float32."""
        return self.scale != "raw"

    def check_layout(self, media: Format) -> None:
        """Check the layout against what a format can hold.

        Raises:
            Refused: the format is a table, and the layout is not flat.
        """
        allowed = FLAT if media.text else media.layouts
        if self.layout not in allowed:
            raise Refused("layout", f"must be flat in {media.name}, not {self.layout}; array formats take any layout")


class RowsQuery(EncodingQuery, PageQuery):
    """Flattened rows, a page at a time."""

    format: RowFormat | None = None


class TakeQuery(EncodingQuery):
    """The rows of a list of indices."""

    format: RowFormat | None = None


class FileQuery(EncodingQuery):
    """A whole split as one file."""


class OrderQuery(SubsetQuery):
    """The order of an epoch."""

    seed: Annotated[EpochSeed, Field(examples=[7])] = 0
    epoch: Annotated[Integer, Ge(0), Le(2**32 - 1), Field(description="number of the epoch", examples=[1])] = 0
    shuffle: Annotated[Boolean, Field(description="`true` is order v1, `false` the order of the file")] = True
    format: OrderFormat | None = None

    def build_epoch(
        self, split: Split, *, batch_size: int, world_size: int = 1, start: int = 0, tail: Tail = "partial"
    ) -> Epoch:
        """The epoch that the parameters describe, in batches.

        Raises:
            Refused: a label is no class of the dataset, a class is too small, or parameters do not go together.
        """
        return Epoch(
            split=split,
            subset=self.build_subset(self.seed),
            seed=self.seed,
            number=self.epoch,
            shuffle=self.shuffle,
            batch_size=batch_size,
            world_size=world_size,
            start=start,
            tail=tail,
        )


class BatchesQuery(OrderQuery):
    """Consecutive batches of one rank in one epoch."""

    batch_size: Annotated[Integer, Ge(1), Le(8192), Field(description="B: rows per rank and step", examples=[4])] = 64
    world_size: Annotated[Integer, Ge(1), Le(65_536), Field(description="W: number of ranks")] = 1
    rank: Annotated[Integer, Ge(0), Le(65_535), Field(description="r: this rank, below `world_size`")] = 0
    start: Annotated[
        Integer, Ge(0), Le(LARGEST), Field(description="samples of the epoch that all ranks have consumed before")
    ] = 0
    steps: Steps = 1
    tail: Tail = "partial"
    layout: BatchLayout = "image"
    format: BatchFormat | None = None
    scale: Scale = "raw"

    @property
    def is_scaled(self) -> bool:
        """Whether pixels are float32."""
        return self.scale != "raw"

    def build_batches(self, split: Split) -> Epoch:
        """The epoch that the parameters describe, from `start` on.

        Raises:
            Refused: a label is no class of the dataset, a class is too small, or parameters do not go together.
        """
        if self.rank >= self.world_size:
            raise Refused("rank", f"must be below world_size, from 0 to {self.world_size - 1}, not {self.rank}")
        return self.build_epoch(
            split, batch_size=self.batch_size, world_size=self.world_size, start=self.start, tail=self.tail
        )


class PictureQuery(RevisionQuery):
    """How a picture is drawn."""

    scale: Annotated[Integer, Ge(1), Le(32), Field(description="pixels of the picture per pixel of the sample")] = 1
    cmap: ColorMap = "gray"
    invert: Annotated[Boolean, Field(description="dark ink on light paper")] = False
    transparent: Annotated[Boolean, Field(description="no paper: the ink's intensity is its alpha")] = False

    @cached_property
    def options(self) -> RenderOptions:
        """The parameters as the formats take them."""
        return RenderOptions(scale=self.scale, cmap=self.cmap, invert=self.invert, transparent=self.transparent)


class SampleQuery(PictureQuery):
    """How the picture of one sample is drawn."""

    caption: Annotated[Boolean, Field(description="write the label under the digit")] = False

    @cached_property
    def options(self) -> RenderOptions:
        """The parameters as the formats take them."""
        return replace(super().options, captioned=self.caption)


class GridQuery(PictureQuery, PageQuery):
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


class ProjectionQuery(PageQuery):
    """Which samples are on the map."""

    limit: Annotated[Integer, Ge(1), Le(10_000), Field(description="samples on the map")] = 1_000


class NeighborsQuery(RevisionQuery):
    """How many neighbours."""

    k: Annotated[Integer, Ge(1), Le(100), Field(description="number of nearest samples")] = 10
