"""What may be asked of pictures: how they are drawn, and how a sheet is laid out."""

from dataclasses import replace
from functools import cached_property
from math import isqrt
from typing import Annotated

from annotated_types import Ge, Le
from pydantic import Field

from service.api.named_types import ColorMap
from service.api.queries import PageQuery
from service.formats.render import RenderOptions
from service.http.parameters import Boolean, Integer, RevisionQuery


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
