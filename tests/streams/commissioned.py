"""Credits as stage one would publish them, and what they come to by a direct count."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import polars as pl

from connectors.sinks.kafka import Publisher
from schemas.codec import CatalogueIds, encode
from schemas.positions import position_of
from schemas.warehouse import Message
from streams.engine.batches import Partition
from streams.engine.epochs import marker_message
from tests.ground import Site, wait_for

IDS = CatalogueIds()
FIRST = date(2026, 1, 1)
KEYS = ("rep_id", "deal_id", "role", "via")
TIERS = (("0", "0.07"), ("20000", "0.1"), ("60000", "0.13"))


def plans(*tiers: tuple[str, str], **fields: Any) -> dict[str, Any]:
    """Return definitions with one plan for everybody."""
    made = [{"since": since, "rate": rate} for since, rate in tiers]
    plan = {
        "plan_id": "p",
        "name": "P",
        "currency": "EUR",
        "period": "QUARTER",
        "valid_from": "2026-01-01",
        "components": [{"component_id": "c", "tiers": made}],
    }
    return {"plans": {"plans": [{**plan, **fields}]}}  # fmt: skip


def credit(rep_id: str, deal_id: str, position: int, **fields: Any) -> dict[str, Any]:
    amount = fields.pop("amount", Decimal(100))
    return {
        "rep_id": rep_id, "deal_id": deal_id, "role": "REVENUE", "via": "owner",
        "topic": "crm.deals", "partition": 0, "position": position, "deleted": False,
        "stage_class": "WON", "day": FIRST, "amount": amount, "currency": "EUR",
        "reporting_amount": amount, "reporting_currency": "EUR", "rate": Decimal(1),
        "rate_on": FIRST, "share": Decimal(1), "deal_type": "NEW", "product": None,
        "segment": None, "region": None, "sequence": 1, **fields,
    }  # fmt: skip


def messages(credits: Iterable[Mapping[str, Any]]) -> list[Message]:
    return [
        Message("spm.credits", c["rep_id"].encode(), encode("credit", dict(c), IDS))
        for c in credits
    ]


@dataclass
class Desk:
    """Credits of deals that are won, changed, reassigned and lost, with duplicates and disorder."""

    seed: int = 0
    reps: int = 6
    deals: int = 40
    _position: int = position_of(1, 0)
    last: dict[tuple[str, ...], dict[str, Any]] = field(default_factory=dict)

    def credits(self, count: int) -> list[dict[str, Any]]:
        """Return more of them."""
        chance = random.Random(f"{self.seed}-{self._position}")
        found: list[dict[str, Any]] = []
        while len(found) < count:
            self._position += 1
            made = self._credit(chance)
            self.last[tuple(made[k] for k in KEYS)] = made
            found.append(made)
            if chance.random() < 0.05:
                found.append(made)
            if chance.random() < 0.05:
                found.append(chance.choice(found))  # stale by now, perhaps
        return found

    def _credit(self, chance: random.Random) -> dict[str, Any]:
        cents = Decimal(chance.randrange(-2_000_00, 25_000_0000)).scaleb(-4)
        return credit(
            f"r{chance.randrange(self.reps)}",
            f"deal:{chance.randrange(self.deals)}",
            self._position,
            role=chance.choice(["REVENUE", "REVENUE", "REVENUE", "OVERLAY"]),
            amount=cents,
            reporting_amount=None if chance.random() < 0.05 else cents,
            deleted=chance.random() < 0.1,
            stage_class=chance.choice(["WON", "WON", "WON", "LOST"]),
            day=FIRST + timedelta(days=chance.randrange(200)),
        )

    def owed(self, tiers: Iterable[tuple[str, str]] = TIERS) -> dict[tuple[str, date], Decimal]:
        """Return what reps are owed per calendar quarter, counted directly."""
        counting = (
            (one["rep_id"], one["day"], one["reporting_amount"])
            for one in self.last.values()
            if not one["deleted"] and one["role"] == "REVENUE" and one["stage_class"] == "WON"
        )
        return owed(counting, tiers)


def owed(
    counting: Iterable[tuple[str, date, Decimal | None]], tiers: Iterable[tuple[str, str]] = TIERS
) -> dict[tuple[str, date], Decimal]:
    """Return what payees are owed per calendar quarter for what counts: payee, day, amount."""
    totals: dict[tuple[str, date], Decimal] = {}
    for rep_id, day, amount in counting:
        key = (rep_id, date(day.year, (day.month - 1) // 3 * 3 + 1, 1))
        totals[key] = totals.get(key, Decimal(0)) + (amount or 0)
    found = {key: ladder(total, list(tiers)) for key, total in totals.items()}
    return {key: amount for key, amount in found.items() if amount}


def ladder(total: Decimal, tiers: list[tuple[str, str]]) -> Decimal:
    paid = Decimal(0)
    for i, (since, rate) in enumerate(tiers):
        up_to = Decimal(tiers[i + 1][0]) if i + 1 < len(tiers) else total
        part = min(total, up_to) - Decimal(since)
        if part > 0 or i == 0:
            paid += part * Decimal(rate)
    return paid.quantize(Decimal("0.01"), ROUND_HALF_EVEN)


class StageOne:
    """What the deal agent would do: write deal_credit, then publish."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.publisher = Publisher(site.settings.kafka_config())

    def store(self, credits: Iterable[Mapping[str, Any]]) -> None:
        """Write the rows."""
        warehouse = self.site.warehouse()
        now = warehouse.incarnation()
        names = ("product", "segment", "region", "deal_type")
        rows = [
            {k: v for k, v in c.items() if k not in names} | {"generation": now.generation}
            for c in credits
        ]
        kinds = {
            "amount": pl.Decimal(18, 4),
            "reporting_amount": pl.Decimal(18, 4),
            "rate": pl.Decimal(20, 10),
            "share": pl.Decimal(9, 6),
            "rate_on": pl.Date(),
        }
        frame = pl.DataFrame(rows, schema_overrides=kinds)  # fmt: skip
        warehouse.insert("spm.deal_credit", frame, now)

    def publish(self, credits: Iterable[Mapping[str, Any]]) -> None:
        """Send the messages."""
        self.publisher.send(messages(credits))

    def tell(self, credits: Iterable[Mapping[str, Any]]) -> None:
        """Do both, in this order."""
        made = list(credits)
        self.store(made)
        self.publish(made)

    def mark(self, sequence: int) -> None:
        """Let definitions take effect in every partition of credits."""
        count = self.publisher._producer.list_topics("spm.credits").topics["spm.credits"].partitions
        self.publisher.send(
            marker_message(Partition("spm.credits", number), sequence, "definitions", IDS)
            for number in count
        )

    def ledger(self) -> dict[tuple[str, date], Decimal]:
        """Return what the ledger adds up to per rep and origin."""
        rows = self.site.frame(
            "SELECT rep_id, origin_start, sum(amount) AS owed FROM spm.commission_ledger FINAL "
            "GROUP BY rep_id, origin_start HAVING owed != 0"
        )
        return {(rep, origin): amount for rep, origin, amount in rows.iter_rows()}

    def wait_for(self, owed: Any, what: str = "the ledger", seconds: float = 120) -> None:
        """Wait until the ledger says what is owed."""
        try:
            wait_for(lambda: self.ledger() == owed, what, seconds)
        except AssertionError:
            assert self.ledger() == owed, self.site.logs()[-2000:]
            raise
