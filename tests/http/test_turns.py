"""Turns of the event loop: one who takes one at a time, and others between."""

import asyncio

from service.http.turns import Turns


def test_in_no_turn_of_the_loop_do_two_work_and_all_come_in_order() -> None:
    async def main() -> None:
        turns, number, worked = Turns(), 0, list[tuple[int, int]]()

        async def count() -> None:
            nonlocal number
            while True:
                number += 1
                await asyncio.sleep(0)

        async def work(name: int) -> None:
            for _ in range(3):
                await turns.take()
                worked.append((number, name))

        counting = asyncio.create_task(count())
        await asyncio.gather(*(work(name) for name in range(5)))
        counting.cancel()
        assert len({turn for turn, _ in worked}) == len(worked) == 15
        assert [name for _, name in worked[1:6]] == [0, 1, 2, 3, 4]

    asyncio.run(main())


def test_one_who_leaves_does_not_keep_the_turn() -> None:
    async def main() -> None:
        turns = Turns()
        await turns.take()
        leaving, staying = (asyncio.create_task(turns.take()) for _ in range(2))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.wait_for(staying, 10)

    asyncio.run(main())
