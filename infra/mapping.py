"""Users of sources put into the identity map: a revision, and no file edited by hand."""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.definitions.applying import Applied, apply_folder
from infra.definitions.log import DefinitionLog
from infra.definitions.stored import Stored
from infra.matching import Known, Match, Matching
from infra.unmapped import Unmapped, unmapped
from schemas.definitions import Identities, Identity


class Taken(ValueError):
    """A user is somebody else's already; str() says whose."""


def matching(stored: Stored) -> Matching:
    """Return what finds reps by the person table and the identity map in force."""
    identities = stored.in_force().bundle().identities.identities
    return Matching(stored.people().values(), identities)


def suggested(
    client: Any, directory: dict[str, Known] | None = None, source: str = ""
) -> list[tuple[Unmapped, Match | None]]:
    """Return users whose facts are nobody's, each with the rep it may be.

    Args:
        directory: what a source's own list says of its users.
        source: the one the list is of; others are left out. Empty: all sources.
    """
    known = matching(Stored(client))
    return [
        (user, known.guess(user.user_id, (directory or {}).get(user.user_id)))
        for user in unmapped(client)
        if source in ("", user.source)
    ]


def certain(
    client: Any, directory: dict[str, Known] | None = None, source: str = ""
) -> list[tuple[Identity, str]]:
    """Return the identities of users with facts that are certain, each with why.

    With a directory, of all its users that the identity map does not know yet.
    """
    stored = Stored(client)
    known = matching(stored)
    mapped = {(i.source, i.user_id) for i in stored.in_force().bundle().identities.identities}
    users = {
        (user.source, user.user_id)
        for user in unmapped(client)
        if user.user_id and source in ("", user.source)
    }
    users |= {(source, user_id) for user_id in directory or ()}
    found = []
    for of, user_id in sorted(users - mapped):
        match = known.of(user_id, (directory or {}).get(user_id))
        if match is not None:
            identity = Identity(source=of, user_id=user_id, rep_id=match.rep_id)
            found.append((identity, match.why))
    return found


def apply(
    client: Any,
    log: DefinitionLog,
    new: Sequence[Identity],
    author: str,
    note: str,
    *,
    replace: bool = False,
    dry_run: bool = False,
) -> Applied:
    """Return what was put in force, or with `dry_run` would be: the identity map with these.

    Args:
        replace: users who are another rep's may become these ones'.

    Raises:
        Taken: a user is another rep's.
        Refused: it makes no sense, or somebody else changed definitions in between.
        LogError, MovedOn, Lost: as `apply_folder`.
    """
    there = {
        (i.source, i.user_id): i for i in Stored(client).in_force().bundle().identities.identities
    }
    for identity in new:
        before = there.get((identity.source, identity.user_id))
        if before is not None and before.rep_id != identity.rep_id and not replace:
            raise Taken(
                f"{identity.source} {identity.user_id} is {before.rep_id}; "
                f"to make them {identity.rep_id}, for all that was and will be, pass --replace"
            )
        there[identity.source, identity.user_id] = identity
    every = Identities(identities=tuple(there.values()))
    with tempfile.TemporaryDirectory(prefix="identities-") as folder:
        Path(folder, "identities.yaml").write_text(every.model_dump_json(), "utf-8")
        return apply_folder(
            Path(folder), author=author, note=note, client=client, log=log,
            now=datetime.now(UTC), dry_run=dry_run,
        )  # fmt: skip
