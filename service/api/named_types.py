"""Types that the OpenAPI document names, so that generated clients have one type of each, whatever asks for it.

The document puts a parameter's default into its type, so a type has one default. Go's constants share one package, so
values that two types have in common get a prefix there (`x-enum-varnames`).
"""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal, get_args

from annotated_types import Ge, Le
from pydantic import Field, WithJsonSchema
from typing_extensions import TypeAliasType

from service.api.formats import BATCH_FORMATS, FILE_FORMATS, ORDER_FORMATS, ROW_FORMATS
from service.data import batch, class_counts, epoch, scale
from service.data.card import Card
from service.formats.format import Format
from service.formats.render import ColourMap
from service.http.parameters import Integer


def prefix_names(prefix: str, values: Iterable[object]) -> dict[str, Any]:
    """What generated clients call the values of an enum."""
    return {"x-enum-varnames": [f"{prefix}_{value}".upper() for value in values]}


def list_formats(formats: Sequence[Format]) -> dict[str, Any]:
    """The names of formats as an enum, with an example that a person can read."""
    return {"enum": [one.name for one in formats], "examples": ["json"]}


DatasetName = TypeAliasType("DatasetName", Annotated[str, Field(description="name of a dataset")])
SplitName = TypeAliasType("SplitName", Annotated[str, Field(description="name of a split")])
Label = TypeAliasType("Label", Annotated[Integer, Field(description="number of a class, from 0")])


def describe_names(cards: Sequence[Card]) -> dict[str, dict[str, Any]]:
    """The enums of the types that depend on which datasets are served, by type; the examples go together."""
    splits = list(dict.fromkeys(name for card in cards for name in card.splits))
    labels = list(range(max(len(card.classes) for card in cards)))
    of_each = "; ".join(f"{card.name} has {', '.join(f'`{name}`' for name in card.splits)}" for card in cards)
    return {
        "DatasetName": {"enum": [card.name for card in cards], "examples": [cards[0].name]},
        "SplitName": {"enum": splits, "examples": ["all"], "description": f"name of a split: {of_each}"},
        "Label": {"enum": labels, "examples": [0], **prefix_names("label", labels)},
    }


Part = TypeAliasType(
    "Part",
    Annotated[
        class_counts.Part,
        Field(
            description="`holdout` is the fold, `train` is everything else",
            json_schema_extra=prefix_names("part", get_args(class_counts.Part)),
        ),
    ],
)
Scale = TypeAliasType(
    "Scale",
    Annotated[
        scale.Scale, Field(description="`raw` uint8; `unit` float32 0…1; `standard` float32 of mean 0 and deviation 1")
    ],
)
Layout = TypeAliasType(
    "Layout",
    Annotated[
        batch.Layout,
        Field(
            description="`flat` (n, h·w), `image` (n, h, w), `chw` (n, 1, h, w), `hwc` (n, h, w, 1); tables are flat"
        ),
    ],
)
BatchLayout = TypeAliasType(
    "BatchLayout",
    Annotated[
        batch.Layout,
        Field(
            description="`image` (n, h, w), `flat` (n, h·w), `chw` (n, 1, h, w), `hwc` (n, h, w, 1)",
            json_schema_extra=prefix_names("batch", get_args(batch.Layout)),
        ),
    ],
)
ColorMap = TypeAliasType(
    "ColorMap", Annotated[ColourMap, Field(description="colour map; `gray` keeps the picture grey")]
)
Tail = TypeAliasType(
    "Tail",
    Annotated[
        epoch.Tail,
        Field(description="`partial` never loses nor repeats, `drop` gives whole batches, `pad` fills the last one"),
    ],
)
RowFormat = TypeAliasType(
    "RowFormat",
    Annotated[
        str, Field(description="format of rows; wins over `Accept`", json_schema_extra=list_formats(ROW_FORMATS))
    ],
)
BatchFormat = TypeAliasType(
    "BatchFormat",
    Annotated[
        str,
        Field(
            description="format of batches; wins over `Accept`",
            json_schema_extra=list_formats(BATCH_FORMATS) | prefix_names("batch", (one.name for one in BATCH_FORMATS)),
        ),
    ],
)
OrderFormat = TypeAliasType(
    "OrderFormat",
    Annotated[
        str,
        Field(
            description="format of an order; wins over `Accept`",
            json_schema_extra=list_formats(ORDER_FORMATS) | prefix_names("order", (one.name for one in ORDER_FORMATS)),
        ),
    ],
)
FileSuffix = TypeAliasType(
    "FileSuffix",
    Annotated[
        str,
        Field(
            description="kind of file",
            examples=["parquet"],
            json_schema_extra={"enum": list(FILE_FORMATS), **prefix_names("file", FILE_FORMATS)},
        ),
    ],
)
DType = TypeAliasType("DType", Literal["uint8"])

UINT64 = 2**64 - 1
"""The largest seed."""

Seed = TypeAliasType(
    "Seed", Annotated[Integer, Ge(0), Le(UINT64), Field(description="seed of order v1, an unsigned integer of 64 bits")]
)
EpochSeed = TypeAliasType(
    "EpochSeed",
    Annotated[Integer, Ge(0), Le(UINT64), Field(description="seed of order v1, an unsigned integer of 64 bits")],
)
# A bound beyond int64 on a property makes C# that does not compile.
UsedSeed = TypeAliasType(
    "UsedSeed", Annotated[int, Field(ge=0, description="seed of order v1, an unsigned integer of 64 bits")]
)
# A union of integer and text is `Any` or does not compile in most generated clients.
Steps = TypeAliasType(
    "Steps",
    Annotated[
        Annotated[Integer, Ge(1)] | Literal["all"],
        WithJsonSchema(
            {
                "type": "string",
                "pattern": "^([1-9][0-9]*|all)$",
                "default": "1",
                "description": "batches in this answer, `all` to the end of the epoch; several need a streaming format",
            }
        ),
    ],
)
