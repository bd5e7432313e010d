"""Salesforce from end to end against its stand-in: the pushed and the listed are one message."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.sources.files.mapper import Skipped
from connectors.sources.producing import Event
from connectors.sources.vendors.salesforce.client import SalesforceClient
from tests.connectors.vendors.salesforce_ground import AT, client, end, heard, listed, standin, tip
from tests.connectors.vendors.salesforce_mapping import event_of, mapped
from tests.connectors.vendors.salesforce_standin import OVERLAY, SalesforceStandin

__all__ = ["client", "standin"]  # fixtures
LATER = AT + timedelta(minutes=7)
OBJECTS = {"deal": "Opportunity", "call": "Task", "meeting": "Event", "email": "EmailMessage"}
DEAL: dict[str, Any] = {
    "owner": "005U1",
    "name": "Acme",
    "amount": "40000.50",
    "currency": "EUR",
    "stage": "WON",
    "close_date": "2026-03-31",
    "splits": (("005U1", "0.75"), ("005U2", "0.25")),
}
CALL = {"owner": "005U1", "uuid": "c-1", "seconds": 95, "connected": True, "direction": "OUTBOUND"}
SAID: dict[str, dict[str, Any]] = {
    "deal": DEAL,
    "call": CALL,
    "meeting": {"owner": "005U1", "start_at": AT, "end_at": LATER, "outcome": "COMPLETED"},
    "email": {"owner": "005U1", "message_id": "<1@acme.example>", "recipients": 3},
}


def _pushed(client: SalesforceClient, cursor: str, name: str) -> dict[str, Event]:
    """Return what the runtime makes of the stream: each record told of is read and mapped."""
    found, _ = heard(client, cursor, name)
    return {
        one.record_id: event_of(name, client.read(name, [one.record_id])[one.record_id])
        for one in found
    }


@pytest.mark.parametrize("kind", ["deal", "call", "meeting", "email"])
def test_a_record_that_is_pushed_and_listed_gives_one_message(
    standin: SalesforceStandin, client: SalesforceClient, kind: str
) -> None:
    name = OBJECTS[kind]
    place = tip(client)
    standin.put(kind, "1", AT, **SAID[kind])
    polled = {one.record_id: event_of(name, one.record) for one in listed(client, name)}
    assert _pushed(client, place, name) == polled
    assert list(polled) == [standin.id_of(kind, "1")]


def test_an_opportunity_is_a_deal_with_its_splits(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    standin.put("deal", "1", AT, **DEAL)
    split = "1FF000000000099AAA"
    values = {
        "OpportunityId": standin.id_of("deal", "1"),
        "SplitOwnerId": "005SE",
        "SplitTypeId": OVERLAY,
        "SplitPercentage": Decimal(100),
    }
    standin.org.write("OpportunitySplit", [split], AT, values)
    record = event_of("Opportunity", listed(client, "Opportunity")[0].record).record
    assert record["entity_id"] == f"salesforce:Opportunity:{standin.id_of('deal', '1')}"
    assert (record["amount"], record["currency"]) == (Decimal("40000.50"), "EUR")
    assert record["stage_class"] == "WON"
    assert record["close_date"] == date(2026, 3, 31)
    assert record["revision"] == int(AT.timestamp()) * 1_000_000
    assert sorted((s["owner_id"], s["role"], s["share"]) for s in record["splits"]) == [
        ("005SE", "OVERLAY", 1),
        ("005U1", "REVENUE", Decimal("0.75")),
        ("005U2", "REVENUE", Decimal("0.25")),
    ]


@pytest.mark.parametrize("splits", [(("005U1", "0.5"), ("005U2", "0.5")), (("005U1", 1),), ()])
def test_a_changed_split_is_a_new_revision_of_its_opportunity_by_both_ways(
    standin: SalesforceStandin, client: SalesforceClient, splits: tuple[Any, ...]
) -> None:
    standin.put("deal", "1", AT, **DEAL)
    newest, place = tip(client), end(client, "Opportunity")
    standin.put("deal", "1", LATER, splits=splits)
    made = standin.id_of("deal", "1")
    assert standin.org.rows["Opportunity"][made]["SystemModstamp"] == AT, "only splits changed"
    pushed = _pushed(client, newest, "Opportunity")
    polled = [event_of(one.object, one.record) for one in listed(client, "Opportunity", place)]
    assert polled == [pushed[made]]
    assert pushed[made].record["revision"] == int(LATER.timestamp()) * 1_000_000
    assert [str(s["share"]) for s in pushed[made].record["splits"]] == [
        str(Decimal(str(share)).quantize(Decimal("0.000001"))) for _, share in splits
    ]


@pytest.mark.parametrize("kind", ["deal", "call", "meeting", "email"])
def test_a_deleted_record_is_cancelled_by_both_ways_and_comes_back(
    standin: SalesforceStandin, client: SalesforceClient, kind: str
) -> None:
    name = OBJECTS[kind]
    standin.put(kind, "1", AT, **SAID[kind])
    before = event_of(name, listed(client, name)[0].record).record
    for minutes, op in ((7, "CANCELLED"), (14, "SET")):
        newest, place = tip(client), end(client, name)
        at = AT + timedelta(minutes=minutes)
        (standin.delete if op == "CANCELLED" else standin.restore)(kind, "1", at)
        (pushed,) = _pushed(client, newest, name).values()
        polled = [event_of(one.object, one.record) for one in listed(client, name, place)]
        assert polled == [pushed]
        assert pushed.record["op"] == op
        assert pushed.record["revision"] == int(at.timestamp()) * 1_000_000
    assert {**pushed.record, "revision": 0} == {**before, "revision": 0}


def test_what_left_the_recycle_bin_is_none(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    standin.put("deal", "1", AT, **DEAL)
    made = standin.id_of("deal", "1")
    standin.org.empty_bin("Opportunity", made)
    asked = [made, "no id of Salesforce", made[:15], "x' OR Name != '"]
    assert client.read("Opportunity", asked) == dict.fromkeys(asked)


def test_ids_of_fifteen_and_eighteen_characters_are_one_record(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    standin.put("deal", "1", AT, **DEAL)
    made = standin.id_of("deal", "1")
    found = client.read("Opportunity", [made, made[:15]])
    assert found[made] == found[made[:15]] is not None


def test_copies_of_a_meeting_in_other_calendars_are_no_meetings(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    newest = tip(client)
    standin.put("meeting", "1", AT, **SAID["meeting"])
    copy = standin.id_of("meeting", "2")
    standin.org.write(
        "Event", [copy], AT, {"IsChild": True, "StartDateTime": AT, "OwnerId": "005U2"}
    )
    assert [one.record_id for one in listed(client, "Event")] == [standin.id_of("meeting", "1")]
    told, _ = heard(client, newest, "Event")
    record = client.read("Event", [copy])[copy]
    assert record is not None
    assert isinstance(mapped("Event", record), Skipped)
    assert {one.record_id for one in told} <= {copy, standin.id_of("meeting", "1")}


def test_a_call_counts_when_it_is_done_and_a_planned_one_is_none(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    standin.put("call", "1", AT, **CALL)
    made = standin.id_of("call", "1")
    ahead = {"IsClosed": False, "CompletedDateTime": None, "ActivityDate": date(2027, 5, 1)}
    done = {"IsClosed": True, "CompletedDateTime": LATER}
    ops = []
    for minutes, values in ((1, {}), (8, ahead), (15, done)):
        standin.org.write("Task", [made], AT + timedelta(minutes=minutes), values)
        event = event_of("Task", client.read("Task", [made])[made])
        ops.append(event.record["op"])
        assert event.record["entity_id"] == "dialer:c-1"
    assert ops == ["SET", "CANCELLED", "SET"]
    standin.org.write("Task", [made], LATER, {"TaskSubtype": "Task"})
    record = client.read("Task", [made])[made]
    assert record is not None
    assert isinstance(mapped("Task", record), Skipped)


def test_no_text_and_no_address_of_an_email_leaves_the_client(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    names = ["kim@customer.example", "Lee@Customer.example", "ben@acme.example"]
    standin.put("email", "1", AT, **{**SAID["email"], "recipients": names})
    made = standin.id_of("email", "1")
    values = {
        "TextBody": "secret",
        "Subject": "secret",
        "CcAddress": "kim@customer.example;x@other.example",
    }
    standin.org.write("EmailMessage", [made], AT, values)
    record = listed(client, "EmailMessage")[0].record
    assert record is not None
    assert "@customer" not in str(record)
    assert "secret" not in str(record)
    event = event_of("EmailMessage", record)
    assert event.record["external_recipient_count"] == 3, "kim, lee and x; ben is a colleague"
    assert (event.record["direction"], event.record["status"]) == ("OUTBOUND", "SENT")
    assert (event.record["entity_id"], event.record["owner_id"]) == ("mid:1@acme.example", "005U1")


def test_everybody_is_told_for_the_identity_map(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    standin.org.write(
        "User",
        ["005U2"],
        AT,
        {
            "Name": "Bo",
            "Email": "bo@acme.example",
            "IsActive": False,
            "EmployeeNumber": "E7",
            "UserType": "Standard",
        },
    )
    standin.org.write("User", ["005U3"], AT, {"Name": "A customer", "UserType": "CspLitePortal"})
    found = {one.user_id: one for one in client.users()}
    assert set(found) == {"005U1", "005U2"}
    assert found["005U2"].employee_number == "E7"
    assert not found["005U2"].is_active
