"""Row stores: only a shorter way to the same bytes."""

import logging
import tempfile
from pathlib import Path

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
from service.formats.row_file import RowFile
from service.formats.row_stores import ENCODERS, RowStores
from tests import made
from tests.formats.stored import store_rows

PNG = png(RenderOptions())
TEXTS = (JSON, NDJSON, CSV)
ROOM = 1_000_000


@pytest.fixture
def split() -> Split:
    """A split of its own, because stores are put there."""
    return made.source().load().split("train")


def make_stores(*, room: int = ROOM) -> RowStores:
    stores = RowStores(["made/train"], capacity=room)
    stores.open()
    return stores


def fill(split: Split, media: Format, *, room: int = ROOM) -> RowStores:
    stores = make_stores(room=room)
    make = stores.plan(split, media)
    assert make is not None
    make()
    assert stores.plan(split, media) is None
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
    assert stores.size == len(NDJSON.encode(Selection.of(split).batch())) + 8 * (made.TRAIN + 1)
    assert stores.plan(split, JSON) is None
    assert stores.plan(split, NPY) is None
    assert stores.plan(split, CSV) is not None
    assert make_stores(room=0).plan(split, CSV) is None


def test_a_store_for_which_there_is_no_room_is_tried_once(split: Split, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "service")
    stores = fill(split, CSV, room=100)
    assert (split.encoded, stores.size, stores.plan(split, CSV)) == ({}, 0, None)
    assert caplog.text.count("made/train as csv: the rows need more than 100 bytes") == 1


def test_all_stores_share_the_room(split: Split) -> None:
    both = sum(fill(split, media).size for media in (NDJSON, CSV))
    split.encoded.clear()
    stores = make_stores(room=both - 1)
    for media in (NDJSON, CSV):
        make = stores.plan(split, media)
        assert make is not None
        make()
        assert stores.plan(split, media) is None
    assert list(split.encoded) == [NDJSON.stored_as]
    assert 0 < stores.size < both


def test_a_store_that_another_process_has_made_serves_from_the_next_request_on(split: Split) -> None:
    stores = fill(split, CSV)
    split.encoded.clear()  # as in a process that has not asked yet
    assert stores.plan(split, CSV) is None
    assert list(split.encoded) == [CSV.stored_as]


def test_a_store_that_cannot_be_mapped_serves_later(split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(24, "Too many open files")

    stores = fill(split, CSV)
    split.encoded.clear()
    with monkeypatch.context() as patch:
        patch.setattr(RowFile, "find", fail)
        assert (stores.plan(split, CSV), split.encoded) == (None, {})
    assert stores.plan(split, CSV) is None
    assert list(split.encoded) == [CSV.stored_as]


def test_without_a_temporary_directory_there_are_no_stores(
    split: Split, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "service")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    stores = make_stores()
    assert (stores.plan(split, CSV), stores.size) == (None, 0)
    assert caplog.text.count("no stores for rows: ") == 1


def test_work_under_way_ends_when_the_service_does_and_leaves_the_store_to_others(split: Split) -> None:
    stores = make_stores()
    make = stores.plan(split, CSV)
    assert make is not None
    stores.close()
    make()
    assert stores.size == 0
    assert stores.plan(split, CSV) is not None
    assert split.encoded == {}


@pytest.mark.parametrize("name", ENCODERS)
def test_the_real_rows_are_stored_as_they_are_encoded(digits: Dataset, name: str) -> None:
    everything = Selection.of(digits.split("all")).batch()
    rows = ENCODERS[name](everything)
    store = store_rows(rows)
    order = np.random.default_rng(0).permutation(len(rows))
    assert store.read(order) == b"".join(rows[position] for position in order)
    assert store.read(np.arange(7, 1_000)) == b"".join(rows[7:1_000])
    assert store.read(np.zeros(0, np.int64)) == b""
