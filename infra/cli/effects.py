"""What a dry run tells of numbers: who would change by how much, for people and for programs."""

import sys
from collections import defaultdict
from decimal import Decimal
from itertools import groupby
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from connectors.sinks.clickhouse import Warehouse
from infra.definitions.applying import Applied
from infra.definitions.showing import table
from infra.effects.attaining import Changed
from infra.effects.computing import PERIODS, Effect, Line, effect
from infra.effects.territories import Covered, covered

LINES_MAX = 20  # of one kind of subject, the largest changes; --json has all
_HEADS = {"REP": "reps", "TEAM": "teams", "REGION": "regions", "COMPANY": "company"}


def check_period(by: str) -> None:
    """Refuse what is no period."""
    if by not in PERIODS:
        raise typer.BadParameter(f"write one of {', '.join(PERIODS)}", param_hint="--by")


def computed(client: Any, planned: Applied, by: str) -> tuple[Effect, Covered]:
    """Return what a planned apply would change; the bar is on stderr."""
    warehouse = Warehouse(lambda: client)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as bar:
        tasks: dict[str, Any] = {}

        def tell(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what)
            bar.update(tasks[what], completed=done, total=of)

        found = effect(warehouse, planned.before, planned.after, by, tell)
        return found, covered(warehouse, planned.after)


def as_json(found: tuple[Effect, Covered] | None) -> dict[str, Any]:
    """Return it for programs; money as text, so that no reader makes a float of it."""
    if found is None:
        return {}
    effect, rules = found
    lines = [
        {**line._asdict(), "before": f"{line.before:f}", "after": f"{line.after:f}",
         "change": f"{line.after - line.before:f}"} for line in effect.lines
    ]  # fmt: skip
    return {
        "effect": {"entities": effect.entities, "lines": lines},
        "attainment": {
            "quotas": [_exact(one) for one in effect.attained.quotas],
            "not_computed": list(effect.attained.apart),
        },
        "rules": {"deals": dict(rules.deals), "gaps": [gap._asdict() for gap in rules.gaps]},
    }


def as_text(found: tuple[Effect, Covered] | None) -> str:
    """Return it for people: the largest changes of each kind of subject, then their sums."""
    if found is None:
        return ""
    effect, rules = found
    parts = [f"Looked at {effect.entities} calls, e-mails, meetings and deals anew."]
    if not effect.lines:
        parts.append("No number changes.")
    for kind, group in groupby(effect.lines, key=lambda line: line.subject_kind):
        parts.append(_table(_HEADS[kind], list(group)))
    for kind, quotas in groupby(effect.attained.quotas, key=lambda one: one.subject_kind):
        parts.append(_attained(_HEADS[kind], list(quotas)))
    if effect.attained.apart:
        parts.append(f"Attainment of {', '.join(effect.attained.apart)} is not computed: these "
                     "look at each deal, or at what is open now.")  # fmt: skip
    return "\n\n".join(["", *parts, *rules.told()])


def _table(head: str, lines: list[Line]) -> str:
    rows = [
        (x.subject_id, x.measure, x.period, _plain(x.before), _plain(x.after),
         f"{x.after - x.before:+,.4f}".rstrip("0").rstrip("."), x.currency)
        for x in lines[:LINES_MAX]
    ]  # fmt: skip
    more = len(lines) - LINES_MAX
    text = table((head.upper(), "MEASURE", "FROM", "BEFORE", "AFTER", "CHANGE", ""), rows)
    if more > 0:
        text += f"\n... and {more} more; --json has all"
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in lines:
        sums[line.measure, line.currency] += line.after - line.before
    told = ", ".join(f"{m} {v:+,f} {c}".strip() for (m, c), v in sorted(sums.items()))
    return f"{text}\nIn all: {told}"


def _attained(head: str, quotas: list[Changed]) -> str:
    rows = [
        (x.subject_id, f"{x.kpi} {x.currency}".strip(), x.period_start, _pair(x.quota_before,
         x.quota_after), _pair(x.actual_before, x.actual_after), _percent(x.attainment_before),
         _percent(x.attainment_after))
        for x in quotas[:LINES_MAX]
    ]  # fmt: skip
    names = (f"QUOTAS OF {head.upper()}", "KPI", "FROM", "QUOTA", "ACTUAL", "ATTAINED", "THEN")
    more = len(quotas) - LINES_MAX
    return table(names, rows) + (f"\n... and {more} more; --json has all" if more > 0 else "")


def _exact(one: Changed) -> dict[str, Any]:
    return {k: f"{v:f}" if isinstance(v, Decimal) else v for k, v in one._asdict().items()}


def _pair(before: Decimal | None, after: Decimal | None) -> str:
    told = ["-" if v is None else _plain(v) for v in (before, after)]
    return told[0] if before == after else " > ".join(told)


def _percent(ratio: Decimal | None) -> str:
    return "-" if ratio is None else f"{ratio * 100:.1f} %"


def _plain(value: Decimal) -> str:
    return f"{value:,.4f}".rstrip("0").rstrip(".")
