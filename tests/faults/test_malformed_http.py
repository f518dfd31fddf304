"""A real server under malformed HTTP: every answer is valid, a problem document where it refuses, and it lives on."""

import json

import pytest

from tests.faults.answers import Received, parse
from tests.faults.corpus import CASES, NOTHING, Case, get
from tests.http import wire
from tests.sites import Site

SENTINEL = get(b"Connection: close\r\nX-Request-ID: sentinel\r\n")
"""A valid request after each case: the server closes the connection after its answer, or has done so before."""


@pytest.mark.parametrize("name", CASES)
def test_a_case_of_the_corpus_is_answered_as_it_should_and_the_server_lives_on(live: Site, name: str) -> None:
    case = CASES[name]
    answers = ask(live, case)
    assert_expected(case, [answer.status for answer in answers])
    for answer in answers:
        assert_sound(answer)
    if case.head:
        assert answers[0].field(b"content-length") is not None
    assert live.get("/livez").status == 200


def ask(site: Site, case: Case) -> list[Received]:
    """The answers to a case, without that to the request after it."""
    if case.unfinished:
        with wire.connect(site) as connection:
            connection.sendall(case.sent)
        return []
    answers, rest = parse(wire.exchange(site, case.sent, SENTINEL), head=case.head)
    assert rest == b""
    return [answer for answer in answers if answer.field(b"x-request-id") != b"sentinel"]


def assert_expected(case: Case, statuses: list[int]) -> None:
    """Every answer has one of the statuses that it may have, and there are as many as requests."""
    missing = case.answers[len(statuses) :]
    assert len(statuses) <= len(case.answers), statuses
    assert all(NOTHING in allowed for allowed in missing), (statuses, case.answers)
    for status, allowed in zip(statuses, case.answers, strict=False):
        assert status in allowed, (statuses, case.answers)


def assert_sound(answer: Received) -> None:
    """No answer is a failure, shows what was smuggled, or has a field that a request wrote; refusals are problems."""
    assert answer.status < 500 or answer.status in (501, 505), answer
    assert b"/smuggled" not in answer.body
    assert answer.field(b"x-injected") is None
    if answer.status >= 400:
        assert answer.field(b"content-type") == b"application/problem+json", answer
        problem = json.loads(answer.body)
        assert problem["status"] == answer.status
        assert problem["type"].startswith("/problems/")


def test_a_connection_whose_body_has_no_clear_end_is_closed(live: Site) -> None:
    """Otherwise what follows would be a request of whoever wrote the body, in the eyes of the server alone."""
    for name in ("CL.TE", "TE.CL", "two lengths", "chunked in HTTP/1.0", "chunk longer than its size"):
        answers, _ = parse(wire.exchange(live, CASES[name].sent, SENTINEL))
        assert len(answers) == 1, name
