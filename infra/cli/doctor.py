"""`pacesetter doctor`: what keeps an installation from running well, and the remedy."""

import json
from typing import Annotated

import typer


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command(rich_help_panel="Look after it")(doctor)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Examine this machine and this installation; say what is wrong and what to do about it.

    Looks at: Python and extras, Java if Apache Kafka is chosen, ports, the data folder and who
    holds it, disk, broker, warehouse, clocks, tables, definitions, unknown settings.

    Exits with 1 when something is wrong.
    """
    from infra.local.examination import Level, examine
    from infra.local.found import found_settings

    findings = examine(found_settings())
    if as_json:
        typer.echo(json.dumps([finding.as_json() for finding in findings], indent=1))
    else:
        for finding in findings:
            typer.echo(str(finding))
    raise typer.Exit(1 if any(finding.level is Level.WRONG for finding in findings) else 0)
