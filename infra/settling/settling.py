"""One run: brings spm.kpi_rep_month up to what is applied, and says so in spm.settled.

Every step may be cut off, and the workers go on beside it. What a run writes is read only once its
row of spm.settled stands: until then months of another end are not looked at, and months of reps
that were touched are read by days.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, Protocol

import polars as pl

from connectors.sinks.clickhouse import quoted
from infra.settling import asking
from schemas.positions import OFFSET_BITS
from schemas.warehouse import Incarnation

TABLE, STATE = "spm.kpi_rep_month", "spm.settled"
OLDEST = date(1990, 1, 1)  # what claims to be older is read by days: a mistake in a date, mostly
# Days end when the last time zone has left them: twelve hours behind UTC, a day's margin.
OPEN_DAYS = 1
MONTHS_A_RUN = 3  # added into the past by one run: each is a few seconds of a core at 100,000 reps
LOOSE_MAX = (
    200_000  # months of reps; with more than that, starting again costs less than reading them
)
_SETTINGS = (
    "SETTINGS max_threads = 1, async_insert = 0, insert_deduplicate = 0, "
    "max_bytes_before_external_group_by = 400000000, max_bytes_ratio_before_external_group_by = 0, "
    "priority = 10"
)


class Warehouse(Protocol):
    """What is read from and written to."""

    def frame(self, sql: str) -> pl.DataFrame:
        """Return the answer to a query."""
        ...

    def command(self, sql: str) -> None:
        """Run a statement that returns nothing."""
        ...

    def incarnation(self) -> Incarnation:
        """Return which warehouse this is and which generation of results is live."""
        ...


class Settled(NamedTuple):
    """What is settled: days from `since` until before `until`."""

    version: int
    since: date
    until: date


class Run(NamedTuple):
    """What a run did.

    Attributes:
        months: written whole.
        loose: months of reps that had been touched and were written again.
        is_complete: nothing older is left to be settled.
    """

    settled: Settled
    months: int
    loose: int
    is_complete: bool


class Cut(NamedTuple):
    """How far each partition is applied: what is below is in the totals read afterwards."""

    keys: list[str]
    reached: list[int]
    lowest: list[int]


def settle(warehouse: Warehouse, now: datetime, months_max: int = MONTHS_A_RUN) -> Run | None:
    """Return what it did; None while partitions have not begun: what they bring would go unseen.

    Raises:
        Fenced: the warehouse became another one meanwhile; the next run begins again.
        Unavailable: not now.
    """
    mine = warehouse.incarnation()
    cut = _cut(warehouse)
    if cut is None:
        return None
    until = max(now.astimezone(UTC).date() - timedelta(days=OPEN_DAYS), OLDEST)
    last, before = _stored(warehouse, mine)
    version = last + 1
    read = before
    if before is None:  # of another warehouse: nobody reads it
        drop_months(warehouse, mine.generation)
    loose = _loose(warehouse) if before else 0
    if before is None or before.until > until or loose > LOOSE_MAX:
        before, loose = Settled(last, first_of(until), first_of(until)), 0
    if loose:
        _write_loose(warehouse, mine, version, before)
    done = 0
    for month in _between(first_of(before.until), until):
        end = min(following(month), until)
        if end > max(month, before.until):
            _write(warehouse, mine, version, month, end)
            done += 1
    since, oldest = before.since, _oldest(warehouse)
    while done < months_max and oldest and since > first_of(max(oldest, OLDEST)):
        month = first_of(since - timedelta(days=1))
        _write(warehouse, mine, version, month, since)
        since, done = month, done + 1
    settled = Settled(version, since, until)
    _note(warehouse, mine, settled, cut)
    if done:
        _tidy(warehouse, mine, (read or settled, settled))
    complete = not oldest or since <= first_of(max(oldest, OLDEST))
    return Run(settled, done, loose, complete)


def first_of(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def following(month: date) -> date:
    """Return the first day of the month behind it."""
    return first_of(month + timedelta(days=31))


def _between(month: date, until: date) -> Iterator[date]:
    while month < until:
        yield month
        month = following(month)


def _cut(warehouse: Warehouse) -> Cut | None:
    """Return how far each partition is applied; None if one of a topic was never begun."""
    rows = warehouse.frame(
        "SELECT topic, partition, max(bitShiftLeft(toUInt64(epoch), "
        f"{OFFSET_BITS}) + offset_to) AS reached FROM spm.applied GROUP BY topic, partition "
        "ORDER BY topic, partition"
    )
    counts = warehouse.frame(
        "SELECT topic, argMax(partitions, epoch) AS n FROM spm.log GROUP BY topic"
    )
    known = dict(counts.iter_rows()) if len(counts) else {}
    found = list(rows.iter_rows()) if len(rows) else []
    lowest = []
    for topic in asking.TOPICS:
        mine = [reached for name, _, reached in found if name == topic]
        if len(mine) < known.get(topic, 1):
            return None
        lowest.append(max(1, min(mine)))
    return Cut([f"{t}/{n}" for t, n, _ in found], [r for *_, r in found], [*lowest, 1])


def _stored(warehouse: Warehouse, mine: Incarnation) -> tuple[int, Settled | None]:
    """Return the newest run of any warehouse, and what is settled in this one."""
    rows = warehouse.frame(
        "SELECT version, since, until, incarnation FROM spm.settled "
        f"WHERE generation = {mine.generation} ORDER BY version DESC LIMIT 1"
    )
    if rows.is_empty():
        return 0, None
    version, since, until, incarnation = rows.row(0)
    return version, Settled(version, since, until) if incarnation == mine.name else None


def _loose(warehouse: Warehouse) -> int:
    return int(warehouse.frame(f"SELECT count() AS n FROM ({asking.loose()})")["n"][0])


def _oldest(warehouse: Warehouse) -> date | None:
    rows = warehouse.frame(
        f"SELECT day FROM spm.kpi_rep_day WHERE {asking.LIVE} AND day >= '{OLDEST}' "
        "ORDER BY generation, day LIMIT 1"
    )
    return rows["day"][0] if len(rows) else None


def _write(warehouse: Warehouse, mine: Incarnation, version: int, month: date, until: date) -> None:
    """Write the totals of a month's days before `until`, of everybody."""
    days = f"day >= '{month}' AND day < '{until}'"
    _insert(warehouse, mine, version, days, f"toDate32('{until}')")
    # The engine reads one merged part without merging it again.
    partition = f"({mine.generation}, '{month}', '{until}')"
    warehouse.command(f"OPTIMIZE TABLE {TABLE} PARTITION {partition} FINAL")


def _write_loose(warehouse: Warehouse, mine: Incarnation, version: int, before: Settled) -> None:
    """Write the months of reps again that were touched since the run before."""
    days = (
        f"day >= '{before.since}' AND day < '{before.until}' "
        f"AND ({asking.MONTH}, rep_id) IN ({asking.loose()})"
    )
    _insert(
        warehouse, mine, version, days, f"least(addMonths(month, 1), toDate32('{before.until}'))"
    )


def _insert(warehouse: Warehouse, mine: Incarnation, version: int, days: str, upto: str) -> None:
    """Write months of what lies on some days.

    Args:
        upto: SQL for where a month ends.
    """
    fence = (
        "throwIf((SELECT any(incarnation) FROM spm.warehouse FINAL) "
        f"!= {quoted(mine.name)}, 'another incarnation') = 0"
    )
    summed = (
        f"SELECT {asking.MONTH} AS month, measure, rep_id, currency, "
        "sum(toDecimal128(value, 4)) AS total FROM spm.kpi_rep_day FINAL "
        f"WHERE generation = {mine.generation} AND {days} GROUP BY month, measure, rep_id, currency"
    )
    warehouse.command(
        f"INSERT INTO {TABLE} "
        "(generation, month, upto, measure, rep_id, currency, version, value) "
        f"{_SETTINGS} SELECT {mine.generation}, month, {upto}, measure, toString(rep_id), "
        f"currency, {version}, total FROM ({summed}) WHERE {fence}"
    )


def _note(warehouse: Warehouse, mine: Incarnation, settled: Settled, cut: Cut) -> None:
    warehouse.command(
        f"INSERT INTO {STATE} (generation, incarnation, version, since, until, keys, reached, "
        f"lowest) SELECT {mine.generation}, {quoted(mine.name)}, {settled.version}, "
        f"'{settled.since}', '{settled.until}', {cut.keys}, {cut.reached}, {cut.lowest}"
    )


def _tidy(warehouse: Warehouse, mine: Incarnation, states: Sequence[Settled]) -> None:
    """Drop months that neither this run's state nor the one before it reads.

    A query that began under the one before still finds its months.
    """
    wanted = " OR ".join(
        f"month >= '{s.since}' AND month < '{s.until}' "
        f"AND upto = least(addMonths(month, 1), toDate32('{s.until}'))"
        for s in states
    )
    drop_months(warehouse, mine.generation, f"NOT ({wanted})")
    warehouse.command(
        f"DELETE FROM {STATE} WHERE generation = {mine.generation} "
        f"AND version < {states[0].version}"
    )


def drop_months(warehouse: Warehouse, generation: int, condition: str = "1") -> None:
    """Drop months of a generation, all of them or some."""
    rows = warehouse.frame(
        f"SELECT DISTINCT month, upto FROM {TABLE} WHERE generation = {generation} AND {condition}"
    )
    for month, upto in rows.iter_rows() if len(rows) else ():
        warehouse.command(f"ALTER TABLE {TABLE} DROP PARTITION ({generation}, '{month}', '{upto}')")
