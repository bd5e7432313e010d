"""Zoho CRM's records, channels, tokens, limits and people against the stand-in."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.sources.vendors.contract import (
    Denied,
    Endpoint,
    Quota,
    Subscribing,
    Unavailable,
    User,
)
from connectors.sources.vendors.registry import vendor
from connectors.sources.vendors.zoho.channels import RENEWED_BEFORE
from connectors.sources.vendors.zoho.tokens import ZohoSettings
from connectors.sources.vendors.zoho.vendor import VENDOR, ZohoClient
from tests.connectors.vendors.loopback import Told
from tests.connectors.vendors.mapped import mapped
from tests.connectors.vendors.odd import ANSWERS, troubles
from tests.connectors.vendors.zoho_ground import (
    HOOK,
    SECRET,
    T0,
    TOKENS,
    URL,
    client,
    listed,
    notices,
    zoho,
)
from tests.connectors.vendors.zoho_standin import ZohoStandin

__all__ = ["client", "zoho"]  # fixtures


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
