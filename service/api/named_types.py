"""Types that the OpenAPI document names, so that generated clients have one type of each, whatever asks for it.

The document puts a parameter's default into its type, so a type has one default.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args

from annotated_types import Ge, Le
from pydantic import Field, WithJsonSchema
from typing_extensions import TypeAliasType

from service.api.formats import BATCH_FORMATS, FILE_FORMATS, ORDER_FORMATS, ROW_FORMATS
from service.api.pixels import draw_stroke, encode_pixels
from service.data import batch, class_counts, epoch, scale
from service.data.card import Card
from service.formats.format import Format
from service.formats.render import ColourMap
from service.http.openapi import prefix_names
from service.http.parameters import LARGEST, Integer

UINT64 = 2**64 - 1
"""The largest seed."""


def describe_formats(kind: str, formats: Sequence[Format], prefix: str = "") -> Any:  # noqa: ANN401 - as of Field
    """What the document says of formats: their names, and an example that a person can read."""
    names = [one.name for one in formats]
    facts = {"enum": names, "examples": ["json"], **(prefix_names(prefix, names) if prefix else {})}
    return Field(description=f"format of {kind}; wins over `Accept`", json_schema_extra=facts)


DatasetName = TypeAliasType("DatasetName", Annotated[str, Field(description="name of a dataset")])
SplitName = TypeAliasType("SplitName", Annotated[str, Field(description="name of a split")])
Label = TypeAliasType("Label", Annotated[Integer, Field(description="number of a class, from 0")])

PART = "`holdout` is the fold, `train` is everything else"
SCALE = "`raw` uint8; `unit` float32 0…1; `standard` float32 of mean 0 and deviation 1"
LAYOUT = "`flat` (n, h·w), `image` (n, h, w), `chw` (n, 1, h, w), `hwc` (n, h, w, 1)"
TAIL = "`partial` never loses nor repeats, `drop` gives whole batches, `pad` fills the last one"
SEED = "seed of order v1, an unsigned integer of 64 bits"
ORDER = "`file`, or `oddest`: those first that are far from the mean of their class, and near that of another"
MAP = "`pca`: along two principal components; `tsne`: t-SNE, in which similar samples are close together"
DRAWING = "the h·w bytes of 0…peak, row by row, in base64url without padding"
STEPS = "batches in this answer, `all` to the end of the epoch; several need a streaming format"

PARTS = prefix_names("part", get_args(class_counts.Part))
BATCH_LAYOUTS = prefix_names("batch", get_args(batch.Layout))
SUFFIXES = {"enum": list(FILE_FORMATS), "examples": ["parquet"], **prefix_names("file", FILE_FORMATS)}

Part = TypeAliasType("Part", Annotated[class_counts.Part, Field(description=PART, json_schema_extra=PARTS)])
Scale = TypeAliasType("Scale", Annotated[scale.Scale, Field(description=SCALE)])
Layout = TypeAliasType("Layout", Annotated[batch.Layout, Field(description=f"{LAYOUT}; tables are flat")])
BatchLayout = TypeAliasType(
    "BatchLayout", Annotated[batch.Layout, Field(description=LAYOUT, json_schema_extra=BATCH_LAYOUTS)]
)
ColorMap = TypeAliasType("ColorMap", Annotated[ColourMap, Field(description="`gray` keeps the picture grey")])
RowOrder = TypeAliasType("RowOrder", Annotated[Literal["file", "oddest"], Field(description=ORDER)])
MapKind = TypeAliasType("MapKind", Annotated[Literal["pca", "tsne"], Field(description=MAP)])
Index = TypeAliasType("Index", Annotated[Integer, Ge(0), Le(LARGEST), Field(description="position within the split")])
Drawing = TypeAliasType("Drawing", Annotated[str, Field(description=DRAWING)])
Tail = TypeAliasType("Tail", Annotated[epoch.Tail, Field(description=TAIL)])
DType = TypeAliasType("DType", Literal["uint8"])

RowFormat = TypeAliasType("RowFormat", Annotated[str, describe_formats("rows", ROW_FORMATS)])
BatchFormat = TypeAliasType("BatchFormat", Annotated[str, describe_formats("batches", BATCH_FORMATS, "batch")])
OrderFormat = TypeAliasType("OrderFormat", Annotated[str, describe_formats("an order", ORDER_FORMATS, "order")])
FileSuffix = TypeAliasType("FileSuffix", Annotated[str, Field(description="kind of file", json_schema_extra=SUFFIXES)])

Seed = TypeAliasType("Seed", Annotated[Integer, Ge(0), Le(UINT64), Field(description=SEED)])
EpochSeed = TypeAliasType("EpochSeed", Annotated[Integer, Ge(0), Le(UINT64), Field(description=SEED)])
# With a bound beyond int64 on a property, openapi-generator's C# does not compile.
UsedSeed = TypeAliasType("UsedSeed", Annotated[Integer, Ge(0), Field(description=SEED)])

# Of a union of integer and text, no generator makes a type that compiles everywhere.
STEPS_SCHEMA = {"type": "string", "pattern": "^([1-9][0-9]*|all)$", "default": "1", "description": STEPS}
Steps = TypeAliasType("Steps", Annotated[Annotated[Integer, Ge(1)] | Literal["all"], WithJsonSchema(STEPS_SCHEMA)])


def describe_names(cards: Sequence[Card]) -> dict[str, dict[str, Any]]:
    """The enums of the types that depend on which datasets are served, by type; the examples go together."""
    splits = list(dict.fromkeys(name for card in cards for name in card.splits))
    labels = list(range(max(len(card.classes) for card in cards)))
    of_each = "; ".join(f"{card.name} has {', '.join(f'`{name}`' for name in card.splits)}" for card in cards)
    return {
        "DatasetName": {"enum": [card.name for card in cards], "examples": [cards[0].name]},
        "SplitName": {"enum": splits, "examples": ["all"], "description": f"name of a split: {of_each}"},
        "Drawing": {"examples": [encode_pixels(draw_stroke(cards[0]))]},
        "Label": {"enum": labels, "examples": [0], **prefix_names("label", labels)},
    }
