"""The lines of a statement as the command lists them, and as spm_bi.commission_statement does."""

import json
from datetime import datetime
from typing import Any

from infra.statements.plain import COLUMNS, Shown, rows
from streams.domain.statements import trace_of

# What the command's sheet has, by its column; the rest of the sheet is words.
SAME = {name: name for name in COLUMNS if name not in ("period", "what", "formula")} | {
    "account": "account_name", "plan_written_on": "toDate32(plan_written_at)",
    "dispute": "disputes",
}  # fmt: skip
LINES = (
    f"SELECT {', '.join(SAME.values())} FROM spm_bi.commission_statement"
    " WHERE rep_id = {rep:String} AND posted_end > {start:Date32} AND posted_end <= {end:Date32}"
    " ORDER BY state != 'EARNED', plan_id, component_id, currency, day, position, entry_id"
)
TRACES = (
    "SELECT entry_id, tiers_before, tiers_after, formula, deal_name"
    " FROM spm_bi.commission_statement WHERE rep_id = {rep:String}"
)


def listed(shown: Shown) -> list[tuple[Any, ...]]:
    """Return the lines of a statement as the command's sheet has them."""
    places = [COLUMNS.index(name) for name in SAME]
    return [tuple(_plain(row[place]) for place in places) for row in rows(shown)]


def viewed(client: Any, shown: Shown) -> list[tuple[Any, ...]]:
    """Return the same lines as the view has them."""
    made = shown.statement
    asked = {"rep": made.rep_id, "start": made.period.start, "end": made.period.end}
    found = client.query(LINES, parameters=asked).result_rows
    return [tuple(map(_plain, row)) for row in found]


def same_traces(client: Any, shown: Shown) -> int:
    """Return how many lines climb tiers, which the view has as the entry's own trace has them."""
    found = client.query(TRACES, parameters={"rep": shown.statement.rep_id}).result_rows
    told = {entry: rest for entry, *rest in found}
    climbing = 0
    for line in shown.statement.lines:
        before, after, formula, name = told[line.entry.entry_id]
        trace = trace_of(line.entry)
        for side, text in (("before", before), ("after", after)):
            tiers = trace.get(side, {}).get("tiers")
            assert (json.loads(text) if text else None) == tiers
        assert formula == trace.get("formula", "")
        assert name == (line.deal_name if line.credit else "")
        climbing += bool(after)
    return climbing


def _plain(value: Any) -> Any:
    if value == "":
        return None
    return value.date() if isinstance(value, datetime) else value
