"""`pacesetter payroll`: manual entries, holds, draws, opening balances, export, parallel run.

Exit codes: 0 fine, 1 something is wrong or differs, 2 wrong usage, 3 a service is away.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.period import Json, Name, _named, run, tell_runs
from infra.cli.reaching import WRONG, fail, ground, print_json

if TYPE_CHECKING:
    from schemas.payroll import Payroll

By = Annotated[str, typer.Option("--by", help="Who does it. Default: git's user.name, or login.")]
Why = Annotated[str, typer.Option("--reason", help="Why, for auditors.")]
Rep = Annotated[str, typer.Option("--rep", help="The payee's rep_id.")]
Plan = Annotated[str, typer.Option("--plan", help="A plan_id.")]
app = typer.Typer(
    no_args_is_help=True, help="Pay: entries by hand, holds, draws, export, openings."
)


@app.command("run")
def run_(*, as_json: Json = False) -> None:
    """Do the pay runs that acts have left undone. Doing one again makes the same entries.

    Example: pacesetter payroll run
    """
    from infra.definitions.stored import Stored

    with ground() as (client, _):
        done = run(Stored(client))
    if as_json:
        print_json([{"sequence": one.sequence, "entries": len(one.made)} for one in done])
        return
    tell_runs(done)
    if not done:
        typer.echo("Nothing is left undone.")


@app.command()
def manual(
    manual_id: Annotated[str, typer.Argument(help="A short name for it.")],
    *,
    rep: Rep,
    amount: Annotated[str, typer.Option("--amount", help="Positive in the payee's favour.")],
    currency: Annotated[str, typer.Option("--currency", help="ISO 4217: EUR.")],
    reason: Why,
    plan: Plan = "",
    component: Annotated[str, typer.Option("--component", help="A component_id.")] = "",
    deal: Annotated[str, typer.Option("--deal", help="A deal's entity id.")] = "",
    by: By = "",
) -> None:
    """Write an entry that no plan computes. It counts once somebody else approves it.

    Example: pacesetter payroll manual relocation-kim --rep kim --amount 500 --currency EUR
    --reason "agreed with HR", then pacesetter payroll approve relocation-kim --by ben
    """
    from schemas.payroll import ManualEntry

    def entry(author: str) -> ManualEntry:
        return ManualEntry(
            manual_id=manual_id, at=_now(), rep_id=rep, plan_id=plan or None,
            component_id=component or None, deal_id=deal or None, amount=_decimal(amount),
            currency=currency, by=author, reason=reason,
        )  # fmt: skip

    _add("manual", entry, by, f"manual entry {manual_id}")
    typer.echo("It waits for somebody else: pacesetter payroll approve " + manual_id)


@app.command()
def forgive(
    forgiveness_id: Annotated[str, typer.Argument(help="A short name for it.")],
    *,
    rep: Rep,
    plan: Plan,
    draw: Annotated[str, typer.Option("--draw", help="The draw_id.")],
    reason: Why,
    amount: Annotated[str, typer.Option("--amount", help="Default: all there is.")] = "",
    by: By = "",
) -> None:
    """Let go of the debt of a draw. It counts once somebody else approves it.

    Example: pacesetter payroll forgive kim-left --rep kim --plan ae --draw start
    --reason "left in March, agreed"
    """
    from schemas.payroll import Forgiveness

    def entry(author: str) -> Forgiveness:
        return Forgiveness(
            forgiveness_id=forgiveness_id, at=_now(), rep_id=rep, plan_id=plan, draw_id=draw,
            amount=_decimal(amount) if amount else None, by=author, reason=reason,
        )  # fmt: skip

    _add("forgiven", entry, by, f"forgiveness {forgiveness_id}")
    typer.echo("It waits for somebody else: pacesetter payroll approve " + forgiveness_id)


@app.command()
def approve(
    ids: Annotated[list[str], typer.Argument(help="Ids of entries, debts let go or openings.")],
    *,
    by: By = "",
) -> None:
    """Approve what somebody else wrote: manual entries, debts let go, opening balances.

    Example: pacesetter payroll approve relocation-kim --by ben
    """
    from infra.payroll.deciding import approved

    _change(lambda author: approved(ids, author, _now()), by, f"approved {', '.join(ids)}")
    with ground() as (client, _):
        from infra.definitions.stored import Stored

        tell_runs(run(Stored(client)))


@app.command()
def hold(
    hold_id: Annotated[str, typer.Argument(help="A short name for it.")],
    *,
    reason: Why,
    rep: Annotated[str, typer.Option("--rep", help="A payee. Default: everybody.")] = "",
    deal: Annotated[str, typer.Option("--deal", help="A deal. Default: all of the payee.")] = "",
    by: By = "",
) -> None:
    """Hold back a deal or a payee: nothing more of it becomes eligible for pay.

    Example: pacesetter payroll hold dispute-77 --deal hubspot:deal:77 --reason "in dispute"
    """
    from schemas.payroll import Hold

    def entry(author: str) -> Hold:
        return Hold(hold_id=hold_id, at=_now(), rep_id=rep or None, deal_id=deal or None,
                    by=author, reason=reason)  # fmt: skip

    _add("holds", entry, by, f"hold {hold_id}")


@app.command()
def release(
    hold_id: Annotated[str, typer.Argument(help="The hold's id.")], *, reason: Why, by: By = ""
) -> None:
    """Release a hold: what was held is eligible when the next period closes.

    Example: pacesetter payroll release dispute-77 --reason "settled"
    """
    from infra.payroll.deciding import released

    _change(lambda author: released(hold_id, author, reason, _now()), by, f"released {hold_id}")


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
    is paid. With debt: component_id is the draw_id.

    Example: pacesetter payroll openings old-system.csv --reason "cut-over 2026-07-01" --dry-run
    """
    from infra.payroll.export import Unfit
    from infra.payroll.importing import openings_from

    author = _author(by)
    try:
        found = openings_from(file, author, reason, _now())
    except Unfit as unfit:
        fail(str(unfit), WRONG)
    for one in found:
        what = f"{one.opening_id}: {one.rep_id} {one.plan_id} {one.component_id}"
        amounts = f"earned {one.earned:f} paid {one.paid:f} debt {one.debt:f} {one.currency}"
        typer.echo(f"{what} {amounts}")
    if dry_run:
        typer.echo(f"{len(found)} opening balances; nothing was written.")
        return

    def change(_: str) -> "Callable[[Payroll], Payroll]":
        return lambda payroll: payroll.model_copy(update={"openings": (*payroll.openings, *found)})

    _change(change, author, f"{len(found)} opening balances")
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
        period = _named(client, name)
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
            found = compared(client, file, _named(client, period), state.upper())
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


def _add(name: str, entry: "Callable[[str], object]", by: str, note: str) -> None:
    def change(author: str) -> "Callable[[Payroll], Payroll]":
        made = entry(author)
        return lambda payroll: payroll.model_copy(update={name: (*getattr(payroll, name), made)})

    _change(change, by, note)


def _change(change: "Callable[[str], Callable[[Payroll], Payroll]]", by: str, note: str) -> None:
    from pydantic import ValidationError

    from infra.payroll import acting

    author = _author(by)
    with ground() as (client, log):
        try:
            done = acting.apply(client, log, change(author), author, note)
        except acting.Wrong as wrong:
            fail(str(wrong), WRONG)
        except ValidationError as error:
            first = error.errors()[0]
            fail(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", WRONG)
    typer.echo(f"{note} (sequence {done.sequence})")


def _author(by: str) -> str:
    from infra.definitions.author import somebody

    return by or somebody() or fail("who does this? Name them with --by", WRONG)


def _now() -> datetime:
    return datetime.now(UTC)


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise typer.BadParameter(f"{text} is no number; write 1250.50") from None
