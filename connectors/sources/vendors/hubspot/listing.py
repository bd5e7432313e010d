"""What changed in HubSpot since an instant, in ascending order; then what was deleted.

A search shows 10,000 results at most however it is paged, and paging by offset skips what moves
meanwhile. So no search is paged: each begins at the newest instant of the one before. Deletions
have a list of their own that knows no filter and is read whole; so the longer it is, the longer it
rests.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from connectors.sources.vendors.contract import CursorExpired, Notice, Page, Record
from connectors.sources.vendors.http import Api
from connectors.sources.vendors.hubspot.records import instant, merged_ids, millis

SEARCHED_MAX = 200  # results of a search
SEARCH_SECONDS_MIN = 0.21  # of rest between two: five a second and account are allowed
OVERLAP = timedelta(minutes=5)  # the index of searches lags "a few moments"
KEPT = timedelta(days=90)  # then the list of deletions forgets one
PAGE_REST_SECONDS = 20  # of that list, per page behind the first: 4,320 requests a day at most
_CHANGED = "hs_lastmodifieddate"
Row = Mapping[str, Any]


class Cursor(NamedTuple):
    """Where a listing goes on; milliseconds since 1970.

    Attributes:
        at: of the newest record. after: id behind which to go on among the records of `at`.
        gone: deletions from here on. rested: until then they are not listed again; 0: never were.
    """

    at: int = 0
    after: str = ""
    gone: int = 0
    rested: int = 0


@dataclass(slots=True)
class Listing:
    """Listings of one account.

    Attributes:
        read: gives records in full.
    """

    api: Api
    read: Callable[[str, Sequence[str]], Mapping[str, Record | None]]
    _searched: float = field(default=float("-inf"), init=False)

    def pages(self, name: str, since: datetime | None, cursor: str | None) -> Iterator[Page]:
        """Yield what contract.Client.changed yields."""
        now = datetime.now(UTC)
        start = place = begun(since, cursor, now)
        sent, more = 0, True
        while more:
            rows, total, place, more = self._window(name, place)
            if not more:  # the next listing begins where the index may have lagged in this one
                newest = min(place.at, millis(now - OVERLAP))
                place = place._replace(at=max(start.at, newest))
            sent += len(rows)
            yield Page(self._notices(name, rows), json.dumps(place), sent + total)
        yield from self._deletions(name, place, now)

    def search(self, name: str, place: Cursor, limit: int = SEARCHED_MAX) -> Mapping[str, Any]:
        """Return results from a place on."""
        filters = [{"propertyName": _CHANGED, "operator": "GTE", "value": str(place.at)}]
        if place.after:
            filters += [
                {"propertyName": _CHANGED, "operator": "LTE", "value": str(place.at)},
                {"propertyName": "hs_object_id", "operator": "GT", "value": place.after},
            ]
        sort = "hs_object_id" if place.after else _CHANGED
        time.sleep(max(0.0, self._searched + SEARCH_SECONDS_MIN - time.monotonic()))
        body = {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": sort, "direction": "ASCENDING"}],
            "properties": [_CHANGED],
            "limit": limit,
        }
        try:
            answer: Mapping[str, Any] = self.api.post(f"/crm/v3/objects/{name}/search", body)
        finally:
            self._searched = time.monotonic()
        return answer

    def _window(self, name: str, place: Cursor) -> tuple[Sequence[Row], int, Cursor, bool]:
        """Return records, how many follow, where to go on, and whether there is more.

        Records of the newest instant of a full window are left to the next one: it begins there.
        If they fill it all by themselves (an import), they are counted through by their ids.
        """
        answer = self.search(name, place)
        rows: Sequence[Row] = answer["results"]
        left = int(answer.get("total", len(rows))) - len(rows)
        full = len(rows) == SEARCHED_MAX
        if place.after:
            ahead = {"after": str(rows[-1]["id"])} if full else {"at": place.at + 1, "after": ""}
            return rows, left, place._replace(**ahead), True
        newest = max((_changed_at(row) for row in rows), default=place.at)
        if not full:
            return rows, 0, place._replace(at=max(newest, place.at)), False
        if newest == place.at:
            return (), left + len(rows), place._replace(after="0"), True
        older = [row for row in rows if _changed_at(row) < newest]
        return older, left + len(rows) - len(older), place._replace(at=newest), True

    def _notices(self, name: str, rows: Sequence[Row]) -> tuple[Notice, ...]:
        """Return the records in full. One deleted meanwhile is left to the list of deletions."""
        said = []
        for record_id, record in self.read(name, [str(row["id"]) for row in rows]).items():
            if record is None:
                continue
            at = instant(record["modified_at"])
            said.append(Notice(name, record_id, at, record))
            said += [
                Notice(name, loser, at, gone=True, merged_into=record_id)
                for loser in merged_ids(record)
            ]
        return tuple(said)

    def _deletions(self, name: str, place: Cursor, now: datetime) -> Iterator[Page]:
        if millis(now) < place.rested:
            return
        after: str | None = None
        newest, pages = place.gone, 0
        while after is not None or not pages:
            params = {"archived": "true", "limit": 100, **({"after": after} if after else {})}
            answer = self.api.get(f"/crm/v3/objects/{name}", params)
            gone = [(instant(row["archivedAt"]), str(row["id"])) for row in answer["results"]]
            newest = max([newest, *(millis(at) for at, _ in gone)])
            after, pages = next_page(answer), pages + 1
            if after is None:
                rest = millis(now) + (pages - 1) * PAGE_REST_SECONDS * 1000
                from_here = max(place.gone, min(newest, millis(now - OVERLAP)))
                ended = place._replace(gone=from_here, rested=rest)
            said = [Notice(name, one, at, gone=True) for at, one in gone
                    if millis(at) >= place.gone]  # fmt: skip
            yield Page(tuple(said), json.dumps(ended if after is None else place))


def begun(since: datetime | None, cursor: str | None, now: datetime) -> Cursor:
    """Return where to begin.

    Raises:
        CursorExpired: it is none of ours, or deletions since may have been forgotten.
    """
    if cursor is None:
        at = millis(since) if since is not None else 0
        return Cursor(at=at, gone=at)
    try:
        at, after, gone, rested = json.loads(cursor)
        place = Cursor(int(at), str(after), int(gone), int(rested))
        forgotten = 0 < place.rested < millis(now - KEPT)
    except (ValueError, TypeError, OverflowError):
        raise CursorExpired("the cursor is none of HubSpot's") from None
    if forgotten:
        raise CursorExpired(f"HubSpot forgets deletions after {KEPT.days} days")
    return place


def next_page(answer: Mapping[str, Any]) -> str | None:
    """Return what asks for the page behind an answer; None: it is the last."""
    after = ((answer.get("paging") or {}).get("next") or {}).get("after")
    return None if after is None else str(after)


def _changed_at(row: Row) -> int:
    return millis(instant(row["properties"][_CHANGED]))
