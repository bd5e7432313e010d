"""Zoho CRM: notifications as published; records, listings and channels against the stand-in."""

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

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
    Subscribing,
    Unavailable,
    Unreadable,
    Unsigned,
    User,
)
from connectors.sources.vendors.registry import vendor
from connectors.sources.vendors.zoho.channels import RENEWED_BEFORE
from connectors.sources.vendors.zoho.hook import ZohoHook
from connectors.sources.vendors.zoho.listing import Cursor
from connectors.sources.vendors.zoho.tokens import ZohoSettings
from connectors.sources.vendors.zoho.vendor import VENDOR, ZohoClient
from tests.connectors.vendors.loopback import Told
from tests.connectors.vendors.mapped import mapped
from tests.connectors.vendors.odd import ANSWERS, troubles
from tests.connectors.vendors.zoho_standin import ZohoStandin

HOOK = ZohoHook()
TOKENS = "/oauth/v2/token"
T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
URL, SECRET = "https://ingest.example.com/v1/hooks/zoho", "s3cret"
# "Enable Notifications", version 7 of the documentation: the body of a notification.
PUBLISHED: dict[str, Any] = {
    "server_time": 1718115953625,
    "affected_values": [
        {"record_id": "5725767000003000010", "values": {"Mobile": "123456789"}},
    ],
    "module": "Leads",
    "resource_uri": "https://www.zohoapis.com/crm/v2/Leads",
    "ids": ["5725767000003000010"],
    "affected_fields": [{"5725767000003000010": ["Mobile"]}],
    "operation": "update",
    "channel_id": "1000000068001",
    "token": "TOKEN_FOR_VERIFICATION_OF_1000000068001",
}


def request(body: Any) -> Request:
    return Request("POST", "/", {}, body if isinstance(body, bytes) else json.dumps(body).encode())


def said(**other: Any) -> tuple[Notice, ...]:
    return HOOK.notices(request({**PUBLISHED, "module": "Deals", **other}))


@pytest.fixture
def zoho() -> Iterator[ZohoStandin]:
    standin = ZohoStandin()
    standin.start()
    yield standin
    standin.stop()


@pytest.fixture
def client(zoho: ZohoStandin) -> Iterator[ZohoClient]:
    made = ZohoClient(ZohoSettings(**zoho.settings))
    yield made
    made.close()


def listed(client: ZohoClient, name: str, cursor: str | None = None) -> list[Page]:
    return list(client.changed(name, None, cursor))


def notices(pages: list[Page]) -> list[Notice]:
    return [notice for page in pages for notice in page.notices]


# --- the token


def test_the_published_notification_is_taken_with_its_token() -> None:
    token = PUBLISHED["token"]
    for secrets in ((token,), ("the-next", token)):
        assert HOOK.verify(request(PUBLISHED), Endpoint(URL, secrets), T0) is None


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\xff", b"[]", b"{}", b"[" * 50_000,
        {**PUBLISHED, "token": None}, {**PUBLISHED, "token": 7}, {**PUBLISHED, "token": ""},
        {**PUBLISHED, "token": "TOKEN_FOR_VERIFICATION_OF_1000000068002"},
        {**PUBLISHED, "token": [PUBLISHED["token"]]}, {**PUBLISHED, "token": "é"},
    ],
)  # fmt: skip
def test_whatever_is_wrong_with_the_token_is_refused(body: Any) -> None:
    with pytest.raises(Unsigned):
        HOOK.verify(request(body), Endpoint(URL, (PUBLISHED["token"],)), T0)


@given(st.binary(max_size=300))
def test_no_request_breaks_the_hook(body: bytes) -> None:
    with pytest.raises(Unsigned):
        HOOK.verify(request(body), Endpoint(URL, (SECRET,)), T0)
    with contextlib.suppress(Unreadable):
        assert isinstance(HOOK.notices(request(body)), tuple)


# --- notices


def test_a_notification_of_another_module_says_nothing() -> None:
    assert HOOK.notices(request(PUBLISHED)) == ()


def test_ids_have_to_be_read() -> None:
    at = datetime(2024, 6, 11, 14, 25, 53, 625000, tzinfo=UTC)
    both = said(ids=["1", "2", "1"], operation="insert")
    assert both == (Notice("Deals", "1", at), Notice("Deals", "2", at))
    assert said(module="Meetings", ids=["3"])[0].object == "Events"


def test_a_deletion_is_told_as_such() -> None:
    assert [(n.record_id, n.gone) for n in said(operation="delete")] == [
        ("5725767000003000010", True)
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"ids": []}, {"ids": None}, {"ids": ["x"]}, {"ids": [None]}, {"ids": "12"},
        {"server_time": "soon"}, {"server_time": -1}, {"server_time": 10**30},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told(other: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        said(**other)


# --- records


def test_push_and_poll_say_the_same(zoho: ZohoStandin, client: ZohoClient) -> None:
    zoho.put("deal", "101", T0, owner="7", name="Acme", amount="1250.50", currency="USD",
             stage="WON", close_date="2026-03-31")  # fmt: skip
    (push,) = zoho.pushes(URL, SECRET)
    assert HOOK.verify(push, Endpoint(URL, (SECRET,)), T0) is None
    (notice,) = HOOK.notices(push)
    read = client.read("Deals", [notice.record_id])["101"]
    (polled,) = notices(listed(client, "Deals"))
    assert polled.record == read
    deal = mapped(VENDOR, polled).record
    assert (deal["entity_id"], deal["stage_class"]) == ("zoho:deal:101", "WON")
    assert (deal["amount"], deal["currency"]) == (Decimal("1250.5"), "USD")
    assert (deal["close_date"], deal["stage_label"]) == (date(2026, 3, 31), "Closed Won")
    assert (deal["owner_id"], deal["account_id"], deal["account_name"]) == ("7", "77", "Acme")
    assert deal["revision"] == int(T0.timestamp()) * 1_000_000


def test_a_company_with_one_currency_needs_none_on_its_deals(
    zoho: ZohoStandin, client: ZohoClient
) -> None:
    zoho.put("deal", "1", T0, stage="OPEN", amount="10")
    (notice,) = notices(listed(client, "Deals"))
    deal = mapped(VENDOR, notice).record
    assert (deal["currency"], deal["stage_class"]) == ("EUR", "OPEN")
    assert notice.record is not None
    assert "Region__c" in notice.record  # a field the settings name


def test_calls_and_meetings_are_mapped(zoho: ZohoStandin, client: ZohoClient) -> None:
    soon = datetime.now(UTC) + timedelta(days=20)
    zoho.put("call", "1", T0, owner="7", seconds=61, connected=True, direction="OUTBOUND")
    zoho.put("call", "2", T0, owner="7", connected=False)
    zoho.put("call", "3", T0, owner="7", start_at=soon, planned="Scheduled")
    zoho.rows["Calls"]["1"] |= {"What_Id": {"id": "101", "name": "x"}, "$se_module": "Deals"}
    zoho.rows["Calls"]["2"] |= {"What_Id": {"id": "55", "name": "x"}, "$se_module": "Accounts"}
    first, missed, planned = (mapped(VENDOR, n).record for n in notices(listed(client, "Calls")))
    assert (first["talk_seconds"], first["status"]) == (61, "COMPLETED")
    assert (first["direction"], first["deal_id"]) == ("OUTBOUND", "zoho:deal:101")
    assert (missed["status"], missed["direction"], missed["deal_id"]) == (
        "NO_ANSWER", "INBOUND", None,
    )  # fmt: skip
    assert (planned["op"], first["op"]) == ("CANCELLED", "SET")
    end = T0 + timedelta(minutes=45)
    zoho.put("meeting", "4", T0, start_at=T0, end_at=end, outcome="COMPLETED")
    (meeting,) = (mapped(VENDOR, n).record for n in notices(listed(client, "Events")))
    assert (meeting["outcome"], meeting["start_at"], meeting["end_at"]) == ("COMPLETED", T0, end)


def test_reading_takes_a_hundred_at_a_time_and_tells_what_is_gone(
    zoho: ZohoStandin, client: ZohoClient
) -> None:
    ids = [str(i) for i in range(1, 251)]
    for one in ids:
        zoho.put("call", one, T0)
    zoho.delete("call", "7", T0)
    read = client.read("Calls", [*ids, "999", "no-number"])
    assert [one for one, record in read.items() if record is None] == ["7", "999", "no-number"]
    assert client.read("Deals", ["1"]) == {"1": None}


# --- listings


def test_a_listing_is_complete_in_order_and_without_repeats(
    zoho: ZohoStandin, client: ZohoClient
) -> None:
    for i in range(1, 601):
        zoho.put("call", str(i), T0 + timedelta(seconds=i))
    said = [n.record_id for n in notices(listed(client, "Calls"))]
    assert said == [str(i) for i in range(1, 601)]


def test_an_import_of_one_second_is_counted_through(zoho: ZohoStandin, client: ZohoClient) -> None:
    for i in range(1, 1001):
        later = 0 if i < 3 else 60 if i < 900 else 61 + i
        zoho.put("call", str(i), T0 + timedelta(seconds=later))
    said = [n.record_id for n in notices(listed(client, "Calls"))]
    assert sorted(map(int, said)) == [*range(1, 1001)]
    assert len(said) == len(set(said))


def test_what_changes_while_it_is_listed_is_not_skipped(
    zoho: ZohoStandin, client: ZohoClient
) -> None:
    for i in range(1, 401):
        zoho.put("call", str(i), T0 + timedelta(seconds=i))
    pages = client.changed("Calls", None, None)
    said = list(next(pages).notices)
    for i in range(1, 50):
        zoho.put("call", str(i), T0 + timedelta(hours=1, seconds=i), seconds=2)
    said += notices(list(pages))
    assert {n.record_id for n in said} == {str(i) for i in range(1, 401)}


def test_a_listing_goes_on_where_it_was_broken_off_though_tokens_expired(
    zoho: ZohoStandin, client: ZohoClient
) -> None:
    for i in range(1, 601):
        zoho.put("call", str(i), T0 + timedelta(seconds=i // 300))
    pages = client.changed("Calls", None, None)
    first, second = next(pages), next(pages)
    zoho.forget_cursors()
    rest = notices(listed(client, "Calls", second.cursor))
    told = {n.record_id for n in (*first.notices, *second.notices, *rest)}
    assert told == {str(i) for i in range(1, 601)}


def test_deletions_are_listed_and_restored_records_are_back(
    zoho: ZohoStandin, client: ZohoClient
) -> None:
    for one in ("1", "2", "3"):
        zoho.put("deal", one, T0, stage="OPEN")
    cursor = listed(client, "Deals")[-1].cursor
    zoho.delete("deal", "1", T0 + timedelta(hours=1))
    zoho.merge("deal", "2", "3", T0 + timedelta(hours=2))
    pages = listed(client, "Deals", cursor)
    told = {n.record_id: n.gone for n in notices(pages)}
    assert told == {"1": True, "2": False, "3": True}
    gone = [n.at for n in notices(pages) if n.record_id == "1"]
    assert gone[0] is not None
    assert timedelta(0) <= gone[0] - (T0 + timedelta(hours=1)) < timedelta(seconds=1)
    zoho.restore("deal", "1", T0 + timedelta(hours=3))
    again = [n for n in notices(listed(client, "Deals", pages[-1].cursor)) if n.record_id == "1"]
    assert [n.gone for n in again] == [False]


@pytest.mark.parametrize("cursor", ["", '{"a": 1}', "[]x", '["a"]', "[1,2,3,4]", "[1,2,1e300]"])
def test_a_cursor_of_somebody_else_is_expired(client: ZohoClient, cursor: str) -> None:
    with pytest.raises(CursorExpired):
        listed(client, "Deals", cursor)


def test_a_cursor_older_than_the_bin_is_expired(client: ZohoClient) -> None:
    old = (datetime.now(UTC) - timedelta(days=61)).timestamp()
    with pytest.raises(CursorExpired):
        listed(client, "Deals", json.dumps(Cursor(old, old, old)))


# --- channels


def test_channels_are_made_once(zoho: ZohoStandin, client: ZohoClient) -> None:
    assert isinstance(client, Subscribing)
    assert len(client.subscribe(URL, SECRET)) == 3
    assert client.subscribe(URL, SECRET) == ()
    assert {one["resource_name"] for one in zoho.channels.values()} == {"Deals", "Calls", "Events"}
    assert {one["token"] for one in zoho.channels.values()} == {SECRET}


def test_a_channel_is_renewed_before_it_expires(zoho: ZohoStandin, client: ZohoClient) -> None:
    client.subscribe(URL, SECRET)
    soon = datetime.now(UTC) + RENEWED_BEFORE - timedelta(hours=1)
    for one in zoho.channels.values():
        one["channel_expiry"] = soon.isoformat()
    assert [done.partition(" ")[0] for done in client.subscribe(URL, SECRET)] == ["renewed"] * 3
    assert len(zoho.channels) == 3
    assert client.subscribe(URL, SECRET) == ()


def test_an_expired_channel_is_made_again_and_what_was_lost_is_listed(
    zoho: ZohoStandin, client: ZohoClient
) -> None:
    client.subscribe(URL, SECRET)
    cursor = listed(client, "Deals")[-1].cursor
    for one in zoho.channels.values():
        one["channel_expiry"] = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    zoho.put("deal", "1", T0, stage="WON")
    assert zoho.pushes(URL, SECRET) == []
    assert [done.partition(" ")[0] for done in client.subscribe(URL, SECRET)] == ["made"] * 3
    zoho.put("deal", "2", T0, stage="WON")
    assert len(zoho.pushes(URL, SECRET)) == 1
    assert {n.record_id for n in notices(listed(client, "Deals", cursor))} == {"1", "2"}


def test_a_new_secret_goes_to_the_channels(zoho: ZohoStandin, client: ZohoClient) -> None:
    client.subscribe(URL, SECRET)
    assert len(client.subscribe(URL, "the-next")) == 3
    assert {one["token"] for one in zoho.channels.values()} == {"the-next"}
    with pytest.raises(Denied):
        client.subscribe(URL, "x" * 51)


# --- tokens, limits, permissions, people


def test_an_access_token_is_renewed_when_it_is_no_longer_good(
    zoho: ZohoStandin, client: ZohoClient
) -> None:
    zoho.put("deal", "1", T0, stage="OPEN")
    client.read("Deals", ["1"])
    assert len(zoho.tokens) == 1
    zoho.forget_tokens()
    assert client.read("Deals", ["1"])["1"] is not None
    assert len(zoho.tokens) == 2


def test_too_many_tokens_ask_for_patience(zoho: ZohoStandin, client: ZohoClient) -> None:
    zoho.tokens = [""] * 10
    with pytest.raises(Unavailable) as limited:
        client.read("Deals", ["1"])
    assert limited.value.retry_after == 600


@pytest.mark.parametrize("wrong", ["client_secret", "refresh_token"])
def test_wrong_credentials_are_denied(zoho: ZohoStandin, wrong: str) -> None:
    client = ZohoClient(ZohoSettings(**{**zoho.settings, wrong: "wrong"}))
    with pytest.raises(Denied):
        client.read("Deals", ["1"])
    assert not any(finding.ok for finding in client.check())
    client.close()


def test_limits_and_outages_ask_for_patience(zoho: ZohoStandin, client: ZohoClient) -> None:
    assert client.read("Deals", ["1"]) == {"1": None}
    assert client.quota() is None
    zoho.limit(1)
    with pytest.raises(Unavailable) as limited:
        client.read("Deals", ["1"])
    assert limited.value.retry_after == 60
    zoho.outage(True)
    with pytest.raises(Unavailable):
        client.read("Deals", ["1"])
    zoho.outage(False)
    zoho.credits = 4711
    client.read("Deals", ["1"])
    assert client.quota() == Quota(4711)


def test_a_check_names_the_module_that_is_closed(zoho: ZohoStandin, client: ZohoClient) -> None:
    assert all(finding.ok for finding in client.check())
    zoho.denied = {"Calls"}
    bad = [finding for finding in client.check() if not finding.ok]
    assert [finding.what.partition(":")[0] for finding in bad] == ["Calls"]
    assert "ZohoCRM.modules.READ" in bad[0].remedy


def test_users_are_people_also_the_deactivated(zoho: ZohoStandin, client: ZohoClient) -> None:
    assert list(client.users()) == []
    for i in range(1, 252):
        zoho.user(str(i), f"rep{i}@example.com", f"Rep {i}")
    zoho.people[4]["status"] = "deleted"
    users = list(client.users())
    assert len(users) == 251
    assert users[0] == User("1", "Rep 1", "rep1@example.com")
    assert [u.user_id for u in users if not u.is_active] == ["5"]


@pytest.mark.parametrize("odd", ANSWERS, ids=repr)
def test_an_answer_unlike_the_documents_is_an_outage_and_no_deletion(
    zoho: ZohoStandin, client: ZohoClient, monkeypatch: pytest.MonkeyPatch, odd: Any
) -> None:
    known = zoho.answer
    monkeypatch.setattr(
        zoho, "answer", lambda asked: known(asked) if asked.path == TOKENS else Told(200, odd)
    )
    assert troubles(client, "Calls")[0] in ("read: Unavailable", "read: Denied")


def test_it_is_registered() -> None:
    assert vendor("zoho") is VENDOR
