import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.web.conditions import byte_range, matches
from service.web.problems import OutsideFile

TAG = '"abc"'


@pytest.mark.parametrize(
    "condition", [TAG, f"W/{TAG}", "*", " * ", f'"x", {TAG}', f'W/"x",W/{TAG}', f'"with, comma", {TAG} , "y"']
)
def test_a_condition_that_names_the_tag_matches(condition: str) -> None:
    assert matches(condition, TAG)


@pytest.mark.parametrize("condition", ["", '"ab"', "abc", '"ABC"', '"abcd"', '"x", "y"', '"*"', "W/", '"x,abc"'])
def test_a_condition_that_names_other_tags_does_not_match(condition: str) -> None:
    assert not matches(condition, TAG)


@given(st.integers(1, 50), st.integers(0, 60), st.none() | st.integers(0, 10**30))
def test_a_range_holds_what_it_asks_for_cut_to_the_file(size: int, first: int, last: int | None) -> None:
    asked = f"bytes={first}-{'' if last is None else last}"
    expected = list(range(size))[first : None if last is None else last + 1]
    if not expected:
        with pytest.raises(OutsideFile):
            byte_range(asked, "", TAG, size)
    else:
        part = byte_range(asked, "", TAG, size)
        assert part is not None
        assert list(part) == expected


@given(st.integers(1, 50), st.integers(1, 10**30))
def test_a_suffix_is_the_end_of_the_file(size: int, length: int) -> None:
    part = byte_range(f"bytes=-{length}", "", TAG, size)
    assert part == range(max(0, size - length), size)


@pytest.mark.parametrize("asked", ["", "items=0-4", "bytes=0-1,3-4", "bytes=0-1, -2", "bytes=5-,0-1"])
def test_the_whole_file_answers_no_range_other_units_and_several_ranges(asked: str) -> None:
    assert byte_range(asked, "", TAG, 10) is None


@pytest.mark.parametrize(
    "asked", ["bytes=", "bytes=-", "bytes=a-b", "bytes=-0", "bytes=4-2", "bytes=1.5-2", "bytes 0-4"]
)
def test_a_malformed_range_is_outside_the_file_and_the_message_says_what_is_not(asked: str) -> None:
    with pytest.raises(OutsideFile, match="bytes=first-last, bytes=first- or bytes=-length within 10 bytes") as error:
        byte_range(asked, "", TAG, 10)
    assert error.value.size == 10


@pytest.mark.parametrize("asked", ["BYTES=2-3", "bytes = 2-3", "bytes=2-3 "])
def test_case_and_space_do_not_matter(asked: str) -> None:
    assert byte_range(asked, "", TAG, 10) == range(2, 4)


@pytest.mark.parametrize(
    ("if_range", "part"),
    [(TAG, range(1)), (f"W/{TAG}", None), ('"other"', None), ("Wed, 21 Oct 2015 07:28:00 GMT", None), ("", range(1))],
)
def test_if_range_must_name_this_very_file(if_range: str, part: range | None) -> None:
    assert byte_range("bytes=0-0", if_range, TAG, 10) == part
