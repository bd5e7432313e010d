"""Places in contests, said a second time: by score and ladder, by rounds, by time in the lead."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import groupby, pairwise
from typing import NamedTuple

from infra.reconcile import contest_courses as courses
from infra.reconcile.asking import Warehouse
from infra.reconcile.contest_courses import SCORE, Made
from infra.reconcile.contest_rules import UNIT, Spec

NEVER = 1 << 62
Key = tuple[int, ...]


class Expected(NamedTuple):
    """How somebody should stand.

    Attributes:
        place: 0 for none; None: it is not said a second time.
    """

    made: Made
    place: int | None
    is_tied: bool


def expected(warehouse: Warehouse, one: Spec, below: str, as_of: int) -> dict[str, Expected]:
    """Return how everybody should stand.

    Args:
        below: SQL for which rows of history are seen.
        as_of: rounds that are over by then are decided; milliseconds.
    """
    whole = _all(one, courses.made(warehouse, one, below, [one.window])[0])
    if one.format in ("RANKING", "DUEL", "GOAL"):
        return _ranked(one, whole)
    if one.format == "RACE":
        return _race(warehouse, one, below, whole)
    if one.format == "ELIMINATION":
        return _elimination(warehouse, one, below, as_of, whole)
    if one.format == "KING" and all(made.lowest >= 0 for made in whole.values()):
        return _king(warehouse, one, below, as_of, whole)
    return {name: Expected(made, None, False) for name, made in whole.items()}


def _all(one: Spec, some: Mapping[str, Made]) -> dict[str, Made]:
    return {name: some.get(name, Made()) for name in one.participants}


def key_of(one: Spec, name: str, made: Made) -> Key:
    """Return what orders participants, the best first."""
    target = one.targets.get(name)
    percent = None if target is None else made.score if one.is_percent else _part(made, target)
    steps = {
        "PERCENT": NEVER if percent is None else -percent,
        "REACHED": made.reached or NEVER,
        "EVENTS": made.events,
    }
    ties = one.contest.get("ties") or {}
    ladder = [ties.get("first", "REACHED"), ties.get("second"), ties.get("third")]
    score = made.score if one.is_lower_better else -made.score
    return (score, *(steps[step] for step in ladder if step))


def _part(made: Made, target: int) -> int:
    by = target * SCORE // UNIT
    quotient, rest = divmod(made.score * UNIT, by)
    return quotient + (rest * 2 > by or (rest * 2 == by and quotient % 2))


def _ranked(one: Spec, every: Mapping[str, Made], *, minimum: bool = True) -> dict[str, Expected]:
    """Return competition places by score and ladder; below the minimum nobody has one."""
    there = {n: m for n, m in every.items() if not minimum or _qualifies(one, m)}
    placed = _placed(there, lambda name: key_of(one, name, every[name]))
    return {n: Expected(m, *placed.get(n, (0, False))) for n, m in every.items()}


def _placed(names: Iterable[str], key: Callable[[str], Key]) -> dict[str, tuple[int, bool]]:
    found: dict[str, tuple[int, bool]] = {}
    for _, group in groupby(sorted(names, key=key), key=key):
        same = list(group)
        found |= dict.fromkeys(same, (len(found) + 1, len(same) > 1))
    return found


def _qualifies(one: Spec, made: Made) -> bool:
    least = one.contest.get("minimum_score")
    if least is not None and made.score < int(Decimal(str(least)) * SCORE):
        return False
    return made.events >= int(one.contest.get("minimum_events") or 0)


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
    first = _placed(there, lambda name: (there[name],))
    rest = _ranked(one, {n: m for n, m in every.items() if n not in there})
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
        standing = _ranked(one, {name: made[name] for name in left}, minimum=False)
        if as_of < end:
            break
        keep = max(1, len(left) - int(one.contest.get("drop", 1)))
        out = {n: e for n, e in standing.items() if (e.place or 0) > keep}
        groups.insert(0, out)
        left -= set(out)
    still = {name: standing[name] for name in left} if standing else {}
    found: dict[str, Expected] = {}
    for group in (still or dict.fromkeys(left, Expected(Made(), 1, False)), *groups):
        placed = _placed(group, lambda name, g=group: (g[name].place or 0,))  # type: ignore[misc]
        base = len(found)
        found |= {n: Expected(whole[n], base + p, tied) for n, (p, tied) in placed.items()}
    return found


def _king(
    warehouse: Warehouse, one: Spec, below: str, as_of: int, whole: Mapping[str, Made]
) -> dict[str, Expected]:
    until = max(one.window[0], min(one.window[1], as_of))
    held = _held([*courses.leads(warehouse, one, below, until), (until, [])])
    there = [name for name, made in whole.items() if _qualifies(one, made)]
    placed = _placed(there, lambda n: (-held.get(n, 0), *key_of(one, n, whole[n])))
    return {n: Expected(m, *placed.get(n, (0, False))) for n, m in whole.items()}


def _held(leads: Sequence[tuple[int, Sequence[str]]]) -> dict[str, int]:
    """Return for how long who was in the lead; who is in it keeps it until somebody is above."""
    found: dict[str, int] = {}
    king = ""
    for (at, first), (following, _) in pairwise(leads):
        king = king if king in first else first[0]
        found[king] = found.get(king, 0) + following - at
    return found
