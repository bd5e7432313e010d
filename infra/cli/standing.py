"""`pacesetter rep ...` and `pacesetter team show`: where somebody stands, in the terminal."""

from datetime import date, datetime
from typing import Annotated

import typer

from infra.cli import achievements
from infra.cli.reaching import ground, print_json

AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], help="The end of this day. Default: now."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def register(root: typer.Typer) -> None:
    """Add the commands."""
    reps = typer.Typer(help="Where a rep stands, and what they have earned.", no_args_is_help=True)
    reps.command("show")(rep_show)
    achievements.register(reps)
    teams = typer.Typer(help="Where a team stands.", no_args_is_help=True)
    teams.command("show")(team_show)
    teams.callback()(_group)
    root.add_typer(reps, name="rep", rich_help_panel="Look at it")
    root.add_typer(teams, name="team", rich_help_panel="Look at it")


def rep_show(
    rep: Annotated[str, typer.Argument(help="A rep_id, or a name or part of it.")],
    *,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Show a rep's numbers of today and, for every quota: attained, due, pace, gap, needed per day.

    Example: pacesetter rep show dana --as-of 2026-09-30
    """
    from infra.definitions.peopling import find_rep
    from infra.definitions.stored import Stored
    from infra.standing import telling
    from infra.standing.reading import Views

    with ground() as (client, _):
        stored = Stored(client)
        roster = stored.in_force().bundle().roster
        rep_id = find_rep(rep, stored.people(), (r.rep_id for r in roster.reps))
        told = Views(client, _day(as_of)).rep(rep_id)
    print_json(telling.as_json(told)) if as_json else typer.echo(telling.text(told))


def team_show(
    team: Annotated[str, typer.Argument(help="A team_id, or a name or part of it.")],
    *,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Show where a team and each of its members stand; teams below it are part of it.

    What a rep brings counts for the team they were in on the day.

    Example: pacesetter team show emea --json
    """
    from infra.standing import telling
    from infra.standing.reading import Views

    with ground() as (client, _):
        told = Views(client, _day(as_of)).team(team)
    print_json(telling.as_json(told)) if as_json else typer.echo(telling.text(told))


def _group() -> None:
    """Keep `show` a word of its own while it is the only command."""


def _day(as_of: datetime | None) -> date | None:
    return as_of.date() if as_of else None
