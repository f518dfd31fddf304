"""The rate limit, as laws over every sequence of requests, with a clock of the test's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.rate_limit import RateLimiter, name_network, round_up


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def limiter(quota: int, window: float, *, clients: int = 100) -> tuple[RateLimiter, Clock]:
    clock = Clock()
    return RateLimiter(quota=quota, window=window, clients=clients, clock=clock), clock


@given(quota=st.integers(1, 500), window=st.integers(1, 86_400))
def test_a_new_client_may_send_its_quota_at_once_and_no_more(quota: int, window: int) -> None:
    limits, _ = limiter(quota, window)
    told = [limits.take("a") for _ in range(quota)]
    assert [one.remaining for one in told] == list(range(quota - 1, -1, -1))
    assert not any(one.is_refused for one in told)
    assert limits.take("a").is_refused
    assert not limits.take("b").is_refused


@given(quota=st.integers(1, 100), window=st.integers(1, 3_600), extra=st.integers(1, 50))
def test_whoever_waits_as_long_as_told_is_not_refused_again(quota: int, window: int, extra: int) -> None:
    limits, clock = limiter(quota, window)
    for _ in range(quota + extra):
        told = limits.take("a")
        if told.is_refused:
            clock.now += round_up(told.reset)
            assert not limits.take("a").is_refused


@given(quota=st.integers(1, 100), window=st.integers(1, 3_600), pauses=st.lists(st.floats(0, 100), max_size=100))
def test_in_any_window_no_more_than_twice_the_quota_is_let_through(
    quota: int, window: int, pauses: list[float]
) -> None:
    """A full bucket, and what flows into it meanwhile."""
    limits, clock = limiter(quota, window)
    passed = []
    for pause in pauses:
        clock.now += pause
        told = limits.take("a")
        assert 0 <= told.remaining < quota
        assert told.reset <= window + 0.01
        if not told.is_refused:
            passed.append(clock.now)
    for start in passed:
        assert sum(start <= one < start + window for one in passed) <= 2 * quota


@given(quota=st.integers(1, 100), window=st.integers(1, 3_600), sent=st.integers(1, 100))
def test_after_the_time_that_is_told_the_quota_is_whole(quota: int, window: int, sent: int) -> None:
    limits, clock = limiter(quota, window)
    told = [limits.take("a") for _ in range(min(sent, quota))][-1]
    clock.now += told.reset if told.remaining else window
    assert limits.take("a").remaining == quota - 1


def test_a_refused_request_costs_nothing() -> None:
    limits, clock = limiter(2, 10)
    waits = [limits.take("a").reset for _ in range(50)]
    assert waits[-1] == waits[2] == pytest.approx(5)
    clock.now += 5
    assert not limits.take("a").is_refused


def test_no_more_clients_are_held_than_may_be() -> None:
    limits, _ = limiter(1, 60, clients=3)
    for number in range(1_000):
        limits.take(f"client {number}")
    assert len(limits._full_at) == 3
    assert limits.take("client 999").is_refused
    assert not limits.take("client 0").is_refused


def test_a_client_that_is_refused_is_not_forgotten_while_it_sends() -> None:
    limits, _ = limiter(1, 60, clients=3)
    limits.take("a")
    for number in range(1_000):
        limits.take(f"client {number}")
        assert limits.take("a").is_refused


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::1", "::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown:1", "unknown:1"),
        ("", ""),
        ("x" * 10_000, "x" * 64),
        (":" * 10_000, ":" * 64),
    ],
)
def test_a_subscriber_of_ipv6_is_one_client(address: str, network: str) -> None:
    assert name_network(address) == network
