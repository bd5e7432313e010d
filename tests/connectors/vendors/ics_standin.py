"""Feeds of iCalendar on loopback, written from RFC 5545: each tells all it holds, every time."""

from datetime import UTC, datetime
from typing import Any

from connectors.sources.vendors.contract import Request
from tests.connectors.vendors.loopback import Asked, Loopback, Told

ANA, BO, CUSTOMER = "ana@example.com", "bo@example.com", "cy@customer.com"


class Feeds(Loopback):
    """Private addresses of some people's calendars."""

    kinds = ("meeting",)
    people = (ANA, BO, "501", "999")

    def __init__(self) -> None:
        super().__init__()
        self.events: dict[str, dict[str, Any]] = {}
        self.gone: dict[str, dict[str, Any]] = {}
        self.extra = ""

    @property
    def settings(self) -> dict[str, Any]:
        feeds = " ".join(f"{one}={self.base_url}/private-7f2/{one}.ics" for one in self.people)
        return {"feeds": feeds, "company_domains": "example.com"}

    def known_as(self, record_id: str) -> str:
        """Return the id that a meeting has here: its UID, and its place in a series."""
        return f"{record_id}@example.com/-"

    def user(self, user_id: str, email: str, name: str) -> None:
        """Tell nobody of people: a feed is somebody's."""

    def put(self, kind: str, record_id: str, at: datetime, **said: Any) -> None:
        with self.lock:
            before = self.events.get(record_id, {"created": at})
            owner = said.get("owner", before.get("owner", ANA))
            self.events[record_id] = {**before, **said, "owner": owner, "changed": at}

    def delete(self, kind: str, record_id: str, at: datetime) -> None:
        raise NotImplementedError(
            "what is over may leave a feed; nothing tells that it was not held"
        )

    def restore(self, kind: str, record_id: str, at: datetime) -> None:
        raise NotImplementedError(
            "what is over may leave a feed; nothing tells that it was not held"
        )

    def merge(self, kind: str, winner: str, loser: str, at: datetime) -> None:
        raise NotImplementedError("meetings are not merged")

    def pushes(self, url: str, secret: str) -> list[Request]:
        return []

    def forget_cursors(self) -> None:
        """Let nothing happen: the cursor is ours."""

    def answer(self, asked: Asked) -> Told:
        person = asked.path.removeprefix("/private-7f2/").removesuffix(".ics")
        if not asked.path.startswith("/private-7f2/") or person not in self.people:
            return Told(404)
        told = [text(name, one) for name, one in self.events.items() if person in invited(one)]
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Stand-in//EN", *told, self.extra]
        body = "\r\n".join([line for line in lines if line] + ["END:VCALENDAR", ""])
        return Told(200, body.encode(), {"Content-Type": "text/calendar; charset=utf-8"})


def invited(one: dict[str, Any]) -> tuple[str, ...]:
    """Return in whose calendars a meeting stands."""
    return (one["owner"], BO, CUSTOMER)


def text(name: str, one: dict[str, Any]) -> str:
    """Return a VEVENT; DTSTAMP is when it is read, as large providers write it."""
    attendees = [f"ATTENDEE;CUTYPE=INDIVIDUAL:mailto:{person}" for person in invited(one)]
    return "\r\n".join(
        [
            "BEGIN:VEVENT",
            f"UID:{name}@example.com",
            f"DTSTAMP:{_utc(datetime.now(UTC))}",
            f"CREATED:{_utc(one['created'])}",
            f"LAST-MODIFIED:{_utc(one['changed'])}",
            f"DTSTART:{_utc(one['start_at'])}",
            f"DTEND:{_utc(one['end_at'])}",
            f"ORGANIZER:mailto:{one['owner']}",
            *attendees,
            "STATUS:CONFIRMED",
            "END:VEVENT",
        ]
    )


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
