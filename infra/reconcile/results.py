"""Final results and moving standings of contests, computed a second time from history.

A final result is held to history below the cut that it names; a standing to all there is, as soon
as whoever follows has had the time to see it. Contests by a KPI with a formula have no facts of
their own, and who meets whom in brackets and seasons is not said again: what is left out is told.
"""

import json
import time
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from connectors.sinks.clickhouse import quoted, texts
from infra.reconcile.asking import Warehouse, ask
from infra.reconcile.contest_courses import SCORE
from infra.reconcile.contest_places import Expected, expected
from infra.reconcile.contest_rules import Spec, said_again, spec
from infra.reconcile.cut import applied
from infra.reconcile.definitions import in_force
from infra.reconcile.findings import Checked, Mismatch
from infra.reconcile.putting_in import PUT_IN

TABLE, STANDING = "spm.contest_result", "spm.contest_standing"
TABLES = (TABLE, STANDING)
FOLLOW_SECONDS = 180  # three looks of whoever follows, as often as it looks unless told otherwise
_EVERYTHING = "1"
Cut = Mapping[str, int]  # topic/partition -> position behind the last fact that is in it


class Found(NamedTuple):
    """How somebody stands by the table; a place of 0 is none."""

    place: int
    is_tied: bool
    score: Decimal
    events: int
    reached: int


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
        " FROM spm.contest_result GROUP BY contest_id ORDER BY contest_id",
    )
    for contest_id, sequence, cut, at in heads.iter_rows():
        ends = {place: int(end) for place, _, end in (one.rpartition("=") for one in cut)}
        yield from _checked(warehouse, TABLE, contest_id, int(sequence), (ends, int(at)))


def check_standings(warehouse: Warehouse) -> Iterator[Checked]:
    """Yield what comes of each contest that is followed and not final.

    Raises:
        Unavailable: the warehouse is away.
    """
    rows = ask(
        warehouse,
        f"SELECT DISTINCT contest_id FROM {STANDING} WHERE contest_id NOT IN"
        f" (SELECT contest_id FROM {TABLE}) ORDER BY contest_id",
    )
    if not len(rows):
        return
    newest = ask(warehouse, "SELECT max(sequence) AS n, toUnixTimestamp64Milli(now64(3)) AS now"
                            " FROM spm.definition")  # fmt: skip
    sequence, now = (int(n) for n in newest.row(0))
    for contest_id in rows["contest_id"]:
        yield from _checked(warehouse, STANDING, str(contest_id), sequence, (None, now))


def _checked(
    warehouse: Warehouse, table: str, contest_id: str, sequence: int, seen: tuple[Cut | None, int]
) -> Iterator[Checked]:
    began = time.monotonic()
    cut, as_of = seen
    one = _spec(warehouse, contest_id, sequence)
    if one is None or not _is_settled(
        warehouse, one, _seen_long(warehouse) if cut is None else cut
    ):
        return
    if isinstance(one, str):
        yield Checked(table, not_said=(one,))
        return
    wanted = expected(warehouse, one, _EVERYTHING if cut is None else _below(cut), as_of)
    there = _found(warehouse, table, contest_id)
    wrong = [
        Mismatch(table, {"contest_id": contest_id, "participant_id": name}, what,
                 _told(wanted.get(name)), _told_found(there.get(name)), off, "", 0)
        for name in sorted({*wanted, *there})
        for what, off in [_wrong(wanted.get(name), there.get(name))] if what
    ]  # fmt: skip
    moving = _moving(warehouse, one, as_of) if wrong and cut is None else set[str]()
    still = tuple(m for m in wrong if not _may_move(m, moving))
    off = sum((abs(m.off) for m in still), Decimal(0))
    keys = len({*wanted, *there}) - len(wrong) + len(still)
    yield Checked(table, keys, len(wrong) - len(still), 0, len(still), {"": off} if off else {},
                  still, time.monotonic() - began, tuple(said_again(one)))  # fmt: skip


def _may_move(mismatch: Mismatch, moving: set[str]) -> bool:
    """Return whether it may not have been looked at since; who moves, moves others' places."""
    is_own = mismatch.wrong not in ("place", "tie")
    return mismatch.key["participant_id"] in moving if is_own else bool(moving)


def _wrong(wanted: Expected | None, found: Found | None) -> tuple[str, Decimal]:
    """Return what is wrong, and by how much; empty: nothing."""
    nothing = Decimal(0)
    if found is None:
        return "no row", nothing
    if wanted is None:
        return "row without a source", nothing
    off = found.score - Decimal(wanted.made.score) / SCORE
    is_placed = wanted.place is not None
    differs = {
        "score": off != 0,
        "events": found.events != wanted.made.events,
        "when it was reached": found.reached != wanted.made.reached,
        "place": is_placed and found.place != wanted.place,
        "tie": bool(wanted.place) and found.is_tied != wanted.is_tied,
    }
    return next((what for what, is_so in differs.items() if is_so), ""), off


def _told(one: Expected | None) -> str:
    if one is None:
        return ""
    score = Decimal(one.made.score) / SCORE
    place = "" if one.place is None else f", place {one.place}"
    return f"{score:f}{place}, {one.made.events} facts, reached {one.made.reached}"


def _told_found(one: Found | None) -> str:
    if one is None:
        return ""
    return f"{one.score:f}, place {one.place}, {one.events} facts, reached {one.reached}"


def _found(warehouse: Warehouse, table: str, contest_id: str) -> dict[str, Found]:
    order = "finalized_at" if table == TABLE else "number DESC"
    is_in = "1" if table == TABLE else "is_in"
    rows = ask(
        warehouse,
        "SELECT participant_id, place, is_tied, score, events, coalesce(reached, 0) AS at FROM ("
        f"SELECT *, toUnixTimestamp64Milli(reached_at) AS reached FROM {table} FINAL"
        f" WHERE contest_id = {quoted(contest_id)}"
        f" ORDER BY participant_id, {order} LIMIT 1 BY participant_id) WHERE {is_in}",
    )
    return {str(name): Found(int(place), bool(tied), score, int(events), int(at))
            for name, place, tied, score, events, at in rows.iter_rows()}  # fmt: skip


def _spec(warehouse: Warehouse, contest_id: str, sequence: int) -> Spec | str | None:
    """Return a contest; a text: what of it is not said again; None: there is none."""
    contests = _content(warehouse, "contests", sequence).get("contests", ())
    contest = next((c for c in contests if c["contest_id"] == contest_id), None)
    if contest is None or contest.get("state") == "DRAFT":
        return None
    measures = _content(warehouse, "measures", sequence).get("measures", ())
    known = {m["measure"]: m.get("direction", "HIGHER") for m in measures}
    if any(metric["kpi"] not in known for metric in contest["metrics"]):
        return f"{contest_id}: a KPI with a formula"
    (now,) = in_force(warehouse, [sequence])
    return spec(warehouse, contest, sequence, now, known)


def _content(warehouse: Warehouse, kind: str, sequence: int) -> Mapping[str, Any]:
    rows = ask(
        warehouse,
        f"SELECT content FROM spm.definition FINAL WHERE kind = {quoted(kind)}"
        f" AND sequence <= {sequence} ORDER BY sequence DESC LIMIT 1",
    )
    content: Mapping[str, Any] = json.loads(rows.row(0)[0]) if len(rows) else {}
    return content


def _is_settled(warehouse: Warehouse, one: Spec | str, cut: Cut) -> bool:
    """Return whether all of history below a cut stands under the contest's definitions."""
    since = 0 if isinstance(one, str) else one.now.at["contests"]
    for table in PUT_IN:
        rows = ask(
            warehouse,
            "SELECT concat(topic, '/', toString(partition)) AS place,"
            f" maxIf(sequence, kind = 'marker' AND {_below(cut)}) AS in_force FROM {table}"
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
    if any(0 <= now - end < FOLLOW_SECONDS * 1000 for _, end in one.rounds()):
        return set(one.participants)
    like = quoted(f"contest/{one.contest['contest_id']}/")
    new = f"NOT ({_below(_seen_long(warehouse))})"
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
