"""Whether scorecards make sense: indicators, targets, currencies, teams, weights."""

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import cast

from infra.definitions.problems import Finding, Path, Severity, did_you_mean
from schemas.defining import Definition
from schemas.definitions import RULES, Bundle, Company, Measure, Measures, MeasureUnit, Roster
from schemas.kpis import Direction as KpiDirection
from schemas.kpis import Kpis
from schemas.quotas import QuotaOwner, Quotas
from schemas.scorecards import Indicator, Scorecard, Scorecards
from streams.domain.kpi_trees import KpiError, Origin
from streams.domain.kpis import Catalogue

Values = Mapping[str, Definition]
USUAL_WEIGHT = Decimal(100)


def check(values: Values) -> Iterator[Finding]:
    """Yield everything wrong with the scorecards among the values."""
    cards = cast(Scorecards, values["scorecards"]).scorecards
    twice = Counter(card.scorecard_id for card in cards)
    for i, card in enumerate(cards):
        path: Path = ("scorecards", i)
        if twice[card.scorecard_id] > 1:
            yield Finding("scorecards", (*path, "scorecard_id"), card.scorecard_id,
                          "stands on more than one scorecard", "give each its own")  # fmt: skip
        if card.valid_to is not None and card.valid_to <= card.valid_from:
            yield Finding("scorecards", (*path, "valid_to"), str(card.valid_to),
                          f"is not after valid_from {card.valid_from}",
                          "name the first day it no longer scores, or leave it out")  # fmt: skip
        yield from _teams(path, card, cast(Roster | None, values.get("roster")))
        yield from _indicators(path, card, values)
        yield from _weights(path, card)


def _teams(path: Path, card: Scorecard, roster: Roster | None) -> Iterator[Finding]:
    teams = {t.team_id for t in roster.teams} if roster else set(card.teams)
    for j, team in enumerate(card.teams):
        if team not in teams:
            yield Finding("scorecards", (*path, "teams", j), team, "is no team that exists",
                          did_you_mean(team, teams, "add the team to the roster"))  # fmt: skip
    roles = {s.role for r in roster.reps for s in r.history} if roster else set(card.roles)
    for j, role in enumerate(card.roles):
        if role not in roles:
            yield Finding("scorecards", (*path, "roles", j), role, "is nobody's role",
                          did_you_mean(role, roles, "write a role of the roster"),
                          Severity.WARNING)  # fmt: skip


def _indicators(path: Path, card: Scorecard, values: Values) -> Iterator[Finding]:
    measures = cast(Measures | None, values.get("measures"))
    kpis = cast(Kpis | None, values.get("kpis"))
    known = {m.measure: m for m in measures.measures} if measures else None
    others = {k.kpi_id for k in kpis.kpis} if kpis else set()
    seen: set[str] = set()
    for j, one in enumerate(card.indicators):
        here: Path = (*path, "indicators", j)
        if one.kpi in seen:
            yield Finding("scorecards", (*here, "kpi"), one.kpi, "stands twice on the scorecard",
                          "keep one of them")  # fmt: skip
        seen.add(one.kpi)
        if known is None:
            continue
        if one.kpi in known:
            yield from _measure((*here,), one, known[one.kpi], values)
        elif one.kpi in others:
            yield from _rate((*here,), one, values)
        else:
            yield Finding("scorecards", (*here, "kpi"), one.kpi, "is no measure that exists",
                          did_you_mean(one.kpi, known, "add it to measures.yaml"))  # fmt: skip


def _rate(path: Path, one: Indicator, values: Values) -> Iterator[Finding]:
    """Yield what keeps a KPI with a formula from being scored day by day, from totals alone."""
    given = {kind: values[kind] for kind in ("measures", "kpis")}
    catalogue = Catalogue(Bundle(**given))  # type: ignore[arg-type]
    try:
        computed = catalogue.computed(one.kpi)
    except KpiError:
        return  # the check of KPIs tells
    if apart := [w for w in computed.wanted if w.origin is not Origin.MEASURE or w.is_previous]:
        yield Finding("scorecards", (*path, "kpi"), one.kpi, f"asks for {apart[0]}",
                      "a scorecard knows measures of its own days: choose a KPI that is made "
                      "of them, such as win_rate")  # fmt: skip
    if computed.kpi.direction is KpiDirection.LOWER:
        yield Finding("scorecards", (*path, "kpi"), one.kpi, "is better when there is less of it",
                      "points reward more: choose a KPI that is better when higher")  # fmt: skip
    if one.currency:
        yield Finding("scorecards", (*path, "currency"), one.currency,
                      f"{one.kpi} is in the reporting currency or none",
                      "leave the currency out")  # fmt: skip


def _measure(path: Path, one: Indicator, measure: Measure, values: Values) -> Iterator[Finding]:
    rule = RULES.get(measure.rule)
    if measure.unit is MeasureUnit.DAYS:
        yield Finding("scorecards", (*path, "kpi"), one.kpi, "is better when there is less of it",
                      "points reward more: choose a measure of work done")  # fmt: skip
    company = cast(Company | None, values.get("company"))
    if measure.unit is not MeasureUnit.MONEY:
        if one.currency:
            yield Finding("scorecards", (*path, "currency"), one.currency,
                          f"{one.kpi} is no money", "leave the currency out")  # fmt: skip
    elif one.currency is None:
        yield Finding("scorecards", (*path, "currency"), "", "is missing",
                      f"{one.kpi} is money: add its currency")  # fmt: skip
    elif company and not (rule and rule.is_mixed) and one.currency != company.reporting_currency:
        yield Finding("scorecards", (*path, "currency"), one.currency,
                      "is not the reporting currency",
                      f"{one.kpi} is kept in {company.reporting_currency}")  # fmt: skip
    quotas = cast(Quotas | None, values.get("quotas"))
    if (
        one.target is None
        and quotas is not None
        and not any(
            q.owner_kind is QuotaOwner.REP and q.kpi == one.kpi and q.currency == one.currency
            for q in quotas.quotas
        )
    ):
        yield Finding("scorecards", (*path, "target"), "", "is missing, and no rep has a quota",
                      f"add a target, or quotas of reps on {one.kpi}: without it nothing is asked",
                      Severity.WARNING)  # fmt: skip


def _weights(path: Path, card: Scorecard) -> Iterator[Finding]:
    total = sum((i.weight for i in card.indicators), Decimal(0))
    if total != USUAL_WEIGHT:
        yield Finding("scorecards", (*path, "indicators"), f"{total.normalize():f}",
                      "is what the weights add up to",
                      f"people read scores as per cent: make it {USUAL_WEIGHT}",
                      Severity.WARNING)  # fmt: skip
