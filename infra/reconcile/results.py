"""Final results and moving standings of contests, computed a second time from history.

A final result is held to history below the cut that it names; a standing to all there is, as soon
as whoever follows has had the time to see it. A KPI with a formula is read as of the instant it is
asked for: of final results by one the places and prizes are said again, and its values are told to
be left out.
"""

import time
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from connectors.sinks.clickhouse import quoted, texts
from infra.reconcile import contest_formulas as formulas
from infra.reconcile import contest_places as places
from infra.reconcile.asking import Warehouse, ask
from infra.reconcile.contest_courses import SCORE, Made, highest
from infra.reconcile.contest_ladders import Expected, qualifies
from infra.reconcile.contest_prizes import NOTHING, Prize, Ranked, won
from infra.reconcile.contest_rules import UNIT, Spec
from infra.reconcile.contest_stored import FINAL, STANDING, Found, stands, written
from infra.reconcile.cut import applied
from infra.reconcile.findings import Checked, Mismatch
from infra.reconcile.putting_in import PUT_IN

TABLES = (FINAL, STANDING)
FOLLOW_SECONDS = 180  # three looks of whoever follows, as often as it looks unless told otherwise
_EVERYTHING = "1"
Cut = Mapping[str, int]  # topic/partition -> position behind the last fact that is in it


class Seen(NamedTuple):
    """What of history a table is held to.

    Attributes:
        cut: None: all that there is.
        at: rounds that are over by then are decided; milliseconds since 1970.
    """

    cut: Cut | None
    at: int

    @property
    def below(self) -> str:
        """SQL for which rows of history are seen."""
        return _EVERYTHING if self.cut is None else _below(self.cut)


def checks(warehouse: Warehouse) -> Iterator[Checked]:
    """Yield what comes of each final result.

    One that was made before its definitions had reached every partition is not looked at: it was
    made under rules that history did not stand under yet.

    Raises:
        Unavailable: the warehouse is away.
    """
    heads = ask(
        warehouse,
        "SELECT contest_id, min((finalized_at, sequence)).2 AS sequence,"
        " argMin(cut, finalized_at) AS cut, toUnixTimestamp64Milli(min(finalized_at)) AS at"
        f" FROM {FINAL} GROUP BY contest_id ORDER BY contest_id",
    )
    for contest_id, sequence, cut, at in heads.iter_rows():
        ends = {place: int(end) for place, _, end in (one.rpartition("=") for one in cut)}
        yield from _checked(warehouse, FINAL, contest_id, int(sequence), Seen(ends, int(at)))


def check_standings(warehouse: Warehouse) -> Iterator[Checked]:
    """Yield what comes of each contest that is followed and not final.

    Raises:
        Unavailable: the warehouse is away.
    """
    rows = ask(
        warehouse,
        f"SELECT DISTINCT contest_id FROM {STANDING} WHERE contest_id NOT IN"
        f" (SELECT contest_id FROM {FINAL}) ORDER BY contest_id",
    )
    if not len(rows):
        return
    newest = ask(warehouse, "SELECT max(sequence) AS n, toUnixTimestamp64Milli(now64(3)) AS now"
                            " FROM spm.definition")  # fmt: skip
    sequence, now = (int(n) for n in newest.row(0))
    for contest_id in rows["contest_id"]:
        yield from _checked(warehouse, STANDING, str(contest_id), sequence, Seen(None, now))


def _checked(
    warehouse: Warehouse, table: str, contest_id: str, sequence: int, seen: Seen
) -> Iterator[Checked]:
    began = time.monotonic()
    one = written(warehouse, contest_id, sequence)
    if one is None or not _is_settled(warehouse, one, seen):
        return
    there = stands(warehouse, table, contest_id)
    wanted, not_said = _expected(warehouse, one, seen, there)
    won_ = {} if seen.cut is None else _prizes(warehouse, one, wanted, seen)
    wrong = [
        Mismatch(table, {"contest_id": contest_id, "participant_id": name}, what,
                 _told(wanted.get(name), prize), _told_found(there.get(name)), off, "", 0)
        for name in sorted({*wanted, *there})
        for prize in [won_.get(name, NOTHING)]
        for what, off in [_wrong(wanted.get(name), there.get(name), prize)] if what
    ]  # fmt: skip
    moving = _moving(warehouse, one, seen.at) if wrong and seen.cut is None else set[str]()
    still = tuple(m for m in wrong if not _may_move(m, moving))
    off = sum((abs(m.off) for m in still), Decimal(0))
    keys = len({*wanted, *there}) - len(wrong) + len(still)
    yield Checked(table, keys, len(wrong) - len(still), 0, len(still), {"": off} if off else {},
                  still, time.monotonic() - began, not_said)  # fmt: skip


def _expected(
    warehouse: Warehouse, one: Spec, seen: Seen, there: Mapping[str, Found]
) -> tuple[dict[str, Expected], tuple[str, ...]]:
    """Return how everybody should stand, and what of it is not said again."""
    if not one.is_by_formula:
        return places.expected(warehouse, one, seen.below, seen.at), ()
    if seen.cut is None and one.formula is not None:
        return places.by_value(one, formulas.made(warehouse, one, one.formula)), ()
    values = {name: Made(int(f.score * SCORE)) if f.place else None for name, f in there.items()}
    return places.by_value(one, values), (
        f"values of {one.contest['contest_id']}: a KPI with a formula",
    )


def _prizes(
    warehouse: Warehouse, one: Spec, wanted: Mapping[str, Expected], seen: Seen
) -> dict[str, Prize]:
    """Return what everybody should have won; of a goal nobody before all have reached it."""
    contest = one.contest
    if not contest.get("prizes"):
        return {}
    goal = int(Decimal(str(contest.get("target") or 1)) * UNIT) * (SCORE // UNIT)
    if one.format == "GOAL" and highest(warehouse, one, seen.below) < goal:
        return {}
    needs_events = not one.is_by_formula and not one.is_lower_better
    ranked = [
        Ranked(name, each.place,
               qualifies(one, each.made) and bool(each.made.events or not needs_events))
        for name, each in wanted.items()
    ]  # fmt: skip
    return won(contest, ranked)


def _may_move(mismatch: Mismatch, moving: set[str]) -> bool:
    """Return whether it may not have been looked at since; who moves, moves others' places."""
    is_own = mismatch.wrong not in ("place", "tie")
    return mismatch.key["participant_id"] in moving if is_own else bool(moving)


def _wrong(wanted: Expected | None, found: Found | None, prize: Prize) -> tuple[str, Decimal]:
    """Return what is wrong, and by how much; empty: nothing."""
    nothing = Decimal(0)
    if found is None:
        return "no row", nothing
    if wanted is None:
        return "row without a source", nothing
    off = found.score - Decimal(wanted.made.score) / SCORE
    differs = {
        "score": off != 0,
        "events": found.events != wanted.made.events,
        "when it was reached": found.reached != wanted.made.reached,
        "place": found.place != wanted.place,
        "tie": bool(wanted.place) and found.is_tied != wanted.is_tied,
        "prize": found.prize != prize,
    }
    return next((what for what, is_so in differs.items() if is_so), ""), off


def _told(one: Expected | None, prize: Prize) -> str:
    if one is None:
        return ""
    score = Decimal(one.made.score) / SCORE
    reached = f"{one.made.events} facts, reached {one.made.reached}"
    return f"{score:f}, place {one.place}, {reached}{_told_prize(prize)}"


def _told_found(one: Found | None) -> str:
    if one is None:
        return ""
    reached = f"{one.events} facts, reached {one.reached}"
    return f"{one.score:f}, place {one.place}, {reached}{_told_prize(one.prize)}"


def _told_prize(prize: Prize) -> str:
    money = [f"{prize.amount:f} {prize.currency}"] if prize.amount else []
    return f", wins {' and '.join([*money, *prize.things])}" if prize != NOTHING else ""


def _is_settled(warehouse: Warehouse, one: Spec, seen: Seen) -> bool:
    """Return whether all of history below a cut stands under the contest's definitions."""
    since = one.now.at["contests"]
    below = _below(_seen_long(warehouse) if seen.cut is None else seen.cut)
    for table in PUT_IN:
        rows = ask(
            warehouse,
            "SELECT concat(topic, '/', toString(partition)) AS place,"
            f" maxIf(sequence, kind = 'marker' AND {below}) AS in_force FROM {table}"
            f" GROUP BY place HAVING in_force < {since}",
        )
        if len(rows):
            return False
    return True


def _seen_long(warehouse: Warehouse) -> Cut:
    """Return what was applied so long ago that whoever follows has seen it."""
    rows = ask(warehouse, f"SELECT topic, partition, long_applied FROM ({applied(FOLLOW_SECONDS)})")
    return {f"{topic}/{number}": int(end) for topic, number, end in rows.iter_rows()}


def _moving(warehouse: Warehouse, one: Spec, now: int) -> set[str]:
    """Return for whom something happened that whoever follows may not have seen yet."""
    new = f"NOT ({_below(_seen_long(warehouse))})"
    if one.formula is not None:
        return formulas.moving(warehouse, one, one.formula, new)
    if any(0 <= now - end < FOLLOW_SECONDS * 1000 for _, end in one.rounds()):
        return set(one.participants)
    like = quoted(f"contest/{one.contest['contest_id']}/")
    touched = " OR ".join(
        f"entity_id IN (SELECT entity_id FROM {table} WHERE kind != 'marker' AND {new})"
        for table in PUT_IN
    )
    rows = ask(
        warehouse,
        "SELECT DISTINCT participant_id FROM spm.contest_member FINAL WHERE contest_id ="
        f" {quoted(one.contest['contest_id'])} AND rep_id IN (SELECT rep_id FROM spm.contest_event"
        f" WHERE startsWith(measure, {like}) AND ({touched}))",
    )
    return {str(name) for name in rows["participant_id"]}


def _below(cut: Cut) -> str:
    keys = [*cut] or [""]
    ends = ", ".join(str(end) for end in cut.values()) or "0"
    place = "concat(topic, '/', toString(partition))"
    reached = f"arrayMap(x -> toUInt64(x), [{ends}])"
    return f"position < transform({place}, [{texts(keys)}], {reached}, toUInt64(0))"
