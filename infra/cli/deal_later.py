"""`pacesetter deal bill | churn`: what happens to a deal after it was won by hand."""

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any

import typer

DealId = Annotated[str, typer.Argument(help="What `deal win` printed.", show_default=False)]


class Reason(StrEnum):
    """Why a deal is cancelled."""

    CANCELLATION = "CANCELLATION"
    CHURN = "CHURN"
    REFUND = "REFUND"
    NON_PAYMENT = "NON_PAYMENT"


def bill(
    deal_id: DealId,
    invoiced: Annotated[str | None, typer.Option(help="Invoiced so far, in all.")] = None,
    paid: Annotated[str | None, typer.Option(help="Paid by the customer so far, in all.")] = None,
) -> None:
    """Say what of a deal is invoiced and paid by now; eligibility of commissions goes by it.

    Example: `pacesetter deal bill manual:deal:20260312T164530-3fa29c --invoiced 25000 --paid 12500`
    """
    told = {"invoiced_amount": invoiced, "paid_amount": paid}
    changes = {name: str(number(name, text)) for name, text in told.items() if text}
    _changed(deal_id, changes)
    typer.echo(f"{deal_id}: {', '.join(f'{name} {text}' for name, text in changes.items())}")


def churn(
    deal_id: DealId,
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="First day the customer no longer has it."),
    ] = None,
    reason: Annotated[Reason, typer.Option(help="Why.")] = Reason.CHURN,
) -> None:
    """Cancel what was sold, from a day on. It was won all the same; plans say what is clawed back.

    Example: `pacesetter deal churn manual:deal:20260312T164530-3fa29c --on 2026-08-14`
    """
    day: date = on.date() if on else datetime.now(UTC).date()
    _changed(deal_id, {"cancelled_on": day.isoformat(), "cancel_reason": reason.value})
    typer.echo(f"{deal_id}: cancelled from {day} on, {reason.value}")


def number(name: str, text: str) -> Decimal:
    """Return a number as it was typed."""
    from infra.cli.reaching import WRONG, fail

    try:
        value = Decimal(text.replace(",", "").replace("_", ""))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        fail(f"{name} {text} is no number; write 25000 or 18400.50", WRONG)
    return value


def _changed(deal_id: str, changes: dict[str, Any]) -> None:
    from infra.cli.by_hand import Unsent, remember, remembered, send
    from infra.cli.reaching import AWAY, WRONG, fail
    from infra.local.found import found_settings

    if not changes:
        fail("nothing to say; give --invoiced, --paid or both", WRONG)
    settings = found_settings()
    try:
        event = remembered(settings.data_dir, deal_id)
    except LookupError as error:
        fail(str(error.args[0]), WRONG)
    event |= {**changes, "revision": datetime.now(UTC).isoformat()}
    try:
        send(settings, event)
    except Unsent as error:
        fail(str(error), AWAY)
    remember(settings.data_dir, deal_id, event)
