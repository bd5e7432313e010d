"""Definitions as people read them: tables of text. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from infra.definitions import plan_words, showing_rows
from infra.definitions.canonical import KEYS, plain
from infra.definitions.checking_roster import end_of
from infra.definitions.peopling import PersonRow
from infra.definitions.records import Revision
from infra.definitions.stored import State
from schemas.definitions import NO_END, Rate, Rep, Stint

_People = Mapping[str, PersonRow]
_Rows = Iterable[Sequence[object]]


def table(header: Sequence[str], rows: _Rows) -> str:
    """Return rows in aligned columns under a header."""
    cells = [list(header), *([str(c) for c in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = ("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)


def summary(state: State, people: int) -> str:
    """Return what is in force in one screen: every kind, how much of it, and who made it so."""
    company = state.bundle().company
    head = (
        f"{company.name or 'Nothing is in force yet'}: definitions in force since sequence"
        f" {state.sequence}\nReporting currency {company.reporting_currency}, time zone"
        f" {company.time_zone}, weeks begin on ISO weekday {company.week_start}, fiscal years in"
        f" month {company.fiscal_year_start_month}, won deals count by {company.won_day}"
    )
    rows = [
        (kind, sizes(plain(state.values[kind])), r.sequence, stamp(r), r.author, r.note)
        for kind, r in sorted(state.revisions.items())
    ]
    names = f"\npeople: {people} with a name; they are in no revision"
    return f"{head}\n\n{table(('KIND', 'HOLDS', 'SEQUENCE', 'WRITTEN', 'BY', 'NOTE'), rows)}{names}"


def sizes(value: Mapping[str, Any]) -> str:
    """Return how many entries a kind's lists have.

    >>> sizes({"teams": [1], "reps": [1, 2]})
    '1 teams, 2 reps'
    """
    return ", ".join(f"{len(v)} {k}" for k, v in value.items() if k in KEYS) or "one"


def revisions(made: Iterable[Revision]) -> str:
    """Return the history of definitions, newest first."""
    rows = [(r.sequence, r.kind, stamp(r), r.author, r.note) for r in made]
    return table(("SEQUENCE", "KIND", "WRITTEN", "BY", "NOTE"), rows[::-1])


def kind(name: str, state: State, people: _People, on: date) -> str:
    """Return one kind as it is on a day.

    Raises:
        KeyError: there is no such kind.
    """
    return _TABLES[name](state, people, on)


def rep(state: State, people: _People, rep_id: str, on: date) -> str:
    """Return everything about a rep: stints, identities and quotas from a day on."""
    bundle = state.bundle()
    one = next(r for r in bundle.roster.reps if r.rep_id == rep_id)
    stints = [
        (s.valid_from, s.valid_to or "", s.team_id, named(s.manager_id, people), s.role,
         s.time_zone, s.calendar_id or "") for s in one.history
    ]  # fmt: skip
    users = [(i.source, i.user_id) for i in bundle.identities.identities if i.rep_id == rep_id]
    quotas = [
        (q.kpi, q.period_start, q.period_end, f"{q.amount:f}", q.currency or "")
        for q in bundle.quotas.quotas
        if q.owner_kind == "REP" and q.owner_id == rep_id and q.period_end > on
    ]
    parts = [
        f"{named(rep_id, people)} ({rep_id})",
        table(("FROM", "UP TO", "TEAM", "MANAGER", "ROLE", "ZONE", "CALENDAR"), stints),
        table(("SOURCE", "USER"), users) if users else "No identity: nothing is credited to them.",
        table(("KPI", "FROM", "UP TO", "AMOUNT", ""), quotas) if quotas else "No quotas left.",
    ]
    return "\n\n".join(parts)


def named(rep_id: str | None, people: _People) -> str:
    """Return a rep's name, or the pseudonym where there is none."""
    person = people.get(rep_id or "")
    return (person.name if person and not person.erased else "") or rep_id or ""


def stamp(revision: Revision) -> str:
    """Return when a revision was written, to the second."""
    return f"{revision.written_at:%Y-%m-%d %H:%M:%S} UTC"


def stint_on(one: Rep, on: date) -> Stint | None:
    """Return where a rep belongs on a day; None: nowhere."""
    return next((s for s in one.history if s.valid_from <= on < end_of(s)), None)


def _company(state: State, people: _People, on: date) -> str:
    return table(("FIELD", "VALUE"), plain(state.bundle().company).items())


def _roster(state: State, people: _People, on: date) -> str:
    roster = state.bundle().roster
    teams = [(t.team_id, t.name, t.parent_team_id or "") for t in roster.teams]
    reps = [
        (r.rep_id, named(r.rep_id, people), s.team_id, named(s.manager_id, people), s.role,
         s.time_zone, s.valid_from) for r in roster.reps if (s := stint_on(r, on))
    ]  # fmt: skip
    header = ("REP", "NAME", "TEAM", "MANAGER", "ROLE", "ZONE", "SINCE")
    return f"{table(('TEAM', 'NAME', 'PARENT'), teams)}\n\n{table(header, reps)}"


def _territories(state: State, people: _People, on: date) -> str:
    rows = [
        (t.territory_id, t.name, t.parent_territory_id or "", t.region or "",
         ", ".join(named(h.rep_id, people) for h in t.holders
                   if h.valid_from <= on < (h.valid_to or NO_END)) or "nobody")
        for t in state.bundle().territories.territories
    ]  # fmt: skip
    return table(("TERRITORY", "NAME", "WITHIN", "REGION", "HELD BY"), rows)


def _credits(state: State, people: _People, on: date) -> str:
    return table(*showing_rows.credits(state.bundle().credits))


def _people_table(state: State, people: _People, on: date) -> str:
    rows = [
        (p.rep_id, "(erased)" if p.erased else p.name, p.email, p.employee_number)
        for p in sorted(people.values())
    ]
    return table(("REP", "NAME", "E-MAIL", "EMPLOYEE"), rows)


def _identities(state: State, people: _People, on: date) -> str:
    rows = [
        (i.source, i.user_id, i.rep_id, named(i.rep_id, people))
        for i in state.bundle().identities.identities
    ]
    return table(("SOURCE", "USER", "REP", "NAME"), rows)


def _calendars(state: State, people: _People, on: date) -> str:
    rows = []
    for c in state.bundle().calendars.calendars:
        coming = [h for h in c.holidays if h.on >= on]
        following = f"{coming[0].on} {coming[0].name}" if coming else "none known"
        weekdays = " ".join(map(str, c.working_days))
        rows.append((c.calendar_id, c.name, weekdays, len(c.holidays), following))
    return table(("CALENDAR", "NAME", "WEEKDAYS", "HOLIDAYS", "NEXT"), rows)


def _leave(state: State, people: _People, on: date) -> str:
    rows = [
        (named(a.rep_id, people), a.valid_from, a.valid_to, f"{a.share:f}")
        for a in state.bundle().leave.leave
        if a.valid_to > on
    ]
    return table(("REP", "FROM", "UP TO", "OF A DAY"), rows)


def _rates(state: State, people: _People, on: date) -> str:
    latest: dict[tuple[str, str], Rate] = {}
    for rate in state.bundle().rates.rates:
        if rate.on <= on:
            latest[rate.base, rate.quote] = rate
    rows = [(r.base, f"{r.rate:f} {r.quote}", r.on) for r in latest.values()]
    return table(("ONE", "IS", "SINCE"), rows)


def _quotas(state: State, people: _People, on: date) -> str:
    rows = [
        (q.owner_kind, named(q.owner_id, people), q.kpi, q.period_start, q.period_end,
         f"{q.amount:f}", q.currency or "") for q in state.bundle().quotas.quotas
        if q.period_start <= on < q.period_end
    ]  # fmt: skip
    quotas = table(("FOR", "OWNER", "KPI", "FROM", "UP TO", "AMOUNT", ""), rows)
    changes = showing_rows.quota_changes(state.bundle().quotas, on)
    return f"{quotas}\n\n{table(*changes)}" if changes.rows else quotas


def _measures(state: State, people: _People, on: date) -> str:
    rows = [(m.measure, m.of, m.unit, m.label) for m in state.bundle().measures.measures]
    return table(("MEASURE", "OF", "UNIT", "LABEL"), rows)


def _kpis(state: State, people: _People, on: date) -> str:
    rows = [(k.kpi_id, k.name, k.unit, k.formula) for k in state.bundle().kpis.kpis]
    return table(("KPI", "NAME", "UNIT", "FORMULA"), rows)


def _plans(state: State, people: _People, on: date) -> str:
    rows = [
        (p.plan_id, p.name, p.period, c.component_id, plan_words.brief(c, p.currency),
         f"{len(p.reps)} reps" if p.reps else "everybody", p.valid_from, p.valid_to or "")
        for p in state.bundle().plans.plans
        if p.valid_from <= on < (p.valid_to or NO_END)
        for c in p.components
    ]  # fmt: skip
    header = ("PLAN", "NAME", "PERIOD", "COMPONENT", "PAYS", "FOR", "FROM", "UP TO")
    return table(header, rows)


def _scorecards(state: State, people: _People, on: date) -> str:
    rows = [
        (s.scorecard_id, s.name, s.period, ", ".join(s.teams) or "everybody", ", ".join(s.roles),
         i.kpi, f"{i.weight.normalize():f}",
         f"{i.target.normalize():f} {i.currency or ''}".strip() if i.target else "the quota")
        for s in state.bundle().scorecards.scorecards
        if s.valid_from <= on < (s.valid_to or NO_END)
        for i in s.indicators
    ]  # fmt: skip
    return table(("SCORECARD", "NAME", "PERIOD", "TEAMS", "ROLES", "KPI", "WEIGHT", "TARGET"), rows)


def _accounting(state: State, people: _People, on: date) -> str:
    rows = [
        (p.policy_id, p.name, t.order, t.treats, ", ".join(t.plans) or "every plan",
         ", ".join(t.components), ", ".join(t.kinds), ", ".join(t.deal_types), t.because)
        for p in state.bundle().accounting.policies
        if p.valid_from <= on < (p.valid_to or NO_END)
        for t in sorted(p.treatments, key=lambda t: t.order)
    ]  # fmt: skip
    header = ("POLICY", "NAME", "ORDER", "TREATS", "PLANS", "COMPONENTS", "KINDS", "DEALS",
              "BECAUSE")  # fmt: skip
    return table(header, rows)


def _payroll(state: State, people: _People, on: date) -> str:
    payroll = state.bundle().payroll
    acts = [(p.at, f"period {p.period_start}..{p.period_end}", p.step.value, p.by, "", p.reason)
            for p in payroll.periods]  # fmt: skip
    acts += [(m.at, f"manual {m.manual_id} {m.rep_id}", f"{m.amount:f} {m.currency}", m.by,
              m.approved_by, m.reason) for m in payroll.manual]  # fmt: skip
    acts += [(h.at, f"hold {h.hold_id}", " ".join(filter(None, (h.rep_id, h.deal_id))), h.by,
              h.released_by, h.reason) for h in payroll.holds]  # fmt: skip
    acts += [(f.at, f"forgiveness {f.forgiveness_id} {f.rep_id}", f"{f.amount or 'all'}", f.by,
              f.approved_by, f.reason) for f in payroll.forgiven]  # fmt: skip
    acts += [(o.at, f"opening {o.opening_id} {o.rep_id}", f"{o.earned:f} {o.currency}", o.by,
              o.approved_by, o.reason) for o in payroll.openings]  # fmt: skip
    told = [(at.isoformat(timespec="seconds"), *rest) for at, *rest in sorted(acts)]
    return table(("WHEN", "WHAT", "HOW", "BY", "APPROVED OR RELEASED BY", "WHY"), told)


def _alerts(state: State, people: _People, on: date) -> str:
    rows = [
        (r.rule_id, r.name, r.signal.value, r.subject.value, r.kpi or "every quota",
         f"{r.enter:f}", f"{r.leave:f}", r.severity.value, ", ".join(r.routes))
        for r in state.bundle().alerts.rules
    ]  # fmt: skip
    header = ("RULE", "NAME", "SIGNAL", "OF", "KPI", "ENTER", "LEAVE", "SEVERITY", "TELLS")
    return table(header, rows)


def _contests(state: State, people: _People, on: date) -> str:
    found = state.bundle().contests
    rows = [
        (c.contest_id, c.name, c.state, c.format, c.of, c.score,
         ", ".join(m.kpi for m in c.metrics), c.starts_at, c.ends_at, c.time_zone)
        for c in found.contests
    ]  # fmt: skip
    header = ("CONTEST", "NAME", "STATE", "FORMAT", "OF", "SCORE", "COUNTS", "FROM", "UP TO",
              "ZONE")  # fmt: skip
    badges = table(*showing_rows.beside_contests(found))
    return f"{table(header, rows)}\n\n{badges}"


_TABLES = {
    "company": _company,
    "roster": _roster,
    "territories": _territories,
    "credits": _credits,
    "people": _people_table,
    "identities": _identities,
    "calendars": _calendars,
    "leave": _leave,
    "rates": _rates,
    "quotas": _quotas,
    "measures": _measures,
    "kpis": _kpis,
    "plans": _plans,
    "scorecards": _scorecards,
    "accounting": _accounting,
    "payroll": _payroll,
    "alerts": _alerts,
    "contests": _contests,
}
KINDS_SHOWN = tuple(_TABLES)
