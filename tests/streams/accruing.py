"""A payee whose credits come in one after the other, as the commission agent takes them."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from schemas.definitions import Bundle, Company, Rate, Rates
from schemas.payroll import Payroll, PeriodAct, PeriodStep
from schemas.plans import Plan, Plans
from streams.agents.commissions import COMMISSIONS
from streams.domain.commissions import Terms, accrued, adjusted, counted, statement
from streams.domain.plan_credits import Credit
from streams.engine.books import Account

REPORTED = "EUR"


def terms(plans: Plans, *, first_month: int = 1, closed: date | None = None, **kinds: Any) -> Terms:
    """Return plans as a revision of the definitions makes them.

    Args:
        closed: first day that is not closed.
    """
    company = Company(name="T", reporting_currency=REPORTED, time_zone="UTC",
                      fiscal_year_start_month=first_month)  # fmt: skip
    acts: list[dict[str, Any]] = []
    if closed is not None:
        acts.append({"at": "2026-01-01T00:00:00Z", "period_start": date(2020, 1, 1),
                     "period_end": closed, "step": PeriodStep.CLOSED, "by": "fin"})  # fmt: skip
    payroll = Payroll(periods=tuple(PeriodAct.model_validate(act) for act in acts))
    return Terms(Bundle(**{"company": company, "plans": plans, "payroll": payroll, **kinds}))


def rates(*given: tuple[str, str, date, str]) -> Rates:
    """Return dated rates: base, quote, day, rate."""
    return Rates(
        rates=tuple(Rate(base=b, quote=q, on=on, rate=Decimal(r)) for b, q, on, r in given)
    )


def row(credit: Credit, **fields: Any) -> dict[str, Any]:
    """Return a credit as its history has it."""
    return {
        **credit._asdict(), "rep_id": credit.payee, "deleted": False, "stage_class": "WON",
        "rate": None, "rate_on": None, "share": Decimal(1), "credit_sequence": 1, **fields,
    }  # fmt: skip


class Accruing:
    """One payee."""

    def __init__(self, plans: Terms, rep_id: str = "r") -> None:
        self.terms, self.rep_id = plans, rep_id
        self.account = Account()
        self.entries: list[dict[str, Any]] = []
        self._position = 0

    def take(self, credit: Credit, **fields: Any) -> list[dict[str, Any]]:
        """Return the entries of a credit's newest state."""
        made = row(credit, **fields)
        return self.take_row(f"{credit.deal_id}:{credit.role}:{credit.via}", made)

    def take_row(self, item: str, made: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the entries of a row of history."""
        self._position += 1
        found = counted(made)
        change = self.account.change(item, found)
        new: list[dict[str, Any]] = []
        if change:
            new = accrued(self.terms, self.rep_id, self.account.sums, change, made)
        self.account.put(item, self._position, found)
        self._add(new)
        return new

    def revise(self, plans: Terms) -> list[dict[str, Any]]:
        """Return the entries of a marker."""
        new: list[dict[str, Any]] = []
        if self.terms.differs(plans):
            new = adjusted(self.terms, plans, self.rep_id, self.account.sums)
        self.terms = plans
        self._add(new)
        return new

    def _add(self, new: list[dict[str, Any]]) -> None:
        keys = [tuple(entry[name] for name in COMMISSIONS.identity) for entry in new]
        assert len(set(keys)) == len(keys), "two entries of one position have one id"
        self.entries += new

    def totals(self) -> dict[Any, Decimal]:
        """Return what entries add up to by component, origin, payout and currency."""
        found: dict[Any, Decimal] = {}
        for e in self.entries:
            key = (e["plan_id"], e["component_id"], e["origin_start"], e["origin_end"],
                   e["payout_start"], e["payout_end"], e["currency"])  # fmt: skip
            found[key] = found.get(key, Decimal(0)) + e["amount"]
        return {key: amount for key, amount in found.items() if amount}

    def owed(self) -> dict[Any, Decimal]:
        """Return what is owed by the plans in force, computed afresh."""
        return {
            (k.plan_id, k.component_id, *k.origin, *k.payout, k.currency):
            Decimal(one.units).scaleb(-4)
            for k, one in statement(self.terms, self.rep_id, self.account.sums).items()
            if one.units
        }  # fmt: skip

    def posted(self) -> dict[tuple[date, date], Decimal]:
        """Return what entries add up to by the period they are posted in."""
        found: dict[tuple[date, date], Decimal] = {}
        for e in self.entries:
            key = (e["posted_start"], e["posted_end"])
            found[key] = found.get(key, Decimal(0)) + e["amount"]
        return found

    def kinds(self) -> list[tuple[str, Decimal]]:
        """Return the kind and amount of each entry."""
        return [(e["kind"], e["amount"]) for e in self.entries]

    def of(self, component_id: str) -> Decimal:
        """Return what a component has earned."""
        every = (e["amount"] for e in self.entries if e["component_id"] == component_id)
        return sum(every, Decimal(0))


def owing(plans: Plans, *plan: Plan, **kinds: Any) -> Accruing:
    """Return somebody on plans of a file."""
    return Accruing(terms(Plans(plans=(*plans.plans, *plan), scores=plans.scores), **kinds))
