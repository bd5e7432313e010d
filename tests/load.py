"""Seeded facts with duplicates, corrections and disorder, and what they must add up to.

The sums are computed the plain way from the last state of each entity; no code of streams is used.
"""

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from schemas import topics
from schemas.codec import CatalogueIds, encode

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo")
HOME = "UTC"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
RATES = {"EUR": Decimal(1), "USD": Decimal("0.9")}
CURRENCIES = tuple(RATES)
MEASURES = {
    "calls": ("call", "COUNT"),
    "calls_connected": ("call", "COUNT"),
    "talk_seconds": ("call", "SECONDS"),
    "emails_sent": ("email", "COUNT"),
    "replies": ("email", "COUNT"),
    "meetings_booked": ("meeting", "COUNT"),
    "meetings_held": ("meeting", "COUNT"),
    "no_shows": ("meeting", "COUNT"),
    "deals_created": ("deal", "COUNT"),
    "deals_won": ("deal", "COUNT"),
    "deals_lost": ("deal", "COUNT"),
    "cycle_days": ("deal", "DAYS"),
    "won_valued": ("deal", "COUNT"),
    "won_amount": ("deal", "MONEY"),
    "lost_amount": ("deal", "MONEY"),
    "revenue_won": ("deal", "MONEY"),
    "revenue_won_reporting": ("deal", "MONEY"),
}
Sums = dict[tuple[str, date, str, str], Decimal]
CreditKey = tuple[str, str, str, str]  # payee, deal, role, via


def definitions(reps: int) -> dict[str, Any]:
    """Definitions of a company whose users u0 ... are reps r0 ..."""
    return {
        "company": {"name": "Test", "reporting_currency": "EUR", "time_zone": HOME},
        "roster": {
            "teams": [{"team_id": "t", "name": "T"}],
            "reps": [
                {
                    "rep_id": f"r{i}",
                    "history": [
                        {"valid_from": "2020-01-01", "team_id": "t", "time_zone": zone_of(i)}
                    ],
                }
                for i in range(reps)
            ],
        },
        "identities": {
            "identities": [
                {"source": "sim", "user_id": f"u{i}", "rep_id": f"r{i}"} for i in range(reps)
            ]
        },
        "rates": {"rates": [{"base": "USD", "quote": "EUR", "on": "2020-01-01", "rate": "0.9"}]},
        "measures": {
            "measures": [
                {
                    "measure": name,
                    "of": of,
                    "rule": name,
                    "unit": unit,
                    "label": name,
                    "description": "",
                }
                for name, (of, unit) in MEASURES.items()
            ]
        },
    }


def zone_of(rep: int) -> str:
    return ZONES[rep % len(ZONES)]


class Credited(NamedTuple):
    """What one payee is credited for one deal, as it must stand."""

    stage_class: str
    day: date
    share: Decimal
    amount: Decimal
    currency: str
    reporting_amount: Decimal | None
    cancelled_on: date | None


class Event(NamedTuple):
    """One record of the log."""

    message: str
    record: dict[str, Any]


class Floor:
    """A seeded sales floor.

    Attributes:
        again: share of records that tell of a known entity once more.
        per_day: new facts of one day, if they come in order of time; None: in any order.
    """

    def __init__(
        self,
        seed: int,
        reps: int = 40,
        days: int = 10,
        again: float = 0.15,
        per_day: int | None = None,
    ) -> None:
        self.random = random.Random(seed)
        self.reps, self.days, self.again = reps, days, again
        self.known: list[Event] = []
        self.last: dict[str, Event] = {}
        self.made = self.changes = 0
        self.per_day = per_day

    def events(self, count: int) -> Iterator[Event]:
        """Yield records in the order of their log."""
        for _ in range(count):
            event = self._again() if self.known and self._chance(self.again) else self._new()
            before = self.last.get(event.record["entity_id"])
            if before is None or event.record["revision"] > before.record["revision"]:
                self.last[event.record["entity_id"]] = event
            if len(self.known) < 5_000:
                self.known.append(event)
            else:
                self.known[self.random.randrange(5_000)] = event
            yield event

    def sums(self) -> Sums:
        """Return what the results must be."""
        found: Sums = defaultdict(Decimal)
        for message, record in self.last.values():
            if record["op"] == "SET":
                for user, measure, day, currency, value in _worth(message, record):
                    rep = f"r{user[1:]}" if user else "unassigned"
                    found[rep, day, measure, currency] += value
        return {key: value for key, value in found.items() if value}

    def credits(self) -> dict[CreditKey, Credited]:
        """Return who must be credited for what."""
        return {
            (f"r{user[1:]}" if user else "unassigned", r["entity_id"], role, via): found
            for message, r in self.last.values()
            if message == "deal" and r["op"] == "SET"
            for user, role, via, found in _credits(r)
        }

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _again(self) -> Event:
        event = self.random.choice(self.known)
        kind = self.random.random()
        if kind < 0.3:
            return event  # a duplicate, or stale by now
        record = dict(event.record)
        record["revision"] += self.random.choice([-1, 1, 2, 3]) * 1_000
        if kind < 0.4:
            record["op"] = "CANCELLED"
        elif kind < 0.6:
            record["owner_id"] = self._user()
        elif kind < 0.8:
            at = self._instant()
            record["occurred_at"] = at
            if event.message == "meeting":
                record["start_at"] = at
        elif event.message == "deal":
            record.update(self._stage())
            if self._chance(0.5):
                record["splits"] = self._splits()
        # One revision has one content here: of two contents the sums below could not tell which.
        self.changes += 1
        record["revision"] = (record["revision"] * 100_000 + self.changes) % (1 << 60)
        return Event(event.message, record)

    def _new(self) -> Event:
        self.made += 1
        message = self.random.choices(["call", "email", "meeting", "deal"], [50, 35, 8, 7])[0]
        return Event(message, {**self._common(message), **getattr(self, f"_{message}")()})

    def _user(self) -> str | None:
        return None if self._chance(0.01) else f"u{self.random.randrange(self.reps)}"

    def _instant(self) -> datetime:
        if self.per_day is None:
            return SINCE + timedelta(milliseconds=self.random.randrange(self.days * 86_400_000))
        now = self.made * 86_400_000 // self.per_day
        return SINCE + timedelta(milliseconds=now + self.random.randrange(3_600_000))

    def _common(self, message: str) -> dict[str, Any]:
        at = self._instant()
        return {
            "entity_id": f"sim:{message}:{self.made:08d}",
            "source": "sim",
            "source_id": str(self.made),
            "revision": 1_000_000 + self.made,
            "op": "SET",
            "created_at": at,
            "occurred_at": at,
            "owner_id": self._user(),
        }

    def _call(self) -> dict[str, Any]:
        return {
            "direction": self.random.choice(["OUTBOUND", "OUTBOUND", "INBOUND", "INTERNAL"]),
            "status": self.random.choice(["COMPLETED", "COMPLETED", "NO_ANSWER", "BUSY"]),
            "connected": self.random.choice([True, False, None]),
            "talk_seconds": self.random.choice([None, 0, 30, 400]),
            "is_automated": self._chance(0.05),
            "account_id": "a1",
        }

    def _email(self) -> dict[str, Any]:
        return {
            "direction": self.random.choice(["OUTBOUND", "OUTBOUND", "INBOUND"]),
            "status": self.random.choice(["SENT", "SENT", "BOUNCED"]),
            "is_automated": self._chance(0.2),
            "is_reply": (None, True, False)[self.made % 3],
            "thread_id": "t1",
        }

    def _meeting(self) -> dict[str, Any]:
        return {
            "booked_by_id": self._user(),
            "booked_at": self.random.choice([None, self._instant()]),
            "start_at": self._instant(),
            "outcome": self.random.choice(["SCHEDULED", "COMPLETED", "NO_SHOW"]),
        }

    def _deal(self) -> dict[str, Any]:
        return {
            "stage_id": "s",
            "segment": (None, "SMB", "ENT")[self.made % 3],
            "region": (None, "EMEA", "AMER")[self.made // 3 % 3],
            "account_id": f"a{self.made % 5}",
            **self._billing(),
            "currency": self.random.choice(CURRENCIES),
            "splits": self._splits(),
            **self._stage(),
        }

    def _billing(self) -> dict[str, Any]:
        """Return what a deal may say besides its amount, in parts that do not come out even."""
        n = self.made
        return {
            "acv": (None, Decimal(n * 7919 % 10**6).scaleb(-4))[n % 2],
            "margin": (None, Decimal(-n * 104_729 % 10**7).scaleb(-4))[n // 2 % 2],
            "units": (None, Decimal(n % 11))[n // 4 % 2],
            "invoiced_amount": (None, Decimal(n * 31 % 10**5).scaleb(-2))[n // 3 % 2],
            "paid_amount": (None, Decimal(n * 17 % 10**5).scaleb(-3))[n // 5 % 2],
            "cancelled_on": (None, None, None, date(2026, 5, 1))[n % 4],
            "cancel_reason": ("NONE", "NONE", "NONE", "CHURN")[n % 4],
            "territory_id": (None, "north")[n // 7 % 2],
        }

    def _splits(self) -> list[dict[str, Any]]:
        if self._chance(0.7):
            return []
        roles = [("REVENUE", "0.6"), ("REVENUE", "0.4"), ("OVERLAY", "0.5")]
        self.random.shuffle(roles)
        return [
            {"owner_id": f"u{self.random.randrange(self.reps)}", "role": r, "share": Decimal(s)}
            for r, s in roles
            if r == "REVENUE" or self._chance(0.5)
        ]

    def _stage(self) -> dict[str, Any]:
        return {
            "stage_class": self.random.choice(["OPEN", "WON", "WON", "LOST"]),
            "amount": Decimal(self.random.randrange(100_000)) / 100,
            "won_at": self._instant(),
            "lost_at": self._instant(),
        }


def _worth(message: str, r: dict[str, Any]) -> Iterator[tuple[str | None, str, date, str, Decimal]]:
    """Yield what one entity is worth: user, measure, day, currency, value."""
    owner, one = r["owner_id"], Decimal(1)
    if message == "call" and not r["is_automated"]:
        day = _day(r["occurred_at"], owner)
        talked = r["status"] == "COMPLETED" and (r["talk_seconds"] or 0) > 0
        answered = talked if r["connected"] is None else r["connected"]
        if r["direction"] == "OUTBOUND" or (r["direction"] == "INBOUND" and answered):
            yield owner, "calls", day, "", one
            if answered:
                yield owner, "calls_connected", day, "", one
                yield owner, "talk_seconds", day, "", Decimal(r["talk_seconds"] or 0)
    elif message == "email":
        if r["direction"] == "OUTBOUND" and r["status"] == "SENT" and not r["is_automated"]:
            yield owner, "emails_sent", _day(r["occurred_at"], owner), "", one
        if r["direction"] == "INBOUND" and r["is_reply"] and not r["is_automated"]:
            yield owner, "replies", _day(r["occurred_at"], owner), "", one
    elif message == "meeting":
        booker = r["booked_by_id"] or owner
        booked_at = r["booked_at"] or r["created_at"]
        yield booker, "meetings_booked", _day(booked_at, booker), "", one
        if r["outcome"] == "COMPLETED":
            yield owner, "meetings_held", _day(r["start_at"], owner), "", one
        if r["outcome"] == "NO_SHOW":
            yield owner, "no_shows", _day(r["start_at"], owner), "", one
    elif message == "deal":
        yield from _deal_worth(r)


def _deal_worth(r: dict[str, Any]) -> Iterator[tuple[str | None, str, date, str, Decimal]]:
    owner, one = r["owner_id"], Decimal(1)
    created, whole = _day(r["created_at"], owner), r["amount"] * RATES[r["currency"]]
    yield owner, "deals_created", created, "", one
    if r["stage_class"] == "LOST":
        lost = _day(r["lost_at"], owner)
        yield owner, "deals_lost", lost, "", one
        yield owner, "lost_amount", lost, "EUR", whole
    if r["stage_class"] == "WON":
        won = _day(r["won_at"], owner)
        yield owner, "deals_won", won, "", one
        yield owner, "cycle_days", won, "", Decimal(max(0, (won - created).days))
        yield owner, "won_valued", won, "", one
        yield owner, "won_amount", won, "EUR", whole
        revenue = [s for s in r["splits"] if s["role"] == "REVENUE"]
        shares = [(s["owner_id"], s["share"]) for s in revenue] or [(owner, one)]
        for user, share in shares:  # amounts and shares divide without remainder here
            day, part = _day(r["won_at"], user), r["amount"] * share
            yield user, "revenue_won", day, r["currency"], part
            yield user, "revenue_won_reporting", day, "EUR", part * RATES[r["currency"]]


def _credits(r: dict[str, Any]) -> Iterator[tuple[str | None, str, str, Credited]]:
    """Yield who is credited for a deal: user, role, via, what."""
    stage = r["stage_class"]
    at = {"WON": r["won_at"], "LOST": r["lost_at"], "OPEN": r["created_at"]}[stage]
    parts = [(s["owner_id"], s["role"], str(i), s["share"]) for i, s in enumerate(r["splits"])]
    if not any(role == "REVENUE" for _, role, *_ in parts):
        parts.append((r["owner_id"], "REVENUE", "owner", Decimal(1)))
    for user, role, via, share in parts:
        amount = r["amount"] * share
        reporting = amount * RATES[r["currency"]] if stage == "WON" else None
        day = _day(at, user)
        found = Credited(
            stage, day, share, amount, r["currency"], reporting, r["cancelled_on"]
        )  # fmt: skip
        yield user, role, via, found


def _day(at: datetime, user: str | None) -> date:
    zone = zone_of(int(user[1:])) if user else HOME
    return at.astimezone(ZoneInfo(zone)).date()


def encoded(events: Iterator[Event]) -> Iterator[tuple[str, bytes, bytes]]:
    """Yield topic, key and value of events."""
    ids = CatalogueIds()
    for message, record in events:
        value = encode(message, record, ids)
        yield topics.BY_FACT[message].name, record["entity_id"].encode(), value
