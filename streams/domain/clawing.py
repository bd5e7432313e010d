"""Cancelled deals under a plan: whether they are taken back, from when on, and which part."""

from collections.abc import Iterable, Iterator
from datetime import date
from fractions import Fraction

from schemas.plan_choices import Attained, ClawbackMode
from schemas.plans import Plan
from streams.domain.ladders import ZERO
from streams.domain.periods import months_later
from streams.domain.plan_credits import Credit

Event = tuple[date, str, str, str, str]


def event_of(credit: Credit) -> Event:
    """Return where a credit stands in the order of events, whenever it arrived."""
    return credit.day, credit.deal_id, credit.role, credit.via, credit.payee


def is_clawed(plan: Plan, credit: Credit) -> bool:
    """Return whether a plan takes a credit back."""
    on, how = credit.cancelled_on, plan.clawback
    if on is None or (how.reasons and credit.cancel_reason not in how.reasons):
        return False
    return how.within_months is None or on < months_later(credit.day, how.within_months)


def stands(plan: Plan, credit: Credit) -> bool:
    """Return whether a credit counts, on its day at least.

    By the ladder what is taken back never did; nor did what was cancelled before it counted.
    """
    if not is_clawed(plan, credit):
        return True
    is_kept = plan.clawback.mode is not ClawbackMode.LADDER
    return is_kept and credit.cancelled_on is not None and credit.cancelled_on > credit.day


def taken_back(plan: Plan, credits: Iterable[Credit]) -> list[Credit]:
    """Return the credits that counted and are taken back by themselves, in the order of events."""
    if plan.clawback.mode is ClawbackMode.LADDER:
        return []
    return sorted((c for c in credits if is_clawed(plan, c)), key=event_of)


def is_reduced(plan: Plan) -> bool:
    """Return whether what comes after a cancellation climbs without the deal."""
    how = plan.clawback
    return how.mode is not ClawbackMode.LADDER and how.attainment is Attained.REDUCED


def reductions(plan: Plan, credits: Iterable[Credit]) -> Iterator[date]:
    """Yield the days from which credits climb without another deal, in order."""
    if is_reduced(plan):
        yield from sorted({c.cancelled_on for c in taken_back(plan, credits) if c.cancelled_on})


def is_gone(plan: Plan, credit: Credit, by: date) -> bool:
    """Return whether a credit is taken back by a day."""
    on = credit.cancelled_on
    return on is not None and on <= by and is_clawed(plan, credit)


def share_of(plan: Plan, credit: Credit) -> Fraction:
    """Return which part of what a credit earned is taken back."""
    how, on = plan.clawback, credit.cancelled_on
    if how.mode is not ClawbackMode.PRO_RATA or how.term_months is None or on is None:
        return Fraction(1)
    end = months_later(credit.day, how.term_months)
    return max(ZERO, Fraction((end - on).days, (end - credit.day).days))
