"""The folds of all fact topics: domain rules in the shape the engine asks for."""

from functools import partial
from typing import Any

import polars as pl

from schemas import topics
from streams.domain.facts import (
    faults_of,
    recalled_activity,
    recalled_deal,
    stored_activity,
    stored_deal,
)
from streams.domain.inforce import InForce, resolved_activities, resolved_deals
from streams.engine.folds import Fold, Resolved


def _activity(message: str) -> Fold:
    def resolve(frame: pl.DataFrame, in_force: Any) -> Resolved:
        return Resolved(*resolved_activities(message, frame, in_force))

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
        differs=InForce.differs,
        resolve=resolve,
        stored=stored_deal,
        recalled=recalled_deal,
    )


FOLDS: dict[str, Fold] = {
    fold.topic: fold for fold in (*map(_activity, ("call", "email", "meeting")), _deal())
}
