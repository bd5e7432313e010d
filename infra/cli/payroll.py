"""`pacesetter payroll`: manual entries, holds, draws, opening balances, export, parallel run.

Exit codes: 0 fine, 1 something is wrong or differs, 2 wrong usage, 3 a service is away.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.period import Json, run, tell_runs
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
def verify(*, as_json: Json = False) -> None:
    """Compute every pay run again from history and compare: entries of draws, holds, releases.

    Nothing of what runs wrote is read for it but to compare. Ends with 1 if anything differs.

    Example: pacesetter payroll verify
    """
    from infra.definitions.stored import Stored
    from infra.payroll.proving import differences

    with ground() as (client, _):
        runs, found = differences(Stored(client))
    if as_json:
        print_json({"runs": runs, "differences": [one._asdict() for one in found]})
    else:
        for one in found:
            typer.echo(f"sequence {one.sequence}, {one.rep_id}: {one.wrong} ({one.entry_id})")
        typer.echo(f"{runs} pay runs computed again, {len(found)} entries differ")
    raise typer.Exit(WRONG if found else 0)


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
            manual_id=manual_id, at=instant(), rep_id=rep, plan_id=plan or None,
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
            forgiveness_id=forgiveness_id, at=instant(), rep_id=rep, plan_id=plan, draw_id=draw,
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

    change_payroll(
        lambda author: approved(ids, author, instant()), by, f"approved {', '.join(ids)}"
    )
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
        return Hold(hold_id=hold_id, at=instant(), rep_id=rep or None, deal_id=deal or None,
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

    change_payroll(
        lambda author: released(hold_id, author, reason, instant()), by, f"released {hold_id}"
    )


def _add(name: str, entry: "Callable[[str], object]", by: str, note: str) -> None:
    def change(author: str) -> "Callable[[Payroll], Payroll]":
        made = entry(author)
        return lambda payroll: payroll.model_copy(update={name: (*getattr(payroll, name), made)})

    change_payroll(change, by, note)


def change_payroll(
    change: "Callable[[str], Callable[[Payroll], Payroll]]", by: str, note: str
) -> None:
    """Put a change of payroll in force, or end the command: it makes no sense."""
    from pydantic import ValidationError

    from infra.payroll import acting

    author = author_of(by)
    with ground() as (client, log):
        try:
            done = acting.apply(client, log, change(author), author, note)
        except acting.Wrong as wrong:
            fail(str(wrong), WRONG)
        except ValidationError as error:
            first = error.errors()[0]
            fail(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", WRONG)
    typer.echo(f"{note} (sequence {done.sequence})")


def author_of(by: str) -> str:
    """Return who does it, or end the command: nobody is known."""
    from infra.definitions.author import somebody

    return by or somebody() or fail("who does this? Name them with --by", WRONG)


def instant() -> datetime:
    """Return now."""
    return datetime.now(UTC)


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise typer.BadParameter(f"{text} is no number; write 1250.50") from None
