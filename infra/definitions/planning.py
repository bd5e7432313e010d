"""Plans in the warehouse: quotas as they are asked for, their curves, and the days of calendars.

Rows follow from the definitions alone, but for learned curves, which follow from the company's past
when they are written; `pacesetter quota learn` writes them again.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from infra.definitions.stored import Stored
from schemas.definitions import Bundle, Company
from schemas.quotas import PeriodKind, QuotaOwner
from streams.domain.attaining import adds_up
from streams.domain.curves import Curve, Past, past_of
from streams.domain.expected import Expectations, Expected
from streams.domain.kpis import Catalogue
from streams.domain.periods import (
    FiscalYear,
    Span,
    fiscal_days,
    fiscal_year_of,
    period_of,
    previous,
)
from streams.domain.quotas import told
from streams.domain.spans import before
from streams.domain.workdays import Workdays, ordinals

DEPENDS = ("company", "roster", "calendars", "leave", "quotas", "measures", "kpis")
PAST_MAX = 12  # past periods a curve learns from; older ones say little about how people sell now
YEARS_AHEAD = 2  # days of calendars that reports may ask for beyond today
YEARS_BACK_MAX = 30
_WEIGHT, _AMOUNT, _SHARE = pl.Decimal(38, 12), pl.Decimal(18, 4), pl.Decimal(9, 6)
_QUOTA: dict[str, Any] = {
    "quota_id": pl.String, "subject_kind": pl.String, "subject_id": pl.String,
    "rep_id": pl.String, "kpi": pl.String,
    "currency": pl.String, "period_start": pl.Date, "period_end": pl.Date,
    "written_amount": _AMOUNT, "amount": _AMOUNT, "is_overlay": pl.Boolean,
    "before_start": pl.Date, "is_additive": pl.Boolean,
    "curve_id": pl.String, "curve_note": pl.String,
    "plan_from": _WEIGHT, "plan_total": _WEIGHT, "work_id": pl.String, "work_from": _WEIGHT,
    "work_total": _WEIGHT, "away_day": pl.List(pl.Date), "away_share": pl.List(_SHARE),
    "trace": pl.String,
}  # fmt: skip
_CURVE: dict[str, Any] = {
    "curve_id": pl.String,
    "day": pl.Date,
    "elapsed": _WEIGHT,
    "weight": _WEIGHT,
}
_PERIODS = (PeriodKind.MONTH, PeriodKind.QUARTER, PeriodKind.YEAR)
_DAY: dict[str, Any] = {
    "calendar_id": pl.String, "day": pl.Date, "is_business_day": pl.Boolean,
    "holiday_name": pl.String, "fiscal_year": pl.UInt16, "fiscal_quarter": pl.UInt8,
    "fiscal_month": pl.UInt8, "fiscal_week": pl.UInt8,
    **{f"{k.lower()}_{end}": pl.Date for k in _PERIODS for end in ("start", "end")},
    **{f"{k.lower()}_{n}": pl.UInt16 for k in _PERIODS for n in ("ordinal", "left")},
}  # fmt: skip


def missing(stored: Stored) -> int | None:
    """Return the newest sequence whose plans are not, or not all, in the warehouse; None: none."""
    names = ", ".join(f"'{kind}'" for kind in DEPENDS)
    newest = f"SELECT max(sequence) FROM spm.definition WHERE kind IN ({names})"
    ((wanted, there),) = stored.rows(f"SELECT ({newest}), (SELECT max(sequence) FROM spm.planning)")
    return int(wanted) if wanted > there else None


def write(stored: Stored, sequence: int, now: datetime) -> None:
    """Write the plans of a sequence; the row that makes them whole comes last."""
    bundle = stored.in_force(sequence).bundle()
    expectations = Expectations(bundle)
    today = now.astimezone(ZoneInfo(bundle.company.time_zone)).date()
    curves = expectations.curves(past(stored, expectations, bundle, today))
    additive = {c.kpi.kpi_id for c in Catalogue(bundle).all() if adds_up(c)}
    expected = list(expectations.all())
    company = bundle.company
    own = company.calendar_id or ""
    head = {
        "time_zone": [company.time_zone],
        "calendar_id": [own if own in expectations.calendars else ""],
    }  # fmt: skip
    for table, rows in (
        ("quota", quota_rows(expected, curves, additive, company)),
        ("plan_curve", curve_rows(curves)),
        ("calendar_day", day_rows(expectations.calendars, days_of(bundle, today), company)),
        ("planning", pl.DataFrame(head)),
    ):
        if not rows.is_empty():
            stored.insert_frame(table, _versioned(rows, sequence, now))


def learn(stored: Stored, now: datetime) -> dict[str, str]:
    """Return what learned curves were learned from, after learning and writing them again."""
    newest = int(stored.rows("SELECT max(sequence) FROM spm.planning")[0][0])
    if not newest or not Expectations(stored.in_force(newest).bundle()).learned():
        return {}
    write(stored, newest, now)
    rows = stored.rows(
        "SELECT DISTINCT curve_id, curve_note FROM spm.quota FINAL"
        " WHERE sequence = {at:UInt64} AND curve_note != ''",
        at=newest,
    )
    return {str(curve_id): str(note) for curve_id, note in rows}


def quota_rows(
    expected: Sequence[Expected],
    curves: Mapping[str, Curve],
    additive: set[str],
    company: Company,
) -> pl.DataFrame:
    """Return quotas as columns of spm.quota.

    Args:
        additive: KPIs that add up over days.
    """
    rows = []
    for one in expected:
        quota, plan, work = one.quota, one.plan(curves), one.work(curves)
        parts = [told(part, one.effective.of_days) for part in one.effective.parts]
        rows.append((
            quota.quota_id, quota.owner_kind.value, quota.owner_id,
            quota.owner_id if quota.owner_kind is QuotaOwner.REP else "", quota.kpi,
            quota.currency or "", quota.period_start, quota.period_end, quota.amount,
            one.effective.amount, quota.is_overlay,
            before(one.span, company).start, quota.kpi in additive, one.curve_id,
            plan.curve.note, plan.curve.before(quota.period_start), plan.total, one.work_id,
            work.curve.before(quota.period_start), work.total, list(one.away),
            list(one.away.values()), json.dumps(parts),
        ))  # fmt: skip
    return pl.DataFrame(rows, _QUOTA, orient="row")


def curve_rows(curves: Mapping[str, Curve]) -> pl.DataFrame:
    """Return curves as columns of spm.plan_curve."""
    rows = [
        (curve_id, day, curve.sums[n], curve.sums[n + 1] - curve.sums[n])
        for curve_id, curve in curves.items()
        for n, day in enumerate(curve.span.each())
    ]
    return pl.DataFrame(rows, _CURVE, orient="row")


def day_rows(calendars: Mapping[str, Workdays], span: Span, company: Company) -> pl.DataFrame:
    """Return the days of calendars as columns of spm.calendar_day, whole fiscal years."""
    rows: list[tuple[Any, ...]] = []
    day = span.start
    while day < span.end:
        year = fiscal_year_of(day, company)
        dated = _dated(year, company)
        for calendar_id, workdays in calendars.items():
            rows.extend(_days(calendar_id, workdays, year, dated))
        day = year.span.end
    return pl.DataFrame(rows, _DAY, orient="row")


def days_of(bundle: Bundle, today: date) -> Span:
    """Return the days reports may ask for: since the first stint or quota, two years ahead."""
    known = [s.valid_from for r in bundle.roster.reps for s in r.history]
    known += [q.period_start for q in bundle.quotas.quotas]
    first = min([*known, today])
    last = max([*(q.period_end for q in bundle.quotas.quotas), today])
    ahead = date(min(last.year, today.year + YEARS_BACK_MAX) + YEARS_AHEAD, 1, 1)
    return Span(date(max(first.year, today.year - YEARS_BACK_MAX), 1, 1), ahead)


def _dated(year: FiscalYear, company: Company) -> list[tuple[date, tuple[Any, ...]]]:
    """Return what is the same on every calendar: days, their fiscal numbers and their periods."""
    quarters, whole = year.parts(PeriodKind.QUARTER), year.span
    return [
        (day, (*at, *year.months[at.month - 1], *quarters[at.quarter - 1], *whole))
        for day, at in fiscal_days(year, company)
    ]


def _days(
    calendar_id: str,
    workdays: Workdays,
    year: FiscalYear,
    dated: Sequence[tuple[date, tuple[Any, ...]]],
) -> Iterator[tuple[Any, ...]]:
    counted = [
        {day: n for part in year.parts(kind) for day, n in ordinals(workdays, part).items()}
        for kind in _PERIODS
    ]
    for day, known in dated:
        numbers = (number for count in counted for number in count[day])
        holiday = workdays.holidays.get(day, "")
        yield (calendar_id, day, workdays.is_open(day), holiday, *known, *numbers)


def past(
    stored: Stored, expectations: Expectations, bundle: Bundle, today: date
) -> dict[str, list[Past]]:
    """Return for every learned curve the company's past periods that are over."""
    company, found = bundle.company, {}
    for curve_id, (curve, kpi, currency) in expectations.learned().items():
        before = [previous(period_of(today, curve.by, company), curve.by, company)]
        while len(before) < PAST_MAX:
            before.append(previous(before[-1], curve.by, company))
        by_day = _company_days(stored, kpi, currency, Span(before[-1].start, before[0].end))
        found[curve_id] = [past_of(each, by_day) for each in before]
    return found


def _company_days(stored: Stored, kpi: str, currency: str, span: Span) -> dict[date, Decimal]:
    rows = stored.rows(
        "SELECT day, sum(value) FROM spm.kpi_rep_day FINAL"
        " WHERE generation = (SELECT generation FROM spm.warehouse FINAL)"
        " AND measure = {kpi:String} AND currency = {currency:String}"
        " AND day >= {since:Date32} AND day < {until:Date32} GROUP BY day",
        kpi=kpi, currency=currency, since=span.start, until=span.end,
    )  # fmt: skip
    return {day: Decimal(value) for day, value in rows}


def _versioned(rows: pl.DataFrame, sequence: int, now: datetime) -> pl.DataFrame:
    made_at = pl.lit(now.astimezone(UTC)).cast(pl.Datetime("ms", "UTC"))
    return rows.select(
        pl.lit(sequence, pl.UInt64).alias("sequence"), pl.all(), made_at.alias("made_at")
    )
