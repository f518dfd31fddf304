"""Turns of the event loop: work of some milliseconds is done one piece a turn, so that short answers come between."""

import asyncio
from collections import deque

SHORT = 0.25
"""Milliseconds that work may take without a turn of its own."""


class Turns:
    """Gives one turn of the event loop to each who asks, in the order in which they ask.

    Without it, of a hundred streams each would make a piece of two milliseconds in the same turn of the loop, and a
    request that comes meanwhile would wait for all of them.
    """

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._taken = False

    async def take(self) -> None:
        """Wait for a turn in which nobody else has one; at once, if nobody has this one."""
        loop = asyncio.get_running_loop()
        if not self._taken:
            self._taken = True
            loop.call_soon(self._pass_on)
            return
        turn = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _pass_on(self) -> None:
        """Give the next turn to the next one."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # done if its task was cancelled
                turn.set_result(None)
                asyncio.get_running_loop().call_soon(self._pass_on)
                return
        self._taken = False
