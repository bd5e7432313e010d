"""The folds of all fact topics: domain rules in the shape the engine asks for."""

from functools import partial
from typing import Any

import polars as pl

from schemas import topics
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
    )


FOLDS: dict[str, Fold] = {
    fold.topic: fold for fold in (*map(_activity, ("call", "email", "meeting")), _deal())
}
