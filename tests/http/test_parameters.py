import re
from typing import Annotated, ClassVar, Literal

import pytest
from annotated_types import Ge, Le
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Refused
from service.http.parameters import (
    Boolean,
    Integer,
    Parameters,
    RevisionQuery,
    read,
    read_integer,
    write_query,
)
from service.http.problems import Malformed


class Drawing(RevisionQuery):
    """One parameter of every kind."""

    repeatable: ClassVar[frozenset[str]] = frozenset({"label"})

    label: tuple[Annotated[Integer, Ge(0), Le(9)], ...] = ()
    limit: Annotated[Integer, Ge(1)] = 100
    seed: Annotated[Integer, Ge(0), Le(2**64 - 1)] | None = None
    invert: Boolean = False
    scale: Literal["raw", "unit"] = "raw"


def faults(query: bytes) -> dict[str, str]:
    with pytest.raises(Malformed) as error:
        read(Drawing, query)
    assert all(fault.place == "query" for fault in error.value.faults)
    return {fault.name: fault.reason for fault in error.value.faults}


def test_values_are_read_by_the_types_of_their_fields() -> None:
    found = read(Drawing, b"label=3&label=1&limit=5&seed=0&invert=true&scale=unit&rev=abc")
    assert found == Drawing(label=(3, 1), limit=5, seed=0, invert=True, scale="unit", rev="abc")


def test_nothing_asked_is_every_default() -> None:
    assert read(Drawing, b"") == Drawing()
    assert read(Drawing, b"&&") == Drawing()


def test_the_canonical_query_leaves_out_defaults_and_rev_and_knows_no_order() -> None:
    one = read(Drawing, b"invert=false&scale=unit&limit=007&rev=abc&label=1")
    other = read(Drawing, b"label=01&limit=7&scale=unit")
    assert one.canonical() == other.canonical() == {"label": (1,), "limit": 7, "scale": "unit"}
    assert list(one.canonical()) == list(other.canonical())
    assert write_query(one.canonical()) == "?label=1&limit=7&scale=unit"


@pytest.mark.parametrize("value", ["", "1.5", "1e3", "+1", "%201", "1_0", "0x1", "one", "%D9%A1", "1%00", "NaN", "٣"])
def test_what_is_no_integer_is_refused_and_nothing_is_guessed(value: str) -> None:
    assert "must be an integer of at least 1, not '" in faults(b"limit=" + value.encode())["limit"]


@pytest.mark.parametrize("value", ["", "True", "1", "yes", "false ", "TRUE"])
def test_a_boolean_is_true_or_false_and_nothing_else(value: str) -> None:
    assert faults(b"invert=" + value.encode())["invert"] == f"must be true or false, not '{value}'"


@pytest.mark.parametrize(
    ("query", "name", "reason"),
    [
        (b"limit=0", "limit", "must be an integer of at least 1, not '0'"),
        (b"limit=-5", "limit", "must be an integer of at least 1, not '-5'"),
        (b"seed=18446744073709551616", "seed", "from 0 to 18446744073709551615"),
        (b"scale=RAW", "scale", "must be one of raw, unit, not 'RAW'"),
        (b"limit=1&limit=1", "limit", "is given more than once; give it once"),
        (b"rev=a&rev=b", "rev", "is given more than once; give it once"),
        (b"label=1&label=10", "label", "not '1', '10'"),
    ],
)
def test_a_fault_names_the_parameter_and_what_would_be_right(query: bytes, name: str, reason: str) -> None:
    found = faults(query)
    assert list(found) == [name]
    assert reason in found[name]


def test_an_unknown_parameter_is_called_what_it_was_called_and_the_known_ones_are_listed() -> None:
    assert faults(b"lim%20it=3") == {
        "lim it": "is not a parameter here; known are invert, label, limit, rev, scale, seed"
    }


def test_a_route_without_parameters_says_so() -> None:
    with pytest.raises(Malformed, match="x is not a parameter here; there are none"):
        read(Parameters, b"x=1")


def test_all_faults_are_named_at_once() -> None:
    assert set(faults(b"limit=0&seed=x&foo=1&scale=unit&invert=2&scale=raw")) == {
        "limit",
        "seed",
        "foo",
        "invert",
        "scale",
    }


def test_a_long_value_is_cut_in_the_message() -> None:
    assert len(faults(b"limit=" + b"9" * 5_000)["limit"]) < 200
    assert all(len(name) < 200 for name in faults(b"x" * 5_000 + b"=1"))


@pytest.mark.parametrize("query", [b"=", b"=&limit=5", b"limit=5&="])
def test_a_parameter_without_a_name_is_refused_whatever_else_is_asked(query: bytes) -> None:
    for text in (query, query + b"&scale=r%61w"):
        assert list(faults(text)) == [""]


@given(st.text("=&ab1", max_size=12))
def test_quoting_changes_nothing(text: str) -> None:
    quoted = re.sub("[ab1]", lambda found: f"%{ord(found[0]):02X}", text)
    if "=" not in {pair.strip() for pair in text.split("&")}:
        assert tell(text.encode()) == tell(quoted.encode())


def tell(query: bytes) -> object:
    """The parameters, or the sentence that refuses them."""
    try:
        return read(Drawing, query)
    except Malformed as error:
        return str(error)


def test_too_many_parameters_are_not_even_looked_at() -> None:
    with pytest.raises(Malformed, match="at most 1000 parameters"):
        read(Drawing, b"a=1&" * 1_001)


@given(st.integers(-(10**50), 10**50), st.integers(0, 3))
def test_an_integer_in_a_path_is_read_whatever_its_size_and_zeros(number: int, zeros: int) -> None:
    text = str(number)
    assert read_integer("index", text) == number
    if number >= 0:
        assert read_integer("index", "0" * zeros + text) == number


@pytest.mark.parametrize("text", ["", "x", "1.0", "1e3", "+1", " 1", "1 ", "--1", "٣"])
def test_what_is_no_integer_in_a_path_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="index must be an integer, not") as error:
        read_integer("index", text)
    assert error.value.place == "path"


@given(st.binary(max_size=200))
def test_no_query_string_is_too_strange_to_be_refused_in_words(query: bytes) -> None:
    refused: Malformed | None = None
    try:
        read(Drawing, query)
    except Malformed as error:
        refused = error
    assert refused is None or (refused.faults and str(refused).endswith("."))


@given(st.booleans(), st.integers(), st.text(), st.lists(st.integers(), min_size=1))
def test_what_is_written_as_a_query_is_read_back(flag: bool, number: int, text: str, several: list[int]) -> None:
    from urllib.parse import parse_qs  # noqa: PLC0415

    written = write_query({"flag": flag, "number": number, "text": text, "several": several})
    found = parse_qs(written[1:], keep_blank_values=True, strict_parsing=True)
    assert found == {
        "flag": [str(flag).lower()],
        "number": [str(number)],
        "text": [text],
        "several": [str(one) for one in several],
    }
    assert write_query({}) == ""


class ForeignQuery(Drawing):
    """The same, of a protocol whose clients send more."""

    lenient: ClassVar[bool] = True


def test_a_lenient_query_passes_over_what_it_does_not_know() -> None:
    found = read(ForeignQuery, b"expand=True&limit=5&expand=False&&=1&X-Amz-Date=2026&limit%00=7")
    assert found == ForeignQuery(limit=5)
    assert found.canonical() == {"limit": 5}
    assert read(ForeignQuery, b"expand=True") == ForeignQuery()


@pytest.mark.parametrize("query", [b"x=1&limit=0", b"x=1&limit=1&limit=2", b"x=1&invert=True"])
def test_a_lenient_query_is_strict_in_what_it_knows(query: bytes) -> None:
    with pytest.raises(Malformed) as error:
        read(ForeignQuery, query)
    assert [fault.name for fault in error.value.faults] == [query.split(b"&")[1].split(b"=")[0].decode()]


def test_a_lenient_query_is_bounded_all_the_same() -> None:
    with pytest.raises(Malformed, match="at most 1000 parameters"):
        read(ForeignQuery, b"a=1&" * 1_001)
