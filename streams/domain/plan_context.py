"""What plans read besides credits: calendar, rates, managers, quotas, scores and KPIs."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from schemas.definitions import Bundle, Company
from schemas.plan_choices import Basis, PlanPeriod
from schemas.plans import Plan
from schemas.quotas import PeriodKind, QuotaOwner
from streams.domain.expected import Expectations
from streams.domain.periods import Span, period_of, periods
from streams.domain.plan_credits import Exchanges
from streams.domain.quotas import Effective
from streams.domain.reporting import Reporting
from streams.domain.taking_over import Opened, opened_of

QuotaKey = tuple[str, str, Span]  # rep, KPI, period
ScoreKey = tuple[str, str, str, str, date]  # rep, plan, component, objective, first day


class Asked(NamedTuple):
    """A quota as it is asked for, and for which part of the period's days."""

    amount: Decimal
    share: Fraction = Fraction(1)


class Context(NamedTuple):
    """The definitions in force, ready for plans.

    Attributes:
        quotas: what is asked of reps, after ramps and proration, and for which part of the period.
        kpis: values of KPIs by rep, KPI and period.
        known, series: periods that were looked up before.
        rated: rep, plan and component -> first days of periods with a score.
        opened: what was attained in another system.
    """

    company: Company
    exchanges: Exchanges
    reporting: Reporting
    quotas: Mapping[QuotaKey, Asked]
    scores: Mapping[ScoreKey, Decimal]
    kpis: Mapping[QuotaKey, Decimal]
    known: dict[tuple[date, PlanPeriod], Span]
    series: dict[tuple[Span, PlanPeriod], tuple[Span, ...]]
    rated: Mapping[tuple[str, str, str], set[date]]
    opened: Opened

    @classmethod
    def of(cls, bundle: Bundle, kpis: Mapping[QuotaKey, Decimal] | None = None) -> "Context":
        """Return the context a revision of the definitions makes."""
        quotas = {
            (one.quota.owner_id, one.quota.kpi, one.span): _asked(one.effective)
            for one in Expectations(bundle).all()
            if one.quota.owner_kind is QuotaOwner.REP
        }
        scores = {
            (s.rep_id, s.plan_id, s.component_id, s.objective_id, s.period_start): s.score
            for s in bundle.plans.scores
        }
        rated: dict[tuple[str, str, str], set[date]] = defaultdict(set)
        for rep_id, plan_id, component_id, _, first in scores:
            rated[rep_id, plan_id, component_id].add(first)
        exchanges = Exchanges(bundle.rates.rates, bundle.company.reporting_currency)
        return cls(
            bundle.company, exchanges, Reporting(bundle.roster), quotas, scores, kpis or {},
            {}, {}, rated, opened_of(bundle),
        )  # fmt: skip

    def span(self, day: date, period: PlanPeriod) -> Span:
        """Return the fiscal month, quarter or year of a day."""
        key = (day, period)
        if key not in self.known:
            self.known[key] = period_of(day, PeriodKind(period.value), self.company)
        return self.known[key]

    def spans(self, span: Span, period: PlanPeriod) -> tuple[Span, ...]:
        """Return the periods that have a day in a span, in order."""
        first = self.span(span.start, period)
        if first.start <= span.start and span.end <= first.end:
            return (first,)
        if (span, period) not in self.series:
            self.series[span, period] = periods(span, PeriodKind(period.value), self.company)
        return self.series[span, period]

    def looked_at(self, origin: Span, basis: Basis) -> Span:
        """Return the days a gate or multiplier looks at in a period."""
        if basis is Basis.PERIOD:
            return origin
        year = self.span(origin.start, PlanPeriod.YEAR)
        return year if basis is Basis.FULL_YEAR else Span(year.start, origin.end)

    def quota(self, rep_id: str, kpi: str, span: Span) -> Asked | None:
        """Return what is asked of a rep in a period; None: no quota."""
        return self.quotas.get((rep_id, kpi, span))


def _asked(one: Effective) -> Asked:
    days = sum((part.days for part in one.parts), Decimal(0))
    return Asked(one.amount, Fraction(days) / Fraction(one.of_days) if one.of_days else Fraction(0))


def is_on(plan: Plan, rep_id: str) -> bool:
    """Return whether a plan pays a rep."""
    return not plan.reps or rep_id in plan.reps
