"""Pipedrive: webhooks as published; records, listings and webhooks against the stand-in."""

import contextlib
import json
from base64 import b64encode
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
from connectors.sources.vendors.pipedrive.hook import PipedriveHook
from connectors.sources.vendors.pipedrive.vendor import (
    VENDOR,
    PipedriveClient,
    PipedriveSettings,
)
from connectors.sources.vendors.registry import vendor
from tests.connectors.vendors.loopback import Told
from tests.connectors.vendors.mapped import is_skipped, mapped
from tests.connectors.vendors.odd import ANSWERS, troubles
from tests.connectors.vendors.pipedrive_standin import PipedriveStandin, pushed

HOOK = PipedriveHook()
T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
URL, SECRET = "https://ingest.example.com/v1/hooks/pipedrive", "s3cret"
ENDPOINT = Endpoint(URL, (SECRET,))
# "Guide for Webhooks v2": the example of meta, with ids of digits in place of its crosses.
META: dict[str, Any] = {
    "action": "create", "entity": "deal", "company_id": "1", "entity_id": "9",
    "correlation_id": "6e3a5a6e-0000-4000-8000-000000000000",
    "id": "0b7c1d8e-0000-4000-8000-000000000000", "is_bulk_edit": False,
    "timestamp": "2023-01-01T00:00:00.000Z", "type": "general", "user_id": "1", "version": "2.0",
    "webhook_id": "1", "webhook_owner_id": "1", "change_source": "app", "attempt": 1,
    "host": "company.pipedrive.com", "permitted_user_ids": ["123", "456", "789"],
}  # fmt: skip
# Version 1, from the test event of PipedreamHQ/pipedream,
# components/pipedrive/sources/updated-deal-instant (shortened).
FIRST: dict[str, Any] = {
    "v": 1, "event": "updated.deal", "retry": 0,
    "meta": {
        "action": "updated", "change_source": "api", "company_id": 1234567890,
        "host": "subdomain.pipedrive.com", "id": 9, "is_bulk_update": False, "object": "deal",
        "timestamp": 1739827361, "timestamp_micro": 1739827361322662, "user_id": 1234567890, "v": 1,
    },
    "current": {"id": 9, "status": "open", "update_time": "2025-02-17 21:22:41"},
    "previous": {"id": 9, "status": "open", "update_time": "2025-02-17 19:46:52"},
}  # fmt: skip


def told(event: Any) -> tuple[Notice, ...]:
    return HOOK.notices(pushed(URL, SECRET, event))


def second(data: Any = None, previous: Any = None, **meta: Any) -> dict[str, Any]:
    return {"meta": {**META, **meta}, "data": data, "previous": previous}


@pytest.fixture
def pipe() -> Iterator[PipedriveStandin]:
    standin = PipedriveStandin()
    standin.start()
    yield standin
    standin.stop()


@pytest.fixture
def client(pipe: PipedriveStandin) -> Iterator[PipedriveClient]:
    made = PipedriveClient(PipedriveSettings(**pipe.settings))
    yield made
    made.close()


def listed(
    client: PipedriveClient, name: str, cursor: str | None = None, since: datetime | None = None
) -> list[Page]:
    return list(client.changed(name, since, cursor))


def notices(pages: list[Page]) -> list[Notice]:
    return [notice for page in pages for notice in page.notices]


# --- the password


def test_the_password_proves_it_whoever_the_user_is() -> None:
    for user in ("pacesetter", "", "an admin"):
        made = pushed(URL, SECRET, second(), user)
        assert HOOK.verify(made, ENDPOINT, T0) is None
    both = Endpoint(URL, ("the-next", SECRET))
    assert HOOK.verify(pushed(URL, SECRET, second()), both, T0) is None


@pytest.mark.parametrize(
    "header",
    [
        None, "", "Basic", "Basic !!!", "Basic é", "Bearer czNjcmV0",
        "Basic " + b64encode(b"pacesetter:wrong").decode(),
        "Basic " + b64encode(b"s3cret").decode(),
        "Basic " + b64encode(b"pacesetter:").decode(),
        "Basic " + b64encode(b"pacesetter:s3cret ").decode(),
        "Basic " + b64encode(b"\xff:\xff").decode(),
    ],
)  # fmt: skip
def test_whatever_is_wrong_with_the_password_is_refused(header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}
    with pytest.raises(Unsigned):
        HOOK.verify(Request("POST", "/", headers, b"{}"), ENDPOINT, T0)


@given(st.text(max_size=60), st.binary(max_size=300))
def test_no_request_breaks_the_hook(header: str, body: bytes) -> None:
    made = Request("POST", "/", {"authorization": header}, body)
    with pytest.raises(Unsigned):
        HOOK.verify(made, ENDPOINT, T0)
    with contextlib.suppress(Unreadable):
        assert isinstance(HOOK.notices(made), tuple)


# --- notices


def test_the_published_webhook_has_its_deal_read() -> None:
    assert told(second({})) == (Notice("deals", "9", datetime(2023, 1, 1, tzinfo=UTC)),)


def test_the_published_webhook_of_version_one_is_understood() -> None:
    at = datetime(2025, 2, 17, 21, 22, 41, tzinfo=UTC)
    assert told(FIRST) == (Notice("deals", "9", at),)


def test_a_deletion_is_told_in_both_versions() -> None:
    gone = told(second(None, {"id": 9, "status": "open"}, action="delete"))
    assert [(n.record_id, n.gone, n.merged_into) for n in gone] == [("9", True, None)]
    old = {**FIRST, "meta": {**FIRST["meta"], "action": "deleted"}, "current": None}
    assert [(n.record_id, n.gone) for n in told(old)] == [("9", True)]


def test_a_merge_is_an_end_and_a_change() -> None:
    end = told(second(None, {"id": 9}, action="delete", merged_to_id="10"))
    assert [(n.record_id, n.gone, n.merged_into) for n in end] == [("9", True, "10")]
    change = told(second({}, {}, action="change", entity_id="10", merged_from_id="9"))
    assert [(n.record_id, n.gone, n.merged_into) for n in change] == [
        ("9", True, "10"), ("10", False, None),
    ]  # fmt: skip
    old = {**FIRST, "meta": {**FIRST["meta"], "action": "merged"}, "previous": {"id": 4}}
    assert [(n.record_id, n.gone) for n in told(old)] == [("4", True), ("9", False)]


@pytest.mark.parametrize("entity", ["person", "lead", "note", "dealx", None, 7])
def test_what_is_no_deal_or_activity_says_nothing(entity: Any) -> None:
    assert told(second({}, entity=entity, entity_id="b3a1e0a0-0000")) == ()


@pytest.mark.parametrize(
    "event",
    [
        [], "x", {}, {"meta": []},
        second(entity_id="x9"), second(entity_id=None), second(entity_id=True),
        second(timestamp="soon"), second(timestamp=None), second(timestamp=10**30),
        second(timestamp="2025-02-17 21:22:41"), second(action="delete", merged_to_id="x"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told(event: Any) -> None:
    with pytest.raises(Unreadable):
        told(event)


@pytest.mark.parametrize("written", ["1672531200", 1672531200, "2023-01-01T01:00:00+01:00"])
def test_a_timestamp_is_read_however_it_is_written(written: Any) -> None:
    (notice,) = told(second(timestamp=written))
    assert notice.at == datetime(2023, 1, 1, tzinfo=UTC)


# --- records


def test_push_and_poll_say_the_same(pipe: PipedriveStandin, client: PipedriveClient) -> None:
    pipe.put("deal", "101", T0, owner="7", name="Acme", amount="1250.50", currency="USD",
             stage="WON", close_date="2026-03-31")  # fmt: skip
    (push,) = pipe.pushes(URL, SECRET)
    assert HOOK.verify(push, ENDPOINT, T0) is None
    (notice,) = HOOK.notices(push)
    read = client.read("deals", [notice.record_id])["101"]
    (polled,) = notices(listed(client, "deals"))
    assert polled.record == read
    deal = mapped(VENDOR, polled).record
    assert (deal["entity_id"], deal["stage_class"]) == ("pipedrive:deal:101", "WON")
    assert (deal["amount"], deal["currency"]) == (Decimal("1250.5"), "USD")
    assert (deal["close_date"], deal["stage_label"]) == (date(2026, 3, 31), "Qualified")
    assert deal["won_at"] == datetime(2026, 3, 31, 11, tzinfo=UTC)
    assert (deal["owner_id"], deal["splits"]) == ("7", [])


def test_a_close_date_is_the_day_of_the_company(
    pipe: PipedriveStandin, client: PipedriveClient
) -> None:
    pipe.put("deal", "1", T0, stage="WON")
    pipe.rows["deals"][1]["won_time"] = "2026-03-31T22:30:00Z"  # half past midnight in Berlin
    pipe.put("deal", "2", T0, stage="OPEN", close_date="2026-06-30")
    days = [mapped(VENDOR, n).record["close_date"] for n in notices(listed(client, "deals"))]
    assert days == [date(2026, 4, 1), date(2026, 6, 30)]


def test_activities_become_what_their_type_says(
    pipe: PipedriveStandin, client: PipedriveClient
) -> None:
    pipe.put("call", "1", T0, owner="7", seconds=120)
    pipe.put("email", "2", T0, owner="7")
    end = T0 + timedelta(minutes=45)
    pipe.put("meeting", "3", T0, owner="7", start_at=T0, end_at=end, outcome="SCHEDULED")
    pipe.put("call", "4", T0)
    pipe.rows["activities"][1]["deal_id"] = 101
    pipe.rows["activities"][4]["type"] = "lunch"
    call, email, meeting, lunch = notices(listed(client, "activities"))
    said = mapped(VENDOR, call)
    assert (said.message, said.record["entity_id"]) == ("call", "pipedrive:activity:1")
    assert (said.record["status"], said.record["talk_seconds"]) == ("COMPLETED", None)
    assert said.record["deal_id"] == "pipedrive:deal:101"
    assert mapped(VENDOR, email).message == "email"
    held = mapped(VENDOR, meeting).record
    assert (held["outcome"], held["start_at"], held["end_at"]) == ("SCHEDULED", T0, end)
    assert is_skipped(VENDOR, lunch)


def test_a_call_that_is_only_planned_counts_for_nothing(
    pipe: PipedriveStandin, client: PipedriveClient
) -> None:
    soon = datetime.now(UTC) + timedelta(days=20)
    pipe.put("call", "1", T0, start_at=soon, outcome="SCHEDULED")
    (planned,) = notices(listed(client, "activities"))
    assert mapped(VENDOR, planned).record["op"] == "CANCELLED"
    pipe.put("call", "1", T0 + timedelta(hours=1))
    (done,) = notices(listed(client, "activities"))
    assert mapped(VENDOR, done).record["op"] == "SET"


def test_archived_deals_are_not_gone(pipe: PipedriveStandin, client: PipedriveClient) -> None:
    for one in ("1", "2", "3"):
        pipe.put("deal", one, T0, stage="WON", amount="10")
    pipe.archive("2", T0 + timedelta(hours=1))
    pipe.delete("deal", "3", T0 + timedelta(hours=1))
    read = client.read("deals", ["1", "2", "3", "4", "no-number"])
    assert [one for one, record in read.items() if record is not None] == ["1", "2"]
    said = {n.record_id: n.gone for n in notices(listed(client, "deals"))}
    assert said == {"1": False, "2": False, "3": True}


def test_reading_takes_a_hundred_at_a_time(pipe: PipedriveStandin, client: PipedriveClient) -> None:
    ids = [str(i) for i in range(1, 251)]
    for one in ids:
        pipe.put("call", one, T0)
    assert all(client.read("activities", ids).values())


def test_an_end_beats_what_else_happened_in_its_second(
    pipe: PipedriveStandin, client: PipedriveClient
) -> None:
    pipe.put("deal", "1", T0, stage="WON")
    (made,) = notices(listed(client, "deals"))
    pipe.delete("deal", "1", T0)
    (gone,) = notices(listed(client, "deals"))
    assert gone.gone
    assert gone.at is not None
    assert made.at is not None
    assert gone.at > made.at


# --- listings


def test_a_listing_is_complete_and_in_order(
    pipe: PipedriveStandin, client: PipedriveClient
) -> None:
    for i in range(1, 1204):
        pipe.put("call", str(i), T0 + timedelta(seconds=i // 2))
    said = [n.record_id for n in notices(listed(client, "activities"))]
    assert said == [str(i) for i in range(1, 1204)]


def test_what_changes_while_it_is_listed_is_not_skipped(
    pipe: PipedriveStandin, client: PipedriveClient
) -> None:
    for i in range(1, 1001):
        pipe.put("call", str(i), T0 + timedelta(seconds=i))
    pages = client.changed("activities", None, None)
    said = list(next(pages).notices)
    for i in range(1, 50):  # everything behind them moves up by as many places
        pipe.put("call", str(i), T0 + timedelta(hours=1, seconds=i))
    said += notices(list(pages))
    assert {n.record_id for n in said} == {str(i) for i in range(1, 1001)}


def test_an_import_of_one_second_is_paged_through(
    pipe: PipedriveStandin, client: PipedriveClient
) -> None:
    for i in range(1, 1301):
        pipe.put("call", str(i), T0 + timedelta(seconds=0 if i < 3 else 60 if i < 1200 else i))
    said = [n.record_id for n in notices(listed(client, "activities"))]
    assert sorted(map(int, said)) == [*range(1, 1301)]
    assert len(said) == len(set(said))


def test_a_listing_goes_on_where_it_was_broken_off_though_cursors_are_forgotten(
    pipe: PipedriveStandin, client: PipedriveClient
) -> None:
    for i in range(1, 1001):
        pipe.put("call", str(i), T0 + timedelta(seconds=i))
    first = next(client.changed("activities", None, None))
    pipe.forget_cursors()
    rest = notices(listed(client, "activities", first.cursor))
    assert {n.record_id for n in (*first.notices, *rest)} == {str(i) for i in range(1, 1001)}
    assert len(rest) <= 501


def test_the_next_listing_tells_what_changed_since(
    pipe: PipedriveStandin, client: PipedriveClient
) -> None:
    pipe.put("deal", "1", T0, stage="OPEN")
    pipe.put("deal", "2", T0 + timedelta(hours=1), stage="OPEN")
    cursor = listed(client, "deals")[-1].cursor
    pipe.put("deal", "1", T0 + timedelta(hours=2), stage="WON")
    pipe.merge("deal", "1", "2", T0 + timedelta(hours=3))
    said = {n.record_id: n.gone for n in notices(listed(client, "deals", cursor))}
    assert said == {"1": False, "2": True}
    since = listed(client, "deals", since=T0 + timedelta(hours=4))
    assert notices(since) == []


@pytest.mark.parametrize("cursor", ["", "[]", "{}", '{"listed": "x"}', '{"listed": 1e300}'])
def test_a_cursor_of_somebody_else_is_expired(client: PipedriveClient, cursor: str) -> None:
    with pytest.raises(CursorExpired):
        listed(client, "deals", cursor)


def test_a_cursor_older_than_deletions_are_kept_is_expired(
    pipe: PipedriveStandin, client: PipedriveClient
) -> None:
    pipe.put("deal", "1", T0, stage="OPEN")
    place = json.loads(listed(client, "deals")[-1].cursor)
    assert notices(listed(client, "deals", json.dumps(place)))  # a quiet account is no old cursor
    place["listed"] -= 31 * 86_400
    with pytest.raises(CursorExpired):
        listed(client, "deals", json.dumps(place))


# --- webhooks


def test_webhooks_are_made_once(pipe: PipedriveStandin, client: PipedriveClient) -> None:
    assert isinstance(client, Subscribing)
    assert len(client.subscribe(URL, SECRET)) == 2
    assert {(h["event_object"], h["event_action"], h["version"]) for h in pipe.hooks} == {
        ("deal", "*", "2.0"), ("activity", "*", "2.0"),
    }  # fmt: skip
    assert {h["http_auth_password"] for h in pipe.hooks} == {SECRET}
    assert client.subscribe(URL, SECRET) == ()


def test_a_banned_webhook_is_replaced_and_what_was_lost_is_listed(
    pipe: PipedriveStandin, client: PipedriveClient
) -> None:
    client.subscribe(URL, SECRET)
    cursor = listed(client, "deals")[-1].cursor
    pipe.fail(10)
    pipe.put("deal", "1", T0, stage="WON")
    assert pipe.pushes(URL, SECRET) == []  # banned: lost
    assert len(client.subscribe(URL, SECRET)) == 4
    assert len(pipe.hooks) == 2
    pipe.put("deal", "2", T0, stage="WON")
    assert len(pipe.pushes(URL, SECRET)) == 1
    assert {n.record_id for n in notices(listed(client, "deals", cursor))} == {"1", "2"}


def test_a_deleted_webhook_is_made_again(pipe: PipedriveStandin, client: PipedriveClient) -> None:
    client.subscribe(URL, SECRET)
    pipe.fail(3)
    pipe.three_days_pass()
    assert pipe.hooks == []
    assert len(client.subscribe(URL, SECRET)) == 2


def test_a_new_secret_replaces_the_webhooks_and_leaves_those_of_others(
    pipe: PipedriveStandin, client: PipedriveClient
) -> None:
    client.subscribe("https://elsewhere.example.com/hook", "theirs")
    client.subscribe(URL, SECRET)
    client.subscribe(URL, "the-next")
    assert {(h["subscription_url"], h["http_auth_password"]) for h in pipe.hooks} == {
        ("https://elsewhere.example.com/hook", "theirs"), (URL, "the-next"),
    }  # fmt: skip
    assert len(pipe.hooks) == 4


# --- limits, permissions, people


def test_limits_and_outages_ask_for_patience(
    pipe: PipedriveStandin, client: PipedriveClient
) -> None:
    pipe.limit(1)
    with pytest.raises(Unavailable) as limited:
        client.read("activities", ["1"])
    assert limited.value.retry_after == 2
    pipe.outage(True)
    with pytest.raises(Unavailable):
        client.read("activities", ["1"])
    pipe.outage(False)
    assert client.read("activities", ["1"]) == {"1": None}
    assert client.quota() == Quota(29_998, 30_000)


def test_a_check_wants_an_admin(pipe: PipedriveStandin) -> None:
    for is_admin in (1, 0):
        pipe.is_admin = is_admin
        client = PipedriveClient(PipedriveSettings(**pipe.settings))
        assert all(finding.ok for finding in client.check()) == bool(is_admin)
        client.close()


def test_a_wrong_token_is_denied(pipe: PipedriveStandin) -> None:
    client = PipedriveClient(PipedriveSettings(token="wrong", base_url=pipe.base_url))
    with pytest.raises(Denied):
        client.read("deals", ["1"])
    assert not any(finding.ok for finding in client.check())


def test_users_are_people_also_the_deactivated(
    pipe: PipedriveStandin, client: PipedriveClient
) -> None:
    assert list(client.users()) == []
    pipe.user("7", "ana@example.com", "Ana Ito")
    pipe.user("8", "bo@example.com", "Bo")
    pipe.people[1]["active_flag"] = False
    assert list(client.users()) == [
        User("7", "Ana Ito", "ana@example.com"),
        User("8", "Bo", "bo@example.com", is_active=False),
    ]


@pytest.mark.parametrize("odd", ANSWERS, ids=repr)
def test_an_answer_unlike_the_documents_is_an_outage_and_no_deletion(
    pipe: PipedriveStandin, client: PipedriveClient, monkeypatch: pytest.MonkeyPatch, odd: Any
) -> None:
    monkeypatch.setattr(pipe, "answer", lambda asked: Told(200, odd))
    assert troubles(client, "activities")[0] in ("read: Unavailable", "read: Denied")


def test_it_is_registered() -> None:
    assert vendor("pipedrive") is VENDOR
