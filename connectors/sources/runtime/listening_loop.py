"""The loop that hears a vendor's stream of changes, where it has one."""

import logging
from typing import Any

from connectors.sources.runtime.folding import OVERLAP_MILLIS
from connectors.sources.runtime.records import framed, of_notice
from connectors.sources.runtime.state import State
from connectors.sources.runtime.world import World, kept_going
from connectors.sources.vendors.contract import CursorExpired, Notice, Page, Streaming

log = logging.getLogger(__name__)


class ListeningLoop:
    """Hears one source's vendor, with a client of its own."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._client: Any = None

    def run(self) -> None:
        """Listen until told to stop."""
        try:
            kept_going(self._world, "listening", self.turn)
        finally:
            self.close()

    def turn(self, state: State) -> float:
        """Listen until the stream ends; return how long to rest."""
        try:
            if self._client is None:
                self._client = self._world.client()
            if not isinstance(self._client, Streaming):
                self.close()
                self._world.stop.wait()  # nothing to hear; the others go on
                return 0.0
            for page in self._client.listen(state.get("stream") or None):
                self._keep(state, page)
                if self._world.stop.is_set():
                    break
        except CursorExpired:
            self._list_instead(state)
        except BaseException:
            self.close()
            raise
        return 1.0

    def close(self) -> None:
        """Let go of the stream; it may be called while it is listened to."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _keep(self, state: State, page: Page) -> None:
        now, source = self._world.clock(), self._world.source.name
        told = [n for n in page.notices if n.record_id and (n.gone or n.record is not None)]
        ids = self._world.kafka.ids
        self._world.send([framed(of_notice(source, n, now), ids) for n in told])
        with state.changing():
            for notice in page.notices:
                if not notice.record_id:
                    self._list_again(state, notice)
                elif not notice.gone and notice.record is None:
                    state.want(notice.object, notice.record_id)
            if page.cursor:
                state.put("stream", page.cursor)
            state.put("stream_at", str(self._world.millis()))

    def _list_again(self, state: State, notice: Notice) -> None:
        log.warning("%s: the stream lost count of %s; it is listed again",
                    self._world.source.name, notice.object)  # fmt: skip
        since = None if notice.at is None else int(notice.at.timestamp() * 1000) - OVERLAP_MILLIS
        _relist(state, notice.object, since)

    def _list_instead(self, state: State) -> None:
        """List what changed since the stream was heard last: its place in it is forgotten."""
        heard = state.get("stream_at")
        log.warning("%s: the place in the stream has expired; listing what changed since",
                    self._world.source.name)  # fmt: skip
        with state.changing():
            state.put("stream", "")
            state.put("expired.stream", self._world.clock().isoformat())
            for thing in self._world.vendor.objects:
                _relist(state, thing, int(heard) - OVERLAP_MILLIS if heard else None)


def _relist(state: State, thing: str, since: int | None) -> None:
    state.list_on(
        state.listing(thing)._replace(
            cursor=None, since=since, is_full=since is None, begun_at=None
        )
    )
