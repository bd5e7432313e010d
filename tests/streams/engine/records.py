"""Records of every message for tests: Hypothesis strategies that follow the Avro schemas."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, NamedTuple

import polars as pl
from hypothesis import strategies as st

from schemas import catalogue
from schemas.codec import CatalogueIds, encode
from streams.engine.batches import Batch, Partition
from streams.engine.totals import TOTAL

IDS = CatalogueIds()
FIRST = datetime(1970, 1, 1, tzinfo=UTC)


class Total(NamedTuple):
    """One total as it stands."""

    rep_id: str
    day: date
    measure: str
    currency: str
    position: int
    value: int


def totals_of(rows: Iterable[Total]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=TOTAL, orient="row")


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for the values of an Avro type."""
    if isinstance(kind, list):
        return st.none() | values(kind[1])
    if isinstance(kind, str):
        return PLAIN[kind]
    return MADE[kind.get("logicalType", kind["type"])](kind)


def record_of(schema: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({f["name"]: values(f["type"]) for f in schema["fields"]})


PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(max_size=12),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "boolean": st.booleans(),
}
MADE: dict[str, Callable[[Any], st.SearchStrategy[Any]]] = {
    "array": lambda kind: st.lists(values(kind["items"]), max_size=3),
    "record": record_of,
    "enum": lambda kind: st.sampled_from(kind["symbols"]),
    "decimal": lambda kind: st.decimals(
        1 - Decimal(10) ** (kind["precision"] - kind["scale"]),
        Decimal(10) ** (kind["precision"] - kind["scale"]) - 1,
        places=kind["scale"],
    ),
    "date": lambda _: st.dates(date(1970, 1, 1), date(2199, 12, 31)),
    "timestamp-millis": lambda _: st.integers(0, 7 * 10**12).map(
        lambda ms: FIRST + timedelta(milliseconds=ms)
    ),
}


def records(message: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for records of a message's newest version."""
    return record_of(catalogue.schema(catalogue.latest(message)))


def body(message: str, record: dict[str, Any]) -> bytes:
    return encode(message, record, IDS)[5:]


def batch(
    topic: str, number: int, pairs: list[tuple[bytes | None, bytes | None]], start: int = 0
) -> Batch:
    """Return a fetched batch of these keys and values."""
    fetched = [
        SimpleNamespace(key=key, value=value, offset=start + i)
        for i, (key, value) in enumerate(pairs)
    ]
    return Batch(Partition(topic, number), 1, start, start + len(pairs), fetched, 0, 0.0)


CALL: dict[str, Any] = {
    "entity_id": "dialer:1",
    "source": "sim",
    "source_id": "1",
    "revision": 1,
    "op": "SET",
    "created_at": datetime(2026, 3, 1, 9, tzinfo=UTC),
    "occurred_at": datetime(2026, 3, 1, 9, tzinfo=UTC),
    "owner_id": "u1",
    "direction": "OUTBOUND",
    "status": "COMPLETED",
    "connected": True,
    "talk_seconds": 60,
    "disposition": None,
    "counterpart_hash": None,
    "is_automated": False,
    "deal_id": None,
    "account_id": None,
    "contact_id": None,
    "merged_into": None,
}
