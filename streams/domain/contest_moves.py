"""Who passed whom between two looks at a contest. Pure.

Somebody passes when their own score rises above another's who had scored before. Who falls back, or
moves up because another's record was corrected, passes nobody: that is silent.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

_NOWHERE = 1 << 30  # behind every place


class Stood(NamedTuple):
    """How somebody stood; a place of 0 is none."""

    place: int
    score: Decimal


def passed(
    before: Mapping[str, Stood], now: Mapping[str, Stood], *, is_lower_better: bool = False
) -> dict[str, tuple[str, ...]]:
    """Return for everybody who passed somebody whom, in the order they stand in now.

    >>> a, b = Stood(1, Decimal(3)), Stood(2, Decimal(1))
    >>> passed({"a": a, "b": b}, {"a": Stood(2, Decimal(3)), "b": Stood(1, Decimal(4))})
    {'b': ('a',)}
    """
    ordered = sorted(now, key=lambda name: (_rank(now[name]), name))
    found = {}
    for name in ordered:
        was, is_now = before.get(name), now[name]
        rose = was is None or (
            is_now.score < was.score if is_lower_better else is_now.score > was.score
        )
        if is_now.place and rose:
            mine = tuple(_overtaken(name, before, now, ordered))
            if mine:
                found[name] = mine
    return found


def _overtaken(
    name: str, before: Mapping[str, Stood], now: Mapping[str, Stood], ordered: Sequence[str]
) -> list[str]:
    was = _rank(before.get(name))
    return [
        other
        for other in ordered
        if other != name
        and other in before
        and before[other].place
        and before[other].score
        and before[other].place <= was
        and _rank(now[other]) > now[name].place
    ]


def _rank(one: Stood | None) -> int:
    return _NOWHERE if one is None or not one.place else one.place
