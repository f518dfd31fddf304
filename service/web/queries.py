"""What may be asked: one frozen model a route, composed by inheritance. Turns parameters into a Selection or a Look."""

from typing import Annotated, ClassVar

from annotated_types import Ge, Le
from fastapi import Query as InQuery
from pydantic import Field

from service.data.batch import Layout
from service.data.dataset import Dataset
from service.data.scale import Scale
from service.data.selection import Selection
from service.formats.look import ColourMap, Look
from service.web.parameters import LARGEST, Boolean, Integer, Query

Pin = Annotated[Query, InQuery()]
"""The query of a route that takes nothing but `rev`."""

Seed = Annotated[Integer, Ge(0), Le(2**64 - 1)]
Label = Annotated[Integer, Ge(0), Le(LARGEST)]


class Choice(Query):
    """Which samples, in which order."""

    several: ClassVar[frozenset[str]] = frozenset({"label"})

    label: Annotated[
        tuple[Label, ...], Field(description="keep these classes only; repeat it for several", examples=[[3]])
    ] = ()
    seed: Annotated[
        Seed | None, Field(description="shuffle by order v1 with this seed; without it, file order", examples=[7])
    ] = None

    def select(self, dataset: Dataset, split: str) -> Selection:
        """The samples of a split that the parameters choose.

        Raises:
            Unknown: there is no such split.
            Refused: a label is no class of the dataset.
        """
        selection = Selection.of(dataset, split)
        if self.label:
            selection = selection.labelled(self.label)
        return selection if self.seed is None else selection.shuffled(self.seed)


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


class FileQuery(Valued):
    """A whole split as one file."""


class PictureQuery(Query):
    """How a picture is drawn."""

    scale: Annotated[Integer, Ge(1), Le(32), Field(description="pixels of the picture per pixel of the sample")] = 1
    cmap: Annotated[ColourMap, Field(description="colour map; `gray` keeps the picture grey")] = "gray"
    invert: Annotated[Boolean, Field(description="dark ink on light paper")] = False

    @property
    def look(self) -> Look:
        """The parameters as the formats take them."""
        return Look(scale=self.scale, cmap=self.cmap, invert=self.invert)


class SampleQuery(PictureQuery):
    """How the picture of one sample is drawn."""

    caption: Annotated[Boolean, Field(description="write the label under the digit")] = False

    @property
    def look(self) -> Look:
        """The parameters as the formats take them."""
        return Look(scale=self.scale, cmap=self.cmap, invert=self.invert, captioned=self.caption)


class NeighborsQuery(Query):
    """How many neighbours."""

    k: Annotated[Integer, Ge(1), Le(100), Field(description="number of nearest samples")] = 10
