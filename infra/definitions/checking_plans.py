"""Whether commission plans make sense: ids, days, currencies, reps, scores, and each component.

Plans may overlap, for one rep too: what they pay adds up.
"""

from collections.abc import Iterator, Mapping
from typing import cast

from infra.definitions import checking_components, checking_pay, clawback_words
from infra.definitions.checking_components import Known, named_once, wrong
from infra.definitions.problems import Finding, Path, did_you_mean
from schemas.currencies import is_currency
from schemas.defining import Definition
from schemas.definitions import Roster
from schemas.kpis import Kpis
from schemas.plan_choices import Anchor, Measure
from schemas.plans import Plan, Plans
from schemas.territories import Territories

Values = Mapping[str, Definition]
LIVE = "cannot accrue live"
_NOT_A_CREDIT = "values of KPIs are not among the credits of a payee"
_APART = "keep such plans in a folder of their own: `pacesetter plan check` and `explain` read it"


def check(values: Values) -> Iterator[Finding]:
    """Yield everything that keeps the plans among the values from being in force."""
    yield from sense(values)
    yield from live(values)


def sense(values: Values) -> Iterator[Finding]:
    """Yield everything that makes no sense."""
    found = cast(Plans, values["plans"])
    roster = cast(Roster | None, values.get("roster"))
    there = {r.rep_id for r in roster.reps} if roster else None
    known = _known(values)
    yield from named_once(("plans",), "plan_id", (p.plan_id for p in found.plans))
    for i, plan in enumerate(found.plans):
        path: Path = ("plans", i)
        if plan.valid_to is not None and plan.valid_to <= plan.valid_from:
            yield wrong((*path, "valid_to"), plan.valid_to,
                        f"is not after valid_from {plan.valid_from}",
                        "name the first day it no longer pays, or leave it out")  # fmt: skip
        yield from _currencies(path, plan)
        yield from _reps((*path, "reps"), plan.reps, there)
        yield from _individual(path, plan, there)
        yield from _guarantees(path, plan, there)
        yield from checking_pay.check(path, plan)
        for k, draw in enumerate(plan.draws):
            yield from _reps((*path, "draws", k, "reps"), draw.reps, there)
        yield from clawback_words.check((*path, "clawback"), plan.clawback)
        components = (c.component_id for c in plan.components)
        yield from named_once((*path, "components"), "component_id", components)
        for j, component in enumerate(plan.components):
            here = (*path, "components", j)
            yield from checking_components.check(here, plan, component, known)
    yield from _scores(found, there)


def live(values: Values) -> Iterator[Finding]:
    """Yield what cannot be computed as credits come in; the plan itself may be fine."""
    for i, plan in enumerate(cast(Plans, values["plans"]).plans):
        path: Path = ("plans", i)
        for j, component in enumerate(plan.components):
            if component.counts.measure is Measure.KPI:
                at = (*path, "components", j, "counts", "measure")
                yield wrong(at, Measure.KPI, f"{_NOT_A_CREDIT}: {LIVE}", _APART)


def _known(values: Values) -> Known:
    kpis = cast(Kpis | None, values.get("kpis"))
    measures = getattr(values.get("measures"), "measures", None)
    territories = cast(Territories | None, values.get("territories"))
    every = None
    if kpis is not None and measures is not None:
        every = {k.kpi_id for k in kpis.kpis} | {m.measure for m in measures}
    held = {t.territory_id for t in territories.territories} if territories else None
    return Known(every, held)


def _currencies(path: Path, plan: Plan) -> Iterator[Finding]:
    for name in ("currency", "pay_currency"):
        code = getattr(plan, name)
        if code is not None and not is_currency(code):
            yield wrong((*path, name), code, "is no currency",
                        "write an active ISO 4217 code such as EUR")  # fmt: skip
    if plan.pay_rate_on is Anchor.EVENT:
        yield wrong((*path, "pay_rate_on"), plan.pay_rate_on,
                    "has no day: a total has many events", "take PERIOD_START or PERIOD_END"
                    )  # fmt: skip


def _reps(path: Path, reps: tuple[str, ...], there: set[str] | None) -> Iterator[Finding]:
    seen: set[str] = set()
    for k, rep_id in enumerate(reps):
        if rep_id in seen:
            yield wrong((*path, k), rep_id, "is named twice", "name each rep once")
        elif there is not None and rep_id not in there:
            yield wrong((*path, k), rep_id, "is no rep that exists",
                        did_you_mean(rep_id, there, "add the rep to the roster"))  # fmt: skip
        seen.add(rep_id)


def _individual(path: Path, plan: Plan, there: set[str] | None) -> Iterator[Finding]:
    known = [part.component_id for part in plan.components]
    keys = (f"{one.rep_id} {one.component_id or ''}".strip() for one in plan.individual)
    yield from named_once((*path, "individual"), "rep_id", keys)
    for i, one in enumerate(plan.individual):
        here = (*path, "individual", i)
        yield from _member((*here, "rep_id"), one.rep_id, plan, there)
        if one.component_id is not None and one.component_id not in known:
            yield wrong((*here, "component_id"), one.component_id, "is no component of this plan",
                        did_you_mean(one.component_id, known, f"there are {', '.join(known)}")
                        )  # fmt: skip


def _guarantees(path: Path, plan: Plan, there: set[str] | None) -> Iterator[Finding]:
    ids = [part.component_id for part in plan.components]
    for i, one in enumerate(plan.guarantees):
        here = (*path, "guarantees", i)
        if one.guarantee_id in ids:
            yield wrong((*here, "guarantee_id"), one.guarantee_id,
                        "is the id of a component or another guarantee", "give it its own"
                        )  # fmt: skip
        ids.append(one.guarantee_id)
        if one.valid_to <= one.valid_from:
            yield wrong((*here, "valid_to"), one.valid_to,
                        f"is not after valid_from {one.valid_from}",
                        "name the first day it no longer counts")  # fmt: skip
        yield from _reps((*here, "reps"), one.reps, there)


def _member(path: Path, rep_id: str, plan: Plan, there: set[str] | None) -> Iterator[Finding]:
    if there is not None and rep_id not in there:
        yield wrong(path, rep_id, "is no rep that exists",
                    did_you_mean(rep_id, there, "add the rep to the roster"))  # fmt: skip
    elif plan.reps and rep_id not in plan.reps:
        yield wrong(path, rep_id, "is not on this plan", "add the rep to the plan's reps")


def _scores(found: Plans, there: set[str] | None) -> Iterator[Finding]:
    goals = {
        (plan.plan_id, part.component_id, goal.objective_id): plan
        for plan in found.plans
        for part in plan.components
        for goal in part.objectives
    }
    told = [" ".join(key) for key in goals]
    keys = (
        f"{s.rep_id} {s.plan_id} {s.component_id} {s.objective_id} {s.period_start}"
        for s in found.scores
    )
    yield from named_once(("scores",), "rep_id", keys)
    for i, one in enumerate(found.scores):
        key = (one.plan_id, one.component_id, one.objective_id)
        if key not in goals:
            text = " ".join(key)
            yield wrong(("scores", i, "objective_id"), text, "is no objective of a plan",
                        did_you_mean(text, told, "name plan, component and objective"))  # fmt: skip
        else:
            yield from _member(("scores", i, "rep_id"), one.rep_id, goals[key], there)
