"""The bounds of one answer: each is a setting, holds exactly, and is named in the refusal."""

import pytest

from service.api.formats import ROW_FORMATS
from service.api.limits import check_picture_size, check_row_limit, find_row_limit
from service.errors import Refused
from service.formats.format import Format
from service.settings import Settings

SETTINGS = Settings(text_limit=3, binary_limit=5, picture_pixels=100)


@pytest.mark.parametrize("media", ROW_FORMATS, ids=lambda media: media.name)
def test_a_page_has_at_most_the_rows_of_its_kind_of_format(media: Format) -> None:
    most = 3 if media.name in ("json", "ndjson", "csv") else 5
    assert find_row_limit(SETTINGS, media) == most
    check_row_limit(SETTINGS, media, most)
    for limit in (most + 1, 10**18):
        with pytest.raises(Refused, match=f"limit must be an integer from 1 to {most} in {media.name}, not '{limit}'"):
            check_row_limit(SETTINGS, media, limit)


@pytest.mark.parametrize("size", [(10, 10), (1, 100), (100, 1), (0, 10**9), (1, 1)])
def test_a_picture_may_have_as_many_pixels_as_the_setting(size: tuple[int, int]) -> None:
    check_picture_size(SETTINGS, size)


@pytest.mark.parametrize("size", [(101, 1), (1, 101), (11, 10), (10**9, 10**9)])
@pytest.mark.parametrize("blame", ["scale", "limit", "columns"])
def test_a_larger_picture_is_refused_by_the_parameter_to_blame(size: tuple[int, int], blame: str) -> None:
    height, width = size
    with pytest.raises(Refused, match=f"{blame} makes a picture of {width}×{height} pixels; at most 100") as refused:
        check_picture_size(SETTINGS, size, blame=blame)
    assert (refused.value.name, refused.value.place) == (blame, "query")
    with pytest.raises(Refused, match=r"^scale "):
        check_picture_size(SETTINGS, size)
