"""Whether rules of alerts make sense: bounds, windows, KPIs, and what each signal needs."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import cast

from infra.definitions import checking_broadcasts
from infra.definitions.problems import Finding, Path, Severity, did_you_mean
from schemas.alerts import (
    MEASURED,
    NEEDS_WINDOW,
    OF_MEASURES,
    OF_OPS,
    WINDOWED,
    Alerts,
    Route,
    Rule,
    Signal,
    Subject,
)
from schemas.defining import Definition
from schemas.definitions import Measures, Roster
from schemas.kpis import Kpis
from streams.domain.alert_states import Key

KIND = "alerts"
Values = Mapping[str, Definition]
# What only one signal has, and whether it must have it.
_OWN = (("worse", Signal.KPI, "ABOVE or BELOW"), ("tolerance", Signal.PACE_BURN, "such as 0.10"))
# Of whom a signal of commissions and contests is told apart; others know reps, teams, the company.
_OF_ONE = {
    Signal.OUTSIZED: Subject.REP, Signal.OVERPAID: Subject.REP, Signal.CONTEST_RUSH: Subject.REP,
    Signal.RESULT_CHANGED: Subject.COMPANY, Signal.FRESHNESS: Subject.SOURCE,
}  # fmt: skip
_NAMED = frozenset(Key._fields) - {"currency", "period_start"}
_PLACEHOLDER = re.compile(r"\{(\w*)\}")


def check(values: Values) -> Iterator[Finding]:
    """Yield everything wrong with the rules of alerts among the values."""
    alerts = cast(Alerts, values[KIND])
    twice = Counter(rule.rule_id for rule in alerts.rules)
    for i, rule in enumerate(alerts.rules):
        path: Path = ("rules", i)
        if twice[rule.rule_id] > 1:
            yield Finding(KIND, (*path, "rule_id"), rule.rule_id, "stands on more than one rule",
                          "give each its own")  # fmt: skip
        yield from _own(path, rule)
        yield from _windows(path, rule)
        yield from _bounds(path, rule)
        yield from _kpi(path, rule, values)
        yield from _routes(path, rule)
        yield from _subject(path, rule)
    yield from _ways(alerts, values)
    yield from _places(alerts)
    yield from checking_broadcasts.check(alerts, values)
    hours = alerts.working_hours
    if hours.since >= hours.until:
        yield Finding(KIND, ("working_hours", "until"), f"{hours.until:%H:%M}",
                      f"is not after since, {hours.since:%H:%M}",
                      "name the end of the day")  # fmt: skip


def _own(path: Path, rule: Rule) -> Iterator[Finding]:
    for name, signal, example in _OWN:
        value = getattr(rule, name)
        if rule.signal is signal and value is None:
            yield Finding(KIND, (*path, name), "", f"is missing: signal {signal} needs it",
                          f"write {example}")  # fmt: skip
        elif rule.signal is not signal and value is not None:
            yield Finding(KIND, (*path, name), str(value), f"is for signal {signal} only",
                          "leave it out")  # fmt: skip


def _windows(path: Path, rule: Rule) -> Iterator[Finding]:
    long, short = rule.long_days, rule.short_days
    if long is not None and rule.signal not in WINDOWED:
        yield Finding(KIND, (*path, "long_days"), str(long), f"is not for signal {rule.signal}",
                      "leave it out")  # fmt: skip
    if long is None and rule.signal in NEEDS_WINDOW:
        yield Finding(KIND, (*path, "long_days"), "", f"is missing: signal {rule.signal} needs it",
                      "write business days, such as 10")  # fmt: skip
    if short is not None and rule.signal is not Signal.PACE_BURN:
        yield Finding(KIND, (*path, "short_days"), str(short),
                      f"is for signal {Signal.PACE_BURN} only", "leave it out")  # fmt: skip
    if long is not None and short is not None and short >= long:
        yield Finding(KIND, (*path, "short_days"), str(short), f"is not below long_days, {long}",
                      "the short window says that it still is bad: make it shorter")  # fmt: skip


def _subject(path: Path, rule: Rule) -> Iterator[Finding]:
    only = _OF_ONE.get(rule.signal)
    if rule.subject is not only if only else rule.subject is Subject.SOURCE:
        fits = only or "REP, TEAM or COMPANY"
        yield Finding(KIND, (*path, "subject"), rule.subject, f"is not watched by {rule.signal}",
                      f"write {fits}")  # fmt: skip
    if rule.roles and rule.subject is not Subject.REP:
        yield Finding(KIND, (*path, "roles"), rule.roles[0], f"is nothing a {rule.subject} has",
                      "leave it out")  # fmt: skip


def _ways(alerts: Alerts, values: Values) -> Iterator[Finding]:
    roster = values.get("roster")
    teams = {team.team_id for team in cast(Roster, roster).teams} if roster else None
    seen = set()
    for i, way in enumerate(alerts.ways):
        path: Path = ("ways", i)
        if teams is not None and way.team_id is not None and way.team_id not in teams:
            yield Finding(KIND, (*path, "team_id"), way.team_id, "is no team that exists",
                          did_you_mean(way.team_id, teams, "add it to the roster"))  # fmt: skip
        if (way.route, way.team_id) in seen:
            yield Finding(KIND, (*path, "route"), way.route, "stands there twice for the same team",
                          "put all channels into one")  # fmt: skip
        seen.add((way.route, way.team_id))


def _places(alerts: Alerts) -> Iterator[Finding]:
    for i, place in enumerate(alerts.places):
        for name in _PLACEHOLDER.findall(place.url):
            if name not in _NAMED:
                remedy = did_you_mean(name, _NAMED, f"write one of {', '.join(sorted(_NAMED))}")
                yield Finding(KIND, ("places", i, "url"), f"{{{name}}}", "is nothing an alert has",
                              remedy)  # fmt: skip


def _bounds(path: Path, rule: Rule) -> Iterator[Finding]:
    back = rule.enter - rule.leave if rule.is_worse_above else rule.leave - rule.enter
    side = "above" if rule.is_worse_above else "below"
    if back < 0:
        yield Finding(KIND, (*path, "leave"), f"{rule.leave:f}",
                      f"lies {side} enter, {rule.enter:f}: values between would be bad and good",
                      "put it on the good side of enter")  # fmt: skip
    elif back == 0:
        yield Finding(KIND, (*path, "leave"), f"{rule.leave:f}", "is the same as enter",
                      "leave some room, or what comes and goes across it is told each time",
                      Severity.WARNING)  # fmt: skip
    if rule.evidence_max is not None and rule.evidence_max <= rule.evidence_min:
        yield Finding(KIND, (*path, "evidence_max"), f"{rule.evidence_max:f}",
                      f"is not above evidence_min, {rule.evidence_min:f}: the rule never speaks",
                      "raise it or leave it out")  # fmt: skip


def _kpi(path: Path, rule: Rule, values: Values) -> Iterator[Finding]:
    if rule.kpi is None:
        if rule.signal in OF_MEASURES:
            yield Finding(KIND, (*path, "kpi"), "", f"is missing: signal {rule.signal} needs it",
                          "write the KPI that is watched")  # fmt: skip
        return
    if rule.signal in MEASURED:
        yield Finding(KIND, (*path, "kpi"), rule.kpi, f"is not for signal {rule.signal}",
                      "leave it out")  # fmt: skip
        return
    measures, kpis = values.get("measures"), values.get("kpis")
    if measures is None or kpis is None:
        return
    known = {m.measure for m in cast(Measures, measures).measures}
    if rule.signal not in OF_MEASURES:  # a measure adds up over a window; a formula does not
        known |= {k.kpi_id for k in cast(Kpis, kpis).kpis}
    if rule.kpi not in known:
        what = "measure" if rule.signal in OF_MEASURES else "KPI"
        yield Finding(KIND, (*path, "kpi"), rule.kpi, f"is no {what} that exists",
                      did_you_mean(rule.kpi, known, f"write a {what}"))  # fmt: skip


def _routes(path: Path, rule: Rule) -> Iterator[Finding]:
    for j, route in enumerate(rule.routes):
        if rule.signal in OF_OPS and route is not Route.OPS:
            yield Finding(KIND, (*path, "routes", j), route,
                          f"does not hear of {rule.signal}: it may be an accusation, or a mistake",
                          "write OPS")  # fmt: skip
        elif route is Route.BROADCAST:
            yield Finding(KIND, (*path, "routes", j), route, "is for good news",
                          "write MANAGER, REP, TEAM_CHANNEL, OPS or DIGEST")  # fmt: skip
        if route is Route.REP and rule.subject is not Subject.REP:
            yield Finding(KIND, (*path, "routes", j), route, f"is nobody of a {rule.subject}",
                          "write MANAGER, TEAM_CHANNEL, OPS or DIGEST")  # fmt: skip
    if rule.names_people and Route.TEAM_CHANNEL in rule.routes:
        yield Finding(KIND, (*path, "names_people"), "true",
                      "names people who are behind where others read it",
                      "be sure that this is wanted; MANAGER tells one person",
                      Severity.WARNING)  # fmt: skip
