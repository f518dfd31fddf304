"""Work for a client ends when the client has gone."""

import asyncio

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from service.http.disconnect import run_for_client
from service.http.encoder_pool import EncoderPool
from tests.http.gate import Gate


def test_waiting_work_leaves_the_queue_with_its_client() -> None:
    async def main() -> None:
        pool, gate, left = EncoderPool(threads=1, queue=9), Gate(), asyncio.Event()

        async def receive() -> Message:
            await left.wait()
            return {"type": "http.disconnect"}

        running = asyncio.create_task(pool.run(gate.wait))
        waiting = asyncio.create_task(run_for_client(receive, lambda: pool.run(gate.wait)))
        for _ in range(10):
            await asyncio.sleep(0)
        assert pool.waiting == 1
        left.set()
        with pytest.raises(ClientDisconnect):
            await waiting
        assert pool.waiting == 0
        gate.set()
        assert await running

    asyncio.run(main())


def test_a_client_of_whom_nothing_is_known_gets_the_result() -> None:
    async def receive() -> Message:
        raise RuntimeError("There is no channel.")

    async def work() -> int:
        for _ in range(5):
            await asyncio.sleep(0)
        return 7

    assert asyncio.run(run_for_client(receive, work)) == 7


def test_nobody_waits_for_the_client_when_the_work_has_ended() -> None:
    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("It never comes.")

    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    async def main() -> None:
        assert await run_for_client(receive, work) == 7
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
