"""What statements are made of: entries of the ledger and what explains them, as plain values."""

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from streams.domain.periods import Span

EARNED, ELIGIBLE, RELEASED, PAID = "EARNED", "ELIGIBLE", "RELEASED", "PAID"
STATES = (EARNED, ELIGIBLE, RELEASED, PAID)
CreditKey = tuple[str, int, int]  # topic, partition and position of the message


class Entry(NamedTuple):
    """One entry of the ledger.

    Attributes:
        origin: period it was earned in.
        due: payout period in which it falls due by the plan.
        posted: payout period it is posted in; another than `due` where that was closed.
        trace: how it was computed, as JSON; empty for what people decide.
    """

    entry_id: str
    rep_id: str
    plan_id: str
    component_id: str
    origin: Span
    due: Span
    posted: Span
    kind: str
    state: str
    currency: str
    amount: Decimal
    deal_id: str
    role: str
    via: str
    before: Decimal
    after: Decimal
    trace: str
    topic: str
    partition: int
    position: int
    sequence: int
    reason: str = ""
    author: str = ""
    approver: str = ""


class Credited(NamedTuple):
    """The credit that caused an entry, as it stood there, and the deal record it is made from."""

    topic: str
    partition: int
    position: int
    deal_id: str
    role: str
    via: str
    day: date
    amount: Decimal
    currency: str
    reporting_amount: Decimal | None
    reporting_currency: str
    rate: Decimal | None
    rate_on: date | None
    share: Decimal
    deleted: bool
    stage_class: str
    deal_name: str
    account_name: str
    source: str
    source_id: str
    source_topic: str
    source_partition: int
    source_position: int
    revised_at: datetime | None


class Terms(NamedTuple):
    """One revision of a plan, as it stands for the payee.

    Attributes:
        sequence: since which sequence of the definitions it is in force.
        content: the plan as JSON; figures of others are not in it.
    """

    sequence: int
    plan_id: str
    name: str
    revision_id: str
    author: str
    note: str
    written_at: datetime
    content: str


class Dispute(NamedTuple):
    """A question about an entry, and what became of it."""

    dispute_id: str
    entry_id: str
    rep_id: str
    state: str
    opened_by: str
    opened_at: datetime
    text: str
    answered_by: str
    answered_at: datetime | None
    answer: str
    resulting_entry_id: str
