"""What a flush does at once: nothing of it is left running, and the weightiest trouble is told."""

import asyncio

import pytest

from schemas.warehouse import Fenced
from streams.engine.waits import Abandoned, all_ended


def test_who_waits_for_all_goes_on_only_when_the_slowest_has_ended_though_another_failed() -> None:
    ended = []

    async def slow() -> None:
        await asyncio.sleep(0.02)
        ended.append("slow")

    async def fails() -> None:
        raise Abandoned("insert spm.deal")

    with pytest.raises(Abandoned):
        asyncio.run(all_ended([fails(), slow()]))
    assert ended == ["slow"]


def test_a_fence_is_told_before_an_assignment_that_ended() -> None:
    async def raises(trouble: Exception) -> None:
        raise trouble

    async def both() -> None:
        await all_ended([raises(Abandoned("x")), raises(Fenced("another incarnation"))])

    with pytest.raises(Fenced, match="another incarnation"):
        asyncio.run(both())
