"""E-mails: written in threads, some by sequences, some scheduled first, a few bounce."""

import numpy as np

from connectors.sources.simulator.book import Book
from connectors.sources.simulator.crew import Crew, Shift
from connectors.sources.simulator.habits import Ints
from connectors.sources.simulator.stories import MICROS, Names, Story

RECEIVED, FORWARDED, BOUNCED, FAILED, SCHEDULED, REPLY = 0.36, 0.02, 0.02, 0.005, 0.03, 0.45
AHEAD_MAX_MS = 2 * 3_600_000  # how long before sending an e-mail is scheduled
_RECIPIENTS = np.array([0.78, 0.92, 0.98, 1.0])


def email_stories(
    crew: Crew, shift: Shift, who: Ints, at: Ints, book: Book, names: Names,
    rng: np.random.Generator,
) -> list[Story]:  # fmt: skip
    """Return one story for each of `who`, sent or received at `at`."""
    n = len(who)
    u = rng.random((7, n))
    deals = book.picks(who, 0.6, rng)
    received, forwarded = u[0] < RECEIVED, u[0] > 1 - FORWARDED
    book.touch(deals[received], 0.5)
    columns = (
        who, at, deals, received, forwarded,
        ~received & ~forwarded & (u[1] < shift.automated[who]),
        np.searchsorted((BOUNCED, BOUNCED + FAILED), u[2], side="right"),
        1 + np.searchsorted(_RECIPIENTS, u[3], side="right"),
        u[4] < REPLY, u[5] < SCHEDULED, (u[6] * AHEAD_MAX_MS).astype(int),
        rng.integers(0, 1000, n),
    )  # fmt: skip
    return [_story(crew, book, names, *row) for row in zip(*(c.tolist() for c in columns))]


def _story(
    crew: Crew, book: Book, names: Names,
    rep: int, at: int, deal: int, received: bool, forwarded: bool, automated: bool, fate: int,
    recipients: int, reply: bool, scheduled: bool, ahead: int, micro: int,
) -> Story:  # fmt: skip
    if deal >= 0:
        of = book.deals[deal]
        deal_id, contact = of.entity_id, of.contact
    else:
        deal_id, contact = None, crew.contacts[rep][(at // 1000 + micro) % len(crew.contacts[rep])]
    source_id = names.next_id()
    planned = scheduled and not received
    record = {
        "entity_id": f"{names.source}:email:{source_id}",
        "source": names.source,
        "source_id": source_id,
        "revision": (at + 700) * MICROS + micro,
        "op": "SET",
        "created_at": at - ahead if planned else at,
        "occurred_at": at,
        "owner_id": crew.owner_ids[rep],
        "direction": "INBOUND" if received else "FORWARDED" if forwarded else "OUTBOUND",
        "status": "RECEIVED" if received else ("BOUNCED", "FAILED", "SENT")[fate],
        "external_recipient_count": recipients,
        "is_reply": reply or None if automated else reply,
        "thread_id": f"{contact.contact_id}-{at // 604_800_000}",
        "is_automated": automated,
        "deal_id": deal_id,
        "account_id": contact.account_id,
        "contact_id": contact.contact_id,
    }
    if not planned:
        return [record]
    wait = {**record, "revision": record["created_at"] * MICROS + micro, "status": "SCHEDULED"}
    return [wait, record]
