"""Who is credited with how much of a deal."""

from collections.abc import Iterable, Sequence

import polars as pl

from schemas.money import half_even

REVENUE, OVERLAY, OVERRIDE = "REVENUE", "OVERLAY", "OVERRIDE"
OWNER = "owner"  # `via` of a deal that no REVENUE split divides
# What of a deal is divided among its payees besides the amount.
PARTED = ("acv", "margin", "units", "invoiced_amount", "paid_amount")
WHOLE = 1_000_000  # a share of 1: shares are whole millionths here, as decimal(9, 6) stores them


def payees_of(deals: pl.DataFrame, ruled: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return a line for each payee of each deal: row, user, role, via and share in millionths.

    They are the deal's REVENUE splits, else those of a rule, else the owner for all of it, and the
    OVERLAY splits; a split of an unknown role credits nobody. `via` is the place of the split among
    the deal's splits, from 0.

    Args:
        deals: row (ascending), owner_id and splits.
        ruled: lines of rules for deals without splits; `rep`, where it is not null, is the payee.
    """
    split = pl.col("splits").struct
    splits = (
        deals.filter(pl.col("splits").list.len() > 0)
        .select("row", "splits", pl.int_ranges(pl.col("splits").list.len()).alias("via"))
        .explode("splits", "via")
        .select(
            "row",
            split.field("owner_id").alias("user"),
            split.field("role"),
            pl.col("via").cast(pl.String),
            (split.field("share") * WHOLE).cast(pl.Int64).alias("share"),
        )
        .filter(pl.col("role").is_in([REVENUE, OVERLAY]))
    )
    if ruled is not None:
        splits = pl.concat([splits, ruled], how="diagonal")
    divided_rows = splits.filter(pl.col("role") == REVENUE).select("row")
    owners = deals.join(divided_rows, on="row", how="anti", maintain_order="left").select(
        "row",
        pl.col("owner_id").alias("user"),
        pl.lit(REVENUE).alias("role"),
        pl.lit(OWNER).alias("via"),
        pl.lit(WHOLE, pl.Int64).alias("share"),
    )
    return pl.concat([owners, splits], how="diagonal").sort("row", maintain_order=True)


def divided_lines(payees: pl.DataFrame) -> pl.Series:
    """Return the places of the lines that have not the whole of a deal, if there are any."""
    is_whole = (payees["via"] == OWNER) & (payees["share"] == WHOLE)
    return (~is_whole).arg_true()


def credited(payees: pl.DataFrame, by_split: pl.Series, amounts: pl.Series) -> pl.Series:
    """Return what each payee's part is worth, in ten-thousandths.

    REVENUE shares divide the amount; each OVERLAY share is a part of the whole by itself.

    Args:
        payees: lines of `payees_of`.
        by_split: places of those that have not the whole, as `divided_lines` finds them.
        amounts: the deal's whole amount beside each line, in ten-thousandths; null gives null.
    """
    if by_split.is_empty() or amounts.null_count() == len(amounts):
        return amounts
    lines = payees.select("row", "role", "share", amounts.alias("amount"))[by_split.to_numpy()]
    deals = lines.group_by("row", maintain_order=True).agg(
        "role", "share", pl.col("amount").first()
    )
    parts = [part for _, *deal in deals.iter_rows() for part in _parts(*deal)]
    return amounts.scatter(by_split, pl.Series(parts, dtype=pl.Int64))


def _parts(roles: Sequence[str], shares: Sequence[int], amount: int | None) -> Iterable[int | None]:
    if amount is None:
        return [None] * len(roles)
    revenue = iter(divided(amount, [s for r, s in zip(roles, shares, strict=True) if r == REVENUE]))
    return [
        next(revenue) if role == REVENUE else half_even(amount * share, WHOLE)
        for role, share in zip(roles, shares, strict=True)
    ]


def divided(amount: int, shares: Sequence[int]) -> list[int]:
    """Return a whole amount cut by shares that sum to WHOLE, in whole parts that add up to it.

    What rounding leaves over goes to the largest fractions, then to the first in order.

    >>> divided(5, [500_000, 500_000])
    [3, 2]
    """
    exact = [divmod(amount * share, WHOLE) for share in shares]
    parts = [part for part, _ in exact]
    left = amount - sum(parts)
    for i in sorted(range(len(parts)), key=lambda i: -exact[i][1])[:left]:
        parts[i] += 1
    return parts
