"""Sales floors whose whole story is known, told by other rules than those a forecast assumes.

Nothing here is Poisson, no chance is constant: reps have good and bad months, deals pass gates at
the pace and with the luck of their rep, close dates are wishes that get pushed, some deals rot.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import exp, log, pi, sin
from random import Random
from typing import NamedTuple

FIRST = date(2023, 1, 2)
YEARS = 3.5
STAGES = ("first", "second", "third")


@dataclass(frozen=True)
class Kind:
    """What a floor is like.

    Attributes:
        per_week: deals a rep creates in a week.
        cycle_days: of a won deal, typically.
        gates: chance of leaving each stage forwards, for an average rep.
        sigma: of the amounts' logarithm.
        spell: deviation of a rep's level (logarithm) from one month to the next.
        season: how much the year's course moves creation, and whether quarters end in a rush.
        ramp_months: of new hires; 0: everybody has always been there.
        told: what the CRM's probabilities are multiplied with.
        late_days: how late the CRM learns of the end of a deal, at most.
        rot: share of deals that nobody ever closes.
    """

    name: str
    per_week: float = 1.4
    cycle_days: float = 30.0
    gates: tuple[float, float, float] = (0.7, 0.65, 0.7)
    amount: float = 8000.0
    sigma: float = 0.6
    spell: float = 0.25
    season: float = 0.0
    rush: float = 0.0
    ramp_months: int = 0
    told: float = 1.0
    late_days: int = 0
    rot: float = 0.04
    months: int = 3
    reps: int = 36


STEADY = Kind("steady")
KINDS = (
    STEADY,
    Kind("transactional", per_week=14, cycle_days=2, gates=(0.8, 0.8, 0.85), amount=700,
         sigma=0.5, months=1, reps=24, rot=0.01),
    Kind("lumpy", per_week=0.45, cycle_days=130, gates=(0.6, 0.6, 0.65), amount=90_000, sigma=0.9,
         reps=48),
    Kind("seasonal", season=0.5, rush=0.5),
    Kind("ramping", ramp_months=8),
    replace(STEADY, name="sandbagged", told=0.45),
    replace(STEADY, name="optimistic", told=1.9),
    replace(STEADY, name="late", late_days=10),
)  # fmt: skip


End = tuple[date, str]


class Stand(NamedTuple):
    """How a deal stood in the CRM from a day on."""

    since: date
    stage: str
    stage_class: str
    close_date: date


class Deal(NamedTuple):
    """A deal's whole story; `on` is the day it really ended, None for never."""

    deal_id: str
    rep: int
    amount: float
    created: date
    stands: tuple[Stand, ...]
    is_won: bool
    on: date | None


class Rep(NamedTuple):
    """Who sells."""

    rep: int
    team: str
    since: date
    skill: float
    pace: float


class Story(NamedTuple):
    """A floor from its first day to its last."""

    kind: Kind
    reps: tuple[Rep, ...]
    deals: tuple[Deal, ...]


def story(kind: Kind, seed: int) -> Story:
    """Return a floor; the same seed tells the same story."""
    dice = Random(f"{kind.name} {seed}")
    reps = tuple(_rep(kind, i, dice) for i in range(kind.reps))
    deals = [deal for rep in reps for deal in _deals(kind, rep, dice)]
    return Story(kind, reps, tuple(deals))


def is_workday(day: date) -> bool:
    """Return whether the floor is open."""
    return day.isoweekday() <= 5


def _rep(kind: Kind, number: int, dice: Random) -> Rep:
    since = FIRST
    if kind.ramp_months and number % 2:
        since += timedelta(days=dice.randrange(int(365 * YEARS) - 200))
    skill, pace = dice.gauss(0, 0.45), dice.lognormvariate(0, 0.35)
    return Rep(number, f"team-{number % 4}", since, skill, pace)


def _deals(kind: Kind, rep: Rep, dice: Random) -> list[Deal]:
    deals, level, waiting = [], 0.0, dice.random()
    day, end = rep.since, FIRST + timedelta(days=int(365 * YEARS))
    while day < end:
        if day.day == 1:  # levels drift from month to month, and remember half of the last
            level = 0.5 * level + dice.gauss(0, kind.spell * 0.75**0.5)
        if is_workday(day):
            tenure = (day - rep.since).days / 30.4
            ramp = min(1.0, 0.1 + tenure / kind.ramp_months) if kind.ramp_months else 1.0
            course = 1 + kind.season * sin(2 * pi * (day.timetuple().tm_yday - 200) / 365)
            waiting += kind.per_week / 5 * rep.pace * exp(level) * ramp * course
            while waiting >= 1:  # steadier than chance: a rep works through a list
                waiting -= dice.uniform(0.4, 1.6)
                deals.append(_deal(kind, rep, day, f"{rep.rep}-{len(deals)}", dice))
        day += timedelta(days=1)
    return deals


def _deal(kind: Kind, rep: Rep, created: date, deal_id: str, dice: Random) -> Deal:
    amount = round(dice.lognormvariate(0, kind.sigma) * kind.amount, 2)
    size = 1 + 0.25 * (amount > 1.5 * kind.amount)  # large deals take longer
    day, wish = created, created + timedelta(days=round(kind.cycle_days * dice.uniform(0.6, 1.1)))
    rots = dice.random() < kind.rot
    stands: list[Stand] = []
    for stage, gate in zip(STAGES, kind.gates, strict=True):
        stands.append(Stand(day, stage, "OPEN", wish))
        stay = kind.cycle_days / 3 * size * dice.lognormvariate(-0.15, 0.55)
        passes = dice.random() < 1 / (1 + exp(-_logit(gate) - rep.skill))
        # Losses are told late: hope lives on.
        until = day + timedelta(days=round(stay * (1 if passes else dice.uniform(0.8, 2.2))))
        if rots and not passes:
            wish = _pushed(stands, wish, until, kind, dice)
            return Deal(deal_id, rep.rep, amount, created, tuple(stands), False, None)
        if passes and stage == STAGES[-1]:
            until = _rushed(until, kind, dice)
        wish = _pushed(stands, wish, until, kind, dice)
        day = _opened(until)
        if not passes:
            return _ended(kind, (deal_id, rep.rep, amount, created), stands, (day, "LOST"), dice)
    return _ended(kind, (deal_id, rep.rep, amount, created), stands, (day, "WON"), dice)


def _ended(
    kind: Kind, head: tuple[str, int, float, date], stands: list[Stand], end: End, dice: Random
) -> Deal:
    on, how = end
    told = on + timedelta(days=dice.randint(0, kind.late_days))
    stands = [s for s in stands if s.since < told] or stands[:1]
    stands.append(Stand(max(told, stands[-1].since), stands[-1].stage, how, on))
    return Deal(*head, tuple(stands), how == "WON", on)


def _pushed(stands: list[Stand], wish: date, until: date, kind: Kind, dice: Random) -> date:
    """Push the wish whenever it has passed and somebody looks; some never look."""
    while wish < until:
        seen = wish + timedelta(days=dice.randrange(1, 15))
        if seen >= until or dice.random() < 0.15:
            break
        wish = seen + timedelta(days=round(kind.cycle_days * dice.uniform(0.1, 0.6)) + 1)
        stands.append(Stand(seen, stands[-1].stage, "OPEN", wish))
    return wish


def _rushed(day: date, kind: Kind, dice: Random) -> date:
    """Pull what would close early in a quarter into the end of the one before."""
    if day.month % 3 == 1 and day.day <= 20 and dice.random() < kind.rush:
        return day.replace(day=1) - timedelta(days=1 + dice.randrange(6))
    return day


def _opened(day: date) -> date:
    while not is_workday(day):
        day += timedelta(days=1)
    return day


def _logit(share: float) -> float:
    return log(share / (1 - share))
