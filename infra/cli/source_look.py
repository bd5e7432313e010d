"""Looking at a source before trusting it: its check, ten records before and after, its users."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.reaching import WRONG, fail, print_json
from infra.cli.source_acts import read_source

if TYPE_CHECKING:
    from connectors.sources.runtime.folder import Sources

Name = Annotated[str, typer.Argument(help="The source, as `source list` shows it.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
SHOWN = 10


def check(name: Name, as_json: Json = False) -> None:
    """Check a source: its mapping line by line, its settings, and with a real call its permissions.

    Exit code 1: something has to be changed. Example: pacesetter source check salesforce
    """
    from infra.cli.source_add import tell
    from infra.sources.looking import findings

    sources, source = read_source(name)
    found = findings(sources, source)
    if as_json:
        print_json([one._asdict() for one in found])
    else:
        tell(found)
    if not all(one.ok for one in found):
        raise typer.Exit(WRONG)


def preview(
    name: Name,
    thing: Annotated[
        str, typer.Argument(metavar="OBJECT", help="The vendor's object; absent: the first.")
    ] = "",
    *,
    count: Annotated[int, typer.Option(min=1, max=100, help="How many records.")] = SHOWN,
    as_json: Json = False,
) -> None:
    """Show real records of the vendor before and after mapping; nothing is sent.

    Edit mapping.yaml and look again until it is right. Example: pacesetter source preview hubspot
    deals
    """
    from connectors.sources.files.reading_mapping import BadMapping
    from connectors.sources.runtime.folder import BadSource
    from connectors.sources.vendors.contract import Denied, Unavailable
    from infra.sources.looking import previews, shown

    sources, source = read_source(name)
    try:
        found = previews(sources, source, thing, count)
    except (BadMapping, BadSource, Unavailable) as error:
        fail(str(error), WRONG)
    except Denied as error:
        fail(f"{error}; {error.remedy}", WRONG)
    if as_json:
        print_json([one._asdict() for one in found])
        return
    if not found:
        typer.echo("The vendor shows no record.")
    for one in found:
        typer.echo("\n".join(shown(one)) + "\n")


def users(
    name: Name,
    *,
    out: Annotated[
        Path | None, typer.Option(help="Write them as CSV: user_id, name, email, employee_number.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the vendor's users, and whose they are by e-mail or employee number.

    Lines for identities.yaml come with them. Example: pacesetter source users hubspot
    """
    from connectors.sources.runtime.folder import BadSource
    from connectors.sources.vendors.contract import Denied, Unavailable
    from infra.definitions.showing import table
    from infra.sources.users import lines, matched, people, users_of, written

    sources, source = read_source(name)
    try:
        found = users_of(sources, source)
    except (BadSource, Unavailable) as error:
        fail(str(error), WRONG)
    except Denied as error:
        fail(f"{error}; {error.remedy}", WRONG)
    if out is not None:
        out.write_text(written(found), "utf-8")
    pairs = matched(found, people())
    if as_json:
        print_json([{**user._asdict(), "rep_id": rep} for user, rep in pairs])
        return
    rows = [
        (u.user_id, u.name or "", u.email or "", u.employee_number or "",
         "" if u.is_active else "left", rep or "")
        for u, rep in pairs
    ]  # fmt: skip
    header = ("USER", "NAME", "E-MAIL", "NUMBER", "", "PERHAPS")
    typer.echo(table(header, rows) if rows else "The vendor names no users.")
    if any(rep for _, rep in pairs):
        typer.echo("\nFor identities.yaml:\n" + "\n".join(lines(name, pairs)))


def refuse_bad_mapping(sources: "Sources", name: str) -> None:
    """End the command if a source's mapping cannot be used."""
    from connectors.sources.files.reading_mapping import BadMapping
    from connectors.sources.vendors.mapping import load

    try:
        load(sources.mapping_path(name), name)
    except BadMapping as error:
        fail(str(error), WRONG)
