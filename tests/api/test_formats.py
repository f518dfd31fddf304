"""Which formats each kind of answer is offered in."""

import pytest

from service.api.batches import offer_formats
from service.api.epoch_queries import BatchesQuery
from service.api.formats import BATCH_FORMATS, FILE_FORMATS, ORDER_FORMATS, ROW_FORMATS, STREAM_FORMATS
from service.errors import Refused
from service.formats import FORMATS
from tests import sites


def names(offered: object) -> list[str]:
    return [media.name for media in offered]  # type: ignore[attr-defined]


def test_the_formats_are_those_of_the_contract_the_default_first() -> None:
    assert names(ROW_FORMATS) == ["json", "ndjson", "csv", "npy", "npz", "arrow", "parquet", "safetensors"]
    assert names(BATCH_FORMATS) == ["npz", "npy", "safetensors", "arrow", "json", "ndjson"]
    assert names(STREAM_FORMATS) == ["arrow", "ndjson"]
    assert list(FILE_FORMATS) == ["parquet", "arrow", "arrows", "npz", "csv", "ndjson"]
    assert names(ORDER_FORMATS) == ["json", "npy"]


def test_what_streams_can_be_streamed() -> None:
    for media in (*STREAM_FORMATS, *FILE_FORMATS.values()):
        assert media.stream is not None, media.name


def test_no_two_formats_of_an_answer_have_one_media_type_or_suffix() -> None:
    for offered in (ROW_FORMATS, BATCH_FORMATS, tuple(FILE_FORMATS.values())):
        for fact in ("name", "media_type", "suffix"):
            assert len({getattr(media, fact) for media in offered}) == len(offered)


def test_the_files_are_those_that_the_suffix_names() -> None:
    assert {suffix: media.name for suffix, media in FILE_FORMATS.items()} == {
        "parquet": "parquet",
        "arrow": "arrow-file",
        "arrows": "arrow",
        "npz": "npz",
        "csv": "csv",
        "ndjson": "ndjson",
    }
    with pytest.raises(TypeError):
        FILE_FORMATS["zip"] = FORMATS["npz"]  # type: ignore[index]


def test_one_batch_comes_in_any_format_and_several_in_those_that_stream() -> None:
    assert offer_formats(BatchesQuery()) == offer_formats(BatchesQuery(format="npy")) == BATCH_FORMATS
    assert offer_formats(BatchesQuery(steps=2)) == offer_formats(BatchesQuery(steps="all")) == STREAM_FORMATS
    assert offer_formats(BatchesQuery(steps=2, format="no such")) == STREAM_FORMATS
    with pytest.raises(Refused, match="steps must be 1 in npy") as refused:
        offer_formats(BatchesQuery(steps=2, format="npy"))
    assert refused.value.name == "steps"


@pytest.mark.parametrize(
    ("target", "offered"),
    [("rows", ROW_FORMATS), ("batches", BATCH_FORMATS), ("batches?steps=2", STREAM_FORMATS), ("order", ORDER_FORMATS)],
    ids=["rows", "batches", "several batches", "order"],
)
def test_each_is_had_by_its_name_and_by_its_media_type(
    site: sites.Site, target: str, offered: tuple[object, ...]
) -> None:
    here = f"/v1/datasets/made/train/{target}"
    for media in [FORMATS[name] for name in names(offered)]:
        by_name = site.get(f"{here}{'&' if '?' in here else '?'}format={media.name}")
        by_type = site.get(here, {"Accept": media.media_type})
        assert by_name["Content-Type"] == by_type["Content-Type"] == media.media_type
        if media.name != "json" or target == "order":  # JSON has a link to itself, which names its format
            assert by_name.body == by_type.body
    assert site.get(here)["Content-Type"] == FORMATS[names(offered)[0]].media_type
