"""A snapshot of everybody, against the roster in force: dated changes. Pure.

A snapshot says how things are on its day. Who moved gets a stint from that day on; who is in it no
more left on that day; names and e-mails are the snapshot's. What it does not speak of stays: reps
that never had an employee number were not made by an HR system, and their absence means nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from connectors.sources.files.people import Draft
from connectors.sources.files.people_merging import Merged, merge
from infra.definitions.peopling import PersonRow
from schemas.defining import Definition
from schemas.definitions import (
    NO_END,
    Bundle,
    Identity,
    People,
    Person,
    Rep,
    Roster,
    Stint,
)
from schemas.quotas import Quota

LEAVERS_SHARE_MAX = 0.1  # more at once is a snapshot that was cut off, not a bad week ...
LEAVERS_FREE = 3  # ... but so few may always leave


class Cut(ValueError):
    """A snapshot lacks so many that it is probably not whole; str() says who."""


class Touched(NamedTuple):
    """A rep whose place changes, and the first day on which it is another one."""

    rep_id: str
    since: date


@dataclass(frozen=True, slots=True)
class Changes:
    """What a snapshot changes.

    Attributes:
        definitions: kind -> its whole content, for kinds that change.
        told: in words; `kept` is what stays although the snapshot says otherwise.
        touched: whose place in the roster changes since when, the earliest first.
    """

    definitions: Mapping[str, Definition]
    told: tuple[str, ...]
    kept: tuple[str, ...]
    touched: tuple[Touched, ...]

    def before(self, closed: date | None) -> tuple[Touched, ...]:
        """Return those that change days of closed periods; `closed` is the first open day."""
        return tuple(one for one in self.touched if closed is not None and one.since < closed)


def changes(
    draft: Draft,
    bundle: Bundle,
    people: Mapping[str, PersonRow],
    day: date,
    *,
    is_whole: bool = False,
) -> Changes:
    """Return what a snapshot of a day changes.

    Args:
        draft: the snapshot, by a mapping of people.
        people: the person table.
        is_whole: whoever is missing has left, however many.

    Raises:
        Cut: too many are missing.
    """
    known = {row.rep_id: row for row in people.values() if not row.erased}
    snapshot = _under_known_ids(draft, known.values())
    missing = _leavers(snapshot, bundle.roster, known, day)
    leavers = [] if draft.problems else missing
    _refuse_a_part(leavers, snapshot, is_whole=is_whole)
    for rep in leavers:
        ended = _open_stint(rep, day).model_copy(update={"valid_to": day})
        snapshot.reps[rep.rep_id] = Rep(rep_id=rep.rep_id, history=(ended,))
    roster = bundle.roster.model_copy(
        update={"reps": tuple(_ended(rep, snapshot) for rep in bundle.roster.reps)}
    )
    there: dict[str, Definition] = {
        "roster": roster,
        "people": People(people=tuple(map(_person, known.values()))),
        "identities": bundle.identities,
        "quotas": bundle.quotas,
    }
    merged = merge(there, snapshot, day)
    _name_as_told(merged, snapshot, there)
    if draft.problems and missing:  # one of them may be a row that could not be read
        merged.kept.append(f"{len(missing)} are missing and stay until every row can be read")
    after = merged.changed.get("roster", roster)
    assert isinstance(after, Roster)
    back = tuple(_returned(rep, snapshot, day, merged) for rep in after.reps)
    after = after.model_copy(update={"reps": back})
    if after != bundle.roster:
        merged.changed["roster"] = after
    return Changes(
        merged.changed,
        tuple(merged.added),
        tuple(note for note in merged.kept if ": name differs" not in note),
        tuple(sorted(_touched(bundle.roster, after), key=lambda t: (t.since, t.rep_id))),
    )


def first_difference(old: Iterable[Stint], new: Iterable[Stint]) -> date | None:
    """Return the first day on which somebody's place is another one; None: it never is.

    >>> s = Stint(valid_from=date(2026, 1, 1), team_id="a", time_zone="UTC")
    >>> first_difference([s], [s.model_copy(update={"valid_to": date(2026, 3, 1)})])
    datetime.date(2026, 3, 1)
    """
    before, after = list(old), list(new)
    edges = {s.valid_from for s in (*before, *after)}
    edges |= {s.valid_to or NO_END for s in (*before, *after)}
    return next((day for day in sorted(edges) if _place(before, day) != _place(after, day)), None)


def _place(stints: Iterable[Stint], day: date) -> tuple[object, ...] | None:
    for s in stints:
        if s.valid_from <= day < (s.valid_to or NO_END):
            return s.team_id, s.manager_id, s.role, s.time_zone, s.calendar_id
    return None


def _touched(before: Roster, after: Roster) -> Iterator[Touched]:
    old = {rep.rep_id: rep.history for rep in before.reps}
    for rep in after.reps:
        since = first_difference(old.get(rep.rep_id, ()), rep.history)
        if since is not None:
            yield Touched(rep.rep_id, since)


def _leavers(
    snapshot: Draft, roster: Roster, known: Mapping[str, PersonRow], day: date
) -> list[Rep]:
    return [
        rep
        for rep in roster.reps
        if rep.rep_id not in snapshot.reps
        and rep.rep_id in known
        and known[rep.rep_id].employee_number
        and any(s.valid_from <= day < (s.valid_to or NO_END) for s in rep.history)
    ]


def _ended(rep: Rep, snapshot: Draft) -> Rep:
    """Return a rep without the stints that begin after the day they left, as is known now."""
    now = snapshot.reps.get(rep.rep_id)
    until = now.history[-1].valid_to if now is not None else None
    if until is None or all(s.valid_from < until for s in rep.history):
        return rep
    left = [s for s in rep.history if s.valid_from < until]
    if not left:  # they never began; that cannot be said of somebody with a history
        return rep
    last = max(left, key=lambda stint: stint.valid_from)
    ended = last.model_copy(update={"valid_to": until})
    return Rep(rep_id=rep.rep_id, history=(*(s for s in left if s is not last), ended))


def _returned(rep: Rep, snapshot: Draft, day: date, merged: Merged) -> Rep:
    """Return a rep who is back after they had left, from the day of the snapshot on."""
    last = max(rep.history, key=lambda stint: stint.valid_from)
    now = snapshot.reps.get(rep.rep_id)
    is_here = now is not None and now.history[-1].valid_to is None
    if now is None or not is_here or last.valid_to is None or last.valid_to > day:
        return rep
    merged.added.append(f"rep {rep.rep_id} is back from {day}")
    merged.kept[:] = [note for note in merged.kept if not note.startswith(f"rep {rep.rep_id}:")]
    stint = now.history[-1].model_copy(update={"valid_from": day})
    return Rep(rep_id=rep.rep_id, history=(*rep.history, stint))


def _open_stint(rep: Rep, day: date) -> Stint:
    return next(s for s in rep.history if s.valid_from <= day < (s.valid_to or NO_END))


def _refuse_a_part(leavers: list[Rep], snapshot: Draft, *, is_whole: bool) -> None:
    allowed = max(LEAVERS_FREE, int((len(snapshot.reps) + len(leavers)) * LEAVERS_SHARE_MAX))
    if len(leavers) > allowed and not is_whole:
        names = ", ".join(rep.rep_id for rep in leavers[:10])
        raise Cut(
            f"{len(leavers)} of the roster are missing in a snapshot of {len(snapshot.reps)} "
            f"({names} ...): it was probably cut off. If they all left, pass --whole"
        )


def _name_as_told(merged: Merged, snapshot: Draft, there: Mapping[str, Definition]) -> None:
    """Let names, e-mails and numbers be the snapshot's, where it has them."""
    people = merged.changed.get("people", there["people"])
    assert isinstance(people, People)
    told = []
    for person in people.people:
        new = snapshot.people.get(person.rep_id)
        given = {
            name: value
            for name in ("name", "email", "employee_number")
            if new is not None and (value := getattr(new, name))
        }
        changed = person.model_copy(update=given)
        if changed != person:
            merged.added.append(f"person {person.rep_id}: {', '.join(_differing(person, changed))}")
        told.append(changed)
    after = People(people=tuple(told))
    if after != there["people"]:
        merged.changed["people"] = after


def _differing(before: Person, after: Person) -> Iterator[str]:
    return (name for name in Person.model_fields if getattr(before, name) != getattr(after, name))


def _person(row: PersonRow) -> Person:
    return Person(
        rep_id=row.rep_id, name=row.name, email=row.email, employee_number=row.employee_number,
        locale=row.locale,
    )  # fmt: skip


def _under_known_ids(draft: Draft, known: Iterable[PersonRow]) -> Draft:
    """Return a draft whose people have the rep_ids they have here: by number, else by e-mail."""
    by_number: dict[str, str] = {}
    by_email: dict[str, str] = {}
    for row in known:
        by_number |= {row.employee_number.casefold(): row.rep_id} if row.employee_number else {}
        by_email |= {row.email.casefold(): row.rep_id} if row.email else {}
    ids = {
        person.rep_id: by_number.get(person.employee_number.casefold())
        or by_email.get(person.email.casefold())
        or person.rep_id
        for person in draft.people.values()
    }
    return replace(
        draft,
        reps={ids.get(r, r): _renamed(rep, ids) for r, rep in draft.reps.items()},
        people={
            ids.get(r, r): person.model_copy(update={"rep_id": ids.get(r, r)})
            for r, person in draft.people.items()
        },
        identities={key: _of(identity, ids) for key, identity in draft.identities.items()},
        quotas={q.quota_id: q for q in (_owned(quota, ids) for quota in draft.quotas.values())},
    )


def _renamed(rep: Rep, ids: Mapping[str, str]) -> Rep:
    history = tuple(
        s.model_copy(update={"manager_id": ids.get(s.manager_id, s.manager_id)})
        if s.manager_id
        else s
        for s in rep.history
    )
    return Rep(rep_id=ids.get(rep.rep_id, rep.rep_id), history=history)


def _of(identity: Identity, ids: Mapping[str, str]) -> Identity:
    return identity.model_copy(update={"rep_id": ids.get(identity.rep_id, identity.rep_id)})


def _owned(quota: Quota, ids: Mapping[str, str]) -> Quota:
    owner = ids.get(quota.owner_id, quota.owner_id)
    quota_id = quota.quota_id.replace(f":{quota.owner_id}:", f":{owner}:", 1)
    return quota.model_copy(update={"owner_id": owner, "quota_id": quota_id})
