"""Whether quotas make sense: owners, measures, currencies and periods."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import cast

from infra.definitions.checking_roster import end_of
from infra.definitions.problems import Finding, Path, Severity, did_you_mean
from schemas.currencies import is_currency
from schemas.defining import Definition
from schemas.definitions import COMPANY_ID, Company, Measure, Measures, MeasureUnit, Rates, Roster
from schemas.quotas import Quota, QuotaOwner, Quotas

Values = Mapping[str, Definition]
TOLD_MAX = 20  # team totals worth reading at once
_Totals = dict[tuple[str, str, date, date, str | None], Decimal]


def check(values: Values) -> Iterator[Finding]:
    """Yield everything wrong with the quotas among the values."""
    quotas = cast(Quotas, values["quotas"]).quotas
    yield from _ids(quotas)
    for i, quota in enumerate(quotas):
        path: Path = ("quotas", i)
        if quota.period_end <= quota.period_start:
            yield Finding("quotas", (*path, "period_end"), str(quota.period_end),
                          f"is not after period_start {quota.period_start}",
                          "name the first day behind the period")  # fmt: skip
        yield from _owner(path, quota, cast(Roster | None, values.get("roster")))
        yield from _money(path, quota, values)
    yield from _overlaps(quotas)
    yield from _rates_exist(quotas, values)
    roster = cast(Roster | None, values.get("roster"))
    if roster:
        yield from _team_totals(quotas, roster)


def _ids(quotas: tuple[Quota, ...]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for i, quota in enumerate(quotas):
        if quota.quota_id in first:
            yield Finding("quotas", ("quotas", i, "quota_id"), quota.quota_id,
                          f"stands already in entry {first[quota.quota_id]}, counted from 0",
                          "keep one, or give each its own quota_id")  # fmt: skip
        first.setdefault(quota.quota_id, i)


def _owner(path: Path, quota: Quota, roster: Roster | None) -> Iterator[Finding]:
    if quota.owner_kind is QuotaOwner.COMPANY:
        there = {COMPANY_ID}
    elif roster is None:
        return
    elif quota.owner_kind is QuotaOwner.TEAM:
        there = {t.team_id for t in roster.teams}
    else:
        there = {r.rep_id for r in roster.reps}
    if quota.owner_id not in there:
        noun = quota.owner_kind.lower()
        otherwise = f"write {COMPANY_ID}" if noun == "company" else f"add the {noun} to the roster"
        yield Finding("quotas", (*path, "owner_id"), quota.owner_id, f"is no {noun} that exists",
                      did_you_mean(quota.owner_id, there, otherwise))  # fmt: skip


def _money(path: Path, quota: Quota, values: Values) -> Iterator[Finding]:
    if quota.currency and not is_currency(quota.currency):
        yield Finding("quotas", (*path, "currency"), quota.currency, "is no currency",
                      "write an active ISO 4217 code such as EUR")  # fmt: skip
    measures = cast(Measures | None, values.get("measures"))
    if measures is None:
        return
    by_name = {m.measure: m for m in measures.measures}
    measure = by_name.get(quota.kpi)
    if measure is None:
        yield Finding("quotas", (*path, "measure"), quota.kpi, "is no measure that exists",
                      did_you_mean(quota.kpi, by_name, "add it to measures.yaml"))  # fmt: skip
    else:
        company = cast(Company | None, values.get("company"))
        yield from _currency_fits((*path, "currency"), quota, measure, company)


def _currency_fits(
    path: Path, quota: Quota, measure: Measure, company: Company | None
) -> Iterator[Finding]:
    if measure.unit is not MeasureUnit.MONEY:
        if quota.currency:
            yield Finding("quotas", path, quota.currency, f"{quota.kpi} is no money",
                          "leave the currency out")  # fmt: skip
    elif quota.currency is None:
        yield Finding("quotas", path, "", "is missing",
                      f"{quota.kpi} is money: add its currency")  # fmt: skip
    elif (company and measure.rule == "revenue_won_reporting"
          and quota.currency != company.reporting_currency):  # fmt: skip
        yield Finding("quotas", path, quota.currency, "is not the reporting currency",
                      f"{quota.kpi} is kept in {company.reporting_currency}: give the amount"
                      " in it")  # fmt: skip


def _overlaps(quotas: tuple[Quota, ...]) -> Iterator[Finding]:
    by_owner = defaultdict(list)
    for i, quota in enumerate(quotas):
        by_owner[quota.owner_kind, quota.owner_id, quota.kpi, quota.currency].append(i)
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


def _team_totals(quotas: tuple[Quota, ...], roster: Roster) -> Iterator[Finding]:
    """Yield a warning where a team is asked for more than its reps together."""
    teams = {t.team_id for t in roster.teams}
    if any(s.team_id not in teams for r in roster.reps for s in r.history):
        return  # an error of its own; sums without that team would only mislead
    below = _reps_total(quotas, roster)
    told = 0
    for i, quota in enumerate(quotas):
        if quota.owner_kind is not QuotaOwner.TEAM or told >= TOLD_MAX:
            continue
        key = (quota.owner_id, quota.kpi, quota.period_start, quota.period_end, quota.currency)
        total = below.get(key)
        if total is not None and total < quota.amount:
            told += 1
            yield Finding("quotas", ("quotas", i, "amount"), f"{quota.amount:f}",
                          f"is more than the {total:f} its reps' quotas add up to",
                          "raise theirs or lower it, unless that is meant",
                          Severity.WARNING)  # fmt: skip


def _reps_total(quotas: tuple[Quota, ...], roster: Roster) -> _Totals:
    """Return what reps are asked for, per team they or their team belong to, and period."""
    above = {t.team_id: t.parent_team_id for t in roster.teams}
    history = {r.rep_id: sorted(r.history, key=lambda s: s.valid_from) for r in roster.reps}
    totals: _Totals = defaultdict(Decimal)
    for quota in quotas:
        if quota.owner_kind is not QuotaOwner.REP:
            continue
        stints = history.get(quota.owner_id, [])
        start, end = quota.period_start, quota.period_end
        team = next((s.team_id for s in stints if s.valid_from < end and start < end_of(s)), None)
        seen: set[str] = set()
        while team is not None and team not in seen:
            seen.add(team)
            totals[team, quota.kpi, start, end, quota.currency] += quota.amount
            team = above.get(team)
    return totals
