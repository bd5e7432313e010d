"""Whether components of plans make sense: each kind with what it needs and nothing it ignores."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from infra.definitions.problems import Finding, Path, did_you_mean
from schemas.plan_choices import (
    Basis,
    Beyond,
    Bounds,
    CapPer,
    Excess,
    GatePays,
    Kind,
    Measure,
    Pays,
    Scope,
)
from schemas.plan_components import Component, Conditions, Tier
from schemas.plans import Plan

DEAL_TYPES = ("NEW", "RENEWAL", "EXPANSION", "OTHER")
SHARE_MAX = 10  # ten times what is credited; more is a slip of the decimal point
_MONEY = (Measure.AMOUNT, Measure.ACV, Measure.MARGIN)
_GIVEN = (Measure.SCORE, Measure.KPI)
_BY_AMOUNT = (Kind.INTERPOLATED, Kind.BONUS)


class Known(NamedTuple):
    """Ids that exist; None: that kind is unknown, so nothing is said of it."""

    kpis: set[str] | None
    territories: set[str] | None


def check(path: Path, plan: Plan, component: Component, known: Known) -> Iterator[Finding]:
    """Yield everything wrong with a component."""
    yield from _dates(path, component)
    yield from _counts(path, component, known)
    if component.kind is Kind.FLAT:
        yield from _flat(path, component)
    else:
        yield from _tiers(path, component)
    yield from _needs(path, plan, component, known)
    yield from _gates(path, plan, component)
    yield from _multipliers(path, plan, component, known)
    yield from _cap(path, plan, component)


def wrong(path: Path, value: object, problem: str, remedy: str) -> Finding:
    """Return a finding of plans.yaml."""
    return Finding("plans", path, "" if value is None else f"{value}", problem, remedy)


def named_once(inside: Path, name: str, ids: Iterable[str]) -> Iterator[Finding]:
    """Yield a finding for every id that stood before."""
    first: dict[str, int] = {}
    for i, one in enumerate(ids):
        if one in first:
            yield wrong((*inside, i, name), one,
                        f"stands already in entry {first[one]}, counted from 0",
                        "keep one of them, or give each its own id")  # fmt: skip
        first.setdefault(one, i)


def _dates(path: Path, one: Component) -> Iterator[Finding]:
    if one.valid_from and one.valid_to and one.valid_to <= one.valid_from:
        yield wrong((*path, "valid_to"), one.valid_to, f"is not after valid_from {one.valid_from}",
                    "name the first day it no longer pays")  # fmt: skip


def _counts(path: Path, one: Component, known: Known) -> Iterator[Finding]:
    counts, here = one.counts, (*path, "counts")
    yield from _conditions(here, counts, known)
    if (counts.measure is Measure.KPI) != (counts.kpi is not None):
        yield wrong((*here, "kpi"), counts.kpi, "goes with measure KPI",
                    "give both, or leave it out")  # fmt: skip
    elif counts.kpi is not None and known.kpis is not None and counts.kpi not in known.kpis:
        yield wrong((*here, "kpi"), counts.kpi, "is no KPI that exists",
                    did_you_mean(counts.kpi, known.kpis, "add it to kpis.yaml"))  # fmt: skip
    if (counts.measure is Measure.SCORE) != bool(one.objectives):
        yield wrong((*path, "objectives"), None, "go with measure SCORE",
                    "give objectives with weights, or another measure")  # fmt: skip
    weights = sum((goal.weight for goal in one.objectives), Decimal())
    if one.objectives and weights != 1:
        yield wrong((*path, "objectives"), f"{weights:f}", "the weights do not sum to 1",
                    "let them add up to 1")  # fmt: skip
    goals = (goal.objective_id for goal in one.objectives)
    yield from named_once((*path, "objectives"), "objective_id", goals)
    if one.scope is Scope.TRANSACTION and counts.measure in _GIVEN:
        yield wrong((*path, "scope"), one.scope, f"has no deals in measure {counts.measure}",
                    "leave it out")  # fmt: skip


def _conditions(path: Path, one: Conditions, known: Known) -> Iterator[Finding]:
    for i, name in enumerate(one.deal_types):
        if name not in DEAL_TYPES:
            yield wrong((*path, "deal_types", i), name, "is no type of deal",
                        did_you_mean(name, DEAL_TYPES, f"there are {', '.join(DEAL_TYPES)}")
                        )  # fmt: skip
    for i, name in enumerate(one.territories):
        if known.territories is not None and name not in known.territories:
            yield wrong((*path, "territories", i), name, "is no territory that exists",
                        did_you_mean(name, known.territories, "add it to territories")
                        )  # fmt: skip


def _flat(path: Path, one: Component) -> Iterator[Finding]:
    if one.rate is None:
        yield wrong((*path, "rate"), None, "is missing", "FLAT pays one rate: add rate")
    else:
        yield from _rate((*path, "rate"), one, one.rate)
    if one.tiers:
        yield wrong((*path, "tiers"), None, "mean nothing to kind FLAT",
                    "take kind MARGINAL or RETROACTIVE, or leave them out")  # fmt: skip


def _rate(path: Path, one: Component, rate: Decimal) -> Iterator[Finding]:
    is_share = one.pays is Pays.CREDITED and one.counts.measure in _MONEY
    if is_share and rate > SHARE_MAX:
        yield wrong(path, f"{rate:f}", f"is above {SHARE_MAX}", "write 8 percent as 0.08")


def _tiers(path: Path, one: Component) -> Iterator[Finding]:
    here = (*path, "tiers")
    if one.rate is not None:
        yield wrong((*path, "rate"), f"{one.rate:f}", f"means nothing to kind {one.kind}",
                    "give it to a tier, or take kind FLAT")  # fmt: skip
    if not one.tiers:
        yield wrong(here, None, "is missing", f"add the tiers of kind {one.kind}")
        return
    for i, tier in enumerate(one.tiers):
        yield from _tier((*here, i), one, tier)
    # The order of entries says nothing in any definition, so bounds rise if no two are the same.
    bounds = [tier.since for tier in one.tiers]
    lowest = min(range(len(bounds)), key=bounds.__getitem__)
    if bounds[lowest] != 0 and one.kind not in _BY_AMOUNT:
        yield wrong((*here, lowest, "since"), f"{bounds[lowest]:f}",
                    "is the lowest tier and does not start at 0",
                    "start it at 0, with rate 0 if it pays nothing")  # fmt: skip
    for k, bound in enumerate(bounds):
        if bound in bounds[:k]:
            yield wrong((*here, k, "since"), f"{bound:f}", "is where another tier starts already",
                        "let each tier start above the one before")  # fmt: skip
    is_line = one.kind is Kind.INTERPOLATED and len(bounds) > 1
    if one.beyond is Beyond.EXTENDED and not is_line:
        yield wrong((*path, "beyond"), one.beyond, "needs a curve of two points",
                    "take kind INTERPOLATED with two tiers, or leave it out")  # fmt: skip


def _tier(path: Path, one: Component, tier: Tier) -> Iterator[Finding]:
    wanted, other = ("amount", "rate") if one.kind in _BY_AMOUNT else ("rate", "amount")
    if getattr(tier, wanted) is None:
        yield wrong((*path, wanted), None, "is missing", f"{one.kind} pays by {wanted}: add it")
    if getattr(tier, other) is not None:
        yield wrong((*path, other), f"{getattr(tier, other):f}",
                    f"means nothing to kind {one.kind}", f"give {wanted}")  # fmt: skip
    if tier.rate is not None:
        yield from _rate((*path, "rate"), one, tier.rate)


def asks_for_quota(one: Component) -> bool:
    """Return whether a component cannot be computed without its own quota."""
    by_rate = one.pays is Pays.VARIABLE and one.kind not in _BY_AMOUNT
    own_gates = any(g.bounds is Bounds.ATTAINMENT and not g.component_id for g in one.gates)
    own_steps = any(m.steps and not m.component_id for m in one.multipliers)
    return by_rate or own_gates or own_steps or one.bounds is Bounds.ATTAINMENT


def _needs(path: Path, plan: Plan, one: Component, known: Known) -> Iterator[Finding]:
    if one.quota is not None and one.quota_kpi is not None:
        yield wrong((*path, "quota_kpi"), one.quota_kpi, "stands beside quota", "keep one of them")
    kpi = one.quota_kpi
    if kpi is not None and known.kpis is not None and kpi not in known.kpis:
        yield wrong((*path, "quota_kpi"), kpi, "is no KPI that exists",
                    did_you_mean(kpi, known.kpis, "add it to kpis.yaml"))  # fmt: skip
    if asks_for_quota(one) and not kpi and one.quota is None:
        yield from _everybody_has(path, plan, one, "quota")
    of_variable = one.cap is not None and one.cap.of_variable is not None
    if (one.pays is Pays.VARIABLE or of_variable) and one.variable is None:
        yield from _everybody_has(path, plan, one, "variable")


def _everybody_has(path: Path, plan: Plan, one: Component, name: str) -> Iterator[Finding]:
    have = {
        each.rep_id
        for each in plan.individual
        if each.component_id in (None, one.component_id) and getattr(each, name) is not None
    }
    lacking = [rep for rep in plan.reps if rep not in have]
    if not plan.reps:
        yield wrong((*path, name), None, "is missing", f"add {name}, the same for everybody, or"
                    f" name the plan's reps and give each one in `individual`")  # fmt: skip
    elif lacking:
        yield wrong((*path, name), None, f"is missing for {', '.join(lacking[:5])}",
                    f"add {name}, or give these reps one in `individual`")  # fmt: skip


def _gates(path: Path, plan: Plan, one: Component) -> Iterator[Finding]:
    for i, gate in enumerate(one.gates):
        here = (*path, "gates", i)
        yield from _component(here, plan, gate.component_id)
        if gate.bounds is Bounds.ATTAINMENT:
            yield from _quota_of(here, plan, gate.component_id)
        is_plain = gate.component_id is None and gate.basis is Basis.PERIOD
        is_line = one.kind in (Kind.FLAT, Kind.MARGINAL) and one.scope is Scope.PERIOD
        if gate.pays is GatePays.ABOVE and not (is_plain and is_line):
            yield wrong((*here, "pays"), gate.pays,
                        "needs a FLAT or MARGINAL component and its own credits of the period",
                        "take FROM_FIRST, or a tier of rate 0 below")  # fmt: skip


def _component(path: Path, plan: Plan, component_id: str | None) -> Iterator[Finding]:
    known = [part.component_id for part in plan.components]
    if component_id is not None and component_id not in known:
        yield wrong((*path, "component_id"), component_id, "is no component of this plan",
                    did_you_mean(component_id, known, f"there are {', '.join(known)}")
                    )  # fmt: skip


def _multipliers(path: Path, plan: Plan, one: Component, known: Known) -> Iterator[Finding]:
    ids = (m.multiplier_id for m in one.multipliers)
    yield from named_once((*path, "multipliers"), "multiplier_id", ids)
    for i, each in enumerate(one.multipliers):
        here = (*path, "multipliers", i)
        if (each.factor is None) == (not each.steps):
            yield wrong(
                here, each.multiplier_id, "needs either factor or steps", "give one of them"
            )
        if each.when is not None:
            yield from _conditions((*here, "when"), each.when, known)
        if each.steps and each.when is not None:
            yield wrong((*here, "when"), None, "goes with factor alone",
                        "leave it out; steps go by attainment")  # fmt: skip
        if each.factor is not None and one.counts.measure in _GIVEN:
            yield wrong((*here, "factor"), f"{each.factor:f}", "has no credits to be put on",
                        "give steps")  # fmt: skip
        yield from _component(here, plan, each.component_id)
        if each.steps:
            yield from _quota_of(here, plan, each.component_id)


def _quota_of(path: Path, plan: Plan, component_id: str | None) -> Iterator[Finding]:
    """Yield a finding if the attainment of another component is asked for and it has no quota."""
    for one in plan.components:
        have_own = any(i.component_id in (None, component_id) and i.quota for i in plan.individual)
        if one.component_id == component_id and not (one.quota or one.quota_kpi or have_own):
            yield wrong((*path, "component_id"), component_id, "has no quota to be attained",
                        "give that component a quota")  # fmt: skip


def _cap(path: Path, plan: Plan, one: Component) -> Iterator[Finding]:
    cap, here = one.cap, (*path, "cap")
    if cap is None:
        return
    if (cap.amount is None) == (cap.of_variable is None):
        yield wrong(here, None, "needs either amount or of_variable", "give one of them")
    by_deal = cap.per is CapPer.TRANSACTION
    if by_deal and (one.scope is not Scope.TRANSACTION or cap.excess is Excess.CARRIED):
        yield wrong((*here, "per"), cap.per, "needs scope TRANSACTION and excess LOST",
                    "add them, or take PERIOD")  # fmt: skip
    is_apart = plan.payout not in (None, one.period or plan.period)
    if cap.per is CapPer.PERIOD and cap.excess is Excess.CARRIED and is_apart:
        yield wrong((*here, "per"), cap.per, "carries nothing: payouts are not the period's",
                    "write per: PAYOUT")  # fmt: skip
