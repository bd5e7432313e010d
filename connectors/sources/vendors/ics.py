"""Calendars as iCalendar files or feeds (RFC 5545): the private address of a calendar, or a file.

A feed tells all it holds each time, so the cursor remembers what it held: what differs has changed,
what is missing before it was due is called off. Series are told as their single meetings.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from dateutil.rrule import rruleset, rrulestr
from icalendar import Calendar, Event
from pydantic import BaseModel, Field, SecretStr

from connectors.sources.vendors.contract import (
    Denied,
    Finding,
    Notice,
    Page,
    Quota,
    Record,
    Unavailable,
    User,
    Vendor,
)
from connectors.sources.vendors.http import Api
from connectors.sources.vendors.meetings import (
    AHEAD_DAYS,
    KEPT_DAYS,
    Domains,
    address,
    entity_id,
    is_told_by,
    outsiders,
    owner_of,
    recurrence,
)

EVENTS = "events"
INSTANCES_MAX = 2000  # of one series in the time that is told: several a day
_FREQUENT = ("SECONDLY", "MINUTELY", "HOURLY")  # no meetings; they would never end being counted
Known = dict[str, list[str]]  # record_id -> digest, start


class Settings(BaseModel):
    """Which calendars there are."""

    feeds: SecretStr = Field(
        description="PERSON=ADDRESS by spaces: ana@example.com=https://.../basic.ics, or a file"
    )
    company_domains: Domains


class Client:
    """Feeds and files, each read whole."""

    def __init__(self, settings: Settings) -> None:
        self._feeds = feeds_in(settings.feeds.get_secret_value())
        self._domains = settings.company_domains

    def check(self) -> tuple[Finding, ...]:
        """Return whether each feed can be read, and holds a calendar."""
        found = []
        for person, place in self._feeds.items():
            try:
                told = sum(1 for _ in _events(_data(person, place), person))
                found.append(Finding(f"{person}: {told} events", True))
            except Denied as denied:
                found.append(Finding(str(denied), False, denied.remedy))
        return tuple(found)

    def read(self, object_name: str, record_ids: Sequence[str]) -> Mapping[str, Record | None]:
        """Return meetings by PERSON/UID/RECURRENCE."""
        told: dict[str, Record] = {}
        for person in {record_id.partition("/")[0] for record_id in record_ids} & {*self._feeds}:
            told |= self._meetings(person, datetime.now(UTC) - timedelta(days=KEPT_DAYS))
        return {record_id: told.get(record_id) for record_id in record_ids}

    def changed(
        self, object_name: str, since: datetime | None, cursor: str | None
    ) -> Iterator[Page]:
        """Yield what differs from what the feeds held before."""
        seen: dict[str, Known] = json.loads(cursor) if cursor else {}
        now = datetime.now(UTC)
        for person in self._feeds:
            before = seen.get(person, {})
            told = self._meetings(person, now - timedelta(days=KEPT_DAYS))
            after = {i: [_digest(m), str(m["start_at"])] for i, m in told.items()}
            notices = [
                Notice(EVENTS, i, _instant(m["modified_at"]), m)
                for i, m in sorted(told.items(), key=lambda one: str(one[1]["modified_at"]))
                if before.get(i, [""])[0] != after[i][0] and m["is_told"]
            ]
            lost = {i: was for i, was in before.items() if i not in after}
            ahead = {i for i, (_, start) in lost.items() if _is_ahead(start, now)}
            notices += [Notice(EVENTS, i, now, gone=True) for i in sorted(ahead)]
            seen = {**seen, person: after}
            yield Page(tuple(notices), json.dumps(seen))

    def users(self) -> Iterator[User]:
        """Yield the people whose calendars are read; owners are their addresses."""
        yield from (User(person, None, person) for person in self._feeds)

    def quota(self) -> Quota | None:
        """Return None: feeds have none."""
        return None

    def close(self) -> None:
        """Hold nothing."""

    def _meetings(self, person: str, since: datetime) -> dict[str, Record]:
        until = datetime.now(UTC) + timedelta(days=AHEAD_DAYS)
        found = {}
        for one in _singles(
            list(_events(_data(person, self._feeds[person]), person)), since, until
        ):
            meeting = self._meeting(person, one)
            found[f"{person}/{meeting['uid']}/{meeting['recurrence']}"] = meeting
        return found

    def _meeting(self, person: str, one: "Single") -> Record:
        event, known = one.event, set(self._feeds)
        organizer = address(str(event.get("ORGANIZER", "")))
        invited = [address(str(a)) for a in _all(event, "ATTENDEE") if _is_person(a)]
        created = _time(event, "CREATED") or _time(event, "DTSTAMP") or one.start
        modified = _time(event, "LAST-MODIFIED") or _time(event, "DTSTAMP") or created
        return {
            "uid": str(event.get("UID", "")),
            "recurrence": recurrence(one.original),
            "entity_id": entity_id(str(event.get("UID", "")), one.original),
            "status": str(event.get("STATUS", "")),
            "transparency": str(event.get("TRANSP", "")),
            "created_at": _written(created),
            "modified_at": _written(modified),
            "start_at": _written(one.start),
            "end_at": _written(one.end),
            "is_told": is_told_by(person, organizer, [*invited, person], known),
            "owner": owner_of(person, organizer, known),
            "external_attendee_count": outsiders([*invited, organizer], self._domains),
        }


class Single(NamedTuple):
    """One meeting; `original` is where it stood in its series, None: it is in none."""

    event: Event
    start: datetime
    end: datetime | None
    original: datetime | None


def feeds_in(text: str) -> dict[str, str]:
    """Return person -> place.

    >>> feeds_in("Ana@example.com=webcal://x.example/a.ics")
    {'ana@example.com': 'https://x.example/a.ics'}
    """
    found = {}
    for part in text.replace(",", " ").split():
        person, mark, place = part.partition("=")
        if not mark or not place:
            raise Denied("a feed has no address", "write PERSON=ADDRESS, several by spaces")
        found[address(person)] = place.replace("webcal://", "https://", 1)
    return found


def _data(person: str, place: str) -> bytes:
    if "://" not in place:
        try:
            return Path(place).read_bytes()
        except OSError as error:
            raise Denied(
                f"{person}: the file cannot be read ({error.strerror})", "name it"
            ) from None
    parts = urlsplit(place)
    api = Api(f"{parts.scheme}://{parts.netloc}")
    try:
        rest = parts._replace(scheme="", netloc="").geturl()
        data: bytes = api.ask("GET", rest, headers={"Accept": "text/calendar"}, raw=True).body
        return data
    except Denied:  # the address is a secret, and stands in what it says
        raise Denied(f"{person}: the feed is refused", "copy its private address anew") from None
    finally:
        api.close()


def _events(data: bytes, person: str) -> Iterator[Event]:
    try:
        calendar = Calendar.from_ical(data)
        yield from (event for event in calendar.walk("VEVENT") if isinstance(event, Event))
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise Unavailable(f"{person}: the feed holds no calendar now ({error})") from None


def _singles(events: Sequence[Event], since: datetime, until: datetime) -> Iterator[Single]:
    """Yield single meetings in a time; those of a series that were moved stand for themselves."""
    moved = {(str(e.get("UID")), _time(e, "RECURRENCE-ID")) for e in events if "RECURRENCE-ID" in e}
    for event in events:
        start, end = _time(event, "DTSTART"), _time(event, "DTEND")
        if start is None:
            continue  # all day: no meeting
        if end is None and "DURATION" in event:
            end = start + event.decoded("DURATION")
        if "RRULE" not in event:
            if since <= start < until:
                yield Single(event, start, end, _time(event, "RECURRENCE-ID"))
            continue
        for original in _starts(event, since, until):
            if (str(event.get("UID")), original) not in moved:
                yield Single(event, original, original + (end - start) if end else None, original)


def _starts(event: Event, since: datetime, until: datetime) -> Iterator[datetime]:
    rule: Any = event["RRULE"]
    if rule.get("FREQ", [""])[0] in _FREQUENT:
        return
    begins = event.decoded("DTSTART")  # in its own zone: a weekly meeting keeps its hour in summer
    series = rruleset()
    series.rrule(rrulestr(rule.to_ical().decode(), dtstart=begins))
    for name, note in (("EXDATE", series.exdate), ("RDATE", series.rdate)):
        for dates in _all(event, name):
            for one in getattr(dates, "dts", []):
                if isinstance(one.dt, datetime):
                    note(one.dt)
    starts = takewhile(lambda at: at < until, series.xafter(since, inc=True))
    for _, start in zip(range(INSTANCES_MAX), starts, strict=False):
        yield start.astimezone(UTC)


def _all(event: Event, name: str) -> list[Any]:
    found = event.get(name, [])
    return found if isinstance(found, list) else [found]


def _is_person(attendee: Any) -> bool:
    return getattr(attendee, "params", {}).get("CUTYPE") not in ("RESOURCE", "ROOM")


def _time(event: Event, name: str) -> datetime | None:
    """Return an instant; None: it is absent, or a bare day."""
    value = event.decoded(name, None)
    if not isinstance(value, datetime):
        return None
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)


def _written(at: datetime | date | None) -> str | None:
    return at.isoformat() if at is not None else None


def _instant(written: Any) -> datetime | None:
    return datetime.fromisoformat(written) if isinstance(written, str) else None


def _is_ahead(start: str, now: datetime) -> bool:
    at = _instant(start)
    return at is not None and at > now


def _digest(meeting: Record) -> str:
    said = {n: v for n, v in meeting.items() if n not in ("created_at", "modified_at")}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


VENDOR = Vendor(
    name="ics",
    title="iCalendar feeds and files",
    settings=Settings,
    objects=(EVENTS,),
    mapping="ics.yaml",
    client=Client,
    setup=(
        "Copy the private iCal address of each calendar, or name its file.",
        "Give them as PERSON=ADDRESS; the person's e-mail address is the owner of the meetings.",
    ),
    notes={
        "lag": "feeds of large providers are hours old: prefer their API where there is one",
        "floating": "times without a zone are taken as UTC",
        "revision": "without LAST-MODIFIED DTSTAMP stands in, which may be when it was read",
    },
)
