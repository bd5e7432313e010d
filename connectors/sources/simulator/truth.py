"""The truth: what every rep's days amount to, counted plainly from the records alone.

The independent answer that tests hold the pipeline to. It shares no code with agents or engine: for
each entity the record of the highest revision counts, unless it is CANCELLED.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from connectors.sources.simulator.floor import Floor
from schemas.definitions import UNASSIGNED
from schemas.money import SCALE

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
        self._company_zone = ZoneInfo(floor.time_zone)

    def rep_id(self, owner_id: str | None) -> str:
        rep = self._reps.get(owner_id or "")
        return rep.rep_id if rep else UNASSIGNED

    def cell(self, owner_id: str | None, instant: datetime, measure: str) -> Cell:
        return Cell(self.rep_id(owner_id), self._day(owner_id, instant), measure, "")

    def _day(self, owner_id: str | None, instant: datetime) -> date:
        """Return the day in the zone of the spell it falls in; outside of all, in the company's."""
        rep = self._reps.get(owner_id or "")
        for spell in reversed(rep.spells) if rep else ():
            day = instant.astimezone(ZoneInfo(spell.time_zone)).date()
            if spell.valid_from <= day < spell.valid_to:
                return day
        return instant.astimezone(self._company_zone).date()


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
    outbound, inbound = call["direction"] == "OUTBOUND", call["direction"] == "INBOUND"
    if call["is_automated"] or call["status"] == "IN_PROGRESS" or not (outbound or inbound):
        return
    connected = call["connected"]
    if connected is None:
        connected = call["status"] == "COMPLETED" and (call["talk_seconds"] or 0) > 0
    owner, at = call["owner_id"], call["occurred_at"]
    if outbound or connected:
        yield somebody.cell(owner, at, "calls"), ONE
    if connected:
        yield somebody.cell(owner, at, "calls_connected"), ONE
        yield somebody.cell(owner, at, "talk_seconds"), Decimal(call["talk_seconds"] or 0)


def _emails(email: Record, somebody: _Somebody) -> Counted:
    sent = email["direction"] == "OUTBOUND" and email["status"] == "SENT"
    if sent and not email["is_automated"]:
        yield somebody.cell(email["owner_id"], email["occurred_at"], "emails_sent"), ONE
    if email["direction"] == "INBOUND" and email["is_reply"] and not email["is_automated"]:
        yield somebody.cell(email["owner_id"], email["occurred_at"], "replies"), ONE


def _meetings(meeting: Record, somebody: _Somebody) -> Counted:
    booker = meeting["booked_by_id"] or meeting["owner_id"]
    booked_at = meeting["booked_at"] or meeting["created_at"]
    yield somebody.cell(booker, booked_at, "meetings_booked"), ONE
    if meeting["outcome"] == "COMPLETED":
        yield somebody.cell(meeting["owner_id"], meeting["start_at"], "meetings_held"), ONE
    if meeting["outcome"] == "NO_SHOW":
        yield somebody.cell(meeting["owner_id"], meeting["start_at"], "no_shows"), ONE


def _deals(deal: Record, somebody: _Somebody) -> Counted:
    owner = deal["owner_id"]
    created = somebody.cell(owner, deal["created_at"], "deals_created")
    yield created, ONE
    if deal["stage_class"] == "LOST":
        yield _closed(deal, "lost_at", owner, "deals_lost", somebody), ONE
    if deal["stage_class"] == "WON":
        won = _closed(deal, "won_at", owner, "deals_won", somebody)
        yield won, ONE
        days = max(0, (won.day - created.day).days)
        yield won._replace(measure="cycle_days"), Decimal(days)
        for payee, amount in _revenue(deal):
            cell = _closed(deal, "won_at", payee, "revenue_won", somebody)
            yield cell._replace(currency=deal["currency"]), amount


def _closed(deal: Record, at: str, who: str | None, measure: str, somebody: _Somebody) -> Cell:
    """Return where a close counts: the day of its instant, else the close date, else occurred."""
    if deal[at] is None and deal["close_date"] is not None:
        return Cell(somebody.rep_id(who), deal["close_date"], measure, "")
    return somebody.cell(who, deal[at] or deal["occurred_at"], measure)


def _revenue(deal: Record) -> list[tuple[str | None, Decimal]]:
    """Return what each payee gets, adding up to the amount.

    Each gets the share's whole ten-thousandths; those left over go one by one to the largest
    remainders.
    """
    amount = deal["amount"] or Decimal(0)
    shares = [(s["owner_id"], s["share"]) for s in deal["splits"] if s["role"] == "REVENUE"]
    if not shares:
        return [(deal["owner_id"], amount)]
    exact = [amount / SCALE * share for _, share in shares]
    units = [int(e) for e in exact]
    for _ in range(int(amount / SCALE) - sum(units)):
        i = max(range(len(units)), key=lambda i: (exact[i] - units[i], -i))
        units[i] += 1
    return [(who, unit * SCALE) for (who, _), unit in zip(shares, units, strict=True)]


_COUNTS: dict[str, Callable[[Record, _Somebody], Counted]] = {
    "call": _calls,
    "email": _emails,
    "meeting": _meetings,
    "deal": _deals,
}
