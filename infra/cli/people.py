"""`pacesetter people`: who is in the sources but not in the identity map."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli import people_connect, people_feed, people_map
from infra.cli.reaching import WRONG, fail, ground, print_json

if TYPE_CHECKING:
    from infra.matching import Match
    from infra.unmapped import Unmapped

app = typer.Typer(no_args_is_help=True, help="Users of sources, and whose they are.")
app.command(name="map")(people_map.map_)
app.command()(people_connect.connect)
app.command()(people_feed.sync)
app.command()(people_feed.watch)


@app.command()
def unmapped(
    *,
    source: Annotated[str, typer.Option(help="Only users of this source.")] = "",
    directory: Annotated[
        Path | None, typer.Option(help="CSV of that source's users: user_id, email ...")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show users whose facts nobody is credited with yet, and who they may be.

    A suggestion comes from the e-mail or the employee number in people.yaml, or from the same user
    in another source. `people map` puts users into the identity map: what they did before is
    credited at once.

    Examples: pacesetter people unmapped,
    pacesetter people unmapped --source salesforce --directory users.csv
    """
    from infra.mapping import suggested
    from infra.matching import BadDirectory
    from infra.matching import directory as read

    try:
        users = read(directory) if directory else None
    except BadDirectory as error:
        fail(str(error), WRONG)
    with ground() as (client, _):
        found = suggested(client, users, source)
    if as_json:
        print_json([_plain(user, match) for user, match in found])
    else:
        _show(found)


def _plain(user: "Unmapped", match: "Match | None") -> dict[str, Any]:
    told = match._asdict() if match else None
    return {**user._asdict(), "line": user.line(), "suggested": told}


def _show(found: "list[tuple[Unmapped, Match | None]]") -> None:
    from infra.definitions.showing import table

    if not found:
        typer.echo("Every user with facts is mapped.")
        return
    header = ("SOURCE", "USER", "CALLS", "E-MAILS", "MEETINGS", "DEALS", "SPLITS", "FIRST", "LAST",
              "PERHAPS", "BECAUSE IT")  # fmt: skip
    rows = [
        (u.source, u.user_id or "(none)", *u[2:7], f"{u.first_at:%Y-%m-%d}",
         f"{u.last_at:%Y-%m-%d}", match.rep_id if match else "", match.why if match else "")
        for u, match in found
    ]  # fmt: skip
    typer.echo(table(header, rows))
    if lines := [user.line() for user, _ in found if user.line()]:
        typer.echo("\nFor identities.yaml:\n" + "\n".join(lines))
    if any(match for _, match in found):
        typer.echo("\nTo map all that are certain: pacesetter people map --matching --dry-run")
    if any(not user.user_id for user, _ in found):
        typer.echo("\n(none): these facts name no owner; set one in the source.")
