"""What may be asked: one frozen model a route, composed by inheritance.

What epochs and pictures take besides is in `epoch_queries.py` and `picture_queries.py`.
"""

from typing import Annotated, ClassVar

from annotated_types import Ge, Le
from pydantic import AfterValidator, Field

from service.api.index_range import PATTERN, normalize_range, read_range
from service.api.named_types import (
    DRAWING,
    Drawing,
    Index,
    Label,
    Layout,
    MapKind,
    Part,
    RowFormat,
    RowOrder,
    Scale,
    Seed,
)
from service.data.choice import Choice
from service.data.split import Split
from service.data.subset import Subset
from service.errors import Refused
from service.formats.format import FLAT, Format
from service.http.parameters import LARGEST, Integer, RevisionQuery
from service.http.problems import Malformed

Offset = Annotated[Integer, Ge(0), Le(LARGEST), Field(description="rows to pass over")]
"""Where a page, or a file, of a selection begins."""


class SubsetQuery(RevisionQuery):
    """Which samples: a range of indices, some classes, one side of a fold, a few of each class."""

    repeatable: ClassVar[frozenset[str]] = frozenset({"label"})

    range: Annotated[
        Annotated[str, AfterValidator(normalize_range), Field(json_schema_extra={"pattern": PATTERN})] | None,
        Field(description="keep the indices A ≤ i < B, written `A:B`, `A:` or `:B`"),
    ] = None
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

    def build_subset(self, split: Split, *, seed: int | None) -> Subset:
        """The parameters as a Subset; `seed` shuffles the samples, and so decides about folds and few-shot subsets.

        Raises:
            Refused: `range` is none of the split, or `fold`, `folds` and `part` do not go together.
        """
        if (self.fold is None) != (self.folds is None):
            missing = "fold" if self.fold is None else "folds"
            raise Refused(missing, "must be given as well: fold and folds go together")
        if self.fold is None and self.part != "train":
            raise Refused("part", "needs fold and folds, which say what it is a part of")
        return Subset(
            span=None if self.range is None else read_range(self.range, split),
            labels=self.label,
            fold=self.fold,
            folds=self.folds,
            part=self.part,
            per_class=self.per_class,
            seed=seed,
        )


class SelectionQuery(SubsetQuery):
    """Which samples, in which order: a subset, or a list of indices."""

    repeatable: ClassVar[frozenset[str]] = frozenset({"label", "index"})

    seed: Annotated[
        Seed | None, Field(description="shuffle by order v1 with this seed; without it, file order", examples=[7])
    ] = None
    order: RowOrder = "file"
    index: Annotated[
        tuple[Index, ...],
        Field(description="just this sample, in the order given, repeats kept; repeat it for several"),
    ] = ()

    def build_choice(self, split: Split) -> Choice:
        """The parameters as a Choice.

        Raises:
            Refused: a parameter does not fit the split, or two do not go together.
            Malformed: likewise, several.
        """
        if self.index:
            self._check_index(split)
            return Choice(indices=self.index)
        if self.order == "oddest" and self.seed is not None:
            raise Refused("order", "must be file if seed is given, which shuffles; leave out order or seed")
        return Choice(subset=self.build_subset(split, seed=self.seed), oddest_first=self.order == "oddest")

    def _check_index(self, split: Split) -> None:
        """Refuse indices that the split does not have, and everything else that chooses or arranges samples."""
        fields = SelectionQuery.model_fields.items()
        chosen = [name for name, field in fields if getattr(self, name) != field.default]
        others = [name for name in chosen if name not in ("index", "rev")]
        if others:
            reason = "cannot go with index, which names the samples itself; leave out one of the two"
            raise Malformed([Refused(name, reason) for name in others])
        outside = next((one for one in self.index if one >= len(split)), None)
        if outside is not None:
            raise Refused("index", f"must be from 0 to {len(split) - 1} in {split.full_name}, not {outside}")


class PageQuery(SelectionQuery):
    """A page of a selection."""

    offset: Offset = 0
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


class FileQuery(EncodingQuery, SelectionQuery):
    """All samples of a selection, or so many of them, as one file."""

    offset: Offset = 0
    limit: Annotated[
        Annotated[Integer, Ge(1)] | None, Field(description="rows in the file, as many as wanted; without it, all")
    ] = None


class ProjectionQuery(PageQuery):
    """Which samples are on the map."""

    limit: Annotated[Integer, Ge(1), Le(10_000), Field(description="samples on the map")] = 1_000
    kind: MapKind = "pca"


class NeighborsQuery(RevisionQuery):
    """How many neighbours."""

    k: Annotated[Integer, Ge(1), Le(100), Field(description="number of nearest samples")] = 10


class DrawingQuery(NeighborsQuery):
    """A drawing, and how many neighbours of it."""

    pixels: Annotated[Drawing, Field(description=DRAWING)]
