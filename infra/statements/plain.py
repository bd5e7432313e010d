"""A statement as plain values: nested for programs, one row per line for sheets."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from infra.statements import wording
from schemas.money import minor_units
from streams.domain.ladders import text_of
from streams.domain.pay_periods import Status
from streams.domain.periods import Span
from streams.domain.statements import Line, Section, Statement, Total


class Shown(NamedTuple):
    """A statement with what stands at its head.

    Attributes:
        as_of: None: as it is now.
        stands: payroll periods within its own that are not open any more.
        made_at: when it was asked for.
    """

    statement: Statement
    company: str
    label: str
    as_of: datetime | None
    made_at: datetime
    stands: Mapping[Span, Status] = MappingProxyType({})


def plain(shown: Shown) -> dict[str, Any]:
    """Return a statement as values for JSON; amounts are decimal text."""
    made = shown.statement
    return {
        "company": shown.company,
        "rep_id": made.rep_id,
        "rep_name": made.rep_name,
        "period": shown.label,
        "period_start": str(made.period.start),
        "period_end": str(made.period.end),
        "as_of": shown.as_of.isoformat() if shown.as_of else None,
        "made_at": shown.made_at.isoformat(),
        "payroll_periods": [
            {**_span("period", span), "status": status} for span, status in shown.stands.items()
        ],
        "totals": [_total(one) for one in made.totals],
        "earned": [_section(one) for one in made.earned],
        "moved": [_section(one) for one in made.moved],
        "running": [
            {"plan_id": one.plan_id, "component_id": one.component_id,
             **_span("posted", one.posted),
             "currency": one.currency, "amount": amount(one.amount, one.currency)}
            for one in made.running
        ],
    }  # fmt: skip


def amount(value: Decimal, currency: str) -> str:
    """Return an amount as decimal text with the places of its currency.

    >>> amount(Decimal("12.3000"), "EUR"), amount(Decimal("0.0450"), "EUR")
    ('12.30', '0.045')
    """
    places = minor_units(currency)
    rounded = round(value, places)
    return f"{rounded:.{places}f}" if rounded == value else f"{value.normalize():f}"


def _total(one: Total) -> dict[str, str]:
    names = ("held_before", "owed_before", "earned", "eligible", "released", "paid", "held", "owed")
    return {
        "currency": one.currency,
        **{name: amount(getattr(one, name), one.currency) for name in names},
    }


def _section(one: Section) -> dict[str, Any]:
    return {
        "plan_id": one.plan_id,
        "plan_name": one.plan_name,
        "component_id": one.component_id,
        "currency": one.currency,
        "subtotal": amount(one.subtotal, one.currency),
        "lines": [line_values(line) for line in one.lines],
    }


def line_values(line: Line) -> dict[str, Any]:
    """Return a line as values for JSON."""
    entry, split = line.entry, line.split
    return {
        "day": str(line.day),
        "what": wording.what(line),
        "kind": entry.kind,
        "state": entry.state,
        "amount": amount(entry.amount, entry.currency),
        "currency": entry.currency,
        "deal_id": entry.deal_id,
        "role": entry.role,
        "via": entry.via,
        "credit": _credit(line),
        "credited_before": amount(entry.before, entry.currency),
        "credited_after": amount(entry.after, entry.currency),
        "tiers": [
            {"deal_id": t.deal_id, "since": text_of(t.since),
             "up_to": None if t.up_to is None else text_of(t.up_to), "rate": text_of(t.rate),
             "part": text_of(t.part), "amount": text_of(t.amount), "earns": text_of(t.earns)}
            for t in split.tiers
        ],
        "steps": list(split.steps),
        "steps_add": text_of(split.then),
        "exchange_adds": text_of(split.exchange),
        "rounding": text_of(split.rounding),
        "elsewhere": text_of(split.elsewhere),
        "formula": list(wording.formula(line)),
        **_span("origin", entry.origin),
        **_span("payout", entry.due),
        **_span("posted", entry.posted),
        "plan_revision": _terms(line),
        "reason": entry.reason,
        "author": entry.author,
        "approver": entry.approver,
        "disputes": [_plain(d._asdict()) for d in line.disputes],
        "entry_id": entry.entry_id,
    }  # fmt: skip


def _credit(line: Line) -> dict[str, Any] | None:
    return None if line.credit is None else _plain(line.credit._asdict())


def _terms(line: Line) -> dict[str, Any] | None:
    if line.terms is None:
        return None
    return _plain({k: v for k, v in line.terms._asdict().items() if k != "content"})


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in values.items()}


def _value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value if value is None or isinstance(value, (bool, int)) else str(value)


def _span(name: str, span: Span) -> dict[str, str]:
    return {f"{name}_start": str(span.start), f"{name}_end": str(span.end)}


COLUMNS = (
    "rep_id", "rep_name", "period", "day", "plan_id", "component_id", "kind", "state", "what",
    "account", "deal_id", "role", "via", "share", "credit_amount", "credit_currency",
    "exchange_rate", "exchange_rate_on", "credited_amount", "credited_currency", "credited_before",
    "credited_after", "amount", "currency", "formula", "origin_start", "origin_end",
    "posted_start", "posted_end", "plan_revision", "plan_author", "plan_written_on", "reason",
    "author", "approver", "dispute", "entry_id",
)  # fmt: skip


def rows(shown: Shown) -> Iterator[tuple[Any, ...]]:
    """Yield a statement's lines as rows of COLUMNS: text, int, date, Decimal or None."""
    made = shown.statement
    for line in made.lines:
        yield (made.rep_id, made.rep_name, shown.label, *_row(line))


def _row(line: Line) -> tuple[Any, ...]:
    entry, credit, terms = line.entry, line.credit, line.terms
    credited: tuple[Any, ...] = (None,) * 7
    if credit is not None:
        credited = (
            credit.share, credit.amount, credit.currency, credit.rate, credit.rate_on,
            credit.reporting_amount, credit.reporting_currency,
        )  # fmt: skip
    return (
        line.day, entry.plan_id, entry.component_id, entry.kind, entry.state, wording.what(line),
        credit.account_name if credit else "", entry.deal_id, entry.role, entry.via, *credited,
        entry.before, entry.after, entry.amount, entry.currency, "; ".join(wording.formula(line)),
        entry.origin.start, entry.origin.end, entry.posted.start, entry.posted.end,
        terms.sequence if terms else None, terms.author if terms else "",
        terms.written_at.date() if terms else None, entry.reason, entry.author, entry.approver,
        ", ".join(dispute.state for dispute in line.disputes), entry.entry_id,
    )  # fmt: skip
