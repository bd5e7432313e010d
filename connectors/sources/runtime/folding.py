"""From what a vendor said to events: each kept message is folded into how its record stood last.

The outcome is a function of the log of raw.<source> and the mapping: pushes and reads of one change
give one event, whatever came first, and whatever came twice gives none. Time is what stands in the
log, never the clock.
"""

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from connectors.sources.files.mapper import Given
from connectors.sources.producing import Event
from connectors.sources.runtime.records import Raw, notice_of, request_of
from connectors.sources.runtime.state import Aside, Former, Last, State
from connectors.sources.vendors.contract import Notice, Unreadable, Vendor
from connectors.sources.vendors.mapping import Mapper, SourceMapping, mapper
from schemas import codec
from schemas.codec import CatalogueIds

log = logging.getLogger(__name__)

# A read can have begun before a deletion and be kept behind it. One begun so much later shows a
# record that was brought back; clocks of vendors differ from ours by less.
RESTORED_MILLIS = 120_000
OVERLAP_MILLIS = 300_000
EVENT_BYTES_MAX = 900_000  # of the megabyte that topics of facts take
_IDS = CatalogueIds()


class Kept(NamedTuple):
    """A message of raw.<source> and where it stands."""

    raw: Raw
    epoch: int
    offset: int
    key: bytes
    value: bytes


class _Seen(NamedTuple):
    """When something was read or came, in milliseconds, and whether the vendor was asked for it."""

    at: int
    is_read: bool


class Fold:
    """Folds kept messages of one source. Its changes are the caller's transaction.

    Args:
        number: of the mapping; see Sources.mapping_number.
        can_read: records can be asked for.
    """

    def __init__(
        self, vendor: Vendor, mapping: SourceMapping, number: int, state: State, *, can_read: bool
    ) -> None:
        self._vendor, self._state, self._number = vendor, state, number
        self._mappers: Mapping[str, Mapper] = {n: mapper(mapping, n) for n in mapping.objects}
        self._can_read = can_read

    def events(self, kept: Kept) -> list[Event]:
        """Return what a message changes."""
        at = millis(kept.raw["received_at"])
        try:
            if kept.raw["kind"] == "DELIVERY":
                notices, seen = self._said(kept.raw), _Seen(at, False)
            else:
                notices, seen = (notice_of(kept.raw),), _Seen(at, True)
        except (Unreadable, ValueError) as error:
            self._set_aside(kept, "decode", f"{error}; is it of a version not known here?")
            return []
        return [event for notice in notices for event in self._of(notice, seen, kept)]

    def _said(self, raw: Raw) -> tuple[Notice, ...]:
        if self._vendor.hook is None:
            raise Unreadable(f"{self._vendor.title} has no pushes")
        return self._vendor.hook.notices(request_of(raw))

    def _of(self, notice: Notice, seen: _Seen, kept: Kept) -> Iterator[Event]:
        if notice.object not in self._mappers:
            return
        if not notice.record_id:
            self._list_again(notice)
        elif notice.gone:
            yield from self._gone(notice, seen, kept)
            if notice.merged_into:
                self._state.want(notice.object, notice.merged_into)
        elif notice.record is None:
            self._state.want(notice.object, notice.record_id)
        else:
            yield from self._mapped(notice, seen, kept)

    def _list_again(self, notice: Notice) -> None:
        before = self._state.listing(notice.object)
        if notice.at is None and before.cursor:
            self._state.list_on(before._replace(begun_at=None, is_full=False))
            return
        log.warning("the vendor lost count of %s; it is listed again", notice.object)
        since = None if notice.at is None else millis(notice.at) - OVERLAP_MILLIS
        self._state.list_on(
            before._replace(cursor=None, since=since, is_full=since is None, begun_at=None)
        )

    def _mapped(self, notice: Notice, seen: _Seen, kept: Kept) -> Iterator[Event]:
        assert notice.record is not None
        given = Given(notice.at, kept.raw["received_at"])
        made = self._mappers[notice.object](notice.record, given)
        last = self._state.last(notice.object, notice.record_id)
        if isinstance(made, Event):
            yield from self._stands(notice, made, seen, last, kept)
        elif made:
            told = "; ".join(str(problem).removeprefix("row 0: ") for problem in made)
            self._set_aside(kept, "mapping", f"{notice.object} {notice.record_id}: {told}")
        elif last is not None and last.gone_at is None and last.op == "SET":  # no longer of a kind
            yield from self._formerly(last, kept.epoch)
            yield self._cancelled(last, _micros(notice.at) + self._number, seen, kept.epoch)
        elif last is not None and last.message and last.epoch != kept.epoch:
            yield from self._again(last, kept.epoch)

    def _stands(
        self, notice: Notice, made: Event, seen: _Seen, last: Last | None, kept: Kept
    ) -> Iterator[Event]:
        """Yield the event of a record as it is, if it is news."""
        own = int(made.record["revision"])
        revision = own + self._number
        if last is not None:
            if last.gone_at is not None and revision <= last.revision:
                if own < last.own or not self._is_back(notice, seen, last):
                    return
                revision = last.revision + 1
            elif self._is_known(made, own, seen, last, kept.epoch):
                if seen.at > last.read_at:
                    self._state.keep(last._replace(read_at=seen.at))
                return
            elif revision <= last.revision:  # the same once more, for a log that lost it; or a news
                again = kept.epoch != last.epoch and _same(last, made)
                revision = last.revision + (0 if again else 1)
        record = {**made.record, "revision": revision}
        content = codec.encode(made.message, record, _IDS)
        if len(content) > EVENT_BYTES_MAX:
            self._set_aside(kept, "size", f"{notice.record_id}: texts are too long for a message")
            return
        if last is not None:
            yield from self._formerly(last, kept.epoch)
            yield from self._left(last, made, revision)
        self._state.keep(
            Last(
                notice.object, notice.record_id, made.message, str(record["entity_id"]), own,
                revision, str(record["op"]), None, seen.at, kept.epoch, content,
            )
        )  # fmt: skip
        yield Event(made.message, record)

    def _left(self, last: Last, made: Event, revision: int) -> Iterator[Event]:
        """Yield the end of the entity that a record was, if it turned out to be another one.

        An entity of the record's own is merged into the other, whoever else told of it. One that
        systems share is only left: it may be somebody's all the same.
        """
        was, now = last.entity_id, str(made.record["entity_id"])
        if not last.message or (last.message, was) == (made.message, now):
            return
        self._state.is_again(last.object, last.record_id, made.message, now)
        record = codec.decode(last.content, _IDS)[1]
        is_merged = last.message == made.message and "merged_into" in record and _is_own(record)
        if last.op == "SET" or is_merged:
            record |= {"op": "CANCELLED", "revision": revision}
            record |= {"merged_into": now} if is_merged else {}
            content = codec.encode(last.message, record, _IDS)
            self._state.was(Former(last.object, last.record_id, last.message, was, content))
            yield Event(last.message, record)

    def _formerly(self, last: Last, epoch: int) -> Iterator[Event]:
        """Yield the ends of entities that a record was before, for a log that may lack them."""
        if last.epoch == epoch:
            return
        for former in self._state.formers(last.object, last.record_id):
            yield Event(former.message, codec.decode(former.content, _IDS)[1])

    def _is_back(self, notice: Notice, seen: _Seen, last: Last) -> bool:
        """Return whether a record that was deleted is there again though it was not changed."""
        assert last.gone_at is not None
        sure_at = last.gone_at // 1000 + RESTORED_MILLIS
        if seen.is_read and seen.at > sure_at:
            return True
        if self._can_read:
            self._state.want(notice.object, notice.record_id, sure_at + 1000)
        return False

    def _is_known(self, made: Event, own: int, seen: _Seen, last: Last, epoch: int) -> bool:
        """Return whether a record says nothing that is new."""
        if own < last.own:
            return True
        if own > last.own or epoch != last.epoch:
            return False
        if _same(last, made):
            return True
        if seen.is_read or not self._can_read:  # changed without a sign: a part of it, the mapping
            return seen.at < last.read_at
        self._state.want(last.object, last.record_id)  # two pushes within one tick of its clock
        return True

    def _gone(self, notice: Notice, seen: _Seen, kept: Kept) -> Iterator[Event]:
        last = self._state.last(notice.object, notice.record_id)
        # Not told when: what is asked for after this was is sure, for it is the same clock.
        at = _micros(notice.at) if notice.at is not None else (seen.at - RESTORED_MILLIS) * 1000
        if last is None:
            empty = Last(notice.object, notice.record_id, "", "", 0, at, "CANCELLED", at, seen.at,
                         kept.epoch, b"")  # fmt: skip
            self._state.keep(empty)
        elif last.gone_at is not None:
            if kept.epoch != last.epoch and last.message:
                yield from self._again(last, kept.epoch)
        elif at < last.own if notice.at is not None else seen.at < last.read_at:
            if self._can_read:  # it was brought back and changed since, or a clock is wrong
                self._state.want(notice.object, notice.record_id)
        elif last.op == "SET":
            yield from self._formerly(last, kept.epoch)
            yield self._cancelled(last, at + self._number, seen, kept.epoch, gone_at=at)
        else:
            self._state.keep(last._replace(gone_at=at, read_at=seen.at))

    def _cancelled(
        self, last: Last, revision: int, seen: _Seen, epoch: int, gone_at: int | None = None
    ) -> Event:
        record = codec.decode(last.content, _IDS)[1]
        revision = max(revision, last.revision + 1)
        record |= {"op": "CANCELLED", "revision": revision}
        kept = last._replace(
            op="CANCELLED", revision=revision, gone_at=gone_at, read_at=seen.at, epoch=epoch,
            content=codec.encode(last.message, record, _IDS),
        )  # fmt: skip
        self._state.keep(kept)
        return Event(last.message, record)

    def _again(self, last: Last, epoch: int) -> Iterator[Event]:
        yield from self._formerly(last, epoch)
        self._state.keep(last._replace(epoch=epoch))
        yield Event(last.message, codec.decode(last.content, _IDS)[1])

    def _set_aside(self, kept: Kept, reason: str, detail: str) -> None:
        at = millis(kept.raw["received_at"])
        place = (kept.epoch, kept.offset)
        self._state.set_aside(Aside(0, *place, reason, detail[:2000], kept.key, kept.value, at))


def millis(at: datetime) -> int:
    """Return an instant in milliseconds since 1970."""
    return int(at.timestamp()) * 1000 + at.microsecond // 1000


def _micros(at: datetime | None) -> int:
    return 0 if at is None else int(at.astimezone(UTC).timestamp()) * 1_000_000 + at.microsecond


def _is_own(record: Mapping[str, Any]) -> bool:
    """Return whether an entity is called after this record alone, as schemas.keys has it."""
    own, _, rest = str(record["entity_id"]).partition(f"{record['source']}:")
    return not own and rest.endswith(f":{record['source_id']}")


def _same(last: Last, made: Event) -> bool:
    """Return whether an event says the same as the last one, whatever its revision."""
    if last.message != made.message:
        return False
    before = codec.decode(last.content, _IDS)[1]
    encoded = codec.encode(last.message, {**made.record, "revision": before["revision"]}, _IDS)
    return encoded == last.content
