"""What the results must be, computed the plain way: the last word on each entity, counted afresh.

No code of streams is used. Of two records the later revision counts; of two contents of one
revision the one with the greater hash, as the format says. Everything resolves under the newest
definitions, since markers bring all of history under them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from xxhash import xxh64_intdigest

CENT = Decimal("0.0001")  # what decimal(18, 4) stores
Sums = dict[tuple[str, date, str, str], Decimal]
Record = Mapping[str, Any]


class Sent(NamedTuple):
    """One record as it was sent."""

    message: str
    record: dict[str, Any]
    value: bytes


class Company:
    """A revision of the definitions as plain data."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.home = raw["company"]["time_zone"]
        self.reporting = raw["company"]["reporting_currency"]
        self.by_close_date = raw["company"].get("won_day") == "CLOSE_DATE"
        self.zones = {rep["rep_id"]: rep["history"] for rep in raw["roster"]["reps"]}
        self.reps = {
            (i["source"], i["user_id"]): i["rep_id"] for i in raw["identities"]["identities"]
        }
        self.rates = sorted(raw["rates"]["rates"], key=lambda r: r["on"])
        self.rules: dict[str, list[str]] = defaultdict(list)
        for measure in raw["measures"]["measures"]:
            self.rules[measure["rule"]].append(measure["measure"])

    def rep(self, source: str, user: str | None) -> str:
        return self.reps.get((source, user or ""), "unassigned")

    def day(self, rep: str, at: datetime) -> date:
        """Return the day of an instant where a rep worked then."""
        for stint in reversed(self.zones.get(rep, [])):
            local = at.astimezone(ZoneInfo(stint["time_zone"])).date()
            if stint["valid_from"] <= local.isoformat() < stint.get("valid_to", "2199-12-31"):
                return local
        return at.astimezone(ZoneInfo(self.home)).date()

    def rate(self, currency: str, day: date) -> Decimal | None:
        """Return the newest rate dated on or before a day."""
        if currency == self.reporting:
            return Decimal(1)
        found = [r for r in self.rates if r["base"] == currency and r["on"] <= day.isoformat()]
        return Decimal(found[-1]["rate"]) if found else None


def last_words(sent: Iterable[Sent]) -> dict[str, Sent]:
    """Return what was said last of each entity."""
    found: dict[str, tuple[tuple[int, int], Sent]] = {}
    for one in sent:
        rank = (one.record["revision"], xxh64_intdigest(one.value[5:].rstrip(b"\0")))
        entity = one.record["entity_id"]
        if entity not in found or rank > found[entity][0]:
            found[entity] = rank, one
    return {entity: one for entity, (_, one) in found.items()}


def sums(sent: Iterable[Sent], definitions: Mapping[str, Any]) -> Sums:
    """Return every total that is not nothing."""
    company = Company(definitions)
    found: Sums = defaultdict(Decimal)
    for one in last_words(sent).values():
        if one.record["op"] != "SET":
            continue
        for rule, rep, day, currency, value in worth(one.message, one.record, company):
            for measure in company.rules[rule]:
                found[rep, day, measure, currency] += value
    return {key: value for key, value in found.items() if value}


Line = tuple[str, str, date, str, Decimal]


def worth(message: str, record: Record, company: Company) -> Iterator[Line]:
    """Yield what one entity is worth: rule, rep, day, currency, value."""
    yield from _WORTH[message](record, company, company.rep(record["source"], record["owner_id"]))


def _call(r: Record, company: Company, owner: str) -> Iterator[Line]:
    if r["is_automated"] or r["status"] == "IN_PROGRESS":
        return
    talked = r["status"] == "COMPLETED" and (r["talk_seconds"] or 0) > 0
    answered = talked if r["connected"] is None else r["connected"]
    day = company.day(owner, r["occurred_at"])
    if r["direction"] == "OUTBOUND" or (r["direction"] == "INBOUND" and answered):
        yield "calls", owner, day, "", Decimal(1)
        if answered:
            yield "calls_connected", owner, day, "", Decimal(1)
            yield "talk_seconds", owner, day, "", Decimal(r["talk_seconds"] or 0)


def _email(r: Record, company: Company, owner: str) -> Iterator[Line]:
    if r["direction"] == "OUTBOUND" and r["status"] == "SENT" and not r["is_automated"]:
        yield "emails_sent", owner, company.day(owner, r["occurred_at"]), "", Decimal(1)


def _meeting(r: Record, company: Company, owner: str) -> Iterator[Line]:
    booker = company.rep(r["source"], r["booked_by_id"] or r["owner_id"])
    booked = company.day(booker, r["booked_at"] or r["created_at"])
    yield "meetings_booked", booker, booked, "", Decimal(1)
    if r["outcome"] == "COMPLETED":
        yield "meetings_held", owner, company.day(owner, r["start_at"]), "", Decimal(1)


def _deal(r: Record, company: Company, owner: str) -> Iterator[Line]:
    yield "deals_created", owner, company.day(owner, r["created_at"]), "", Decimal(1)
    if r["stage_class"] == "LOST":
        lost = company.day(owner, r["lost_at"] or r["occurred_at"])
        day = r["close_date"] if r["close_date"] and not r["lost_at"] else lost
        yield "deals_lost", owner, day, "", Decimal(1)
    if r["stage_class"] == "WON":
        yield "deals_won", owner, won_day(r, company, owner), "", Decimal(1)
        for credit in credits_of(r, company):
            yield "revenue_won", credit.rep_id, credit.day, r["currency"], credit.amount
            if credit.reporting is not None:
                yield "revenue_won_reporting", credit.rep_id, credit.day, company.reporting, \
                    credit.reporting  # fmt: skip


class Credit(NamedTuple):
    """What one payee is credited for one deal through one split."""

    rep_id: str
    day: date
    amount: Decimal
    reporting: Decimal | None


def credits_of(r: Record, company: Company) -> list[Credit]:
    """Return the REVENUE credits of a won deal."""
    if r["amount"] is None:
        return []
    shares = [(s["owner_id"], s["share"]) for s in r["splits"] if s["role"] == "REVENUE"]
    shares = shares or [(r["owner_id"], Decimal(1))]
    reps = [company.rep(r["source"], user) for user, _ in shares]
    rate = company.rate(r["currency"], won_day(r, company, company.rep(r["source"], r["owner_id"])))
    amounts = cut(r["amount"], [share for _, share in shares])
    whole = rate and (r["amount"] * rate).quantize(CENT, ROUND_HALF_EVEN)
    reporting = cut(whole, [share for _, share in shares]) if whole is not None else None
    return [
        Credit(rep, won_day(r, company, rep), amounts[i], reporting[i] if reporting else None)
        for i, rep in enumerate(reps)
    ]


def won_day(r: Record, company: Company, rep: str) -> date:
    by_date = r["close_date"] and (company.by_close_date or not r["won_at"])
    day: date = r["close_date"] if by_date else company.day(rep, r["won_at"] or r["occurred_at"])
    return day


def cut(amount: Decimal, shares: Sequence[Decimal]) -> list[Decimal]:
    """Return an amount in parts that add up to it; what rounding leaves goes to the most cut."""
    exact = [amount * share for share in shares]
    parts = [one.quantize(CENT, ROUND_FLOOR) for one in exact]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[: int((amount - sum(parts)) / CENT)]:
        parts[i] += CENT
    return parts


_WORTH = {"call": _call, "email": _email, "meeting": _meeting, "deal": _deal}
