"""People: the one kind that never enters the log. Pure: what must be written so that names fit."""

from datetime import datetime
from typing import NamedTuple

from schemas.definitions import People, Person


class PersonRow(NamedTuple):
    """One row of spm.person."""

    rep_id: str
    name: str
    email: str
    employee_number: str
    version: int
    erased: int


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
        elif before[:4] == row[:4]:
            continue
        else:
            changed.append(person.rep_id)
        rows.append(row)
    return PeopleChanges(tuple(rows), tuple(added), tuple(changed), tuple(erased))


def _row(person: Person, version: int) -> PersonRow:
    return PersonRow(person.rep_id, person.name, person.email.lower(), person.employee_number,
                     version, 0)  # fmt: skip
