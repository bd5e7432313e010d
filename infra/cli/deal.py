"""`pacesetter deal win | lose | cancel` and `pacesetter call log`: one event by hand."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli import deal_credit, deal_later

if TYPE_CHECKING:
    from infra.cli.by_hand import Floor
    from streams.settings import Settings

RepOption = Annotated[
    str, typer.Option("--rep", help="A rep_id, or the beginning of a name.", show_default=False)
]


def register(root: typer.Typer) -> None:
    """Add the commands."""
    deals = typer.Typer(
        help="Win, lose, bill, cancel or credit a deal by hand.", no_args_is_help=True
    )
    deals.command("win")(win)
    deals.command("lose")(lose)
    deals.command("bill")(deal_later.bill)
    deals.command("churn")(deal_later.churn)
    deals.command("cancel")(cancel)
    deals.command("credit")(deal_credit.credit)
    deals.command("uncredit")(deal_credit.uncredit)
    deals.command("credits")(deal_credit.list_)
    calls = typer.Typer(help="Log a call by hand.", no_args_is_help=True)
    calls.command("log")(log_call)
    root.add_typer(deals, name="deal", rich_help_panel="Feed it")
    root.add_typer(calls, name="call", rich_help_panel="Feed it")


def win(
    rep: RepOption,
    amount: Annotated[
        str, typer.Option(help="In the currency: 25000 or 18400.50", show_default=False)
    ],
    currency: Annotated[
        str | None, typer.Option(help="Three letters; the company's if absent.")
    ] = None,
    name: Annotated[str, typer.Option(help="What the deal is called.")] = "Won by hand",
    *,
    acv: Annotated[str | None, typer.Option(help="Annual contract value.")] = None,
    margin: Annotated[str | None, typer.Option(help="What is left after costs.")] = None,
    units: Annotated[str | None, typer.Option(help="How many were sold.")] = None,
) -> None:
    """Win a deal now; the board moves within a second.

    Example: `pacesetter deal win --rep dana --amount 25000`
    """
    more = {"acv": acv, "margin": margin, "units": units}
    told = {name: str(deal_later.number(name, text)) for name, text in more.items() if text}
    _deal(rep, stage="WON", amount=amount, currency=currency, name=name, **told)


def lose(
    rep: RepOption,
    amount: Annotated[str, typer.Option(help="What it would have brought.")] = "0",
    currency: Annotated[
        str | None, typer.Option(help="Three letters; the company's if absent.")
    ] = None,
    name: Annotated[str, typer.Option(help="What the deal is called.")] = "Lost by hand",
    reason: Annotated[str | None, typer.Option(help="Why it was lost.")] = None,
) -> None:
    """Lose a deal now.

    Example: `pacesetter deal lose --rep dana --amount 12000 --reason Price`
    """
    _deal(rep, stage="LOST", amount=amount, currency=currency, name=name, lost_reason=reason)


def cancel(
    deal_id: Annotated[str, typer.Argument(help="What `deal win` printed.", show_default=False)],
) -> None:
    """Take a deal that was won or lost by hand back; what it counted goes with it.

    Example: `pacesetter deal cancel manual:deal:20260312T164530-3fa29c`
    """
    from infra.cli.by_hand import forget, remembered, send
    from infra.cli.reaching import WRONG, fail

    settings = _settings()
    try:
        event = remembered(settings.data_dir, deal_id)
    except LookupError as error:
        fail(str(error.args[0]), WRONG)
    _sent(settings, {**event, "op": "CANCELLED", "revision": datetime.now(UTC).isoformat()}, send)
    forget(settings.data_dir, deal_id)
    typer.echo(f"cancelled {deal_id}")


def log_call(
    rep: RepOption,
    minutes: Annotated[
        float, typer.Option(help="How long it lasted; 0: nobody answered.", min=0, max=1440)
    ] = 5.0,
    inbound: Annotated[bool, typer.Option("--inbound", help="The customer called.")] = False,
) -> None:
    """Log a call that has just ended.

    Example: `pacesetter call log --rep dana --minutes 12`
    """
    from infra.cli.by_hand import SOURCE, fresh_id, send

    settings = _settings()
    floor = _floor(settings)
    rep_id, user_id, who = _who(floor, rep)
    now = datetime.now(UTC)
    began = (now - timedelta(minutes=minutes)).isoformat()
    _sent(
        settings,
        {
            "message": "call",
            "source": SOURCE,
            "source_id": fresh_id(now),
            "revision": now.isoformat(),
            "created_at": began,
            "occurred_at": began,
            "owner_id": user_id,
            "direction": "INBOUND" if inbound else "OUTBOUND",
            "status": "COMPLETED" if minutes else "NO_ANSWER",
            "connected": bool(minutes),
            "talk_seconds": round(minutes * 60),
        },
        send,
    )
    typer.echo(f"logged a call of {who} ({rep_id})")


def _deal(
    rep: str, *, stage: str, amount: str, currency: str | None, name: str, **more: str | None
) -> None:
    from infra.cli.by_hand import SOURCE, fresh_id, remember, send

    settings = _settings()
    value = _amount(amount)
    floor = _floor(settings)
    rep_id, user_id, who = _who(floor, rep)
    now = datetime.now(UTC)
    at = now.isoformat()
    event = {
        "message": "deal",
        "source": SOURCE,
        "source_id": fresh_id(now),
        "revision": at,
        "created_at": at,
        "occurred_at": at,
        "owner_id": user_id,
        "name": name,
        "stage_id": stage.lower(),
        "stage_class": stage,
        "won_at" if stage == "WON" else "lost_at": at,
        "amount": str(value),
        "currency": (currency or floor.currency).upper(),
        **more,
    }
    deal_id = _sent(settings, event, send)
    remember(settings.data_dir, deal_id, event)
    verb = "won" if stage == "WON" else "lost"
    typer.echo(f"{who} ({rep_id}) {verb} {value:,} {event['currency']}: {deal_id}")
    typer.echo(f"take it back with: pacesetter deal cancel {deal_id}")


def _amount(amount: str) -> Decimal:
    from infra.cli.reaching import WRONG, fail

    try:
        value = Decimal(amount.replace(",", "").replace("_", ""))
    except InvalidOperation:
        fail(f"--amount {amount} is no number; write 25000 or 18400.50", WRONG)
    if not value.is_finite() or value < 0:
        fail(f"--amount {amount} is no amount; write 25000 or 18400.50", WRONG)
    return value


def _settings() -> "Settings":
    from infra.local.found import found_settings

    return found_settings()


def _floor(settings: "Settings") -> "Floor":
    from infra.cli.by_hand import floor_of
    from infra.cli.reaching import WRONG, fail

    try:
        return floor_of(settings)
    except (LookupError, ConnectionError) as error:
        fail(str(error.args[0]), WRONG)


def _who(floor: "Floor", rep: str) -> tuple[str, str, str]:
    from infra.cli.reaching import WRONG, fail

    try:
        return floor.find(rep)
    except LookupError as error:
        fail(str(error.args[0]), WRONG)


def _sent(settings: "Settings", event: dict[str, Any], send: Any) -> str:
    from infra.cli.by_hand import Unsent
    from infra.cli.reaching import AWAY, fail

    try:
        return str(send(settings, event))
    except Unsent as error:
        fail(str(error), AWAY)
