"""A payee's months of pay: plans from a file in the shipped format, what is earned, and closes."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from schemas.definitions import Bundle, Company, Rep, Roster, Stint, Team
from schemas.payroll import Payroll, PeriodAct, PeriodStep
from schemas.plans import Plans
from streams.domain.eligibility import Billing
from streams.domain.pay_acts import run
from streams.domain.pay_balances import EARNED, PAID, RELEASED, Balances, Item, Moved
from streams.domain.pay_run import Made
from streams.domain.periods import Span

COMPANY = Company(name="A", reporting_currency="EUR", time_zone="UTC")


def month(n: int) -> Span:
    """Return a month of 2026 and after."""
    first = [date(2026 + k // 12, k % 12 + 1, 1) for k in (n - 1, n)]
    return Span(*first)


def roster(until: date | None = None) -> Roster:
    stint = Stint(valid_from=date(2020, 1, 1), valid_to=until, team_id="t", time_zone="UTC")
    reps = (Rep(rep_id="r", history=(stint,)),)
    return Roster(teams=(Team(team_id="t", name="T"),), reps=reps)


class Pay:
    """One payee whose months are closed and paid one after the other."""

    def __init__(self, plans: Plans, until: date | None = None, **payroll: Any) -> None:
        self.bundle = Bundle(company=COMPANY, plans=plans, roster=roster(until),
                             payroll=Payroll(**payroll))  # fmt: skip
        self.entries: list[Moved] = []
        self.made: list[Made] = []

    def earn(self, amount: Any, n: int, deal: str = "d1", component: str = "c", **of: Any) -> None:
        """Let the payee earn something that falls due in a month."""
        span = month(n)
        item = Item("r", "p", component, of.get("origin", span), "EUR", deal)
        self.entries.append(Moved(item, EARNED, of.get("kind", "ACCRUAL"), span, Decimal(amount)))

    def act(self, payroll: Payroll, deals: Mapping[str, Billing] | None = None) -> list[Made]:
        """Return what a revision of payroll makes."""
        before, self.bundle = (
            self.bundle.payroll,
            self.bundle.model_copy(update={"payroll": payroll}),
        )
        known = {("r", deal): billing for deal, billing in (deals or {}).items()}
        made = run(self.bundle, before, Balances(self.entries), known)
        self.entries += [one.moved for one in made]
        self.made += made
        return made

    def close(self, n: int, deals: Mapping[str, Billing] | None = None) -> Decimal:
        """Return what is paid for a month, once it is closed and paid."""
        self.act(self._step(n, PeriodStep.CLOSED), deals)
        made = self.act(self._step(n, PeriodStep.PAID), deals)
        return sum((one.amount for one in made if one.state == PAID), Decimal(0))

    def balance(self, state: str) -> Decimal:
        return sum((e.amount for e in self.entries if e.state == state), Decimal(0))

    def debt(self, draw: str = "draw") -> Decimal:
        balances = Balances(self.entries)
        items = (i for i in balances.items() if i.component_id == draw)
        return sum((balances.debt(item) for item in items), Decimal(0))

    def _step(self, n: int, step: PeriodStep) -> Payroll:
        span = month(n)
        at = datetime(2030, 1, 1, n % 24, 0, len(self.bundle.payroll.periods) % 60, tzinfo=UTC)
        act = PeriodAct(at=at, period_start=span.start, period_end=span.end, step=step, by="ana")
        payroll = self.bundle.payroll
        return payroll.model_copy(update={"periods": (*payroll.periods, act)})


def paid_for(pay: Pay, earned: Iterable[Any]) -> list[tuple[Decimal, Decimal]]:
    """Return what is paid and owed of the draw behind each month of earnings."""
    found = []
    for n, amount in enumerate(earned, 1):
        pay.earn(amount, n, deal=f"d{n}")
        found.append((pay.close(n), pay.debt()))
    return found


__all__ = ["EARNED", "PAID", "RELEASED", "Pay", "month", "paid_for"]
