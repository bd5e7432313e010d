"""Which credits count for a component, in which of its periods, and for how much."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from schemas.definitions import NO_END
from schemas.plan_choices import Anchor, Measure, PlanPeriod, Whose
from schemas.plan_components import Component
from schemas.plans import Plan
from streams.domain.clawing import stands
from streams.domain.periods import Span
from streams.domain.plan_context import Context
from streams.domain.plan_credits import Book, Credit, Units, factor_of, is_meant, is_narrowed, worth


class Counted(NamedTuple):
    """What counts for a component: a credit, or several of which F needs nothing but the sum.

    Attributes:
        deal_id: empty where deals are not looked at one by one.
        day: of the credit; of several the first day of the shortest period anything is paid by.
        plain: in ten-thousandths.
        weighed: times the factors of conditions.
        lacks: what is missing, so that it counts nothing.
        credit: the credit itself; None: a sum, which no clawback looks into.
    """

    deal_id: str
    day: date
    plain: Units
    weighed: Units
    lacks: str = ""
    credit: Credit | None = None


ByPeriod = Mapping[Span, Sequence[Counted]]


def selected(
    plan: Plan, component: Component, payee: str, book: Book, context: Context
) -> ByPeriod:
    """Return the credits that count for a component, by its periods."""
    counts, found = component.counts, dict[Span, list[Counted]]()
    since, until = days_of(plan, component)
    roles, period = {role.value for role in counts.roles}, period_in(plan, component)
    reporting = context.reporting
    if counts.measure in (Measure.SCORE, Measure.KPI):
        return found
    is_own, is_open = counts.whose is Whose.OWN, not is_narrowed(counts)
    for rep_id in sorted(reporting.ever_below(payee, counts.whose)):
        for credit in book.get(rep_id, ()):
            if (
                since <= credit.day < until
                and credit.role in roles
                and (is_open or is_meant(credit, counts))
                and (credit.cancelled_on is None or stands(plan, credit))
                and (is_own or reporting.counts(payee, rep_id, credit.day, counts.whose))
            ):
                origin = context.span(credit.day, period)
                one = _counted(plan, component, credit, origin, context)
                found.setdefault(origin, []).append(one)
    return found


def days_of(plan: Plan, component: Component) -> Span:
    """Return the days whose credits count for a component."""
    return Span(
        max(plan.valid_from, component.valid_from or plan.valid_from),
        min(plan.valid_to or NO_END, component.valid_to or NO_END),
    )


def _counted(
    plan: Plan, component: Component, credit: Credit, origin: Span, context: Context
) -> Counted:
    day = anchored(plan.credit_rate_on, credit.day, origin)
    value = worth(credit, asked_of(component), plan.currency, day, context.exchanges)
    if isinstance(value, str):
        return Counted(credit.deal_id, credit.day, 0, 0, value, credit)
    more = value * factor_of(credit, component) if component.multipliers else value
    return Counted(credit.deal_id, credit.day, value, more, "", credit)


def asked_of(component: Component) -> Measure:
    """Return what of each credit is added up: deals are counted by what they are worth."""
    measure = component.counts.measure
    return Measure.AMOUNT if measure is Measure.DEALS else measure


def anchored(anchor: Anchor, day: date, origin: Span) -> date:
    """Return the day of the rate by which a credit of a period comes into the plan's currency."""
    if anchor is Anchor.EVENT:
        return day
    return origin.start if anchor is Anchor.PERIOD_START else origin.end - timedelta(days=1)


def period_in(plan: Plan, component: Component) -> PlanPeriod:
    """Return in which periods a component accumulates."""
    return component.period or plan.period
