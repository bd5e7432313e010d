"""Places in contests, said a second time: by score and ladder, by rounds, by time in the lead."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from infra.reconcile import contest_courses as courses
from infra.reconcile import contest_meetings as meetings
from infra.reconcile.asking import Warehouse
from infra.reconcile.contest_courses import Made
from infra.reconcile.contest_ladders import Expected, key_of, placed, qualifies
from infra.reconcile.contest_rules import Spec


def expected(warehouse: Warehouse, one: Spec, below: str, as_of: int) -> dict[str, Expected]:
    """Return how everybody should stand.

    Args:
        below: SQL for which rows of history are seen.
        as_of: rounds that are over by then are decided; milliseconds.
    """
    whole = _all(one, courses.made(warehouse, one, below, [one.window])[0])
    if one.format in ("RANKING", "DUEL", "GOAL"):
        return ranked(one, whole)
    if one.format == "RACE":
        return _race(warehouse, one, below, whole)
    if one.format == "ELIMINATION":
        return _elimination(warehouse, one, below, as_of, whole)
    if one.format == "KING":
        return _king(warehouse, one, below, as_of, whole)
    return meetings.places(_met(warehouse, one, below, as_of), whole)


def _met(warehouse: Warehouse, one: Spec, below: str, as_of: int) -> meetings.Met:
    spans = one.rounds()
    late = (spans[-2:][0][0], one.window[1])
    *each, last = (_all(one, some) for some in courses.made(warehouse, one, below, [*spans, late]))
    over = sum(1 for _, end in spans if as_of >= end)
    return meetings.Met(one, meetings.seeded(one), each, over, last)


def _all(one: Spec, some: Mapping[str, Made]) -> dict[str, Made]:
    return {name: some.get(name, Made()) for name in one.participants}


def by_value(one: Spec, values: Mapping[str, Made | None]) -> dict[str, Expected]:
    """Return places by values of a KPI with a formula; who has none has no place."""
    there = {name: made for name, made in values.items() if made is not None}
    return {**{name: Expected(Made(), 0, False) for name in values}, **ranked(one, there)}


def ranked(one: Spec, every: Mapping[str, Made], *, minimum: bool = True) -> dict[str, Expected]:
    """Return competition places by score and ladder; below the minimum nobody has one."""
    there = {n: m for n, m in every.items() if not minimum or qualifies(one, m)}
    at = placed(there, lambda name: key_of(one, name, every[name]))
    return {n: Expected(m, *at.get(n, (0, False))) for n, m in every.items()}


def _race(
    warehouse: Warehouse, one: Spec, below: str, whole: Mapping[str, Made]
) -> dict[str, Expected]:
    there = {name: made.goal_at for name, made in whole.items() if made.goal_at}
    winners, instants = int(one.contest.get("winners", 1)), sorted(there.values())
    every = whole
    if len(instants) >= winners:
        ended = instants[winners - 1]
        there = {name: at for name, at in there.items() if at <= ended}
        spans = [(one.window[0], ended + 1)]
        every = _all(one, courses.made(warehouse, one, below, spans)[0])
    first = placed(there, lambda name: (there[name],))
    rest = ranked(one, {n: m for n, m in every.items() if n not in there})
    behind = {n: e._replace(place=e.place + len(first)) if e.place else e for n, e in rest.items()}
    return {**behind, **{name: Expected(every[name], *first[name]) for name in first}}


def _elimination(
    warehouse: Warehouse, one: Spec, below: str, as_of: int, whole: Mapping[str, Made]
) -> dict[str, Expected]:
    spans = one.rounds()
    since = [(one.window[0], b) if one.contest.get("rounds_add_up") else (a, b) for a, b in spans]
    each = [_all(one, some) for some in courses.made(warehouse, one, below, since)]
    left, groups = set(one.participants), list[dict[str, Expected]]()
    standing: dict[str, Expected] = {}
    for (start, end), made in zip(spans, each, strict=True):
        if len(left) <= 1 or as_of < start:
            break
        standing = ranked(one, {name: made[name] for name in left}, minimum=False)
        if as_of < end:
            break
        keep = max(1, len(left) - int(one.contest.get("drop", 1)))
        out = {n: e for n, e in standing.items() if e.place > keep}
        groups.insert(0, out)
        left -= set(out)
    still = {name: standing[name] for name in left} if standing else {}
    found: dict[str, Expected] = {}
    for group in (still or dict.fromkeys(left, Expected(Made(), 1, False)), *groups):
        at = placed(group, lambda name, g=group: (g[name].place,))  # type: ignore[misc]
        base = len(found)
        found |= {n: Expected(whole[n], base + p, tied) for n, (p, tied) in at.items()}
    return found


def _king(
    warehouse: Warehouse, one: Spec, below: str, as_of: int, whole: Mapping[str, Made]
) -> dict[str, Expected]:
    until = max(one.window[0], min(one.window[1], as_of))
    reigned = held(courses.scores(warehouse, one, below, until), until)
    there = [name for name, made in whole.items() if qualifies(one, made)]
    at = placed(there, lambda n: (-reigned.get(n, 0), *key_of(one, n, whole[n])))
    return {n: Expected(m, *at.get(n, (0, False))) for n, m in whole.items()}


def held(course: Iterable[tuple[int, Sequence[tuple[str, int]]]], until: int) -> dict[str, int]:
    """Return for how long who was in the lead; who is in it keeps it until somebody is above."""
    found = defaultdict[str, int](int)
    scores: dict[str, int] = {}
    king, since, best = "", 0, 0
    for at, changed in course:
        fell = any(scores.get(name, 0) == best and score < best for name, score in changed)
        scores.update(changed)
        highest = max(score for _, score in changed)
        best = max(scores.values()) if fell or best <= 0 else max(best, highest)
        if king and scores[king] == best:
            continue
        found[king] += at - since
        king, since = min(n for n in scores if scores[n] == best) if best > 0 else "", at
    found[king] += until - since
    return found
