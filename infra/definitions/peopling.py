"""People: the one kind that never enters the log. Pure: what must be written so that names fit."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from infra.definitions.problems import did_you_mean
from schemas.definitions import People, Person


class PersonRow(NamedTuple):
    """One row of spm.person."""

    rep_id: str
    name: str
    email: str
    employee_number: str
    version: int
    erased: int
    locale: str = ""


class PeopleChanges(NamedTuple):
    """What becomes of the table of people.

    Attributes:
        rows: rows to write.
        added, changed: whose they are.
        erased: rep_ids the folder names although they were erased; they stay so.
    """

    rows: tuple[PersonRow, ...] = ()
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    erased: tuple[str, ...] = ()


def people_changes(people: People, there: dict[str, PersonRow], now: datetime) -> PeopleChanges:
    """Return what to write so that the table says what the folder says.

    Whom the folder does not name keeps their row: history needs the name. A version is the instant
    in microseconds, so an erasure that happens after `now` is the newer row and stays.
    """
    version = int(now.timestamp() * 1_000_000)
    rows, added, changed, erased = [], [], [], []
    for person in people.people:
        before = there.get(person.rep_id)
        row = _row(person, version if before is None else max(version, before.version + 1))
        if before is None:
            added.append(person.rep_id)
        elif before.erased:
            erased.append(person.rep_id)
            continue
        elif before._replace(version=row.version) == row:
            continue
        else:
            changed.append(person.rep_id)
        rows.append(row)
    return PeopleChanges(tuple(rows), tuple(added), tuple(changed), tuple(erased))


def _row(person: Person, version: int) -> PersonRow:
    return PersonRow(person.rep_id, person.name, person.email.lower(), person.employee_number,
                     version, 0, person.locale)  # fmt: skip


def find_rep(wanted: str, people: Mapping[str, PersonRow], reps: Iterable[str]) -> str:
    """Return the rep_id somebody means by a rep_id, a name or the unmistakable part of one.

    Raises:
        LookupError: nobody or several are meant; the message says who.
    """
    reps = set(reps)
    if wanted in reps:
        return wanted
    names = {rep_id: people[rep_id].name if rep_id in people else "" for rep_id in reps}
    low = wanted.casefold()
    exact = [r for r, name in names.items() if name.casefold() == low]
    near = exact or sorted(
        r for r, n in names.items() if low in n.casefold() or low in r.casefold()
    )
    if len(near) == 1:
        return near[0]
    if near:
        raise LookupError(f"{wanted!r} may be {', '.join(near)}; write the rep_id")
    words = [*reps, *filter(None, names.values())]
    raise LookupError(
        f"no rep is {wanted!r}; {did_you_mean(wanted, words, 'see `definitions show roster`')}"
    )
