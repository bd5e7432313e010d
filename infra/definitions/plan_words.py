"""A commission plan in plain words, as one reads it to the people who are on it."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from infra.definitions import clawback_words
from infra.definitions.pay_words import draw_words, eligible_words
from schemas.plan_choices import (
    Anchor,
    Basis,
    Beyond,
    BonusPays,
    Boundary,
    Bounds,
    CapPer,
    Combined,
    Excess,
    GatePays,
    Kind,
    Measure,
    Pays,
    Rounding,
    Scope,
    Whose,
)
from schemas.plan_components import Cap, Component, Conditions, Gate, Multiplier, Tier
from schemas.plans import Guarantee, Plan

_OF = {
    Measure.AMOUNT: "amounts",
    Measure.ACV: "annual contract values",
    Measure.MARGIN: "margins",
    Measure.UNITS: "units",
    Measure.DEALS: "the number of deals",
}
_WHOSE = {
    Whose.OWN: "",
    Whose.REPORTS: " of those who report to the payee on the day of each deal",
    Whose.ALL_REPORTS: " of everybody below the payee on the day of each deal",
}
_BASIS = {
    Basis.PERIOD: "in the period",
    Basis.YEAR_TO_DATE: "from the start of the fiscal year to the end of the period",
    Basis.FULL_YEAR: "in the whole fiscal year",
}


def words(plan: Plan) -> tuple[str, ...]:
    """Return a plan as sentences; those of a component are indented below its name."""
    until = f" up to {plan.valid_to}" if plan.valid_to else " on"
    payout = plan.payout or plan.period
    lines = [
        f"{plan.name} ({plan.plan_id}) pays {_reps(plan.reps)} in {plan.currency}, for deals won "
        f"from {plan.valid_from}{until}.",
        f"Deals add up over each fiscal {plan.period.lower()}; it is paid out every "
        f"{payout.lower()}.",
        _boundary(plan.boundary),
        *_money(plan),
        *clawback_words.words(plan.clawback),
    ]
    for one in plan.individual:
        given = [
            f"{name} {number(value)}"
            for name in ("quota", "variable")
            if (value := getattr(one, name))
        ]
        of = f" in {one.component_id}" if one.component_id else ""
        lines.append(f"{one.rep_id} has {' and '.join(given) or 'nothing of their own'}{of}.")
    for component in plan.components:
        title = f"{component.component_id} ({component.category.lower()}):"
        lines += [title, *(f"  {line}" for line in component_words(plan, component))]
    lines += [_guarantee(plan, g) for g in plan.guarantees]
    return (*lines, *(draw_words(plan, d) for d in plan.draws))


def component_words(plan: Plan, one: Component) -> Iterator[str]:
    """Yield what a component pays, sentence by sentence."""
    yield _counted(one)
    if one.period is not None and one.period is not plan.period:
        yield f"It adds up over each fiscal {one.period.lower()}."
    if one.valid_from or one.valid_to:
        since, until = one.valid_from or plan.valid_from, one.valid_to or "the end"
        yield f"Only deals won from {since} up to {until}."
    if one.scope is Scope.TRANSACTION:
        yield "Each deal is paid by itself: the ladder begins anew."
    if one.quota is not None or one.quota_kpi is not None:
        asked = f"their quota of {one.quota_kpi}" if one.quota_kpi else number(one.quota)
        yield f"The quota of a period is {asked}."
    if one.variable is not None:
        yield f"The variable of a period is {number(one.variable)} {plan.currency}."
    yield from pays(one, plan.currency)
    if one.boundary is not None and one.boundary is not plan.boundary:
        yield _boundary(one.boundary)
    yield from (_multiplier(m, one.multipliers_combine) for m in one.multipliers)
    yield from (_gate(gate) for gate in one.gates)
    if one.floor is not None:
        yield f"It pays {number(one.floor)} {plan.currency} at least once anything is credited."
    if one.cap is not None:
        yield _cap(one.cap, plan.currency)
    if told := eligible_words(one):
        yield told


def pays(one: Component, currency: str) -> Iterator[str]:
    """Yield what a component's rate or tiers pay."""
    tiers = sorted(one.tiers, key=lambda tier: tier.since)
    if one.kind is Kind.FLAT:
        yield f"Pays {_rate(one, one.rate or Decimal(), currency)}."
        return
    if one.kind in (Kind.INTERPOLATED, Kind.BONUS):
        yield from _amounts(one, tiers, currency)
        return
    how = "what lies there" if one.kind is Kind.MARGINAL else "everything from the first unit on"
    for at, tier in enumerate(tiers):
        end = f" up to {_bound(one, tiers[at + 1].since, currency)}" if at + 1 < len(tiers) else ""
        since = _bound(one, tier.since, currency)
        yield f"From {since}{end}: {_rate(one, tier.rate or Decimal(), currency)} on {how}."


def brief(one: Component, currency: str) -> str:
    """Return what a component pays in one line, for tables."""
    if one.kind is Kind.FLAT:
        return _rate(one, one.rate or Decimal(), currency)
    tiers = sorted(one.tiers, key=lambda tier: tier.since)
    told = []
    for tier in tiers:
        paid = number(tier.amount) if tier.amount is not None else percent(tier.rate or Decimal())
        told.append(f"{paid} from {_bound(one, tier.since, '')}".strip())
    kind = "" if one.kind is Kind.MARGINAL else f"{one.kind.lower()}: "
    return f"{kind}{', '.join(told)} {currency}"


def number(value: Decimal | None) -> str:
    """Return a number for people: 1,250,000.5."""
    text = f"{value or Decimal():,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: Decimal) -> str:
    """Return a share for people: 7.5 %."""
    return f"{number((share * 100).normalize())} %"


def _amounts(one: Component, tiers: list[Tier], currency: str) -> Iterator[str]:
    unit = " of the variable" if one.pays is Pays.VARIABLE else f" {currency}"
    for tier in tiers:
        amount = tier.amount or Decimal()
        paid = percent(amount) if one.pays is Pays.VARIABLE else number(amount)
        yield f"At {_bound(one, tier.since, currency)}: {paid}{unit}."
    if one.kind is Kind.BONUS:
        each = "Each one reached is paid." if one.bonus_pays is BonusPays.EACH else None
        yield each or "The highest one reached is paid, and no other."
        return
    end = "as steeply as before" if one.beyond is Beyond.EXTENDED else "level"
    yield f"Between two points it rises in a straight line; behind the last it goes on {end}."


def _rate(one: Component, rate: Decimal, currency: str) -> str:
    if one.pays is Pays.VARIABLE:
        return f"{number(rate)} x variable / quota"
    if one.counts.measure in (Measure.UNITS, Measure.DEALS, Measure.KPI, Measure.SCORE):
        noun = {Measure.DEALS: "deal", Measure.SCORE: "full score"}.get(one.counts.measure, "unit")
        return f"{number(rate)} {currency} for each {noun}"
    return percent(rate)


def _bound(one: Component, value: Decimal, currency: str) -> str:
    if one.bounds is Bounds.ATTAINMENT:
        return f"{percent(value)} of quota"
    is_money = one.counts.measure in (Measure.AMOUNT, Measure.ACV, Measure.MARGIN)
    return f"{number(value)} {currency if is_money else ''}".strip()


def _counted(one: Component) -> str:
    counts = one.counts
    if counts.measure is Measure.SCORE:
        goals = ", ".join(f"{g.objective_id} {percent(g.weight)}" for g in one.objectives)
        return f"Counts the scores of objectives: {goals}."
    if counts.measure is Measure.KPI:
        return f"Counts the KPI {counts.kpi}."
    roles = " and ".join(role.value for role in counts.roles)
    only = _conditions(counts)
    return f"Counts {_OF[counts.measure]} of {roles} credits{_WHOSE[counts.whose]}{only}."


def _conditions(one: Conditions) -> str:
    names = ("products", "segments", "regions", "deal_types", "territories")
    given = ((name.replace("_", " "), getattr(one, name)) for name in names)
    told = [f"{name} {' or '.join(values)}" for name, values in given if values]
    return f", only {', '.join(told)}" if told else ""


def _multiplier(one: Multiplier, combined: Combined) -> str:
    together = "" if combined is Combined.MULTIPLY else " (factors are added up)"
    if one.factor is not None:
        which = _conditions(one.when) if one.when else ""
        times = f"credits{which} count {number(one.factor)} times"
        return f"Multiplier {one.multiplier_id}: {times}{together}."
    steps = ", ".join(
        f"x {number(s.factor)} from {percent(s.since)}"
        for s in sorted(one.steps, key=lambda s: s.since)
    )
    of = f" of {one.component_id}" if one.component_id else ""
    return f"Multiplier {one.multiplier_id}: {steps} of quota{of} {_BASIS[one.basis]}{together}."


def _gate(one: Gate) -> str:
    bound = (
        f"{percent(one.since)} of quota" if one.bounds is Bounds.ATTAINMENT else number(one.since)
    )
    of = f" in {one.component_id}" if one.component_id else ""
    then = (
        "then from the first unit on" if one.pays is GatePays.FROM_FIRST else "then what lies above"
    )
    return f"Nothing before {bound}{of} {_BASIS[one.basis]}, {then}."


def _cap(one: Cap, currency: str) -> str:
    most = (
        f"{number(one.amount)} {currency}"
        if one.amount
        else f"{number(one.of_variable)} x variable"
    )
    per = {CapPer.PERIOD: "a period", CapPer.PAYOUT: "a payout", CapPer.TRANSACTION: "a deal"}[
        one.per
    ]
    rest = "lost" if one.excess is Excess.LOST else "paid later, as far as later caps leave room"
    return f"At most {most} {per}; what lies above is {rest}."


def _boundary(boundary: Boundary) -> str:
    which = "above" if boundary is Boundary.LOWER else "below"
    return f"A total exactly on a bound belongs to the tier {which}."


def _money(plan: Plan) -> Iterator[str]:
    day = {
        Anchor.EVENT: "the day of each deal",
        Anchor.PERIOD_START: "the first day of the period",
        Anchor.PERIOD_END: "the last day of the period",
    }
    yield f"Other currencies count at the rate of {day[plan.credit_rate_on]}."
    if plan.pay_currency not in (None, plan.currency):
        yield f"It is paid in {plan.pay_currency} at the rate of {day[plan.pay_rate_on]}."
    half = "to the even unit" if plan.rounding is Rounding.HALF_EVEN else "up"
    yield f"Each component's total is rounded once, half {half}."


def _guarantee(plan: Plan, one: Guarantee) -> str:
    whom = f" to {_reps(one.reps)}" if one.reps else ""
    return (
        f"{one.guarantee_id} (guarantee): every {(plan.payout or plan.period).lower()} that begins "
        f"from {one.valid_from} up to {one.valid_to} pays {number(one.amount)} {plan.currency} at "
        f"least{whom}."
    )


def _reps(reps: Iterable[str]) -> str:
    names = list(reps)
    if not names:
        return "everybody"
    return ", ".join(names) if len(names) <= 5 else f"{len(names)} reps"
