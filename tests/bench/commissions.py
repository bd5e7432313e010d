"""What commissions of everybody cost to compute: in columns, and credit by credit beside it.

Credits and plans are seeded. The reps of the smaller run are some of the larger one's, and both
must come to the same lines for them, cent for cent.
"""

import resource
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from schemas.definitions import Bundle, Company, Rate, Rates
from schemas.plans import Plan
from streams.domain.amounts import Amounts
from streams.domain.paying import Target, target, target_of
from streams.domain.plan_context import Context
from streams.domain.plan_credits import Credit, book
from streams.domain.summing import SCHEMA, views
from streams.domain.weighing import MONEY

CREDITS, REPS, DAYS = 1_000_000, 10_000, 730  # two years: eight quarters
FIRST = date(2025, 1, 1)
PLAIN_SHARE = 20  # of the reps, one in so many is paid credit by credit as well
ALL_S, PERIOD_S = 60, 5
HEAD = ("what", "credits", "reps", "lines", "s", "CPU s", "CPU us a credit", "peak MB")
_PRODUCTS = ("core", "add-on", "services")
_QUOTA, _VARIABLE = Decimal(250_000), Decimal(12_000)
_ACCELERATED = {
    "component_id": "revenue", "kind": "MARGINAL", "bounds": "ATTAINMENT", "pays": "VARIABLE",
    "quota": _QUOTA, "variable": _VARIABLE,
    "tiers": [{"since": 0, "rate": 1}, {"since": 1, "rate": "1.5"}, {"since": "1.5", "rate": 2}],
}  # fmt: skip
_ADD_ON = {
    "component_id": "add-on", "category": "BONUS", "kind": "FLAT", "rate": "0.015",
    "counts": {"products": ["add-on"]},
    "gates": [{"since": "0.5", "component_id": "revenue", "basis": "YEAR_TO_DATE"}],
}  # fmt: skip
_WHOLE = {
    "component_id": "whole", "kind": "RETROACTIVE", "quota": _QUOTA,
    "tiers": [{"since": 0, "rate": "0.03"}, {"since": 100_000, "rate": "0.045"},
              {"since": 400_000, "rate": "0.06"}],
    "cap": {"amount": 60_000},
}  # fmt: skip
_YEARLY = {
    "component_id": "year", "kind": "BONUS", "period": "YEAR", "bounds": "ATTAINMENT",
    "quota": _QUOTA * 4,
    "tiers": [{"since": "0.8", "amount": 2_000}, {"since": 1, "amount": 5_000}],
}  # fmt: skip


def plans(reps: int = REPS) -> list[Plan]:
    """Return three plans: quarters paid by the month, whole-amount tiers, a bonus of the year."""
    names = [name_of(n) for n in range(reps)]
    parts: list[tuple[str, dict[str, Any], list[dict[str, Any]]]] = [
        ("enterprise", {"payout": "MONTH"}, [_ACCELERATED, _ADD_ON]),
        ("whole", {}, [_WHOLE, _YEARLY]),
        ("dollars", {"currency": "USD"}, [_ACCELERATED, _YEARLY]),
    ]
    return [
        Plan.model_validate({
            "plan_id": plan_id, "name": plan_id, "currency": "EUR", "period": "QUARTER",
            "valid_from": FIRST, "reps": names[at::3], "components": components, **fields,
        }) for at, (plan_id, fields, components) in enumerate(parts)
    ]  # fmt: skip


def name_of(rep: int) -> str:
    """Return a rep_id."""
    return f"rep-{rep:06d}"


def bundle() -> Bundle:
    """Return a company with a rate for each quarter."""
    company = Company(name="Bench", reporting_currency="EUR", time_zone="UTC")
    rates = [
        Rate(base="USD", quote="EUR", on=FIRST + timedelta(91 * n),
             rate=Decimal(9_000 + 37 * n) / 10_000) for n in range(DAYS // 91 + 1)
    ]  # fmt: skip
    return Bundle(company=company, rates=Rates(rates=tuple(rates)))


def context() -> Context:
    """Return what plans look up."""
    return Context.of(bundle())


def credits(count: int = CREDITS, reps: int = REPS, seed: int = 7) -> pl.DataFrame:
    """Return credits of won deals, a tenth of them in dollars."""
    random, known = np.random.default_rng(seed), context()
    days = [FIRST + timedelta(n) for n in range(DAYS)]
    rates = pl.DataFrame(
        [(n, float(found.rate)) for n, day in enumerate(days)
         if (found := known.exchanges.rate("USD", "EUR", day))],
        {"at": pl.Int64, "rate": pl.Float64}, orient="row",
    )  # fmt: skip
    drawn = pl.DataFrame({
        "payee": random.integers(0, reps, count), "at": random.integers(0, DAYS, count),
        "cents": random.integers(10_000, 6_000_000, count),
        "abroad": random.random(count) < 0.1, "product": random.integers(0, 3, count),
    }).with_row_index("number")  # fmt: skip
    amount = (pl.col("cents") / 100).cast(MONEY)
    reported = pl.when("abroad").then(pl.col("cents") * pl.col("rate")).otherwise(pl.col("cents"))
    texts = ("segment", "region", "territory_id")
    return (
        drawn.join(rates, on="at", how="left", maintain_order="left")
        .with_columns(
            pl.format("rep-{}", pl.col("payee").cast(pl.String).str.zfill(6)).alias("payee"),
            pl.format("deal-{}", "number").alias("deal_id"),
            (pl.lit(FIRST) + pl.duration(days="at")).cast(pl.Date).alias("day"),
            amount.alias("amount"),
            pl.when("abroad").then(pl.lit("USD")).otherwise(pl.lit("EUR")).alias("currency"),
            (reported.round() / 100).cast(MONEY).alias("reporting_amount"),
            pl.lit("EUR").alias("reporting_currency"),
            pl.lit("REVENUE").alias("role"), pl.lit("owner").alias("via"),
            pl.lit("NEW").alias("deal_type"), *(pl.lit("").alias(name) for name in texts),
            pl.col("product").replace_strict(dict(enumerate(_PRODUCTS)), return_dtype=pl.String),
            *(pl.lit(None, MONEY).alias(name) for name in ("acv", "margin", "units")),
            pl.lit(None, pl.Date).alias("cancelled_on"), pl.lit("").alias("cancel_reason"),
        )
        .select(*SCHEMA)
    )  # fmt: skip


def measured(count: int = CREDITS, reps: int = REPS) -> dict[str, Any]:
    """Return what each way costs, and whether they come to the same."""
    every, made, known = credits(count, reps), plans(reps), context()
    few = [name_of(n) for n in range(0, reps, PLAIN_SHARE)]
    theirs = every.filter(pl.col("payee").is_in(few))
    rows, found = list[dict[str, Any]](), dict[str, Any]()

    def run(what: str, of: pl.DataFrame, whose: int, work: Callable[[], int]) -> None:
        began, cpu = time.monotonic(), time.process_time()
        lines = work()
        seconds, cpu = time.monotonic() - began, time.process_time() - cpu
        rows.append({
            "what": what, "credits": len(of), "reps": whose, "lines": lines,
            "seconds": round(seconds, 2), "cpu_s": round(cpu, 2),
            "cpu_us_per_credit": round(cpu / max(1, len(of)) * 1e6, 1),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024,
        })  # fmt: skip
        print("  " + "  ".join(map(str, rows[-1].values())), flush=True)

    def plainly() -> int:
        known_credits = book(Credit(*row) for row in theirs.iter_rows())
        found["plain"] = [target(p, rep, known_credits, known) for p in made for rep in few]
        return _lines(found["plain"])

    def summed() -> int:
        each = [target_of(v) for plan in made for v in views(plan, every, known)]
        found["summed"] = {(t.plan_id, t.payee): t for t in each}
        return _lines(each)

    def earnings() -> int:
        found["earned"] = {
            (plan.plan_id, view.payee, one.component_id, one.origin): one.rounded
            for plan in made
            for amounts in [Amounts()]
            for view in views(plan, every, known, by_payout=False)
            for one in amounts.of(view)
        }
        return len(found["earned"])

    run("what is earned, in columns", every, reps, earnings)
    run("with when it is paid, in columns", every, reps, summed)
    run("with when it is paid, credit by credit", theirs, len(few), plainly)
    wrong = [
        (t.plan_id, t.payee)
        for t in found["plain"]
        if t.lines and t != found["summed"].get((t.plan_id, t.payee))
    ]
    wrong += [
        (t.plan_id, t.payee)
        for t in found["summed"].values()
        for line in t.lines
        if line.earned.rounded
        != found["earned"].get((t.plan_id, t.payee, line.component_id, line.origin))
    ]
    ratio = rows[2]["cpu_us_per_credit"] / rows[1]["cpu_us_per_credit"]
    return {
        "rows": rows, "ratio": round(ratio, 1),
        "totals": {"ok": not wrong, "what": "lines and traces of reps paid both ways; all amounts",
                   "numbers": rows[2]["lines"], "differing": len(wrong)},
    }  # fmt: skip


def _lines(found: Sequence[Target]) -> int:
    return sum(len(one.lines) for one in found)


def table(found: dict[str, Any]) -> Sequence[Sequence[object]]:
    """Return the rows of a table under HEAD."""
    names = ("what", "credits", "reps", "lines", "seconds", "cpu_s", "cpu_us_per_credit", "peak_mb")
    return [[f"{v:,}" if isinstance(v := row[n], int) else v for n in names]
            for row in found["rows"]]  # fmt: skip
