"""Courses of contests as SQL: what each fact adds, what everybody has after each instant.

Scores are whole hundred-millionths: points and values have four places each.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from connectors.sinks.clickhouse import quoted, texts
from infra.reconcile.arithmetic import divided_even, whole
from infra.reconcile.asking import Warehouse, ask
from infra.reconcile.contest_rules import Span, Spec, members
from infra.reconcile.contests import instant
from infra.reconcile.putting_in import PUT_IN

SCORE = 10**8
_FOUR = 10**4  # hundred-millionths in a ten-thousandth: what is divided is rounded to these
_NO_CAP = "99999999999999"  # what no day brings
_MILLIS = "toUnixTimestamp64Milli"
_FIELD = "fromUnixTimestamp64Milli(coalesce(JSONExtract(state, '{}', 'Nullable(Int64)'), {}))"
_MEETING = {
    "booked_at": _FIELD.format("booked_at", f"{_MILLIS}(created_at)"),
    "start_at": _FIELD.format("start_at", f"{_MILLIS}(occurred_at)"),
}


class Made(NamedTuple):
    """What a participant has of some time.

    Attributes:
        score: whole hundred-millionths.
        reached: when it was first reached, milliseconds; 0: nothing was done.
        goal_at: when the own target was first reached; 0: never.
        events: facts that made it.
    """

    score: int = 0
    reached: int = 0
    goal_at: int = 0
    events: int = 0


def made(
    warehouse: Warehouse, one: Spec, below: str, spans: Sequence[Span]
) -> list[dict[str, Made]]:
    """Return what everybody who did anything has of each of some spans of time.

    Args:
        below: SQL for which rows of history are seen.
    """
    found: list[dict[str, Made]] = [{} for _ in spans]
    goal = str(SCORE) if one.is_percent else _of(one.targets, f"* {_FOUR}")
    rows = ask(
        warehouse,
        f"""SELECT span, participant, arraySort(groupArray((at, score))) AS course,
            toString(course[-1].2) AS final,
            arrayFirst(c -> c.2 >= course[-1].2, course).1 AS reached,
            if({goal} = 0, 0, arrayFirst(c -> c.2 >= {goal}, course).1) AS goal_at,
            uniqExactArray(facts) AS events
        FROM ({_course(one, below, spans)}) GROUP BY span, participant""",
    )
    columns = ("span", "participant", "final", "reached", "goal_at", "events")
    for span, name, final, reached, goal_at, events in rows.select(columns).iter_rows():
        found[span - 1][name] = Made(int(final), reached, goal_at, events)
    return found


def scores(
    warehouse: Warehouse, one: Spec, below: str, until: int
) -> list[tuple[int, list[tuple[str, int]]]]:
    """Return whose score was which after each instant at which some changed."""
    span = (one.window[0], until)
    rows = ask(
        warehouse,
        "SELECT at, arraySort(groupArray(participant)) AS names, arrayMap(s -> toString(s),"
        " arraySort((s, name) -> name, groupArray(score), groupArray(participant))) AS scores"
        f" FROM ({_course(one, below, [span])}) GROUP BY at ORDER BY at",
    )
    return [(int(at), list(zip(names, map(int, found), strict=True)))
            for at, names, found in rows.iter_rows()]  # fmt: skip


def highest(warehouse: Warehouse, one: Spec, below: str) -> int:
    """Return the most that all together had after any instant, whole hundred-millionths."""
    start, end = one.window
    rows = ask(
        warehouse,
        f"""SELECT toString(max(total)) AS most FROM (
            SELECT sum(units) OVER (ORDER BY at ROWS UNBOUNDED PRECEDING) AS total FROM (
                SELECT at, sum({whole("added", SCORE)}) AS units FROM ({_steps(one, below)})
                WHERE at >= {start} AND at < {end} GROUP BY at))""",
    )
    return int(rows.row(0)[0])


def _course(one: Spec, below: str, spans: Sequence[Span]) -> str:
    """Return SQL for the score of everybody after each instant of each span."""
    inside = " OR ".join(f"(s = {n} AND at >= {a} AND at < {b})"
                         for n, (a, b) in enumerate(spans, 1))  # fmt: skip
    over = "OVER (PARTITION BY span, participant ORDER BY at ROWS UNBOUNDED PRECEDING)"
    return f"""
        SELECT span, participant, at, facts, {_score(one)} AS score FROM (
            SELECT span, participant, at, facts, sum(amount) {over} AS total,
                length(groupUniqArrayArray(reps) {over}) AS people
            FROM (
                SELECT span, participant, at, sum(units) AS amount,
                    groupUniqArray(entity_id) AS facts, groupUniqArray(rep) AS reps
                FROM (SELECT *, {whole("added", SCORE)} AS units, arrayJoin(
                        arrayFilter(s -> {inside or "0"}, range(1, {len(spans) + 1}))) AS span
                    FROM ({_steps(one, below)}))
                GROUP BY span, participant, at))"""


def _score(one: Spec) -> str:
    """Return SQL for what a sum is as a score."""
    how = one.contest.get("team_score", "SUM") if one.contest.get("of") == "TEAMS" else "SUM"
    value = "total"
    if how == "AVERAGE":
        there = _of(one.heads)
        mean = divided_even(f"(total * {one.days})", f"greatest({there}, 1) * {_FOUR}")
        value = f"multiIf({there} = {one.days}, total, {there} = 0, toInt256(0), {mean} * {_FOUR})"
    elif how == "CONTRIBUTORS":
        value = f"if(people = 1, total, {divided_even('total', f'people * {_FOUR}')} * {_FOUR})"
    if one.is_percent:
        target = _of(one.targets)
        share = divided_even(f"({value})", f"greatest({target}, 1)")
        value = f"if({target} = 0, toInt256(0), {share} * {_FOUR})"
    return value


def _of(values: Mapping[str, int], also: str = "") -> str:
    """Return SQL for a participant's number; 0 for none."""
    if not values:
        return "toInt256(0)"
    numbers = f"arrayMap(x -> toInt64(x), [{', '.join(map(str, values.values()))}])"
    found = f"transform(participant, [{texts([*values])}], {numbers}, toInt64(0))"
    return f"(toInt256({found}) {also})"


def _steps(one: Spec, below: str) -> str:
    """Return SQL for what each fact adds to whom, after caps."""
    metrics = {f"contest/{one.contest['contest_id']}/{m.get('metric_id', m['kpi'])}": m
               for m in one.contest["metrics"]}  # fmt: skip
    is_points = one.contest.get("score") == "POINTS"
    worth = _each({name: str(m.get("points", 1)) if is_points else "1"
                   for name, m in metrics.items()})  # fmt: skip
    most = _each({name: str(m.get("cap_per_day") or _NO_CAP) for name, m in metrics.items()})
    by = {m.measure: m for m in one.now.measures}
    lines = " UNION ALL ".join(
        _lines(one, {n: by[m["kpi"]].rule for n, m in metrics.items()
                     if (by[m["kpi"]].of == "deal") == (table == "spm.deal")}, table, below)
        for table in PUT_IN
        if any((by[m["kpi"]].of == "deal") == (table == "spm.deal") for m in metrics.values())
    )  # fmt: skip
    so_far = (
        "sum(toDecimal128(value, 4)) OVER (PARTITION BY rep, measure, day"
        " ORDER BY at, entity_id ROWS UNBOUNDED PRECEDING)"
    )
    return f"""
        SELECT member.participant_id AS participant, rep, at, entity_id,
            counts * {worth} AS added
        FROM (SELECT *, least(so_far, {most}) - least(so_far - value, {most}) AS counts
            FROM (SELECT *, {so_far} AS so_far FROM ({lines}))) AS fact
        INNER JOIN ({members(one)}) AS member ON member.rep_id = fact.rep
        WHERE day >= member.valid_from AND day < member.valid_to AND counts != 0"""


def _lines(one: Spec, rules: Mapping[str, str], table: str, below: str) -> str:
    """Return SQL for what newest rows put in, and when it happened."""
    names, zone = texts(sorted(rules)), one.contest["time_zone"]
    at = {
        name: f"{_MILLIS}({_instant(rule, zone, close_date_first=one.now.close_date_first)})"
        for name, rule in rules.items()
    }
    cases = ", ".join(f"measure = {quoted(name)}, {when}" for name, when in at.items())
    return f"""
        SELECT entity_id, toString(put.1) AS rep, put.2 AS day, toString(put.3) AS measure,
            put.5 AS value, multiIf({cases}, 0) AS at
        FROM (SELECT *, arrayJoin({PUT_IN[table]}) AS put FROM (SELECT * FROM {table} WHERE
            kind != 'marker' AND {below} AND entity_id IN (SELECT entity_id
            FROM spm.contest_event WHERE measure IN ({names})) ORDER BY entity_id, position DESC
            LIMIT 1 BY entity_id) WHERE op = 'SET')
        WHERE measure IN ({names})"""


def _instant(rule: str, zone: str, *, close_date_first: bool) -> str:
    found = instant(rule, zone, close_date_first=close_date_first)
    return _MEETING.get(found, found)


def _each(values: Mapping[str, str]) -> str:
    """Return SQL for a number that goes by the measure of a line."""
    cases = ", ".join(
        f"measure = {quoted(name)}, toDecimal128({quoted(value)}, 4)"
        for name, value in values.items()
    )
    return f"multiIf({cases}, toDecimal128('0', 4))"
