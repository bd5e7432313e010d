"""`pacesetter period`: the life of payroll periods, from open to paid.

Exit codes: 0 fine, 1 the period cannot take that step, 2 wrong usage, 3 a service is away.
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.reaching import AWAY, WRONG, fail, ground, print_json

if TYPE_CHECKING:
    from infra.definitions.stored import Stored
    from infra.payroll.running import Ran

Name = Annotated[str, typer.Argument(help="A month, or a day in the period: 2026-06.")]
By = Annotated[str, typer.Option("--by", help="Who does it. Default: git's user.name, or login.")]
Why = Annotated[str, typer.Option("--reason", help="Why, for auditors.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
app = typer.Typer(
    no_args_is_help=True,
    help="Payroll periods: open, provisional, approved by two people, closed, paid.",
)


@app.command("list")
def list_(*, as_json: Json = False) -> None:
    """List the payroll periods anything was done to, and where each stands.

    Example: pacesetter period list
    """
    from infra.payroll.showing import lives, lives_told

    with ground() as (client, _):
        found = lives(client)
    if as_json:
        print_json(found)
    else:
        typer.echo(lives_told(found))


@app.command()
def show(name: Name, *, as_json: Json = False) -> None:
    """Show a period: who did what, and what it earned, released and paid per currency.

    Example: pacesetter period show 2026-06
    """
    from infra.payroll.showing import period_shown, period_told

    with ground() as (client, _):
        found = period_shown(client, named(client, name))
    if as_json:
        print_json(found)
    else:
        typer.echo(period_told(found))


@app.command()
def provisional(name: Name, *, by: By = "", reason: Why = "") -> None:
    """Put a period's numbers before those who approve them. Numbers go on moving.

    Example: pacesetter period provisional 2026-06 --by ana
    """
    _step(name, "PROVISIONAL", by, reason)


@app.command()
def approve(name: Name, *, by: By = "", reason: Why = "") -> None:
    """Approve a provisional period. Two different people have to.

    Example: pacesetter period approve 2026-06 --by ben
    """
    _step(name, "APPROVED", by, reason)


@app.command()
def close(name: Name, *, by: By = "", reason: Why = "") -> None:
    """Close an approved period for good and do its pay run.

    Earnings that fell due and are eligible are released, draws are paid and paid back. What changes
    later posts into the first open period. A run that is interrupted is done again by repeating
    the command or by `pacesetter payroll run`, and makes the same entries.

    Example: pacesetter period close 2026-06 --by ana
    """
    _step(name, "CLOSED", by, reason)


@app.command()
def pay(name: Name, *, by: By = "", reason: Why = "") -> None:
    """Pay a closed period: what is released and not paid, for each payee who is owed anything.

    Example: pacesetter period pay 2026-06 --by ana, then pacesetter payroll export 2026-06
    """
    _step(name, "PAID", by, reason)


@app.command()
def reopen(
    name: Name, *, reason: Annotated[str, typer.Option("--reason", help="Why.")], by: By = ""
) -> None:
    """Reopen a provisional or approved period, with a reason. A closed one stays closed.

    Example: pacesetter period reopen 2026-06 --by ana --reason "a deal was missing"
    """
    _step(name, "REOPENED", by, reason)


def named(client: Any, name: str) -> Any:
    """Return the payroll period of a month, or end the command: it is none."""
    from infra.payroll.acting import period_named

    try:
        return period_named(client, name)
    except ValueError:
        raise typer.BadParameter(f"{name} is no month; write 2026-06") from None


def _step(name: str, what: str, by: str, reason: str) -> None:
    from infra.definitions.author import somebody
    from infra.definitions.stored import Stored
    from infra.payroll import acting
    from schemas.payroll import PeriodStep

    author = by or somebody()
    if not author:
        fail("who does this? Name them with --by", WRONG)
    with ground() as (client, log):
        period = named(client, name)
        step = PeriodStep(what)
        if step in (PeriodStep.CLOSED, PeriodStep.PAID):
            run(Stored(client))  # what an earlier act left undone comes first
        try:
            done = acting.apply(
                client, log, acting.step(period, step, author, reason), author,
                f"period {period.start}: {step}",
            )  # fmt: skip
        except acting.Wrong as wrong:
            fail(str(wrong), WRONG)
        typer.echo(f"{period.start} to {period.end}: {step.lower()} by {author}"
                   f" (sequence {done.sequence})")  # fmt: skip
        if step in (PeriodStep.CLOSED, PeriodStep.PAID):
            tell_runs(run(Stored(client)))


def run(stored: "Stored") -> "list[Ran]":
    """Return the pay runs done now, or end the command: workers are away."""
    from infra.payroll.reading import Away
    from infra.payroll.running import run_pending

    said: set[tuple[int, int]] = set()

    def tell(done: int, of: int) -> None:
        if done < of and (done, of) not in said:
            said.add((done, of))
            typer.echo(f"waiting for workers: {done} of {of} partitions have the act", err=True)

    try:
        return run_pending(stored, tell=tell)
    except Away as away:
        fail(str(away), AWAY)


def tell_runs(runs: "list[Ran]") -> None:
    """Print what pay runs made."""
    from infra.payroll.showing import sums_told

    for one in runs:
        if one.made:
            typer.echo(sums_told(one.made))
