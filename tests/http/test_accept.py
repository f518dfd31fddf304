import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.accept import JAVA_DEFAULTS, parse_weights, prefers_html

JSON = "application/json"

BROWSERS = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "text/html, text/plain, text/sgml, text/css, application/xhtml+xml, */*;q=0.01",
)
"""What Chromium, Firefox and Safari, and lynx send for a page that a person opens."""


@pytest.mark.parametrize(
    "accept", [*BROWSERS, "text/html", "TEXT/HTML", "text/html;q=0.2", "text/html, application/json;q=0.9"]
)
def test_who_names_html_and_likes_it_better_than_json_gets_html(accept: str) -> None:
    assert prefers_html(accept, JSON)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "text/*",
        "text/*, */*;q=0.1",
        "application/json",
        "text/html, application/json",
        "text/html, */*",
        "text/html;q=0.5, application/*",
        "application/json, text/html;q=0.9",
        "text/html;q=0",
        "text/html;q=broken, */*;q=0.1",
        "text/htmlx",
        *sorted(JAVA_DEFAULTS),
    ],
)
def test_everybody_else_gets_json(accept: str) -> None:
    assert not prefers_html(accept, JSON)


def test_html_must_be_liked_better_than_each_of_several_types() -> None:
    accept = "application/problem+json, text/html;q=0.9"
    assert prefers_html(accept, JSON)
    assert not prefers_html(accept, "application/problem+json", JSON)


@given(st.text(st.characters(max_codepoint=255)))
def test_no_header_is_too_strange_to_be_read(header: str) -> None:
    assert all(value and 0 <= quality <= 1 for value, quality in parse_weights(header).items())
    assert prefers_html(f"{header}, text/html", JSON) in (True, False)


def test_the_quality_of_a_range_that_is_named_twice_is_the_better_one() -> None:
    assert parse_weights("text/csv;q=0.2, text/csv;q=0.7, text/csv;q=0.1") == {"text/csv": 0.7}
