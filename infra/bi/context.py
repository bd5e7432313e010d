"""What the definitions say that stands in generated SQL: calendar, clock, currency, names."""

from dataclasses import dataclass
from typing import Self

from connectors.sinks.clickhouse import quoted
from schemas.definitions import Bundle


@dataclass(frozen=True, slots=True)
class Context:
    """What all generated SQL of one revision of the definitions shares.

    Attributes:
        now: SQL for the instant of asking.
        today: SQL for the day of asking, in the company's zone.
        created: name of the measure that counts created deals; empty if none does.
    """

    week_start: int
    first_month: int
    zone: str
    currency: str
    created: str
    now: str = "now64(3, 'UTC')"
    today: str = ""

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
            now,
            today or f"toDate32({now}, {quoted(company.time_zone)})",
        )
