"""What the definitions say that stands in generated SQL: calendar, clock, currency, names."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self

from connectors.sinks.clickhouse import quoted
from schemas.definitions import Bundle, Company
from schemas.quotas import PeriodKind
from streams.domain.periods import fiscal_year

_YEARS = range(2000, 2061)  # of fiscal years of whole weeks, which are looked up in a list
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Context:
    """What all generated SQL of one revision of the definitions shares.

    Attributes:
        now: SQL for the instant of asking.
        today: SQL for the day of asking, in the company's zone.
        starts: of fiscal years of whole weeks first days by grain, as days since 1970; else empty.
        today_counts: whether a day is part of the plan to date before it is over.
        created: name of the measure that counts created deals; empty if none does.
    """

    week_start: int
    first_month: int
    zone: str
    currency: str
    created: str
    starts: Mapping[str, tuple[int, ...]]
    now: str = "now64(3, 'UTC')"
    today: str = ""
    today_counts: bool = False

    @classmethod
    def of(cls, bundle: Bundle, *, now: str = "now64(3, 'UTC')", today: str = "") -> Self:
        """Return the context of a revision; `today` as SQL, else the day of `now`."""
        company = bundle.company
        names = (m.measure for m in bundle.measures.measures if m.rule == "deals_created")
        return cls(
            company.week_start,
            company.fiscal_year_start_month,
            company.time_zone,
            company.reporting_currency,
            next(names, ""),
            _starts(company),
            now,
            today or f"toDate32({now}, {quoted(company.time_zone)})",
            bundle.quotas.today_counts,
        )


def _starts(company: Company) -> dict[str, tuple[int, ...]]:
    if company.fiscal_weeks is None:
        return {}
    years = [fiscal_year(year, company) for year in _YEARS]
    return {
        kind.lower(): tuple(p.start.toordinal() - _EPOCH for y in years for p in y.parts(kind))
        for kind in PeriodKind
    }
