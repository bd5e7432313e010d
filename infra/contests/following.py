"""Standings of contests that run, kept in spm.contest_standing step by step.

A step writes a row for each participant whose row is another than before, in one insert. Whoever
follows after a crash begins with what stands there and reads the rest from history: nothing but the
instants at which something was seen depends on who followed when.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import polars as pl

from connectors.sinks.clickhouse import Warehouse, texts
from infra.contests.final import SCORE, are_final
from infra.contests.listening import Changed
from infra.contests.live import Day, Live, Sum
from infra.definitions.stored import Stored
from infra.settling.asking import LIVE
from schemas.contest_choices import Of, State
from schemas.definitions import Bundle
from streams.domain.contest_measures import folded
from streams.domain.contest_moves import Stood, passed
from streams.domain.contest_ranking import gaps
from streams.domain.contest_results import Result
from streams.domain.contest_times import days, millis, moment, window

TABLE = "spm.contest_standing"
_AT, _PERCENT = pl.Datetime("ms", "UTC"), pl.Decimal(18, 4)
_SCHEMA: dict[str, Any] = {
    "contest_id": pl.String, "participant_id": pl.String, "number": pl.UInt64, "at": _AT,
    "rep_id": pl.String, "is_in": pl.Boolean, "phase": pl.String, "place": pl.UInt16,
    "is_tied": pl.Boolean, "score": SCORE, "percent": _PERCENT, "behind": SCORE,
    "events": pl.UInt64, "reached_at": _AT, "passed": pl.List(pl.String), "sequence": pl.UInt64,
}  # fmt: skip


class Row(NamedTuple):
    """How a participant stands."""

    phase: str
    place: int
    is_tied: bool
    score: Decimal
    percent: Decimal | None
    behind: Decimal
    events: int
    reached_at: datetime | None
    is_in: bool = True


class Step(NamedTuple):
    """What one look at a contest wrote."""

    contest_id: str
    number: int
    rows: int
    passed: Mapping[str, tuple[str, ...]]


# Tells whoever listens of rows of one step, and whether they are all there are.
Tell = Callable[[Sequence[Mapping[str, Any]], bool], None]


def _to_nobody(rows: Sequence[Mapping[str, Any]], is_whole: bool) -> None:
    """Tell nobody."""


class Following:
    """All contests that run, and how they stood when they were looked at last."""

    def __init__(self, warehouse: Warehouse, tell: Tell = _to_nobody) -> None:
        self._warehouse, self._tell = warehouse, tell
        self._told_wholly: set[str] = set()
        self._bundle = Bundle()
        self._incarnation = warehouse.incarnation()
        self._lives: dict[str, Live] = {}
        self._final: set[str] = set()
        self._stood: dict[str, dict[str, Row]] = {}
        self._numbers: dict[str, int] = {}
        self._read_standings()

    def look(self, now: datetime) -> list[Step]:
        """Return what changed, after comparing all there is with what was known.

        Raises:
            Unavailable: not now.
            Fenced: the warehouse is another one; begin with a new Following.
            LookupError: definitions were written by a newer version of this program.
        """
        stored = Stored(self._warehouse)
        if stored.newest() != self._bundle.sequence or not self._bundle.sequence:
            self._bundle = stored.in_force().bundle()
            self._lives = {}
        self._final = are_final(self._warehouse)
        self._follow(now)
        steps = []
        for contest_id, sums in self._sums().items():
            live = self._lives[contest_id]
            live.read(self._warehouse, live.differing(sums))
            steps += self._stepped(live, now)
            if contest_id not in self._told_wholly:  # what was told before may not have got out
                stood = self._stood.get(contest_id, {})
                self._tell(self._as_rows(live, stood, self._numbers.get(contest_id, 0), now), True)
                self._told_wholly.add(contest_id)
        return steps

    def hear(self, changed: Collection[Changed], now: datetime) -> list[Step]:
        """Return what changed, after reading again what was heard of.

        Raises:
            Unavailable, Fenced: as `look`.
        """
        steps = []
        for live in self._lives.values():
            touched = {(c.rep_id, c.day) for c in changed if c.measure in live.measures}
            if touched:
                live.read(self._warehouse, touched)
                steps += self._stepped(live, now)
        return steps

    def _follow(self, now: datetime) -> None:
        """Take up contests that have begun, and let go of those that are final."""
        wanted = {
            c.contest_id: c
            for c in self._bundle.contests.contests
            if c.state is not State.DRAFT
            and c.contest_id not in self._final
            and window(c).start <= millis(now)
        }
        self._lives = {
            name: self._lives.get(name) or Live(self._bundle, contest)
            for name, contest in wanted.items()
        }

    def _sums(self) -> dict[str, dict[Day, Sum]]:
        """Return what totals say of contests, by rep and day; all followed contests are there."""
        found: dict[str, dict[Day, Sum]] = {name: {} for name in self._lives}
        of = {measure: name for name, live in self._lives.items() for measure in live.measures}
        some = [c for c in folded(self._bundle) if c.contest_id in found]
        if not some:
            return found
        spans = [days(contest) for contest in some]
        rows = self._warehouse.query(
            "SELECT toString(measure) AS name, rep_id, day, sum(value),"
            " groupBitXor(cityHash64(currency, topic, partition, position))"
            f" FROM spm.kpi_rep_day FINAL WHERE {LIVE} AND day >= '{min(s[0] for s in spans)}'"
            f" AND day < '{max(s[1] for s in spans)}' AND measure IN ({texts(sorted(of))})"
            " GROUP BY name, rep_id, day"
        ).result_rows
        sums: dict[tuple[str, Day], list[Sum]] = defaultdict(list)
        for measure, rep_id, day, value, places in rows:
            sums[of[measure], (rep_id, day)].append(Sum(value, hash((measure, places))))
        for (name, key), each in sums.items():
            both = sorted(one.positions for one in each)
            found[name][key] = Sum(sum((s.value for s in each), Decimal(0)), hash(tuple(both)))
        return found

    def _stepped(self, live: Live, now: datetime) -> list[Step]:
        contest = live.contest
        before = self._stood.get(contest.contest_id, {})
        after = _rows(live.standing(self._warehouse, now))
        gone = {name: row._replace(is_in=False, place=0)
                for name, row in before.items() if name not in after and row.is_in}  # fmt: skip
        every = {**after, **gone}
        changed = {name: row for name, row in every.items() if before.get(name) != row}
        if not changed:
            return []
        went = passed(_stood(before), _stood(after), is_lower_better=live.is_lower_better)
        number = self._numbers.get(contest.contest_id, 0) + 1
        rows = self._as_rows(live, changed, number, now, went)
        frame = pl.DataFrame(rows, _SCHEMA, orient="row")
        self._warehouse.insert(TABLE, frame, self._incarnation)
        self._stood[contest.contest_id] = {**before, **every}
        self._numbers[contest.contest_id] = number
        self._tell(rows, False)
        return [Step(contest.contest_id, number, len(rows), went)]

    def _as_rows(
        self, live: Live, stood: Mapping[str, Row], number: int, now: datetime,
        went: Mapping[str, tuple[str, ...]] | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        contest = live.contest
        head = {"contest_id": contest.contest_id, "number": number, "at": now,
                "sequence": self._bundle.sequence}  # fmt: skip
        is_of_reps = contest.of is Of.REPS
        return [
            {**head, "participant_id": name, "rep_id": name if is_of_reps else "",
             "passed": list((went or {}).get(name, ())), **row._asdict()}
            for name, row in sorted(stood.items())
        ]  # fmt: skip

    def _read_standings(self) -> None:
        names = ", ".join(Row._fields)
        rows = self._warehouse.query(
            f"SELECT contest_id, participant_id, number, {names} FROM {TABLE}"
            " ORDER BY contest_id, participant_id, number DESC"
            " LIMIT 1 BY contest_id, participant_id"
        ).result_rows
        for contest_id, participant, number, *row in rows:
            one = Row(*row)
            at = one.reached_at and one.reached_at.replace(tzinfo=UTC)  # the driver tells no zone
            self._stood.setdefault(contest_id, {})[participant] = one._replace(reached_at=at)
            self._numbers[contest_id] = max(self._numbers.get(contest_id, 0), int(number))


def _rows(found: Result) -> dict[str, Row]:
    behind = gaps(found.placed)
    return {
        one.tally.participant: Row(
            found.phase.value, one.rank or 0, one.is_tied, one.tally.score,
            one.tally.percent,
            behind.get(one.tally.participant, Decimal(0)), one.tally.events,
            None if one.tally.reached_at is None else moment(one.tally.reached_at),
        )
        for one in found.placed
    }  # fmt: skip


def _stood(rows: Mapping[str, Row]) -> dict[str, Stood]:
    return {name: Stood(row.place, row.score) for name, row in rows.items() if row.is_in}


def told(steps: Iterable[Step]) -> Iterable[str]:
    """Yield who passed whom, in words for a log."""
    for step in steps:
        for name, others in step.passed.items():
            yield f"{step.contest_id}: {name} passed {', '.join(others)}"
