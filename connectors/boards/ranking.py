"""Ranks: standard competition ranking (1, 2, 2, 4), gaps and movement, from totals alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one rep stands.

    Attributes:
        rank: 1 is best; equal totals share a rank, and as many ranks are left out behind them.
        tied: somebody else has the same total.
        to_next: what is missing to the next better total; None: nobody is better.
        moved: ranks won (positive) or lost since the baseline; None: there was no ranking then.
    """

    rep_id: str
    rank: int
    tied: bool
    value: Decimal
    to_next: Decimal | None
    moved: int | None


def ranks(totals: Mapping[str, Decimal]) -> dict[str, int]:
    """Return each rep's rank: one more than the number of reps with a greater total.

    >>> ranks({"a": Decimal(5), "b": Decimal(9), "c": Decimal(5), "d": Decimal(1)})
    {'b': 1, 'a': 2, 'c': 2, 'd': 4}
    """
    found: dict[str, int] = {}
    rank, last = 0, None
    for place, rep_id in enumerate(sorted(totals, key=lambda r: -totals[r]), start=1):
        if totals[rep_id] != last:
            rank, last = place, totals[rep_id]
        found[rep_id] = rank
    return found


def standings(
    totals: Mapping[str, Decimal],
    baseline: Mapping[str, Decimal],
    order: Callable[[str], object],
) -> tuple[Standing, ...]:
    """Return all standings, best first; `order` puts equals in a fixed order.

    Args:
        baseline: totals as they stood before; a rep who is not in it stood at zero. If nobody
            differed then, there was no ranking and nobody has moved.
    """
    now = ranks(totals)
    then = {rep_id: baseline.get(rep_id, ZERO) for rep_id in totals}
    was = ranks(then) if len(set(then.values())) > 1 else None
    sharing: dict[int, int] = {}
    for rank in now.values():
        sharing[rank] = sharing.get(rank, 0) + 1
    best_first = sorted(now, key=lambda r: (now[r], order(r)))
    rows: list[Standing] = []
    better: Decimal | None = None  # the next greater total than that of the row's rank
    for place, rep_id in enumerate(best_first):
        value = totals[rep_id]
        if place and totals[best_first[place - 1]] != value:
            better = totals[best_first[place - 1]]
        rows.append(
            Standing(
                rep_id=rep_id,
                rank=now[rep_id],
                tied=sharing[now[rep_id]] > 1,
                value=value,
                to_next=None if better is None else better - value,
                moved=None if was is None else was[rep_id] - now[rep_id],
            )
        )
    return tuple(rows)
