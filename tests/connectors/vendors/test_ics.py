"""iCalendar: published series, summer time, what left a feed, and addresses that stay secret."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.sources.vendors.contract import Denied, Notice, Unavailable
from connectors.sources.vendors.ics import VENDOR, Client, Settings
from tests.connectors.vendors.ics_standin import ANA, Feeds
from tests.connectors.vendors.mapped import mapped

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
SOON = NOW + timedelta(days=3)


def calendar(*events: str) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN", *events, "END:VCALENDAR", ""]
    return "\r\n".join(lines).encode()


def event(*lines: str) -> str:
    usual = ("DTSTAMP:20260101T000000Z", "ORGANIZER:mailto:Ana@example.com",
             "ATTENDEE:mailto:cy@customer.com")  # fmt: skip
    return "\r\n".join(["BEGIN:VEVENT", *usual, *lines, "END:VEVENT"])


def listed(
    client: Client, since: datetime | None = None, cursor: str | None = None
) -> tuple[list[Notice], str]:
    pages = list(client.changed("events", since, cursor))
    return [notice for page in pages for notice in page.notices], pages[-1].cursor


@pytest.fixture(autouse=True)
def _all_that_is_past(monkeypatch):
    monkeypatch.setattr("connectors.sources.vendors.ics.KEPT_DAYS", 10_000)  # days here are fixed


def of_file(tmp_path: Path, data: bytes) -> list[Notice]:
    path = tmp_path / "ana.ics"
    path.write_bytes(data)
    client = Client(Settings(feeds=f"{ANA}={path}", company_domains="example.com"))
    return listed(client)[0]


def test_a_weekly_meeting_keeps_its_hour_when_the_clocks_change(tmp_path):
    # RFC 5545, 3.8.5.3: "Weekly for 10 occurrences", in a zone whose clocks change on 2026-03-29
    told = of_file(tmp_path, calendar(event(
        "UID:weekly@example.com", "DTSTART;TZID=Europe/Berlin:20260316T090000",
        "DTEND;TZID=Europe/Berlin:20260316T100000", "RRULE:FREQ=WEEKLY;COUNT=4",
        "EXDATE;TZID=Europe/Berlin:20260323T090000",
    )))  # fmt: skip
    records = [mapped(VENDOR, notice).record for notice in told]
    starts = sorted(record["start_at"] for record in records)
    assert starts == [datetime(2026, 3, 16, 8, tzinfo=UTC), datetime(2026, 3, 30, 7, tzinfo=UTC),
                      datetime(2026, 4, 6, 7, tzinfo=UTC)]  # fmt: skip
    assert {r["entity_id"] for r in records} >= {"ical:weekly@example.com/20260330T070000Z"}
    assert {(r["owner_id"], r["external_attendee_count"]) for r in records} == {(ANA, 1)}


def test_one_of_a_series_that_was_moved_or_called_off_keeps_its_place(tmp_path):
    series = event(
        "UID:s", "DTSTART:20260302T090000Z", "DTEND:20260302T093000Z", "RRULE:FREQ=DAILY;COUNT=3"
    )
    moved = event("UID:s", "RECURRENCE-ID:20260303T090000Z", "DTSTART:20260305T150000Z",
                  "DTEND:20260305T153000Z")  # fmt: skip
    off = event(
        "UID:s", "RECURRENCE-ID:20260304T090000Z", "DTSTART:20260304T090000Z", "STATUS:CANCELLED"
    )
    told = {
        n.record_id: mapped(VENDOR, n).record
        for n in of_file(tmp_path, calendar(series, moved, off))
    }
    assert len(told) == 3
    assert told[f"{ANA}/s/20260303T090000Z"]["start_at"] == datetime(2026, 3, 5, 15, tzinfo=UTC)
    assert told[f"{ANA}/s/20260304T090000Z"]["outcome"] == "CANCELED"
    assert told[f"{ANA}/s/20260302T090000Z"]["outcome"] == "SCHEDULED"


def test_days_rooms_and_endless_rules_are_no_meetings(tmp_path, monkeypatch):
    day = event("UID:d", "DTSTART;VALUE=DATE:20260302", "DTEND;VALUE=DATE:20260303")
    endless = event("UID:e", "DTSTART:20260302T090000Z", "RRULE:FREQ=SECONDLY")
    assert of_file(tmp_path, calendar(day, endless)) == []
    daily = event("UID:f", "DTSTART:20200302T090000Z", "RRULE:FREQ=DAILY",
                  "ATTENDEE;CUTYPE=ROOM:mailto:room@venue.com")  # fmt: skip
    monkeypatch.setattr("connectors.sources.vendors.ics.KEPT_DAYS", 2)
    told = of_file(tmp_path, calendar(daily))
    assert 360 < len(told) < 370
    assert {n.record["external_attendee_count"] for n in told} == {1}


@pytest.fixture
def vendor():
    with Feeds() as feeds:
        yield feeds


@pytest.fixture
def client(vendor):
    return Client(Settings(**vendor.settings))


def meet(vendor: Feeds, name: str, at: datetime = NOW, **said: object) -> None:
    vendor.put(
        "meeting", name, at, **{"start_at": SOON, "end_at": SOON + timedelta(hours=1), **said}
    )


def test_what_differs_is_told_once_although_each_reading_has_a_new_stamp(vendor, client):
    meet(vendor, "m1")
    meet(vendor, "m2")
    first, cursor = listed(client)
    assert {n.record_id for n in first} == {f"{ANA}/m1@example.com/-", f"{ANA}/m2@example.com/-"}
    assert listed(client, None, cursor)[0] == []
    meet(vendor, "m1", NOW + timedelta(hours=1), end_at=SOON + timedelta(hours=2))
    (changed,), _ = listed(client, None, cursor)
    assert mapped(VENDOR, changed).record["end_at"] == SOON + timedelta(hours=2)
    assert (
        mapped(VENDOR, changed).record["revision"]
        == int((NOW + timedelta(hours=1)).timestamp()) * 10**6
    )
    read = client.read("events", [changed.record_id, f"{ANA}/none/-", "eve@example.com/m/-"])
    assert read[changed.record_id] == changed.record
    assert (read[f"{ANA}/none/-"], read["eve@example.com/m/-"]) == (None, None)


def test_what_left_a_feed_before_it_was_due_is_called_off_and_what_was_over_is_not(vendor, client):
    meet(vendor, "ahead")
    meet(vendor, "over", start_at=NOW - timedelta(days=2), end_at=NOW - timedelta(days=2))
    _, cursor = listed(client)
    vendor.events.clear()
    gone, _ = listed(client, None, cursor)
    assert {n.record_id for n in gone if n.record_id.startswith(ANA)} == {
        f"{ANA}/ahead@example.com/-"
    }
    assert all(n.gone for n in gone)


def test_a_feed_that_is_away_or_broken_is_waited_for_and_a_refused_one_names_no_address(
    vendor, client
):
    vendor.outage(True)
    with pytest.raises(Unavailable):
        listed(client)
    vendor.outage(False)
    vendor.extra = "END:VEVENT"
    with pytest.raises(Unavailable):
        listed(client)
    wrong = Client(
        Settings(feeds=f"{ANA}={vendor.base_url}/private-9/x.ics", company_domains="x.de")
    )
    (finding,) = wrong.check()
    assert not finding.ok
    assert "private-9" not in finding.what + finding.remedy
    with pytest.raises(Denied):
        Client(Settings(feeds="ana@example.com", company_domains="x.de"))
