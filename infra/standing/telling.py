"""Where somebody stands, as people and programs read it. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from infra.definitions.showing import table
from infra.standing.reading import Reached, Standing, Told

_QUOTA = ("KPI", "PERIOD", "ACTUAL", "QUOTA", "ATTAINED", "DUE", "PACE", "BEHIND", "PER DAY",
          "DAYS LEFT", "PROJECTED")  # fmt: skip


def text(told: Told) -> str:
    """Return a rep or a team on one screen."""
    when = f"{told.day}, so far" if told.today else f"as of the end of {told.day}"
    head = f"{told.name} ({told.subject_id}){', ' + told.place if told.place else ''} - {when}"
    numbers = [(n.measure, _amount(n.value), n.currency) for n in told.numbers]
    parts = [
        head,
        table(("THAT DAY", "", ""), numbers) if numbers else "Nothing was counted that day.",
        table(_QUOTA, map(_row, told.standings)) if told.standings else "No quota on that day.",
    ]
    if told.members:
        rows = [(s.subject_name or s.subject_id, *_row(s)) for s in told.below]
        without = {m.rep_id for m in told.members} - {s.subject_id for s in told.below}
        names = ", ".join(m.rep_name or m.rep_id for m in told.members if m.rep_id in without)
        parts.append(table(("REP", *_QUOTA), rows) if rows else "None of them has a quota.")
        if names:
            parts.append(f"Without a quota: {names}.")
    return "\n\n".join(parts)


def as_json(told: Told) -> dict[str, Any]:
    """Return the same for programs: amounts as exact text, ratios with 1 = all of it."""
    found: dict[str, Any] = {
        "subject_kind": told.subject_kind, "subject_id": told.subject_id, "name": told.name,
        "day": told.day, "is_today": told.today,
        "numbers": [_plain(n) for n in told.numbers],
        "quotas": [_plain(s) for s in told.standings],
    }  # fmt: skip
    if told.subject_kind == "TEAM":
        found["members"] = [_plain(m) for m in told.members]
        found["quotas_of_members"] = [_plain(s) for s in told.below]
    return found


def _plain(value: Any) -> dict[str, Any]:
    return {k: f"{v:f}" if isinstance(v, Decimal) else v for k, v in value._asdict().items()}


def standings(groups: Sequence[Standing], reached: Sequence[Reached], most: int) -> str:
    """Return how all quotas stand today: counts, then groups one by one, `most` of them."""
    counts = [
        (r.subject_kind.lower(), f"{r.kpi} {r.currency}".strip(), r.quotas, r.reached, r.behind,
         r.empty)
        for r in reached
    ]  # fmt: skip
    parts = [table(("OWNERS", "KPI", "QUOTAS", "REACHED", "BEHIND", "EMPTY"), counts)]
    if groups:
        rows = [(s.subject_name or s.subject_id, *_row(s)) for s in groups[:most]]
        parts.append(table(("OWNER", *_QUOTA), rows))
        if len(groups) > most:
            parts.append(f"... and {len(groups) - most} more; --json has all")
    return "\n\n".join(parts)


def standings_json(groups: Sequence[Standing], reached: Sequence[Reached]) -> dict[str, Any]:
    """Return the same for programs."""
    return {"reached": [_plain(r) for r in reached], "groups": [_plain(s) for s in groups]}


def _row(one: Standing) -> tuple[str, ...]:
    told = _amount if one.is_additive else _rate
    kpi = " ".join(filter(None, (one.kpi, one.currency, "(overlay)" if one.is_overlay else "")))
    return (
        kpi, f"{one.period_start} up to {one.period_end}", told(one.actual_to_date),
        told(one.quota), _percent(one.attainment_ratio), _percent(one.elapsed_ratio),
        _percent(one.pace_ratio), told(one.gap_amount),
        _amount(one.required_per_business_day), f"{one.business_days_left.normalize():f}",
        _amount(one.projected_amount),
    )  # fmt: skip


def _amount(value: Decimal | None) -> str:
    """Return an amount for reading: thousands apart, two decimals unless it is whole.

    >>> _amount(Decimal("1234567.5000")), _amount(Decimal("36.0000")), _amount(None)
    ('1,234,567.50', '36', '-')
    """
    if value is None:
        return "-"
    return f"{value:,.0f}" if value == value.to_integral_value() else f"{value:,.2f}"


def _rate(value: Decimal | None) -> str:
    """Return a rate or an average for reading: all that is stored of it.

    >>> _rate(Decimal("0.3330")), _rate(Decimal("12.0000"))
    ('0.333', '12')
    """
    return "-" if value is None else f"{value:,.4f}".rstrip("0").rstrip(".")


def _percent(ratio: Decimal | None) -> str:
    return "-" if ratio is None else f"{ratio * 100:.1f} %"
