"""When plans pay: the payout periods that end within a payroll period."""

from collections.abc import Sequence
from datetime import date

from schemas.definitions import Bundle
from schemas.plan_choices import PlanPeriod
from schemas.plans import Plan
from schemas.quotas import PeriodKind
from streams.domain.pay_balances import Item
from streams.domain.periods import DAY, Span, period_of, periods


class Calendar:
    """The company's fiscal calendar, as plans and payroll read it."""

    def __init__(self, bundle: Bundle) -> None:
        self.company, self.payroll = bundle.company, bundle.payroll.period

    def span(self, day: date, length: PlanPeriod) -> Span:
        """Return the fiscal month, quarter or year a day lies in."""
        return period_of(day, PeriodKind(length.value), self.company)

    def ends(self, length: PlanPeriod, day: date) -> bool:
        """Return whether a period of this length ends before a day."""
        return self.span(day - DAY, length).end == day

    def payouts(self, period: Span) -> Sequence[date]:
        """Return the days before which payout periods end in a payroll period, its own end last."""
        months = periods(period, PeriodKind.MONTH, self.company)
        return sorted({one.end for one in months if one.end <= period.end} | {period.end})

    def length(self, plan: Plan | None, component_id: str, apart: str = "") -> PlanPeriod | None:
        """Return how long the payout periods of a component are; None: no plan in force has it."""
        if plan is None:
            return None
        own = next((c for c in plan.components if c.component_id == component_id), None)
        if plan.payout is None and own is not None and own.period is not None and not apart:
            return own.period
        is_known = own is not None or apart or self._is_other(plan, component_id)
        return (plan.payout or plan.period) if is_known else None

    def payout(self, plan: Plan | None, item: Item, until: date) -> Span:
        """Return the payout period of an item that ends before a day."""
        length = self.length(plan, item.component_id, item.apart)
        return self.span(until - DAY, length or self.payroll)

    def open_span(self, length: PlanPeriod, day: date, closed: date | None) -> Span:
        """Return the payout period of a day, or if that is closed, the first one that is not."""
        span = self.span(day, length)
        return span if closed is None or span.end > closed else self.span(closed, length)

    def _is_other(self, plan: Plan, component_id: str) -> bool:
        ids = {g.guarantee_id for g in plan.guarantees} | {d.draw_id for d in plan.draws}
        return component_id in ids
