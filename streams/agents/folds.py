"""The folds of all fact topics: domain rules in the shape the engine asks for."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import polars as pl

from schemas import topics
from streams.domain.bills import billed, heard_deal, said_deal
from streams.domain.crediting import PARTED
from streams.domain.facts import (
    faults_of,
    heard_activity,
    recalled_activity,
    recalled_deal,
    said_activity,
    stored_activity,
    stored_deal,
)
from streams.domain.inforce import InForce, resolved_activities, resolved_deals
from streams.domain.merging import merged
from streams.engine.folds import Fold, Resolved, Snapshots, Tellers

WINDOWS_MAX = 50  # of contests changed at once: with more, reading all costs less than asking
_NOTHING = pl.lit(0, pl.Decimal(18, 4))
CREDITS = Snapshots(
    table="spm.deal_credit",
    topic=topics.CREDITS.name,
    message="credit",
    key="rep_id",
    entity="deal_id",
    names={"credit_rep_id": "rep_id", "credit_role": "role", "credit_via": "via"},
    values={
        "credit_share": "share",
        "credit_day": "day",
        "credit_amount": "amount",
        "credit_reporting_amount": "reporting_amount",
        **{f"credit_{name}": name for name in PARTED},
        "credit_territory_id": "territory_id",
    },
    shared=(
        "stage_class", "currency", "reporting_currency", "rate", "rate_on", "deal_type", "product",
        "segment", "region", "cancelled_on", "cancel_reason",
    ),
    gone={
        "territory_id": pl.lit(""),
        "share": pl.lit(0, pl.Decimal(9, 6)),
        "day": pl.col("day"),
        "amount": _NOTHING,
        "reporting_amount": pl.when(pl.col("rate").is_not_null()).then(_NOTHING),
    },
)  # fmt: skip


# Every instant that a rule may count a fact at, in milliseconds; a day lasts from its first to its
# last instant anywhere on earth.
_ACTIVITY = (("toUnixTimestamp64Milli(occurred_at)", 0),)
_MEETING = (
    ("toUnixTimestamp64Milli(occurred_at)", 0),
    ("toUnixTimestamp64Milli(created_at)", 0),
    ("coalesce(JSONExtract(state, 'start_at', 'Nullable(Int64)'), 0)", 0),
    ("coalesce(JSONExtract(state, 'booked_at', 'Nullable(Int64)'), 0)", 0),
)
_DEAL = (
    ("toUnixTimestamp64Milli(occurred_at)", 0),
    ("toUnixTimestamp64Milli(created_at)", 0),
    ("coalesce(toUnixTimestamp64Milli(won_at), 0)", 0),
    ("coalesce(toUnixTimestamp64Milli(lost_at), 0)", 0),
    ("coalesce(toInt64(toInt32(close_date)), 0) * 86400000", 2 * 86_400_000),
)


def _reach(instants: Sequence[tuple[str, int]], before: InForce, now: InForce) -> str | None:
    """Return SQL for which facts resolve otherwise where contests alone differ; None: any may."""
    windows = now.windows(before)
    if windows is None or len(windows) > WINDOWS_MAX:
        return None
    spans = [
        f"({at} >= {since - more} AND {at} < {until + more})"
        for since, until in windows
        for at, more in instants
    ]
    return f"({' OR '.join(spans) or '0'})"


def _activity(message: str) -> Fold:
    def resolve(frame: pl.DataFrame, in_force: Any) -> Resolved:
        return Resolved(*resolved_activities(message, frame, in_force))

    def made_one(statements: pl.DataFrame, in_force: Any) -> pl.DataFrame:
        return merged(message, statements, in_force.orders)

    return Fold(
        message=message,
        topic=topics.BY_FACT[message].name,
        table="spm.activity",
        faults=faults_of(message),
        prepare=InForce,
        differs=InForce.differs,
        resolve=resolve,
        stored=partial(stored_activity, message),
        recalled=partial(recalled_activity, message),
        reach=partial(_reach, _MEETING if message == "meeting" else _ACTIVITY),
        tellers=Tellers(
            names=("source", "source_id"),
            alone="merged_into",
            said=partial(said_activity, message),
            heard=partial(heard_activity, message),
            merged=made_one,
            differs=InForce.orders_differ,
        ),
    )


def _deal() -> Fold:
    def resolve(frame: pl.DataFrame, in_force: Any) -> Resolved:
        return Resolved(*resolved_deals(frame, in_force))

    return Fold(
        message="deal",
        topic=topics.DEALS.name,
        table="spm.deal",
        faults=faults_of("deal"),
        prepare=InForce,
        differs=InForce.credits_differ,
        resolve=resolve,
        stored=stored_deal,
        recalled=recalled_deal,
        snapshots=CREDITS,
        tellers=Tellers(
            names=("source", "source_id"),
            alone="bill_id",
            said=said_deal,
            heard=heard_deal,
            merged=lambda statements, _: billed(statements),
            differs=lambda *_: False,
            others_are_one=True,
        ),
        reach=partial(_reach, _DEAL),
    )


FOLDS: dict[str, Fold] = {
    fold.topic: fold for fold in (*map(_activity, ("call", "email", "meeting")), _deal())
}
