"""A statement: what one payee's ledger says for a period, so that they can follow every line. Pure.

An entry stands in the statement of the period in which the payout period it is posted in ends, so
that the statements of any row of periods hold each entry once and add up to the ledger. What was
posted in periods that end later is told beside it as running, and counts in none of its sums.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from streams.domain.periods import Span
from streams.domain.statement_parts import (
    EARNED,
    ELIGIBLE,
    PAID,
    RELEASED,
    Credited,
    CreditKey,
    Dispute,
    Entry,
    Terms,
)
from streams.domain.tier_splits import Split, split_of

ZERO = Decimal(0)


class Line(NamedTuple):
    """An entry with all that explains it.

    Attributes:
        day: that of the credit; of what no credit caused, the day it was posted.
        terms: None: the payee cannot see the plan's revision, or there is none.
    """

    entry: Entry
    day: date
    credit: Credited | None
    terms: Terms | None
    split: Split
    disputes: tuple[Dispute, ...]
    deal_name: str = ""

    @property
    def is_carried(self) -> bool:
        """Whether it changes an earlier period than the one it is posted in."""
        return self.entry.origin.end <= self.entry.posted.start


class Section(NamedTuple):
    """The lines of one component in one currency, in the order of their events."""

    plan_id: str
    plan_name: str
    component_id: str
    currency: str
    lines: tuple[Line, ...]

    @property
    def subtotal(self) -> Decimal:
        """What they add up to."""
        return sum((line.entry.amount for line in self.lines), ZERO)


class Total(NamedTuple):
    """What a statement comes to in one currency, by state.

    Attributes:
        held_before: earned before the period and not eligible by then.
        owed_before: released for pay before the period and not paid by then.
    """

    currency: str
    earned: Decimal
    eligible: Decimal
    released: Decimal
    paid: Decimal
    held_before: Decimal = ZERO
    owed_before: Decimal = ZERO

    @property
    def held(self) -> Decimal:
        """Earned by the end of the period, and not eligible yet."""
        return self.held_before + self.earned - self.eligible

    @property
    def owed(self) -> Decimal:
        """Released for pay by the end of the period, and not paid yet."""
        return self.owed_before + self.released - self.paid


Sums = Mapping[tuple[str, str], Decimal]  # currency and state -> sum of amounts


class Running(NamedTuple):
    """What is earned so far in a payout period that ends behind the statement's."""

    plan_id: str
    component_id: str
    posted: Span
    currency: str
    amount: Decimal


class Statement(NamedTuple):
    """One payee's statement.

    Attributes:
        earned: what was earned, by component.
        moved: what became of it: eligible, released, draws, recoveries, payouts.
    """

    rep_id: str
    rep_name: str
    period: Span
    earned: tuple[Section, ...]
    moved: tuple[Section, ...]
    totals: tuple[Total, ...]
    running: tuple[Running, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every line of every section."""
        return tuple(line for section in (*self.earned, *self.moved) for line in section.lines)


class Evidence(NamedTuple):
    """What explains entries."""

    credits: Mapping[CreditKey, Credited]
    terms: Sequence[Terms]
    disputes: Mapping[str, Sequence[Dispute]]
    posted: Mapping[str, datetime]  # when entries were posted that no credit caused
    names: Mapping[str, str] = MappingProxyType({})  # of deals, as they were called last


def belongs(entry: Entry, period: Span) -> bool:
    """Return whether an entry stands in the statement of a period.

    >>> quarter = Span(date(2026, 1, 1), date(2026, 4, 1))
    >>> quarter.start < date(2026, 2, 1) <= quarter.end  # January ends within the quarter
    True
    """
    return period.start < entry.posted.end <= period.end


def statement(
    payee: tuple[str, str],
    period: Span,
    entries: Iterable[Entry],
    evidence: Evidence,
    before: Sums | None = None,
) -> Statement:
    """Return the statement of a payee and period from entries of the ledger, theirs alone.

    Args:
        payee: rep_id and name.
        before: what entries posted in periods that ended before this one began add up to.
    """
    rep_id, rep_name = payee
    mine = [entry for entry in entries if entry.rep_id == rep_id]
    lines = sorted(
        (line_of(entry, evidence) for entry in mine if belongs(entry, period)), key=_in_order
    )
    earned = _sections([line for line in lines if line.entry.state == EARNED])
    moved = _sections([line for line in lines if line.entry.state != EARNED])
    later = [e for e in mine if e.posted.start < period.end < e.posted.end]
    return Statement(
        rep_id, rep_name, period, earned, moved, _totals(lines, before or {}), _running(later)
    )


def terms_at(terms: Iterable[Terms], plan_id: str, sequence: int) -> Terms | None:
    """Return the revision of a plan in force at a sequence; None: there is none to see."""
    mine = (t for t in terms if t.plan_id == plan_id and t.sequence <= sequence)
    return max(mine, key=lambda t: t.sequence, default=None)


def line_of(entry: Entry, evidence: Evidence) -> Line:
    """Return an entry with all that explains it."""
    credit = evidence.credits.get((entry.topic, entry.partition, entry.position))
    if credit is not None and credit.deal_id != entry.deal_id:
        credit = None
    terms = terms_at(evidence.terms, entry.plan_id, entry.sequence)
    disputes = tuple(evidence.disputes.get(entry.entry_id, ()))
    split = split_of(trace_of(entry), entry.amount)
    name = credit.deal_name if credit else evidence.names.get(entry.deal_id, "")
    return Line(entry, _day(entry, credit, evidence), credit, terms, split, disputes, name)


def trace_of(entry: Entry) -> dict[str, Any]:
    """Return how an entry was computed, as values; empty for what people decide."""
    found: dict[str, Any] = json.loads(entry.trace) if entry.trace else {}
    return found


def _day(entry: Entry, credit: Credited | None, evidence: Evidence) -> date:
    if credit is not None:
        return credit.day
    posted = evidence.posted.get(entry.entry_id)
    return posted.date() if posted else entry.posted.start


def _in_order(line: Line) -> tuple[date, int, str]:
    return line.day, line.entry.position, line.entry.entry_id


def _sections(lines: Sequence[Line]) -> tuple[Section, ...]:
    found: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
    for line in lines:
        entry = line.entry
        found[entry.plan_id, entry.component_id, entry.currency].append(line)
    return tuple(
        Section(plan, _name(some, plan), component, currency, tuple(some))
        for (plan, component, currency), some in sorted(found.items())
    )


def _name(lines: Sequence[Line], plan_id: str) -> str:
    """Return what a plan was called last; its id where no revision can be seen."""
    seen = [line.terms for line in lines if line.terms]
    return max(seen, key=lambda t: t.sequence).name if seen else plan_id


def _totals(lines: Iterable[Line], before: Sums) -> tuple[Total, ...]:
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in lines:
        found[line.entry.currency, line.entry.state] += line.entry.amount
    return tuple(
        Total(
            currency,
            found[currency, EARNED],
            found[currency, ELIGIBLE],
            found[currency, RELEASED],
            found[currency, PAID],
            _less(before, currency, EARNED, ELIGIBLE),
            _less(before, currency, RELEASED, PAID),
        )
        for currency in sorted({currency for currency, _ in (*found, *before)})
    )


def _less(sums: Sums, currency: str, state: str, other: str) -> Decimal:
    return sums.get((currency, state), ZERO) - sums.get((currency, other), ZERO)


def _running(entries: Iterable[Entry]) -> tuple[Running, ...]:
    found: dict[tuple[str, str, Span, str], Decimal] = defaultdict(Decimal)
    for entry in entries:
        if entry.state == EARNED:
            key = (entry.plan_id, entry.component_id, entry.posted, entry.currency)
            found[key] += entry.amount
    return tuple(Running(*key, amount) for key, amount in sorted(found.items()) if amount)
