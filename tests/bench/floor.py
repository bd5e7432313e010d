"""The log of a sales floor in columns, seeded: its records as bytes, and two direct counts of it.

The counts come from the columns themselves; no code of streams is used. 1% of the records repeat
an earlier one, 1% correct one, and of all records 0.1% correct something that is older than 35
days. An entity's number has a digit for the round, so one log sent again under other identities is
as many new events as before.
"""

from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from connectors.sources.simulator.records import (
    CallRecord,
    DealRecord,
    EmailRecord,
    MeetingRecord,
)
from connectors.sources.simulator.wire import WireEncoder
from schemas import codec
from schemas.codec import FRAME_BYTES, CatalogueIds
from tests.load import HOME, RATES, ZONES

KINDS = ("call", "email", "meeting", "deal")
SHARES = (0.50, 0.35, 0.08, 0.07)
DUPLICATES, CORRECTIONS, OLD = 0.010, 0.010, 0.001  # OLD: of all records, among the corrections
FIRST = 0.005  # share of a log's beginning that is older than 35 days
OLD_DAYS = 36
PER_REP_DAY = 60  # what a busy rep does on a day; decides how many days a log spans
ROUNDS_MAX = 10
DAY_MS = 86_400_000
DIRECTIONS = ("OUTBOUND", "OUTBOUND", "INBOUND", "INTERNAL")
CALL_ENDS = ("COMPLETED", "COMPLETED", "NO_ANSWER", "BUSY")
EMAIL_ENDS = ("SENT", "SENT", "SENT", "BOUNCED")
MEETING_ENDS = ("SCHEDULED", "COMPLETED", "NO_SHOW")
STAGES = ("OPEN", "OPEN", "WON", "LOST")
CURRENCIES = tuple(RATES)
NUMBER = ("rep", "day", "measure", "currency")  # what a result is known by


class Sent(NamedTuple):
    """One record as Kafka gets it."""

    kind: int
    key: bytes
    value: bytes


class Log:
    """A seeded log.

    Attributes:
        columns: one row per record in the order of the log.
    """

    def __init__(
        self,
        seed: int,
        count: int,
        reps: int,
        until_ms: int,
        *,
        rounds: int = 1,
        name: str = "sim",
        days: float | None = None,
    ) -> None:
        """Draw a log.

        Args:
            until_ms: where it ends.
            days: which it spans; None: as many as its reps need for it.
            rounds: how often it will be sent; the days are as many as for all of them.
            name: with what identities begin; logs of different names share none.
        """
        assert rounds <= ROUNDS_MAX
        self.count, self.reps, self.rounds, self._name = count, reps, rounds, name
        random = np.random.default_rng(seed)
        days = days or max(1.0, count * rounds / (reps * PER_REP_DAY))
        action = _actions(random, count)
        entity, born = _entities(random, action)
        created = until_ms - _ages(random, len(born), days * DAY_MS)
        kind = random.choice(4, len(born), p=SHARES)
        self.columns = _columns(
            random,
            action=action,
            entity=entity,
            born=born,
            kind=kind,
            created=created,
            reps=reps,
        )

    def sent(self, round_: int = 0, start: int = 0) -> Iterator[Sent]:
        """Yield the records of one round, in order, from one of them on."""
        digit = b"%d" % round_
        for kind, key, value in self._encoded[start:]:
            at = len(f"{self._name}:{KINDS[kind]}:")
            body = at + FRAME_BYTES + 1
            yield Sent(
                kind, key[:at] + digit + key[at + 1 :], value[:body] + digit + value[body + 1 :]
            )

    def slice(self, count: int) -> Iterator[Sent]:
        """Yield the first records of round 0."""
        yield from (Sent(*each) for each in self._encoded[:count])

    def counts(self, count: int | None = None) -> pl.DataFrame:
        """Return how many records there are per owner, day in UTC and kind: what rivals count."""
        return (
            self.columns.head(count if count is not None else self.count)
            .select(
                _owner().alias("rep"),
                (pl.col("occurred_at") // DAY_MS).cast(pl.Int64).alias("day"),
                pl.col("kind")
                .replace_strict(dict(enumerate(KINDS)), return_dtype=pl.String)
                .alias("kind"),
            )
            .group_by("rep", "day", "kind")
            .agg(pl.len().cast(pl.Int64).alias("n"))
            .sort("rep", "day", "kind")
        )

    @cached_property
    def sums(self) -> pl.DataFrame:
        """What the results must be for one round, in ten-thousandths; zeros are left out."""
        last = (
            self.columns.sort("revision", maintain_order=True)
            .unique("entity", keep="last")
            .filter(pl.col("op") == "SET")
        )
        parts = [part for worth in _WORTH for part in worth(last)]
        total = pl.concat(parts).group_by(NUMBER).agg(pl.col("value").sum())
        return total.filter(pl.col("value") != 0)

    @cached_property
    def _encoded(self) -> list[tuple[int, bytes, bytes]]:
        # The simulator's encoder writes what the codec writes, four times as fast.
        wire = WireEncoder(CatalogueIds())
        encoders = [wire.of(kind) for kind in KINDS]
        out = []
        for row in self.columns.iter_rows(named=True):
            kind, record = row["kind"], _record(row, self._name)
            value = encoders[kind](_BLANKS[kind]._replace(**record))
            out.append((kind, record["entity_id"].encode(), value))
        return out


def _actions(random: Any, count: int) -> Any:
    """Return for each record: 0 new, 1 duplicate, 2 correction, 3 correction of something old."""
    shares = [1 - DUPLICATES - CORRECTIONS, DUPLICATES, CORRECTIONS - OLD, OLD]
    action = random.choice(4, count, p=shares)
    action[: max(10, int(count * FIRST))] = 0
    return action


def _entities(random: Any, action: Any) -> tuple[Any, Any]:
    """Return the entity of each record, and the record at which each entity begins."""
    born = np.flatnonzero(action == 0)
    known = np.cumsum(action == 0)
    entity = known - 1
    old = max(10, int(len(action) * FIRST))
    again = np.flatnonzero(action != 0)
    draw = random.random(len(again))
    recent = np.maximum(known[again] * 0.8, old).astype(np.int64)  # of the last fifth
    recent = np.minimum(recent, known[again] - 1)
    entity[again] = recent + (draw * (known[again] - recent)).astype(np.int64)
    olds = action[again] == 3
    entity[again[olds]] = (draw[olds] * old).astype(np.int64)
    return entity, born


def _ages(random: Any, entities: int, span: float) -> Any:
    """Return how long before the log's end each entity was created, in ms."""
    ages = span * (1 - np.arange(entities) / entities) - random.integers(0, 1_800_000, entities)
    ages = np.maximum(ages, 1)
    old = max(10, int(entities * FIRST))
    ages[:old] = span + OLD_DAYS * DAY_MS + random.integers(0, 60 * DAY_MS, old)
    return ages.astype(np.int64)


def _columns(
    random: Any, *, action: Any, entity: Any, born: Any, kind: Any, created: Any, reps: int
) -> pl.DataFrame:
    n = len(action)
    at = created[entity]
    instant = at - random.integers(0, 900_000, n)
    moved = (action >= 2) & (random.random(n) < 0.3)
    instant = np.where(moved, instant - random.integers(0, 2 * DAY_MS, n), instant)
    columns = pl.DataFrame(
        {
            "entity": entity,
            "kind": kind[entity],
            "revision": np.arange(n, dtype=np.int64) + 1_700_000_000_000_000,
            "op": np.where((action >= 2) & (random.random(n) < 0.1), "CANCELLED", "SET"),
            "created_at": at,
            "occurred_at": instant,
            "owner": np.where(random.random(n) < 0.005, -1, random.integers(0, reps, n)),
            "booker": np.where(random.random(n) < 0.5, -1, random.integers(0, reps, n)),
            "way": random.integers(0, 4, n),
            "end": random.integers(0, 12, n),
            "connected": random.integers(0, 3, n),
            "talk": random.integers(0, 900, n),
            "automated": random.random(n) < 0.05,
            "currency": random.integers(0, len(CURRENCIES), n),
            "cents": random.integers(1_000, 5_000_000, n),
            "account": random.integers(0, max(10, reps * 20), n),
        }
    )
    # A duplicate repeats the record that began its entity, byte for byte.
    source = np.where(action == 1, born[entity], np.arange(n))
    return columns[source]


def _record(row: dict[str, Any], name: str) -> dict[str, Any]:
    kind = KINDS[row["kind"]]
    number, owner = row["entity"], row["owner"]
    account = f"acc-{row['account']:07d}"
    record = {
        "entity_id": f"{name}:{kind}:0-{number:08d}",
        "source": "sim",
        "source_id": f"{number:08d}",
        "revision": row["revision"],
        "op": row["op"],
        "created_at": row["created_at"],
        "occurred_at": row["occurred_at"],
        "owner_id": None if owner < 0 else f"u{owner}",
        "account_id": account,
    }
    return record | _OF_KIND[kind](row)


def _call(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "direction": DIRECTIONS[row["way"]],
        "status": CALL_ENDS[row["end"] % 4],
        "connected": (True, False, None)[row["connected"]],
        "talk_seconds": row["talk"],
        "is_automated": row["automated"],
        "contact_id": f"con-{row['talk']:07d}",
    }


def _email(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "direction": DIRECTIONS[row["way"] % 3],
        "status": EMAIL_ENDS[row["end"] % 4],
        "is_automated": row["automated"],
        "thread_id": f"thr-{row['talk']:07d}",
    }


def _meeting(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "booked_by_id": None if row["booker"] < 0 else f"u{row['booker']}",
        "booked_at": row["created_at"],
        "start_at": row["occurred_at"],
        "outcome": MEETING_ENDS[row["end"] % 3],
    }


def _deal(row: dict[str, Any]) -> dict[str, Any]:
    stage = STAGES[row["end"] % 4]
    return {
        "name": f"Deal {row['entity']}",
        "stage_id": stage.lower(),
        "stage_class": stage,
        "won_at": row["occurred_at"] if stage == "WON" else None,
        "lost_at": row["occurred_at"] if stage == "LOST" else None,
        "amount": Decimal(row["cents"]).scaleb(-2),
        "currency": CURRENCIES[row["currency"]],
        "splits": [],
    }


_OF_KIND = {"call": _call, "email": _email, "meeting": _meeting, "deal": _deal}
_DEFAULTS = {
    "cancel_reason": "NONE",
    "external_recipient_count": 1,
    "deal_type": "UNKNOWN",
    "is_automated": False,
}
_BLANKS: tuple[Any, ...] = tuple(
    kind._make(_DEFAULTS.get(name) for name in kind._fields)
    for kind in (CallRecord, EmailRecord, MeetingRecord, DealRecord)
)


# What one entity is worth, from its last record.


def _owner(column: str = "owner") -> pl.Expr:
    number = pl.col(column)
    return pl.when(number < 0).then(pl.lit("")).otherwise(pl.format("u{}", number))


_ONE, _NONE = pl.lit(10_000), pl.lit("")


def _day(at: str, who: str = "owner") -> pl.Expr:
    """Return the day of an instant in the zone of a rep."""
    zone = pl.when(pl.col(who) < 0).then(-1).otherwise(pl.col(who) % len(ZONES))
    instant = pl.from_epoch(pl.col(at), "ms").dt.replace_time_zone("UTC")
    day = instant.dt.convert_time_zone(HOME).dt.date()
    for number, name in enumerate(ZONES):
        local = instant.dt.convert_time_zone(name).dt.date()
        day = pl.when(zone == number).then(local).otherwise(day)
    return day


def _line(
    frame: pl.DataFrame,
    measure: str,
    at: str,
    value: pl.Expr = _ONE,
    *,
    currency: pl.Expr = _NONE,
    who: str = "owner",
) -> pl.DataFrame:
    """Return rep, day in the rep's zone, measure, currency and value in ten-thousandths."""
    rep = (
        pl.when(pl.col(who) < 0).then(pl.lit("unassigned")).otherwise(pl.format("r{}", pl.col(who)))
    )
    return frame.select(
        rep.alias("rep"),
        _day(at, who).alias("day"),
        pl.lit(measure).alias("measure"),
        currency.alias("currency"),
        value.cast(pl.Int64).alias("value"),
    )


def _calls(last: pl.DataFrame) -> Iterator[pl.DataFrame]:
    calls = last.filter((pl.col("kind") == 0) & ~pl.col("automated") & (pl.col("way") < 3))
    talked = (pl.col("end") % 4 < 2) & (pl.col("talk") > 0)
    answered = pl.when(pl.col("connected") == 2).then(talked).otherwise(pl.col("connected") == 0)
    yield _line(calls.filter((pl.col("way") < 2) | answered), "calls", "occurred_at")
    spoken = calls.filter(answered)
    yield _line(spoken, "calls_connected", "occurred_at")
    yield _line(spoken, "talk_seconds", "occurred_at", pl.col("talk") * 10_000)


def _emails(last: pl.DataFrame) -> Iterator[pl.DataFrame]:
    by_rep = (pl.col("kind") == 1) & ~pl.col("automated")
    sent = last.filter(by_rep & (pl.col("way") % 3 < 2) & (pl.col("end") % 4 < 3))
    yield _line(sent, "emails_sent", "occurred_at")


def _meetings(last: pl.DataFrame) -> Iterator[pl.DataFrame]:
    all_ = last.filter(pl.col("kind") == 2).with_columns(
        pl.when(pl.col("booker") < 0).then(pl.col("owner")).otherwise(pl.col("booker")).alias("by")
    )
    yield _line(all_, "meetings_booked", "created_at", who="by")
    held = all_.filter(pl.col("end") % 3 == 1)
    yield _line(held, "meetings_held", "occurred_at")
    missed = all_.filter(pl.col("end") % 3 == 2)
    yield _line(missed, "no_shows", "occurred_at")


def _deals(last: pl.DataFrame) -> Iterator[pl.DataFrame]:
    all_ = last.filter(pl.col("kind") == 3)
    yield _line(all_, "deals_created", "created_at")
    lost = all_.filter(pl.col("end") % 4 == 3)
    yield _line(lost, "deals_lost", "occurred_at")
    won = all_.filter(pl.col("end") % 4 == 2)
    yield _line(won, "deals_won", "occurred_at")
    yield _line(won, "won_valued", "occurred_at")
    took = (_day("occurred_at") - _day("created_at")).dt.total_days().clip(lower_bound=0)
    yield _line(won, "cycle_days", "occurred_at", took * 10_000)
    amount, code = pl.col("cents") * 100, pl.col("currency")
    currency = code.replace_strict(dict(enumerate(CURRENCIES)), return_dtype=pl.String)
    yield _line(won, "revenue_won", "occurred_at", amount, currency=currency)
    tenths = {number: int(rate * 10) for number, rate in enumerate(RATES.values())}
    # 90% of whole cents: no remainder.
    reported, euro = (
        amount * code.replace_strict(tenths, return_dtype=pl.Int64) // 10,
        pl.lit("EUR"),
    )
    yield _line(won, "revenue_won_reporting", "occurred_at", reported, currency=euro)
    yield _line(won, "won_amount", "occurred_at", reported, currency=euro)
    yield _line(lost, "lost_amount", "occurred_at", reported, currency=euro)


_WORTH = (_calls, _emails, _meetings, _deals)


def won_deal(number: int, user: str, at_ms: int) -> Sent:
    """Return a deal won now, worth 1 EUR: what one asks for to see whether it has arrived."""
    kind = KINDS.index("deal")
    record = {
        "entity_id": f"probe:deal:{number:08d}",
        "source": "sim",
        "source_id": str(number),
        "revision": at_ms * 1_000,
        "op": "SET",
        "created_at": at_ms,
        "occurred_at": at_ms,
        "owner_id": user,
        "stage_id": "won",
        "stage_class": "WON",
        "won_at": at_ms,
        "amount": Decimal(1),
        "currency": "EUR",
        "splits": [],
    }
    return Sent(kind, record["entity_id"].encode(), codec.encode("deal", record, CatalogueIds()))
