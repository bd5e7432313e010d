"""`pacesetter token`: who may stand at which door.

A token is printed once, when it is made. Its digest alone is kept, in principals.json of the data
folder, which every door reads; a revoked one stops working at once.
"""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from schemas.principals import Role

if TYPE_CHECKING:
    from connectors.principals import PrincipalFile

WRONG = 1

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
app = typer.Typer(no_args_is_help=True, help="Tokens: create, list, revoke.")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who holds it, such as dana or lobby-screen.")],
    *,
    role: Annotated[Role, typer.Option(help="What it may do.")],
    rep: Annotated[str, typer.Option(help="rep_id whose rows a rep or manager starts from.")] = "",
    source: Annotated[str, typer.Option(help="Source a source may speak for.")] = "",
    replace: Annotated[
        bool, typer.Option(help="The older token of the name stops working.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a token and print it, this once.

    Roles: service (the pipeline itself), source (sends events of one source), finance (reads all,
    everybody's pay included), analyst (all but pay), manager and rep (read their own and what is
    below them, pay included), display (boards only).

    Example: pacesetter token create dana --role manager --rep hp-08
    """
    from schemas.principals import Principal

    _check(name, role, rep, source)
    file = _file()
    if not replace and any(p.name == name for p in file.everyone()):
        raise typer.BadParameter(f"{name} has a token; revoke it, or add --replace")
    token = file.add(Principal(name, role, rep or None, source or None))
    if as_json:
        typer.echo(json.dumps({"name": name, "role": role, "token": token}))
    else:
        typer.echo(token)
        typer.echo("Keep it now: it cannot be shown again.", err=True)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List everybody with a token; never the tokens.

    Example: pacesetter token list
    """
    from dataclasses import asdict

    from infra.definitions.showing import table

    everyone = _file().everyone()
    if as_json:
        typer.echo(json.dumps([asdict(p) for p in everyone], indent=2))
    elif not everyone:
        typer.echo("Nobody has a token. Make one: pacesetter token create NAME --role ROLE")
    else:
        rows = [(p.name, p.role, p.rep_id or "", p.source or "") for p in everyone]
        typer.echo(table(("NAME", "ROLE", "REP", "SOURCE"), rows))


@app.command()
def revoke(name: Annotated[str, typer.Argument(help="Whose token stops working.")]) -> None:
    """Take somebody's token away, at once.

    Example: pacesetter token revoke lobby-screen
    """
    from infra.definitions.problems import did_you_mean

    file = _file()
    names = [p.name for p in file.everyone()]
    if name not in names:
        typer.echo(
            f"nobody is called {name}; {did_you_mean(name, names, 'see token list')}", err=True
        )
        raise typer.Exit(WRONG)
    file.remove(name)
    typer.echo(f"{name} has no token any more.")


def _check(name: str, role: Role, rep: str, source: str) -> None:
    if not name.strip() or name != name.strip():
        raise typer.BadParameter("give a name without spaces around it", param_hint="NAME")
    needs_rep, needs_source = role in {Role.REP, Role.MANAGER}, role is Role.SOURCE
    if needs_rep != bool(rep):
        problem = "is needed: whose rows?" if needs_rep else f"means nothing for {role}"
        raise typer.BadParameter(problem, param_hint="--rep")
    if needs_source != bool(source):
        problem = "is needed: which source?" if needs_source else f"means nothing for {role}"
        raise typer.BadParameter(problem, param_hint="--source")


def _file() -> "PrincipalFile":
    from connectors.principals import PrincipalFile
    from infra.local.found import found_settings
    from infra.local.secrets import principals_path

    return PrincipalFile(principals_path(found_settings().data_dir))
