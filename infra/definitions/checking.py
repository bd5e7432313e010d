"""Whether definitions make sense together. Pure: values in, findings out.

A kind that is not among the values is unknown, not empty: what would refer to it is not checked.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import cast
from zoneinfo import available_timezones

from infra.definitions import (
    checking_accounting,
    checking_alerts,
    checking_contests,
    checking_credits,
    checking_curves,
    checking_kpis,
    checking_payroll,
    checking_plans,
    checking_quotas,
    checking_roster,
    checking_scorecards,
    checking_territories,
)
from infra.definitions.problems import Finding, Path, Severity, did_you_mean
from schemas.calendars import Calendars
from schemas.contests import Contests
from schemas.currencies import is_currency
from schemas.defining import Definition
from schemas.definitions import RULES, Company, Identities, Measures, People, Rates, Roster
from streams.domain.contest_measures import PREFIX

Values = Mapping[str, Definition]


def check(values: Values) -> tuple[Finding, ...]:
    """Return everything wrong between and within kinds, errors first."""
    findings: list[Finding] = []
    for kind, rule in _RULES.items():
        if kind in values:
            findings.extend(rule(values))
    return tuple(sorted(findings, key=lambda f: f.severity is Severity.WARNING))


def _company(values: Values) -> Iterator[Finding]:
    company = cast(Company, values["company"])
    yield from zone("company", ("time_zone",), company.time_zone)
    yield from currency("company", ("reporting_currency",), company.reporting_currency)
    yield from unique("company", "sources", "source", (s.source for s in company.sources))
    fields = (f"{p.of} {p.field}" for p in company.precedence)
    yield from unique("company", "precedence", "field", fields)
    calendars = _ids_of_calendars(values)
    if company.calendar_id and calendars is not None:
        yield from known("company", ("calendar_id",), company.calendar_id, calendars,
                         ("calendar", "add it to calendars.yaml"))  # fmt: skip


def _roster(values: Values) -> Iterator[Finding]:
    roster = cast(Roster, values["roster"])
    yield from checking_roster.check(roster)
    calendars = _ids_of_calendars(values)
    for i, rep in enumerate(roster.reps):
        for j, stint in enumerate(rep.history):
            path: Path = ("reps", i, "history", j)
            yield from zone("roster", (*path, "time_zone"), stint.time_zone)
            if stint.calendar_id and calendars is not None:
                yield from known("roster", (*path, "calendar_id"), stint.calendar_id, calendars,
                                 ("calendar", "add it to calendars.yaml"))  # fmt: skip


def _ids_of_calendars(values: Values) -> set[str] | None:
    calendars = cast(Calendars | None, values.get("calendars"))
    return {c.calendar_id for c in calendars.calendars} if calendars else None


def _ids_of_reps(values: Values) -> set[str] | None:
    roster = cast(Roster | None, values.get("roster"))
    return {r.rep_id for r in roster.reps} if roster else None


def _people(values: Values) -> Iterator[Finding]:
    people, reps = cast(People, values["people"]).people, _ids_of_reps(values)
    yield from unique("people", "people", "rep_id", (p.rep_id for p in people))
    yield from unique("people", "people", "email", (p.email.lower() or None for p in people))
    for i, person in enumerate(people):
        if person.email and ("@" not in person.email or " " in person.email):
            yield Finding("people", ("people", i, "email"), person.email, "is no e-mail address",
                          "write it as name@example.com or leave it out")  # fmt: skip
        if reps is not None:
            yield from known("people", ("people", i, "rep_id"), person.rep_id, reps,
                             ("rep", "add the rep to the roster"))  # fmt: skip
    named = {p.rep_id for p in people}
    for rep_id in sorted((reps or set()) - named):
        yield Finding("people", ("people",), "", f"nobody is named for rep {rep_id}",
                      "add a person, or boards show the pseudonym", Severity.WARNING)  # fmt: skip


def _identities(values: Values) -> Iterator[Finding]:
    identities = cast(Identities, values["identities"]).identities
    reps = _ids_of_reps(values)
    keys = ((i.source, i.user_id) for i in identities)
    yield from unique("identities", "identities", "user_id", keys)
    for i, identity in enumerate(identities):
        if reps is not None:
            yield from known("identities", ("identities", i, "rep_id"), identity.rep_id, reps,
                             ("rep", "add the rep to the roster"))  # fmt: skip
    mapped = {i.rep_id for i in identities}
    for rep_id in sorted((reps or set()) - mapped):
        yield Finding("identities", ("identities",), "", f"no source's user is rep {rep_id}",
                      "add an identity, or nothing is ever credited to them",
                      Severity.WARNING)  # fmt: skip


def _calendars(values: Values) -> Iterator[Finding]:
    calendars = cast(Calendars, values["calendars"]).calendars
    yield from unique("calendars", "calendars", "calendar_id", (c.calendar_id for c in calendars))
    for i, calendar in enumerate(calendars):
        days = (h.on for h in calendar.holidays)
        yield from unique("calendars", ("calendars", i, "holidays"), "on", days)
        weekdays = calendar.working_days
        if len(set(weekdays)) < len(weekdays):
            path: Path = ("calendars", i, "working_days")
            text = ", ".join(map(str, weekdays))
            yield Finding("calendars", path, text, "names a weekday twice", "name each once")


def _rates(values: Values) -> Iterator[Finding]:
    rates = cast(Rates, values["rates"]).rates
    company = cast(Company | None, values.get("company"))
    yield from unique("rates", "rates", "on", ((r.base, r.quote, r.on) for r in rates))
    useless: set[tuple[str, str]] = set()
    for i, rate in enumerate(rates):
        yield from currency("rates", ("rates", i, "base"), rate.base)
        yield from currency("rates", ("rates", i, "quote"), rate.quote)
        pair = (rate.base, rate.quote)
        if rate.base == rate.quote:
            yield Finding("rates", ("rates", i, "quote"), rate.quote, "is also the base",
                          "name two currencies")  # fmt: skip
        elif company and company.reporting_currency not in pair and pair not in useless:
            useless.add(pair)
            yield Finding("rates", ("rates", i, "quote"), rate.quote, "is never asked for",
                          f"rates turn a deal's currency into {company.reporting_currency}: make"
                          " that one of the two", Severity.WARNING)  # fmt: skip


def _measures(values: Values) -> Iterator[Finding]:
    measures = cast(Measures, values["measures"]).measures
    yield from unique("measures", "measures", "measure", (m.measure for m in measures))
    for i, measure in enumerate(measures):
        path: Path = ("measures", i)
        if measure.measure.startswith(PREFIX):
            yield Finding("measures", (*path, "measure"), measure.measure,
                          "is named as scores of contests are", "choose another name")  # fmt: skip
        rule = RULES.get(measure.rule)
        if rule is None:
            yield from known("measures", (*path, "rule"), measure.rule, set(RULES),
                             ("rule", f"rules are {', '.join(RULES)}"))  # fmt: skip
            continue
        if measure.of != rule.of:
            yield Finding("measures", (*path, "of"), measure.of,
                          f"is not what rule {measure.rule} reads", f"write {rule.of}")  # fmt: skip
        if measure.unit != rule.unit:
            yield Finding("measures", (*path, "unit"), measure.unit,
                          f"is not what rule {measure.rule} makes",
                          f"write {rule.unit}")  # fmt: skip


def _contests(values: Values) -> Iterator[Finding]:
    for i, contest in enumerate(cast(Contests, values["contests"]).contests):
        yield from zone("contests", ("contests", i, "time_zone"), contest.time_zone)
        if contest.prize_currency:
            path: Path = ("contests", i, "prize_currency")
            yield from currency("contests", path, contest.prize_currency)
    yield from checking_contests.check(values)


def zone(kind: str, path: Path, name: str) -> Iterator[Finding]:
    """Yield a finding if a time zone does not exist."""
    if name not in _zones():
        remedy = did_you_mean(name, _zones(), "write an IANA name such as Europe/Berlin")
        yield Finding(kind, path, name, "is no time zone", remedy)


def currency(kind: str, path: Path, code: str) -> Iterator[Finding]:
    """Yield a finding if a currency does not exist."""
    if not is_currency(code):
        remedy = "write an active ISO 4217 code such as EUR"
        yield Finding(kind, path, code, "is no currency", remedy)


def known(
    kind: str, path: Path, wanted: str, there: set[str], otherwise: tuple[str, str]
) -> Iterator[Finding]:
    """Yield a finding if a reference leads nowhere.

    Args:
        otherwise: what it should be, and the remedy where nothing is near.
    """
    noun, remedy = otherwise
    if wanted not in there:
        yield Finding(kind, path, wanted, f"is no {noun} that exists",
                      did_you_mean(wanted, there, remedy))  # fmt: skip


def unique(
    kind: str, inside: str | Path, name: str, keys: Iterable[Hashable | None]
) -> Iterator[Finding]:
    """Yield a finding for every key that stood before; None is no key."""
    above: Path = (inside,) if isinstance(inside, str) else inside
    first: dict[Hashable, int] = {}
    for i, key in enumerate(keys):
        if key is None:
            continue
        if key in first:
            text = " ".join(map(str, key)) if isinstance(key, tuple) else str(key)
            yield Finding(kind, (*above, i, name), text,
                          f"stands already in entry {first[key]}, counted from 0",
                          "keep one of them")  # fmt: skip
        first.setdefault(key, i)


_ZONES: set[str] = set()


def _zones() -> set[str]:
    if not _ZONES:  # reading the list takes 30 ms, so only once
        _ZONES.update(z for z in available_timezones() if "/" in z or z == "UTC")
    return _ZONES


_RULES: dict[str, Callable[[Values], Iterator[Finding]]] = {
    "company": _company,
    "roster": _roster,
    "territories": checking_territories.check,
    "credits": checking_credits.check,
    "people": _people,
    "identities": _identities,
    "calendars": _calendars,
    "leave": checking_curves.check_leave,
    "rates": _rates,
    "measures": _measures,
    "kpis": checking_kpis.check,
    "quotas": checking_quotas.check,
    "plans": checking_plans.check,
    "scorecards": checking_scorecards.check,
    "accounting": checking_accounting.check,
    "payroll": checking_payroll.check,
    "alerts": checking_alerts.check,
    "contests": _contests,
}
