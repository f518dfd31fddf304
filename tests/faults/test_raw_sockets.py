"""A fuzzer on raw sockets: whatever bytes come, the answers are HTTP, none is a failure, and the server lives on.

`make fuzz` runs it for longer.
"""

from hypothesis import given, settings

from tests.faults.mutations import Conversation, conversations
from tests.faults.talk import count_failures, talk
from tests.sites import Site


@settings(max_examples=200)
@given(conversations())
def test_no_bytes_are_answered_by_a_failure(live: Site, conversation: Conversation) -> None:
    for answer in talk(live, conversation):
        assert answer.status < 500 or answer.status in (501, 505), answer


def test_the_server_itself_has_counted_no_failure(live: Site) -> None:
    assert count_failures(live) == 0
    assert live.get("/livez").status == 200
