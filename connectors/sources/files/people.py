"""People: a list of reps becomes a draft of definitions. Pure.

People are no events. The draft says who belongs where since when, what they are called, whose facts
theirs are, and what is expected of them; `pacesetter definitions apply` puts it in force.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from pydantic import ValidationError

from connectors.sources.files.cells import Unreadable, day, number, text
from connectors.sources.files.mapping import PeopleMapping, QuotaRule, Rule
from connectors.sources.files.picking import Columns, Pick, headings_of, picker, test_of
from connectors.sources.files.rows import Problem, Row
from schemas.definitions import Identity, Person, Rep, Stint, Team
from schemas.quotas import Quota, QuotaOwner

_DATES = ("valid_from", "valid_to")
_NEEDED = ("rep_id", "name", "team", "valid_from", "time_zone")


@dataclass(slots=True)
class Draft:
    """Definitions a list of people stands for, and the rows that could not be used."""

    teams: dict[str, Team] = field(default_factory=dict)
    reps: dict[str, Rep] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    identities: dict[tuple[str, str], Identity] = field(default_factory=dict)
    quotas: dict[str, Quota] = field(default_factory=dict)
    problems: list[tuple[Row, tuple[Problem, ...]]] = field(default_factory=list)
    read: int = 0
    skipped: int = 0


class _Read(NamedTuple):
    row: Row
    values: Mapping[str, Any]
    identities: tuple[Identity, ...]
    quotas: tuple[Quota, ...]


def people_of(
    rows: Iterable[Row], columns: Columns, mapping: PeopleMapping, known: Mapping[str, str]
) -> Draft:
    """Return the draft of definitions in a list of people.

    Args:
        columns: of the file.
        known: name -> rep_id of people who are defined already; managers are looked up there too.

    Raises:
        MissingColumns: the file lacks columns the mapping names.
    """
    reading = _Reading(mapping, columns)
    skip = test_of(mapping.skip_if, columns)
    columns.check()
    draft = Draft()
    read: list[_Read] = []
    for row in rows:
        draft.read += 1
        if not row.damage and skip(row.cells):
            draft.skipped += 1
            continue
        found = reading.read(row)
        if isinstance(found, _Read) and found.values["rep_id"] in {
            r.values["rep_id"] for r in read
        }:
            problem = "stands in an earlier row too"
            at = Problem(row.number, "", "rep_id", found.values["rep_id"], problem, "keep one row")
            found = (at,)
        if isinstance(found, _Read):
            read.append(found)
        else:
            draft.problems.append((row, found))
    _fill(draft, read, mapping, known)
    return draft


def columns_of(mapping: PeopleMapping) -> frozenset[str]:
    """Return the names a mapping reads of a person's row."""
    columns = Columns(None, mapping.file)
    _Reading(mapping, columns)
    test_of(mapping.skip_if, columns)
    return frozenset(columns.used)


def slug(name: str) -> str:
    """Return a short name for life.

    >>> slug("Größe & Mid-Market")
    'grosse-mid-market'
    """
    folded = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore")
    return re.sub(r"[^a-z0-9]+", "-", folded.decode().lower()).strip("-") or "team"


class _Reading:
    """Reads one row by the mapping."""

    def __init__(self, mapping: PeopleMapping, columns: Columns) -> None:
        self._mapping = mapping
        self._fields = [(n, r, picker(r, columns)) for n, r in mapping.fields.items()]
        self._identities = [(i, picker(i.user_id, columns)) for i in mapping.identities]
        self._quotas = [(q, picker(q.amount, columns)) for q in mapping.quotas]

    def read(self, row: Row) -> _Read | tuple[Problem, ...]:
        if row.damage:
            return row.damage
        problems: list[Problem] = []
        values: dict[str, Any] = {}
        for name, rule, pick in self._fields:
            values[name] = self._value(name, rule, pick, row, problems)
            told = any(problem.field == name for problem in problems)
            if name in _NEEDED and values[name] is None and not told:
                where = (row.number, headings_of(rule), name, "")
                problems.append(Problem(*where, "is empty", "fill the cell"))
        rep_id = values.get("rep_id") or ""
        identities = tuple(
            Identity(source=i.source, user_id=text(cell), rep_id=rep_id)
            for i, pick in self._identities
            if not problems and (cell := pick(row.cells)) is not None
        )
        quotas = tuple(
            quota
            for q, pick in self._quotas
            if not problems and (quota := self._quota(q, pick, rep_id, row, problems)) is not None
        )
        return tuple(problems) if problems else _Read(row, values, identities, quotas)

    def _value(self, name: str, rule: Rule, pick: Pick, row: Row, problems: list[Problem]) -> Any:
        cell = None
        try:
            cell = pick(row.cells)
            if cell is None:
                return None
            return day(cell, rule, self._mapping.file) if name in _DATES else text(cell)
        except Unreadable as wrong:
            problems.append(_problem(row, rule, name, cell, wrong))
            return None

    def _quota(
        self, rule: QuotaRule, pick: Pick, rep_id: str, row: Row, problems: list[Problem]
    ) -> Quota | None:
        cell = None
        try:
            cell = pick(row.cells)
            if cell is None:
                return None
            amount = number(cell, rule.amount, self._mapping.file)
            return Quota(
                quota_id=f"REP:{rep_id}:{rule.kpi}:{rule.period_start}",
                owner_kind=QuotaOwner.REP,
                owner_id=rep_id,
                kpi=rule.kpi,
                period_start=rule.period_start,
                period_end=rule.period_end,
                amount=amount,
                currency=rule.currency,
            )
        except Unreadable as wrong:
            problems.append(_problem(row, rule.amount, "quota", cell, wrong))
        except ValidationError as error:
            told = Unreadable(error.errors()[0]["msg"].lower(), "correct the cell")
            problems.append(_problem(row, rule.amount, "quota", cell, told))
        return None


def _problem(row: Row, rule: Rule, name: str, cell: Any, wrong: Unreadable) -> Problem:
    shown = "" if cell is None else text(cell)[:60]
    return Problem(row.number, headings_of(rule), name, shown, wrong.problem, wrong.remedy)


def _fill(
    draft: Draft, read: list[_Read], mapping: PeopleMapping, known: Mapping[str, str]
) -> None:
    names = {_folded(name): rep_id for name, rep_id in known.items()}
    names |= {_folded(r.values["name"]): r.values["rep_id"] for r in read}
    there = {*names.values()}
    for one in read:
        values = one.values
        team = Team(team_id=slug(values["team"]), name=values["team"])
        draft.teams.setdefault(team.team_id, team)
        manager = values.get("manager")
        manager_id = None
        if manager:
            manager_id = manager if manager in there else names.get(_folded(manager))
            if manager_id is None:
                manager_id = _fresh_id(there)
                there.add(manager_id)
                names[_folded(manager)] = manager_id
                draft.people[manager_id] = Person(rep_id=manager_id, name=manager)
            if manager_id in draft.people and manager_id not in {r.values["rep_id"] for r in read}:
                _manager_stint(draft, manager_id, values, team.team_id, mapping.manager_role)
        _add(draft, one, team.team_id, manager_id)


def _add(draft: Draft, one: _Read, team_id: str, manager_id: str | None) -> None:
    values = one.values
    rep_id = values["rep_id"]
    given = {n: values[n] for n in ("valid_to", "role", "calendar_id") if values.get(n) is not None}
    stint = Stint(
        valid_from=values["valid_from"],
        team_id=team_id,
        manager_id=manager_id if manager_id != rep_id else None,
        time_zone=values["time_zone"],
        **given,
    )
    draft.reps[rep_id] = Rep(rep_id=rep_id, history=(stint,))
    told = {n: values[n] for n in ("email", "employee_number") if values.get(n)}
    draft.people[rep_id] = Person(rep_id=rep_id, name=values["name"], **told)
    draft.identities |= {(i.source, i.user_id): i for i in one.identities}
    draft.quotas |= {q.quota_id: q for q in one.quotas}


def _manager_stint(
    draft: Draft, manager_id: str, values: Mapping[str, Any], team_id: str, role: str
) -> None:
    """Let a manager without a row belong to the team they lead, since their first report."""
    since: date = values["valid_from"]
    there = draft.reps.get(manager_id)
    if there is not None:
        first = there.history[0]
        if first.valid_from > since:
            first = first.model_copy(update={"valid_from": since})
        draft.reps[manager_id] = Rep(rep_id=manager_id, history=(first,))
        return
    stint = Stint(valid_from=since, team_id=team_id, role=role, time_zone=values["time_zone"])
    draft.reps[manager_id] = Rep(rep_id=manager_id, history=(stint,))


def _fresh_id(there: set[str]) -> str:
    """Return a pseudonym nobody has: rep ids stand in every fact, so no name may be in one."""
    return next(f"mgr-{n:02}" for n in range(1, len(there) + 2) if f"mgr-{n:02}" not in there)


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())
