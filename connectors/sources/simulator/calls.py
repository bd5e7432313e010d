"""Calls: dialled in bursts, mostly unanswered; skill and a known customer make people talk."""

from typing import Any

import numpy as np

from connectors.sources.simulator.book import Book
from connectors.sources.simulator.crew import Crew, Shift
from connectors.sources.simulator.habits import Ints
from connectors.sources.simulator.stories import MICROS, Names, Story

INTERNAL, SILENT, LOGGED_BLANK, LIVE, MACHINE = 0.02, 0.08, 0.01, 0.04, 0.3
TALK_MEDIAN_S, TALK_SIGMA, TALK_MIN_S, TALK_MAX_S = 130.0, 0.95, 6, 5400
RING_MIN_S, RING_MAX_S = 4, 28
# How calls that reach nobody end: (share up to here, status, what the rep reads).
_OUT_ENDS = np.array([0.5, 0.84, 0.91, 0.95, 1.0])
_ENDS = (
    ("NO_ANSWER", "No answer"),
    ("VOICEMAIL", "Left voicemail"),
    ("BUSY", "Busy"),
    ("FAILED", "Wrong number"),
    ("CANCELED", "Hung up before answer"),
)
_TALKED = ("Connected", "Connected", "Call back agreed", "Interested", "Not interested")


def call_stories(
    crew: Crew, shift: Shift, who: Ints, at: Ints, book: Book, names: Names,
    rng: np.random.Generator,
) -> list[Story]:  # fmt: skip
    """Return one story for each of `who`, dialled at `at`."""
    n = len(who)
    u = rng.random((7, n))
    inbound = u[0] < shift.inbound[who]
    deals = book.picks(who, 0.55, rng)
    known = deals >= 0
    odds = np.where(inbound, 0.86, 0.1 + 0.2 * crew.skill[who] + 0.14 * known)
    talked = u[1] < odds
    book.touch(deals[talked], 1.0)
    ends = np.where(inbound, np.minimum(u[2] * 1.4, 0.83), u[2])
    ends = np.searchsorted(_OUT_ENDS, ends, side="right")
    talk = np.exp(np.log(TALK_MEDIAN_S) + 0.5 * crew.skill[who] + rng.normal(0, TALK_SIGMA, n))
    columns = (
        who, at, deals, inbound, talked, ends,
        np.clip(talk, TALK_MIN_S, TALK_MAX_S).astype(int),
        (RING_MIN_S + u[3] * (RING_MAX_S - RING_MIN_S)).astype(int),
        _shade(u[4]), u[5] < LIVE, u[6] < shift.automated[who] * MACHINE,
        rng.integers(0, 1000, n),
    )  # fmt: skip
    return [_story(crew, book, names, *row) for row in zip(*(c.tolist() for c in columns))]


def _shade(u: "np.typing.NDArray[np.float64]") -> Ints:
    """0 plain, 1 the source does not say whether it connected, 2 logged blank, 3 internal."""
    edges = np.cumsum([INTERNAL, LOGGED_BLANK, SILENT])
    shade: Ints = 3 - np.searchsorted(edges, u, side="right")
    return shade


def _story(
    crew: Crew, book: Book, names: Names,
    rep: int, at: int, deal: int, inbound: bool, talked: bool, end: int, talk: int, ring: int,
    shade: int, live: bool, machine: bool, micro: int,
) -> Story:  # fmt: skip
    if deal >= 0:
        of = book.deals[deal]
        deal_id, contact = of.entity_id, of.contact
    else:
        deal_id, contact = None, crew.contacts[rep][(at // 1000 + ring) % len(crew.contacts[rep])]
    source_id = names.next_id()
    status, said = ("COMPLETED", _TALKED[talk % len(_TALKED)]) if talked else _ENDS[end]
    seconds: int | None = talk if talked else None
    connected: bool | None = talked
    if shade == 1:
        connected = None
    elif shade == 2 and not talked:
        status, said, connected = "COMPLETED", "", None
    ended = at + (ring + (talk if talked else 0)) * 1000
    record: dict[str, Any] = {
        "entity_id": f"{names.source}:call:{source_id}",
        "source": names.source,
        "source_id": source_id,
        "revision": ended * MICROS + micro,
        "op": "SET",
        "created_at": at,
        "occurred_at": at,
        "owner_id": crew.owner_ids[rep],
        "direction": "INTERNAL" if shade == 3 else "INBOUND" if inbound else "OUTBOUND",
        "status": status,
        "connected": connected,
        "talk_seconds": seconds,
        "disposition": said or None,
        "counterpart_hash": contact.number_hash,
        "is_automated": machine,
        "deal_id": deal_id,
        "account_id": contact.account_id,
        "contact_id": contact.contact_id,
    }
    return [_ringing(record), record] if live and talked else [record]


def _ringing(record: dict[str, Any]) -> dict[str, Any]:
    """Return the call as the dialer tells of it while it lasts."""
    return {
        **record,
        "revision": record["created_at"] * MICROS + record["revision"] % MICROS,
        "status": "IN_PROGRESS",
        "connected": None,
        "talk_seconds": None,
        "disposition": None,
    }
