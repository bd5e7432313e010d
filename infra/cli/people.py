"""`pacesetter people`: who is in the sources but not in the identity map."""

from typing import Annotated

import typer

from infra.cli.reaching import ground, print_json

app = typer.Typer(no_args_is_help=True, help="Users of sources, and whose they are.")


@app.callback()
def _people() -> None:
    """Users of sources, and whose they are."""


@app.command()
def unmapped(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show users whose facts nobody is credited with yet.

    Each comes with a line for identities.yaml: write the rep_id in place of REP, then apply. What
    they did before is credited at once.

    Example: pacesetter people unmapped
    """
    from infra.definitions.showing import table
    from infra.unmapped import unmapped as found

    with ground() as (client, _):
        users = found(client)
    if as_json:
        print_json([{**user._asdict(), "line": user.line()} for user in users])
        return
    if not users:
        typer.echo("Every user with facts is mapped.")
        return
    header = ("SOURCE", "USER", "CALLS", "E-MAILS", "MEETINGS", "DEALS", "SPLITS", "FIRST", "LAST")
    rows = [
        (
            u.source,
            u.user_id or "(none)",
            *u[2:7],
            f"{u.first_at:%Y-%m-%d}",
            f"{u.last_at:%Y-%m-%d}",
        )
        for u in users
    ]
    typer.echo(table(header, rows))
    if lines := [user.line() for user in users if user.line()]:
        typer.echo("\nFor identities.yaml:\n" + "\n".join(lines))
    if any(not user.user_id for user in users):
        typer.echo("\n(none): these facts name no owner; set one in the source.")
