"""Envelopes: what surrounds the rows of JSON, and leaves the rows as they are."""

import json
from typing import cast

from service.api.envelopes import COLUMNS, RELATIONS, Envelope, describe_batch, describe_page
from service.api.epoch_queries import BatchesQuery
from service.api.formats import BATCH_FORMATS, ROW_FORMATS
from service.api.schemas import BatchPage, RowsPage
from service.data.dataset import Dataset
from service.data.selection import Selection
from tests import sites

LINKS: dict[str, str | None] = {"next": "/n", "self": "/s"}


def test_a_page_tells_where_it_is_in_the_order_of_the_contract(tiny: Dataset) -> None:
    found = describe_page(tiny.split("train"), offset=2, limit=3, total=23, links=LINKS)
    assert found == {
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
    assert list(found) == names
    assert set(names) == set(RowsPage.model_fields)
    assert tuple(cast("dict[str, object]", found["links"])) == RELATIONS


def test_an_envelope_is_made_for_json_alone_and_changes_no_row(tiny: Dataset) -> None:
    made = []

    def describe() -> Envelope:
        made.append(1)
        return describe_page(tiny.split("train"), offset=2, limit=3, total=23, links=LINKS)

    selection = Selection.of(tiny.split("train")).page(2, 3)
    for media in ROW_FORMATS:
        wrapped = bytes(media.encode(selection.batch(envelope=describe)))
        if media.name == "json":
            text = wrapped.decode()
            places = [text.index(f'"{name}":') for name in describe()]
            assert places == sorted(places)
            assert [row["index"] for row in json.loads(text)["rows"]] == [2, 3, 4]
        else:
            assert wrapped == bytes(media.encode(selection.batch()))
    assert len(made) == 2


def test_a_batch_tells_in_its_body_what_the_headers_tell(tiny: Dataset) -> None:
    query = BatchesQuery(seed=5, epoch=3, batch_size=4, world_size=2, rank=1, start=1)
    epoch = query.build_epoch(tiny.split("train"))
    found = describe_batch(query, epoch, {"self": "/s", "next": None})
    assert list(found) == list(BatchPage.model_fields)
    told = {name: found[name] for name in ("seed", "epoch", "rank", "start", "next_start", "valid")}
    assert told == {"seed": 5, "epoch": 3, "rank": 1, "start": 1, "next_start": 9, "valid": 4}
    assert (found["epoch_samples"], found["epoch_steps"]) == (23, 3)


def test_every_json_answer_of_rows_is_what_its_schema_says(site: sites.Site) -> None:
    assert "json" in [media.name for media in BATCH_FORMATS]
    for model, target in ((RowsPage, "rows?limit=2&offset=3"), (BatchPage, "batches?format=json&batch_size=2")):
        body = site.get(f"/v1/datasets/made/train/{target}").json
        told = model.model_validate(body).model_dump(mode="json", by_alias=True)
        assert told == body
