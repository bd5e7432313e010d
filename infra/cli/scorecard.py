"""`pacesetter scorecard show`: points for leading indicators, today and in the period."""

from typing import Annotated

import typer

app = typer.Typer(
    help="Points for leading indicators: daily targets, weights, scores.", no_args_is_help=True
)


@app.callback()
def _group() -> None:
    """Points for leading indicators: daily targets, weights, scores."""


@app.command("show")
def show(
    *,
    rep: Annotated[str, typer.Option("--rep", help="A rep_id, or part of a name.")] = "",
    team: Annotated[str, typer.Option("--team", help="A team_id; all teams below it, too.")] = "",
    day: Annotated[str, typer.Option(help="2026-11-20; absent: today.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show the scores of one rep or team, or of the whole company (the default).

    A group has two readings. Of all members on duty: nobody's work can lower it. Of contributors
    only: somebody's first event brings their whole target with it and may lower it; the number of
    contributors in brackets rises with it.

    Examples:
    `pacesetter scorecard show --rep dana`,
    `pacesetter scorecard show --team emea --json`
    """
    from infra.cli.reaching import ground, print_json
    from infra.definitions.stored import Stored
    from infra.forecasting.showing import asked
    from infra.scorecards.showing import plain, scored, told

    if rep and team:
        raise typer.BadParameter("name one of --rep and --team")
    chosen = ("REP", rep) if rep else ("TEAM", team) if team else None
    with ground() as (client, _):
        subject, name, on = asked(client, chosen, day)
        bundle = Stored(client).in_force().bundle()
        found = list(scored(client, bundle, on, rep_id=subject[1] if rep else "", team_id=team))
    if as_json:
        print_json({"subject_kind": subject[0], "subject_id": subject[1], "name": name,
                    "scorecards": [plain(one) for one in found]})  # fmt: skip
    elif found:
        typer.echo(told(name, found))
    else:
        typer.echo(f"no scorecard scores {name} on {on}; see `pacesetter definitions show "
                   "scorecards`")  # fmt: skip
