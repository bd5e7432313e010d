"""How a source stands: from its memory, for people and for programs."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.sources.runtime.folder import Source, Sources, vendor_named
from connectors.sources.runtime.running import is_held
from connectors.sources.runtime.state import Listing, State

LOOPS = ("asking", "listening", "mapping", "webhooks", "dead letters")


@dataclass(frozen=True, slots=True)
class Standing:
    """How one source stands. Instants in milliseconds; None: never, or not told.

    Attributes:
        state: AT_WORK, PAUSED, RESTS (no process runs it), NEW (nothing was done yet).
        events: sent to crm.* so far.
        mapped_at: when it was last seen that all in raw.<source> is mapped.
        heard_at: when the newest message that was mapped came.
        wanted: records that were named and have to be read; aside: on the way to dead letters.
        troubles: loop -> what troubles it and since when.
        quota: what is left of the vendor's limit, and of how many.
    """

    name: str
    vendor: str
    state: str
    events: int = 0
    records: int = 0
    mapped_at: int | None = None
    heard_at: int | None = None
    stream_at: int | None = None
    wanted: int = 0
    aside: int = 0
    letters: int = 0
    failures: int = 0
    expired: tuple[str, ...] = ()
    troubles: dict[str, dict[str, str]] | None = None
    quota: tuple[int, int | None] | None = None
    listings: tuple[Listing, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {**asdict(self), "listings": [one._asdict() for one in self.listings]}


def standing(sources: Sources, source: Source) -> Standing:
    """Return how a source stands now."""
    held = is_held(sources, source.name)
    state = "PAUSED" if source.is_paused else "AT_WORK" if held else "RESTS"
    path = sources.state_path(source.name)
    if not path.exists():
        return Standing(source.name, source.vendor, "NEW" if state == "RESTS" else state)
    memory = State(path)
    try:
        return _read(memory, source, state)
    finally:
        memory.close()


def _read(memory: State, source: Source, state: str) -> Standing:
    counts = memory.counts()
    troubles = {loop: json.loads(memory.get(f"trouble.{loop}", "{}")) for loop in LOOPS}
    quota = json.loads(memory.get("quota", "null"))
    objects = vendor_named(source).objects
    expired = [n for n in ("stream", *objects) if memory.get(f"expired.{n}")]
    return Standing(
        source.name,
        source.vendor,
        state,
        events=int(memory.get("events", "0")),
        records=counts["records"],
        mapped_at=_at(memory, "caught_up_at"),
        heard_at=_at(memory, "heard_at"),
        stream_at=_at(memory, "stream_at"),
        wanted=counts["wanted"],
        aside=counts["aside"],
        letters=int(memory.get("letters", "0")),
        failures=int(memory.get("failures", "0")),
        expired=tuple(f"{n} {memory.get(f'expired.{n}')[:19]}" for n in expired),
        troubles={loop: told for loop, told in troubles.items() if told.get("text")},
        quota=tuple(quota) if quota else None,
        listings=tuple(memory.listing(thing) for thing in objects)
        if vendor_named(source).client is not None
        else (),
    )


def lines(one: Standing, now: datetime) -> list[str]:
    """Return how a source stands, in words."""
    said = [f"{one.name} ({one.vendor}): {_STATES[one.state]}"]
    if one.state == "NEW":
        return said
    said.append(
        f"  events    {one.events:,} sent, {one.records:,} records known, "
        f"newest came {_ago(one.heard_at, now)}, all mapped {_ago(one.mapped_at, now)}"
    )
    if one.stream_at is not None:
        said.append(f"  stream    heard {_ago(one.stream_at, now)}")
    said += [f"  {listing.object:<9} {_listed(listing, now)}" for listing in one.listings]
    if one.wanted:
        said.append(f"  to read   {one.wanted:,} records were named and have to be read")
    if one.letters or one.aside:
        said.append(
            f"  set aside {one.letters + one.aside:,} could not be mapped; "
            f"`pacesetter dead-letter list --topic raw.{one.name}`"
        )
    if one.quota:
        of = f" of {one.quota[1]:,}" if one.quota[1] is not None else ""
        said.append(f"  quota     {one.quota[0]:,}{of} requests left")
    said += [f"  expired   {told}: everything since was listed again" for told in one.expired]
    for loop, told in (one.troubles or {}).items():
        said.append(f"  TROUBLE   {loop}, since {told['since'][:19]}: {told['text']}")
    return said


_STATES = {
    "AT_WORK": "at work",
    "PAUSED": "paused; `pacesetter source resume` lets it go on",
    "RESTS": "no process runs it; `pacesetter up` or `pacesetter source run` does",
    "NEW": "added, not begun",
}


def _listed(one: Listing, now: datetime) -> str:
    if one.begun_at is None and one.complete_to is None:
        return "not listed yet"
    if one.ended_at is None and one.begun_at is not None:
        of = f" of {one.total:,}" if one.total is not None else ""
        what = "everything" if one.is_full else "what changed"
        return f"listing {what}: {one.records:,}{of} records so far"
    return f"complete to {_ago(one.complete_to, now)}, last listing had {one.records:,} records"


def _at(memory: State, name: str) -> int | None:
    value = memory.get(name)
    return int(value) if value else None


def _ago(at: int | None, now: datetime) -> str:
    if at is None:
        return "never"
    seconds = max(0, int((now - datetime.fromtimestamp(at / 1000, UTC)).total_seconds()))
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {name} ago"
    return f"{seconds} s ago"
