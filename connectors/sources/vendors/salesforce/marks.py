"""Cursors of listings: how far one came, as text that the runtime keeps. Pure."""

import json
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from connectors.sources.vendors.contract import CursorExpired

OVERLAP = timedelta(minutes=5)  # a long transaction shows records with stamps of its beginning
# The recycle bin holds what was deleted for fifteen days; behind it deletions cannot be listed.
KEPT = timedelta(days=15)


class Mark(NamedTuple):
    """A place in a listing.

    Attributes:
        at: stamp up to which records were listed; None: not one yet.
        record_id: the last one listed with that stamp; empty: the listing came to its end at `at`.
        begun: when the listing began.
        whole: it lists everything, not what changed since some time.
        job, locator: of a bulk query, once it is one.
    """

    at: datetime | None
    record_id: str
    begun: datetime
    whole: bool = False
    job: str = ""
    locator: str = ""

    @classmethod
    def read(cls, text: str, now: datetime) -> "Mark":
        """Return the mark that a cursor holds.

        Raises:
            CursorExpired: deletions since then can no longer be listed, or it is no cursor of ours.
        """
        try:
            raw: dict[str, Any] = json.loads(text)
            at = datetime.fromisoformat(raw["at"]) if raw["at"] else None
            begun = datetime.fromisoformat(raw["begun"])
            texts = (str(raw.get("job", "")), str(raw.get("locator", "")))
            made = cls(at, str(raw["id"]), begun, bool(raw.get("whole")), *texts)
            is_old = now - begun > KEPT
        except (ValueError, KeyError, TypeError):
            raise CursorExpired("this is no place in a listing of Salesforce") from None
        if is_old:
            days = (now - begun).days
            raise CursorExpired(
                f"last listed {days} days ago; the recycle bin holds {KEPT.days} days"
            )
        return made

    def text(self) -> str:
        """Return it as a cursor."""
        raw: dict[str, Any] = {
            "at": self.at.isoformat() if self.at else None,
            "id": self.record_id,
            "begun": self.begun.isoformat(),
        }
        if self.whole:
            raw["whole"] = True
        if self.job:
            raw |= {"job": self.job, "locator": self.locator}
        return json.dumps(raw)

    def resumed(self) -> "Mark":
        """Return where to go on: a finished listing overlaps with the next one."""
        if self.record_id or self.at is None:
            return self
        return self._replace(at=self.at - OVERLAP, whole=False)
