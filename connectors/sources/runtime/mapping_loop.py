"""The loop that maps: from raw.<source> to crm.*, and only then on.

Events, what is remembered of their records and the place in the log move together: events are
acknowledged first, then one commit takes the rest. A crash between the two sends the same events
again, which changes nothing.
"""

import json
import logging
from datetime import UTC, datetime

from connectors.sources.producing import Event
from connectors.sources.runtime.folding import Fold, millis
from connectors.sources.runtime.log import AT_ONCE, Batch, Log, opened
from connectors.sources.runtime.state import State
from connectors.sources.runtime.world import World, kept_going
from connectors.sources.vendors.mapping import load

log = logging.getLogger(__name__)

WAIT_SECONDS = 0.2
SAID_SECONDS = 5.0  # how often status and progress learn that nothing happened
LOST_MILLIS = 3_600_000  # when Kafka lost its log: what a worker may have had still to write


class MappingLoop:
    """Maps what one source's vendor said."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._log: Log | None = None
        self._fold: Fold | None = None
        self._mapping = (-1, "")
        self._said_at = 0

    def run(self) -> None:
        """Map until told to stop."""
        try:
            kept_going(self._world, "mapping", self.turn)
        finally:
            self._close()

    def turn(self, state: State) -> float:
        """Map what stands next in the log; return how long to rest."""
        try:
            if self._log is None:
                self._log = opened(self._world.kafka, self._world.source.name, state)
                self._mend(state)
            self._replay(state, self._log)
            batch = self._log.read(WAIT_SECONDS)
            self._take(state, batch)
        except BaseException:
            self._close()  # the next turn begins at the place that is remembered
            raise
        return 0.0

    def _take(self, state: State, batch: Batch) -> None:
        if batch.kept:
            fold = self._current(state)
            with state.changing():
                events: list[Event] = []
                for kept in batch.kept:
                    events += fold.events(kept)
                if events:
                    self._world.publish(events)
                state.put("mapped", str(batch.behind))
                state.put("heard_at", str(millis(batch.kept[-1].raw["received_at"])))
                state.put("events", str(int(state.get("events", "0")) + len(events)))
        now = self._world.millis()
        if now - self._said_at > SAID_SECONDS * 1000:
            self._said_at = now
            self._sweep(state, batch.behind)
            if len(batch.kept) < AT_ONCE:
                state.put("caught_up_at", str(now))
            self._tell_progress(state, batch.behind)

    def _current(self, state: State) -> Fold:
        """Return what folds, with the mapping that lies there now.

        Raises:
            BadMapping: it cannot be used; everything waits until it can.
        """
        name, sources = self._world.source.name, self._world.sources
        path = sources.mapping_path(name)
        seen = (path.stat().st_mtime_ns, str(path.stat().st_size))
        if self._fold is None or seen != self._mapping:
            mapping = load(path, name)
            number = sources.mapping_number(name)
            can_read = self._world.vendor.client is not None
            self._fold = Fold(self._world.vendor, mapping, number, state, can_read=can_read)
            self._mapping = seen
        return self._fold

    def _mend(self, state: State) -> None:
        """List the last hour again when Kafka has lost its log, and what stood in it."""
        if state.get("log_lost") != "yes":
            return
        log.warning("%s: Kafka's log is a new one; listing again", self._world.source.name)
        with state.changing():
            for thing in self._world.vendor.objects:
                listing = state.listing(thing)
                since = listing.complete_to and listing.complete_to - LOST_MILLIS
                state.list_on(
                    listing._replace(cursor=None, since=since, is_full=since is None, begun_at=None)
                )
            state.put("log_lost", "")

    def _replay(self, state: State, reader: Log) -> None:
        """Go back to the beginning of the log when a person asks for it."""
        wish = self._world.source.replays
        if int(state.get("replays", "0")) < wish:
            with state.changing():
                state.put("mapped", "0")
                state.put("replays", str(wish))
            reader.seek(0)

    def _sweep(self, state: State, behind: int) -> None:
        """Ask for records that a full listing should have shown and did not."""
        for thing in self._world.vendor.objects:
            due = json.loads(state.get(f"sweep.{thing}", "null"))
            if due is None or behind < due["behind"]:
                continue
            with state.changing():
                missing = state.unseen(thing, due["begun_at"], due["oldest"])
                for record_id in missing:
                    state.want(thing, record_id)
                state.put(f"sweep.{thing}", "null")
            if missing:
                log.info("%s: %d of %s did not show up; asking for each",
                         self._world.source.name, len(missing), thing)  # fmt: skip

    def _tell_progress(self, state: State, behind: int) -> None:
        """Say how far the source is complete, so that quiet differs from late."""
        through = _complete_through(state, self._world, behind)
        if through is None:
            return
        record = {
            "source": self._world.source.name,
            "complete_through": datetime.fromtimestamp(through / 1000, UTC),
            "observed_at": self._world.clock(),
            "detail": None,
        }
        self._world.publish([Event("progress", record)])

    def _close(self) -> None:
        if self._log is not None:
            self._log.close()
            self._log = None


def _complete_through(state: State, world: World, behind: int) -> int | None:
    """Return until when everything has been mapped, in milliseconds; None: nobody knows."""
    if world.vendor.client is None:  # only what is pushed is known, and only that it came
        heard = state.get("heard_at")
        return int(heard) if heard else None
    if state.counts()["wanted"]:
        return None
    ends = [state.listing(thing) for thing in world.vendor.objects]
    rounds = [(e.complete_to, int(state.get(f"behind.{e.object}", "0"))) for e in ends]
    if any(to is None or behind < place for to, place in rounds):
        return None
    return min((to for to, _ in rounds if to is not None), default=None)
