"""`pacesetter dispute`: ask about an entry, answer, look at what is open.

Exit codes: 0 done, 1 it cannot be done, 2 wrong usage, 3 the warehouse is away.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.reaching import WRONG, fail, ground, print_json

if TYPE_CHECKING:
    from streams.domain.statement_parts import Dispute

Text = Annotated[str, typer.Option("--text", help="In words; it stands on the statement.")]
By = Annotated[str, typer.Option("--by", help="Who says so. Default: git's user.name, or you.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
app = typer.Typer(no_args_is_help=True, help="Disputes: ask about an entry of the ledger, answer.")


@app.command("open")
def open_(
    entry: Annotated[str, typer.Option("--entry", help="The entry's id, or its beginning.")],
    text: Text,
    *,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Open a dispute about an entry. It stands on the statement until it is answered, and after.

    Example: pacesetter dispute open --entry 3fa29c --text "I closed half of this" --by dana
    """
    from infra.statements.disputes import Impossible, opened
    from infra.statements.reading import Ledger

    with ground() as (client, _):
        about = Ledger(client).entry(entry)
        try:
            dispute_id = opened(client, about, text, by or _somebody(), datetime.now(UTC))
        except Impossible as error:
            fail(str(error), WRONG)
    if as_json:
        print_json({"dispute_id": dispute_id, "entry_id": about.entry_id, "rep_id": about.rep_id})
    else:
        typer.echo(f"dispute {dispute_id} about an entry of {about.rep_id} is open")


@app.command()
def answer(
    dispute: Annotated[str, typer.Argument(help="The dispute's id, or its beginning.")],
    text: Text,
    *,
    accept: Annotated[bool, typer.Option("--accept", help="It is right.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="It is not.")] = False,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Who asked takes it back.")] = False,
    entry: Annotated[
        str, typer.Option("--entry", help="Entry that came of it: a correction, a manual entry.")
    ] = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """Answer a dispute. Nothing is changed by it: what it leads to is an entry of its own.

    Correct the deal, its splits or the definitions, or enter an amount by hand, and name the entry
    that came of it.

    Example: pacesetter dispute answer 81b2 --accept --entry 77ac02 --text "split corrected"
    """
    from infra.statements.disputes import Answer, Impossible, State, answered

    chosen = [state for wanted, state in ((accept, State.ACCEPTED), (reject, State.REJECTED),
                                          (withdraw, State.WITHDRAWN)) if wanted]  # fmt: skip
    if len(chosen) != 1:
        raise typer.BadParameter("name one of --accept, --reject and --withdraw")
    with ground() as (client, _):
        try:
            said = Answer(chosen[0], text, by or _somebody(), entry)
            one = answered(client, dispute, said, datetime.now(UTC))
        except Impossible as error:
            fail(str(error), WRONG)
    if as_json:
        print_json(one._asdict())
    else:
        typer.echo(f"dispute {one.dispute_id} is {one.state.lower()}")


@app.command("list")
def list_(
    *,
    rep: Annotated[str, typer.Option("--rep", help="A rep_id, or a name or part of it.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Those that were answered, too.")] = False,
    as_json: Json = False,
) -> None:
    """List disputes that are open, or all of them.

    Example: pacesetter dispute list --rep dana --all
    """
    from infra.definitions.showing import table
    from infra.statements.disputes import State
    from infra.statements.reading import Ledger
    from infra.statements.wording import short

    with ground() as (client, _):
        ledger = Ledger(client)
        found = ledger.disputes(ledger.find(rep)[0] if rep else "")
    shown = [one for one in found if every or one.state == State.OPEN]
    if as_json:
        print_json([one._asdict() for one in shown])
    elif not shown:
        typer.echo("no disputes" if every else "no disputes are open")
    else:
        header = ("DISPUTE", "STATE", "REP", "ENTRY", "OPENED", "BY", "QUESTION", "ANSWER")
        typer.echo(table(header, [_row(one, short(one.entry_id)) for one in shown]))


def _row(one: "Dispute", entry: str) -> tuple[str, ...]:
    opened = f"{one.opened_at:%Y-%m-%d}"
    return (one.dispute_id, one.state, one.rep_id, entry, opened, one.opened_by, one.text,
            one.answer)  # fmt: skip


def _somebody() -> str:
    from infra.definitions.author import somebody

    return somebody()
