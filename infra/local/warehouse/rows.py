"""Whose rows a reader sees: filters for each view, from role and roster."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from infra.local.warehouse.engine import Engine
from infra.local.warehouse.errors import ClickHouseError
from infra.local.warehouse.guard import PUBLIC
from infra.local.warehouse.lexer import literal
from schemas.principals import Principal, Role

OWNER = "rep_id"  # the column by which rows belong to somebody
# Views without rep_id that everybody may read: they tell nothing of any one person.
FOR_EVERYONE = frozenset({
    "dim_team", "dim_territory", "dim_measure", "dim_kpi", "dim_date", "data_freshness",
    "data_dictionary", "dead_letter_count", "reconciliation",
})  # fmt: skip
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


@dataclass(frozen=True, slots=True)
class World:
    """What rules are made from.

    Attributes:
        views: view -> whether it has a rep_id.
        managers: rep -> manager today, '' for none.
    """

    views: Mapping[str, bool]
    databases: frozenset[str]
    managers: tuple[tuple[str, str], ...]


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
    every = frozenset(world.views)
    if principal.role in (Role.FINANCE, Role.ANALYST):
        return Rules(every, SYSTEM_FILTERS)
    reps = {principal.rep_id} if principal.rep_id else set()
    if principal.role is Role.MANAGER and principal.rep_id:
        reps |= below(principal.rep_id, world.managers)
    theirs = ", ".join(literal(rep) for rep in sorted(reps))
    condition = f"{OWNER} IN ({theirs})" if reps else "0"
    owned = {view for view, has_owner in world.views.items() if has_owner}
    seen = owned | (every & FOR_EVERYONE)
    filters = {f"{PUBLIC}.{view}": condition for view in sorted(owned)}
    nothing = {f"{PUBLIC}.{view}": "0" for view in sorted(every - seen)}
    return Rules(frozenset(seen), {**SYSTEM_FILTERS, **filters, **nothing})


def below(manager: str, managers: tuple[tuple[str, str], ...]) -> set[str]:
    """Return everybody below a manager at any depth; a ring in the roster does no harm.

    >>> sorted(below("a", (("b", "a"), ("c", "b"), ("d", "x"))))
    ['b', 'c']
    """
    found, edge = set[str](), {manager}
    while edge:
        edge = {rep for rep, boss in managers if boss in edge} - found
        found |= edge
    return found


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
        return World({k: bool(v) for k, v in views.items()}, frozenset(names), tuple(managers))


def _pairs(data: memoryview) -> list[tuple[str, str]]:
    return [(first, second) for first, second in map(json.loads, bytes(data).splitlines())]
