"""One activity of several statements: each part from whoever knows it best."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas import catalogue
from schemas.definitions import Company
from schemas.precedence import PARTS
from streams.domain.merging import choices, merged, orders
from streams.engine.columns import dtypes
from tests.streams.engine.records import CALL, records

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
USUAL = orders(Company(name="c", reporting_currency="EUR", time_zone="UTC"))
DIALER = CALL | {"source": "aircall", "source_id": "c1", "revision": 5, "talk_seconds": 61,
                 "owner_id": "ana@example.com", "is_automated": True}  # fmt: skip
CRM = CALL | {"source": "salesforce", "source_id": "00T1", "revision": 900, "talk_seconds": 60,
              "owner_id": "005A", "deal_id": "salesforce:Opportunity:006A", "connected": None,
              "disposition": "interested", "occurred_at": AT + timedelta(hours=1)}  # fmt: skip
MEETING: dict[str, Any] = {
    **{n: CALL[n] for n in ("entity_id", "op", "created_at", "occurred_at", "deal_id",
                            "account_id", "contact_id", "revision")},
    "booked_by_id": None, "booked_at": None, "start_at": AT, "end_at": None, "meeting_type": None,
    "external_attendee_count": None, "outcome": "SCHEDULED", "owner_id": "u",
}  # fmt: skip


def one(message: str, *said: dict[str, Any], known: Any = USUAL) -> dict[str, Any]:
    frame = pl.DataFrame(said, schema=dtypes(message), orient="row")
    groups = pl.Series("group", [7] * len(said), pl.Int64)
    (row,) = merged(message, frame.with_columns(groups), known).to_dicts()
    return row


def company(**given: Any) -> Any:
    return orders(
        Company.model_validate(
            {"name": "c", "reporting_currency": "EUR", "time_zone": "UTC", **given}
        )
    )


@pytest.mark.parametrize("message", PARTS)
def test_every_field_is_decided_once(message: str) -> None:
    parts = [name for part in PARTS[message] for name in part.fields]
    fields = {f["name"] for f in catalogue.schema(catalogue.latest(message))["fields"]}
    assert len(parts) == len(set(parts))
    others = {"entity_id", "revision", "op", "created_at", "merged_into"}
    assert set(parts) == fields - others


def test_the_dialer_knows_the_talk_and_the_crm_whose_it_is() -> None:
    made = one("call", CRM, DIALER)
    assert (made["talk_seconds"], made["connected"], made["occurred_at"]) == (61, True, AT)
    assert made["is_automated"]
    assert (made["owner_id"], made["source"], made["source_id"]) == ("005A", "salesforce", "00T1")
    assert (made["deal_id"], made["disposition"]) == (CRM["deal_id"], "interested")


def test_an_outcome_in_the_crm_beats_the_calendar_and_a_plan_beats_nothing() -> None:
    calendar = MEETING | {"source": "ics", "source_id": "1", "outcome": "CANCELED",
                          "start_at": AT + timedelta(hours=3)}  # fmt: skip
    crm = MEETING | {"source": "hubspot", "source_id": "2", "outcome": "COMPLETED"}
    made = one("meeting", calendar, crm)
    assert (made["outcome"], made["start_at"]) == ("COMPLETED", AT + timedelta(hours=3))
    assert one("meeting", calendar, crm | {"outcome": "SCHEDULED"})["outcome"] == "CANCELED"


def test_who_booked_it_is_a_user_of_the_source_whose_user_owns_it() -> None:
    calendar = MEETING | {"source": "ics", "source_id": "1", "booked_by_id": "bob@example.com"}
    crm = MEETING | {"source": "hubspot", "source_id": "2", "owner_id": "77"}
    made = one("meeting", calendar, crm)
    assert (made["source"], made["owner_id"], made["booked_by_id"]) == ("hubspot", "77", None)
    nobody = one("meeting", calendar, crm | {"owner_id": None})
    assert (nobody["source"], nobody["booked_by_id"]) == ("ics", "bob@example.com")


def test_a_deleted_record_has_no_say_while_another_stands() -> None:
    gone = CRM | {"op": "CANCELLED"}
    made = one("call", gone, DIALER)
    assert (made["op"], made["owner_id"], made["deal_id"]) == ("SET", DIALER["owner_id"], None)
    both = one("call", gone, DIALER | {"op": "CANCELLED"})
    assert (both["op"], both["owner_id"]) == ("CANCELLED", "005A")


def test_a_company_says_otherwise_by_name_or_by_kind() -> None:
    rule = {"of": "call", "field": "talk_seconds", "sources": ["CRM"]}
    assert one("call", CRM, DIALER, known=company(precedence=[rule]))["talk_seconds"] == 60
    ours = DIALER | {"source": "our-telephone"}
    known = company(
        sources=[{"source": "our-telephone", "kind": "DIALER"}],
        precedence=[{"of": "call", "field": "owner_id", "sources": ["our-telephone"]}],
    )
    made = one("call", CRM, ours, known=known)
    assert (made["talk_seconds"], made["owner_id"]) == (61, DIALER["owner_id"])
    assert one("call", CRM, ours)["talk_seconds"] == 60


def test_an_order_of_a_field_nobody_chooses_is_refused() -> None:
    with pytest.raises(ValidationError, match="there are owner_id"):
        company(precedence=[{"of": "call", "field": "talk_secs", "sources": ["CRM"]}])


statements = st.lists(
    st.fixed_dictionaries(
        {
            "source": st.sampled_from(["aircall", "hubspot", "ics", "sim"]),
            "source_id": st.sampled_from("ab"),
            "revision": st.integers(0, 2),
            "op": st.sampled_from(["SET", "SET", "CANCELLED"]),
            "owner_id": st.sampled_from([None, "", "u1", "u2"]),
            "status": st.sampled_from(["UNKNOWN", "IN_PROGRESS", "COMPLETED", "BUSY"]),
            "talk_seconds": st.sampled_from([None, 0, 5]),
        }
    ).map(lambda said: CALL | said),
    min_size=1,
    max_size=5,
    unique_by=lambda said: (said["source"], said["source_id"]),
)


@settings(deadline=None, max_examples=40)
@given(statements, st.randoms())
def test_the_order_of_statements_means_nothing_and_choices_are_what_is_made(
    said: list[dict[str, Any]], random: Any
) -> None:
    made = one("call", *said)
    mixed = random.sample(said, len(said))
    assert one("call", *mixed) | {"revision": 0} == made | {"revision": 0}
    frame = pl.DataFrame(said, schema=dtypes("call"), orient="row")
    chosen = choices("call", frame, USUAL)
    assert {name: said[at][name] for name, at in chosen.items()} == {n: made[n] for n in chosen}
    assert made["op"] == ("SET" if any(s["op"] == "SET" for s in said) else "CANCELLED")


@pytest.mark.parametrize("message", PARTS)
@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_one_statement_is_what_it_says(message: str, data: Any) -> None:
    said = data.draw(records(message)) | {"op": "SET", "merged_into": None}
    assert one(message, said) | {"group": 7} == said | {"group": 7}
