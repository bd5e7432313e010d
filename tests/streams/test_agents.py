"""No exception leaves an agent."""

import asyncio
from typing import Any

import pytest

from streams.agents.guarding import guarded


def run(agent: Any) -> list[str]:
    ended: list[str] = []
    asyncio.run(guarded(agent, ended.append)(None))
    return ended


def test_something_unforeseen_ends_the_process_and_is_not_raised() -> None:
    async def breaks(_: Any) -> None:
        raise KeyError("nobody foresaw this")

    assert run(breaks) == ["an agent failed"]


def test_an_end_that_was_asked_for_is_no_failure() -> None:
    async def stops(_: Any) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run(stops)

    async def done(_: Any) -> None:
        return

    assert run(done) == []
