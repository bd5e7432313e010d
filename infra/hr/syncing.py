"""A file of the HR system put in force: read, compared, held for approval or applied."""

import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from connectors.sources.files.mapping import PeopleMapping
from connectors.sources.files.people import Draft, people_of
from connectors.sources.files.picking import Columns
from connectors.sources.files.rows import opened
from infra.definitions.applying import Applied, apply_folder
from infra.definitions.log import DefinitionLog
from infra.definitions.stored import Stored
from infra.hr.snapshots import Changes, Touched, changes
from schemas.payroll import closed_through


@dataclass(frozen=True, slots=True)
class Synced:
    """What became of a snapshot.

    Attributes:
        applied: what was put in force, or with a dry run would be; None: it is held, or changes
            nothing.
        held: whose place changes on days of closed periods, and nobody approved it.
    """

    draft: Draft
    changes: Changes
    day: date
    held: tuple[Touched, ...] = ()
    applied: Applied | None = None


def sync(
    file: Path,
    mapping: PeopleMapping,
    client: Any,
    log: DefinitionLog,
    *,
    author: str,
    now: datetime,
    day: date | None = None,
    approver: str = "",
    is_whole: bool = False,
    dry_run: bool = False,
) -> Synced:
    """Return what became of a snapshot. One that was taken already changes nothing.

    Args:
        day: of the snapshot; None: today where the company is.
        approver: who lets closed periods change, not the author; their pay stays, differences fall
            into the first open period.

    Raises:
        BadFile, MissingColumns: the file cannot be read, or does not fit the mapping.
        Cut: too many are missing.
        Refused, LogError, MovedOn, Lost: as `apply_folder`.
    """
    stored = Stored(client)
    bundle, people = stored.in_force().bundle(), stored.people()
    day = day or now.astimezone(ZoneInfo(bundle.company.time_zone)).date()
    draft = read(file, mapping, {row.name: row.rep_id for row in people.values() if not row.erased})
    found = changes(draft, bundle, people, day, is_whole=is_whole)
    held = found.before(closed_through(bundle))
    if not found.definitions or (held and not approver and not dry_run):
        return Synced(draft, found, day, held)
    note = f"HR snapshot {file.name} of {day}" + (f", approved by {approver}" if held else "")
    with tempfile.TemporaryDirectory(prefix="people-") as folder:
        for kind, value in found.definitions.items():
            text = value.model_dump_json(exclude_none=True)
            Path(folder, f"{kind}.yaml").write_text(text, "utf-8")
        applied = apply_folder(
            Path(folder), author=author, note=note, client=client, log=log,
            now=datetime.now(UTC), dry_run=dry_run,
        )  # fmt: skip
    return Synced(draft, found, day, held, applied)


def read(file: Path, mapping: PeopleMapping, known: dict[str, str]) -> Draft:
    """Return the people of a file."""
    rows = opened(file, mapping.file)
    try:
        return people_of(rows, Columns(rows.header, mapping.file), mapping, known)
    finally:
        rows.close()
