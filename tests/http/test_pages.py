"""Templates of pages: what they are given is text and never code."""

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.pages import HEADERS, PROBLEM_PAGES, Pages, mark_code
from service.http.problems import KINDS, Problem

KIND = KINDS["unknown-resource"]


def show(detail: str, root: str = "") -> str:
    problem = Problem(type="/problems/x", title="t", status=404, detail=detail, instance="/x")
    return PROBLEM_PAGES.render("problem.html", root=root, problem=problem, kind=KIND).decode()


@given(st.text(st.sampled_from("<>\"'&{}%#sx"), min_size=1))
def test_whatever_is_written_on_a_page_is_escaped(text: str) -> None:
    empty = show("")
    page = show(text)
    assert {mark: page.count(mark) for mark in "<>\"'"} == {mark: empty.count(mark) for mark in "<>\"'"}


def test_the_links_of_a_page_begin_with_the_root_path() -> None:
    page = show("", root="/digits")
    assert 'href="/digits/explorer/pages.css"' in page
    assert 'href="/explorer' not in page


def test_a_value_that_a_template_lacks_is_a_failure() -> None:
    with pytest.raises(jinja2.UndefinedError):
        PROBLEM_PAGES.render("problem.html", root="", kind=KIND)


def test_what_stands_in_backquotes_is_code_and_everything_is_escaped() -> None:
    assert mark_code("use `a<b` & go") == "use <code>a&lt;b</code> &amp; go"
    assert mark_code("plain") == "plain"


def test_every_template_can_be_compiled_beforehand() -> None:
    pages = Pages("service.api.pages")
    pages.prepare()
    assert pages._environment.cache is not None
    assert len(pages._environment.cache) >= 7


def test_a_page_may_run_and_load_nothing_that_is_not_a_file_of_the_service() -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
