"""Forecasts as people read them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from infra.definitions.peopling import find_rep
from infra.definitions.showing import named, table
from infra.definitions.stored import Stored
from infra.forecasting.making import clock_of
from schemas.definitions import COMPANY_ID

COLUMNS = ("kpi", "currency", "period_start", "period_end", "quota", "booked", "pipeline_mean",
           "new_mean", "p10", "p50", "p90", "probability", "as_of", "draws", "model", "open_deals",
           "closed_deals", "wins", "sequence")  # fmt: skip
Subject = tuple[str, str]


def asked(client: Any, chosen: Subject | None, day: str) -> tuple[Subject, str, date]:
    """Return the subject that is meant, its name, and the day.

    Raises:
        LookupError: nobody or several are meant, or the day is no date.
    """
    stored = Stored(client)
    bundle = stored.in_force().bundle()
    try:
        on = date.fromisoformat(day) if day else clock_of(datetime.now(UTC), bundle).today
    except ValueError:
        raise LookupError(f"--period {day} is no day; write 2026-11-22") from None
    if chosen is None:
        return ("COMPANY", COMPANY_ID), bundle.company.name or COMPANY_ID, on
    kind, wanted = chosen
    if kind == "REP":
        people = stored.people()
        rep_id = find_rep(wanted, people, (r.rep_id for r in bundle.roster.reps))
        return (kind, rep_id), named(rep_id, people), on
    if kind == "TEAM" and wanted not in {t.team_id for t in bundle.roster.teams}:
        there = ", ".join(sorted(t.team_id for t in bundle.roster.teams))
        raise LookupError(f"no team is {wanted!r}; there are {there}")
    return (kind, wanted), wanted, on


def newest(client: Any, subject: Subject, day: date) -> list[dict[str, Any]]:
    """Return the newest forecasts of a subject for the periods that hold a day."""
    found = client.query(
        f"SELECT {', '.join(COLUMNS)} FROM spm_bi.forecast_current "
        "WHERE subject_kind = {kind:String} AND subject_id = {id:String} "
        "AND period_start <= {day:Date32} AND period_end > {day:Date32} "
        "ORDER BY kpi, currency, period_start, period_end",
        parameters={"kind": subject[0], "id": subject[1], "day": day},
    )
    return [dict(zip(COLUMNS, row, strict=True)) for row in found.result_rows]


def told(name: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return forecasts as a table, and what they rest on."""
    header = ("KPI", "PERIOD", "QUOTA", "BOOKED", "PIPELINE", "NEW", "P10", "P50", "P90", "CHANCE")
    lines = [
        (
            f"{r['kpi']} {r['currency']}".strip(), f"{r['period_start']}..{r['period_end']}",
            *(_number(r[n]) for n in ("quota", "booked", "pipeline_mean", "new_mean", "p10", "p50",
                                      "p90")),
            "" if r["probability"] is None else f"{r['probability'] * 100:.0f}%",
        )
        for r in rows
    ]  # fmt: skip
    evidence = "\n".join(
        f"{r['kpi']}: {r['open_deals']} open deals, chances from {r['closed_deals']} or more "
        f"closed ones, {r['wins']} wins or days of the past; made {r['as_of']:%Y-%m-%d %H:%M} UTC, "
        f"{r['draws']} draws"
        for r in rows
    )
    return f"{name}\n\n{table(header, lines)}\n\n{evidence}"


def _number(value: Decimal | None) -> str:
    return "" if value is None else f"{value:,.0f}"
