"""The loop that asks the vendor: for records that were only named, and for all that changed.

One thread and one client for a source, so that it keeps within the vendor's limits. What it gets is
written to raw.<source>; a cursor moves only once Kafka has what lies before it.
"""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from connectors.sources.runtime.folding import OVERLAP_MILLIS, millis
from connectors.sources.runtime.records import framed, of_notice
from connectors.sources.runtime.state import Listing, State, Wanted
from connectors.sources.runtime.world import World, kept_going, told
from connectors.sources.vendors.contract import (
    CursorExpired,
    Denied,
    Notice,
    Page,
    Subscribing,
    Unavailable,
)

log = logging.getLogger(__name__)

READ_AT_ONCE = 100  # what batch reads of vendors take
LOOK_SECONDS = 0.5  # how long a record that was named waits to be asked for
SUBSCRIBED_SECONDS = 3600.0  # vendors delete webhooks after days, and let channels end after hours
AGAIN_SECONDS = 60.0  # when the vendor would not make one
QUOTA_MILLIS = 60_000


class AskingLoop:
    """Asks one source's vendor.

    Args:
        hook_url: the public address of the source's hook; None: pushes are not wanted.
    """

    def __init__(self, world: World, hook_url: str | None = None) -> None:
        self._world, self._url = world, hook_url
        self._client: Any = None
        self._subscribed_at = self._quota_at = 0

    def run(self) -> None:
        """Ask until told to stop."""
        try:
            kept_going(self._world, "asking", self.turn)
        finally:
            self._close()

    def turn(self, state: State) -> float:
        """Ask for what is wanted or due; return how long to rest."""
        try:
            if self._client is None:
                self._client = self._world.client()
            self._subscribe(state)
            self._read_wanted(state)
            for thing in self._world.vendor.objects:
                if self._world.stop.is_set():
                    return 0.0
                if (due := self._due(state, thing)) is not None:
                    self._list(state, due)
        except BaseException:
            self._close()
            raise
        return LOOK_SECONDS

    def _due(self, state: State, thing: str) -> Listing | None:
        """Return the listing of an object that is to go on or to begin; None: it is not due."""
        was, now = state.listing(thing), self._world.millis()
        wish = self._world.source.reconciles
        if was.reconciles < wish:
            return Listing(
                thing, None, None, True, now, None, was.complete_to, 0, None, wish
            )  # fmt: skip
        if was.begun_at is None:
            return was._replace(begun_at=now, ended_at=None, records=0, total=None)
        if was.ended_at is None:
            return was
        if was.ended_at + self._world.source.poll_seconds * 1000 > now:
            return None
        return was._replace(begun_at=now, ended_at=None, is_full=False, records=0, total=None)

    def _list(self, state: State, listing: Listing) -> None:
        """List an object page by page; between pages, records that are wanted come first."""
        with state.changing():
            state.list_on(listing)
        since = _since(listing)
        try:
            for asked_at, page in self._pages(listing, since):
                listing = self._keep(state, listing, page, asked_at)
                if self._world.stop.is_set():
                    return
                self._read_wanted(state)
                if state.listing(listing.object).reconciles != listing.reconciles or (
                    state.listing(listing.object).begun_at is None
                ):
                    return  # it was asked for anew meanwhile
        except CursorExpired:
            self._begin_anew(state, listing)
            return
        self._end(state, listing)

    def _pages(self, listing: Listing, since: datetime | None) -> Iterator[tuple[datetime, Page]]:
        pages = iter(self._client.changed(listing.object, since, listing.cursor or None))
        while True:
            asked_at = self._world.clock()
            page = next(pages, None)
            if page is None:
                return
            yield asked_at, page

    def _keep(self, state: State, listing: Listing, page: Page, asked_at: datetime) -> Listing:
        """Return the listing behind a page that Kafka has."""
        behind = self._written(state, page.notices, asked_at)
        listing = listing._replace(
            cursor=page.cursor,
            records=listing.records + len(page.notices),
            total=page.total if page.total is not None else listing.total,
        )
        with state.changing():
            if state.listing(listing.object).begun_at is not None:
                state.list_on(listing)
            if behind:
                state.put(f"behind.{listing.object}", str(behind))
            if listing.is_full and page.notices:
                self._note_oldest(state, listing, page)
        self._note_quota(state)
        return listing

    def _written(self, state: State, notices: tuple[Notice, ...], asked_at: datetime) -> int:
        """Return the place behind what Kafka has now; notices without a record are wanted."""
        source, ids = self._world.source.name, self._world.kafka.ids
        told = [n for n in notices if n.gone or n.record is not None]
        behind = self._world.send([framed(of_notice(source, n, asked_at), ids) for n in told])
        for notice in notices:
            if not notice.gone and notice.record is None:
                state.want(notice.object, notice.record_id)
        return behind

    def _note_oldest(self, state: State, listing: Listing, page: Page) -> None:
        """Remember from when on a full listing shows everything."""
        ats = [millis(n.at) for n in page.notices if n.at is not None]
        before = json.loads(state.get(f"oldest.{listing.object}", "null"))
        if before is None or before["of"] != listing.begun_at:
            before = {"of": listing.begun_at, "at": None}
        known = [before["at"]] if before["at"] is not None else []
        before["at"] = min([*known, *ats], default=None)
        state.put(f"oldest.{listing.object}", json.dumps(before))

    def _end(self, state: State, listing: Listing) -> None:
        now, thing = self._world.millis(), listing.object
        oldest = json.loads(state.get(f"oldest.{thing}", "null"))
        is_sure = listing.is_full and oldest and oldest["of"] == listing.begun_at and oldest["at"]
        with state.changing():
            state.list_on(listing._replace(ended_at=now, complete_to=listing.begun_at, since=None))
            if is_sure:
                behind = int(state.get(f"behind.{thing}", "0"))
                due = {"begun_at": listing.begun_at, "behind": behind, "oldest": oldest["at"]}
                state.put(f"sweep.{thing}", json.dumps(due))
        if listing.is_full:
            log.info("%s: %s is listed in full, %d records",
                     self._world.source.name, thing, listing.records)  # fmt: skip

    def _begin_anew(self, state: State, listing: Listing) -> None:
        """List everything: the vendor no longer knows where we were."""
        log.warning("%s: the cursor of %s has expired; everything is listed again",
                    self._world.source.name, listing.object)  # fmt: skip
        with state.changing():
            state.list_on(listing._replace(cursor=None, since=None, is_full=True, begun_at=None))
            state.put(f"expired.{listing.object}", self._world.clock().isoformat())

    def _read_wanted(self, state: State) -> None:
        """Ask for records that were named, and keep each as it is, or that it is gone."""
        while not self._world.stop.is_set():
            wanted = state.wanted(self._world.millis(), READ_AT_ONCE)
            if not wanted:
                return
            thing, asked_at = wanted[0].object, self._world.clock()
            found = self._client.read(thing, [one.record_id for one in wanted])
            notices = tuple(_read_as(one, found) for one in wanted)
            self._written(state, notices, asked_at)
            with state.changing():
                for one in wanted:
                    state.served(one)
            self._note_quota(state)

    def _subscribe(self, state: State) -> None:
        """Make or mend the vendor's webhooks where its API allows that."""
        now = self._world.millis()
        if self._url is None or not isinstance(self._client, Subscribing):
            return
        if now - self._subscribed_at < SUBSCRIBED_SECONDS * 1000:
            return
        secrets = self._world.sources.hook_secrets(self._world.source.name)
        if not secrets:
            return
        self._subscribed_at = now
        try:
            for said in self._client.subscribe(self._url, secrets[0]):
                log.info("%s: %s", self._world.source.name, said)
            told(state, "webhooks", "", "")
        except (Denied, Unavailable) as error:  # it is asked all the same, and nothing is missed
            kind = "DENIED" if isinstance(error, Denied) else "AWAY"
            text = f"{error}; {error.remedy}" if isinstance(error, Denied) else str(error)
            log.warning("%s: webhooks: %s", self._world.source.name, text)
            told(state, "webhooks", kind, text)
            self._subscribed_at = now - int((SUBSCRIBED_SECONDS - AGAIN_SECONDS) * 1000)

    def _note_quota(self, state: State) -> None:
        now = self._world.millis()
        if now - self._quota_at < QUOTA_MILLIS:
            return
        self._quota_at = now
        quota = self._client.quota()
        if quota is not None:
            state.put("quota", json.dumps(quota))

    def _close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def _read_as(one: Wanted, found: Any) -> Notice:
    record = found.get(one.record_id)
    return Notice(one.object, one.record_id, None, record, gone=record is None)


def _since(listing: Listing) -> datetime | None:
    """Return from when on to list without a cursor; None: everything."""
    at = listing.since
    if at is None and not listing.is_full and listing.complete_to is not None:
        at = listing.complete_to - OVERLAP_MILLIS
    return None if at is None else datetime.fromtimestamp(at / 1000, UTC)
