"""Deals and their bills: what a billing system says of a deal's invoices, laid over the deal.

A bill is a record about a deal (`bill_id` is given) of a source that keeps its own books. It says
what is invoiced, paid and taken back by credit notes to date of one invoice. A deal's own records
follow each other whoever sends them; each bill follows itself, by source and source_id.

What is invoiced and paid of a deal is the sum over its bills that stand: what is invoiced less
credit notes. Only bills in the deal's currency are heard. A rate would turn what was paid in full
into 99.7 % of it, and hold back pay for ever; so nothing is converted, and such a bill counts once
it is sent in the deal's currency, or the deal's currency is put right. Of what no bill speaks, the
deal's own record does. The deal is cancelled from the first day that a bill names. Bills of a deal
that is not there yet count nothing, and are kept until it is.
"""

from typing import Any

import polars as pl

from schemas.bills import BILLED
from streams.domain.facts import AMOUNT_MAX, recalled_deal, stored_deal

_WIDE = pl.Decimal(38, 4)  # a sum of many bills may be larger than any one amount
_MONEY = pl.Decimal(18, 4)
_IS_BILL = pl.col("bill_id").is_not_null()
_ROWS_OWN = ("entity_id", "revision")  # every row has its own record's


def billed(statements: pl.DataFrame) -> pl.DataFrame:
    """Return one deal for each group of statements, ordered by `group`.

    Args:
        statements: `group` and the message's fields: what was said last of the deal itself, at most
            once in each group, and of each bill of it.
    """
    deals = statements.filter(~_IS_BILL)
    bills = statements.filter(_IS_BILL)
    waiting = bills.join(deals, on="group", how="anti")
    found = pl.concat([_laid_over(deals, bills.filter(op="SET")), _awaited(waiting)])
    return found.sort("group")


def _laid_over(deals: pl.DataFrame, bills: pl.DataFrame) -> pl.DataFrame:
    heard = bills.join(deals, on=["group", "currency"], how="semi")
    net = pl.col("invoiced_amount") - pl.col("credit_note_amount").fill_null(0)
    sums = heard.group_by("group").agg(
        _sum(net).alias("invoiced_amount_sum"),
        _sum(pl.col("paid_amount")).alias("paid_amount_sum"),
        *(pl.col(name).count().alias(f"{name}_count") for name in BILLED),
    )
    ended = bills.drop_nulls("cancelled_on").sort("cancelled_on", "source", "source_id")
    first = ended.unique("group", keep="first", maintain_order=True)
    ends = first.select("group", ended_on="cancelled_on", end_reason="cancel_reason")
    every = deals.join(sums, on="group", how="left").join(ends, on="group", how="left")
    is_ended = pl.col("ended_on").is_not_null()
    return every.with_columns(
        *map(_heard, BILLED),
        pl.coalesce("ended_on", "cancelled_on").alias("cancelled_on"),
        pl.when(is_ended).then("end_reason").otherwise("cancel_reason").alias("cancel_reason"),
    ).select(deals.columns)


def _sum(amounts: pl.Expr) -> pl.Expr:
    return amounts.cast(_WIDE).sum()


def _heard(name: str) -> pl.Expr:
    """Return what bills say of a field, where any does; null for more than can be credited."""
    share = pl.col("splits").list.eval(pl.element().struct.field("share").cast(pl.Float64))
    largest = pl.max_horizontal(share.list.max(), pl.lit(1.0))
    total = pl.col(f"{name}_sum")
    is_sane = total.cast(pl.Float64).abs() * largest < AMOUNT_MAX
    told = pl.when(is_sane).then(total)
    is_told = pl.col(f"{name}_count") > 0
    return pl.when(is_told).then(told).otherwise(pl.col(name)).cast(_MONEY).alias(name)


def _awaited(bills: pl.DataFrame) -> pl.DataFrame:
    """Return deals of which there are bills alone: they count nothing."""
    nothing = [pl.lit(None, _MONEY).alias(name) for name in (*BILLED, "credit_note_amount")]
    return (
        bills.sort("source", "source_id")
        .unique("group", keep="first", maintain_order=True)
        .with_columns(
            *nothing,
            pl.lit("CANCELLED").cast(bills.schema["op"]).alias("op"),
            pl.lit(None, pl.Date).alias("cancelled_on"),
            pl.lit("NONE").cast(bills.schema["cancel_reason"]).alias("cancel_reason"),
        )
    )


def said_deal(frame: pl.DataFrame) -> pl.Series:
    """Return statements as JSON: fields of the message, exact (see `_kept`)."""
    names = [*recalled_deal(stored_deal(frame.clear())).columns, "bill_id", "credit_note_amount"]
    return frame.select(
        pl.struct(_plain(name, frame.schema[name]) for name in names if name not in _ROWS_OWN)
        .struct.json_encode()
        .alias("said")
    ).to_series()


def heard_deal(history: pl.DataFrame) -> pl.DataFrame:
    """Return what the records behind rows of spm.deal said themselves.

    A row whose `said` is empty is all that its record said, of the deal itself.
    """
    plain = recalled_deal(history).with_columns(
        pl.lit(None, pl.String).alias("bill_id"),
        pl.lit(None, _MONEY).alias("credit_note_amount"),
    )
    said = history.get_column("said")
    if not (said != "").any():
        return plain
    kept = {name: _kept(kind) for name, kind in plain.schema.items() if name not in _ROWS_OWN}
    told = pl.select(pl.when(said != "").then(said)).to_series()
    own = told.str.json_decode(pl.Struct(kept)).struct.unnest()
    return plain.select(
        pl.col(name)
        if name in _ROWS_OWN
        else pl.when(said != "").then(own.get_column(name).cast(kind)).otherwise(pl.col(name))
        for name, kind in plain.schema.items()
    )


def _kept(kind: Any) -> Any:
    """Return how a type stands in JSON: decimals as texts, instants in ms, days since 1970."""
    if isinstance(kind, pl.Decimal):
        return pl.String()
    if isinstance(kind, pl.Datetime):
        return pl.Int64()
    if isinstance(kind, pl.Date):
        return pl.Int32()
    if isinstance(kind, pl.List):
        return pl.List(_kept(kind.inner))
    if isinstance(kind, pl.Struct):
        return pl.Struct({field.name: _kept(field.dtype) for field in kind.fields})
    return kind


def _plain(name: str, kind: pl.DataType) -> pl.Expr:
    return pl.col(name).cast(_kept(kind))
