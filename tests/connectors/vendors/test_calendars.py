"""Google's and Microsoft's calendars: handshakes, deltas, and one meeting out of many copies."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from connectors.sources.vendors import google_calendar, microsoft_calendar
from connectors.sources.vendors.contract import (
    CursorExpired,
    Endpoint,
    Notice,
    Reply,
    Request,
    Unavailable,
    Unreadable,
    Unsigned,
)
from connectors.sources.vendors.meetings import uid_of
from tests.connectors.vendors.google_calendar_standin import ANA, BO, GoogleCalendar
from tests.connectors.vendors.mapped import is_skipped, mapped
from tests.connectors.vendors.microsoft_calendar_standin import MicrosoftCalendar

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
SOON = NOW + timedelta(days=3)
URL, SECRET = "https://in.example.com/hooks/calendar", "channel-7"
ENDPOINT = Endpoint(URL, ("older", SECRET))
BOTH = [(google_calendar, GoogleCalendar), (microsoft_calendar, MicrosoftCalendar)]


@pytest.fixture(params=BOTH, ids=["google", "microsoft"])
def ground(request):
    module, standin = request.param
    with standin() as vendor:
        client = module.Client(module.Settings(**vendor.settings))
        yield module, vendor, client
        client.close()


def meet(vendor, name: str, at: datetime = NOW, **said: object) -> None:
    vendor.put(
        "meeting",
        name,
        at,
        **{"owner": ANA, "start_at": SOON, "end_at": SOON + timedelta(hours=1), **said},
    )


def listed(
    client, since: datetime | None = None, cursor: str | None = None
) -> tuple[list[Notice], str]:
    pages = list(client.changed("events", since, cursor))
    return [notice for page in pages for notice in page.notices], pages[-1].cursor


def test_a_meeting_in_two_calendars_is_told_once_by_the_organizers(ground):
    module, vendor, client = ground
    meet(vendor, "m1", ical_uid="u1@example.com")
    (notice,), _ = listed(client)
    event = mapped(module.VENDOR, notice)
    assert event.record["entity_id"] == "ical:u1@example.com/-"
    assert event.record["source_id"] == "m1"
    assert (event.record["owner_id"], event.record["outcome"]) == (ANA, "SCHEDULED")
    assert event.record["external_attendee_count"] == 1
    assert event.record["start_at"] == SOON
    read = client.read("events", [notice.record_id, f"{ANA}/none"])
    assert read[f"{ANA}/none"] is None
    assert (
        mapped(module.VENDOR, Notice("events", notice.record_id, None, read[notice.record_id]))
        == event
    )


def test_a_customers_invitation_belongs_to_the_rep_it_went_to(ground):
    module, vendor, client = ground
    meet(vendor, "m1", owner="cy@customer.com")
    (notice,), _ = listed(client)
    assert mapped(module.VENDOR, notice).record["owner_id"] == BO


def test_changes_and_deletions_come_by_token_and_an_expired_one_is_told(ground):
    _, vendor, client = ground
    for i in range(10):
        meet(vendor, f"m{i}")
    first, cursor = listed(client)
    assert {n.record_id for n in first} == {f"{ANA}/m{i}" for i in range(10)}
    assert listed(client, None, cursor)[0] == []
    meet(vendor, "m3", NOW + timedelta(hours=1))
    vendor.delete("meeting", "m4", NOW + timedelta(hours=1))
    changed, cursor = listed(client, None, cursor)
    assert (f"{ANA}/m3", False) in {(n.record_id, n.gone) for n in changed}
    assert (f"{ANA}/m4", True) in {(n.record_id, n.gone) for n in changed}
    meet(vendor, "m4", NOW + timedelta(hours=2))
    back, cursor = listed(client, None, cursor)
    assert [(n.record_id, n.gone) for n in back] == [(f"{ANA}/m4", False)]
    vendor.forget_cursors()
    with pytest.raises(CursorExpired):
        listed(client, None, cursor)
    assert len(listed(client, NOW - timedelta(days=1))[0]) == 10


def test_patience_is_asked_for_and_wrong_credentials_told(ground):
    module, vendor, client = ground
    assert all(finding.ok for finding in client.check())
    vendor.limit(1)
    with pytest.raises(Unavailable) as asked:
        listed(client)
    assert asked.value.retry_after == 1
    wrong = module.Client(module.Settings(**{**vendor.settings, "client_secret": "stale"}))
    assert not any(finding.ok for finding in wrong.check())
    wrong.close()
    assert {user.email for user in client.users()} >= {ANA, BO}


def test_what_is_pushed_is_proved_by_its_secret(ground):
    module, vendor, _ = ground
    hook = module.Hook()
    meet(vendor, "m1")
    push, *_ = vendor.pushes(URL, SECRET)
    assert hook.verify(push, ENDPOINT, NOW) is None
    assert hook.notices(push) == (Notice("events", ""),)
    meet(vendor, "m1")
    forged, *_ = vendor.pushes(URL, "guess")
    with pytest.raises(Unsigned):
        hook.verify(forged, ENDPOINT, NOW)


def test_one_of_a_series_is_the_same_in_every_calendar_and_keeps_its_place_when_it_moves():
    with GoogleCalendar() as vendor:
        client = google_calendar.Client(google_calendar.Settings(**vendor.settings))
        meet(vendor, "s_1", ical_uid="series@example.com", original_start=SOON)
        meet(vendor, "s_1", NOW + timedelta(hours=1), start_at=SOON + timedelta(days=1),
             end_at=SOON + timedelta(days=1, hours=1), original_start=SOON)  # fmt: skip
        (google,), _ = listed(client)
        client.close()
    with MicrosoftCalendar() as vendor:
        client = microsoft_calendar.Client(microsoft_calendar.Settings(**vendor.settings))
        meet(vendor, "s", ical_uid="series@example.com", type="seriesMaster")
        meet(vendor, "s_1", ical_uid="series@example.com", series="s", original_start=SOON)
        (microsoft,), _ = listed(client)
        client.close()
    wanted = f"ical:series@example.com/{SOON:%Y%m%dT%H%M%SZ}"
    one = mapped(google_calendar.VENDOR, google).record
    other = mapped(microsoft_calendar.VENDOR, microsoft).record
    assert (one["entity_id"], other["entity_id"]) == (wanted, wanted)
    assert one["start_at"] == SOON + timedelta(days=1)
    assert (other["start_at"], other["external_attendee_count"]) == (SOON, 1)


def test_the_day_outlook_writes_into_an_occurrences_uid_is_taken_out():
    uid = "040000008200E00074C5B7101A82E00800000000586CEF106313D8010000000000000000"
    assert uid_of(uid[:32] + "07EA0305" + uid[40:]) == uid
    assert uid_of("4kq0v2n7f1@calendar.example.com") == "4kq0v2n7f1@calendar.example.com"


def test_meetings_among_colleagues_are_left_out():
    with GoogleCalendar() as vendor:
        client = google_calendar.Client(
            google_calendar.Settings(
                **{**vendor.settings, "company_domains": "example.com, customer.com"}
            )
        )
        meet(vendor, "m1")
        (notice,), _ = listed(client)
        client.close()
    assert is_skipped(google_calendar.VENDOR, notice)


def test_googles_first_notice_of_a_channel_is_answered_and_a_strange_one_set_aside():
    headers = {"x-goog-channel-token": SECRET, "x-goog-resource-state": "sync"}
    first = Request("POST", "/hooks/calendar", headers, b"")
    assert google_calendar.Hook().verify(first, ENDPOINT, NOW) == Reply(200)
    with pytest.raises(Unreadable):
        google_calendar.Hook().notices(Request("POST", "/", {"x-goog-resource-state": "?"}, b""))


def test_microsofts_handshake_is_echoed_as_text_and_malformed_notifications_are_unsigned():
    # learn.microsoft.com/graph/change-notifications-delivery-webhooks: the token comes URL-encoded
    target = "/hooks/calendar?validationToken=Validation%3A+Testing+client+application+reachability"
    reply = microsoft_calendar.Hook().verify(Request("POST", target, {}, b""), ENDPOINT, NOW)
    assert reply is not None
    assert reply.body == b"Validation: Testing client application reachability"
    assert reply.headers["Content-Type"] == "text/plain"
    forged = [{"clientState": SECRET}, {"clientState": "guess"}]
    for body in (b"", b"[]", b"{}", b'{"value": []}', json.dumps({"value": forged}).encode()):
        with pytest.raises(Unsigned):
            microsoft_calendar.Hook().verify(
                Request("POST", "/hooks/calendar", {}, body), ENDPOINT, NOW
            )


def test_channels_and_subscriptions_are_made_once_and_renewed_before_they_end():
    with GoogleCalendar() as vendor:
        client = google_calendar.Client(google_calendar.Settings(**vendor.settings))
        assert len(client.subscribe(URL, SECRET)) == 4
        assert client.subscribe(URL, SECRET) == ()
        client.close()
    with MicrosoftCalendar() as vendor:
        client = microsoft_calendar.Client(microsoft_calendar.Settings(**vendor.settings))
        assert len(client.subscribe(URL, SECRET)) == 4
        assert client.subscribe(URL, SECRET) == ()
        vendor.subscriptions[0]["expirationDateTime"] = "2020-01-01T00:00:00Z"
        assert len(client.subscribe(URL, SECRET)) == 1
        client.close()
