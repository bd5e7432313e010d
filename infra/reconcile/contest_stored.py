"""Contests as the warehouse holds them: what was written, and how everybody stands by a table."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from connectors.sinks.clickhouse import quoted
from infra.reconcile.asking import Warehouse, ask, ask_once
from infra.reconcile.contest_formulas import parsed
from infra.reconcile.contest_prizes import NOTHING, Prize
from infra.reconcile.contest_rules import Spec, falls, spec
from infra.reconcile.definitions import in_force

_Named = Mapping[str, Mapping[str, Any]]
FINAL, STANDING = "spm.contest_result", "spm.contest_standing"


class Found(NamedTuple):
    """How somebody stands by a table; a place of 0 is none."""

    place: int
    is_tied: bool
    score: Decimal
    events: int
    reached: int
    prize: Prize = NOTHING


def stands(warehouse: Warehouse, table: str, contest_id: str) -> dict[str, Found]:
    """Return how everybody stands by a table; prizes are a final result's alone."""
    is_final = table == FINAL
    order, is_in = ("finalized_at", "1") if is_final else ("number DESC", "is_in")
    more = ", prize_amount, prize_currency, things" if is_final else ""
    rows = ask(
        warehouse,
        f"SELECT participant_id, place, is_tied, score, events, coalesce(reached, 0) AS at{more}"
        f" FROM (SELECT *, toUnixTimestamp64Milli(reached_at) AS reached FROM {table} FINAL"
        f" WHERE contest_id = {quoted(contest_id)}"
        f" ORDER BY participant_id, {order} LIMIT 1 BY participant_id) WHERE {is_in}",
    )
    found = {}
    for name, place, tied, score, events, at, *won in rows.iter_rows():
        prize = Prize(won[0], won[1], tuple(won[2])) if won else NOTHING
        found[str(name)] = Found(int(place), bool(tied), score, int(events), int(at), prize)
    return found


def written(warehouse: Warehouse, contest_id: str, sequence: int) -> Spec | None:
    """Return a contest as it was written; None: there is none."""
    contest = _contest(warehouse, contest_id, sequence)
    if contest is None or contest.get("state") == "DRAFT":
        return None
    measures, kpis = _measured(warehouse, sequence)
    (now,) = in_force(warehouse, [sequence])
    found = spec(warehouse, contest, sequence, now, _directions(measures, kpis))
    if contest["metrics"][0]["kpi"] in measures:
        return found
    formula = parsed(contest["metrics"][0]["kpi"], kpis, set(measures))
    # Who takes part in such a contest is kept since reconcile looks at it; nobody: from before.
    return found._replace(is_by_formula=True, formula=formula if found.participants else None)


def is_lower_better(warehouse: Warehouse, contest_id: str, sequence: int) -> bool:
    """Return whether the smaller score stands ahead; of a contest there is not, it does not."""
    contest = _contest(warehouse, contest_id, sequence)
    return contest is not None and falls(contest, _directions(*_measured(warehouse, sequence)))


def _contest(warehouse: Warehouse, contest_id: str, sequence: int) -> Mapping[str, Any] | None:
    contests = _content(warehouse, "contests", sequence).get("contests", ())
    return next((c for c in contests if c["contest_id"] == contest_id), None)


def _measured(warehouse: Warehouse, sequence: int) -> tuple[_Named, _Named]:
    """Return measures and KPIs by name."""
    measures = _content(warehouse, "measures", sequence).get("measures", ())
    kpis = _content(warehouse, "kpis", sequence).get("kpis", ())
    return _by(measures, "measure"), _by(kpis, "kpi_id")


def _directions(measures: _Named, kpis: _Named) -> dict[str, str]:
    return {name: one.get("direction", "HIGHER") for name, one in {**kpis, **measures}.items()}


def _by(some: Any, name: str) -> Mapping[str, Mapping[str, Any]]:
    return {one[name]: one for one in some}


def _content(warehouse: Warehouse, kind: str, sequence: int) -> Mapping[str, Any]:
    rows = ask_once(
        warehouse,
        f"SELECT content FROM spm.definition FINAL WHERE kind = {quoted(kind)}"
        f" AND sequence <= {sequence} ORDER BY sequence DESC LIMIT 1",
    )
    content: Mapping[str, Any] = json.loads(rows.row(0)[0]) if len(rows) else {}
    return content
