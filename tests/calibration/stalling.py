"""What becomes of deals in which nothing moves, on floors whose whole story is known."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

from schemas.alerts import Rule
from streams.domain.alert_signals import STEP, Watch, reading, window_span
from streams.domain.alert_states import Key, Watched, step
from streams.domain.periods import DAY, Span
from streams.domain.workdays import EVERYWHERE
from tests.calibration.floors import Deal, Story, is_workday


class Fate(NamedTuple):
    """An open deal on the morning on which somebody heard of it, or might have.

    Attributes:
        is_still: nothing moved in it for the rule's window.
        is_told: its rep's alert began that morning.
        is_lost: it was lost in the end, or nobody ever closed it.
    """

    is_still: bool
    is_told: bool
    is_lost: bool


class Worth(NamedTuple):
    """How many deals there are, each counted on each of its mornings, and which part is lost."""

    deals: int
    lost: float


def fates(told: Story, period: Span, rule: Rule) -> Iterator[Fate]:
    """Yield every open deal of each rep, once a business day, as the rule looks at it."""
    for rep in told.reps:
        deals = [deal for deal in told.deals if deal.rep == rep.rep]
        held = Watched()
        for day in filter(is_workday, period.each()):
            seen = [deal for deal in deals if _is_open(deal, day)]
            is_still = [_is_still(deal, day, rule) for deal in seen]
            held, begins = _walked(rule, held, str(rep.rep), day, is_still)
            for deal, still in zip(seen, is_still, strict=True):
                yield Fate(still, begins and still, not deal.is_won)


def worth(some: Sequence[Fate]) -> Worth:
    """Return what became of some deals."""
    return Worth(len(some), sum(one.is_lost for one in some) / (len(some) or 1))


def _is_open(deal: Deal, day: date) -> bool:
    """Return whether a deal was open at the end of a day."""
    known = [stand for stand in deal.stands if stand.since <= day]
    return bool(known) and known[-1].stage_class == "OPEN"


def _is_still(deal: Deal, day: date, rule: Rule) -> bool:
    moved = max(stand.since for stand in deal.stands if stand.since <= day)
    span = window_span(day, rule.long_days, Span(date(2023, 1, 1), day + DAY), EVERYWHERE)
    return span is not None and moved < span.start


def _walked(
    rule: Rule, held: Watched, rep: str, day: date, is_still: Sequence[bool]
) -> tuple[Watched, bool]:
    key = Key(rule.rule_id, "REP", rep, "", "", date(1970, 1, 1))
    of = len(is_still)
    share = (Decimal(sum(is_still)) / of).quantize(STEP) if of else None
    watch = Watch("REP", rep, "", "", Span(day, day + DAY), day, {}, EVERYWHERE,
                  measured=share, of=Decimal(of))  # fmt: skip
    seen = reading(rule, watch, is_late=False, is_corrected=False)
    at = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
    after, made = step(rule, key, held, seen, at)
    return after, any(one.begins for one in made)
