"""What parts equal scores in contests, said a second time, and who shares a place."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from infra.reconcile.contest_courses import SCORE, Made
from infra.reconcile.contest_rules import UNIT, Spec

NEVER = 1 << 62
Key = tuple[int, ...]


class Expected(NamedTuple):
    """How somebody should stand.

    Attributes:
        place: 0 for none.
    """

    made: Made
    place: int
    is_tied: bool


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


def placed(names: Iterable[str], key: Callable[[str], Key]) -> dict[str, tuple[int, bool]]:
    """Return competition places, 1, 2, 2, 4, and who shares one."""
    found: dict[str, tuple[int, bool]] = {}
    for _, group in groupby(sorted(names, key=key), key=key):
        same = list(group)
        found |= dict.fromkeys(same, (len(found) + 1, len(same) > 1))
    return found


def qualifies(one: Spec, made: Made) -> bool:
    """Return whether somebody did enough to have a place."""
    least = one.contest.get("minimum_score")
    if least is not None and made.score < int(Decimal(str(least)) * SCORE):
        return False
    return made.events >= int(one.contest.get("minimum_events") or 0)
