"""A task that fails ends the worker, but for those that fail because the worker is ending."""

import asyncio

from streams.engine.tasks import Tasks


async def fails() -> None:
    raise RuntimeError("the consumer is closed")


def reasons(*, is_ending: bool) -> list[str]:
    died: list[str] = []

    async def lived() -> None:
        tasks = Tasks(died.append)
        if is_ending:
            tasks.end()
        await asyncio.wait([tasks.spawn(fails())])
        await asyncio.sleep(0)  # its callback

    asyncio.run(lived())
    return died


def test_a_task_that_fails_ends_the_process() -> None:
    assert reasons(is_ending=False) == ["a task failed"]


def test_what_fails_once_the_consumer_closes_is_no_bug() -> None:
    assert reasons(is_ending=True) == []
