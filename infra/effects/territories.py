"""How territory rules would cover the deals there are: how many meet each, and who meets none."""

from typing import NamedTuple

import numpy as np
import polars as pl

from infra.effects.reading import Warehouse, entities
from schemas.definitions import Bundle
from schemas.topics import DEALS
from streams.agents.folds import FOLDS
from streams.domain.inforce import InForce
from streams.domain.territories import LISTED, NO_RULE, READ

GAPS_TOLD = 20  # the commonest; --json has all
_BY = [name for name in LISTED if name != "account_id"]  # what people write rules by


class Gap(NamedTuple):
    """Deals without splits that meet no rule, alike in all that rules go by but the account."""

    segment: str
    region: str
    product: str
    deal_type: str
    lead_source: str
    deals: int
    example: str


class Covered(NamedTuple):
    """Deals without splits.

    Attributes:
        deals: rule_id -> deals that go by it.
    """

    deals: dict[str, int]
    gaps: tuple[Gap, ...]

    def told(self) -> list[str]:
        """Return it in words: nothing where there are no rules."""
        if not self.deals:
            return []
        parts = ["Deals by rule: " + ", ".join(f"{k} {n}" for k, n in self.deals.items())]
        if self.gaps:
            missing = sum(gap.deals for gap in self.gaps)
            parts.append(
                f"{missing} deals meet no rule and stay their owners'. Write a rule for them, or"
                " one without conditions and with the largest priority:"
            )
            parts += [f"  {_words(gap)}" for gap in self.gaps[:GAPS_TOLD]]
        return ["\n".join(parts)]


def covered(warehouse: Warehouse, bundle: Bundle) -> Covered:
    """Return how many deals go by each rule, and what those are like that go by none."""
    now = InForce(bundle)
    if not now.rules:
        return Covered({}, ())
    counts = np.zeros(len(now.rules.rules), np.int64)
    missing = []
    fold = FOLDS[DEALS.name]
    for rows in entities(warehouse, fold, now):
        facts = fold.recalled(rows)
        days = fold.resolve(facts, now).columns.get_column("day").cast(pl.Int32)
        kept = (pl.col("op") == "SET") & pl.col("amount").is_not_null()
        at = facts.select((kept & (pl.col("splits").list.len() == 0)).arg_true()).to_series()
        deals = facts.select("entity_id", *READ)[at.to_numpy()]
        places = now.rules.chosen(deals, days.gather(at).to_numpy())
        counts += np.bincount(places[places != NO_RULE], minlength=len(counts))
        missing.append(deals.filter(pl.Series(places == NO_RULE)))
    deals_of = dict(zip((r.rule_id for r in now.rules.rules), counts.tolist(), strict=True))
    return Covered(deals_of, _gaps(missing))


def _gaps(missing: list[pl.DataFrame]) -> tuple[Gap, ...]:
    if not missing:
        return ()
    alike = (
        pl.concat(missing)
        .with_columns(pl.col(name).fill_null("") for name in _BY)
        .group_by(_BY)
        .agg(pl.len().alias("deals"), pl.col("entity_id").min().alias("example"))
        .sort("deals", *_BY, descending=[True, *[False] * len(_BY)])
    )
    return tuple(Gap(*row) for row in alike.iter_rows())


def _words(gap: Gap) -> str:
    said = ", ".join(f"{name} {getattr(gap, name) or 'none'}" for name in _BY)
    return f"{gap.deals} deals, such as {gap.example}: {said}"
