"""What may be asked: each parameter read, bounded, and turned into the value that does the work."""

from collections.abc import Callable
from functools import partial
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from service.api.epoch_queries import BatchesQuery, OrderQuery
from service.api.formats import BATCH_FORMATS, FILE_FORMATS, ROW_FORMATS
from service.api.index_range import read_range
from service.api.picture_queries import GridQuery, PictureQuery, SampleQuery
from service.api.queries import (
    DrawingQuery,
    EncodingQuery,
    FileQuery,
    NeighborsQuery,
    PageQuery,
    ProjectionQuery,
    RowsQuery,
    SelectionQuery,
    SubsetQuery,
    TakeQuery,
)
from service.data.batch import Layout
from service.data.dataset import Dataset
from service.data.selection import Selection
from service.errors import Refused
from service.http.parameters import Parameters, read
from service.http.problems import Malformed

MODELS = (
    SubsetQuery,
    SelectionQuery,
    PageQuery,
    EncodingQuery,
    RowsQuery,
    TakeQuery,
    FileQuery,
    OrderQuery,
    BatchesQuery,
    PictureQuery,
    SampleQuery,
    GridQuery,
    ProjectionQuery,
    NeighborsQuery,
)

every_model = pytest.mark.parametrize("model", MODELS)

CHOICES = st.fixed_dictionaries(
    {},
    optional={
        "label": st.lists(st.integers(0, 3), min_size=1, max_size=5).map(tuple),
        "per_class": st.integers(1, 3),
        "range": st.sampled_from(["0:8", "2:7", "5:", ":4", "0:", "7:8"]),
        "seed": st.none() | st.integers(0, 5),
    },
)
FOLDS: st.SearchStrategy[dict[str, Any]] = st.just({}) | st.fixed_dictionaries(
    {"fold": st.integers(0, 1), "folds": st.just(2), "part": st.sampled_from(["train", "holdout"])}
)


def test_a_drawing_is_asked_for_whole() -> None:
    assert [name for name, field in DrawingQuery.model_fields.items() if field.is_required()] == ["pixels"]
    for text in (b"", b"k=3", b"rev=abc"):
        with pytest.raises(Malformed, match="pixels is missing; give the h·w bytes of 0…peak, row by row") as refused:
            read(DrawingQuery, text)
        assert [fault.name for fault in refused.value.faults] == ["pixels"]


@every_model
def test_a_query_has_a_default_of_every_parameter(model: type[Parameters]) -> None:
    assert model.model_validate({}) == read(model, b"")
    for name, field in model.model_fields.items():
        assert not field.is_required(), name
    assert model.repeatable <= set(model.model_fields)


@every_model
def test_a_query_cannot_be_changed_and_takes_no_unknown_name(model: type[Parameters]) -> None:
    query = model.model_validate({})
    with pytest.raises(ValidationError, match="frozen"):
        query.rev = "x"  # type: ignore[attr-defined]
    with pytest.raises(ValidationError, match="Extra inputs"):
        model.model_validate({"no_such": 1})


@every_model
def test_every_default_written_out_means_nothing_asked(model: type[Parameters]) -> None:
    written = {
        name: str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
        for name, field in model.model_fields.items()
        if field.default is not None and field.default != ()
    }
    query = read(model, "&".join(f"{name}={value}" for name, value in written.items()).encode())
    assert query.canonical() == {}
    assert query == model.model_validate({})


@given(CHOICES, FOLDS)
def test_a_selection_has_as_many_samples_as_were_counted(
    tiny: Dataset, choice: dict[str, Any], fold: dict[str, Any]
) -> None:
    query = SelectionQuery(**choice, **fold)
    for split in (tiny.split(name) for name in ("train", "test", "all")):
        subset = query.build_subset(split, seed=query.seed)
        everything = Selection.of(split)
        refusals = [refusal(partial(subset.count, split)), refusal(partial(subset.select, everything))]
        assert refusals[0] == refusals[1]  # a class is too small
        if refusals[0] is None:
            selection = subset.select(everything)
            assert len(selection) == subset.count(split) == len(np.unique(selection.indices))
            assert set(selection.indices) <= set(read_range(query.range or "0:", split) or range(len(split)))
            assert not query.label or set(selection.labels.tolist()) <= set(query.label)


def refusal(ask: Callable[[], object]) -> str | None:
    """The sentence in which something is refused, if it is."""
    try:
        ask()
    except Refused as refused:
        return str(refused)
    return None


def test_labels_are_a_set_in_whatever_order_they_were_given() -> None:
    assert read(SubsetQuery, b"label=3&label=1&label=3").label == (1, 3)
    one, other = (read(RowsQuery, text) for text in (b"label=2&label=0", b"label=0&label=2&label=0"))
    assert one == other
    assert one.canonical() == {"label": (0, 2)}


@pytest.mark.parametrize(
    ("given_parameters", "name", "reason"),
    [
        ({"fold": 0}, "folds", "go together"),
        ({"folds": 2}, "fold", "go together"),
        ({"part": "holdout"}, "part", "needs fold and folds"),
        ({"fold": 0, "part": "holdout"}, "folds", "go together"),
    ],
)
def test_a_fold_is_named_whole(tiny: Dataset, given_parameters: dict[str, Any], name: str, reason: str) -> None:
    split = tiny.split("train")
    for ask in (
        lambda: SelectionQuery(**given_parameters).build_subset(split, seed=None),
        lambda: OrderQuery(**given_parameters).build_order(split),
        lambda: BatchesQuery(**given_parameters).build_epoch(split),
    ):
        with pytest.raises(Refused, match=reason) as refused:
            ask()
        assert refused.value.name == name


def test_a_seed_decides_the_members_of_orders_and_batches_too(tiny: Dataset) -> None:
    split = tiny.split("train")
    for seed in range(3):
        rows = SelectionQuery(per_class=1).build_subset(split, seed=seed).select(Selection.of(split))
        order = OrderQuery(seed=seed, per_class=1).build_order(split)
        assert sorted(rows.indices) == sorted(order.select().indices)


def test_an_order_is_what_was_asked(tiny: Dataset) -> None:
    order = OrderQuery(seed=5, epoch=2, shuffle=False, balanced=True, label=(1,)).build_order(tiny.split("train"))
    assert (order.seed, order.number, order.shuffle, order.balanced) == (5, 2, False, True)
    assert (order.subset.labels, order.subset.seed) == ((1,), 5)


def test_batches_take_over_all_that_an_order_has(tiny: Dataset) -> None:
    query = BatchesQuery(
        seed=5, epoch=2, batch_size=3, world_size=2, rank=1, start=4, stride=3, tail="pad", label=(0, 1), range="2:9"
    )
    epoch = query.build_epoch(tiny.split("train"))
    order = epoch.order
    assert (order.seed, order.number, order.shuffle, order.balanced) == (5, 2, True, False)
    assert (order.subset.labels, order.subset.span) == ((0, 1), range(2, 9))
    assert (epoch.global_batch, epoch.start, epoch.stride, epoch.tail) == (6, 4, 3, "pad")


def test_a_rank_is_below_the_number_of_ranks(tiny: Dataset) -> None:
    split = tiny.split("train")
    assert BatchesQuery(world_size=3, rank=2).build_epoch(split).world_size == 3
    for world_size in (1, 3):
        with pytest.raises(Refused, match=f"from 0 to {world_size - 1}, not 3") as refused:
            BatchesQuery(world_size=world_size, rank=3).build_epoch(split)
        assert refused.value.name == "rank"


@pytest.mark.parametrize("text", [b"steps=0", b"steps=-1", b"steps=ALL", b"steps=1.5", b"steps="])
def test_steps_are_a_number_or_all(text: bytes) -> None:
    assert read(BatchesQuery, b"steps=all").steps == "all"
    assert read(BatchesQuery, b"steps=007").steps == 7
    with pytest.raises(Malformed, match="steps must be an integer of at least 1 or all"):
        read(BatchesQuery, text)


def test_only_tables_and_text_are_flat_alone() -> None:
    for media in {**FILE_FORMATS, **{one.name: one for one in (*ROW_FORMATS, *BATCH_FORMATS)}}.values():
        for layout in get_args(Layout):
            query = EncodingQuery(layout=layout)
            if layout == "flat" or (not media.text and layout in media.layouts):
                query.check_layout(media)
            else:
                with pytest.raises(Refused, match=f"must be flat in {media.name}, not {layout}"):
                    query.check_layout(media)
    takers = {media.name for media in ROW_FORMATS if not media.text and "chw" in media.layouts}
    assert takers == {"npy", "npz", "arrow", "safetensors"}


@pytest.mark.parametrize("model", [RowsQuery, TakeQuery, FileQuery, BatchesQuery])
def test_what_is_not_raw_is_scaled(model: type[EncodingQuery]) -> None:
    assert [model(scale=scale).is_scaled for scale in ("raw", "unit", "standard")] == [False, True, True]


def test_the_look_of_a_picture_is_what_was_asked() -> None:
    options = SampleQuery(scale=3, cmap="magma", invert=True, transparent=True, caption=True).options
    assert (options.scale, options.cmap, options.invert, options.transparent, options.captioned) == (
        3,
        "magma",
        True,
        True,
        True,
    )
    assert PictureQuery().options == SampleQuery().options == GridQuery().options
    assert not GridQuery(labels=True).options.captioned


@given(st.integers(1, 10_000))
def test_a_full_sheet_is_about_square_unless_said_otherwise(limit: int) -> None:
    across = GridQuery(limit=limit).across
    assert (across - 1) ** 2 < limit <= across**2
    assert GridQuery(limit=limit, columns=7).across == 7
