"""What every stand-in of a vendor offers, so that one list of trials fits all sources.

A stand-in speaks the vendor's protocol over loopback (real HTTP or gRPC), and is written from the
vendor's documents, never from our mappers.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from connectors.sources.vendors.contract import Request


class Standin(Protocol):
    """A vendor on loopback, with a small company in it.

    Attributes:
        kinds: which of deal, call, email, meeting it can tell of.
        settings: what `Vendor.settings` takes to reach it, secrets included.
        asked: requests answered so far.
    """

    kinds: tuple[str, ...]
    settings: Mapping[str, Any]
    asked: int

    def start(self) -> None:
        """Listen on a free loopback port."""

    def stop(self) -> None:
        """Stop listening."""

    def user(self, user_id: str, email: str, name: str) -> None:
        """Let there be a person."""

    def put(self, kind: str, record_id: str, at: datetime, **said: Any) -> None:
        """Make or change a record.

        `said` in canonical words: owner (user_id); of a deal name, amount (text), currency, stage
        (OPEN, WON, LOST), close_date, splits ((owner, share) pairs); of a call uuid, seconds,
        connected, direction; of a meeting start_at, end_at, outcome, ical_uid; of an e-mail
        message_id, recipients.
        """

    def delete(self, kind: str, record_id: str, at: datetime) -> None:
        """Delete a record as a user would."""

    def restore(self, kind: str, record_id: str, at: datetime) -> None:
        """Bring it back. Raises NotImplementedError where the vendor cannot."""

    def merge(self, kind: str, winner: str, loser: str, at: datetime) -> None:
        """Merge two records. Raises NotImplementedError where the vendor cannot."""

    def pushes(self, url: str, secret: str) -> list[Request]:
        """Return, once each and signed, what the vendor would push to `url` since last asked."""

    def outage(self, on: bool) -> None:
        """While on, answer 503 (UNAVAILABLE)."""

    def limit(self, requests: int) -> None:
        """Refuse so many of the next requests with 429 and Retry-After."""

    def forget_cursors(self) -> None:
        """Let every cursor given out so far be expired."""
