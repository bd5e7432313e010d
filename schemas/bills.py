"""Bills: what a billing system says of one invoice of a deal, as a record of the deal's topic.

A bill is a deal message in which `bill_id` is given. It carries the deal's entity_id, so that it
lands in the deal's partition, and its own source, source_id and revision: it follows itself, and
the deal's own records follow themselves. It is state: all that is invoiced, paid and taken back of
that invoice to date, so that saying it twice changes nothing. How bills make what a deal has
invoiced and paid: streams/domain/bills.py.
"""

from collections.abc import Iterator, Mapping
from typing import Any

BILLED = ("invoiced_amount", "paid_amount")
# What a bill says; of all else that a deal message holds it says nothing.
SAYS = frozenset(
    {
        "entity_id", "source", "source_id", "revision", "op", "created_at", "occurred_at",
        "bill_id", "currency", *BILLED, "credit_note_amount", "cancelled_on", "cancel_reason",
    }
)  # fmt: skip
BLANK_DEAL = {"stage_id": "", "stage_class": "UNKNOWN"}  # of the fields a deal must have


def is_bill(record: Mapping[str, Any]) -> bool:
    """Return whether a deal message is a bill."""
    return record.get("bill_id") is not None


def faults_of_bill(
    bill: Mapping[str, Any], defaults: Mapping[str, Any]
) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with a bill: field, problem, remedy.

    Args:
        defaults: what a deal message holds in fields that nobody gave.
    """
    if not str(bill["bill_id"]).strip():
        yield "bill_id", "is empty", "give the invoice's number, or leave it out of a deal"
    for name, value in bill.items():
        if name not in SAYS and value != {**defaults, **BLANK_DEAL}[name]:
            yield name, "is not for a bill to say", "send it with the deal, without bill_id"
    if all(bill[name] is None for name in (*BILLED, "cancelled_on")) and bill["op"] == "SET":
        yield (
            "invoiced_amount",
            "is missing, and so is all else a bill says",
            ("give invoiced_amount, paid_amount or cancelled_on"),
        )
    note = bill["credit_note_amount"]
    if note is not None and bill["invoiced_amount"] is None:
        yield (
            "credit_note_amount",
            "has no invoiced_amount beside it",
            ("give what was invoiced before credit notes"),
        )
    if note is not None and note < 0:
        yield "credit_note_amount", "is negative", "give what is taken back, as a positive amount"
