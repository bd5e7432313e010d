"""HubSpot: signatures and notices as published; records and listings against the stand-in."""

import contextlib
import csv
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sources.vendors.contract import (
    CursorExpired,
    Denied,
    Endpoint,
    Notice,
    Page,
    Quota,
    Request,
    Unavailable,
    Unreadable,
    Unsigned,
    User,
)
from connectors.sources.vendors.hubspot import listing
from connectors.sources.vendors.hubspot.hook import HubSpotHook
from connectors.sources.vendors.hubspot.listing import Cursor
from connectors.sources.vendors.hubspot.records import dressed, links
from connectors.sources.vendors.hubspot.vendor import VENDOR, HubSpotClient, HubSpotSettings
from connectors.sources.vendors.registry import vendor
from tests.connectors.vendors.hubspot_standin import HubSpotStandin, pushed
from tests.connectors.vendors.loopback import Told
from tests.connectors.vendors.mapped import mapped
from tests.connectors.vendors.odd import ANSWERS, troubles
from tests.samples import sample

HOOK = HubSpotHook()
T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECRET, URL = "test-client-secret", "https://ingest.example.com/v1/hooks/hubspot?tenant=acme"
STAMP = "1564113600123"
SIGNED_AT = datetime.fromtimestamp(1564113600.123, UTC)
BODY = (
    b'[{"eventId":1,"subscriptionId":12345,"portalId":62515,"appId":54321,'
    b'"occurredAt":1564113600000,"subscriptionType":"deal.propertyChange","attemptNumber":0,'
    b'"objectId":123,"propertyName":"dealstage","propertyValue":"closedwon","changeSource":"CRM"}]'
)
SIGNATURE = "p6hPZZiPlFqgaL4H950pyR44FksCn+zG0T7XV1z7d4U="
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


def request(body: bytes = BODY, signature: str | None = SIGNATURE, stamp: str = STAMP) -> Request:
    parts = urlsplit(URL)
    headers = {"x-hubspot-request-timestamp": stamp}
    if signature is not None:
        headers["x-hubspot-signature-v3"] = signature
    return Request("POST", f"{parts.path}?{parts.query}", headers, body)


def event(what: str, object_id: Any = 123, at: int = 1462216307945, **more: Any) -> dict[str, Any]:
    """Return an event with the fields of the documentation's example."""
    return {
        "eventId": 1, "subscriptionId": 12345, "portalId": 62515, "appId": 54321,
        "occurredAt": at, "subscriptionType": what, "attemptNumber": 0, "objectId": object_id,
        "changeSource": "CRM", **more,
    }  # fmt: skip


def notices(*events: Any) -> tuple[Notice, ...]:
    return HOOK.notices(request(json.dumps(events).encode()))


@pytest.fixture
def hub() -> Iterator[HubSpotStandin]:
    standin = HubSpotStandin()
    standin.start()
    yield standin
    standin.stop()


@pytest.fixture
def client(hub: HubSpotStandin, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSpotClient]:
    monkeypatch.setattr(listing, "SEARCH_SECONDS_MIN", 0)  # tests of other things need no pace
    hub.searches_a_second = 1_000
    made = HubSpotClient(HubSpotSettings(**hub.settings))
    yield made
    made.close()


def listed(client: HubSpotClient, kind: str, cursor: str | None = None) -> list[Page]:
    return list(client.changed(kind, None, cursor))


def told(pages: list[Page]) -> list[Notice]:
    return [notice for page in pages for notice in page.notices]


# --- signatures


def test_the_published_signature_is_taken() -> None:
    # hubspot-api-python, tests/spec/utils/test_signature.py, test_get_signature__v3.
    body = b"{'example_field':'example_value'}"
    endpoint = Endpoint(
        "https://www.example.com/webhook_uri", ("yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy",)
    )
    signature = "HPW73RUtKmcYoEDADG0s6MmGFWUzWJKAW07r8RDgcQw="
    now = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=15_000_000)
    assert HOOK.verify(request(body, signature, "15000000"), endpoint, now) is None


def test_a_signature_over_a_query_and_a_deal_is_taken_with_either_secret() -> None:
    for secrets in ((SECRET,), ("the-next-secret", SECRET)):
        assert HOOK.verify(request(), Endpoint(URL, secrets), SIGNED_AT) is None


@pytest.mark.parametrize(
    ("written", "signed"),
    [("/a%3Ab%2fc%40d?x=%21%24%27%28%29%2A%2C%3B", "/a:b/c@d?x=!$'()*,;"), ("/a%20b", "/a%20b")],
)
def test_the_twelve_documented_escapes_are_decoded_and_no_other(written: str, signed: str) -> None:
    base = "https://ingest.example.com"
    made = pushed(base + signed, SECRET, [], SIGNED_AT)
    assert HOOK.verify(made, Endpoint(base + written, (SECRET,)), SIGNED_AT) is None


@pytest.mark.parametrize(
    "wrong",
    [
        request(signature=None),
        request(signature=""),
        request(signature=SIGNATURE[:-2]),
        request(signature="é" * 44),
        request(body=BODY + b" "),
        request(stamp="1564113600124"),
        request(stamp=""),
        request(stamp="-1"),
        request(stamp="9" * 400),
        request(stamp="1564113600123.0"),
        request(stamp="١٥٦٤١١٣٦٠٠١٢٣"),
    ],
)
def test_whatever_is_wrong_with_a_signature_is_refused(wrong: Request) -> None:
    with pytest.raises(Unsigned):
        HOOK.verify(wrong, Endpoint(URL, (SECRET,)), SIGNED_AT)


@pytest.mark.parametrize("late", [timedelta(minutes=5, seconds=1), timedelta(minutes=-6)])
def test_a_signature_of_another_time_is_refused(late: timedelta) -> None:
    with pytest.raises(Unsigned):
        HOOK.verify(request(), Endpoint(URL, (SECRET,)), SIGNED_AT + late)


def test_versions_one_and_two_are_refused_because_they_can_be_repeated() -> None:
    # "v1 request validation" of HubSpot's documentation: the request and its hash.
    secret = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
    body = (
        b'[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,'
        b'"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,'
        b'"changeSource":"CRM","changeFlag":"NEW","appId":54321}]'
    )
    headers = {
        "x-hubspot-signature": "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de",
        "x-hubspot-signature-version": "v1",
        "x-hubspot-request-timestamp": STAMP,
    }
    old = Request("POST", "/webhook_uri", headers, body)
    with pytest.raises(Unsigned):
        HOOK.verify(old, Endpoint("https://www.example.com/webhook_uri", (secret,)), SIGNED_AT)


@given(st.binary(max_size=200), st.text(max_size=50), st.text(max_size=20))
def test_no_request_breaks_the_hook(body: bytes, signature: str, stamp: str) -> None:
    with pytest.raises(Unsigned):
        HOOK.verify(request(body, signature, stamp), Endpoint(URL, (SECRET,)), SIGNED_AT)
    with contextlib.suppress(Unreadable):
        assert isinstance(HOOK.notices(request(body)), tuple)


# --- notices


def test_the_published_event_is_of_a_contact_and_says_nothing_of_ours() -> None:
    # "Webhooks API" of HubSpot's documentation.
    assert notices(event("contact.creation", changeFlag="NEW")) == ()


@pytest.mark.parametrize(
    ("said", "thing"),
    [
        (event("deal.creation"), "deals"),
        (event("deal.propertyChange", propertyName="amount", propertyValue="10"), "deals"),
        (event("deal.restore"), "deals"),
        (event("object.creation", objectTypeId="0-3"), "deals"),
        (event("object.propertyChange", objectTypeId="0-48"), "calls"),
        (event("object.creation", objectTypeId="0-49"), "emails"),
        (event("object.restore", objectTypeId="0-47"), "meetings"),
    ],
)
def test_a_change_has_to_be_read(said: dict[str, Any], thing: str) -> None:
    at = datetime(2016, 5, 2, 19, 11, 47, 945000, tzinfo=UTC)
    assert notices(said) == (Notice(thing, "123", at),)


def test_a_deletion_is_told_as_such() -> None:
    (notice,) = notices(event("deal.deletion"))
    assert (notice.record_id, notice.gone, notice.merged_into) == ("123", True, None)


def test_a_merge_ends_all_that_were_merged_and_begins_the_new_one() -> None:
    merge = event(
        "deal.merge", 30, primaryObjectId=10, mergedObjectIds=[20], newObjectId=30,
        numberOfPropertiesMoved=3,
    )  # fmt: skip
    said = {n.record_id: (n.gone, n.merged_into) for n in notices(merge)}
    assert said == {"10": (True, "30"), "20": (True, "30"), "30": (False, None)}


def test_a_merge_without_a_new_record_keeps_the_primary_one() -> None:
    merge = event("deal.merge", 10, primaryObjectId=10, mergedObjectIds=[20])
    said = {n.record_id: (n.gone, n.merged_into) for n in notices(merge)}
    assert said == {"20": (True, "10"), "10": (False, None)}


@pytest.mark.parametrize(
    "sides",
    [
        {"associationType": "DEAL_TO_COMPANY", "fromObjectId": 5, "toObjectId": 8},
        {"associationType": "COMPANY_TO_DEAL", "fromObjectId": 8, "toObjectId": 5},
        {"fromObjectTypeId": "0-3", "toObjectTypeId": "0-2", "fromObjectId": 5, "toObjectId": 8},
    ],
)
def test_a_changed_association_has_its_deal_read(sides: dict[str, Any]) -> None:
    said = {**event("deal.associationChange"), **sides, "associationRemoved": False}
    assert [(n.object, n.record_id) for n in notices(said)] == [("deals", "5")]


def test_of_one_record_the_latest_counts_whatever_the_order() -> None:
    deleted = event("deal.deletion", at=1_700_000_000_000)
    restored = event("deal.restore", at=1_700_000_001_000)
    changed = event("deal.propertyChange", at=1_699_999_999_000, propertyName="amount")
    for said in ((deleted, restored, changed), (restored, changed, deleted)):
        (notice,) = notices(*said)
        assert (notice.gone, notice.at) == (False, datetime.fromtimestamp(1_700_000_001, UTC))


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[1]", b"\xff", b"[" * 50_000,
        json.dumps([event("deal.creation", "abc")]).encode(),
        json.dumps([event("deal.creation", None)]).encode(),
        json.dumps([event("deal.creation", True)]).encode(),
        json.dumps([event("deal.creation", at=-5)]).encode(),
        json.dumps([event("deal.merge", primaryObjectId=1)]).encode(),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told(body: bytes) -> None:
    with pytest.raises(Unreadable):
        HOOK.notices(request(body))


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


# --- listings


def put_many(hub: HubSpotStandin, ids: range, at: datetime, step: timedelta) -> None:
    for i in ids:
        hub.put("call", str(i), at + step * (i - ids.start), seconds=1, connected=True)


def test_a_listing_is_complete_in_order_and_without_repeats(
    hub: HubSpotStandin, client: HubSpotClient
) -> None:
    put_many(hub, range(1, 451), T0, timedelta(seconds=1))
    pages = listed(client, "calls")
    said = told(pages)
    assert [n.record_id for n in said] == [str(i) for i in range(1, 451)]
    assert pages[0].total == 450


def test_an_import_of_one_instant_is_counted_through(
    hub: HubSpotStandin, client: HubSpotClient
) -> None:
    put_many(hub, range(1, 4), T0, timedelta(seconds=1))
    put_many(hub, range(10, 440), T0 + timedelta(minutes=1), timedelta(0))
    put_many(hub, range(500, 503), T0 + timedelta(minutes=2), timedelta(seconds=1))
    said = [n.record_id for n in told(listed(client, "calls"))]
    assert sorted(map(int, said)) == [*range(1, 4), *range(10, 440), *range(500, 503)]
    assert len(said) == len(set(said))


def test_what_changes_while_it_is_listed_is_not_skipped(
    hub: HubSpotStandin, client: HubSpotClient
) -> None:
    put_many(hub, range(1, 401), T0, timedelta(seconds=1))
    pages = client.changed("calls", None, None)
    said = list(next(pages).notices)
    for i in range(1, 50):  # everything behind them moves up by as many places
        hub.put("call", str(i), T0 + timedelta(hours=1, seconds=i), seconds=2)
    said += told(list(pages))
    assert {n.record_id for n in said} == {str(i) for i in range(1, 401)}
    seconds = {n.record_id: mapped(VENDOR, n).record["talk_seconds"] for n in said}
    assert seconds["1"] == 2


def test_a_listing_goes_on_where_it_was_broken_off(
    hub: HubSpotStandin, client: HubSpotClient
) -> None:
    put_many(hub, range(1, 401), T0, timedelta(seconds=1))
    first = next(client.changed("calls", None, None))
    rest = told(listed(client, "calls", first.cursor))
    assert {n.record_id for n in (*first.notices, *rest)} == {str(i) for i in range(1, 401)}
    assert len(rest) <= 400 - len(first.notices)


def test_what_the_index_lagged_with_comes_with_the_next_listing(
    hub: HubSpotStandin, client: HubSpotClient
) -> None:
    now = datetime.now(UTC)
    hub.lag(1)
    hub.put("call", "1", now - timedelta(seconds=20), seconds=1)
    hub.lag(0)
    hub.put("call", "2", now, seconds=1)
    pages = listed(client, "calls")
    assert [n.record_id for n in told(pages)] == ["2"]
    assert "1" in [n.record_id for n in told(listed(client, "calls", pages[-1].cursor))]


def test_a_quiet_account_repeats_nothing_but_its_newest_instant(
    hub: HubSpotStandin, client: HubSpotClient
) -> None:
    put_many(hub, range(1, 11), T0, timedelta(seconds=1))
    pages = listed(client, "calls")
    again = told(listed(client, "calls", pages[-1].cursor))
    assert [n.record_id for n in again] == ["10"]


def test_deletions_and_merges_are_listed(hub: HubSpotStandin, client: HubSpotClient) -> None:
    for one in ("1", "2", "3", "4"):
        hub.put("deal", one, T0, stage="OPEN")
    pages = listed(client, "deals")
    hub.delete("deal", "1", T0 + timedelta(hours=1))
    hub.merges_anew = True
    hub.merge("deal", "3", "4", T0 + timedelta(hours=2))
    said = told(listed(client, "deals", pages[-1].cursor))
    gone = {n.record_id: (n.at, n.merged_into) for n in said if n.gone}
    assert gone == {
        "1": (T0 + timedelta(hours=1), None),
        "3": (T0 + timedelta(hours=2), "93"),
        "4": (T0 + timedelta(hours=2), "93"),
    }
    assert [n.record_id for n in said if not n.gone and n.record_id == "93"] == ["93"]
    hub.restore("deal", "1", T0 + timedelta(hours=3))
    restored = told(listed(client, "deals"))
    assert [n.gone for n in restored if n.record_id == "1"] == [False]


def test_a_long_list_of_deletions_rests(hub: HubSpotStandin, client: HubSpotClient) -> None:
    put_many(hub, range(1, 251), T0, timedelta(0))
    for i in range(1, 251):
        hub.delete("call", str(i), T0 + timedelta(hours=1))
    pages = listed(client, "calls")
    assert len([n for n in told(pages) if n.gone]) == 250
    asked = hub.asked
    listed(client, "calls", pages[-1].cursor)
    assert hub.asked - asked == 1


@pytest.mark.parametrize("cursor", ["", "[]x", '{"a": 1}', "[1, 2, 3, 4, 5]", '"x"'])
def test_a_cursor_of_somebody_else_is_expired(client: HubSpotClient, cursor: str) -> None:
    with pytest.raises(CursorExpired):
        listed(client, "deals", cursor)


def test_a_cursor_older_than_deletions_are_kept_is_expired(client: HubSpotClient) -> None:
    old = int((datetime.now(UTC) - timedelta(days=91)).timestamp() * 1000)
    with pytest.raises(CursorExpired):
        listed(client, "deals", json.dumps(Cursor(at=old, gone=old, rested=old)))


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
