"""How deals stood in the past, looked at week by week as today is, and what became of them."""

from datetime import date

import polars as pl

EVERY_DAYS = 7  # the past is looked at so often
LOOKBACK_DAYS = 540  # a year, and the season before; what is older was another company
STALE_DAYS = 270  # a deal that was open so long ago and still is was not won ...
STALE_LATE_DAYS = 90  # ... nor one whose close date was LATE_DAYS past by then
LATE_DAYS = 60
GROWN_SHARE = 0.9  # a look is of use once so many deals like those it saw have ended
GROWN_DEALS_MIN = 200  # fewer old enough deals than that: all looks are of use
# Days from a look to the close date that stood then; deals behind theirs are another matter.
LEADS = (-150, -60, -21, 0, 15, 31, 61, 91, 151, 241)
NO_LEAD = len(LEADS) + 1

VERSION_COLUMNS = {
    "deal_id": pl.String, "rep_id": pl.String, "since": pl.Date, "pipeline_id": pl.String,
    "stage_id": pl.String, "deal_type": pl.String, "amount": pl.Float64, "stage_class": pl.String,
    "close_date": pl.Date,
}  # fmt: skip


def looks_of(versions: pl.DataFrame, today: date) -> pl.DataFrame:
    """Return how deals stood on every seventh day of the past, and what became of them.

    Columns: deal_id, pipeline_id, stage_id, deal_type, lead (which of LEADS), late, lead_days, won
    (null: it is still open), age (days since the look), lasted (days until it ended), slip (days
    from the close date of then to the day it was won).

    Args:
        versions: VERSION_COLUMNS: how a deal stood from a day on, one line a day at most.
    """
    ordered = versions.sort("deal_id", "since").with_columns(
        pl.col("since").shift(-1).over("deal_id").fill_null(today).alias("until"),
        pl.col("stage_class").last().over("deal_id").alias("ends_as"),
        pl.col("since").last().over("deal_id").alias("ended"),
    )
    first = (pl.lit(today) - pl.duration(days=LOOKBACK_DAYS)).cast(pl.Date)
    ago = pl.lit(today).cast(pl.Int32)
    looks = (
        ordered.filter((pl.col("stage_class") == "OPEN") & (pl.col("until") > pl.col("since")))
        .with_columns(pl.max_horizontal("since", first).alias("since"))
        .filter(pl.col("until") > pl.col("since"))
        .with_columns(
            pl.int_ranges(
                (ago - pl.col("until").cast(pl.Int32)) // EVERY_DAYS + 1,
                (ago - pl.col("since").cast(pl.Int32)) // EVERY_DAYS + 1,
            ).alias("weeks")
        )
        .explode("weeks")
        .drop_nulls("weeks")
        .with_columns((ago - pl.col("weeks") * EVERY_DAYS).cast(pl.Int32).cast(pl.Date).alias("on"))
    )
    ago_days = (pl.lit(today) - pl.col("on")).dt.total_days()
    stale = (ago_days > STALE_DAYS) | (
        (ago_days > STALE_LATE_DAYS) & (pl.col("lead_days") < -LATE_DAYS)
    )
    won = pl.when(pl.col("ends_as") != "OPEN").then(pl.col("ends_as") == "WON")
    return with_lead(looks, pl.col("on")).with_columns(
        won.when(stale).then(pl.lit(value=False)).alias("won"),
        (pl.lit(today) - pl.col("on")).dt.total_days().alias("age"),
        pl.when(pl.col("ends_as") != "OPEN")
        .then((pl.col("ended") - pl.col("on")).dt.total_days())
        .alias("lasted"),
        pl.when(pl.col("ends_as") == "WON")
        .then((pl.col("ended") - pl.coalesce("close_date", "on")).dt.total_days())
        .alias("slip"),
    )


def grown(known: pl.DataFrame) -> pl.DataFrame:
    """Return looks old enough to have seen the slow deals end, too.

    Of a recent look only the fast deals have ended, and those end otherwise than the slow ones.
    """
    lasted = known.get_column("lasted").quantile(GROWN_SHARE)
    old = known.filter(pl.col("age") >= min(lasted or 0.0, STALE_DAYS))
    return old if old.get_column("deal_id").n_unique() >= GROWN_DEALS_MIN else known


def with_lead(deals: pl.DataFrame, on: pl.Expr) -> pl.DataFrame:
    """Return deals with the days from a day to their close date, and which of LEADS those are."""
    days = (pl.col("close_date") - on).dt.total_days()
    cut = pl.sum_horizontal((days >= edge).cast(pl.Int32) for edge in LEADS)
    late = pl.sum_horizontal((days < edge).cast(pl.Int8) for edge in LEADS if edge <= 0)
    return deals.with_columns(
        pl.lit("").alias("all"),
        days.alias("lead_days"),
        pl.when(days.is_null()).then(NO_LEAD).otherwise(cut).cast(pl.String).alias("lead"),
        pl.when(days.is_null()).then(-1).otherwise(late).cast(pl.Int8).alias("late"),
        *(pl.col(name).cast(pl.String) for name in ("pipeline_id", "stage_id", "deal_type")),
    )
