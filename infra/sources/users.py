"""The vendor's users, and whose they may be."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import NamedTuple

from connectors.sources.runtime.folder import BadSource, Source, Sources, vendor_named
from connectors.sources.vendors.contract import User


class Known(NamedTuple):
    """A person of the company."""

    rep_id: str
    email: str
    employee_number: str


def users_of(sources: Sources, source: Source) -> list[User]:
    """Return everybody the vendor knows.

    Raises:
        BadSource: it cannot be asked. Denied, Unavailable: as they are met.
    """
    vendor = vendor_named(source)
    if vendor.client is None:
        raise BadSource(f"{vendor.title} cannot be asked; see `pacesetter people unmapped`")
    with closing(vendor.client(sources.settings(source))) as client:
        return list(client.users())


def people() -> list[Known]:
    """Return the people of the company; nobody when the warehouse is away."""
    from infra.definitions import connecting  # noqa: PLC0415 - slow to import
    from infra.local.found import found_settings  # noqa: PLC0415

    try:
        client = connecting.warehouse(found_settings())
    except connecting.Unreachable:
        return []
    sql = "SELECT rep_id, lower(email), employee_number FROM spm.person FINAL WHERE erased = 0"
    return [Known(*row) for row in client.query(sql).result_rows]


def matched(users: Iterable[User], known: Sequence[Known]) -> list[tuple[User, str | None]]:
    """Return each user with the one person who has its e-mail, else its employee number."""
    by_email = _unique((one.email, one.rep_id) for one in known)
    by_number = _unique((one.employee_number, one.rep_id) for one in known)
    return [
        (
            user,
            by_email.get((user.email or "").strip().lower())
            or by_number.get((user.employee_number or "").strip()),
        )
        for user in users
    ]


def lines(source: str, pairs: Iterable[tuple[User, str | None]]) -> list[str]:
    """Return lines of identities.yaml for users that are known to be somebody."""
    return [
        f"  - {{source: {json.dumps(source)}, user_id: {json.dumps(user.user_id)}, rep_id: {rep}}}"
        for user, rep in pairs
        if rep
    ]


def written(users: Iterable[User]) -> str:
    """Return users as CSV, as `people unmapped --directory` reads it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("user_id", "name", "email", "employee_number"))
    writer.writerows((u.user_id, u.name or "", u.email or "", u.employee_number or "")
                     for u in users)  # fmt: skip
    return out.getvalue()


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return what is one person's alone; two with one address are nobody's."""
    found: dict[str, set[str]] = {}
    for key, rep in pairs:
        if key:
            found.setdefault(key, set()).add(rep)
    return {key: next(iter(reps)) for key, reps in found.items() if len(reps) == 1}
