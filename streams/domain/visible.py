"""Whose rows and whose pay a principal may read: one rule for every door.

A rep reads their own; a manager their own and that of everybody below them at any depth, as the
hierarchy is on the day of the question, the past of those people included; finance everybody's. So
whoever leaves a manager's tree takes their past along to the next one. Analysts read what was done
and sold, and nobody's pay. Whoever is not named here reads nothing.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from schemas.principals import Principal, Role

if TYPE_CHECKING:  # the warehouse begins a third sooner without all definitions
    from schemas.definitions import Roster

Reporting = tuple[str, str]  # rep and manager, '' for none
_EVERYBODYS_FACTS = frozenset({Role.SERVICE, Role.FINANCE, Role.ANALYST})
_EVERYBODYS_PAY = frozenset({Role.SERVICE, Role.FINANCE})


class Reach(NamedTuple):
    """Whose rows somebody may read."""

    everybody: bool
    reps: frozenset[str] = frozenset()

    def holds(self, rep_id: str) -> bool:
        """Return whether somebody's rows are among them."""
        return self.everybody or rep_id in self.reps


def facts_of(principal: Principal, reporting: Iterable[Reporting]) -> Reach:
    """Return whose facts and results a principal may read: activities, deals, attainment."""
    return _reach(principal, reporting, _EVERYBODYS_FACTS)


def pay_of(principal: Principal, reporting: Iterable[Reporting]) -> Reach:
    """Return whose pay a principal may read: ledger, statements, plans, disputes.

    Args:
        reporting: who reports to whom on the day of the question.

    >>> rex = Principal("rex", Role.REP, "r2")
    >>> sorted(pay_of(rex, [("r3", "r2")]).reps)
    ['r2']
    """
    return _reach(principal, reporting, _EVERYBODYS_PAY)


def reporting_on(roster: "Roster", on: date) -> Iterator[Reporting]:
    """Yield who reports to whom on a day."""
    for rep in roster.reps:
        for stint in rep.history:
            if stint.valid_from <= on and (stint.valid_to is None or on < stint.valid_to):
                yield rep.rep_id, stint.manager_id or ""


def below(manager: str, reporting: Iterable[Reporting]) -> frozenset[str]:
    """Return everybody below a manager at any depth; a ring does no harm.

    >>> sorted(below("a", (("b", "a"), ("c", "b"), ("d", "x"))))
    ['b', 'c']
    """
    every = tuple(reporting)
    found, edge = set[str](), {manager}
    while edge:
        edge = {rep for rep, boss in every if boss in edge} - found
        found |= edge
    return frozenset(found)


def _reach(
    principal: Principal, reporting: Iterable[Reporting], everybodys: frozenset[Role]
) -> Reach:
    if principal.role in everybodys:
        return Reach(everybody=True)
    own = principal.rep_id
    if not own or principal.role not in (Role.REP, Role.MANAGER):
        return Reach(everybody=False)
    reps = frozenset({own})
    if principal.role is Role.MANAGER:
        reps |= below(own, reporting)
    return Reach(everybody=False, reps=reps)
