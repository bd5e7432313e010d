"""`pacesetter payroll`: files in and out: opening balances, the payroll's file, another system's.

Exit codes: 0 fine, 1 something is wrong or differs, 2 wrong usage, 3 a service is away.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.payroll import By, Why, app, author_of, change_payroll, instant
from infra.cli.period import Json, Name, named
from infra.cli.reaching import WRONG, fail, ground, print_json

if TYPE_CHECKING:
    from schemas.payroll import Payroll

__all__ = ["app"]


@app.command()
def openings(
    file: Annotated[Path, typer.Argument(help="CSV.")],
    *,
    reason: Why,
    by: By = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check it; write nothing.")] = False,
) -> None:
    """Import what another system left. It counts once somebody else approves it.

    Columns: opening_id, rep_id, plan_id, component_id, day, currency and, as known, deal_id,
    credited, earned, paid, debt. With deal_id: a deal that is taken over as a fact, of which `paid`
    is paid. With debt: component_id is the draw_id. With credited: the component's ladder begins
    there in the period `day` lies in, and what that comes to is not earned again.

    Example: pacesetter payroll openings old-system.csv --reason "cut-over 2026-07-01" --dry-run
    """
    from infra.payroll.export import Unfit
    from infra.payroll.importing import openings_from

    author = author_of(by)
    try:
        found = openings_from(file, author, reason, instant())
    except Unfit as unfit:
        fail(str(unfit), WRONG)
    for one in found:
        what = f"{one.opening_id}: {one.rep_id} {one.plan_id} {one.component_id}"
        amounts = f"earned {one.earned:f} paid {one.paid:f} debt {one.debt:f} {one.currency}"
        if one.credited:
            amounts += f", ladder begins at {one.credited:f}"
        typer.echo(f"{what} {amounts}")
    if dry_run:
        typer.echo(f"{len(found)} opening balances; nothing was written.")
        return

    def change(_: str) -> "Callable[[Payroll], Payroll]":
        return lambda payroll: payroll.model_copy(update={"openings": (*payroll.openings, *found)})

    change_payroll(change, author, f"{len(found)} opening balances")
    typer.echo("They wait for somebody else: pacesetter payroll approve OPENING_ID ...")


@app.command()
def export(
    name: Name,
    *,
    template: Annotated[Path | None, typer.Option(help="A layout. Default: plain CSV.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="A file. Default: print it.")] = None,
) -> None:
    """Export what was paid for a period: a line per currency and employee number.

    A template (YAML) names format CSV or FIXED and columns: employee_number, rep_id, name,
    currency, amount, amount_minor, period_start, period_end, text; of FIXED with width, align, pad.

    Example: pacesetter payroll export 2026-06 --template adp.yaml --out june.txt
    """
    from infra.payroll import export as exporting

    with ground() as (client, _):
        period = named(client, name)
        try:
            layout = exporting.layout_from(template) if template else exporting.PLAIN
            found = exporting.lines(client, period)
            text = exporting.text_of(found, period, layout)
        except exporting.Unfit as unfit:
            fail(str(unfit), WRONG)
    if not found:
        fail(f"nothing was paid for {name}; first `pacesetter period pay {name}`", WRONG)
    if nobody := exporting.without_number(found):
        fail(f"no employee_number in people.yaml: {', '.join(nobody)}", WRONG)
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, "utf-8")
        typer.echo(f"{len(found)} lines in {out}")


@app.command()
def compare(
    file: Annotated[Path, typer.Argument(help="The old system's CSV.")],
    *,
    period: Annotated[str, typer.Option("--period", help="A month: 2026-06.")],
    state: Annotated[str, typer.Option(help="EARNED, ELIGIBLE, RELEASED or PAID.")] = "RELEASED",
    as_json: Json = False,
) -> None:
    """Compare a period with an old system's export, payee by payee.

    The file has rep_id or employee_number, currency and amount. Ends with 1 if anything differs.

    Example: pacesetter payroll compare june-old.csv --period 2026-06
    """
    from infra.definitions.showing import table
    from infra.payroll.comparing import compare as compared
    from infra.payroll.export import Unfit

    with ground() as (client, _):
        try:
            found = compared(client, file, named(client, period), state.upper())
        except Unfit as unfit:
            fail(str(unfit), WRONG)
    off = [one for one in found if one.off]
    if as_json:
        print_json([{**one._asdict(), "off": one.off} for one in found])
    else:
        rows = [(o.rep_id, o.currency, *("" if v is None else f"{v:f}" for v in (o.old, o.ours)),
                 f"{o.off:f}") for o in off]  # fmt: skip
        if rows:
            typer.echo(table(("REP", "CURRENCY", "OLD", "PACESETTER", "DIFFERENCE"), rows))
        typer.echo(f"{len(found)} payees and currencies, {len(off)} differ")
    raise typer.Exit(WRONG if off else 0)
