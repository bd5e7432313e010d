"""`pacesetter source`: the company's own systems feed it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli import source_acts, source_add, source_look, source_singer, source_tables
from infra.cli.reaching import print_json

if TYPE_CHECKING:
    from connectors.sources.runtime.folder import Sources

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
app = typer.Typer(
    no_args_is_help=True,
    help="CRMs, dialers, calendars: add one, see how it does, map it anew, remove it.",
)
app.command("add")(source_add.add)
app.command("secret")(source_add.secret)
app.command("remove")(source_add.remove)
app.command("check")(source_look.check)
app.command("preview")(source_look.preview)
app.command("users")(source_look.users)
app.command("tables")(source_tables.tables)
app.command("pause")(source_acts.pause)
app.command("resume")(source_acts.resume)
app.command("backfill")(source_acts.backfill)
app.command("reconcile")(source_acts.reconcile)
app.command("replay")(source_acts.replay)
app.command("singer")(source_singer.singer)


def folder() -> "Sources":
    """Return the sources of the installation that runs here, else of the settings."""
    from infra.local.found import found_settings
    from infra.sources.standing_on import sources_of

    return sources_of(found_settings())


@app.command()
def vendors(as_json: Json = False) -> None:
    """List the systems that can be added, and what each tells of.

    Example: pacesetter source vendors
    """
    from connectors.sources.vendors.registry import VENDORS, vendor
    from infra.definitions.showing import table

    every, lacking = [], []
    for name in sorted(VENDORS):
        try:
            every.append(vendor(name))
        except KeyError as error:
            lacking.append(str(error.args[0]))
    if as_json:
        print_json([_vendor(one) for one in every])
        return
    rows = [
        (one.name, one.title, "yes" if one.hook else "no", "yes" if one.client else "no",
         ", ".join(one.objects))
        for one in every
    ]  # fmt: skip
    typer.echo(table(("NAME", "SYSTEM", "PUSHES", "IS ASKED", "OBJECTS"), rows))
    typer.echo("\n" + "\n".join([*lacking, "Add one: pacesetter source add NAME"]))


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the sources there are.

    Example: pacesetter source list
    """
    from connectors.sources.runtime.running import hook_url
    from infra.definitions.showing import table
    from infra.local.found import found_settings
    from infra.sources.standing import standing

    sources, base = folder(), found_settings().public_url
    every = [standing(sources, sources.read(name)) for name in sources.names()]
    if as_json:
        hooks = {one.name: hook_url(base, one.name) if base else None for one in every}
        print_json([{**one.as_json(), "hook": hooks[one.name]} for one in every])
        return
    if not every:
        typer.echo("There is no source yet. Add one: pacesetter source add salesforce")
        return
    rows = [
        (one.name, one.vendor, one.state, f"{one.events:,}", len(one.troubles or {}) or "",
         hook_url(base, one.name) if base else "")
        for one in every
    ]  # fmt: skip
    typer.echo(table(("NAME", "SYSTEM", "STATE", "EVENTS", "TROUBLES", "HOOK"), rows))


@app.command()
def status(
    name: Annotated[str, typer.Argument(help="A source; empty: all of them.")] = "",
    as_json: Json = False,
) -> None:
    """Show how sources do: lag, last event, listings, errors, what is left of limits.

    Exit code 3: something troubles one of them. Example: pacesetter source status salesforce
    """
    from infra.cli.reaching import AWAY
    from infra.sources.standing import lines, standing

    sources = folder()
    names = [name] if name else sources.names()
    every = [standing(sources, sources.read(one)) for one in names]
    if as_json:
        print_json([one.as_json() for one in every])
    elif not every:
        typer.echo("There is no source yet. Add one: pacesetter source add salesforce")
    else:
        now = datetime.now(UTC)
        typer.echo("\n\n".join("\n".join(lines(one, now)) for one in every))
    if any(one.troubles for one in every):
        raise typer.Exit(AWAY)


@app.command()
def run(
    metrics_port: Annotated[
        int, typer.Option(help="Where Prometheus reads /metrics; 0: nowhere.")
    ] = 0,
) -> None:
    """Run all sources: ask their vendors, hear their streams, map what they say.

    `pacesetter up` starts it once there is a source. Killed at any point it loses nothing and
    doubles nothing. Example: pacesetter source run --metrics-port 18093
    """
    from connectors.sources.runtime.running import Runtime
    from infra.cli.background import in_background, registry_at
    from infra.local.found import found_settings
    from infra.sources.gauges import Gauges
    from infra.sources.standing_on import ground_of

    stop = in_background(nice=5)
    settings = found_settings()
    with ground_of(settings) as ground:
        registry_at(metrics_port).register(Gauges(ground.sources))
        Runtime(ground).run(stop)


def _vendor(one: Any) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": one.title,
        "objects": one.objects,
        "pushes": one.hook is not None,
        "is_asked": one.client is not None,
        "notes": dict(one.notes),
    }
