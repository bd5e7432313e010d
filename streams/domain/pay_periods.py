"""Life of a payroll period: open, provisional, approved by two people, closed, paid.

A provisional or approved period may be reopened with a reason; a closed one never.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from schemas.payroll import PeriodAct, PeriodStep
from streams.domain.periods import Span

APPROVALS = 2  # by different people: four eyes


class Status(StrEnum):
    """Where a period stands."""

    OPEN = "open"
    PROVISIONAL = "provisional"
    APPROVED = "approved"
    CLOSED = "closed"
    PAID = "paid"


class Life(NamedTuple):
    """Where a period stands, and who has approved it since it was made provisional."""

    status: Status = Status.OPEN
    approvers: tuple[str, ...] = ()


class Refusal(NamedTuple):
    """Why a period cannot take a step, and what to do."""

    problem: str
    remedy: str


def span_of(act: PeriodAct) -> Span:
    """Return the period an act is about."""
    return Span(act.period_start, act.period_end)


def in_order(acts: Iterable[PeriodAct]) -> list[PeriodAct]:
    """Return acts in the order they were done."""
    return sorted(acts, key=lambda act: (act.at, act.period_start, act.step))


def life_of(acts: Iterable[PeriodAct], period: Span) -> Life:
    """Return where a period stands after these acts."""
    life = Life()
    for act in in_order(acts):
        if span_of(act) == period:
            life = _after(life, act)
    return life


def _after(life: Life, act: PeriodAct) -> Life:
    if act.step is PeriodStep.APPROVED:
        approvers = (*life.approvers, act.by)
        enough = len(set(approvers)) >= APPROVALS
        return Life(Status.APPROVED if enough else life.status, approvers)
    reached = {
        PeriodStep.PROVISIONAL: Status.PROVISIONAL,
        PeriodStep.CLOSED: Status.CLOSED,
        PeriodStep.PAID: Status.PAID,
        PeriodStep.REOPENED: Status.OPEN,
    }[act.step]
    kept = life.approvers if reached in (Status.CLOSED, Status.PAID) else ()
    return Life(reached, kept)


_FOR_GOOD = (
    "a closed period never changes: put right what is wrong in the first open one, by the deal "
    "itself or with `pacesetter payroll manual`"
)
_AGAIN = "nothing has to be done"
# From where a step can be taken, and what to do from elsewhere.
_FROM: dict[PeriodStep, tuple[Status, ...]] = {
    PeriodStep.PROVISIONAL: (Status.OPEN,),
    PeriodStep.APPROVED: (Status.PROVISIONAL,),
    PeriodStep.CLOSED: (Status.APPROVED,),
    PeriodStep.PAID: (Status.CLOSED,),
    PeriodStep.REOPENED: (Status.PROVISIONAL, Status.APPROVED),
}
_REMEDIES: dict[tuple[PeriodStep, Status], str] = {
    (PeriodStep.PROVISIONAL, Status.PROVISIONAL): "approve it, or reopen it with a reason",
    (PeriodStep.PROVISIONAL, Status.APPROVED): "close it, or reopen it with a reason",
    (PeriodStep.APPROVED, Status.OPEN): "make it provisional first",
    (PeriodStep.APPROVED, Status.APPROVED): "close it",
    (PeriodStep.CLOSED, Status.OPEN): "make it provisional, then let two people approve it",
    (PeriodStep.CLOSED, Status.PROVISIONAL): "let two different people approve it first",
    (PeriodStep.CLOSED, Status.CLOSED): _AGAIN,
    (PeriodStep.CLOSED, Status.PAID): _AGAIN,
    (PeriodStep.PAID, Status.PAID): _AGAIN,
    (PeriodStep.REOPENED, Status.OPEN): _AGAIN,
}


def refused(before: Sequence[PeriodAct], act: PeriodAct) -> Refusal | None:
    """Return why a period cannot take a step after these acts; None: it can."""
    life = life_of(before, span_of(act))
    if life.status not in _FROM[act.step]:
        is_final = life.status in (Status.CLOSED, Status.PAID)
        otherwise = _FOR_GOOD if is_final else "close it first"
        remedy = _REMEDIES.get((act.step, life.status), otherwise)
        return Refusal(f"the period is {life.status}", remedy)
    if act.step is PeriodStep.APPROVED and act.by in life.approvers:
        return Refusal(f"{act.by} approved it before", "the second approval is another person's")
    if act.step is PeriodStep.REOPENED and not act.reason:
        return Refusal("no reason is given", "say why, for those who approved it")
    return _misplaced(before, act)


def _misplaced(before: Sequence[PeriodAct], act: PeriodAct) -> Refusal | None:
    """Return what is wrong with the days: periods do not cross, and close one after the other."""
    mine = span_of(act)
    for other in map(span_of, before):
        if other != mine and other.start < mine.end and mine.start < other.end:
            crossed = f"it crosses the period {other.start} to {other.end}"
            return Refusal(crossed, "give both days of that period, or those of another")
    if act.step is PeriodStep.PAID:
        return None
    closed = max((one.period_end for one in before if one.step is PeriodStep.CLOSED), default=None)
    if closed is not None and mine.start < closed:
        return Refusal(f"all is closed up to {closed}", "name the first open period")
    if act.step is PeriodStep.CLOSED and closed is not None and mine.start != closed:
        return Refusal(
            f"{closed} to {mine.start} is still open", "close periods one after the other"
        )
    return None
