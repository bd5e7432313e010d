"""What everybody earns under the plans in force and under others: the same rules, in columns.

Each plan is computed once if it stands in both, and only what differs is kept by rep.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

import polars as pl

from infra.whatif.reading import Warehouse, credits, kpis
from schemas.definitions import NO_END, Bundle
from schemas.plan_choices import Basis, CapPer, ClawbackMode, Excess, PlanPeriod
from schemas.plans import Plan, Plans
from streams.domain.amounts import Amounted, Amounts, amounted
from streams.domain.counting import period_in
from streams.domain.ladders import decimal_of, units_of
from streams.domain.measuring import View
from streams.domain.paying import target_of
from streams.domain.periods import Span
from streams.domain.plan_context import Context
from streams.domain.summing import Known, views

Tell = Callable[[str, int, int], None]  # what is being done, how much of it is, and of how much
NOTHING = Decimal(0)
DAY = timedelta(days=1)


class Key(NamedTuple):
    """What is compared: a line of somebody, in the currency that is paid."""

    rep_id: str
    plan_id: str
    component_id: str
    origin: Span
    currency: str


class Stand(NamedTuple):
    """What somebody has earned, and the highest tier reached.

    Attributes:
        tier: its number from 1; 0: none, or there is no single total.
        since: where it begins, in units of what is credited.
        lacks: whether a rate, quota or score is missing, so that the amount is not final.
    """

    amount: Decimal = NOTHING
    tier: int = 0
    since: str = ""
    lacks: bool = False


class Change(NamedTuple):
    """One line that differs."""

    key: Key
    before: Stand
    after: Stand

    @property
    def by(self) -> Decimal:
        """How much more is earned."""
        return self.after.amount - self.before.amount


class Cost(NamedTuple):
    """What the company pays in a currency, all lines together."""

    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class Covered:
    """Who is on a plan on some day looked at, and who is not.

    Attributes:
        gained, lost: on a plan only after, only before.
        uncovered: on the roster and on no plan after; `lost` are among them.
        unpaid: credited with something in these days and on no plan after.
    """

    reps: int
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    uncovered: tuple[str, ...]
    unpaid: tuple[str, ...]


@dataclass(slots=True)
class Compared:
    """Two sets of plans over the same credits.

    Attributes:
        lines, lacks: how many there are after, and of how many a rate, quota or score is missing.
    """

    covered: Covered
    changes: list[Change] = field(default_factory=list)
    costs: dict[str, Cost] = field(default_factory=dict)
    credits: int = 0
    lines: int = 0
    lacks: int = 0

    @property
    def crossings(self) -> list[Change]:
        """Lines that end in another tier."""
        return [c for c in self.changes if c.before.tier != c.after.tier]


def compared(
    warehouse: Warehouse,
    bundle: Bundle,
    plans: Plans,
    within: Span | None,
    *,
    today: date,
    tell: Tell = lambda what, done, of: None,
) -> Compared:
    """Return what changes if plans were in force in place of those that are.

    Args:
        bundle: the definitions in force.
        plans: all plans there would be, and scores.
        within: only periods of components with a day in it; None: all of history.
        today: who is covered is told of this day where `within` is None.

    Raises:
        Unavailable: the warehouse is away.
    """
    after = bundle.model_copy(update={"plans": plans})
    every = (*bundle.plans.plans, *plans.plans)
    context = Context.of(bundle)
    days = _needed(every, context, within)
    rows = credits(warehouse, days, tell=lambda done, of: tell("credits", done, of))
    given = kpis(warehouse, every, context, bundle.company.reporting_currency)
    found = of_credits(rows, (bundle, after), given, within, tell)
    found.covered = _covered(bundle, after, rows, within or Span(today, today + DAY))
    return found


def of_credits(
    rows: pl.DataFrame,
    both: tuple[Bundle, Bundle],
    given: dict[tuple[str, str, Span], Decimal],
    within: Span | None,
    tell: Tell = lambda what, done, of: None,
) -> Compared:
    """Return the same of credits at hand; who is covered is not said yet."""
    made = Compared(Covered(0, (), (), (), ()), credits=len(rows))
    costs: dict[str, list[Decimal]] = defaultdict(lambda: [NOTHING, NOTHING])
    contexts = [Context.of(bundle, given) for bundle in both]
    old, new = ({p.plan_id: p for p in bundle.plans.plans} for bundle in both)
    same_scores = both[0].plans.scores == both[1].plans.scores
    for plan_id in dict.fromkeys([*old, *new]):
        before, after = old.get(plan_id), new.get(plan_id)
        is_same = before == after and same_scores
        known: Known = {}  # another plan often adds up the same
        stood = stands_of(before, rows, contexts[0], within, tell=tell, known=known)
        stands = (
            stood
            if is_same
            else stands_of(after, rows, contexts[1], within, tell=tell, known=known)
        )
        made.lines += len(stands)
        made.lacks += sum(one.lacks for one in stands.values())
        _compare(made, costs, stood, stands)
    made.costs = {currency: Cost(*pair) for currency, pair in sorted(costs.items())}
    made.changes.sort(key=lambda c: (-abs(c.by), c.key))
    return made


def _compare(
    made: Compared,
    costs: dict[str, list[Decimal]],
    stood: dict[Key, Stand],
    stands: dict[Key, Stand],
) -> None:
    """Put what one plan pays before and after into costs and changes."""
    for key in stood.keys() | stands.keys():
        before, after = stood.get(key, Stand()), stands.get(key, Stand())
        costs[key.currency][0] += before.amount
        costs[key.currency][1] += after.amount
        if before.amount != after.amount or before.tier != after.tier:
            made.changes.append(Change(key, before, after))


def stands_of(
    plan: Plan | None,
    rows: pl.DataFrame,
    context: Context,
    within: Span | None = None,
    *,
    tell: Tell = lambda what, done, of: None,
    known: Known | None = None,
) -> dict[Key, Stand]:
    """Return what everybody has earned under a plan; None: under none."""
    found: dict[Key, Stand] = {}
    if plan is None:
        return found
    by_payout, name = is_by_payout(plan), plan.plan_id

    def told(done: int, of: int) -> None:
        tell(name, done, of)

    amounts = Amounts()
    for view in views(plan, rows, context, told, by_payout=by_payout, known=known):
        made = _paid(view, within) if by_payout else amounts.of(view, within)
        for one in made:
            key = Key(view.payee, name, one.component_id, one.origin, one.currency)
            stand = Stand(decimal_of(one.rounded), one.tier, one.since, one.lacks)
            if key in found:  # what is taken back of a line has its key
                stand = found[key]._replace(amount=found[key].amount + stand.amount)
            found[key] = stand
    return found


def _paid(view: View, within: Span | None) -> Iterator[Amounted]:
    """Yield what is paid in the end: what a cap of payouts takes away is not earned."""
    for line in target_of(view).lines:
        if within is None or line.origin.within(within).days:
            paid = sum((one.amount for one in line.instalments), NOTHING)
            yield amounted(view, line)._replace(rounded=units_of(paid))


def is_by_payout(plan: Plan) -> bool:
    """Return whether what a plan pays in the end hangs on when it is paid."""
    caps = (c.cap for c in plan.components if c.cap is not None)
    is_clawed = plan.clawback.mode is not ClawbackMode.LADDER
    return is_clawed or bool(plan.guarantees) or any(cap.per is CapPer.PAYOUT for cap in caps)


def _needed(plans: Sequence[Plan], context: Context, within: Span | None) -> Span | None:
    """Return the days whose credits decide what periods with a day in `within` earn."""
    carries = any(
        c.cap is not None and c.cap.excess is Excess.CARRIED for p in plans for c in p.components
    )
    if within is None or carries:
        return None
    found = within
    for plan in plans:
        for period in {*_periods(plan)}:
            spans = context.spans(within, period)
            found = Span(min(found.start, spans[0].start), max(found.end, spans[-1].end))
    return found


def _periods(plan: Plan) -> Iterator[PlanPeriod]:
    """Yield the periods a plan looks at: its components', and years where something does."""
    yield plan.payout or plan.period
    for component in plan.components:
        yield period_in(plan, component)
        looks = [g.basis for g in component.gates] + [m.basis for m in component.multipliers]
        if any(basis is not Basis.PERIOD for basis in looks):
            yield PlanPeriod.YEAR


def _covered(before: Bundle, after: Bundle, rows: pl.DataFrame, days: Span) -> Covered:
    here = {
        rep.rep_id
        for rep in before.roster.reps
        if any(_meets(s.valid_from, s.valid_to, days) for s in rep.history)
    }
    old, new = (_on_a_plan(bundle.plans.plans, here, days) for bundle in (before, after))
    sold = rows.filter(pl.col("day").is_between(days.start, days.end, closed="left"))
    credited = set(sold.get_column("payee").unique()) & here
    return Covered(
        len(new), tuple(sorted(new - old)), tuple(sorted(old - new)),
        tuple(sorted(here - new)), tuple(sorted(credited - new)),
    )  # fmt: skip


def _on_a_plan(plans: Sequence[Plan], here: set[str], days: Span) -> set[str]:
    found = set[str]()
    for plan in plans:
        if _meets(plan.valid_from, plan.valid_to, days):
            found |= here & set(plan.reps) if plan.reps else here
    return found


def _meets(since: date, until: date | None, days: Span) -> bool:
    """Return whether days from one up to another have one of those asked for."""
    return since < days.end and days.start < (until or NO_END)
