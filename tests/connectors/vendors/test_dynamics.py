"""Dynamics 365: the published remote context, its keys, delta links and what closes a deal."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from connectors.sources.vendors.contract import (
    CursorExpired,
    Endpoint,
    Notice,
    Request,
    Unavailable,
    Unreadable,
    Unsigned,
)
from connectors.sources.vendors.dynamics import VENDOR, Client, Hook, Settings, instant
from tests.connectors.vendors.dynamics_standin import Dynamics, guid
from tests.connectors.vendors.mapped import mapped

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
URL, SECRET = "https://in.example.com/hooks/dynamics", "k-7f2"
ENDPOINT = Endpoint(URL, ("older", SECRET))
OPPORTUNITY = "2e451703-c686-e711-80e5-00155db19e6d"
# MicrosoftDocs/powerapps-docs, developer/data-platform/use-webhooks.md, trimmed
PUBLISHED = {
    "CorrelationId": "b374239d-4233-41a9-8b17-a86cb4f737b5",
    "Depth": 1,
    "InputParameters": [
        {
            "key": "Target",
            "value": {
                "__type": "Entity:http://schemas.microsoft.com/xrm/2011/Contracts",
                "Attributes": [
                    {"key": "firstname", "value": "James"},
                    {"key": "modifiedon", "value": "/Date(1506384247000)/"},
                ],
                "Id": "6d81597f-0f9f-e711-8122-000d3aa2331c",
                "LogicalName": "contact",
            },
        }
    ],
    "MessageName": "Update",
    "Mode": 1,
    "OperationCreatedOn": "/Date(1506409448000-0700)/",
    "OperationId": "4af10637-4ea2-e711-8122-000d3aa2331c",
    "OrganizationId": "4ef5b371-e89e-e711-8122-000d3aa2331c",
    "PrimaryEntityId": "6d81597f-0f9f-e711-8122-000d3aa2331c",
    "PrimaryEntityName": "contact",
    "Stage": 40,
}


def request(body: object, target: str = "/hooks/dynamics", **headers: str) -> Request:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request("POST", target, {n.replace("_", "-"): v for n, v in headers.items()}, data)


def about(table: str, **said: object) -> dict[str, object]:
    return {**PUBLISHED, "PrimaryEntityName": table, **said}


def test_either_key_is_the_proof_in_the_header_or_the_query():
    for good in (
        request(PUBLISHED, x_webhook_key=SECRET),
        request(PUBLISHED, f"/hooks/dynamics?tenant=a&code={SECRET}"),
    ):
        assert Hook().verify(good, ENDPOINT, NOW) is None
    for wrong in ("", "k-7f3", "\udcff"):
        with pytest.raises(Unsigned):
            Hook().verify(request(PUBLISHED, x_webhook_key=wrong), ENDPOINT, NOW)
    with pytest.raises(Unsigned):
        Hook().verify(request(PUBLISHED), Endpoint(URL, ("",)), NOW)


def test_a_date_is_utc_whatever_zone_it_is_displayed_in():
    assert instant("/Date(1506409448000-0700)/") == datetime(2017, 9, 26, 7, 4, 8, tzinfo=UTC)
    assert instant("/Date(1506384247000)/") == datetime(2017, 9, 26, 0, 4, 7, tzinfo=UTC)
    assert instant("/Date(999999999999999)/") is None
    assert instant("yesterday") is None


def test_the_row_of_an_operation_is_to_be_read_and_other_tables_are_let_pass():
    assert Hook().notices(request(PUBLISHED)) == ()
    at = datetime(2017, 9, 26, 7, 4, 8, tzinfo=UTC)
    key = PUBLISHED["PrimaryEntityId"]
    assert Hook().notices(request(about("opportunity"))) == (Notice("opportunity", key, at),)
    (gone,) = Hook().notices(request(about("phonecall", MessageName="Delete")))
    assert gone.gone


@pytest.mark.parametrize("message", ["Win", "Lose"])
def test_a_won_or_lost_deal_is_found_behind_the_activity_that_closes_it(message):
    reference = {"Id": OPPORTUNITY.upper(), "LogicalName": "opportunity"}
    closing = {
        "LogicalName": "opportunityclose",
        "Attributes": [{"key": "opportunityid", "value": reference}],
    }
    body = about("opportunity", MessageName=message, PrimaryEntityId=str(UUID(int=0)),
                 InputParameters=[{"key": "OpportunityClose", "value": closing}])  # fmt: skip
    (notice,) = Hook().notices(request(body))
    assert notice.record_id == OPPORTUNITY


def test_a_push_that_was_too_large_names_its_row_or_else_has_the_table_listed():
    body = about("opportunity", InputParameters=None)
    (notice,) = Hook().notices(request(body, x_ms_dynamics_msg_size_exceeded="True"))
    assert notice.record_id == PUBLISHED["PrimaryEntityId"]
    (lost,) = Hook().notices(
        request({**body, "PrimaryEntityId": None}, x_ms_dynamics_msg_size_exceeded="True")
    )
    assert (lost.record_id, lost.gone) == ("", False)


@pytest.mark.parametrize("body", [b"{", [], {}, about("opportunity", PrimaryEntityId="no id")])
def test_what_is_no_context_is_set_aside(body):
    with pytest.raises(Unreadable):
        Hook().notices(request(body))


@pytest.fixture
def vendor():
    with Dynamics() as dynamics:
        dynamics.user("u-1", "ana@example.com", "Ana")
        yield dynamics


@pytest.fixture
def client(vendor):
    client = Client(Settings(**vendor.settings))
    yield client
    client.close()


def deal(vendor: Dynamics, name: str, at: datetime, **said: object) -> None:
    usual = {"owner": "u-1", "name": name, "amount": "1250.50", "currency": "USD", "stage": "OPEN",
             "close_date": date(2026, 3, 31)}  # fmt: skip
    vendor.put("deal", name, at, **{**usual, **said})


def all_of(
    client: Client, table: str, since: datetime | None, cursor: str | None
) -> tuple[list[Notice], str]:
    pages = list(client.changed(table, since, cursor))
    return [notice for page in pages for notice in page.notices], pages[-1].cursor


def test_push_and_listing_make_the_same_deal(vendor, client):
    deal(vendor, "d1", NOW, stage="WON")
    (push,) = vendor.pushes(URL, SECRET)
    assert Hook().verify(push, ENDPOINT, NOW) is None
    (notice,) = Hook().notices(push)
    read = client.read("opportunity", [notice.record_id])[notice.record_id]
    (listed,), _ = all_of(client, "opportunity", None, None)
    event = mapped(VENDOR, listed)
    assert event == mapped(VENDOR, Notice("opportunity", notice.record_id, None, read))
    assert event.record["entity_id"] == f"dynamics:opportunity:{guid('d1')}"
    assert (event.record["amount"], event.record["currency"]) == (Decimal("1250.50"), "USD")
    assert (event.record["stage_class"], event.record["close_date"]) == ("WON", date(2026, 3, 31))
    assert event.record["revision"] == int(NOW.timestamp()) * 1_000_000


def test_a_delta_link_brings_changes_and_deletions_and_no_more(vendor, client):
    for i in range(12):
        deal(vendor, f"d{i}", NOW + timedelta(minutes=i))
    first, cursor = all_of(client, "opportunity", None, None)
    assert len(first) == 12
    nothing, cursor = all_of(client, "opportunity", None, cursor)
    assert nothing == []
    deal(vendor, "d3", NOW + timedelta(hours=1), amount="1")
    vendor.delete("deal", "d4", NOW + timedelta(hours=1))
    changed, cursor = all_of(client, "opportunity", None, cursor)
    assert {(n.record_id, n.gone) for n in changed} == {(guid("d3"), False), (guid("d4"), True)}
    vendor.restore("deal", "d4", NOW + timedelta(hours=2))
    (back,), _ = all_of(client, "opportunity", None, cursor)
    assert (back.record_id, back.gone) == (guid("d4"), False)


def test_an_expired_delta_link_is_told_and_what_changed_since_is_listed_instead(vendor, client):
    deal(vendor, "old", NOW - timedelta(days=9))
    _, cursor = all_of(client, "opportunity", None, None)
    deal(vendor, "new", NOW)
    vendor.forget_cursors()
    with pytest.raises(CursorExpired):
        all_of(client, "opportunity", None, cursor)
    listed, cursor = all_of(client, "opportunity", NOW - timedelta(hours=1), None)
    assert [n.record_id for n in listed] == [guid("new")]
    assert all_of(client, "opportunity", None, cursor)[0] == []


def test_activities_become_calls_meetings_and_emails(vendor, client):
    vendor.put("call", "c", NOW, owner="u-1", seconds=240, direction="OUTBOUND")
    vendor.put(
        "meeting",
        "m",
        NOW,
        owner="u-1",
        start_at=NOW,
        end_at=NOW + timedelta(hours=1),
        outcome="COMPLETED",
    )
    vendor.put("email", "e", NOW, owner="u-1", message_id="a@example.com")
    made = {
        t: mapped(VENDOR, all_of(client, t, None, None)[0][0])
        for t in ("phonecall", "appointment", "email")
    }
    call, meeting, email = (made[t].record for t in ("phonecall", "appointment", "email"))
    assert (call["status"], call["direction"], call["talk_seconds"]) == (
        "COMPLETED",
        "OUTBOUND",
        240,
    )
    assert (meeting["outcome"], meeting["start_at"]) == ("COMPLETED", NOW)
    assert (email["entity_id"], email["status"]) == ("mid:a@example.com", "SENT")


def test_patience_is_asked_for_and_an_expired_token_renewed(vendor, client):
    assert all(finding.ok for finding in client.check())
    vendor.expire_tokens()
    (user,) = client.users()
    assert (user.user_id, user.email) == ("u-1", "ana@example.com")
    assert client.read("opportunity", [guid("none")]) == {guid("none"): None}
    vendor.limit(1)
    with pytest.raises(Unavailable) as asked:
        list(client.users())
    assert asked.value.retry_after == 1
    wrong = Client(Settings(**{**vendor.settings, "client_secret": "stale"}))
    findings = wrong.check()
    wrong.close()
    assert not any(finding.ok for finding in findings)
