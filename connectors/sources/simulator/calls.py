"""Calls: dialled in bursts, mostly unanswered; skill and a known customer make people talk."""

from typing import Any

import numpy as np

from connectors.sources.simulator.habits import Floats, Ints
from connectors.sources.simulator.records import CallRecord
from connectors.sources.simulator.stories import MICROS, Story
from connectors.sources.simulator.today import Today

ABOUT_DEALS = 0.55
SILENT, LOGGED_BLANK, INTERNAL, LIVE, MACHINE = 0.08, 0.01, 0.02, 0.04, 0.3
ANSWERED_INBOUND, ANSWERED, SKILL_PULL, KNOWN_PULL = 0.86, 0.1, 0.2, 0.14
TALK_MEDIAN_S, TALK_SIGMA, TALK_MIN_S, TALK_MAX_S = 130.0, 0.95, 6, 5400
RING_MIN_S, RING_MAX_S = 4, 28
PLAIN, IS_SILENT, IS_BLANK, IS_INTERNAL = range(4)
_SHADES = np.cumsum([INTERNAL, LOGGED_BLANK, SILENT])
# How calls that reach nobody end; an inbound one is missed or leaves a voicemail.
_ENDS = (
    ("NO_ANSWER", "No answer"),
    ("VOICEMAIL", "Left voicemail"),
    ("BUSY", "Busy"),
    ("FAILED", "Wrong number"),
    ("CANCELED", "Hung up before answer"),
)
_ENDS_UP_TO = np.array([0.5, 0.84, 0.91, 0.95])
_TALKED = ("Connected", "Connected", "Call back agreed", "Interested", "Not interested")


def call_stories(today: Today, who: Ints, at: Ints) -> list[Story]:
    """Return one story for each of `who`, dialled at `at`."""
    shift, rng, skill, n = today.shift, today.rng, today.crew.skill[who], len(who)
    u = rng.random((7, n))
    inbound = u[0] < shift.inbound[who]
    places = today.book.picks(who, ABOUT_DEALS, rng)
    odds = ANSWERED + SKILL_PULL * skill + KNOWN_PULL * (places >= 0)
    talked = u[1] < np.where(inbound, ANSWERED_INBOUND, odds)
    today.book.touch(places[talked], 1.0)
    ends = np.where(inbound, np.minimum(u[2] * 1.4, 0.83), u[2])
    talk = np.exp(np.log(TALK_MEDIAN_S) + 0.5 * skill + rng.normal(0, TALK_SIGMA, n))
    columns = (
        who, at, places, inbound, talked,
        np.searchsorted(_ENDS_UP_TO, ends, side="right"),
        np.clip(talk, TALK_MIN_S, TALK_MAX_S).astype(int),
        (RING_MIN_S + u[3] * (RING_MAX_S - RING_MIN_S)).astype(int),
        _shades(u[4]), u[5] < LIVE, u[6] < shift.automated[who] * MACHINE,
        rng.integers(0, MICROS, n),
    )  # fmt: skip
    rows = zip(*(column.tolist() for column in columns), strict=True)
    names = today.names.next_ids(n)
    return [_story(today, name, row) for name, row in zip(names, rows, strict=True)]


def _shades(u: Floats) -> Ints:
    shades: Ints = IS_INTERNAL - np.searchsorted(_SHADES, u, side="right")
    return shades


def _story(today: Today, source_id: str, row: tuple[Any, ...]) -> Story:
    rep, at, place, inbound, talked, end, talk, ring, shade, live, machine, micro = row
    deal_id, contact = today.person(rep, place, talk + ring + micro)
    source = today.names.source
    said: str | None
    status, said = ("COMPLETED", _TALKED[talk % len(_TALKED)]) if talked else _ENDS[end]
    connected: bool | None = None if shade == IS_SILENT else talked
    if shade == IS_BLANK and not talked:
        status, said, connected = "COMPLETED", None, None
    ended = at + (ring + (talk if talked else 0)) * 1000
    record = CallRecord(  # by position: names would cost three times as much
        f"{source}:call:{source_id}",
        source,
        source_id,
        ended * MICROS + micro,
        "SET",
        at,
        at,
        today.crew.owner_ids[rep],
        "INTERNAL" if shade == IS_INTERNAL else "INBOUND" if inbound else "OUTBOUND",
        status,
        connected,
        talk if talked else None,
        said,
        contact.number_hash,
        machine,
        deal_id,
        contact.account_id,
        contact.contact_id,
    )
    return [_ringing(record), record] if live and talked else [record]


def _ringing(record: CallRecord) -> CallRecord:
    """Return the call as the dialer tells of it while it lasts."""
    return record._replace(
        revision=record.created_at * MICROS + record.revision % MICROS,
        status="IN_PROGRESS",
        connected=None,
        talk_seconds=None,
        disposition=None,
    )
