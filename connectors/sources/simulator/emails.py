"""E-mails: written in threads, some by sequences, some scheduled first, a few bounce."""

from typing import Any

import numpy as np

from connectors.sources.simulator.habits import Ints
from connectors.sources.simulator.records import EmailRecord
from connectors.sources.simulator.stories import MICROS, Story
from connectors.sources.simulator.today import Today

ABOUT_DEALS = 0.6
RECEIVED, FORWARDED, BOUNCED, FAILED, SCHEDULED, REPLY = 0.36, 0.02, 0.02, 0.005, 0.03, 0.45
ANSWER_TOUCH = 0.5  # what an answer by mail weighs beside a call answered
AHEAD_MAX_MS = 2 * 3_600_000  # how long before sending an e-mail is scheduled
SENT_AFTER_MS = 700
WEEK_MS = 604_800_000  # a thread sleeps by then
_RECIPIENTS = np.array([0.78, 0.92, 0.98])  # shares of mails to one, two, three people outside


def email_stories(today: Today, who: Ints, at: Ints) -> list[Story]:
    """Return one story for each of `who`, sent or received at `at`."""
    rng, n = today.rng, len(who)
    u = rng.random((7, n))
    places = today.book.picks(who, ABOUT_DEALS, rng)
    received, forwarded = u[0] < RECEIVED, u[0] > 1 - FORWARDED
    today.book.touch(places[received], ANSWER_TOUCH)
    written = ~received & ~forwarded
    columns = (
        who, at, places, received, forwarded,
        written & (u[1] < today.shift.automated[who]),
        np.searchsorted((BOUNCED, BOUNCED + FAILED), u[2], side="right"),
        1 + np.searchsorted(_RECIPIENTS, u[3], side="right"),
        u[4] < REPLY, written & (u[5] < SCHEDULED), (u[6] * AHEAD_MAX_MS).astype(int),
        rng.integers(0, MICROS, n),
    )  # fmt: skip
    rows = zip(*(column.tolist() for column in columns), strict=True)
    names = today.names.next_ids(n)
    return [_story(today, name, row) for name, row in zip(names, rows, strict=True)]


def _story(today: Today, source_id: str, row: tuple[Any, ...]) -> Story:
    rep, at, place, received, forwarded, automated, fate, recipients, reply, planned, ahead, m = row
    deal_id, contact = today.person(rep, place, m)
    source = today.names.source
    record = EmailRecord(  # by position: names would cost three times as much
        f"{source}:email:{source_id}",
        source,
        source_id,
        (at + SENT_AFTER_MS) * MICROS + m,
        "SET",
        at - ahead if planned else at,
        at,
        today.crew.owner_ids[rep],
        "INBOUND" if received else "FORWARDED" if forwarded else "OUTBOUND",
        "RECEIVED" if received else ("BOUNCED", "FAILED", "SENT")[fate],
        recipients,
        None if automated else reply,
        f"{contact.contact_id}-{at // WEEK_MS}",
        automated,
        deal_id,
        contact.account_id,
        contact.contact_id,
    )
    if not planned:
        return [record]
    waiting = record._replace(revision=record.created_at * MICROS + m, status="SCHEDULED")
    return [waiting, record]
