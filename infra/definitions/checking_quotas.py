"""Whether quotas make sense: owners, KPIs, currencies and periods."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import pairwise
from typing import NamedTuple, cast

from infra.definitions import checking_curves
from infra.definitions.adding_up import rates
from infra.definitions.problems import Finding, Path, Severity, did_you_mean
from infra.definitions.quota_sums import sums
from schemas.currencies import is_currency
from schemas.defining import Definition
from schemas.definitions import COMPANY_ID, Company, Measures, MeasureUnit, Rates, Roster
from schemas.kpis import Kpis, KpiUnit
from schemas.quotas import Proration, Quota, QuotaOwner, Quotas
from schemas.territories import Territories

Values = Mapping[str, Definition]


class _Kpi(NamedTuple):
    """What decides about a quota's currency: `is_reporting` if it is kept in that alone."""

    is_money: bool
    is_reporting: bool


TOLD_MAX = 20  # sums worth reading at once; `pacesetter quota check` shows them all


def check(values: Values) -> Iterator[Finding]:
    """Yield everything wrong with the quotas among the values."""
    told = cast(Quotas, values["quotas"])
    quotas = told.quotas
    apart = rates(values)
    yield from _ids(quotas)
    for i, quota in enumerate(quotas):
        path: Path = ("quotas", i)
        if quota.period_end <= quota.period_start:
            yield Finding("quotas", (*path, "period_end"), str(quota.period_end),
                          f"is not after period_start {quota.period_start}",
                          "name the first day behind the period")  # fmt: skip
        yield from _owner(path, quota, values)
        yield from _money(path, quota, values)
        if quota.kpi in apart and quota.proration is not Proration.NONE:
            yield Finding("quotas", (*path, "proration"), quota.proration,
                          f"takes days off {quota.kpi}, which does not add up over days",
                          "write NONE: whoever comes later is asked for the same rate")  # fmt: skip
    yield from _overlaps(quotas)
    yield from _rates_exist(quotas, values)
    broken = list(checking_curves.check(told, values))
    yield from broken
    if not broken:  # a sum over quotas that do not hold would only mislead
        yield from _team_totals(told, values)


def _ids(quotas: tuple[Quota, ...]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for i, quota in enumerate(quotas):
        if quota.quota_id in first:
            yield Finding("quotas", ("quotas", i, "quota_id"), quota.quota_id,
                          f"stands already in entry {first[quota.quota_id]}, counted from 0",
                          "keep one, or give each its own quota_id")  # fmt: skip
        first.setdefault(quota.quota_id, i)


def _owner(path: Path, quota: Quota, values: Values) -> Iterator[Finding]:
    roster = cast(Roster | None, values.get("roster"))
    if quota.owner_kind is QuotaOwner.COMPANY:
        there = {COMPANY_ID}
    elif roster is None:
        return
    elif quota.owner_kind is QuotaOwner.TEAM:
        there = {t.team_id for t in roster.teams}
    elif quota.owner_kind is QuotaOwner.REGION:
        territories = cast(Territories | None, values.get("territories"))
        regions = [team.region for team in roster.teams]
        regions += [each.region for each in territories.territories] if territories else []
        there = {region for region in regions if region}
    else:
        there = {r.rep_id for r in roster.reps}
    if quota.owner_id not in there:
        noun = quota.owner_kind.lower()
        otherwise = {
            "company": f"write {COMPANY_ID}",
            "region": "name it as the region of a team or territory",
        }.get(noun, f"add the {noun} to the roster")
        yield Finding("quotas", (*path, "owner_id"), quota.owner_id, f"is no {noun} that exists",
                      did_you_mean(quota.owner_id, there, otherwise))  # fmt: skip


def _money(path: Path, quota: Quota, values: Values) -> Iterator[Finding]:
    if quota.currency and not is_currency(quota.currency):
        yield Finding("quotas", (*path, "currency"), quota.currency, "is no currency",
                      "write an active ISO 4217 code such as EUR")  # fmt: skip
    measures = cast(Measures | None, values.get("measures"))
    if measures is None:
        return
    kpis = cast(Kpis | None, values.get("kpis"))
    told = (
        {k.kpi_id: _Kpi(k.unit is KpiUnit.MONEY, is_reporting=True) for k in kpis.kpis}
        if kpis
        else {}
    )
    counted = {
        m.measure: _Kpi(m.unit is MeasureUnit.MONEY, m.rule == "revenue_won_reporting")
        for m in measures.measures
    }
    kpi = {**told, **counted}.get(quota.kpi)
    if kpi is None:
        yield Finding("quotas", (*path, "kpi"), quota.kpi, "is no KPI that exists",
                      did_you_mean(quota.kpi, [*counted, *told],
                                   "add it to kpis.yaml or measures.yaml"))  # fmt: skip
    else:
        company = cast(Company | None, values.get("company"))
        yield from _currency_fits((*path, "currency"), quota, kpi, company)


def _currency_fits(
    path: Path, quota: Quota, kpi: _Kpi, company: Company | None
) -> Iterator[Finding]:
    if not kpi.is_money:
        if quota.currency:
            yield Finding("quotas", path, quota.currency, f"{quota.kpi} is no money",
                          "leave the currency out")  # fmt: skip
    elif quota.currency is None:
        yield Finding("quotas", path, "", "is missing",
                      f"{quota.kpi} is money: add its currency")  # fmt: skip
    elif (company and kpi.is_reporting
          and quota.currency != company.reporting_currency):  # fmt: skip
        yield Finding("quotas", path, quota.currency, "is not the reporting currency",
                      f"{quota.kpi} is kept in {company.reporting_currency}: give the amount"
                      " in it")  # fmt: skip


def _overlaps(quotas: tuple[Quota, ...]) -> Iterator[Finding]:
    by_owner = defaultdict(list)
    for i, quota in enumerate(quotas):
        by_owner[
            quota.owner_kind, quota.owner_id, quota.kpi, quota.currency, quota.is_overlay
        ].append(i)
    for indexes in by_owner.values():
        indexes.sort(key=lambda i: (quotas[i].period_start, i))
        for before, after in pairwise(indexes):
            if quotas[before].period_end > quotas[after].period_start:
                start, end = quotas[before].period_start, quotas[before].period_end
                yield Finding("quotas", ("quotas", after, "period_start"),
                              str(quotas[after].period_start),
                              f"overlaps this owner's quota from {start} up to {end}",
                              "let one begin where the other ends")  # fmt: skip


def _rates_exist(quotas: tuple[Quota, ...], values: Values) -> Iterator[Finding]:
    company = cast(Company | None, values.get("company"))
    rates = cast(Rates | None, values.get("rates"))
    if company is None or rates is None:
        return
    first: dict[str, date] = {}
    for rate in rates.rates:
        if rate.quote == company.reporting_currency:
            first[rate.base] = min(rate.on, first.get(rate.base, rate.on))
    told: set[str] = set()
    for i, quota in enumerate(quotas):
        code = quota.currency
        if code is None or code == company.reporting_currency or code in told:
            continue
        if code not in first or first[code] > quota.period_start:
            told.add(code)
            yield Finding("quotas", ("quotas", i, "currency"), code,
                          f"has no rate to {company.reporting_currency} on {quota.period_start}",
                          "add one to the rates: deals in it have no reporting amount",
                          Severity.WARNING)  # fmt: skip


def _team_totals(told: Quotas, values: Values) -> Iterator[Finding]:
    """Yield a warning where what reps are asked for does not bear what their team is asked for."""
    roster = cast(Roster | None, values.get("roster"))
    if roster is None:
        return
    teams = {t.team_id for t in roster.teams}
    if any(s.team_id not in teams for r in roster.reps for s in r.history):
        return  # an error of its own; sums without that team would only mislead
    wrong = [s for s in sums(values) if s.owner_kind is QuotaOwner.TEAM and not s.adds_up]
    for one in wrong[:TOLD_MAX]:
        problem = f"is more than the {one.reps:f} its reps' quotas add up to"
        if one.ratio is not None and one.ratio > told.over_assignment_max:
            problem = (f"its reps' quotas add up to {one.reps:f}, more than"
                       f" {told.over_assignment_max:f} times as much")  # fmt: skip
        yield Finding("quotas", ("quotas", one.at, "amount"), f"{one.amount:f}", problem,
                      "change theirs or this one; over_assignment_min and _max say what is meant",
                      Severity.WARNING)  # fmt: skip
