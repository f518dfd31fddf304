import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Refused, ServiceError, Unknown, quote


def test_what_is_unknown_is_named_with_those_that_are_known() -> None:
    assert str(Unknown("split", "x", ["a", "b"], where="made")) == "There is no split 'x' in made; ask for one of a, b."
    assert str(Unknown("sample", 9, "an index from 0 to 3")) == "There is no sample '9'; ask for an index from 0 to 3."


def test_what_is_refused_is_blamed_on_a_parameter() -> None:
    error = Refused("limit", "must be small", place="body")
    assert (str(error), error.name, error.reason, error.place) == (
        "limit must be small.",
        "limit",
        "must be small",
        "body",
    )


@pytest.mark.parametrize("error", [Refused("a", "b"), Unknown("a", "b", "c")])
def test_every_refusal_is_a_service_error(error: Exception) -> None:
    assert isinstance(error, ServiceError)


@given(st.text())
def test_what_a_stranger_sent_is_quoted_and_never_long(text: str) -> None:
    assert len(quote(text)) < 100
    assert quote(text).startswith(f"'{text[:60]}")
