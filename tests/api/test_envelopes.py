"""Envelopes: what surrounds the rows of JSON, and leaves the rows as they are."""

import numpy as np

from service.api.envelopes import COLUMNS, RELATIONS, wrap_batch, wrap_page
from service.api.formats import BATCH_FORMATS, ROW_FORMATS
from service.api.queries import BatchesQuery
from service.api.schemas import BatchPage, RowsPage
from service.data.batch import Batch
from service.data.dataset import Dataset
from service.data.selection import Selection
from service.formats import FORMATS
from tests import sites


def page(tiny: Dataset, *, links: dict[str, str | None]) -> Batch:
    split = tiny.split("train")
    return wrap_page(Selection.of(split).page(2, 3).batch(), split, offset=2, limit=3, total=23, links=links)


def test_a_page_tells_where_it_is_in_the_order_of_the_contract(tiny: Dataset) -> None:
    found = page(tiny, links={"next": "/n", "self": "/s"})
    assert found.envelope == {
        "dataset": "made",
        "split": "train",
        "offset": 2,
        "limit": 3,
        "total": 23,
        "rev": tiny.rev,
        "columns": COLUMNS,
        "rows": None,
        "links": {"self": "/s", "first": None, "prev": None, "next": "/n", "last": None},
    }
    names = ["dataset", "split", "offset", "limit", "total", "rev", "columns", "rows", "links"]
    assert list(found.envelope) == names == list(RowsPage.model_fields)
    assert tuple(found.envelope["links"]) == RELATIONS  # type: ignore[arg-type]


def test_an_envelope_changes_no_row_and_no_other_format(tiny: Dataset) -> None:
    split = tiny.split("train")
    bare = Selection.of(split).page(2, 3).batch()
    wrapped = page(tiny, links={})
    assert np.array_equal(wrapped.index, bare.index)
    assert np.array_equal(wrapped.image, bare.image)
    assert bare.envelope is None
    for media in ROW_FORMATS:
        if media.name != "json":
            assert bytes(media.encode(wrapped)) == bytes(media.encode(bare))


def test_json_has_the_members_of_an_envelope_in_their_order_and_the_rows_in_their_place(tiny: Dataset) -> None:
    wrapped = page(tiny, links={})
    text = bytes(FORMATS["json"].encode(wrapped)).decode()
    assert wrapped.envelope is not None
    places = [text.index(f'"{name}":') for name in wrapped.envelope]
    assert places == sorted(places)
    assert RowsPage.model_validate_json(text).rows[0].index == 2


def test_a_batch_tells_in_its_body_what_the_headers_tell(tiny: Dataset) -> None:
    query = BatchesQuery(seed=5, epoch=3, batch_size=4, world_size=2, rank=1, start=1)
    epoch = query.build_epoch(tiny.split("train"))
    batch = epoch.step(0, 1).batch(layout="image", valid=epoch.valid_rows(1, 1))
    found = wrap_batch(batch, query, epoch, {"self": "/s", "next": None})
    assert found.envelope is not None
    assert list(found.envelope) == list(BatchPage.model_fields)
    told = {name: found.envelope[name] for name in ("seed", "epoch", "rank", "start", "next_start", "valid")}
    assert told == {"seed": 5, "epoch": 3, "rank": 1, "start": 1, "next_start": 9, "valid": 4}
    assert (found.envelope["epoch_samples"], found.envelope["epoch_steps"]) == (23, 3)
    page = BatchPage.model_validate_json(bytes(FORMATS["json"].encode(found)))
    assert [row.index for row in page.rows] == batch.index.tolist()


def test_every_json_answer_of_rows_is_what_its_schema_says(site: sites.Site) -> None:
    assert "json" in [media.name for media in BATCH_FORMATS]
    for model, target in ((RowsPage, "rows?limit=2&offset=3"), (BatchPage, "batches?format=json&batch_size=2")):
        body = site.get(f"/v1/datasets/made/train/{target}").json
        told = model.model_validate(body).model_dump(mode="json", by_alias=True)
        assert told == body
