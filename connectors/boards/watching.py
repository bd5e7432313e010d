"""Watching: what is read from the warehouse only while somebody looks at it.

One question at a time, for all viewers together, however many there are.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from connectors.boards.contest_view import needs_detail
from connectors.boards.contests import phase_of
from connectors.boards.feed import Feed
from connectors.boards.seed import Seed, SeedUnavailable
from connectors.boards.selections import Card, OneContest, Ranking
from connectors.boards.view import shows_quotas

log = structlog.get_logger()

LOOK_SECONDS = 1.0
PLANS_SECONDS = 60.0  # all quotas: a second of the warehouse with 100,000 reps
CARDS_SECONDS = 15.0  # quotas and earnings move with deals, not with calls
DETAIL_SECONDS = 5.0  # a detail takes up to 0.6 s of CPU in a contest of a hundred thousand facts
Detail = Callable[[str], Mapping[str, Any]]


class Watching:
    """Keeps what viewers look at up to date beside the stream."""

    def __init__(
        self, feed: Feed, seed: Seed, detail: Detail | None, *, quotas: bool = True
    ) -> None:
        self._feed, self._seed, self._detail, self._quotas = feed, seed, detail, quotas
        self._cards_at: dict[Card, float] = {}
        self._plans_at = -PLANS_SECONDS
        self._details_at: dict[str, tuple[float, object]] = {}

    async def run(self) -> None:
        """Look for ever."""
        while True:
            try:
                await self._look()
            except SeedUnavailable as error:
                log.warning("what is looked at is not read", reason=str(error))
                await asyncio.sleep(CARDS_SECONDS)
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        watched = self._feed.watched()
        await self._look_at_cards({s for s in watched if isinstance(s, Card)})
        for contest_id in sorted({s.contest_id for s in watched if isinstance(s, OneContest)}):
            await self._look_at_contest(contest_id)
        rankings = (s for s in watched if isinstance(s, Ranking))
        if self._quotas and any(shows_quotas(s.key, s.scope) for s in rankings):
            await self._look_at_plans()

    async def _look_at_cards(self, wanted: set[Card]) -> None:
        self._cards_at = {c: at for c, at in self._cards_at.items() if c in wanted}
        board = self._feed.board
        board.cards = {r: h for r, h in board.cards.items() if r in {c.rep_id for c in wanted}}
        now = _monotonic()
        if not [c for c in wanted if now - self._cards_at.get(c, -CARDS_SECONDS) >= CARDS_SECONDS]:
            return
        reps = {card.rep_id for card in wanted}
        paid = {card.rep_id for card in wanted if card.with_pay}
        found = await asyncio.to_thread(
            self._seed.cards, reps, paid, board.today, self._feed.clock()
        )
        board.cards = {**board.cards, **found}
        self._cards_at = dict.fromkeys(wanted, _monotonic())
        self._feed.mark()

    async def _look_at_plans(self) -> None:
        now = _monotonic()
        if now - self._plans_at < PLANS_SECONDS:
            return
        self._plans_at = now
        board = self._feed.board
        currency = board.floor.company.reporting_currency
        found = await asyncio.to_thread(self._seed.plans, currency)
        if found != board.plans:
            board.plans = found
            self._feed.mark()

    async def _look_at_contest(self, contest_id: str) -> None:
        course = self._feed.board.course
        contest = course.known.contests.get(contest_id)
        if contest is None or self._detail is None:
            return
        phase = phase_of(contest, contest_id in course.known.results, self._feed.clock())
        if not needs_detail(contest, phase):
            return
        now, of = _monotonic(), (course.standing(contest_id).number, phase, contest)
        at, known = self._details_at.get(contest_id, (-DETAIL_SECONDS, None))
        if now - at < DETAIL_SECONDS or known == of:
            return
        try:
            course.details[contest_id] = await asyncio.to_thread(self._detail, contest_id)
        except (
            LookupError,
            ConnectionError,
        ) as error:
            log.warning("contest not told in detail", contest=contest_id, reason=str(error))
        self._details_at[contest_id] = (_monotonic(), of)
        self._feed.mark()


def _monotonic() -> float:
    return asyncio.get_running_loop().time()
