"""What is read only while somebody looks, and what is never mistaken for another."""

import asyncio
from contextlib import ExitStack
from datetime import UTC, datetime

from connectors.boards.board import Board
from connectors.boards.feed import Feed
from connectors.boards.metrics import Metrics
from connectors.boards.selections import Card, OneContest, Ranking
from connectors.boards.watching import Watching
from tests.connectors.boards.scene import Scene

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECONDS_MAX = 10


async def _read(*quotas: bool) -> list[bool]:
    """Return which boards that are looked at read quotas, once all that shall have."""
    feeds = [Feed(lambda: NOW, Metrics(), "1", None, Board(NOW)) for _ in quotas]
    tasks = [
        asyncio.create_task(Watching(feed, Scene(), None, quotas=wanted).run())
        for feed, wanted in zip(feeds, quotas, strict=True)
    ]
    with ExitStack() as viewers:
        for feed in feeds:
            viewers.enter_context(feed.watching(Ranking()))
        async with asyncio.timeout(SECONDS_MAX):
            while sum(bool(feed.board.plans) for feed in feeds) < sum(quotas):
                await asyncio.sleep(0.01)
    for task in tasks:
        task.cancel()
    return [bool(feed.board.plans) for feed in feeds]


def test_quotas_are_read_for_lanes_unless_the_settings_say_no() -> None:
    assert asyncio.run(_read(False, True, True)) == [False, True, True]


def test_a_rep_and_a_contest_of_one_name_are_two_pages() -> None:
    feed = Feed(lambda: NOW, Metrics(), "1", None, Board(NOW))
    assert b'"kind":"card"' in feed.snapshot(Card("rep-01"))
    assert b'"kind":"contest"' in feed.snapshot(OneContest("rep-01"))
    assert feed.packed(Card("rep-01")) != feed.packed(OneContest("rep-01"))
