"""Which connections end when there are too many. Connections are values here; real ones are in other tests."""

import asyncio

from service.http.connections import ConnectionBounds, Phase, Watch


class IdleConnection:
    """A connection that has been answered, and that takes a while to close."""

    requests = 1

    def __init__(self) -> None:
        self.closed = 0

    def find_wait(self) -> tuple[Phase, object]:
        """It waits for the next request."""
        return Phase.IDLE, None

    def time_out(self, phase: Phase) -> None:
        """Nothing times out here."""
        raise AssertionError(phase)

    def close_idle(self) -> None:
        """Begin to close."""
        self.closed += 1


def test_each_new_connection_ends_another_idle_one_though_none_has_gone_yet() -> None:
    async def main() -> None:
        watch = Watch(ConnectionBounds(most=3))
        connections = [IdleConnection() for _ in range(3)]
        for connection in connections:
            watch.note(connection)
        for number in range(1, 4):
            assert watch.make_room()
            assert [one.closed for one in connections] == [1] * number + [0] * (3 - number)
        assert not watch.make_room()

    asyncio.run(main())
