"""`pacesetter people map`: users of sources put into the identity map."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.reaching import WRONG, fail, ground, print_json

if TYPE_CHECKING:
    from infra.definitions.applying import Applied
    from schemas.definitions import Identity

_NOT_BOTH = "name SOURCE, USER and REP, or pass --matching"


def map_(
    source: Annotated[str, typer.Argument(help="The source, as records name it.")] = "",
    user: Annotated[str, typer.Argument(help="The user's id there.")] = "",
    rep: Annotated[str, typer.Argument(help="A rep_id, or a name or part of it.")] = "",
    *,
    matching: Annotated[
        bool, typer.Option("--matching", help="All whose e-mail or employee number is known.")
    ] = False,
    directory: Annotated[
        Path | None, typer.Option(help="With --matching: CSV of SOURCE's users: user_id, email ...")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Also if the user is another rep's until now.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Write it into identities.yaml of this folder, too.")
    ] = None,
    author: Annotated[str, typer.Option(help="Default: git's user.name, else $USER.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say whose numbers would change by how much.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Say whose a user of a source is. All they ever did there is that rep's from now on.

    It is a revision of the identity map, as if identities.yaml had been applied; keep that file
    true with --folder, or the next apply takes it back.

    Examples: pacesetter people map salesforce 005A1 dana,
    pacesetter people map aircall --matching --dry-run,
    pacesetter people map salesforce --matching --directory users.csv --folder definitions
    """
    from infra import mapping
    from infra.cli import effects
    from infra.cli.payroll import author_of

    if matching == bool(user or rep) or (user and not rep):
        raise typer.BadParameter(_NOT_BOTH)
    if directory and not source:
        raise typer.BadParameter("name the source that the list is of")
    who = author_of(author)
    with ground() as (client, log):
        one = None if matching else (source, user, rep)
        found = _named(client, *one) if one else _certain(client, source, directory)
        if not found:
            typer.echo("Nobody is certain; see `pacesetter people unmapped`.")
            return
        new = [identity for identity, _ in found]
        note = f"{len(new)} users mapped" if len(new) > 1 else _told(new[0])
        try:
            done = mapping.apply(client, log, new, who, note, replace=replace, dry_run=dry_run)
        except mapping.Taken as taken:
            fail(str(taken), WRONG)
        changed = effects.computed(client, done, "month") if dry_run else None
    written = [] if dry_run or folder is None else _written(folder, new)
    if as_json:
        print_json(_plain(found, done, dry_run=dry_run) | effects.as_json(changed))
        return
    for identity, why in found:
        typer.echo(f"{_told(identity)}{': ' + why if why else ''}")
    if dry_run:
        typer.echo(f"Nothing is written.{effects.as_text(changed)}")
        return
    typer.echo(f"In force with sequence {done.sequence}.")
    for path in written:
        typer.echo(f"Wrote {path}.")
    if folder is None:
        typer.echo("For identities.yaml:\n" + "\n".join(map(_line, new)))


def _certain(client: Any, source: str, directory: Path | None) -> "list[tuple[Identity, str]]":
    from infra import mapping
    from infra.matching import BadDirectory
    from infra.matching import directory as read

    try:
        users = read(directory) if directory else None
    except BadDirectory as error:
        fail(str(error), WRONG)
    return mapping.certain(client, users, source)


def _named(client: Any, source: str, user: str, rep: str) -> "list[tuple[Identity, str]]":
    from infra.definitions.peopling import find_rep
    from infra.definitions.stored import Stored
    from schemas.definitions import Identity

    stored = Stored(client)
    reps = [one.rep_id for one in stored.in_force().bundle().roster.reps]
    rep_id = find_rep(rep, stored.people(), reps)
    return [(Identity(source=source, user_id=user, rep_id=rep_id), "")]


def _written(folder: Path, new: "list[Identity]") -> list[Path]:
    from connectors.sources.files.people_folder import existing_in, write
    from schemas.definitions import Identities

    before = existing_in(folder, ("identities",)).get("identities")
    there = before.identities if isinstance(before, Identities) else ()
    every = {(i.source, i.user_id): i for i in (*there, *new)}
    return write(folder, {"identities": Identities(identities=tuple(every.values()))})


def _told(identity: "Identity") -> str:
    return f"{identity.source} {identity.user_id} is {identity.rep_id}"


def _line(identity: "Identity") -> str:
    import json

    source, user, rep = (
        json.dumps(text, ensure_ascii=False)
        for text in (identity.source, identity.user_id, identity.rep_id)
    )
    return f"  - {{source: {source}, user_id: {user}, rep_id: {rep}}}"


def _plain(
    found: "list[tuple[Identity, str]]", done: "Applied", *, dry_run: bool
) -> dict[str, Any]:
    return {
        "mapped": [{**identity.model_dump(), "why": why} for identity, why in found],
        "sequence": done.sequence,
        "dry_run": dry_run,
    }
