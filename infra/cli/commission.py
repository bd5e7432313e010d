"""`pacesetter commission explain`: from the cent back to the events.

Exit codes: 0 all of it checks, 1 something differs or is not there, 2 wrong usage, 3 the warehouse
is away.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.reaching import WRONG, ground, print_json
from infra.cli.statement import AsOf

if TYPE_CHECKING:
    from infra.statements.explaining import Explained

app = typer.Typer(no_args_is_help=True, help="Commissions: explain an entry, or all of a period.")


@app.callback()
def _group() -> None:
    """Keep `explain` a word of its own while it is the only command."""


@app.command()
def explain(
    entry: Annotated[str, typer.Option("--entry", help="An entry's id, or its beginning.")] = "",
    *,
    rep: Annotated[str, typer.Option("--rep", help="A rep_id, or a name or part of it.")] = "",
    period: Annotated[str, typer.Option("--period", help="2026-Q1, 2026-03, 2026.")] = "",
    as_of: AsOf = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Explain entries of the ledger: tiers, credit, deal record, plan revision, and if it checks.

    Each is computed afresh from the credits below it under the definitions that were in force
    there; what people and pay runs made, by doing the run again for the payee. The last line says
    whether that is what was posted. With a person's own token the trace alone is checked: storage
    is not theirs to read.

    Examples: pacesetter commission explain --entry 3fa29c,
    pacesetter commission explain --rep dana --period 2026-Q1 --as-of 2026-03-15 --json
    """
    from infra.statements.explaining import plain, told

    if bool(entry) == bool(rep and period):
        raise typer.BadParameter("name --entry, or --rep and --period")
    with ground() as (client, _):
        found = _explained(client, entry, rep, period, as_of)
    if as_json:
        print_json([plain(one) for one in found])
    else:
        typer.echo("\n\n".join(map(told, found)) or "nothing was posted in this period")
    raise typer.Exit(0 if all(one.checks for one in found) else WRONG)


def _explained(client: Any, entry: str, rep: str, period: str, as_of: str) -> "list[Explained]":
    from infra.statements.explaining import explained
    from infra.statements.making import instant_of, period_of
    from infra.statements.reading import Ledger

    company = Ledger(client).company()
    try:
        ledger = Ledger(client, instant_of(as_of, company) if as_of else None)
        if entry:
            return explained(client, ledger, [ledger.entry(entry)])
        span = period_of(period, company, datetime.now(UTC))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    lines = ledger.statement(*ledger.find(rep), span).lines
    return explained(client, ledger, [line.entry for line in lines])
