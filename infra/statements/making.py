"""Statements made: read, put into a format, written."""

import io
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from infra.statements import sheets
from infra.statements.page import page
from infra.statements.plain import Shown, plain
from infra.statements.printing import pdf_of
from infra.statements.reading import Ledger
from infra.statements.terminal import show
from schemas.definitions import Company
from streams.domain.periods import Span
from streams.domain.spans import span_of


class Format(StrEnum):
    """What a statement is written as."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"
    PDF = "pdf"
    CSV = "csv"
    XLSX = "xlsx"


TEXT_WIDTH = 120  # of a file; a screen has its own


def _text(shown: Shown) -> bytes:
    out = io.StringIO()
    show(shown, Console(file=out, width=TEXT_WIDTH))
    return out.getvalue().encode()


_WRITTEN: Mapping[Format, Callable[[Shown], bytes]] = {
    Format.TEXT: _text,
    Format.JSON: lambda s: json.dumps(plain(s), indent=2, ensure_ascii=False).encode(),
    Format.HTML: lambda s: page(s).encode(),
    Format.PDF: lambda s: pdf_of(page(s)),
    Format.CSV: lambda s: sheets.csv_of([s]).encode(),
    Format.XLSX: lambda s: sheets.xlsx_of([s]),
}


def written(shown: Shown, form: Format) -> bytes:
    """Return a statement as a file's content.

    Raises:
        CannotPrint: a PDF is asked for and there is no browser.
    """
    return _WRITTEN[form](shown)


def made(
    ledger: Ledger, company: Company, who: tuple[str, str], label: str, moments: "Moments"
) -> Shown:
    """Return somebody's statement of a period as a person names it.

    Raises:
        ValueError: it is no period; the message says how to write one.
    """
    period = period_of(label, company, moments.now)
    found = ledger.statement(*who, period)
    stands = ledger.stands(period)
    return Shown(found, company.name, label, moments.as_of, moments.now, stands)


class Moments:
    """When a statement is made, and as of when."""

    def __init__(self, now: datetime, as_of: datetime | None = None) -> None:
        self.now, self.as_of = now, as_of


def period_of(label: str, company: Company, now: datetime) -> Span:
    """Return the days of a period.

    Raises:
        ValueError: it is none.
    """
    return span_of(label, company, now.astimezone(ZoneInfo(company.time_zone)).date())


def instant_of(text: str, company: Company) -> datetime:
    """Return what --as-of means: an instant, or the end of a day in the company's zone.

    Raises:
        ValueError: it is neither.
    """
    zone = ZoneInfo(company.time_zone)
    try:
        if len(text) == len("2026-03-31"):
            day = date.fromisoformat(text) + timedelta(days=1)
            return datetime.combine(day, time(), zone)
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(
            f"--as-of {text!r} is no day or instant; write 2026-03-31 (its end in"
            f" {company.time_zone}) or 2026-03-31T18:00+02:00"
        ) from error
    return at if at.tzinfo else at.replace(tzinfo=zone)


def file_name(shown: Shown, form: Format) -> Path:
    """Return the name of a statement's file in a folder of many."""
    who = "".join(c if c.isalnum() or c in "-_." else "_" for c in shown.statement.rep_id)
    label = "".join(c if c.isalnum() or c in "-_." else "_" for c in shown.label)
    return Path(f"statement-{label}-{who}.{form}")
