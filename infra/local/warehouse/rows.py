"""Whose rows a reader sees: filters for each view, from role and roster."""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from infra.local.warehouse.engine import Engine, Handle
from infra.local.warehouse.errors import ClickHouseError
from infra.local.warehouse.guard import PUBLIC
from infra.local.warehouse.lexer import literal
from schemas.principals import Principal
from streams.domain.visible import Reach, Reporting, facts_of, pay_of

OWNER = "rep_id"  # the column by which rows belong to somebody
# Views without rep_id that everybody may read: they tell nothing of any one person.
FOR_EVERYONE = frozenset({
    "dim_team", "dim_territory", "dim_measure", "dim_kpi", "dim_date", "data_freshness",
    "data_dictionary", "dead_letter_count", "reconciliation", "dim_company",
    "pay_period",
})  # fmt: skip
# Tables that hold what people are paid begin so; a view that reads one is pay, too, and so is one
# that reads such a view. Plans of people name their variables.
_PAY_TABLE = re.compile(r"spm\.(commission|dispute|payroll|payout|pay_run|draw|amorti[sz]ation)")
_PAY_VIEWS = frozenset({"plan_revision"})
NOTHING = "0"  # the condition that holds for no row
STALE_SECONDS = 2.0  # how long views and roster are remembered; a reader's query costs less so
_SEEN = f"('{PUBLIC}','system','information_schema','INFORMATION_SCHEMA')"
# Hides the names of other databases from whoever looks round.
SYSTEM_FILTERS = {
    "system.tables": f"database IN {_SEEN}",
    "system.columns": f"database IN {_SEEN}",
    "system.databases": f"name IN {_SEEN}",
    "system.dictionaries": f"database IN {_SEEN}",
}
_ROSTER = """SELECT rep_id, manager_id FROM spm.roster FINAL
WHERE sequence = (SELECT max(sequence) FROM spm.roster)
    AND valid_from <= {today:Date32} AND valid_to > {today:Date32}"""
_VIEWS = f"""SELECT table, countIf(name = '{OWNER}') > 0 FROM system.columns
WHERE database = '{PUBLIC}' GROUP BY table"""
# Who makes a view anew gives it another uuid; the texts of all views take long to look through.
_MADE = f"SELECT name, toString(uuid) FROM system.tables WHERE database = '{PUBLIC}'"
_READS = f"""SELECT name, arrayStringConcat(arrayDistinct(extractAll(
    create_table_query, '\\\\b(?:spm|{PUBLIC})\\\\.[a-z_0-9]+')), ' ')
FROM system.tables WHERE database = '{PUBLIC}'"""


@dataclass(frozen=True, slots=True)
class World:
    """What rules are made from.

    Attributes:
        views: view -> whether it has a rep_id.
        managers: rep -> manager today, '' for none.
        pay: views that tell what people are paid.
    """

    views: Mapping[str, bool]
    databases: frozenset[str]
    managers: tuple[Reporting, ...]
    pay: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rules:
    """What one reader sees.

    Attributes:
        views: views that are theirs, whole or by filter.
        filters: table -> condition, for the engine's additional_table_filters.
    """

    views: frozenset[str]
    filters: Mapping[str, str]


def rules_for(principal: Principal, world: World) -> Rules:
    """Return what a reader sees."""
    facts, pay = facts_of(principal, world.managers), pay_of(principal, world.managers)
    filters = dict(SYSTEM_FILTERS)
    seen = set()
    for view, has_owner in sorted(world.views.items()):
        reach = pay if view in world.pay else facts
        is_open = view in FOR_EVERYONE and view not in world.pay
        condition = "" if is_open else _condition(reach, has_owner=has_owner)
        if condition != NOTHING:
            seen.add(view)
        if condition:
            filters[f"{PUBLIC}.{view}"] = condition
    return Rules(frozenset(seen), filters)


def _condition(reach: Reach, *, has_owner: bool) -> str:
    """Return the condition of a view's rows; empty: all of them."""
    if reach.everybody:
        return ""
    if not reach.reps or not has_owner:
        return NOTHING
    return f"{OWNER} IN ({', '.join(literal(rep) for rep in sorted(reach.reps))})"


def pay_views(reads: Mapping[str, str]) -> frozenset[str]:
    """Return the views that tell what people are paid: those that read such tables, or each other.

    Args:
        reads: view -> tables and views it reads, as their names with databases.
    """
    found = {v for v, names in reads.items() if v in _PAY_VIEWS or _PAY_TABLE.search(names)}
    edge = set(found)
    while edge:
        names = {f"{PUBLIC}.{view}" for view in edge}
        edge = {v for v, read in reads.items() if names & set(read.split()) - {f"{PUBLIC}.{v}"}}
        edge -= found
        found |= edge
    return frozenset(found)


class Worlds:
    """The world as it was at most STALE_SECONDS ago."""

    def __init__(
        self,
        engine: Engine,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine, self._today, self._clock = engine, today, clock
        self._kept: tuple[float, World] | None = None
        self._pay: tuple[list[tuple[str, str]], frozenset[str]] | None = None

    def now(self) -> World:
        """Return the world."""
        kept = self._kept
        if kept is not None and self._clock() - kept[0] < STALE_SECONDS:
            return kept[1]
        world = self._read()
        self._kept = (self._clock(), world)
        return world

    def _read(self) -> World:
        handle = self._engine.handle()
        try:
            views = dict(_pairs(handle.run(_VIEWS, "JSONCompactEachRow").data))
            pay = self._pay_views(handle)
            names = handle.text("SELECT name FROM system.databases").split("\n")
            try:
                answer = handle.run(_ROSTER, "JSONCompactEachRow", {"today": str(self._today())})
                managers = _pairs(answer.data)
            except ClickHouseError as error:
                if error.name not in ("UNKNOWN_TABLE", "UNKNOWN_DATABASE"):
                    raise
                managers = []  # before the first migration nobody manages anybody
        finally:
            handle.close()
        owned = {view: bool(has_owner) for view, has_owner in views.items()}
        return World(owned, frozenset(names), tuple(managers), pay)

    def _pay_views(self, handle: Handle) -> frozenset[str]:
        made = _pairs(handle.run(_MADE, "JSONCompactEachRow").data)
        if self._pay is None or self._pay[0] != made:
            reads = dict(_pairs(handle.run(_READS, "JSONCompactEachRow").data))
            self._pay = (made, pay_views(reads))
        return self._pay[1]


def _pairs(data: memoryview) -> list[tuple[str, str]]:
    return [(first, second) for first, second in map(json.loads, bytes(data).splitlines())]
