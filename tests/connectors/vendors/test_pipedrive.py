"""Pipedrive's records, people, limits and webhooks against the stand-in."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.sources.vendors.contract import (
    Denied,
    Quota,
    Subscribing,
    Unavailable,
    User,
)
from connectors.sources.vendors.pipedrive.vendor import (
    VENDOR,
    PipedriveClient,
    PipedriveSettings,
)
from connectors.sources.vendors.registry import vendor
from tests.connectors.vendors.loopback import Told
from tests.connectors.vendors.mapped import is_skipped, mapped
from tests.connectors.vendors.odd import ANSWERS, troubles
from tests.connectors.vendors.pipedrive_ground import (
    ENDPOINT,
    HOOK,
    SECRET,
    T0,
    URL,
    client,
    listed,
    notices,
    pipe,
)
from tests.connectors.vendors.pipedrive_standin import PipedriveStandin

__all__ = ["client", "pipe"]  # fixtures


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
