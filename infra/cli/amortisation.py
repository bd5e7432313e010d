"""`pacesetter amortisation`: what commissions are in the books (ASC 340-40, IFRS 15.91-94).

Exit codes: 0 fine, 1 something is wrong, 2 wrong usage, 3 the warehouse is away.
"""

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from infra.amortisation.showing import Books

Period = Annotated[str, typer.Option("--period", help="A calendar month: 2026-03.")]
Contracts = Annotated[
    Path | None,
    typer.Option(
        "--contracts",
        help="CSV with deal_id, service_start, term_months and, where known, revised_on,"
        " life_months, ended_on.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
app = typer.Typer(
    no_args_is_help=True,
    help="Commission costs in the books: what is an asset, what is charged, journal lines.",
)


@app.command()
def show(
    period: Period,
    *,
    contracts: Contracts = None,
    deal: Annotated[str, typer.Option("--deal", help="A deal's entity id: month by month.")] = "",
    as_json: Json = False,
) -> None:
    """Show what commissions are capitalised, amortised, written off and expensed in a month.

    Computed from the commission ledger and the accounting policies in force (accounting.yaml);
    without a policy everything is an expense as it arises. Figures of a month stay as they are
    once every period of the plans that reaches into it is closed, and are provisional before.

    Events of deals say neither term nor first day of service: those come from --contracts, a row
    per deal and another, with revised_on, each time they are estimated anew; ended_on is the first
    day no longer served. Deals without a row take term_months of the policy, from the day won.

    Examples: pacesetter amortisation show --period 2026-03 --contracts contracts.csv,
    pacesetter amortisation show --period 2026-03 --deal hubspot:deal:77 --json
    """
    from infra.amortisation.showing import plain, told
    from infra.cli.reaching import print_json

    made = _books(period, contracts, deal)
    if as_json:
        print_json(plain(made))
    else:
        typer.echo(told(made, deal))


@app.command()
def write(*, contracts: Contracts = None, as_json: Json = False) -> None:
    """Write the whole schedule into the warehouse, for spm_bi.amortisation.

    Every month of every cost, months to come included, as the ledger, the accounting policies and
    --contracts have it now. Where nothing has changed since, nothing is written; the view then
    keeps its made_at. Run it when a month is closed, or every night; not two at a time.

    Examples: pacesetter amortisation write --contracts contracts.csv,
    pacesetter amortisation write --json
    """
    from datetime import UTC, datetime

    from infra.amortisation import contracts as files
    from infra.amortisation import writing
    from infra.amortisation.showing import Untied
    from infra.cli.reaching import WRONG, fail, ground, print_json
    from infra.definitions.stored import Stored

    with ground() as (client, _):
        terms = files.read(contracts) if contracts else {}
        try:
            done = writing.write(Stored(client), terms, datetime.now(UTC))
        except Untied as error:
            fail(str(error), WRONG)
    if as_json:
        print_json(done._asdict())
    else:
        what = "written" if done.is_new else "nothing has changed since"
        typer.echo(f"{what}: {done.rows} rows of {done.made_at:%Y-%m-%d %H:%M:%S} UTC")


@app.command()
def journal(
    period: Period,
    *,
    contracts: Contracts = None,
    by_deal: Annotated[bool, typer.Option("--by-deal", help="Lines for each deal.")] = False,
    as_json: Json = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV for the general ledger.")
    ] = False,
) -> None:
    """Print the journal lines of a month, balanced in each currency.

    A line keeps its line_id however often it is printed, so that importing a month again replaces
    it. What is credited to the payable account, less what is debited, is what the commission ledger
    posted.

    Examples: pacesetter amortisation journal --period 2026-03 --csv > 2026-03.csv,
    pacesetter amortisation journal --period 2026-03 --contracts contracts.csv --by-deal
    """
    from infra.amortisation.showing import csv_of, line_values, told_lines
    from infra.cli.reaching import WRONG, fail, print_json
    from streams.domain.journals import AccountsUnknown
    from streams.domain.journals import journal as journal_of

    if as_json and as_csv:
        raise typer.BadParameter("name one of --json and --csv")
    made = _books(period, contracts)
    try:
        lines = journal_of(made.costs, made.month, by_deal=by_deal)
    except AccountsUnknown as error:
        fail(str(error), WRONG)
    if as_json:
        print_json(
            {"period": f"{made.month:%Y-%m}", "lines": [line_values(each) for each in lines]}
        )
    elif as_csv:
        typer.echo(csv_of(lines), nl=False)
    elif lines:
        typer.echo(told_lines(lines))
    else:
        typer.echo(f"nothing is to be booked in {made.month:%Y-%m}")


def _books(period: str, contracts: Path | None, deal_id: str = "") -> "Books":
    from infra.amortisation import contracts as files
    from infra.amortisation.showing import Untied, books
    from infra.cli.reaching import WRONG, fail, ground

    month = _month(period)
    with ground() as (client, _):
        try:
            return books(client, month, files.read(contracts) if contracts else {}, deal_id)
        except Untied as error:
            fail(str(error), WRONG)


def _month(period: str) -> date:
    if not re.fullmatch(r"(19|20|21)\d\d-(0[1-9]|1[0-2])", period, re.ASCII):
        raise typer.BadParameter(f"{period} is no month; write 2026-03", param_hint="--period")
    return date.fromisoformat(f"{period}-01")
