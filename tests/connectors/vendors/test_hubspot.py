"""HubSpot's records, limits and people, against the stand-in."""

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sources.vendors.contract import (
    Denied,
    Endpoint,
    Notice,
    Quota,
    Unavailable,
    User,
)
from connectors.sources.vendors.hubspot.records import dressed, links
from connectors.sources.vendors.hubspot.vendor import VENDOR, HubSpotClient, HubSpotSettings
from connectors.sources.vendors.registry import vendor
from tests.connectors.vendors.hubspot_ground import HOOK, SECRET, T0, URL, client, hub, listed, told
from tests.connectors.vendors.hubspot_standin import HubSpotStandin
from tests.connectors.vendors.loopback import Told
from tests.connectors.vendors.mapped import mapped
from tests.connectors.vendors.odd import ANSWERS, troubles
from tests.samples import sample

__all__ = ["client", "hub"]  # fixtures

# An API record as published in the documentation of calls (all values are texts).
CALL: dict[str, Any] = {
    "id": "7591816117",
    "properties": {
        "hs_timestamp": "2021-03-17T01:32:44.872Z",
        "hs_call_title": "Support call",
        "hubspot_owner_id": "11349275740",
        "hs_call_duration": "3800",
        "hs_call_status": "COMPLETED",
        "hs_createdate": "2021-03-17T01:32:44.872Z",
        "hs_lastmodifieddate": "2021-03-17T01:32:44.872Z",
    },
    "createdAt": "2021-03-17T01:32:44.872Z",
    "updatedAt": "2021-03-17T01:32:44.872Z",
    "archived": False,
}


# --- mapping


def test_the_published_call_is_mapped() -> None:
    around: Any = {"portal": {"timeZone": "Europe/Berlin"}}
    record = {**CALL, **around, "modified_at": CALL["updatedAt"]}
    call = mapped(VENDOR, Notice("calls", CALL["id"], record=record)).record
    assert call["entity_id"] == "hubspot:call:7591816117"
    assert (call["talk_seconds"], call["status"]) == (4, "COMPLETED")
    assert call["connected"] is None
    assert call["owner_id"] == "11349275740"
    assert call["occurred_at"] == datetime(2021, 3, 17, 1, 32, 44, 872000, tzinfo=UTC)


def test_push_and_poll_say_the_same(hub: HubSpotStandin, client: HubSpotClient) -> None:
    hub.put("deal", "101", T0, owner="7", name="Acme", amount="1250.50", currency="USD",
            stage="WON", close_date="2026-03-31", splits=(("7", "0.6"), ("8", "0.4")))  # fmt: skip
    hub.link("deal", "101", "companies", "900", None)
    hub.link("deal", "101", "companies", "901", "Primary")
    (push,) = hub.pushes(URL, SECRET)
    assert HOOK.verify(push, Endpoint(URL, (SECRET,)), datetime.now(UTC)) is None
    (notice,) = HOOK.notices(push)
    read = client.read("deals", [notice.record_id])["101"]
    (polled,) = told(listed(client, "deals"))
    assert polled.record == read
    deal = mapped(VENDOR, polled).record
    assert (deal["entity_id"], deal["stage_class"]) == ("hubspot:deal:101", "WON")
    assert (deal["amount"], deal["currency"]) == (Decimal("1250.50"), "USD")
    assert (deal["close_date"], deal["account_id"]) == (date(2026, 3, 31), "901")
    assert deal["stage_label"] == "Closed Won"
    assert [(s["owner_id"], s["share"], s["role"]) for s in deal["splits"]] == [
        ("7", Decimal("0.6"), "REVENUE"), ("8", Decimal("0.4"), "REVENUE"),
    ]  # fmt: skip


def test_a_company_with_one_currency_needs_none_on_its_deals(
    hub: HubSpotStandin, client: HubSpotClient
) -> None:
    hub.put("deal", "101", T0, stage="OPEN", amount="10")
    (notice,) = told(listed(client, "deals"))
    deal = mapped(VENDOR, notice).record
    assert (deal["currency"], deal["stage_class"], deal["splits"]) == ("EUR", "OPEN", [])


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-03-31T21:59:59Z", date(2026, 3, 31)),
        ("2026-03-31T22:00:00Z", date(2026, 4, 1)),  # midnight in Berlin, summer time
        ("1774994399999", date(2026, 3, 31)),
    ],
)
def test_a_close_date_is_the_day_of_the_account(
    hub: HubSpotStandin, client: HubSpotClient, written: str, day: date
) -> None:
    hub.put("deal", "101", T0, stage="WON")
    hub.objects["deals"]["101"]["properties"]["closedate"] = written
    (notice,) = told(listed(client, "deals"))
    assert mapped(VENDOR, notice).record["close_date"] == day


@given(st.integers(1, 9), st.integers(0, 9999))
def test_shares_of_eight_places_still_sum_to_one(people: int, extra: int) -> None:
    parts = [Decimal(1) / people] * people
    parts = [part.quantize(Decimal("0.00000001")) + Decimal(extra).scaleb(-8) for part in parts]
    parts[0] += 1 - sum(parts)
    splits = [
        {"id": str(i), "properties": {"hs_deal_split_percentage": str(part)}}
        for i, part in enumerate(parts)
    ]
    around: Any = type("Around", (), {"linked": {}, "splits": {"1": splits}, "portal": {}})
    shares = [
        Decimal(one["share"]) for one in dressed({"id": "1", "properties": {}}, around)["splits"]
    ]
    assert sum(shares) == 1
    assert all(abs(a - b) < Decimal("0.000001") for a, b in zip(shares, parts, strict=True))


def test_calls_mails_and_meetings_are_mapped(hub: HubSpotStandin, client: HubSpotClient) -> None:
    sid = "CA5ef8732a3c49700934481addd5ce1659"
    hub.put(
        "call", "1", T0, owner="7", seconds=61.499, connected=True, direction="OUTBOUND", uuid=sid
    )
    hub.put("call", "2", T0, owner="7", seconds=0, connected=False, uuid="1234567")
    hub.put("email", "3", T0, owner="7", message_id="abc@mail.example", recipients=3)
    hub.put("meeting", "4", T0, start_at=T0, end_at=T0 + timedelta(hours=1), outcome="NO_SHOW")
    hub.link("call", "1", "deals", "101", None)
    first, second = (mapped(VENDOR, n).record for n in told(listed(client, "calls")))
    assert (first["entity_id"], first["deal_id"]) == (f"dialer:{sid}", "hubspot:deal:101")
    assert (first["talk_seconds"], first["connected"]) == (61, True)
    assert second["entity_id"] == "hubspot:call:2"  # a plain number may be any dialer's
    assert (second["connected"], second["status"], second["deal_id"]) == (False, "NO_ANSWER", None)
    (said,) = told(listed(client, "emails"))
    assert "theirs.example" not in str(said)  # addresses are counted, and kept nowhere
    email = mapped(VENDOR, said).record
    assert email["entity_id"] == "mid:abc@mail.example"
    assert (email["external_recipient_count"], email["direction"]) == (3, "OUTBOUND")
    assert email["is_automated"] is False
    (meeting,) = (mapped(VENDOR, n).record for n in told(listed(client, "meetings")))
    assert (meeting["outcome"], meeting["start_at"]) == ("NO_SHOW", T0)


def test_records_shaped_like_a_real_export_are_mapped() -> None:
    """Values of Fivetran's published tables, in the shape of the API."""
    rows = list(csv.DictReader(sample("fivetran_hubspot_seeds/deal_data.csv").open()))
    assert rows
    for row in rows:
        written = {k.removeprefix("property_"): v or None for k, v in row.items()}
        at = f"{datetime.fromisoformat(row['property_createdate']).isoformat()}.000Z"
        record = {
            "id": row["deal_id"],
            "properties": {**written, "createdate": at, "dealstage": row["deal_pipeline_stage_id"]},
            "portal": {"companyCurrency": "EUR"},
            "modified_at": at,
        }
        deal = mapped(VENDOR, Notice("deals", row["deal_id"], record=record)).record
        assert deal["source_id"] == row["deal_id"]
        assert deal["stage_class"] == "UNKNOWN"  # neither the deal nor a pipeline says


# --- reading


def test_what_is_gone_or_merged_away_reads_as_nothing(
    hub: HubSpotStandin, client: HubSpotClient
) -> None:
    for one in ("1", "2", "3", "4"):
        hub.put("deal", one, T0, stage="OPEN")
    hub.delete("deal", "2", T0)
    hub.merges_anew = True
    hub.merge("deal", "3", "4", T0)
    read = client.read("deals", ["1", "2", "3", "4", "5", "no-number"])
    assert {one: record is not None for one, record in read.items()} == {
        "1": True, "2": False, "3": False, "4": False, "5": False, "no-number": False,
    }  # fmt: skip


def test_reading_takes_a_hundred_at_a_time(hub: HubSpotStandin, client: HubSpotClient) -> None:
    ids = [str(i) for i in range(1, 251)]
    for one in ids:
        hub.put("call", one, T0, seconds=1, connected=True)
    assert all(client.read("calls", ids).values())


def test_half_a_batch_is_not_taken_for_deleted() -> None:
    failed = {"category": "RATE_LIMITS", "message": "try again"}
    with pytest.raises(Unavailable):
        links({"results": [], "errors": [failed]})


def test_a_newer_split_makes_the_deal_newer(hub: HubSpotStandin, client: HubSpotClient) -> None:
    hub.put("deal", "1", T0, stage="WON", splits=(("7", "1.0"),))
    (before,) = told(listed(client, "deals"))
    later = "2026-03-02T10:00:00.000Z"
    hub.objects["deals"]["1"]["splits"][0]["updatedAt"] = later
    after = client.read("deals", ["1"])["1"]
    revisions = [
        mapped(VENDOR, Notice("deals", "1", record=record)).record["revision"]
        for record in (before.record, after)
    ]
    assert revisions[1] - revisions[0] == 3600 * 1_000_000


def test_a_split_deal_is_never_taken_for_its_owners_alone(hub: HubSpotStandin) -> None:
    hub.put("deal", "1", T0, stage="WON", splits=(("7", "0.5"), ("8", "0.5")))
    client = HubSpotClient(HubSpotSettings(**{**hub.settings, "deal_splits": False}))
    record = client.read("deals", ["1"])["1"]
    assert len(mapped(VENDOR, Notice("deals", "1", record=record)).record["splits"]) == 2
    hub.denied = {"splits"}
    with pytest.raises(Denied):
        client.read("deals", ["1"])
    client.close()


def test_recipients_of_what_came_in_are_nobody_outside(
    hub: HubSpotStandin, client: HubSpotClient
) -> None:
    hub.put("email", "1", T0, recipients=3)
    hub.objects["emails"]["1"]["properties"]["hs_email_direction"] = "INCOMING_EMAIL"
    (email,) = (mapped(VENDOR, n).record for n in told(listed(client, "emails")))
    assert (email["direction"], email["external_recipient_count"]) == ("INBOUND", 0)


def test_a_stage_is_believed_before_the_flags_that_follow_it(
    hub: HubSpotStandin, client: HubSpotClient
) -> None:
    hub.put("deal", "1", T0, stage="OPEN")
    properties = hub.objects["deals"]["1"]["properties"]
    for stage, pipeline, meant in (
        ("closedwon", "default", "WON"),  # the flags still say open
        ("closedlost", "default", "LOST"),
        ("closedwon", "archived", "OPEN"),  # no pipeline says: the flags do
    ):
        properties |= {"dealstage": stage, "pipeline": pipeline}
        record = client.read("deals", ["1"])["1"]
        deal = mapped(VENDOR, Notice("deals", "1", record=record)).record
        assert deal["stage_class"] == meant


def test_an_unknown_stage_is_looked_up_at_once(hub: HubSpotStandin, client: HubSpotClient) -> None:
    hub.put("deal", "1", T0, stage="OPEN")
    told(listed(client, "deals"))
    properties = hub.objects["deals"]["1"]["properties"]
    properties |= {"dealstage": "4711", "hs_is_closed": None, "hs_is_closed_won": None}
    stage = {
        "id": "4711",
        "label": "Signed",
        "metadata": {"isClosed": "true", "probability": "1.0"},
    }
    hub.pipelines[0]["stages"].append(stage)
    record = client.read("deals", ["1"])["1"]
    deal = mapped(VENDOR, Notice("deals", "1", record=record)).record
    assert (deal["stage_label"], deal["stage_class"]) == ("Signed", "WON")


# --- limits, permissions, people


def test_limits_and_outages_ask_for_patience(hub: HubSpotStandin, client: HubSpotClient) -> None:
    hub.limit(1)
    with pytest.raises(Unavailable) as limited:
        client.read("deals", ["1"])
    assert limited.value.retry_after == 10  # the ten-second limit; HubSpot says no time
    hub.outage(True)
    with pytest.raises(Unavailable):
        client.read("deals", ["1"])
    hub.outage(False)
    assert client.read("deals", ["1"]) == {"1": None}
    assert client.quota() == Quota(249_999, 250_000)


def test_a_check_names_the_scope_that_is_missing(
    hub: HubSpotStandin, client: HubSpotClient
) -> None:
    assert all(finding.ok for finding in client.check())
    hub.denied = {"emails", "splits"}
    bad = {f.what.partition(":")[0]: f.remedy for f in client.check() if not f.ok}
    assert set(bad) == {"emails", "deal splits"}
    assert "sales-email-read" in bad["emails"]


def test_a_wrong_token_is_denied(hub: HubSpotStandin) -> None:
    client = HubSpotClient(HubSpotSettings(token="pat-wrong", base_url=hub.base_url))
    with pytest.raises(Denied):
        client.read("deals", ["1"])


def test_owners_are_people_also_those_who_left(hub: HubSpotStandin, client: HubSpotClient) -> None:
    for i in range(1, 121):
        hub.user(str(i), f"rep{i}@example.com", f"Rep {i}")
    hub.owners[4]["archived"] = True
    users = list(client.users())
    assert len(users) == 120
    assert users[0] == User("1", "Rep 1", "rep1@example.com")
    assert [u.user_id for u in users if not u.is_active] == ["5"]


@pytest.mark.parametrize("odd", ANSWERS, ids=repr)
def test_an_answer_unlike_the_documents_is_an_outage_and_no_deletion(
    hub: HubSpotStandin, client: HubSpotClient, monkeypatch: pytest.MonkeyPatch, odd: Any
) -> None:
    monkeypatch.setattr(hub, "answer", lambda asked: Told(200, odd))
    assert troubles(client, "deals")[0] in ("read: Unavailable", "read: Denied")


def test_it_is_registered() -> None:
    assert vendor("hubspot") is VENDOR
    assert {notice for notice in ("deals", "calls", "emails", "meetings")} == set(VENDOR.objects)


def test_no_more_than_five_searches_a_second(hub: HubSpotStandin) -> None:
    client = HubSpotClient(HubSpotSettings(**hub.settings))
    for _ in range(7):
        listed(client, "deals")  # the stand-in refuses a sixth within a second
    client.close()
