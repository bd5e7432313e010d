"""Journal lines of a month for commission costs: balanced, and tied to the ledger. Pure.

| kind | debit | credit |
|---|---|---|
| CAPITALISED | asset | payable |
| REDUCED: a cost taken back from the asset | payable | asset |
| RELEASED: taken back beyond the asset | payable | amortisation |
| EXPENSED | expense | payable |
| AMORTISED | amortisation | asset |
| WRITTEN_OFF | write_off | asset |

So what is credited to payable, less what is debited to it, is what the commission ledger posted.
Amounts are never negative: one that is changes sides.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from schemas.accounting import Accounts, Treats
from streams.domain.amortising import ZERO, month_of
from streams.domain.contract_costs import Held


class Kind(StrEnum):
    """What a journal line books."""

    CAPITALISED = "CAPITALISED"
    REDUCED = "REDUCED"
    RELEASED = "RELEASED"
    EXPENSED = "EXPENSED"
    AMORTISED = "AMORTISED"
    WRITTEN_OFF = "WRITTEN_OFF"


class Booking(NamedTuple):
    """What a month books of one cost, none of it negative but what is expensed.

    closing = opening + capitalised - reduced - amortised - written_off.
    """

    month: date
    opening: Decimal = ZERO
    capitalised: Decimal = ZERO
    reduced: Decimal = ZERO
    amortised: Decimal = ZERO
    written_off: Decimal = ZERO
    closing: Decimal = ZERO
    expensed: Decimal = ZERO
    released: Decimal = ZERO

    @property
    def posted(self) -> Decimal:
        """What the ledger posted."""
        return self.capitalised - self.reduced - self.released + self.expensed


class Line(NamedTuple):
    """One side of a booking.

    Attributes:
        line_id: the same for the same month, currency, kind, policy, deal and side of its booking,
            whatever the amount: an export that is repeated replaces.
        deal_id: empty where lines are summed over deals.
    """

    line_id: str
    period: str
    currency: str
    policy_id: str
    kind: Kind
    account: str
    debit: Decimal
    credit: Decimal
    deal_id: str


class AccountsUnknown(LookupError):
    """Costs of a month stand under no policy, so no accounts are known; str() says the remedy."""


def bookings(one: Held) -> Iterator[Booking]:
    """Yield what a cost books, month by month; months that book nothing may be among them."""
    if one.treats is Treats.EXPENSE:
        arisen: dict[date, Decimal] = {}
        for cost in one.costs:
            month = month_of(cost.on)
            arisen[month] = arisen.get(month, ZERO) + cost.amount
        yield from (Booking(month, expensed=amount) for month, amount in sorted(arisen.items()))
        return
    for m in one.months:
        yield Booking(
            m.start, m.opening, max(m.added, ZERO), max(-m.added, ZERO), m.amortised,
            m.written_off, m.closing, released=m.released,
        )  # fmt: skip


def booked(costs: Iterable[Held], month: date) -> Iterator[tuple[Held, Kind, Decimal]]:
    """Yield what a month books, cost by cost; nothing for a kind that comes to nothing."""
    for one in costs:
        for kind, amount in _booked(one, month_of(month)):
            if amount:
                yield one, kind, amount


def journal(
    costs: Iterable[Held], month: date, *, by_deal: bool = False, default: Accounts | None = None
) -> tuple[Line, ...]:
    """Return the lines of a month, debits and credits of each booking next to each other.

    Args:
        by_deal: whether there is a booking for each deal rather than one for all.
        default: accounts for costs from before the first policy.

    Raises:
        AccountsUnknown: a cost stands under no policy, and there is no default.
    """
    sums: dict[tuple[str, str, str, Kind], Decimal] = {}
    accounts: dict[str, Accounts] = {}
    for one, kind, amount in booked(costs, month):
        known = one.policy.accounts if one.policy else default
        if known is None:
            raise AccountsUnknown(
                f"no accounting policy was in force when commissions of {one.plan_id} arose on"
                f" {min(one.costs).on}; add a policy to accounting.yaml that begins by then, and"
                " `pacesetter definitions apply`"
            )
        policy_id = one.policy.policy_id if one.policy else ""
        accounts[policy_id] = known
        key = (one.currency, policy_id, one.deal_id if by_deal else "", kind)
        sums[key] = sums.get(key, ZERO) + amount
    period = f"{month:%Y-%m}"
    order = list(Kind)
    ranked = sorted(sums, key=lambda k: (k[0], k[1], order.index(k[3]), k[2]))
    return tuple(
        line for key in ranked if sums[key]
        for line in _lines(period, key, sums[key], accounts[key[1]])
    )  # fmt: skip


def _booked(one: Held, month: date) -> Iterator[tuple[Kind, Decimal]]:
    for booking in bookings(one):
        if booking.month == month:
            yield Kind.CAPITALISED, booking.capitalised
            yield Kind.REDUCED, booking.reduced
            yield Kind.RELEASED, booking.released
            yield Kind.EXPENSED, booking.expensed
            yield Kind.AMORTISED, booking.amortised
            yield Kind.WRITTEN_OFF, booking.written_off


def _sides(kind: Kind, accounts: Accounts) -> tuple[str, str]:
    """Return the accounts debited and credited."""
    return {
        Kind.CAPITALISED: (accounts.asset, accounts.payable),
        Kind.REDUCED: (accounts.payable, accounts.asset),
        Kind.RELEASED: (accounts.payable, accounts.amortisation),
        Kind.EXPENSED: (accounts.expense, accounts.payable),
        Kind.AMORTISED: (accounts.amortisation, accounts.asset),
        Kind.WRITTEN_OFF: (accounts.write_off or accounts.amortisation, accounts.asset),
    }[kind]


def _lines(
    period: str, key: tuple[str, str, str, Kind], amount: Decimal, accounts: Accounts
) -> Iterator[Line]:
    currency, policy_id, deal_id, kind = key
    size = abs(amount)
    for side, account in zip(("first", "second"), _sides(kind, accounts), strict=True):
        text = "\x1f".join((period, currency, policy_id, deal_id, kind, side))
        line_id = sha256(text.encode()).hexdigest()[:20]
        is_debit = (side == "first") == (amount > 0)
        debit, credit = (size, ZERO) if is_debit else (ZERO, size)
        yield Line(line_id, period, currency, policy_id, kind, account, debit, credit, deal_id)
