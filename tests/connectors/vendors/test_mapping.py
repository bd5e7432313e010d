"""A vendor's mapping: records become messages, and what is wrong is said with its line."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.sources.files.mapper import Given, Skipped
from connectors.sources.files.reading_mapping import BadMapping
from connectors.sources.producing import Event
from connectors.sources.vendors.mapping import columns_of, mapper, parsed

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
AT = datetime(2026, 3, 9, 8, tzinfo=UTC)
GIVEN = Given(as_of=AT, now=NOW)
TEXT = """
source: acme
objects:
  Deal:
    message: deal
    object: deal
    cancelled_if: {column: archived, is: "true"}
    fields:
      source_id: id
      revision: {column: changed, formats: epoch_millis}
      created_at: made
      occurred_at: made
      owner_id: owner.id
      stage_id: stage
      stage_class: {column: stage, lookup: {won: WON}, otherwise: OPEN}
      close_date: close
      amount: properties.amount
      currency: {column: currency, default: EUR}
    splits_each:
      list: parts
      skip_if: {column: kind, is: note}
      fields: {owner_id: user.id, role: {constant: REVENUE}, share: {column: pct, percent: true}}
  Task:
    - message: call
      object: task
      skip_if: {column: kind, is_not: call}
      fields:
        entity_id: {template: "dialer:{uuid}", when: {column: uuid, empty: false}}
        source_id: id
        revision: changed?
        created_at: made
        occurred_at: made
        direction: {constant: OUTBOUND}
        status: {constant: COMPLETED}
        talk_seconds: {column: millis, unit: milliseconds}
        deal_id: "deal"
    - message: email
      skip_if: {column: kind, is_not: email}
      fields:
        source_id: id
        created_at: made
        occurred_at: made
        direction: {constant: OUTBOUND}
        status: {constant: SENT}
        deal_id: {template: "{$source}:deal:{deal}"}
"""
DEAL: dict[str, Any] = {
    "id": 17,
    "changed": 1773000000123,
    "made": "2026-03-01T09:00:00Z",
    "owner": {"id": "u1"},
    "stage": "won",
    "close": "2026-03-31",
    "properties": {"amount": Decimal("1250.50")},
    "archived": False,
    "parts": [
        {"user": {"id": "u1"}, "pct": Decimal(60)},
        {"user": {"id": "u2"}, "pct": 40},
        {"kind": "note"},
    ],
}


def event(name: str, record: dict[str, Any], source: str | None = None) -> Event:
    made = mapper(parsed(TEXT, "m.yaml", source), name)(record, GIVEN)
    assert isinstance(made, Event), made
    return made


def test_a_record_becomes_a_message_with_its_splits() -> None:
    message, record = event("Deal", DEAL)
    assert message == "deal"
    assert record["entity_id"] == "acme:deal:17"
    assert record["revision"] == 1773000000123000
    assert (record["amount"], record["currency"]) == (Decimal("1250.50"), "EUR")
    assert record["close_date"] == date(2026, 3, 31)
    assert [(s["owner_id"], s["share"]) for s in record["splits"]] == [
        ("u1", Decimal("0.6")),
        ("u2", Decimal("0.4")),
    ]


def test_a_record_without_the_list_has_no_splits() -> None:
    record = {k: v for k, v in DEAL.items() if k != "parts"}
    assert event("Deal", record).record["splits"] == []


def test_one_object_may_hold_several_kinds() -> None:
    task = {"id": "t1", "made": "2026-03-01T09:00:00Z", "uuid": "7b0e", "millis": 61499}
    call = event("Task", {**task, "kind": "call"})
    assert (call.message, call.record["entity_id"]) == ("call", "dialer:7b0e")
    assert call.record["talk_seconds"] == 61
    email = event("Task", {**task, "kind": "email"})
    assert (email.message, email.record["entity_id"]) == ("email", "acme:email:t1")
    made = mapper(parsed(TEXT, "m.yaml"), "Task")({**task, "kind": "note"}, GIVEN)
    assert isinstance(made, Skipped)


def test_a_call_without_the_shared_identifier_keeps_its_own() -> None:
    task = {"id": "t1", "made": "2026-03-01T09:00:00Z", "kind": "call", "uuid": None}
    assert event("Task", task).record["entity_id"] == "acme:task:t1"


def test_the_instant_of_the_notice_stands_in_for_a_missing_revision() -> None:
    task = {"id": "t1", "made": "2026-03-01T09:00:00Z", "kind": "call"}
    assert event("Task", task).record["revision"] == int(AT.timestamp()) * 1_000_000


def test_the_name_of_the_source_stands_in_identities() -> None:
    task = {"id": "t1", "made": "2026-03-01T09:00:00Z", "kind": "email", "deal": 9}
    record = event("Task", task, "acme-eu").record
    assert (record["source"], record["deal_id"]) == ("acme-eu", "acme-eu:deal:9")
    assert record["entity_id"] == "acme-eu:email:t1"
    without = event("Task", {**task, "deal": None}, "acme-eu").record
    assert without["deal_id"] is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"properties": {"amount": "a lot"}}, "properties.amount"),
        ({"parts": "u1"}, "parts"),
        ({"parts": [{"user": {"id": "u1"}, "pct": 60}]}, "splits"),
        ({"stage": None}, "stage"),
        ({"made": "2026-03-01 09:00"}, "made"),
        ({"changed": 1873000000123}, "changed"),
        ({"id": None}, "id"),
        ({"owner": [1, 2]}, ""),
    ],
)
def test_what_is_wrong_names_the_vendors_field(change: dict[str, Any], told: str) -> None:
    made = mapper(parsed(TEXT, "m.yaml"), "Deal")({**DEAL, **change}, GIVEN)
    if not told:
        assert isinstance(made, Event)
        assert made.record["owner_id"] is None
        return
    assert isinstance(made, tuple)
    assert not isinstance(made, Event)
    assert any(told in str(problem) for problem in made), made


@pytest.mark.parametrize(
    ("written", "instead", "line", "told"),
    [
        ("stage_id: stage", "stage_idd: stage", 14, "did you mean stage_id"),
        ("share: {column: pct, percent: true}", "", 4, "splits_each.fields lacks share"),
        ("message: call", "message: contact", 24, "write call, email, meeting or deal"),
        ("objects:", "things:", 1, "at the top stand source, file, objects"),
        ("lookup: {won: WON}, ", "lookup: {won: WON}, lookup: {}, ", 15, "stands twice"),
    ],
)
def test_a_bad_mapping_is_told_with_its_line(
    written: str, instead: str, line: int, told: str
) -> None:
    with pytest.raises(BadMapping) as bad:
        parsed(TEXT.replace(written, instead), "m.yaml")
    assert f"m.yaml:{line}" in str(bad.value)
    assert told in str(bad.value)


def test_columns_that_are_read_are_known() -> None:
    columns = columns_of(parsed(TEXT, "m.yaml"), "Deal")
    assert {"owner.id", "parts", "archived", "properties.amount"} <= columns
