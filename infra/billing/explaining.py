"""A deal's money explained: which record and which bill said what when, and what of it counts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

import polars as pl

from connectors.sinks.clickhouse import quoted
from infra.naming import entity_of
from schemas.bills import BILLED
from schemas.positions import place_of
from streams.domain.bills import heard_deal

TABLE = "spm.deal"


class Warehouse(Protocol):
    """What answers."""

    def frame(self, sql: str) -> pl.DataFrame:
        """Return the answer to a query."""
        ...


class Said(NamedTuple):
    """One record that was news: what it says, where it stands in the log, and what became of it.

    Attributes:
        bill_id: empty: the record is the deal itself.
        counts: why it counts or does not.
    """

    source: str
    source_id: str
    bill_id: str
    revision: datetime
    op: str
    currency: str
    invoiced_amount: Decimal | None
    credit_note_amount: Decimal | None
    paid_amount: Decimal | None
    cancelled_on: date | None
    topic: str
    partition: int
    epoch: int
    offset: int
    counts: str


class Credited(NamedTuple):
    """What a payee is credited of what is invoiced and paid."""

    rep_id: str
    role: str
    via: str
    amount: Decimal
    invoiced_amount: Decimal | None
    paid_amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Explained:
    """A deal's money as it stands, and how it came to be so."""

    entity_id: str
    is_there: bool
    stage_class: str
    currency: str
    amount: Decimal | None
    invoiced_amount: Decimal | None
    paid_amount: Decimal | None
    cancelled_on: date | None
    cancel_reason: str
    said: tuple[Said, ...]
    credited: tuple[Credited, ...]

    def plain(self) -> dict[str, Any]:
        """Return it for programs."""
        found = asdict(self)
        for name in ("said", "credited"):
            found[name] = [one._asdict() for one in getattr(self, name)]
        return found


def explained(warehouse: Warehouse, wanted: str) -> Explained:
    """Return what is known of a deal's money, by its entity id or an identifier of its source.

    Raises:
        LookupError: there is none, or several have this identifier.
    """
    entity_id = _entity(warehouse, wanted)
    rows = warehouse.frame(
        f"SELECT * FROM {TABLE} FINAL WHERE entity_id = {quoted(entity_id)} ORDER BY position"
    )
    last = rows.row(-1, named=True)
    said = _said(rows)
    credited = (Credited(*line) for line in zip(*(last[n] for n in _CREDITS), strict=True))
    return Explained(
        entity_id, last["op"] == "SET", said=said, credited=tuple(credited),
        **{name: last[name] for name in _OF_DEAL},
    )  # fmt: skip


_OF_DEAL = ("stage_class", "currency", "amount", *BILLED, "cancelled_on", "cancel_reason")
_CREDITS = ("credit_rep_id", "credit_role", "credit_via", "credit_amount",
            "credit_invoiced_amount", "credit_paid_amount")  # fmt: skip


def _entity(warehouse: Warehouse, wanted: str) -> str:
    told = ("source_id", *(f"JSONExtractString(said, '{i}')" for i in ("source_id", "bill_id")))
    nothing = (
        f"no deal or bill is {wanted!r}: name the deal's entity id, as fct_deal has it in "
        "deal_id, the identifier its source gave it, or the number of one of its bills"
    )
    return entity_of(warehouse, TABLE, wanted, told, nothing)


def _said(rows: pl.DataFrame) -> tuple[Said, ...]:
    own = heard_deal(rows).with_columns(rows["position", "topic", "partition", "content_hash"])
    records = own.unique(
        ["source", "source_id", "bill_id", "revision", "content_hash"], keep="first",
        maintain_order=True,
    ).to_dicts()  # fmt: skip  # a marker writes a row again
    newest = {_teller(one): one for one in records}
    deal = newest.get(_OWN)
    return tuple(
        Said(
            one["source"], one["source_id"], one["bill_id"] or "", _instant(one["revision"]),
            one["op"], one["currency"], one["invoiced_amount"], one["credit_note_amount"],
            one["paid_amount"], one["cancelled_on"], one["topic"], one["partition"],
            *place_of(one["position"]), _counts(one, newest, deal),
        )
        for one in records
    )  # fmt: skip


_OWN = ("", "")  # who tells of the deal itself


def _teller(one: Mapping[str, Any]) -> tuple[str, str]:
    return _OWN if one["bill_id"] is None else (one["source"], one["source_id"])


def _counts(
    one: Mapping[str, Any],
    newest: Mapping[tuple[str, str], Mapping[str, Any]],
    deal: Mapping[str, Any] | None,
) -> str:
    """Return in words whether what a record says counts."""
    if newest[_teller(one)] is not one:
        return "replaced by a later one"
    if one["op"] != "SET":
        return "deleted"
    return _own_money(one, newest) if one["bill_id"] is None else _of_deal(one, deal)


def _of_deal(bill: Mapping[str, Any], deal: Mapping[str, Any] | None) -> str:
    if deal is None:
        return "waits: the deal has not come yet"
    if deal["op"] != "SET":
        return "waits: the deal is deleted"
    if bill["currency"] != deal["currency"]:
        return (
            f"does not count: the deal is in {deal['currency']}; send the bill in that currency, "
            "or put the deal's right"
        )
    return "counts"


def _own_money(deal: Mapping[str, Any], newest: Mapping[tuple[str, str], Mapping[str, Any]]) -> str:
    bills = [
        one for who, one in newest.items()
        if who != _OWN and one["op"] == "SET" and one["currency"] == deal["currency"]
    ]  # fmt: skip
    told = [name for name in BILLED if any(one[name] is not None for one in bills)]
    if not told:
        return "counts"
    names = " and ".join(name.removesuffix("_amount") for name in told)
    return f"counts; what is {names} is for its bills to say"


def _instant(revision: int) -> datetime:
    return datetime.fromtimestamp(revision / 1_000_000, UTC)
