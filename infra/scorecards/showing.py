"""Scores of a rep, a team or the company on a day, computed from totals when they are asked for."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from infra.definitions.showing import table
from schemas.definitions import Bundle
from streams.domain.periods import Span
from streams.domain.scorecards import GroupScore, Points, Score
from streams.domain.scoring import Actuals, Cards, Scored

RATES_MAX = 100  # what comes below it is read to the last place: 0.35, 4.2 calls a deal
SPANS = ("today", "to_date", "period")


def scored(
    client: Any, bundle: Bundle, day: date, *, rep_id: str = "", team_id: str = ""
) -> Iterator[Scored]:
    """Yield the scores of a rep, of a team, or (neither named) of the company."""
    cards = Cards(bundle)
    for card, span in cards.on(day):
        members = cards.members(card, day, team_id or None)
        if rep_id:
            members = [rep_id] if rep_id in members else []
        if members:
            asked = sorted(cards.measures(card))
            actuals = _actuals(client, asked, Span(span.start, day), members)
            yield cards.scored(card, span, day, members, actuals, is_group=not rep_id)


def _actuals(
    client: Any, asked: Sequence[tuple[str, str]], until: Span, members: Sequence[str]
) -> Actuals:
    found = client.query(
        "SELECT rep_id, measure, day, sum(value) FROM spm.kpi_rep_day FINAL"
        " WHERE generation = (SELECT generation FROM spm.warehouse FINAL)"
        " AND rep_id IN {reps:Array(String)} AND day >= {start:Date32} AND day <= {last:Date32}"
        " AND (measure, currency) IN {asked:Array(Tuple(String, String))}"
        " GROUP BY rep_id, measure, day",
        parameters={
            "reps": list(members), "start": until.start, "last": until.end,
            "asked": list(asked),
        },
    )  # fmt: skip
    return {(rep, kpi, day): Decimal(value) for rep, kpi, day, value in found.result_rows}


def told(name: str, scores: Sequence[Scored]) -> str:
    """Return scores as people read them."""
    return "\n\n".join("\n".join(_told(name, one)) for one in scores)


def plain(one: Scored) -> dict[str, Any]:
    """Return a score as plain values, for programs."""
    return {
        "scorecard_id": one.card.scorecard_id, "name": one.card.name, "day": str(one.day),
        "period_start": str(one.span.start), "period_end": str(one.span.end),
        **{span: _plain(getattr(one, span)) for span in SPANS},
    }  # fmt: skip


def _plain(one: Score | GroupScore) -> dict[str, Any]:
    if isinstance(one, GroupScore):
        return {"members": one.members, "contributing": one.contributing,
                "of_all_members": _plain(one.all_members),
                "of_contributors": _plain(one.contributors)}  # fmt: skip
    return {
        "points": None if one.points is None else f"{one.points:f}",
        "of": f"{one.of:f}",
        "indicators": [
            {"kpi": p.kpi, "actual": _exact(p.actual), "target": _exact(p.target),
             "weight": _exact(p.weight), "points": _exact(p.points)}
            for p in one.indicators
        ],
    }  # fmt: skip


def _exact(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _told(name: str, one: Scored) -> Iterator[str]:
    yield f"{name}: {one.card.name}, {one.span.start} up to {one.span.end}, on {one.day}"
    yield ""
    header = ("KPI", "WEIGHT", "TODAY", "POINTS", "TO DATE", "POINTS", "PERIOD", "POINTS")
    readings = [_whole(getattr(one, span)) for span in SPANS]
    rows: list[Sequence[object]] = []
    for i, indicator in enumerate(one.card.indicators):
        row: list[object] = [indicator.kpi, f"{indicator.weight.normalize():f}"]
        for reading in readings:
            part = reading.indicators[i]
            row += [_done(part), _points(part.points)]
        rows.append(row)
    sums = [cell for r in readings for cell in (f"of {r.of.normalize():f}", _points(r.points))]
    yield table(header, [*rows, ["score", "", *sums]])
    groups = [getattr(one, span) for span in SPANS]
    if isinstance(groups[0], GroupScore):
        yield ""
        yield table(
            ("GROUP", "TODAY", "TO DATE", "PERIOD"),
            [
                ["of all members on duty", *(_reading(g.all_members, g.members) for g in groups)],
                ["of contributors only",
                 *(_reading(g.contributors, g.contributing) for g in groups)],
            ],
        )  # fmt: skip


def _done(part: Points) -> str:
    if part.actual is None:
        return f"- of {_number(part.target)}"
    return f"{_number(part.actual)} of {_number(part.target)}"


def _number(value: Decimal) -> str:
    """Return a count whole, a rate to the last place that is stored."""
    few = f"{value:,.4f}".rstrip("0").rstrip(".")
    return few if abs(value) < RATES_MAX else f"{value:,.0f}"


def _whole(one: Score | GroupScore) -> Score:
    return one.all_members if isinstance(one, GroupScore) else one


def _reading(one: Score, people: int) -> str:
    return f"{_points(one.points)} ({people})"


def _points(points: Decimal | None) -> str:
    return "-" if points is None else f"{points:.1f}"
