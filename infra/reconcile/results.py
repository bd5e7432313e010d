"""Final results of contests, added up a second time from history below the cut that they name.

Scores that are sums: RANKING, DUEL and GOAL by value or points, of reps or of teams by SUM. Places
are held to those scores: between how many have more, and how many have as much. What parts equal
scores, and every other format, is not said a second time.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from connectors.sinks.clickhouse import quoted, texts
from infra.reconcile.asking import Check, Warehouse, ask
from infra.reconcile.putting_in import PUT_IN

TABLE = "spm.contest_result"
SUMS = frozenset({"RANKING", "DUEL", "GOAL"})
_KEY = ("contest_id", "participant_id")
_NO_CAP = "99999999999999"  # what no day brings


class Final(NamedTuple):
    """A final result whose scores are sums.

    Attributes:
        sequence: definitions it was made under.
        since: revision of contests it was made under.
        cut: topic/partition -> position behind the last fact that is in it.
    """

    contest_id: str
    sequence: int
    since: int
    cut: Mapping[str, int]
    contest: Mapping[str, Any]
    is_lower_better: bool


def checks(warehouse: Warehouse) -> Iterator[Check]:
    """Yield the check of each final result whose scores are sums.

    One that was made before its definitions had reached every partition is none: then it was made
    under rules that history did not stand under yet.

    Raises:
        Unavailable: the warehouse is away.
    """
    for one in _finals(warehouse):
        if _is_settled(warehouse, one):
            yield Check(TABLE, _KEY, _sql(one))


def _finals(warehouse: Warehouse) -> Iterator[Final]:
    rows = ask(
        warehouse,
        "SELECT contest_id, min((finalized_at, sequence)).2 AS sequence,"
        " argMin(cut, finalized_at) AS cut FROM spm.contest_result FINAL"
        " GROUP BY contest_id ORDER BY contest_id",
    )
    for contest_id, sequence, cut in rows.iter_rows():
        since, contests = _content(warehouse, "contests", sequence)
        _, measures = _content(warehouse, "measures", sequence)
        known = {m["measure"]: m.get("direction", "HIGHER") for m in measures.get("measures", ())}
        contest = next(
            (c for c in contests.get("contests", ()) if c["contest_id"] == contest_id), None
        )
        if contest is not None and _is_sum(contest, known):
            ends = {place: int(end) for place, _, end in (one.rpartition("=") for one in cut)}
            lower = any(known[m["kpi"]] == "LOWER" for m in contest["metrics"])
            yield Final(contest_id, sequence, since, ends, contest, lower)


def _is_sum(contest: Mapping[str, Any], measures: Mapping[str, str]) -> bool:
    by_sum = contest.get("of", "REPS") == "REPS" or contest.get("team_score", "SUM") == "SUM"
    return (
        by_sum
        and contest.get("format", "RANKING") in SUMS
        and contest.get("score", "VALUE") != "PERCENT"
        and all(metric["kpi"] in measures for metric in contest["metrics"])
    )


def _content(warehouse: Warehouse, kind: str, sequence: int) -> tuple[int, Mapping[str, Any]]:
    rows = ask(
        warehouse,
        "SELECT sequence, content FROM spm.definition FINAL WHERE kind ="
        f" {quoted(kind)} AND sequence <= {sequence} ORDER BY sequence DESC LIMIT 1",
    )
    return (int(rows.row(0)[0]), json.loads(rows.row(0)[1])) if len(rows) else (0, {})


def _is_settled(warehouse: Warehouse, one: Final) -> bool:
    """Return whether all of history below the cut stands under the contest's definitions."""
    for table in PUT_IN:
        rows = ask(
            warehouse,
            "SELECT concat(topic, '/', toString(partition)) AS place,"
            f" maxIf(sequence, kind = 'marker') AS in_force FROM {table}"
            f" WHERE {_below(one.cut)} GROUP BY place HAVING in_force < {one.since}",
        )
        if len(rows):
            return False
    return True


def _sql(one: Final) -> str:
    """Return what there should be, beside what there is."""
    ahead = "<" if one.is_lower_better else ">"
    contest = quoted(one.contest_id)
    return f"""
        SELECT
            multiIf(there = 0, if(wanted = 0, '', 'no row'), wanted != score, 'score',
                place > 0 AND (place <= better OR place > better + equal), 'place', 'ok') AS state,
            [{contest}, participant] AS key,
            concat(toString(wanted), ', place ', toString(better + 1)) AS expected,
            concat(toString(score), ', place ', toString(place)) AS found,
            toDecimal128(wanted - score, 4) AS off, '' AS currency, toUInt64(0) AS position
        FROM
        (
            SELECT *, groupArrayIf(score, place > 0) OVER () AS every,
                arrayCount(s -> s {ahead} score, every) AS better,
                arrayCount(s -> s = score, every) AS equal
            FROM
            (
                SELECT participant, sum(is_there) AS there, toInt64(sum(at)) AS place,
                    toDecimal128(sum(due), 8) AS wanted, toDecimal128(sum(got), 8) AS score
                FROM
                (
                    SELECT participant_id AS participant, 1 AS is_there, place AS at,
                        toDecimal128(0, 8) AS due, toDecimal128(score, 8) AS got
                    FROM spm_bi.contest_result WHERE contest_id = {contest}
                    UNION ALL
                    SELECT participant, 0 AS is_there, 0 AS at, due, toDecimal128(0, 8) AS got
                    FROM ({_due(one)})
                )
                GROUP BY participant
            )
        )"""


def _due(one: Final) -> str:
    """Return SQL for what everybody's facts below the cut are worth."""
    metrics = {f"contest/{one.contest_id}/{m.get('metric_id', m['kpi'])}": m
               for m in one.contest["metrics"]}  # fmt: skip
    names = texts(sorted(metrics))
    worth = _by_measure({name: m.get("points", "1") for name, m in metrics.items()}, "1")
    if one.contest.get("score", "VALUE") != "POINTS":
        worth = "toDecimal128(1, 4)"
    most = _by_measure({name: m.get("cap_per_day", _NO_CAP) for name, m in metrics.items()},
                       _NO_CAP)  # fmt: skip
    lines = " UNION ALL ".join(
        f"""SELECT put.1 AS rep_id, put.2 AS day, toString(put.3) AS measure, put.5 AS value
        FROM (SELECT arrayJoin({PUT_IN[table]}) AS put FROM (SELECT * FROM {table} WHERE
            kind != 'marker' AND {_below(one.cut)} AND entity_id IN (SELECT entity_id
            FROM spm.contest_event WHERE measure IN ({names})) ORDER BY entity_id, position DESC
            LIMIT 1 BY entity_id) WHERE op = 'SET')"""
        for table in PUT_IN
    )
    return f"""
        SELECT member.participant_id AS participant, sum(
            least(toDecimal128(made, 4), {most}) * {worth}) AS due
        FROM (SELECT toString(rep_id) AS rep_id, day, measure, sum(value) AS made FROM ({lines})
            WHERE measure IN ({names}) GROUP BY rep_id, day, measure) AS fact
        INNER JOIN (SELECT rep_id, participant_id, valid_from, valid_to FROM spm.contest_member
            FINAL WHERE contest_id = {quoted(one.contest_id)} AND sequence = (SELECT max(sequence)
            FROM spm.contest_member WHERE contest_id = '' AND sequence <= {one.sequence}))
            AS member ON member.rep_id = fact.rep_id
        WHERE day >= member.valid_from AND day < member.valid_to GROUP BY participant"""


def _by_measure(values: Mapping[str, str], otherwise: str) -> str:
    """Return SQL for a number that goes by the measure of a line."""
    cases = ", ".join(
        f"measure = {quoted(name)}, toDecimal128({quoted(value)}, 4)"
        for name, value in values.items()
    )
    return f"multiIf({cases}, toDecimal128({quoted(otherwise)}, 4))"


def _below(cut: Mapping[str, int]) -> str:
    keys: Sequence[str] = [*cut] or [""]
    ends = ", ".join(str(end) for end in cut.values()) or "0"
    place = "concat(topic, '/', toString(partition))"
    reached = f"arrayMap(x -> toUInt64(x), [{ends}])"
    return f"position < transform({place}, [{texts(keys)}], {reached}, toUInt64(0))"
