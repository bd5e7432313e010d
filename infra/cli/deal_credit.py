"""`pacesetter deal credit | uncredit | credits`: parts of one deal that people give."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.credits import Credits, ManualCredit

Deal = Annotated[str, typer.Argument(help="The deal's entity id.", show_default=False)]
Author = Annotated[str, typer.Option(help="Who writes it. Default: git's user.name, else login.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only say whose numbers would change by how much.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def credit(
    deal_id: Deal,
    rep: Annotated[str, typer.Option(help="Who gets it: a rep_id.", show_default=False)],
    share: Annotated[str, typer.Option(help="0.3 is 30 % of the deal.", show_default=False)],
    reason: Annotated[str, typer.Option(help="Why, for auditors.", show_default=False)],
    approver: Annotated[
        str, typer.Option(help="Who approved it: not its author.", show_default=False)
    ],
    *,
    role: Annotated[
        str, typer.Option(help="REVENUE is taken from --from; OVERLAY stands beside.")
    ] = "REVENUE",
    giver: Annotated[
        str | None, typer.Option("--from", help="Of REVENUE: the rep whose part is taken from.")
    ] = None,
    author: Author = "",
    credit_id: Annotated[
        str, typer.Option("--id", help="A short name for it. Default: made of time and rep.")
    ] = "",
    dry_run: DryRun = False,
) -> None:
    """Give a rep a part of one deal: a split that the CRM does not have, or an overlay.

    It survives later revisions of the deal and every rebuild, until `deal uncredit` takes it back.
    Of a deal that is not there yet, it waits. What closed payroll periods paid stays; differences
    fall into the first open one.

    Example: pacesetter deal credit crm:deal:77 --rep kim --share 0.3 --from sam
    --reason "opened the account" --approver dana
    """
    from pydantic import ValidationError

    from infra.cli.reaching import WRONG, fail
    from schemas.credits import ManualCredit

    who = _who(author)
    try:
        made = ManualCredit.model_validate({
            "credit_id": credit_id or f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{rep}",
            "deal_id": deal_id, "rep_id": rep, "role": role.upper(), "share": share,
            "from_rep": giver, "reason": reason, "author": who, "approver": approver,
        })  # fmt: skip
    except ValidationError as error:
        first = error.errors()[0]
        fail(f"{'.'.join(map(str, first['loc'])) or 'credit'}: {first['msg']}", WRONG)

    def added(credits: "Credits") -> "Credits":
        every = (*credits.manual_credits, made)
        return credits.model_copy(update={"manual_credits": every})

    _change(added, who, f"{made.credit_id}: {reason}", made, dry_run=dry_run)


def uncredit(
    credit_id: Annotated[str, typer.Argument(help="As `deal credits` shows it.")],
    reason: Annotated[str, typer.Option(help="Why, for auditors.", show_default=False)],
    *,
    author: Author = "",
    dry_run: DryRun = False,
) -> None:
    """Take a credit by hand back: the deal is credited as if it had not been. It stays listed.

    Example: pacesetter deal uncredit 20260312T164530-kim --reason "entered twice"
    """
    from infra.cli.reaching import WRONG, fail

    who = _who(author)
    withdrawn = {"withdrawn_by": who, "withdrawn_reason": reason}

    def without(credits: "Credits") -> "Credits":
        left = {one.credit_id for one in credits.manual_credits if not one.withdrawn_by}
        if credit_id not in left:
            fail(f"there is no credit {credit_id}; `pacesetter deal credits` lists them", WRONG)
        every = tuple(
            one.model_copy(update=withdrawn) if one.credit_id == credit_id else one
            for one in credits.manual_credits
        )
        return credits.model_copy(update={"manual_credits": every})

    _change(without, who, f"{credit_id} taken back: {reason}", None, dry_run=dry_run)


def list_(
    deal_id: Annotated[str, typer.Argument(help="Only of this deal.", show_default=False)] = "",
    *,
    as_json: Json = False,
) -> None:
    """List credits by hand: in force, short, waiting for their deal, without effect, taken back.

    Example: pacesetter deal credits crm:deal:77
    """
    from connectors.sinks.clickhouse import Warehouse
    from infra.cli.reaching import ground, print_json
    from infra.definitions.showing import table
    from infra.definitions.stored import Stored
    from infra.effects.by_hand import standing

    with ground() as (client, _):
        credits = Stored(client).in_force().bundle().credits
        found = standing(Warehouse(lambda: client), credits, deal_id)
    if as_json:
        print_json([
            {**x.credit.model_dump(mode="json"), "standing": x.standing, "given": f"{x.given:f}"}
            for x in found
        ])  # fmt: skip
        return
    header = ("CREDIT", "DEAL", "REP", "ROLE", "SHARE", "GIVEN", "FROM", "STANDS", "BY",
              "APPROVED BY", "REASON")  # fmt: skip
    rows = [
        (c.credit_id, c.deal_id, c.rep_id, c.role, f"{c.share:f}", f"{x.given.normalize():f}",
         c.from_rep or "", x.standing, c.author, c.approver, c.reason)
        for x in found for c in (x.credit,)
    ]  # fmt: skip
    typer.echo(table(header, rows) if rows else "No credits are given by hand.")


def _change(
    change: "Callable[[Credits], Credits]",
    author: str,
    note: str,
    made: "ManualCredit | None",
    *,
    dry_run: bool,
) -> None:
    from connectors.sinks.clickhouse import Warehouse
    from infra.cli import effects
    from infra.cli.reaching import WRONG, fail, ground
    from infra.effects import by_hand

    with ground() as (client, log):
        waits = False
        if made is not None:
            left = made.share
            if made.from_rep is not None:
                found = by_hand.left_of(Warehouse(lambda: client), made.deal_id, made.from_rep)
                waits, left = found is None, made.share if found is None else found
            if left < made.share:
                fail(f"--share {made.share:f}: {made.from_rep} has {left.normalize():f} of"
                     f" {made.deal_id} that can be taken; give no more", WRONG)  # fmt: skip
        done = by_hand.apply(client, log, change, author, note, dry_run=dry_run)
        changed = effects.computed(client, done, "month") if dry_run else None
    if dry_run:
        typer.echo(f"Nothing is written.{effects.as_text(changed)}")
        return
    typer.echo(f"{note} (sequence {done.sequence})")
    if waits:
        typer.echo(f"It waits for {made and made.deal_id}, which is not there yet.")


def _who(author: str) -> str:
    from infra.cli.payroll import author_of

    return author_of(author)
