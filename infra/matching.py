"""Whose a source's user is: by what the person table knows of people. Pure.

An e-mail or an employee number that one person alone has is certain; all else is left to people.
"""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from infra.definitions.peopling import PersonRow
from schemas.definitions import Identity

_USER = ("user_id", "id", "user id", "userid")
_EMAIL = ("email", "e-mail", "mail", "work email")
_NUMBER = ("employee_number", "employeenumber", "employee number", "employee_id")


class Match(NamedTuple):
    """A rep a user may be, and why."""

    rep_id: str
    why: str


class Known(NamedTuple):
    """What a source's own list of users says of one, beside the id."""

    email: str = ""
    employee_number: str = ""


class BadDirectory(ValueError):
    """A list of users cannot be read; str() says why."""


class Matching:
    """Finds reps by e-mail and employee number."""

    def __init__(self, people: Iterable[PersonRow], identities: Iterable[Identity]) -> None:
        there = [person for person in people if not person.erased]
        self._emails = _only((p.email.casefold(), p.rep_id) for p in there)
        self._numbers = _only((p.employee_number.casefold(), p.rep_id) for p in there)
        self._elsewhere = _only((i.user_id.casefold(), i.rep_id) for i in identities)

    def of(self, user_id: str, known: Known | None = None) -> Match | None:
        """Return the rep a user certainly is; None: nobody can tell."""
        told = known or Known()
        for email in (told.email, user_id):
            if rep := self._emails.get(email.strip().casefold()):
                return Match(rep, f"has the e-mail {email.strip()}")
        for number in (told.employee_number, user_id):
            if rep := self._numbers.get(number.strip().casefold()):
                return Match(rep, f"has the employee number {number.strip()}")
        return None

    def guess(self, user_id: str, known: Known | None = None) -> Match | None:
        """Return the rep a user is or probably is."""
        if certain := self.of(user_id, known):
            return certain
        rep = self._elsewhere.get(user_id.casefold())
        return Match(rep, "is this user in another source") if rep else None


def directory(path: Path) -> dict[str, Known]:
    """Return a source's users by their id, from a CSV file with their e-mails or numbers.

    Raises:
        BadDirectory: the file cannot be read or has no such columns.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadDirectory(f"{path}: cannot be read ({error})") from None
    heads = {name.strip().casefold(): name for name in (rows[0] if rows else {}) if name}
    user, email, number = (
        next((heads[name] for name in names if name in heads), None)
        for names in (_USER, _EMAIL, _NUMBER)
    )
    if user is None or (email is None and number is None):
        raise BadDirectory(
            f"{path}: needs a column {_USER[0]}, and {_EMAIL[0]} or {_NUMBER[0]}; "
            f"it has {', '.join(heads) or 'nothing'}"
        )
    return {
        row[user].strip(): Known((row[email] or "") if email else "",
                                 (row[number] or "") if number else "")
        for row in rows if (row[user] or "").strip()
    }  # fmt: skip


def _only(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Return what belongs to one rep alone; what several have tells nothing."""
    found: dict[str, set[str]] = {}
    for key, rep_id in pairs:
        if key:
            found.setdefault(key, set()).add(rep_id)
    return {key: next(iter(reps)) for key, reps in found.items() if len(reps) == 1}
