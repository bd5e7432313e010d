"""Calls, e-mails and meetings: what counts, for whom, on which day."""

import numpy as np
import polars as pl

from streams.domain.measures import UNIT, Rule, View, count
from streams.domain.resolving import Resolver
from streams.domain.zones import Millis

_OUTBOUND = pl.col("direction") == "OUTBOUND"
_INBOUND = pl.col("direction") == "INBOUND"
_BY_REP = ~pl.col("is_automated")
# A person answered; where the source does not say, a completed call with conversation is taken so.
_ANSWERED = pl.coalesce(
    pl.col("connected"),
    (pl.col("status") == "COMPLETED") & (pl.col("talk_seconds").fill_null(0) > 0),
)
_OVER = pl.col("status") != "IN_PROGRESS"

RULES: dict[str, Rule] = {
    "calls": Rule(
        "call",
        count(_BY_REP & _OVER & (_OUTBOUND | (_INBOUND & _ANSWERED))),
        "owner",
        "occurred",
        "Calls that are over: every outbound one however it ended, inbound ones that were "
        "answered. Not counted: internal calls, those of unknown direction, and those a machine "
        "dialled without a rep.",
    ),
    "calls_connected": Rule(
        "call",
        count(_BY_REP & _OVER & (_OUTBOUND | _INBOUND) & _ANSWERED),
        "owner",
        "occurred",
        "Calls, in or out, in which a person answered. Where the source does not say, a completed "
        "call with talk time counts.",
    ),
    "talk_seconds": Rule(
        "call",
        pl.when((pl.col("op") == "SET") & _BY_REP & _OVER & (_OUTBOUND | _INBOUND) & _ANSWERED)
        .then(pl.col("talk_seconds").cast(pl.Int64) * UNIT),
        "owner",
        "occurred",
        "Seconds of conversation in connected calls; nothing where the source does not tell them.",
    ),
    "emails_sent": Rule(
        "email",
        count(_OUTBOUND & (pl.col("status") == "SENT") & _BY_REP),
        "owner",
        "occurred",
        "Outbound e-mails that were sent, by a rep and not by a sequence or mass mailing. "
        "Scheduled, bounced and failed ones do not count.",
    ),
    "replies": Rule(
        "email",
        count(_INBOUND & pl.col("is_reply").fill_null(value=False) & _BY_REP),
        "owner",
        "occurred",
        "Inbound e-mails that answer an earlier one, for the owner of the mailbox. Not counted: "
        "automatic answers, and those of which the source does not say that they answer.",
    ),
    "meetings_booked": Rule(
        "meeting",
        count(pl.lit(value=True)),
        "booker",
        "booked",
        "Meetings on the day they were booked, for whoever booked them (the owner, if the source "
        "does not say), whatever became of them. A record that is cancelled takes its count back.",
    ),
    "meetings_held": Rule(
        "meeting",
        count(pl.col("outcome") == "COMPLETED"),
        "owner",
        "started",
        "Meetings that took place, on the day they started, for their owner.",
    ),
    "no_shows": Rule(
        "meeting",
        count(pl.col("outcome") == "NO_SHOW"),
        "owner",
        "started",
        "Meetings to which the customer did not come, on the day they should have started, for "
        "their owner.",
    ),
}  # fmt: skip


def view_of(message: str, frame: pl.DataFrame, resolver: Resolver) -> View:
    """Return activities with their parties and days.

    Parties: owner; booker of a meeting. Days: occurred; started and booked of a meeting.
    """
    sources = frame.get_column("source")
    owner = resolver.reps(sources, frame.get_column("owner_id"))
    parties = {"owner": owner}
    at = {"occurred": millis(frame.get_column("occurred_at"))}
    days = {"occurred": resolver.days(owner, at["occurred"])}
    if message == "meeting":
        by = frame.select(pl.coalesce("booked_by_id", "owner_id")).to_series()
        booked_at = frame.select(pl.coalesce("booked_at", "created_at")).to_series()
        parties["booker"] = resolver.reps(sources, by)
        at |= {"booked": millis(booked_at), "started": millis(frame.get_column("start_at"))}
        days["booked"] = resolver.days(parties["booker"], at["booked"])
        days["started"] = resolver.days(owner, at["started"])
    row = pl.Series("row", np.arange(len(frame)))
    return View(frame, row, parties, days, {name: (when, None) for name, when in at.items()})


def millis(instants: pl.Series) -> Millis:
    """Return instants as milliseconds since 1970 UTC."""
    return instants.cast(pl.Datetime("ms", "UTC")).cast(pl.Int64).to_numpy()
