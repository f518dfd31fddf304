import contextlib
from datetime import timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.http.conditions import LAST_MODIFIED, RELEASED, is_unmodified, select_range
from service.http.problems import OutsideFile, PreconditionFailed
from service.http.request import Headers

TAG = '"abc"'
BEFORE, AFTER = (format_datetime(RELEASED + timedelta(seconds=seconds), usegmt=True) for seconds in (-1, 1))
INVALID_DATES = ("yesterday", "2026-01-01", "Mon, 99 Foo 2026 00:00:00 GMT", "99999999999999999999")
"""Values that section 13.1.3 of RFC 9110 asks to ignore."""


def headers(**values: str) -> Headers:
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in values.items()]


def part_of(text: str, size: int = 10, *, if_range: str = "") -> range | None:
    given = headers(range=text) + (headers(if_range=if_range) if if_range else [])
    return select_range(given, TAG, size)


def test_a_request_without_conditions_gets_the_representation() -> None:
    assert not is_unmodified([], TAG)
    assert not is_unmodified(headers(accept="*/*", range="bytes=0-1"), TAG)


@pytest.mark.parametrize(
    "condition", [TAG, f"W/{TAG}", "*", " * ", f'"x", {TAG}', f'W/"x",W/{TAG}', f'"with, comma", {TAG} , "y"']
)
def test_if_none_match_compares_weakly(condition: str) -> None:
    assert is_unmodified(headers(if_none_match=condition), TAG)


@pytest.mark.parametrize("condition", ["", '"ab"', "abc", '"ABC"', '"abcd"', '"x", "y"', '"*"', "W/", '"x,abc"'])
def test_if_none_match_does_not_hold_for_other_tags(condition: str) -> None:
    assert not is_unmodified(headers(if_none_match=condition), TAG)


@pytest.mark.parametrize("condition", [TAG, "*", f'"x", {TAG}', f'W/"y", {TAG}'])
def test_if_match_holds_for_the_tag_itself(condition: str) -> None:
    assert not is_unmodified(headers(if_match=condition), TAG)


@pytest.mark.parametrize("condition", ['"x"', f"W/{TAG}", "abc", '"x", "y"'])
def test_if_match_fails_for_other_and_for_weak_tags(condition: str) -> None:
    with pytest.raises(PreconditionFailed, match='does not name the present entity tag, "abc"'):
        is_unmodified(headers(if_match=condition), TAG)


def test_if_unmodified_since_fails_before_the_release_and_if_modified_since_is_304_after_it() -> None:
    for date in (LAST_MODIFIED, AFTER):
        assert not is_unmodified(headers(if_unmodified_since=date), TAG)
        assert is_unmodified(headers(if_modified_since=date), TAG)
    with pytest.raises(PreconditionFailed, match="before the last modification"):
        is_unmodified(headers(if_unmodified_since=BEFORE), TAG)
    assert not is_unmodified(headers(if_modified_since=BEFORE), TAG)


@pytest.mark.parametrize("date", INVALID_DATES)
def test_a_date_that_cannot_be_read_is_ignored(date: str) -> None:
    assert not is_unmodified(headers(if_unmodified_since=date), TAG)
    assert not is_unmodified(headers(if_modified_since=date), TAG)


@pytest.mark.parametrize(("tag", "date"), [("if_match", "if_unmodified_since"), ("if_none_match", "if_modified_since")])
def test_a_tag_takes_precedence_over_a_date(tag: str, date: str) -> None:
    wrong = BEFORE if date == "if_unmodified_since" else AFTER
    named = TAG if tag == "if_match" else '"other"'
    assert not is_unmodified(headers(**{tag: named, date: wrong}), TAG)


def test_if_match_is_decided_before_if_none_match() -> None:
    with pytest.raises(PreconditionFailed):
        is_unmodified(headers(if_none_match=TAG, if_match='"x"'), TAG)
    assert is_unmodified(headers(if_none_match=TAG, if_match=TAG), TAG)


@given(st.integers(1, 50), st.integers(0, 60), st.none() | st.integers(0, 10**30))
def test_a_range_is_cut_to_the_file(size: int, first: int, last: int | None) -> None:
    text = f"bytes={first}-{'' if last is None else last}"
    expected = list(range(size))[first : None if last is None else last + 1]
    if not expected:
        with pytest.raises(OutsideFile):
            part_of(text, size)
    else:
        part = part_of(text, size)
        assert part is not None
        assert list(part) == expected


@given(st.integers(1, 50), st.integers(1, 10**30))
def test_a_suffix_is_the_end_of_the_file(size: int, length: int) -> None:
    assert part_of(f"bytes=-{length}", size) == range(max(0, size - length), size)


@pytest.mark.parametrize("text", ["", "items=0-4", "bytes=0-1,3-4", "bytes=0-1, -2", "bytes=5-,0-1"])
def test_the_whole_is_sent_for_no_range_other_units_and_several_ranges(text: str) -> None:
    assert part_of(text) is None


MALFORMED = ("bytes=", "bytes=-", "bytes=a-b", "bytes=-0", "bytes=4-2", "bytes=1.5-2", "bytes 0-4", "bytes=0-²")


@pytest.mark.parametrize("text", [*MALFORMED, "bytes=" + "9" * 5_000 + "-", "bytes=10-", "bytes=10-11"])
def test_a_malformed_range_is_outside_the_file(text: str) -> None:
    with pytest.raises(OutsideFile, match="bytes=first-last, bytes=first- or bytes=-length within 10 bytes") as error:
        select_range([(b"range", text.encode("latin-1"))], TAG, 10)
    assert error.value.size == 10


@pytest.mark.parametrize("text", ["bytes=0-0", "bytes=-1", "bytes=0-"])
def test_no_range_of_an_empty_representation_can_be_satisfied(text: str) -> None:
    with pytest.raises(OutsideFile):
        part_of(text, 0)


@pytest.mark.parametrize("text", ["BYTES=2-3", "bytes = 2-3", "bytes=2-3 "])
def test_case_and_space_do_not_matter(text: str) -> None:
    assert part_of(text) == range(2, 4)


@pytest.mark.parametrize(
    ("if_range", "part"),
    [(TAG, range(1)), (f"W/{TAG}", None), ('"other"', None), ("Wed, 21 Oct 2015 07:28:00 GMT", None), ("", range(1))],
)
def test_if_range_gives_the_whole_unless_it_is_this_very_tag(if_range: str, part: range | None) -> None:
    assert part_of("bytes=0-0", if_range=if_range) == part


@pytest.mark.parametrize("date", [BEFORE, LAST_MODIFIED, AFTER])
def test_if_range_with_a_date_gives_the_whole_because_a_date_does_not_pin_bytes(date: str) -> None:
    assert part_of("bytes=0-0", if_range=date) is None


DATES = ("if-modified-since", "if-unmodified-since")


@pytest.mark.parametrize("name", ["range", "if-range", "if-match", "if-none-match", *DATES])
@settings(max_examples=30)
@given(
    value=st.text(st.characters(max_codepoint=255))
    | st.from_regex(r"(bytes)? *= *[0-9]*-[0-9]*", fullmatch=True)
    | st.from_regex(r"(Mon, )?[0-9]{1,3} (Jan|Foo) [0-9]{1,12} [0-9]{1,3}:[0-9]{2}:[0-9]{2} ([-+][0-9]{1,12}|GMT)")
)
def test_no_value_of_a_header_is_a_failure(name: str, value: str) -> None:
    given = [(name.encode(), value.encode("latin-1", "ignore")), (b"range", b"bytes=0-1")]
    with contextlib.suppress(PreconditionFailed):
        is_unmodified(given, TAG)
    with contextlib.suppress(OutsideFile):
        select_range(given, TAG, 10)


@pytest.mark.parametrize("zone", ["+99999999999999", "-9999", "+2400", "+9999"])
@pytest.mark.parametrize("year", ["2026", "9999", "0001", "99999"])
def test_a_date_out_of_range_is_ignored_or_compared(zone: str, year: str) -> None:
    for name in DATES:
        with contextlib.suppress(PreconditionFailed):
            is_unmodified([(name.encode(), f"Mon, 01 Jan {year} 00:00:00 {zone}".encode())], TAG)
