"""Credits as messages and as rows of their history."""

from datetime import date
from typing import Any

import polars as pl

from streams.domain.crediting import OVERLAY, OVERRIDE, PARTED, REVENUE

_TEXTS = ("reporting_currency", "product", "segment", "region", "territory_id")
_OWN = (
    "rep_id", "deal_id", "role", "via", "deleted", "stage_class", "day", "amount", "currency",
    "reporting_amount", "rate", "rate_on", "share", "deal_type",
    *PARTED, "cancelled_on", "cancel_reason",
)  # fmt: skip
# What tells credits of one payee apart; escaped so that no two read the same.
_ID = pl.concat_str(
    "deal_id", "role", pl.col("via").str.replace_all("%", "%25").str.replace_all(":", "%3A"),
    separator=":",
)  # fmt: skip
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)


def stored(frame: pl.DataFrame) -> pl.DataFrame:
    """Return credits' own columns of the table spm.credit."""
    return frame.select(
        _ID.alias("entity_id"),
        *_OWN,
        *(pl.col(name).fill_null("") for name in _TEXTS),
        pl.col("topic").alias("source_topic"),
        pl.col("partition").cast(pl.UInt16).alias("source_partition"),
        pl.col("position").cast(pl.UInt64).alias("source_position"),
        pl.col("sequence").cast(pl.UInt64).alias("credit_sequence"),
    )


def faults() -> pl.Expr:
    """Return what makes a decoded credit unusable; null for a good one."""
    return pl.coalesce(
        _fault(pl.col("rep_id") == "", "rep_id is empty"),
        _fault(pl.col("deal_id") == "", "deal_id is empty"),
        _fault(
            ~pl.col("role").is_in([REVENUE, OVERLAY, OVERRIDE]),
            "role is none of REVENUE, OVERLAY and OVERRIDE",
        ),
        _fault(~pl.col("partition").is_between(0, 65_535), "partition of the deal is no UInt16"),
        _fault(pl.col("position") < 0, "position of the deal is negative"),
        _fault(pl.col("sequence") < 0, "sequence is negative"),
        _fault(~pl.col("day").is_between(FIRST_DAY, LAST_DAY), "day lies outside 1970 to 2199"),
        _fault(
            pl.col("reporting_amount").is_not_null()
            & (pl.col("reporting_currency").fill_null("") == ""),
            "reporting_amount has no reporting_currency",
        ),
    )


def _fault(condition: Any, text: str) -> pl.Expr:
    return pl.when(condition).then(pl.lit(text))
