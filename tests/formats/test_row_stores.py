"""Row stores: only a shorter way to the same bytes."""

import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.data.dataset import Dataset
from service.data.selection import Selection
from service.data.split import Split
from service.formats.csv import CSV
from service.formats.format import Format
from service.formats.json import JSON
from service.formats.ndjson import NDJSON
from service.formats.npy import NPY
from service.formats.png import png
from service.formats.render import RenderOptions
from service.formats.row_store import write_rows
from service.formats.row_stores import ENCODERS, RowStores
from tests import made

PNG = png(RenderOptions())
TEXTS = (JSON, NDJSON, CSV)
ROOM = 1_000_000


@pytest.fixture
def split() -> Split:
    """A split of its own, because stores are put there."""
    return made.source().load().split("train")


def fill(split: Split, media: Format, *, room: int = ROOM) -> RowStores:
    stores = RowStores(capacity=room)
    make = stores.plan(split, media)
    assert make is not None
    make()
    return stores


@pytest.mark.parametrize("media", TEXTS, ids=lambda one: str(one.name))
@given(st.data())
def test_a_file_of_any_rows_has_the_same_bytes_from_a_store(media: Format, draw: st.DataObject) -> None:
    plain, stored = made.source().load().split("train"), made.source().load().split("train")
    fill(stored, media)
    positions = np.array(draw.draw(st.lists(st.integers(0, made.TRAIN - 1), max_size=40)), np.int64)
    start = draw.draw(st.integers(0, made.TRAIN))
    expected, found = ((Selection.of(one).take(positions), Selection.of(one).page(start, 7)) for one in (plain, stored))
    assert [media.encode(rows.batch()) for rows in found] == [media.encode(rows.batch()) for rows in expected]


def test_a_store_is_read_and_not_only_held(split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = Selection.of(split).take(np.array([3, 1, 1]))
    before = [bytes(media.encode(rows.batch())) for media in TEXTS]
    for media in (NDJSON, CSV):
        fill(split, media)
    images = split.images.copy()
    monkeypatch.setattr(Split, "images", property(lambda _: 0 * images))
    assert [bytes(media.encode(rows.batch())) for media in TEXTS] == before


def test_a_plain_picture_comes_from_a_store_and_any_other_does_not(split: Split) -> None:
    options = [RenderOptions(), RenderOptions(scale=2), RenderOptions(cmap="magma"), RenderOptions(invert=True)]
    one = Selection.of(split).one(5)
    before = [png(each).encode(one.batch()) for each in options]
    fill(split, PNG)
    assert [png(each).encode(one.batch()) for each in options] == before
    assert [png(each).stored_as for each in options] == ["png", None, None, None]


@pytest.mark.parametrize("media", TEXTS, ids=lambda one: str(one.name))
def test_scaled_and_nested_rows_are_not_those_of_a_store(split: Split, media: Format) -> None:
    rows, kinds = Selection.of(split).page(2, 3), [{"scale": "unit"}, {"layout": "image"}]
    fitting = [kind for kind in kinds if kind.get("layout", "flat") in media.layouts]
    before = [media.encode(rows.batch(**kind)) for kind in fitting]  # type: ignore[arg-type]
    fill(split, media)
    assert [media.encode(rows.batch(**kind)) for kind in fitting] == before  # type: ignore[arg-type]


def test_a_store_is_planned_once_and_only_where_it_serves(split: Split) -> None:
    stores = fill(split, NDJSON)
    assert stores.size == len(NDJSON.encode(Selection.of(split).batch()))
    assert stores.plan(split, NDJSON) is None
    assert stores.plan(split, JSON) is None
    assert stores.plan(split, NPY) is None
    assert stores.plan(split, CSV) is not None
    assert RowStores(capacity=0).plan(split, CSV) is None


def test_a_store_for_which_there_is_no_room_is_tried_once(split: Split, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "service")
    stores = fill(split, CSV, room=100)
    assert (split.encoded, stores.size, stores.plan(split, CSV)) == ({}, 0, None)
    assert "made/train as csv: the rows need more than 100 bytes" in caplog.text


def test_work_under_way_ends_when_the_service_does(split: Split, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "service")
    stores = RowStores(capacity=ROOM)
    make = stores.plan(split, CSV)
    assert make is not None
    stores.close()
    make()
    assert split.encoded == {}
    assert "the service stops" in caplog.text


@pytest.mark.parametrize("name", ENCODERS)
def test_the_real_rows_are_stored_as_they_are_encoded(digits: Dataset, name: str) -> None:
    everything = Selection.of(digits.split("all")).batch()
    rows = ENCODERS[name](everything)
    store = write_rows(rows, room=10_000_000)
    assert len(store) == sum(map(len, rows))
    order = np.random.default_rng(0).permutation(len(rows))
    assert store.read(order) == b"".join(rows[position] for position in order)
    assert store.read(np.arange(7, 1_000)) == b"".join(rows[7:1_000])
    assert store.read(np.zeros(0, np.int64)) == b""
