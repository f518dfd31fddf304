"""Background work: begun when it is worth it, and one at a time."""

import asyncio
import threading

from service.http.background import ENOUGH, Background, Improvement


def test_work_begins_when_enough_requests_would_have_gained() -> None:
    done: list[str] = []

    async def ask() -> None:
        background = Background()
        for _ in range(ENOUGH - 1):
            background.want(Improvement("key", lambda: done.append("key")))
            background.want(Improvement("other", lambda: done.append("other")))
        await background.finish()
        assert done == []
        background = Background()
        for _ in range(ENOUGH + 2):
            background.want(Improvement("key", lambda: done.append("key")))
        await background.finish()

    asyncio.run(ask())
    assert done == ["key"]


def test_work_is_done_again_only_if_as_many_requests_still_would_have_gained() -> None:
    done: list[str] = []

    async def ask() -> None:
        background = Background()
        for requests, expected in ((ENOUGH, 1), (ENOUGH - 1, 1), (1, 2)):
            for _ in range(requests):
                background.want(Improvement("key", lambda: done.append("key")))
            await asyncio.gather(*background._tasks.values())
            assert len(done) == expected
        await background.finish()

    asyncio.run(ask())


def test_one_work_is_done_at_a_time() -> None:
    running, most = 0, 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.01)
        with lock:
            running -= 1

    async def ask() -> None:
        background = Background()
        for key in range(4):
            for _ in range(ENOUGH):
                background.want(Improvement(key, work))
        await background.finish()

    asyncio.run(ask())
    assert (running, most) == (0, 1)
