"""Entries of the ledger: the difference of two states of what is owed, and how both came to be."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from schemas.money import minor_units
from streams.domain.earning import NOTHING, Earned
from streams.domain.ladders import AMOUNT_SCALE, decimal_of, units_of
from streams.domain.payouts import Line
from streams.domain.periods import Span
from streams.domain.plan_credits import credit_of
from streams.domain.plan_trace import told

Entry = dict[str, Any]
ACCRUAL, ADJUSTMENT, CLAWBACK = "ACCRUAL", "ADJUSTMENT", "CLAWBACK"
EARNED = "EARNED"
FORMULA = (
    "after - before; each is what the tiers earn, then the steps in their order, rounded once, of "
    "which this payout pays its part"
)


class Key(NamedTuple):
    """What is rounded by itself and adds up by itself, for one payee.

    Attributes:
        payout: the period in which it falls due by the plan.
    """

    plan_id: str
    component_id: str
    origin: Span
    payout: Span
    currency: str


class Owed(NamedTuple):
    """What is owed under a key.

    Attributes:
        units: in ten-thousandths.
        earned: how the component came to what the whole origin period earns.
        lacks: what is missing, so that it is not final.
        clawed: what of the units is taken back: below 0, or nothing.
        back: how that came to be.
    """

    units: int
    earned: Earned
    lacks: tuple[str, ...] = ()
    clawed: int = 0
    back: tuple[str, ...] = ()

    @classmethod
    def of(cls, earned: Earned) -> "Owed":
        """Return what is owed where a whole origin period is paid at once."""
        return cls(earned.rounded, earned)

    def nothing_here(self) -> "Owed":
        """Return it for a payout period in which none of it falls due."""
        return self._replace(units=0, clawed=0, back=())

    def plus(self, amount: Decimal, line: Line) -> "Owed":
        """Return it with another part of a line."""
        more = units_of(amount)
        if line.is_clawback:
            back = (*self.back, *(step.text for step in line.earned.steps))
            return self._replace(units=self.units + more, clawed=self.clawed + more, back=back)
        return self._replace(units=self.units + more, earned=line.earned, lacks=line.lacks)


NOT_OWED = Owed(0, NOTHING)


class Cause(NamedTuple):
    """What entries are made for.

    Attributes:
        kind: of entries: ACCRUAL, ADJUSTMENT, or CLAWBACK of a deal that is being cancelled.
        credit: as its history has it; None: a revision of the definitions.
    """

    kind: str
    credit: Mapping[str, Any] | None = None


def entries_of(cause: Cause, key: Key, before: Owed, after: Owed, posted: Span) -> Iterator[Entry]:
    """Yield the entries of a change, if it changes anything.

    Args:
        posted: the payout period it is posted in.
    """
    amount, clawed = after.units - before.units, after.clawed - before.clawed
    parts = {cause.kind: amount}
    if cause.kind == ACCRUAL:
        parts = {ACCRUAL: amount - clawed, CLAWBACK: clawed}
    for kind, part in parts.items():
        if part:
            yield _entry(Cause(kind, cause.credit), key, part, (before, after), posted)


def _entry(cause: Cause, key: Key, amount: int, states: tuple[Owed, Owed], posted: Span) -> Entry:
    credit = cause.credit
    before, after = states
    deal_id = credit["deal_id"] if credit else ""
    trace = {
        "formula": FORMULA,
        "decimals": minor_units(key.currency),
        "before": _told(before, deal_id),
        "after": _told(after, deal_id),
    }
    if credit is not None:
        trace["credit"] = _told_credit(credit)
    return {
        "plan_id": key.plan_id,
        "component_id": key.component_id,
        "origin_start": key.origin.start,
        "origin_end": key.origin.end,
        "payout_start": key.payout.start,
        "payout_end": key.payout.end,
        "posted_start": posted.start,
        "posted_end": posted.end,
        "state": EARNED,
        "kind": cause.kind,
        "currency": key.currency,
        "amount": decimal_of(amount),
        "deal_id": deal_id,
        "role": credit["role"] if credit else "",
        "via": credit["via"] if credit else "",
        "before": _credited(before),
        "after": _credited(after),
        "trace": json.dumps(trace, ensure_ascii=False, separators=(",", ":")),
        "reason": "",
        "author": "",
        "approver": "",
    }


def _told(owed: Owed, deal_id: str) -> dict[str, Any]:
    """Return how something came to be owed; of many deals, the one that the entry is about."""
    climbed = owed.earned.climbed
    mine = tuple(c for c in climbed if not c.amount.name or c.amount.name == deal_id)
    made = told(owed.earned._replace(climbed=mine))
    if len(mine) < len(climbed):
        made["other_deals"] = len(climbed) - len(mine)
    if owed.units != owed.earned.rounded:
        made["of_this_payout"] = f"{decimal_of(owed.units).normalize():f}"
    mine_back = [text for text in owed.back if not deal_id or text.startswith(f"{deal_id}: ")]
    if mine_back:
        made["taken_back"] = mine_back
    if owed.lacks:
        made["lacks"] = list(owed.lacks)
    return made


def _credited(one: Owed) -> Decimal:
    return decimal_of(int(one.earned.credited * 10**AMOUNT_SCALE))


def _told_credit(credit: Mapping[str, Any]) -> dict[str, Any]:
    names = ("amount", "currency", "rate", "rate_on", "reporting_amount", "reporting_currency",
             "share", "day", "stage_class", "deleted", "credit_sequence", "cancelled_on",
             "cancel_reason")  # fmt: skip
    told: dict[str, Any] = {name: _plain(credit[name]) for name in names}
    if credit_of(credit) is None:
        told["counts"] = "nothing: deleted, or not won"
    elif credit["reporting_amount"] is None:
        told["counts"] = "nothing of its amount: no exchange rate is known on or before its day"
    return told


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value) if isinstance(value, date) else value
