"""Hypothesis generators of canonical events, right and wrong."""

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from schemas import catalogue

TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
INSTANTS = st.datetimes(
    datetime(1970, 1, 2),  # noqa: DTZ001
    datetime(2199, 12, 30),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(datetime.isoformat)
JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(max_size=40)
    | st.sampled_from(["SET", "WON", "EUR", "2026-01-01", "2026-01-01T00:00:00Z", "1e9999", "-0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def _value(kind: Any) -> st.SearchStrategy[Any]:
    if isinstance(kind, list):
        return st.none() | _value(kind[1])
    if isinstance(kind, str):
        return _PLAIN[kind]
    if kind["type"] == "enum":
        return st.sampled_from(kind["symbols"])
    if kind["type"] == "array":
        return st.just([])  # splits have to add up; they are tested by example
    if kind["logicalType"] == "decimal":
        return (
            st.decimals(-(10**6), 10**6, places=2).map(str)
            if kind["precision"] == 18
            else (st.decimals(0, 1, places=6).map(str))
        )
    return (
        INSTANTS
        if kind["logicalType"] == "timestamp-millis"
        else st.dates(
            date(1970, 1, 2),
            date(2199, 1, 1),
        ).map(lambda d: d.isoformat())
    )


_PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXT,
    "int": st.integers(0, 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "boolean": st.booleans(),
    "bytes": st.binary(max_size=20),
}


def events(message: str) -> st.SearchStrategy[dict[str, Any]]:
    """Objects the canonical check accepts, optional fields present or not."""
    fields = catalogue.schema(catalogue.latest(message))["fields"]
    shapes = {f["name"]: _value(f["type"]) for f in fields}
    for name in ("entity_id", "source", "source_id"):
        if name in shapes:
            shapes[name] = st.text("abcdefgh-:é", min_size=1, max_size=20)
    if "currency" in shapes:
        shapes["currency"] = st.sampled_from(["EUR", "USD", "JPY"])
    if "end_at" in shapes:
        shapes["end_at"] = st.none()
    if "merged_into" in shapes:  # it goes with op CANCELLED
        shapes["merged_into"] = st.none()
    if "cancel_reason" in shapes:  # it goes with the day
        shapes["cancel_reason"] = st.just("NONE")
    for name in ("bill_id", "credit_note_amount"):  # bills are tested by example
        if name in shapes:
            shapes[name] = st.none()
    required = {f["name"]: shapes[f["name"]] for f in fields if "default" not in f}
    optional = {f["name"]: shapes[f["name"]] for f in fields if "default" in f}
    return st.fixed_dictionaries(required, optional=optional)
