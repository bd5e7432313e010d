"""The truth: what every rep's days amount to, counted plainly from the records alone.

The independent answer that tests hold the pipeline to. It shares no code with agents or engine: for
each entity the record of the highest revision counts, unless it is CANCELLED.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from connectors.sources.simulator.floor import Floor, FloorRep
from schemas.definitions import UNASSIGNED
from schemas.money import at_scale

Record = dict[str, Any]


class Cell(NamedTuple):
    """What one number is about.

    Attributes:
        day: in the rep's zone.
        currency: ISO 4217 of a measure that is money, else empty.
    """

    rep_id: str
    day: date
    measure: str
    currency: str


class _Somebody:
    """Turns an owner and an instant into a rep and a day."""

    def __init__(self, floor: Floor) -> None:
        self._reps = {rep.owner_id: rep for rep in floor.reps}
        self._nobody = FloorRep("", UNASSIGNED, "", (floor.anywhere,))

    def rep(self, owner_id: str | None) -> FloorRep:
        return self._reps.get(owner_id or "", self._nobody)

    def cell(self, owner_id: str | None, instant: datetime, measure: str, cur: str = "") -> Cell:
        rep = self.rep(owner_id)
        return Cell(rep.rep_id, rep.day_of(instant), measure, cur)


Counted = Iterator[tuple[Cell, Decimal]]
ONE = Decimal(1)


def truth(records: Iterable[tuple[str, Record]], floor: Floor) -> dict[Cell, Decimal]:
    """Return every number that is not 0.

    Args:
        records: message and decoded record, in any order and any number of times.
        floor: who owns what and where; an owner it does not know is `unassigned`, whose days are
            those of the company's zone.
    """
    somebody, totals = _Somebody(floor), defaultdict[Cell, Decimal](Decimal)
    for (message, _), record in final(records).items():
        if record["op"] == "CANCELLED":
            continue
        for cell, value in _COUNTS[message](record, somebody):
            totals[cell] += value
    return {cell: value for cell, value in totals.items() if value}


def final(records: Iterable[tuple[str, Record]]) -> dict[tuple[str, str], Record]:
    """Return the newest record of each entity, by message and entity id."""
    newest: dict[tuple[str, str], Record] = {}
    for message, record in records:
        kept = newest.get((message, record["entity_id"]))
        if kept is None or record["revision"] > kept["revision"]:
            newest[message, record["entity_id"]] = record
    return newest


def _calls(call: Record, somebody: _Somebody) -> Counted:
    connected = call["connected"]
    if connected is None:
        connected = call["status"] == "COMPLETED" and (call["talk_seconds"] or 0) > 0
    inbound_answered = call["direction"] == "INBOUND" and connected
    owner, at = call["owner_id"], call["occurred_at"]
    if call["direction"] == "OUTBOUND" or inbound_answered:
        yield somebody.cell(owner, at, "calls"), ONE
        if connected:
            yield somebody.cell(owner, at, "calls_connected"), ONE
            yield somebody.cell(owner, at, "talk_seconds"), Decimal(call["talk_seconds"] or 0)


def _emails(email: Record, somebody: _Somebody) -> Counted:
    sent = email["direction"] == "OUTBOUND" and email["status"] == "SENT"
    if sent and not email["is_automated"]:
        yield somebody.cell(email["owner_id"], email["occurred_at"], "emails_sent"), ONE


def _meetings(meeting: Record, somebody: _Somebody) -> Counted:
    booker = meeting["booked_by_id"] or meeting["owner_id"]
    booked_at = meeting["booked_at"] or meeting["created_at"]
    yield somebody.cell(booker, booked_at, "meetings_booked"), ONE
    if meeting["outcome"] == "COMPLETED":
        yield somebody.cell(meeting["owner_id"], meeting["start_at"], "meetings_held"), ONE


def _deals(deal: Record, somebody: _Somebody) -> Counted:
    owner = deal["owner_id"]
    yield somebody.cell(owner, deal["created_at"], "deals_created"), ONE
    if deal["stage_class"] == "LOST":
        yield somebody.cell(owner, deal["lost_at"] or deal["occurred_at"], "deals_lost"), ONE
    if deal["stage_class"] == "WON":
        yield _won(deal, owner, "deals_won", somebody), ONE
        for payee, share in _revenue_shares(deal):
            cell = _won(deal, payee, "revenue_won", somebody)
            yield cell._replace(currency=deal["currency"]), at_scale((deal["amount"] or 0) * share)


def _won(deal: Record, payee: str | None, measure: str, somebody: _Somebody) -> Cell:
    """Return where a win counts: the day of won_at, else the close date, else of occurred_at."""
    if deal["won_at"] is None and deal["close_date"] is not None:
        return Cell(somebody.rep(payee).rep_id, deal["close_date"], measure, "")
    return somebody.cell(payee, deal["won_at"] or deal["occurred_at"], measure)


def _revenue_shares(deal: Record) -> list[tuple[str | None, Decimal]]:
    shares = [(s["owner_id"], s["share"]) for s in deal["splits"] if s["role"] == "REVENUE"]
    return shares or [(deal["owner_id"], ONE)]


_COUNTS: dict[str, Callable[[Record, _Somebody], Counted]] = {
    "call": _calls,
    "email": _emails,
    "meeting": _meetings,
    "deal": _deals,
}
