"""A snapshot asked of an HR system, as a file like those that are dropped."""

import os
from datetime import UTC, datetime
from pathlib import Path

from connectors.sources.files.mapping import PeopleMapping
from connectors.sources.files.people import columns_of
from connectors.sources.hr.contract import Call, Snapshot, System
from connectors.sources.hr.folder import HrFolder
from connectors.sources.hr.patience import patient
from connectors.sources.vendors.contract import Denied
from infra.hr.folder import SETTLED


def snapshot(
    system: System, kept: HrFolder, mapping: PeopleMapping, call: Call | None = None
) -> Snapshot:
    """Return everybody a system knows, with what the mapping reads of them.

    Raises:
        BadSource: it is not connected, or not rightly.
        Denied: it does not let us in, or lists nobody.
        Unavailable: it is away for too long.
    """
    found = system.pull(kept.settings(system), columns_of(mapping), call or patient())
    if found.people == 0 or not found.data:
        remedy = "may its user see the employees?"
        raise Denied(f"{system.title} lists nobody", remedy)
    return found


def put(found: Snapshot, system: System, folder: Path, now: datetime) -> Path:
    """Return the file a snapshot is put into, whole and for the owner's eyes."""
    path = folder / f"{system.name}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}{found.suffix}"
    part = path.with_name(f".{path.name}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(found.data)
    old = (now - SETTLED).timestamp()  # it is whole already: nobody has to wait for more of it
    os.utime(part, (old, old))
    part.replace(path)
    return path
